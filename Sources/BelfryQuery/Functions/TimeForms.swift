import BelfryCore
import BelfrySQL

/// Calls whose constant arguments are made ready once: time_bucket's grid, date_trunc's unit, the
/// zone of AT TIME ZONE.
extension ExpressionBinder {
    static let timeFormNames = ["time_bucket", "date_trunc", "date_part", "timezone"]

    func bindTimeForm(_ name: String, _ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression?
    {
        switch name {
        case "time_bucket": return try bindBucket(arguments, at: span)
        case "date_trunc": return try bindTruncation(arguments, at: span)
        case "timezone": return try bindZone(arguments, at: span)
        case "date_part":
            guard arguments.count == 2, case .constant(.text(let field), _) = arguments[0] else {
                throw QueryError(
                    "42883", "date_part wants a field in quotes and a time or interval", at: span)
            }
            return try TimeParts.bind(
                field: field, fieldSpan: span, arguments[1], self, at: span)
        default: return nil
        }
    }

    /// The zone that a constant names; nil where it is no constant.
    private func constantZone(_ expression: BoundExpression, at span: SourceSpan)
        throws(QueryError) -> TimeZoneRules?
    {
        guard case .constant(.text(let name), _) = expression else { return nil }
        do {
            return try TextReading.zone(name, environment)
        } catch {
            throw error.placed(at: span)
        }
    }

    /// `time AT TIME ZONE zone`, which is timezone(zone, time).
    private func bindZone(_ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression
    {
        guard arguments.count == 2 else {
            throw QueryError("42883", "timezone wants a zone and a time", at: span)
        }
        let zone = try coerce(arguments[0], to: .text, at: span)
        var time = arguments[1]
        if time.type == .unknown || time.type == .date {
            time = try coerce(time, to: .timestamptz, at: span)
        }
        guard time.type == .timestamptz || time.type == .timestamp else {
            throw noOperator("AT TIME ZONE", [time.type, zone.type], at: span)
        }
        let isInstant = time.type == .timestamptz
        let result: DataType = isInstant ? .timestamp : .timestamptz
        if let rules = try constantZone(zone, at: span) {
            let function = ScalarFunction(name: "timezone") { arguments, rowCount, _ in
                isInstant
                    ? TimeKernels.wall(arguments[1], in: rules)
                    : TimeKernels.instants(arguments[1], in: rules)
            }
            return apply(function, [zone, time], result, at: span)
        }
        let function = ScalarFunction(name: "timezone") {
            (arguments, rowCount, environment) throws(QueryError) in
            let validity = Lanes.validity(arguments, rowCount: rowCount)
            let names = TextView(arguments[0], rowCount: rowCount)
            let times = arguments[1].expanded(to: rowCount)
            var output = [Int64](repeating: 0, count: rowCount)
            for row in 0..<rowCount where validity.isValid(row) {
                let rules = try TextReading.zone(names.string(row), environment)
                let one = times.slice(row..<row + 1)
                output[row] =
                    (isInstant
                    ? TimeKernels.wall(one, in: rules) : TimeKernels.instants(one, in: rules))
                    .integers[0]
            }
            return Vector(integers: output, type: result, validity: validity)
        }
        return apply(function, [zone, time], result, at: span)
    }

    /// `date_trunc('hour', time [, zone])`
    private func bindTruncation(_ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression
    {
        guard arguments.count == 2 || arguments.count == 3,
            case .constant(.text(let name), _) = arguments[0]
        else {
            throw QueryError(
                "42883", "date_trunc wants a unit in quotes, a time and perhaps a zone", at: span)
        }
        guard let unit = CalendarUnit(name: name) else {
            throw QueryError(
                "22023", "unit \"\(name)\" is not known", at: span,
                hint: Suggestion.text(
                    for: name, among: CalendarUnit.allCases.map(\.rawValue)))
        }
        var time = arguments[1]
        if time.type == .unknown || time.type == .date || arguments.count == 3 {
            time = try coerce(time, to: .timestamptz, at: span)
        }
        // The unit is part of the name: two units are two functions.
        let functionName = "date_trunc \(unit.rawValue)"
        switch time.type {
        case .interval:
            let function = ScalarFunction(name: functionName) { arguments, _, _ in
                let result = Lanes.map(arguments[1].intervals, Interval.zero) {
                    $0.truncated(to: unit)
                }
                return Vector(
                    .interval, .intervals(result), validity: arguments[1].validity)
            }
            return apply(function, [arguments[0], time], .interval, at: span)
        case .timestamp:
            let function = ScalarFunction(name: functionName) { arguments, _, _ in
                TimeKernels.truncate(arguments[1], to: unit, in: .utc)
            }
            return apply(function, [arguments[0], time], .timestamp, at: span)
        case .timestamptz:
            var zone = environment.zone
            if arguments.count == 3 {
                guard
                    let named = try constantZone(
                        try coerce(arguments[2], to: .text, at: span), at: span)
                else { throw QueryError.notSupported("a zone that varies by row", at: span) }
                zone = named
            }
            let rules = zone
            let function = ScalarFunction(name: functionName) { arguments, _, _ in
                TimeKernels.truncate(arguments[1], to: unit, in: rules)
            }
            return apply(
                function, [arguments[0], time] + arguments.dropFirst(2), .timestamptz, at: span)
        case .unknown, .boolean, .smallint, .integer, .bigint, .double, .text, .date:
            throw noOperator("date_trunc", [time.type], at: span)
        }
    }

    /// `time_bucket(width, time [, zone [, origin]])`: the grid is made once.
    private func bindBucket(_ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression
    {
        guard (2...4).contains(arguments.count) else {
            throw QueryError(
                "42883", "time_bucket wants (width, time [, zone [, origin]])", at: span)
        }
        var time = arguments[1]
        if time.type == .unknown { time = try coerce(time, to: .timestamptz, at: span) }
        guard time.type.isTemporal else {
            throw noOperator("time_bucket", arguments.map(\.type), at: span)
        }
        let result = time.type
        if time.type == .date { time = try coerce(time, to: .timestamp, at: span) }
        guard case .constant(let width, _) = try coerce(arguments[0], to: .interval, at: span)
        else { throw QueryError.notSupported("a bucket width that varies by row", at: span) }
        guard case .interval(let width) = width else { return .constant(.null, result) }

        var zone = time.type == .timestamptz ? environment.zone : .utc
        if arguments.count > 2 {
            let named = try coerce(arguments[2], to: .text, at: span)
            if time.type != .timestamptz {
                throw QueryError.typeMismatch(
                    "time_bucket takes a zone only with a TIMESTAMPTZ", at: span)
            }
            if let rules = try constantZone(named, at: span) {
                zone = rules
            } else if case .constant(.null, _) = named {
            } else {
                throw QueryError.notSupported("a zone that varies by row", at: span)
            }
        }
        var originWall: Int64?
        if arguments.count > 3 {
            originWall = try bucketOrigin(arguments[3], zone, at: span)
        }
        let grid: BucketGrid
        do {
            grid = try BucketGrid(width: width, zone: zone, originWall: originWall)
        } catch {
            throw QueryError("22023", error.description, at: span)
        }
        let function = ScalarFunction(name: "time_bucket") { arguments, _, _ in
            Vector(
                integers: grid.starts(of: arguments[1].integers), type: arguments[1].type,
                validity: arguments[1].validity)
        }
        let kept =
            [BoundExpression.constant(.interval(width), .interval), time]
            + arguments.dropFirst(2)
        let bucket = apply(function, kept, time.type, at: span)
        return result == .date ? try coerce(bucket, to: .date, .explicit, at: span) : bucket
    }

    /// A boundary on the zone's wall clock, from a wall time, an instant or a string.
    private func bucketOrigin(
        _ expression: BoundExpression, _ zone: TimeZoneRules, at span: SourceSpan
    ) throws(QueryError) -> Int64? {
        var origin = expression
        if origin.type == .unknown || origin.type == .date {
            origin = try coerce(origin, to: .timestamp, at: span)
        }
        guard case .constant(let value, _) = origin else {
            throw QueryError.notSupported("an origin that varies by row", at: span)
        }
        switch value {
        case .timestamp(let wall): return wall.nanoseconds
        case .timestamptz(let instant): return instant.wallNanoseconds(in: zone)
        case .null: return nil
        case .boolean, .integer, .double, .text, .date, .interval:
            throw QueryError.typeMismatch("the origin of buckets is a time", at: span)
        }
    }
}

extension Interval {
    /// The parts down to a unit, those below it cut off.
    func truncated(to unit: CalendarUnit) -> Interval {
        func cut(_ step: Int64) -> Interval {
            Interval(months: months, days: days, nanoseconds: nanoseconds / step * step)
        }
        switch unit {
        case .nanosecond: return self
        case .microsecond: return cut(1_000)
        case .millisecond: return cut(1_000_000)
        case .second: return cut(1_000_000_000)
        case .minute: return cut(60_000_000_000)
        case .hour: return cut(3_600_000_000_000)
        case .day: return Interval(months: months, days: days)
        case .week: return Interval(months: months, days: days / 7 * 7)
        case .month: return Interval(months: months)
        case .quarter: return Interval(months: months / 3 * 3)
        case .year: return Interval(months: months / 12 * 12)
        case .decade: return Interval(months: months / 120 * 120)
        case .century: return Interval(months: months / 1_200 * 1_200)
        case .millennium: return Interval(months: months / 12_000 * 12_000)
        }
    }
}
