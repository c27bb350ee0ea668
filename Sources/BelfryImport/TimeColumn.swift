import BelfryCore

/// The times of the rows on their way in, from text or counts since 1970, to instants.
///
/// Whether the column holds counts, and of what, is told from its first value: up to 11 digits are
/// seconds, up to 14 milliseconds, up to 17 microseconds, else nanoseconds.
struct TimeColumn {
    enum Form: Sendable, Hashable {
        case text
        /// A count of so many nanoseconds each.
        case epoch(Int64)
    }

    /// A reading that the clock showed twice; which one is meant is told by the order of rows.
    struct Ambiguous {
        var row: Int
        var first: Int64
        var second: Int64
        var wall: Int64
    }

    let zone: TimeZoneRules
    private(set) var form: Form?
    private var reader = TimeTextReader()
    /// Readings that are known to be shown once, with one offset.
    private var evenWalls: Range<Int64> = 0..<0
    private var evenOffset: Int64 = 0

    /// The instants of the table read last.
    private(set) var times: [Int64] = []
    private(set) var ambiguous: [Ambiguous] = []

    init(zone: TimeZoneRules) {
        self.zone = zone
    }

    /// Reads a column; `refuse` is called for each row that has no instant.
    mutating func read(
        _ fields: FieldTable, column: Int, _ text: TextBytes,
        refuse: (_ row: Int, _ message: String) -> Void
    ) {
        times.removeAll(keepingCapacity: true)
        ambiguous.removeAll(keepingCapacity: true)
        for row in 0..<fields.rowCount {
            let place = row * fields.columnCount + column
            var start = Int(fields.starts[place] & ~FieldTable.quotedFlag)
            var end = Int(fields.ends[place])
            while start < end, text[start] == UInt8(ascii: " ") { start += 1 }
            while start < end, text[end - 1] == UInt8(ascii: " ") { end -= 1 }
            times.append(0)
            if start == end {
                refuse(row, "no time")
                continue
            }
            switch form ?? detect(text, start, end) {
            case .text:
                if let message = readText(text, start, end, row) { refuse(row, message) }
            case .epoch(let unit):
                if let time = Self.epoch(text, start, end, unit: unit) {
                    times[row] = time
                } else {
                    refuse(
                        row,
                        "\(Self.shown(text, start, end)) is no count of "
                            + "\(Self.name(unit)) since 1970 between 1677 and 2262")
                }
            }
        }
    }

    private mutating func detect(_ text: TextBytes, _ start: Int, _ end: Int) -> Form {
        let form: Form
        if let whole = NumberText.double(text, start, end), whole.isFinite {
            let magnitude = whole.magnitude
            form = .epoch(
                magnitude < 1e11
                    ? 1_000_000_000
                    : (magnitude < 1e14 ? 1_000_000 : (magnitude < 1e17 ? 1_000 : 1)))
        } else {
            form = .text
            // A first text that is no time decides nothing.
            if unsafe TimeText(text.span(start, end).span) == nil { return form }
        }
        self.form = form
        return form
    }

    /// Nil when the time of the row was set, else why not.
    private mutating func readText(
        _ text: TextBytes, _ start: Int, _ end: Int, _ row: Int
    ) -> String? {
        guard let reading = unsafe reader.read(text.span(start, end).span) else {
            return "\(Self.shown(text, start, end)) is no time; expected is one such as "
                + "2014-08-01T07:50:00"
        }
        guard reading.wall != .min, reading.wall != .max else {
            return "\(Self.shown(text, start, end)) is outside the years 1677 to 2262"
        }
        if let offset = reading.offsetSeconds {
            times[row] = reading.wall &- Int64(offset) &* 1_000_000_000
            return nil
        }
        if evenWalls.contains(reading.wall) {
            times[row] = reading.wall &- evenOffset
            return nil
        }
        return resolve(reading.wall, row)
    }

