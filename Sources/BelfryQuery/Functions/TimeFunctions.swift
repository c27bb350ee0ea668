import BelfryCore

/// Functions of times and intervals with fixed types. Forms that need a constant to be fast
/// (time_bucket, date_trunc, zones) are made in `TimeForms`.
enum TimeFunctions {
    static let signatures: [FunctionSignature] = [
        FunctionSignature("epoch_ns", [.timestamptz], .bigint) { arguments, _, _ in
            arguments[0].retyped(.bigint)
        },
        FunctionSignature("epoch_ms", [.timestamptz], .bigint) { arguments, _, _ in
            Vector(
                integers: Lanes.map(arguments[0].integers, Int64(0)) {
                    Calendar.floorQuotient($0, 1_000_000)
                },
                validity: arguments[0].validity)
        },
        FunctionSignature("to_timestamp", [.double], .timestamptz) {
            (arguments, _, _) throws(QueryError) in
            let result = try Lanes.mapChecked(
                arguments[0].doubles, Int64(0), arguments[0].validity
            ) { (seconds) throws(QueryError) -> Int64 in
                if seconds == .infinity { return .max }
                if seconds == -.infinity { return .min }
                // Whole seconds first: the product alone would lose the last digits.
                let whole = seconds.rounded(.down)
                guard let second = Int64(exactly: whole) else {
                    throw QueryError("22008", "timestamp out of range")
                }
                let microseconds = ((seconds - whole) * 1e6).rounded(.toNearestOrEven)
                let time = Timestamp(seconds: second)
                    .advanced(byNanoseconds: Int64(microseconds) &* 1_000)
                guard time.isFinite else { throw TimeKernels.timestampRange }
                return time.nanoseconds
            }
            return Vector(integers: result, type: .timestamptz, validity: arguments[0].validity)
        },
        FunctionSignature("age", [.timestamptz, .timestamptz], .interval) {
            arguments, rowCount, environment in
            ages(
                TimeKernels.wall(arguments[0], in: environment.zone),
                TimeKernels.wall(arguments[1], in: environment.zone), rowCount)
        },
        FunctionSignature("age", [.timestamp, .timestamp], .interval) { arguments, rowCount, _ in
            ages(arguments[0], arguments[1], rowCount)
        },
        FunctionSignature("age", [.timestamptz], .interval) { arguments, rowCount, environment in
            ages(today(environment), TimeKernels.wall(arguments[0], in: environment.zone), rowCount)
        },
        FunctionSignature("age", [.timestamp], .interval) { arguments, rowCount, environment in
            ages(today(environment), arguments[0], rowCount)
        },
        FunctionSignature("date", [.timestamptz], .date) {
            (arguments, _, environment) throws(QueryError) in
            try CastKernels.cast(arguments[0], to: .date, environment)
        },
        FunctionSignature("date", [.timestamp], .date) {
            (arguments, _, environment) throws(QueryError) in
            try CastKernels.cast(arguments[0], to: .date, environment)
        },
        FunctionSignature("isfinite", [.timestamptz], .boolean) { arguments, _, _ in
            Vector(
                booleans: Lanes.map(arguments[0].integers, false) { $0 != .min && $0 != .max },
                validity: arguments[0].validity)
        },
        FunctionSignature("make_date", [.bigint, .bigint, .bigint], .date) {
            (arguments, rowCount, _) throws(QueryError) in
            try fromNumbers(arguments, rowCount, .date) { (parts) throws(QueryError) -> Int64 in
                try day(parts[0], parts[1], parts[2])
            }
        },
        FunctionSignature("make_interval", [.bigint], .interval, repeatsLast: true) {
            (arguments, rowCount, _) throws(QueryError) in
            try intervals(arguments, rowCount)
        },
        FunctionSignature("justify_hours", [.interval], .interval) { arguments, _, _ in
            let result = Lanes.map(arguments[0].intervals, Interval.zero) { value in
                let days = value.nanoseconds / Calendar.nanosecondsPerDay
                return Interval(
                    months: value.months, days: value.days &+ Int32(truncatingIfNeeded: days),
                    nanoseconds: value.nanoseconds % Calendar.nanosecondsPerDay)
            }
            return Vector(.interval, .intervals(result), validity: arguments[0].validity)
        },
    ]

