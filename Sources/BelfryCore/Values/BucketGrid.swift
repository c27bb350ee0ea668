/// Where the bucket of a time begins and ends: width, zone, origin.
public struct BucketGrid: Sendable, Hashable {
    public let width: Interval
    public let zone: TimeZoneRules
    /// A boundary, on the wall clock of the zone.
    public let originWall: Int64

    /// - Parameter originWall: a boundary on the zone's wall clock; nil for Monday 2000-01-03
    ///   00:00, for months 2000-01-01.
    public init(
        width: Interval, zone: TimeZoneRules = .utc, originWall: Int64? = nil
    ) throws(BucketGridError) {
        self.width = width
        self.zone = zone
        self.originWall = originWall ?? 0
    }

    /// The last boundary at or before a time. ±infinity are their own.
    public func start(of time: Timestamp) -> Timestamp { time }

    /// The first boundary after a time: the end of its bucket and the start of the next one.
    public func end(of time: Timestamp) -> Timestamp { time }

    public func bucket(of time: Timestamp) -> TimeRange {
        TimeRange(start: start(of: time), end: end(of: time))
    }

    /// The bucket start of each time. Runs of one bucket cost a comparison a row.
    /// - Precondition: as many starts as times.
    public func starts(of times: Span<Int64>, into starts: inout MutableSpan<Int64>) {
    }
}

/// A width or origin that makes no grid.
public struct BucketGridError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}
