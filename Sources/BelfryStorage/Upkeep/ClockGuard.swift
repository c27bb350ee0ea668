import BelfryCore

/// Whether the wall clock can be believed: what stands between a wrong clock and the deletion of
/// everything (STORAGE 1.11).
///
/// Let T be the last time that was believed. A clock more than an hour before T, or more than seven
/// days and the time since then past it, is in doubt, and stays so until it comes back to where it
/// is plausible or until something else speaks for it: an operator, a clock that says it is
/// synchronised, or rows that lead from T to now without missing a day, as the backlog of an outage
/// does. Rows of today alone are no witness: the same clock may have stamped them.
struct ClockGuard: Sendable {
    /// T; nil before the first.
    private(set) var believed: Timestamp?
    /// What the clock said when it was doubted; nil while it is believed.
    private(set) var doubted: Timestamp?
    /// The steady clock at T, or at the opening.
    private var since: UInt64 = 0
    /// Days since 1970 that rows were written for while the clock was in doubt.
    private var days: Set<Int64> = []

    private static let backward: Int64 = 3_600_000_000_000
    private static let forward: Int64 = 7 * 86_400_000_000_000
    /// No clock before 2025 is right: that is what boards without a battery say.
    private static let earliest = Timestamp(nanoseconds: 1_735_689_600_000_000_000)
    /// A gap of more days is left to an operator.
    private static let bridgedDayCount = 400

    init(believed: Timestamp?, monotonic: UInt64) {
        self.believed = believed
        since = monotonic
    }

    /// The time, if it can be believed.
    mutating func now(_ wall: Timestamp, monotonic: UInt64, isSynchronized: Bool) -> Timestamp? {
        if wall >= Self.earliest && wall.isFinite
            && (isSynchronized || isPlausible(wall, monotonic) || isBridged(wall))
        {
            believe(wall, monotonic: monotonic)
            return wall
        }
        doubted = wall
        return nil
    }

    /// An operator says that the clock is right.
    mutating func confirm(_ wall: Timestamp, monotonic: UInt64) {
        believed = nil
        believe(wall, monotonic: monotonic)
    }

    private mutating func believe(_ wall: Timestamp, monotonic: UInt64) {
        doubted = nil
        days = []
        // Within the hour before T the older T stays: else the clock could walk back hour by hour.
        if let believed, wall <= believed, believed.nanoseconds - wall.nanoseconds <= Self.backward
        {
            return
        }
        believed = wall
        since = monotonic
    }

    private func isPlausible(_ wall: Timestamp, _ monotonic: UInt64) -> Bool {
        guard let believed else { return true }
        let elapsed = Int64(clamping: monotonic >= since ? monotonic - since : 0)
        return wall >= believed.advanced(byNanoseconds: -Self.backward)
            && wall
                <= believed.advanced(byNanoseconds: Self.forward)
                .advanced(byNanoseconds: elapsed)
    }

    /// Notes the times of rows that were written while the clock is in doubt.
    mutating func note(_ times: [Int64]) {
        guard doubted != nil, days.count <= 4 * Self.bridgedDayCount else { return }
        var last = Int64.min
        for time in times {
            let day = Partitioning.day(time)
            if day != last { days.insert(day) }
            last = day
        }
    }

    /// Whether rows lead from T to the clock's time day by day.
    private func isBridged(_ wall: Timestamp) -> Bool {
        guard let believed, wall > believed, !days.isEmpty else { return false }
        let first = Partitioning.day(believed.nanoseconds) + 1
        let last = Partitioning.day(wall.nanoseconds)
        guard first <= last, last - first < Int64(Self.bridgedDayCount) else { return false }
        return (first...last).allSatisfy(days.contains)
    }
}