    private mutating func resolve(_ wall: Int64, _ row: Int) -> String? {
        switch zone.reading(ofWall: wall) {
        case .unique(let time):
            guard time.isFinite else { return "the time is outside the years 1677 to 2262" }
            times[row] = time.nanoseconds
            (evenWalls, evenOffset) = zone.evenWalls(around: time)
            return nil
        case .missing(let jump, _):
            var bytes: [UInt8] = []
            Timestamp.appendText(ofWall: wall, to: &bytes)
            return "\(String(decoding: bytes, as: UTF8.self)) does not exist in \(zone.name), "
                + "where the clock jumped to \(jump.text(in: zone))"
        case .twice(let first, let second):
            times[row] = first.nanoseconds
            ambiguous.append(
                Ambiguous(
                    row: row, first: first.nanoseconds, second: second.nanoseconds, wall: wall))
            return nil
        }
    }

    /// Looks through the instants of the table read last; `refuse` is called for each row that
    /// lies outside the accepted times. An hour that the clock showed twice counts as the first.
    /// - Parameter except: rows that have no instant.
    func judge(
        _ fields: FieldTable, column: Int, _ text: TextBytes, accepted: TimeRange,
        except refused: Set<Int>, refuse: (_ row: Int, _ message: String) -> Void
    ) {
        let low = accepted.start.nanoseconds
        let high = accepted.end.nanoseconds
        for row in times.indices where times[row] < low || times[row] >= high {
            if refused.contains(row) { continue }
            let place = row * fields.columnCount + column
            var shown = Self.shown(
                text, Int(fields.starts[place] & ~FieldTable.quotedFlag), Int(fields.ends[place]))
            if form != .text { shown += " (\(Timestamp(nanoseconds: times[row])))" }
            refuse(
                row,
                times[row] < low
                    ? "\(shown) is older than RETAIN keeps; expected is a time from "
                        + "\(accepted.start) on"
                    : "\(shown) is past the table's HORIZON; expected is a time up to "
                        + "\(Timestamp(seconds: (high - 1) / 1_000_000_000))")
        }
    }

    mutating func setTime(_ time: Int64, ofRow row: Int) { times[row] = time }

    /// Keeps only some rows, in their order.
    mutating func keep(_ rows: [Int]) {
        var newPlaces: [Int: Int] = [:]
        for (target, row) in rows.enumerated() {
            times[target] = times[row]
            newPlaces[row] = target
        }
        times.removeLast(times.count - rows.count)
        ambiguous = ambiguous.compactMap { entry in
            guard let row = newPlaces[entry.row] else { return nil }
            var moved = entry
            moved.row = row
            return moved
        }
    }

    private static func epoch(
        _ text: TextBytes, _ start: Int, _ end: Int, unit: Int64
    ) -> Int64? {
        if let count = NumberText.integer(text, start, end) {
            let (time, overflow) = count.multipliedReportingOverflow(by: unit)
            return overflow || time == .min || time == .max ? nil : time
        }
        // A fraction is read apart, as digits: a Double would lose the nanoseconds.
        var point = start
        while point < end, text[point] != UInt8(ascii: ".") { point += 1 }
        guard point < end, let whole = NumberText.integer(text, start, point) else { return nil }
        var fraction: Int64 = 0
        var scale = unit
        for index in (point + 1)..<end {
            let digit = Int64(text[index]) - 48
            guard digit >= 0, digit < 10 else { return nil }
            scale /= 10
            fraction += digit * scale
        }
        let (time, overflow) = whole.multipliedReportingOverflow(by: unit)
        let isNegative = text[start] == UInt8(ascii: "-")
        let (sum, overflow2) = time.addingReportingOverflow(isNegative ? -fraction : fraction)
        return overflow || overflow2 || sum == .min || sum == .max ? nil : sum
    }

    private static func name(_ unit: Int64) -> String {
        switch unit {
        case 1: "nanoseconds"
        case 1_000: "microseconds"
        case 1_000_000: "milliseconds"
        default: "seconds"
        }
    }

    /// A text as it is shown in messages: quoted and not too long.
    static func shown(_ text: TextBytes, _ start: Int, _ end: Int) -> String {
        end - start <= 60
            ? "\"\(text.string(start, end))\"" : "\"\(text.string(start, start + 57))...\""
    }
}
