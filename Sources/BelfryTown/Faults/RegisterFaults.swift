/// Dials that do not only grow: they roll over at 32 bits, are reset to zero, or belong to a new
/// meter that starts where it will.
///
/// A fifth of a per cent of the meters a month; and three for certain on the run's first day, so
/// that every town has one of each kind.
struct RegisterFaults: Sendable {
    enum Kind: String, Sendable {
        case rollOver = "roll-over"
        case reset
        case exchange
    }

    struct Change: Sendable {
        var meter: Int
        var tick: Int
        var kind: Kind
        /// Watt-hours on the dial.
        var before: Int
        var after: Int
    }

    static let dialLimit = 1 << 32

    private(set) var changes: [Change] = []
    private let draws: [Draws]
    private let firstTick: Int

    init(mixer: Mixer, start: Int, sensors: Int) {
        draws = (0..<sensors).map { mixer.draws(.registerFault, $0) }
        firstTick = start / MeterDomain.step
    }

    /// The third meter starts half a kilowatt-hour before its roll-over.
    static func initialDial(_ meter: Int, otherwise dial: Int) -> Int {
        meter == 2 ? dialLimit - 500 : dial
    }

    /// Changes a dial, given in quarter watt-hours, as planted for this tick.
    @inline(__always)
    mutating func apply(to dial: inout Int, meter: Int, tick: Int) {
        if dial >= 4 * RegisterFaults.dialLimit {
            change(&dial, meter, tick, .rollOver, dial - 4 * RegisterFaults.dialLimit)
        }
        // 0.2 per cent a month is about one in a million and a half quarter hours.
        if tick != firstTick, draws[meter](tick).below(1_440_000) == 0 {
            replace(&dial, meter, tick, isReset: draws[meter](tick, 1).below(2) == 0)
        } else if meter < 2, tick == firstTick + 40 + 8 * meter {
            replace(&dial, meter, tick, isReset: meter == 0)
        }
    }

    private mutating func replace(_ dial: inout Int, _ meter: Int, _ tick: Int, isReset: Bool) {
        let start = isReset ? 0 : 4 * draws[meter](tick, 2).below(2_000)
        change(&dial, meter, tick, isReset ? .reset : .exchange, start)
    }

    private mutating func change(
        _ dial: inout Int, _ meter: Int, _ tick: Int, _ kind: Kind, _ after: Int
    ) {
        changes.append(
            Change(meter: meter, tick: tick, kind: kind, before: dial >> 2, after: after >> 2))
        dial = after
    }
}
