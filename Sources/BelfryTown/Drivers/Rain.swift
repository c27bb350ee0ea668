/// Rain as fronts that cross the city from the west: at most one in three hours.
struct Rain: Sendable {
    private let draws: Draws

    /// How long a front takes from one column of zones to the next: half a kilometre at 8 m/s.
    static let columnLag = 62

    init(mixer: Mixer) { draws = mixer.draws(.rain) }

    /// Thousandths of a millimetre an hour at an instant, in a column of zones from the west.
    func intensity(_ time: Int, column: Int) -> Int {
        let here = time - column * Rain.columnLag
        let cell = Fixed.floor(here, by: 10_800)
        return front(cell, here) + front(cell - 1, here)
    }

    /// How wet the roads are: one from four millimetres an hour.
    static func wetness(_ intensity: Int) -> Int { min(Fixed.one, (intensity << 16) / 4_000) }

    private func front(_ cell: Int, _ time: Int) -> Int {
        guard draws(cell).happens(perMillion: 120_000) else { return 0 }
        let summer = max(0, Fixed.sine(Sun.yearTurn(cell * 10_800) - 19_661))
        let begin = cell * 10_800 + draws(cell, 1).below(7_200)
        let length = 1_800 + draws(cell, 2).below(9_000 - Fixed.multiply(5_000, summer))
        guard time > begin, time < begin + length else { return 0 }
        // Many light fronts, few heavy ones: half a millimetre to about twenty an hour.
        let chance = draws(cell, 3).fraction
        let exponent = Fixed.multiply(chance, chance) * 5
        let peak = Fixed.multiply(500, Fixed.powerOfTwo(exponent))
        let stronger = peak + Fixed.multiply(peak, summer)
        // Rises over the first third, falls over the rest.
        let passed = time - begin
        return passed * 3 < length
            ? stronger * passed * 3 / length
            : stronger * (length - passed) * 3 / (2 * length)
    }
}
