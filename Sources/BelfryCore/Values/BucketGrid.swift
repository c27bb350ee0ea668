/// Where the bucket of a time begins and ends: width, zone, origin.
///
/// A grid is a set of boundaries; the bucket of a time begins at the last one not after it and
/// ends at the first one after it. So buckets touch, and the start of a start is itself.
///
/// 1. Months, days and widths under 24 hours that divide it repeat on the wall clock from the
///    origin. A reading that the clock jumps over is a boundary at the jump. One that occurs twice
///    is two boundaries when the width is at most the size of the jump, else only the first.
/// 2. Other widths are equal steps of elapsed time from the origin.
///
/// In a zone whose clock never changes all but months are equal steps.
public struct BucketGrid: Sendable, Hashable {
    enum Steps: Sendable, Hashable {
        case elapsed(Int64)
        case wall(Int64)
        case months(Int64)
    }

    public let width: Interval
    public let zone: TimeZoneRules
    /// A boundary, on the wall clock of the zone.
    public let originWall: Int64

    private let steps: Steps
    /// Where in a step the boundaries lie: of the instant for elapsed steps, of the wall reading
    /// for wall steps, of the month count for months.
    private let phase: Int64
    private let originDay: Int
    private let originTimeOfDay: Int64

    /// - Parameter originWall: a boundary on the zone's wall clock; nil for Monday 2000-01-03
    ///   00:00, for months 2000-01-01.
    public init(
        width: Interval, zone: TimeZoneRules = .utc, originWall: Int64? = nil
    ) throws(BucketGridError) {
        let partCount = [width.months != 0, width.days != 0, width.nanoseconds != 0]
            .count { $0 }
        guard partCount <= 1 else {
            throw BucketGridError(
                description: "bucket width \"\(width)\" mixes units; expected months, or days, "
                    + "or hours and less")
        }
        guard width.months > 0 || width.days > 0 || width.nanoseconds > 0 else {
            throw BucketGridError(description: "bucket width \"\(width)\" must be above zero")
        }
        self.width = width
        self.zone = zone
        let origin = originWall ?? (width.months > 0 ? 946_684_800 : 946_857_600) * 1_000_000_000
        self.originWall = origin
        let originDate = Calendar.date(ofDay: Calendar.day(ofWall: origin))
        originDay = originDate.day
        originTimeOfDay = Calendar.floorRemainder(origin, Calendar.nanosecondsPerDay)
        if width.months > 0 {
            guard originDate.day <= 28 else {
                throw BucketGridError(
                    description: "the origin of month buckets must lie on day 1 to 28 of a month, "
                        + "not \(originDate.day)")
            }
            steps = .months(Int64(width.months))
            let index = Int64(originDate.year) * 12 + Int64(originDate.month) - 1
            phase = Calendar.floorRemainder(index, Int64(width.months))
            return
        }
        let (days, overflow) = Int64(width.days).multipliedReportingOverflow(
            by: Calendar.nanosecondsPerDay)
        guard !overflow else {
            throw BucketGridError(description: "bucket width \"\(width)\" is too large")
        }
        let step = width.days > 0 ? days : width.nanoseconds
        let dividesDay =
            step < Calendar.nanosecondsPerDay && Calendar.nanosecondsPerDay % step == 0
        if (width.days > 0 || dividesDay) && zone.fixedOffsetSeconds == nil {
            steps = .wall(step)
            phase = Calendar.floorRemainder(origin, step)
        } else {
            steps = .elapsed(step)
            phase = Calendar.floorRemainder(
                Self.firstInstant(ofWall: origin, in: zone).nanoseconds, step)
        }
    }

    /// The last boundary at or before a time. ±infinity are their own.
    public func start(of time: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: start(of: time.nanoseconds))
    }

    /// The first boundary after a time: the end of its bucket and the start of the next one.
    public func end(of time: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: end(of: time.nanoseconds))
    }

    public func bucket(of time: Timestamp) -> TimeRange {
        TimeRange(start: start(of: time), end: end(of: time))
    }

    func start(of time: Int64) -> Int64 {
        if time == .min || time == .max { return time }
        switch steps {
        case .elapsed(let step): return Self.floor(time, step, phase)
        case .wall, .months: return wallStart(of: time)
        }
    }

    func end(of time: Int64) -> Int64 {
        if time == .min || time == .max { return time }
        switch steps {
        case .elapsed(let step):
            let remainder = Self.remainder(time, step, phase)
            return Self.sum(time, step - remainder)
        case .wall, .months: return wallEnd(of: time)
        }
    }

    /// The bucket start of each time. Runs of one bucket cost a comparison a row.
    /// - Precondition: as many starts as times.
    public func starts(of times: Span<Int64>, into starts: inout MutableSpan<Int64>) {
        precondition(times.count == starts.count, "as many starts as times")
        var start = Int64.max
        var end = Int64.min
        for index in times.indices {
            let time = unsafe times[unchecked: index]
            if time < start || time >= end {
                start = self.start(of: time)
                end = self.end(of: time)
            }
            unsafe starts[unchecked: index] = start
        }
    }

    /// The same, as an array.
    public func starts(of times: [Int64]) -> [Int64] {
        var result = [Int64](repeating: 0, count: times.count)
        var output = result.mutableSpan
        starts(of: times.span, into: &output)
        return result
    }
}

