/// A slow process without memory: even numbers at grid points, smoothly joined, in several grids.
///
/// What a recursive filter would need the whole past for, this gives for any instant alone.
struct OctaveNoise: Sendable {
    /// One grid: its spacing in seconds, and how far it swings (16 bits behind the point).
    struct Octave: Sendable {
        var period: Int
        var reach: Int
    }

    let draws: Draws
    let octaves: [Octave]

    /// The value at an instant, in units of the reaches.
    func callAsFunction(_ time: Int) -> Int {
        var sum = 0
        for (number, octave) in octaves.enumerated() {
            let cell = Fixed.floor(time, by: octave.period)
            let along = ((time - cell * octave.period) << 16) / octave.period
            let smooth = Fixed.multiply(
                Fixed.multiply(along, along), 3 * Fixed.one - 2 * along)
            let from = draws(cell, number).swing
            let to = draws(cell + 1, number).swing
            sum += Fixed.multiply(from + Fixed.multiply(to - from, smooth), octave.reach)
        }
        return sum
    }
}
