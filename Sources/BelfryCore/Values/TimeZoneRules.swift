/// How a zone's wall clock runs: its offsets from UTC and the instants at which they change.
///
/// Made from the bytes of a TZif file (`TimeZoneFile.swift`) or from a fixed offset; this type
/// reads no files. Rules for years to come are written out up to the end of the range, so that
/// every question is one binary search. Time is cut into periods of one offset, numbered from 0.
public struct TimeZoneRules: Sendable, Hashable {
    /// A span of time with one offset.
    public struct Period: Sendable, Hashable {
        /// From here on; nil for the first period.
        public var start: Timestamp?
        /// Up to here; nil for the last period.
        public var end: Timestamp?
        /// Seconds east of UTC.
        public var offsetSeconds: Int32
        public var isDaylight: Bool
        public var abbreviation: String
    }

    /// What a wall reading means: one instant, none or two.
    public enum WallReading: Sendable, Hashable {
        case unique(Timestamp)
        /// The clock jumped over the reading, at `jump`. `shifted` is PostgreSQL's answer: read
        /// with the offset before the jump.
        case missing(jump: Timestamp, shifted: Timestamp)
        case twice(first: Timestamp, second: Timestamp)
    }

    /// A kind of local time: what a period has besides its place.
    struct Clock: Sendable, Hashable {
        var offsetSeconds: Int32
        var isDaylight: Bool
        var abbreviation: String
    }

    /// The periods of a zone that changes.
    ///
    /// Invariants: 1. `changes` ascends strictly; 2. `offsets` and `clocks` have one more element
    /// than `changes`; 3. every offset is within ±26 hours.
    final class Periods: Sendable, Hashable {
        let changes: [Int64]
        let offsets: [Int64]
        let clocks: [Clock]

        init(changes: [Int64], clocks: [Clock]) {
            self.changes = changes
            self.clocks = clocks
            self.offsets = clocks.map { Int64($0.offsetSeconds) * 1_000_000_000 }
        }

        static func == (left: Periods, right: Periods) -> Bool {
            left === right || (left.changes == right.changes && left.clocks == right.clocks)
        }

        func hash(into hasher: inout Hasher) { hasher.combine(changes) }
    }

    public let name: String
    private let fixedOffset: Int32
    private let periods: Periods?

    public static let utc = TimeZoneRules(name: "UTC", offsetSeconds: 0)

    /// A zone whose clock never changes.
    /// - Precondition: the offset is within ±26 hours.
    public init(name: String, offsetSeconds: Int32) {
        precondition(abs(Int64(offsetSeconds)) <= 26 * 3600, "an offset within ±26 hours")
        self.name = name
        fixedOffset = offsetSeconds
        periods = nil
    }

    init(name: String, changes: [Int64], clocks: [Clock]) {
        self.name = name
        if changes.isEmpty {
            fixedOffset = clocks.first?.offsetSeconds ?? 0
            periods = nil
        } else {
            fixedOffset = 0
            periods = Periods(changes: changes, clocks: clocks)
        }
    }

    /// The offset if it never changes.
    public var fixedOffsetSeconds: Int32? { periods == nil ? fixedOffset : nil }

    /// Seconds east of UTC at an instant.
    public func offsetSeconds(at time: Timestamp) -> Int32 {
        guard let periods else { return fixedOffset }
        return periods.clocks[periodIndex(at: time.nanoseconds)].offsetSeconds
    }

    public func period(at time: Timestamp) -> Period {
        guard let periods else {
            return Period(offsetSeconds: fixedOffset, isDaylight: false, abbreviation: name)
        }
        let index = periodIndex(at: time.nanoseconds)
        let clock = periods.clocks[index]
        return Period(
            start: index == 0 ? nil : Timestamp(nanoseconds: periods.changes[index - 1]),
            end: index == periods.changes.count
                ? nil : Timestamp(nanoseconds: periods.changes[index]),
            offsetSeconds: clock.offsetSeconds, isDaylight: clock.isDaylight,
            abbreviation: clock.abbreviation)
    }

    /// Every instant at which the clock may jump, in order.
    public var changes: [Timestamp] {
        periods?.changes.map { Timestamp(nanoseconds: $0) } ?? []
    }

