/// Times as text: read in ISO 8601 and PostgreSQL's forms, written in PostgreSQL's.
///
/// Read: `2014-08-01`, `2014-08-01T07:50`, `2014-05-22 09:09:04.145`, `2014-5-22 9:09 PM`, up to
/// nine digits of fraction (further ones are dropped), then nothing, `Z`, `+02`, `+02:00`,
/// `+0200`, ` UTC`; `infinity`, `-infinity`. Times outside the range read as ±infinity.
@frozen
public struct TimeText: Sendable, Hashable {
    /// The reading on the wall clock; ±infinity as the ends of Int64.
    public var wall: Int64
    /// Seconds east of UTC if the text says so.
    public var offsetSeconds: Int32?

    @inlinable
    public init(wall: Int64, offsetSeconds: Int32? = nil) {
        self.wall = wall
        self.offsetSeconds = offsetSeconds
    }

    /// Nil when the bytes are no time.
    public init?(_ text: Span<UInt8>) {
        var scanner = TimeScanner(text)
        scanner.skipSpaces()
        if scanner.take(word: "infinity") || scanner.take(word: "+infinity") {
            self.init(wall: .max)
        } else if scanner.take(word: "-infinity") {
            self.init(wall: .min)
        } else if scanner.take(word: "epoch") {
            self.init(wall: 0, offsetSeconds: 0)
        } else {
            guard let day = Self.readDay(&scanner) else { return nil }
            var time: Int64 = 0
            let hasSeparator =
                scanner.take(UInt8(ascii: "T")) || scanner.take(UInt8(ascii: "t"))
            if hasSeparator || scanner.next == UInt8(ascii: " ") {
                scanner.skipSpaces()
                if scanner.next &- 48 < 10 {
                    guard let value = Self.readTimeOfDay(&scanner) else { return nil }
                    time = value
                } else if hasSeparator {
                    return nil
                }
            }
            scanner.skipSpaces()
            self.init(wall: Calendar.wall(day: day, timeOfDay: time) ?? (day < 0 ? .min : .max))
            if !scanner.isAtEnd {
                let isUTC =
                    scanner.take(word: "z") || scanner.take(word: "utc")
                    || scanner.take(word: "gmt")
                guard let offset = isUTC ? 0 : scanner.readNumericOffset() else { return nil }
                offsetSeconds = offset
            }
        }
        scanner.skipSpaces()
        guard scanner.isAtEnd else { return nil }
    }

    public init?(_ text: String) {
        self.init(text.utf8.span)
    }

    /// The instant; a text without offset is read in the zone.
    public func instant(in zone: TimeZoneRules) -> Timestamp {
        guard wall != .max, wall != .min else { return Timestamp(nanoseconds: wall) }
        guard let offsetSeconds else { return zone.instant(ofWall: wall) }
        return Timestamp(nanoseconds: wall)
            .advanced(byNanoseconds: -Int64(offsetSeconds) * 1_000_000_000)
    }

    private static func readDay(_ scanner: inout TimeScanner) -> Int64? {
        guard let year = scanner.readDigits(4...6), scanner.take(UInt8(ascii: "-")),
            let month = scanner.readDigits(1...2), scanner.take(UInt8(ascii: "-")),
            let day = scanner.readDigits(1...2), month >= 1, month <= 12, day >= 1,
            day <= Calendar.dayCount(ofMonth: month, year: year)
        else { return nil }
        return Calendar.days(year: year, month: month, day: day)
    }

    /// A time of day in nanoseconds: `07:50`, `07:50:00.125`, `9:09 PM`, `24:00`.
    static func readTimeOfDay(_ scanner: inout TimeScanner) -> Int64? {
        guard var hour = scanner.readDigits(1...2), scanner.take(UInt8(ascii: ":")),
            let minute = scanner.readDigits(2...2)
        else { return nil }
        var second = 0
        var fraction = 0
        if scanner.take(UInt8(ascii: ":")) {
            guard let value = scanner.readDigits(2...2) else { return nil }
            second = value
            if scanner.take(UInt8(ascii: ".")) || scanner.take(UInt8(ascii: ",")) {
                guard let value = scanner.readFraction() else { return nil }
                fraction = value
            }
        }
        scanner.skipSpaces()
        let isMorning = scanner.take(word: "am")
        if isMorning || scanner.take(word: "pm") {
            guard hour >= 1, hour <= 12 else { return nil }
            hour = hour % 12 + (isMorning ? 0 : 12)
        }
        let total = ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + fraction
        guard minute < 60, second <= 60, total <= 86_400_000_000_000 else { return nil }
        return Int64(total)
    }
}

