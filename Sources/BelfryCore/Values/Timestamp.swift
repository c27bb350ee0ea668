/// Nanoseconds since 1970 in UTC, in an Int64, with its text form.
///
/// The range is 1677-09-21 to 2262-04-11; what lies outside reads as ±infinity, the two ends of
/// Int64, which compare but are not stored. The same number without a zone is a wall time
/// (SQL's TIMESTAMP); functions that take or give one say `wall` in their name.
@frozen
public struct Timestamp: Sendable, Hashable, Comparable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The instant that many seconds after 1970, ±infinity where the range ends.
    @inlinable
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        nanoseconds = overflow ? (seconds < 0 ? Int64.min : Int64.max) : product
    }

    @inlinable public static var infinity: Timestamp { Timestamp(nanoseconds: .max) }
    @inlinable public static var negativeInfinity: Timestamp { Timestamp(nanoseconds: .min) }

    @inlinable public var isFinite: Bool { nanoseconds != .max && nanoseconds != .min }

    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Later by that many nanoseconds (earlier if negative); ends at ±infinity, which stay put.
    @inlinable
    public func advanced(byNanoseconds step: Int64) -> Timestamp {
        guard isFinite else { return self }
        let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
        if overflow { return step < 0 ? .negativeInfinity : .infinity }
        return Timestamp(nanoseconds: sum)
    }

    /// The wall time shown at this instant in a zone.
    public func wallNanoseconds(in zone: TimeZoneRules) -> Int64 {
        advanced(byNanoseconds: Int64(zone.offsetSeconds(at: self)) &* 1_000_000_000).nanoseconds
    }

    /// Months and days on the wall clock of a zone, then the rest as elapsed time, as PostgreSQL
    /// adds intervals. Nil when the result leaves the range.
    public func adding(_ interval: Interval, in zone: TimeZoneRules) -> Timestamp? {
        guard isFinite else { return self }
        var result = self
        if interval.months != 0 || interval.days != 0 {
            guard
                let wall = Calendar.adding(
                    months: Int64(interval.months), days: Int64(interval.days),
                    toWall: wallNanoseconds(in: zone))
            else { return nil }
            result = zone.instant(ofWall: wall)
        }
        result = result.advanced(byNanoseconds: interval.nanoseconds)
        return result.isFinite ? result : nil
    }
}
