/// Times as text: read in ISO 8601 and PostgreSQL's forms, written in PostgreSQL's.
///
/// Read: `2014-08-01`, `2014-08-01T07:50`, `2014-05-22 09:09:04.145`, up to nine digits of
/// fraction (further ones are dropped), then nothing, `Z`, `+02`, `+02:00`, `+0200`, ` UTC`;
/// `infinity`, `-infinity`. Times outside the range read as ±infinity.
@frozen
public struct TimeText: Sendable, Hashable {
    /// The reading on the wall clock; ±infinity as the ends of Int64.
    public var wall: Int64
    /// Seconds east of UTC if the text says so.
    public var offsetSeconds: Int32?

    /// Nil when the bytes are no time.
    public init?(_ text: Span<UInt8>) { return nil }

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
    }

    /// As PostgreSQL writes a timestamp without zone: `2014-08-01 09:50:00.5`.
    public static func appendText(ofWall wall: Int64, to bytes: inout [UInt8]) {
    }
}

extension Calendar {
    /// `2014-08-01`
    public static func appendText(ofDay day: Int64, to bytes: inout [UInt8]) {
    }

    /// A day from `2014-08-01` (a time behind it is allowed and dropped); nil for other text.
    public static func day(_ text: Span<UInt8>) -> Int64? {
        guard let parsed = TimeText(text) else { return nil }
        return day(ofWall: parsed.wall)
    }
}
