/// A half-open range of timestamps, `start <= t < end`, and its algebra.
@frozen
public struct TimeRange: Sendable, Hashable {
    public var start: Timestamp
    public var end: Timestamp

    @inlinable
    public init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// Every time that can be stored: `Timestamp.infinity` itself is outside.
    @inlinable public static var everything: TimeRange {
        TimeRange(start: .negativeInfinity, end: .infinity)
    }

    @inlinable public static var nothing: TimeRange {
        TimeRange(start: .negativeInfinity, end: .negativeInfinity)
    }

    @inlinable public var isEmpty: Bool { start >= end }

    @inlinable
    public func contains(_ time: Timestamp) -> Bool { start <= time && time < end }

    /// Whether every time of the other range is one of this.
    @inlinable
    public func contains(_ other: TimeRange) -> Bool {
        other.isEmpty || (start <= other.start && other.end <= end)
    }

    @inlinable
    public func overlaps(_ other: TimeRange) -> Bool {
        max(start, other.start) < min(end, other.end)
    }

    @inlinable
    public func intersection(_ other: TimeRange) -> TimeRange {
        TimeRange(start: max(start, other.start), end: min(end, other.end))
    }

    /// The smallest range that holds both.
    @inlinable
    public func hull(_ other: TimeRange) -> TimeRange {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return TimeRange(start: min(start, other.start), end: max(end, other.end))
    }
}
