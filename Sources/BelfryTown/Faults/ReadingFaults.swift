/// What may happen to one reading: jitter, loss, a second delivery, an empty field.
///
/// All of it is drawn from (sensor, tick), so that a reading meets the same fate in every run.
struct ReadingFaults: Sendable {
    private let draws: [Draws]
    private let phases: [Int]
    private let jitter: Int
    private let lossLimit: Int
    private let repeatLimit: Int
    private let emptyLimit: Int
    private let fieldCount: Int

    init(mixer: Mixer, model: FaultModel, sensors: Int, fields: Int) {
        draws = (0..<sensors).map { mixer.draws(model.stream, $0) }
        jitter = model.jitter
        let span = model.phases
        phases = draws.map { span == 0 ? 0 : model.jitter + $0(-1).below(span) }
        // Shares of 65,536, compared with 16 bits of a draw.
        lossLimit = (model.lossPerMillion << 16) / 1_000_000
        repeatLimit = (model.repeatsPerMillion << 16) / 1_000_000
        // A thousandth of all values.
        emptyLimit = ((1_000 * fields) << 16) / 1_000_000
        fieldCount = fields
    }

    /// A reading's fate, or nil where it is lost.
    @inline(__always)
    func fate(sensor: Int, tick: Int) -> Fate? {
        let draw = draws[sensor](tick, 0)
        if Int(draw & 0xFFFF) < lossLimit { return nil }
        let blank = draws[sensor](tick, 1)
        return Fate(
            offset: jitter == 0 ? phases[sensor] : phases[sensor] + draw.triangle(jitter),
            isRepeated: Int(draw >> 16 & 0xFFFF) < repeatLimit,
            emptyField: Int(blank & 0xFFFF) < emptyLimit ? blank.below(fieldCount) : nil)
    }

    struct Fate: Sendable {
        /// Seconds after the tick at which it was taken.
        var offset: Int
        var isRepeated: Bool
        /// The field whose sensor answered with its sentinel.
        var emptyField: Int?
    }
}