extension Timestamp: CustomStringConvertible {
    /// An instant from text; without an offset it is read in the zone.
    public init?(_ text: String, in zone: TimeZoneRules = .utc) {
        guard let parsed = TimeText(text) else { return nil }
        self = parsed.instant(in: zone)
    }

    public init?(_ text: Span<UInt8>, in zone: TimeZoneRules = .utc) {
        guard let parsed = TimeText(text) else { return nil }
        self = parsed.instant(in: zone)
    }

    /// `2014-08-01 07:50:00+00`
    public var description: String { text(in: .utc) }

    /// As PostgreSQL writes a timestamptz: `2014-08-01 09:50:00.5+02`.
    public func text(in zone: TimeZoneRules) -> String {
        var bytes: [UInt8] = []
        appendText(in: zone, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    public func appendText(in zone: TimeZoneRules, to bytes: inout [UInt8]) {
        let offset = zone.offsetSeconds(at: self)
        let (wall, overflow) = nanoseconds.addingReportingOverflow(Int64(offset) * 1_000_000_000)
        guard isFinite, !overflow, wall != .max, wall != .min else {
            Self.appendText(ofWall: nanoseconds, to: &bytes)
            if isFinite { bytes.append(contentsOf: "+00".utf8) }
            return
        }
        Self.appendText(ofWall: wall, to: &bytes)
        bytes.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let seconds = Int(abs(offset))
        Calendar.appendDigits(seconds / 3600, width: 2, to: &bytes)
        guard seconds % 3600 != 0 else { return }
        bytes.append(UInt8(ascii: ":"))
        Calendar.appendDigits(seconds / 60 % 60, width: 2, to: &bytes)
        guard seconds % 60 != 0 else { return }
        bytes.append(UInt8(ascii: ":"))
        Calendar.appendDigits(seconds % 60, width: 2, to: &bytes)
    }

    /// As PostgreSQL writes a timestamp without zone: `2014-08-01 09:50:00.5`.
    public static func appendText(ofWall wall: Int64, to bytes: inout [UInt8]) {
        guard wall != .max, wall != .min else {
            bytes.append(contentsOf: (wall == .max ? "infinity" : "-infinity").utf8)
            return
        }
        let day = Calendar.day(ofWall: wall)
        Calendar.appendText(ofDay: day, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        // The product may pass the end of the range for the first day, the difference not.
        Calendar.appendText(
            ofTimeOfDay: wall &- day &* Calendar.nanosecondsPerDay, to: &bytes)
    }
}

extension Calendar {
    /// `2014-08-01`
    public static func appendText(ofDay day: Int64, to bytes: inout [UInt8]) {
        let date = date(ofDay: day)
        if date.year < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(abs(date.year), width: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(date.month, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(date.day, width: 2, to: &bytes)
    }

    /// `09:50:00.5`: trailing zeros of the fraction are left out.
    /// - Precondition: not negative.
    public static func appendText(ofTimeOfDay time: Int64, to bytes: inout [UInt8]) {
        let time = Int(time)
        appendDigits(time / 3_600_000_000_000, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(time / 60_000_000_000 % 60, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(time / 1_000_000_000 % 60, width: 2, to: &bytes)
        var fraction = time % 1_000_000_000
        guard fraction != 0 else { return }
        var width = 9
        while fraction % 10 == 0 {
            fraction /= 10
            width -= 1
        }
        bytes.append(UInt8(ascii: "."))
        appendDigits(fraction, width: width, to: &bytes)
    }

    /// A day from `2014-08-01` (a time behind it is allowed and dropped); nil for other text.
    public static func day(_ text: Span<UInt8>) -> Int64? {
        guard let parsed = TimeText(text), parsed.wall != .max, parsed.wall != .min else {
            return nil
        }
        return day(ofWall: parsed.wall)
    }

    /// A decimal number with zeros ahead up to a width.
    static func appendDigits(_ value: Int, width: Int, to bytes: inout [UInt8]) {
        var scale = 1
        for _ in 1..<width { scale *= 10 }
        while value / scale >= 10 { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / scale % 10))
            scale /= 10
        }
    }
}
