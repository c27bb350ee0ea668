import BelfryCore

/// Wall times and instants, whole vectors at a time.
///
/// Readings of a column mostly stay within one period of the zone, so the period in use is kept
/// and its offset added; a zone whose clock never changes costs one addition.
enum TimeKernels {
    static let timestampRange = QueryError("22008", "timestamp out of range")

    /// The offset in force at one instant after another.
    struct OffsetCursor {
        private let zone: TimeZoneRules
        private var start = Int64.max
        private var end = Int64.min
        private var offset: Int64 = 0

        init(_ zone: TimeZoneRules) {
            self.zone = zone
            if let fixed = zone.fixedOffsetSeconds {
                offset = Int64(fixed) &* 1_000_000_000
                start = .min
                end = .max
            }
        }

        /// The wall reading in nanoseconds; ±infinity are their own.
        @inline(__always)
        mutating func wall(_ time: Int64) -> Int64 {
            if time < start || time >= end { move(to: time) }
            let (wall, overflow) = time.addingReportingOverflow(offset)
            return time == .min || time == .max || overflow ? time : wall
        }

        /// The offset at an instant, in nanoseconds.
        @inline(__always)
        mutating func offset(at time: Int64) -> Int64 {
            if time < start || time >= end { move(to: time) }
            return offset
        }

        private mutating func move(to time: Int64) {
            let period = zone.period(at: Timestamp(nanoseconds: time))
            start = period.start?.nanoseconds ?? .min
            end = period.end?.nanoseconds ?? .max
            offset = Int64(period.offsetSeconds) &* 1_000_000_000
        }
    }

    /// TIMESTAMPTZ to the TIMESTAMP that a zone's clock shows.
    static func wall(_ vector: Vector, in zone: TimeZoneRules) -> Vector {
        if zone.fixedOffsetSeconds == 0 { return vector.retyped(.timestamp) }
        var cursor = OffsetCursor(zone)
        return Vector(
            integers: Lanes.map(vector.integers, Int64(0)) { cursor.wall($0) }, type: .timestamp,
            validity: vector.validity)
    }

    /// TIMESTAMP to the instant at which a zone's clock shows it.
    static func instants(_ vector: Vector, in zone: TimeZoneRules) -> Vector {
        if zone.fixedOffsetSeconds == 0 { return vector.retyped(.timestamptz) }
        return Vector(
            integers: Lanes.map(vector.integers, Int64(0)) {
                $0 == .min || $0 == .max ? $0 : zone.instant(ofWall: $0).nanoseconds
            },
            type: .timestamptz, validity: vector.validity)
    }

    /// A time moved by an interval; months and days on the zone's wall clock.
    static func add(
        _ times: Vector, _ intervals: Vector, _ rowCount: Int, in zone: TimeZoneRules,
        isSubtracted: Bool
    ) throws(QueryError) -> Vector {
        let validity = Lanes.validity([times, intervals], rowCount: rowCount)
        let result = try Lanes.zipChecked(
            times.integers, intervals.intervals, rowCount, Int64(0), validity
        ) { (time, interval) throws(QueryError) -> Int64 in
            if time == .min || time == .max { return time }
            var step = interval
            if isSubtracted {
                guard let negated = interval.negated() else { throw timestampRange }
                step = negated
            }
            if step.months == 0 && step.days == 0 {
                let (sum, overflow) = time.addingReportingOverflow(step.nanoseconds)
                if overflow || sum == .min || sum == .max { throw timestampRange }
                return sum
            }
            guard let moved = Timestamp(nanoseconds: time).adding(step, in: zone) else {
                throw timestampRange
            }
            return moved.nanoseconds
        }
        return Vector(integers: result, type: times.type, validity: validity)
    }

    /// The time between two times as days and the rest, as PostgreSQL subtracts.
    static func difference(_ left: Vector, _ right: Vector, _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        let validity = Lanes.validity([left, right], rowCount: rowCount)
        let result = try Lanes.zipChecked(
            left.integers, right.integers, rowCount, Interval.zero, validity
        ) { (later, earlier) throws(QueryError) -> Interval in
            for time in [later, earlier] where time == .min || time == .max {
                throw QueryError("22008", "cannot subtract infinite timestamps")
            }
            let difference = Int128(later) - Int128(earlier)
            let day = Int128(Calendar.nanosecondsPerDay)
            return Interval(
                days: Int32(truncatingIfNeeded: difference / day),
                nanoseconds: Int64(truncatingIfNeeded: difference % day))
        }
        return Vector(.interval, .intervals(result), validity: validity)
    }

    /// The beginning of the unit each time lies in. Units of a day and more begin on the zone's
    /// wall clock; smaller ones keep the offset of the time itself.
    static func truncate(_ times: Vector, to unit: CalendarUnit, in zone: TimeZoneRules)
        -> Vector
    {
        let input = times.integers
        var output = [Int64](repeating: 0, count: input.count)
        var cursor = OffsetCursor(zone)
        let isLong: Bool
        switch unit {
        case .nanosecond, .microsecond, .millisecond, .second, .minute, .hour: isLong = false
        case .day, .week, .month, .quarter, .year, .decade, .century, .millennium: isLong = true
        }
        var knownDay = Int64.min
        var knownStart: Int64 = 0
        for row in 0..<input.count {
            let time = input[row]
            if time == .min || time == .max {
                output[row] = time
                continue
            }
            let wall = cursor.wall(time)
            if !isLong {
                output[row] = time &- (wall &- Calendar.truncating(wall: wall, to: unit))
                continue
            }
            let day = Calendar.day(ofWall: wall)
            if day != knownDay {
                knownDay = day
                let start = Calendar.truncating(wall: wall, to: unit)
                knownStart = start == .min ? start : zone.instant(ofWall: start).nanoseconds
            }
            output[row] = knownStart
        }
        return Vector(integers: output, type: times.type, validity: times.validity)
    }
}