    public func reading(ofWall wall: Int64) -> WallReading {
        guard let periods, wall != .min, wall != .max else {
            return .unique(
                Timestamp(nanoseconds: wall)
                    .advanced(byNanoseconds: -Int64(fixedOffset) * 1_000_000_000))
        }
        // Instants that can show this reading lie within 26 hours of it taken as UTC.
        let reading = Timestamp(nanoseconds: wall)
        let day = 26 * 3_600_000_000_000 as Int64
        let first = periodIndex(at: reading.advanced(byNanoseconds: -day).nanoseconds)
        let last = periodIndex(at: reading.advanced(byNanoseconds: day).nanoseconds)
        var found: Timestamp?
        for index in first...last {
            let time = reading.advanced(byNanoseconds: -periods.offsets[index])
            let isAfterStart = index == 0 || time.nanoseconds >= periods.changes[index - 1]
            let isBeforeEnd =
                index == periods.changes.count || time.nanoseconds < periods.changes[index]
            guard isAfterStart, isBeforeEnd else { continue }
            if let found { return .twice(first: found, second: time) }
            found = time
        }
        if let found { return .unique(found) }
        // The jump over it is the first change whose new clock shows more than the reading.
        var index = first
        while index < last {
            let change = Timestamp(nanoseconds: periods.changes[index])
            if change.advanced(byNanoseconds: periods.offsets[index + 1]) > reading { break }
            index += 1
        }
        let shifted = reading.advanced(byNanoseconds: -periods.offsets[index])
        let jump =
            index < periods.changes.count
            ? Timestamp(nanoseconds: periods.changes[index]) : shifted
        return .missing(jump: jump, shifted: shifted)
    }

    /// The instant of a wall reading as PostgreSQL takes it: of two the second, and one that the
    /// clock jumped over is read with the offset before the jump.
    public func instant(ofWall wall: Int64) -> Timestamp {
        switch reading(ofWall: wall) {
        case .unique(let time): time
        case .missing(_, let shifted): shifted
        case .twice(_, let second): second
        }
    }

    var periodCount: Int { periods?.clocks.count ?? 1 }

    func offsetNanoseconds(ofPeriod index: Int) -> Int64 {
        periods?.offsets[index] ?? Int64(fixedOffset) * 1_000_000_000
    }

    /// - Precondition: not the first period.
    func start(ofPeriod index: Int) -> Int64 { periods?.changes[index - 1] ?? .min }

    /// The number of the period that an instant lies in: how many changes are at or before it.
    func periodIndex(at time: Int64) -> Int {
        guard let periods else { return 0 }
        let changes = periods.changes
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension TimeZoneRules {
    /// A zone without a file: 'UTC', 'Z', 'GMT', '+02', '-03:30', '+0200'. Positive is east, as in
    /// ISO 8601 (PostgreSQL reads such a zone name the other way round).
    public init?(fixed name: String) {
        switch name.uppercased() {
        case "UTC", "Z", "GMT", "ETC/UTC", "UCT", "ZULU":
            self.init(name: "UTC", offsetSeconds: 0)
        default:
            var scanner = TimeScanner(name.utf8.span)
            guard let offset = scanner.readNumericOffset(), scanner.isAtEnd else { return nil }
            self.init(name: name, offsetSeconds: offset)
        }
    }
}

extension TimeZoneRules {
    /// Wall readings around that of an instant that the clock shows once and with one offset (in
    /// nanoseconds): for readers of many times, which then need no search.
    package func evenWalls(around time: Timestamp) -> (walls: Range<Int64>, offset: Int64) {
        let index = periodIndex(at: time.nanoseconds)
        let offset = offsetNanoseconds(ofPeriod: index)
        // Far from the ends of the range, so that no sum overflows.
        var low = Int64.min / 2
        var high = Int64.max / 2
        if index > 0 {
            let before = offsetNanoseconds(ofPeriod: index - 1)
            low = max(low, start(ofPeriod: index)) + max(offset, before)
        }
        if index + 1 < periodCount {
            let after = offsetNanoseconds(ofPeriod: index + 1)
            high = min(high, start(ofPeriod: index + 1)) + min(offset, after)
        }
        return (low..<max(low, high), offset)
    }
}