    private static func today(_ environment: EvaluationEnvironment) -> Vector {
        let now = environment.now.wallNanoseconds(in: environment.zone)
        return Vector(
            integers: [Calendar.truncating(wall: now, to: .day)], type: .timestamp)
    }

    /// The symbolic difference in years, months and days, as PostgreSQL counts it: fields are
    /// subtracted one by one, and a day is borrowed from the month of the earlier time.
    private static func ages(_ left: Vector, _ right: Vector, _ rowCount: Int) -> Vector {
        let result = Lanes.zip(left.integers, right.integers, rowCount, Interval.zero) {
            age($0, $1)
        }
        return Vector(
            .interval, .intervals(result),
            validity: Lanes.validity([left, right], rowCount: rowCount))
    }

    private static func age(_ a: Int64, _ b: Int64) -> Interval {
        guard a >= b else {
            return age(b, a).negated() ?? .zero
        }
        let later = CivilTime(wall: a)
        let earlier = CivilTime(wall: b)
        var time =
            Calendar.floorRemainder(a, Calendar.nanosecondsPerDay)
            - Calendar.floorRemainder(b, Calendar.nanosecondsPerDay)
        var days = later.date.day - earlier.date.day
        var months = (later.date.year - earlier.date.year) * 12
        months += later.date.month - earlier.date.month
        if time < 0 {
            time += Calendar.nanosecondsPerDay
            days -= 1
        }
        if days < 0 {
            days += Calendar.dayCount(ofMonth: earlier.date.month, year: earlier.date.year)
            months -= 1
        }
        return Interval(
            months: Int32(truncatingIfNeeded: months), days: Int32(truncatingIfNeeded: days),
            nanoseconds: time)
    }

    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) throws(QueryError)
        -> Int64
    {
        guard (1...9_999).contains(year), (1...12).contains(month), day >= 1,
            day <= Calendar.dayCount(ofMonth: Int(month), year: Int(year))
        else {
            throw QueryError("22008", "date field value out of range: \(year)-\(month)-\(day)")
        }
        return Calendar.days(year: Int(year), month: Int(month), day: Int(day))
    }

    private static func fromNumbers(
        _ arguments: [Vector], _ rowCount: Int, _ type: DataType,
        _ body: ([Int64]) throws(QueryError) -> Int64
    ) throws(QueryError) -> Vector {
        let validity = Lanes.validity(arguments, rowCount: rowCount)
        let values = arguments.map(\.integers)
        var result = [Int64](repeating: 0, count: rowCount)
        for row in 0..<rowCount where validity.isValid(row) {
            result[row] = try body(values.map { $0[$0.count == rowCount ? row : 0] })
        }
        return Vector(integers: result, type: type, validity: validity)
    }

    /// make_interval(years, months, weeks, days, hours, minutes, seconds)
    private static func intervals(_ arguments: [Vector], _ rowCount: Int) throws(QueryError)
        -> Vector
    {
        guard arguments.count <= 7 else {
            throw QueryError("42883", "make_interval takes at most 7 numbers")
        }
        let units = [
            Interval(months: 12), Interval(months: 1), Interval(days: 7), Interval(days: 1),
            Interval(nanoseconds: 3_600_000_000_000), Interval(nanoseconds: 60_000_000_000),
            Interval(nanoseconds: 1_000_000_000),
        ]
        let validity = Lanes.validity(arguments, rowCount: rowCount)
        var result = [Interval](repeating: .zero, count: rowCount)
        for row in 0..<rowCount where validity.isValid(row) {
            var sum = Interval.zero
            for (argument, unit) in zip(arguments, units) {
                let amount = argument.integers[argument.place(row, of: rowCount)]
                sum = try scaled(unit, by: amount).flatMap { sum.adding($0) }.orOutOfRange()
            }
            result[row] = sum
        }
        return Vector(.interval, .intervals(result), validity: validity)
    }

    private static func scaled(_ unit: Interval, by amount: Int64) -> Interval? {
        let (rest, overflow) = unit.nanoseconds.multipliedReportingOverflow(by: amount)
        let (months, overflow1) = Int64(unit.months).multipliedReportingOverflow(by: amount)
        let (days, overflow2) = Int64(unit.days).multipliedReportingOverflow(by: amount)
        guard !overflow, !overflow1, !overflow2, let monthCount = Int32(exactly: months),
            let dayCount = Int32(exactly: days)
        else { return nil }
        return Interval(months: monthCount, days: dayCount, nanoseconds: rest)
    }
}