/// A width or origin that makes no grid.
public struct BucketGridError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

// Boundaries on a wall clock that jumps. Both functions walk the zone's periods, in each of which
// the wall clock runs evenly; nearly always the first period answers.
extension BucketGrid {
    private func wallStart(of time: Int64) -> Int64 {
        var time = time
        var index = zone.periodIndex(at: time)
        while true {
            let offset = zone.offsetNanoseconds(ofPeriod: index)
            let boundary = lastReading(notAfter: min(Self.sum(time, offset), .max - 1))
            let instant = Self.sum(boundary, -offset)
            guard index > 0 else { return instant }
            let periodStart = zone.start(ofPeriod: index)
            let before = zone.offsetNanoseconds(ofPeriod: index - 1)
            let readingBefore = Self.sum(periodStart, before)
            if instant >= periodStart {
                let isSecond = before > offset && boundary < readingBefore
                if !isSecond || !exceedsWidth(before - offset) { return instant }
            } else if boundary >= readingBefore {
                return periodStart
            }
            time = periodStart - 1
            index -= 1
        }
    }

    private func wallEnd(of time: Int64) -> Int64 {
        var index = zone.periodIndex(at: time)
        var offset = zone.offsetNanoseconds(ofPeriod: index)
        var boundary = firstReading(after: Self.sum(time, offset))
        while true {
            if index > 0 {
                let before = zone.offsetNanoseconds(ofPeriod: index - 1)
                let readingBefore = Self.sum(zone.start(ofPeriod: index), before)
                if before > offset, boundary < readingBefore, exceedsWidth(before - offset) {
                    boundary = firstReading(after: readingBefore - 1)
                }
            }
            let instant = Self.sum(boundary, -offset)
            guard index + 1 < zone.periodCount else { return instant }
            let nextStart = zone.start(ofPeriod: index + 1)
            if instant < nextStart { return instant }
            index += 1
            offset = zone.offsetNanoseconds(ofPeriod: index)
            let firstReadingThere = Self.sum(nextStart, offset)
            if boundary < firstReadingThere { return nextStart }
            boundary = firstReading(after: firstReadingThere - 1)
        }
    }

    /// Whether a reading that the clock shows twice, `jump` apart, is one boundary only.
    private func exceedsWidth(_ jump: Int64) -> Bool {
        switch steps {
        case .elapsed(let step), .wall(let step): return step > jump
        case .months: return true
        }
    }

    private func lastReading(notAfter wall: Int64) -> Int64 {
        switch steps {
        case .elapsed(let step), .wall(let step): return Self.floor(wall, step, phase)
        case .months(let count):
            let month = monthIndex(ofWall: wall, step: count)
            return reading(ofMonth: month)
        }
    }

    private func firstReading(after wall: Int64) -> Int64 {
        switch steps {
        case .elapsed(let step), .wall(let step):
            return Self.sum(wall, step - Self.remainder(wall, step, phase))
        case .months(let count):
            return reading(ofMonth: monthIndex(ofWall: wall, step: count) + count)
        }
    }

    /// The month of the last boundary at or before a wall time, counted from year 0.
    private func monthIndex(ofWall wall: Int64, step: Int64) -> Int64 {
        let day = Calendar.day(ofWall: wall)
        let date = Calendar.date(ofDay: day)
        let index = Int64(date.year) * 12 + Int64(date.month) - 1
        let candidate = index - Calendar.floorRemainder(index - phase, step)
        guard candidate == index else { return candidate }
        let timeOfDay = wall &- day &* Calendar.nanosecondsPerDay
        let isBefore = (date.day, timeOfDay) < (originDay, originTimeOfDay)
        return isBefore ? candidate - step : candidate
    }

    private func reading(ofMonth index: Int64) -> Int64 {
        let day = Calendar.days(
            year: Int(Calendar.floorQuotient(index, 12)),
            month: Int(Calendar.floorRemainder(index, 12)) + 1, day: originDay)
        return Calendar.wall(day: day, timeOfDay: originTimeOfDay)
            ?? (day < 0 ? .min : .max)
    }

    private static func firstInstant(ofWall wall: Int64, in zone: TimeZoneRules) -> Timestamp {
        switch zone.reading(ofWall: wall) {
        case .unique(let time): time
        case .missing(let jump, _): jump
        case .twice(let first, _): first
        }
    }

    @inline(__always)
    private static func remainder(_ value: Int64, _ step: Int64, _ phase: Int64) -> Int64 {
        let difference = Calendar.floorRemainder(value, step) - phase
        return difference < 0 ? difference + step : difference
    }

    @inline(__always)
    private static func floor(_ value: Int64, _ step: Int64, _ phase: Int64) -> Int64 {
        sum(value, -remainder(value, step, phase))
    }

    /// The sum, held at ±infinity, which stay put.
    @inline(__always)
    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        if left == .min || left == .max { return left }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? .min : .max) : sum
    }
}
