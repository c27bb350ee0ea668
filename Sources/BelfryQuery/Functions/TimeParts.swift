import BelfryCore
import BelfrySQL

/// EXTRACT and date_part: a field of a time or an interval, as DOUBLE.
enum TimeParts {
    enum Field: String, Sendable, CaseIterable {
        case nanoseconds, microseconds, milliseconds, second, minute, hour
        case day, dow, isodow, doy, week, month, quarter, year, isoyear
        case decade, century, millennium, epoch
        case timezone
        case timezoneHour = "timezone_hour"
        case timezoneMinute = "timezone_minute"

        init?(name: String) {
            let lower = name.lowercased()
            if let field = Field(rawValue: lower) {
                self = field
                return
            }
            guard let unit = CalendarUnit(name: lower),
                let field = Field(rawValue: unit.rawValue) ?? Field(rawValue: unit.rawValue + "s")
            else { return nil }
            self = field
        }
    }

    static func bind(
        field name: String, fieldSpan: SourceSpan, _ operand: BoundExpression,
        _ binder: ExpressionBinder, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        guard let field = Field(name: name) else {
            throw QueryError(
                "22023", "unit \"\(name)\" is not known", at: fieldSpan,
                hint: Suggestion.text(for: name, among: Field.allCases.map(\.rawValue))
                    ?? "such as hour, dow, day, month, year, epoch")
        }
        var operand = operand
        switch operand.type {
        case .unknown: operand = try binder.coerce(operand, to: .timestamptz, at: span)
        case .date: operand = try binder.coerce(operand, to: .timestamp, at: span)
        case .timestamptz, .timestamp, .interval: break
        case .boolean, .smallint, .integer, .bigint, .double, .text:
            throw binder.noOperator("EXTRACT FROM", [operand.type], at: span)
        }
        if operand.type == .interval {
            switch field {
            case .dow, .isodow, .doy, .week, .isoyear, .timezone, .timezoneHour, .timezoneMinute:
                throw QueryError(
                    "0A000", "unit \"\(name)\" has no meaning for an interval", at: fieldSpan)
            default: break
            }
        }
        // The field is part of the name: two fields are two functions.
        let function = ScalarFunction(name: "extract \(field.rawValue)") {
            arguments, _, environment in
            arguments[0].type == .interval
                ? parts(ofIntervals: arguments[0], field)
                : parts(ofTimes: arguments[0], field, environment)
        }
        return binder.apply(function, [operand], .double, at: span)
    }

    private static func parts(
        ofTimes vector: Vector, _ field: Field, _ environment: EvaluationEnvironment
    ) -> Vector {
        let isInstant = vector.type == .timestamptz
        let times = vector.integers
        let day = Calendar.nanosecondsPerDay
        var cursor = TimeKernels.OffsetCursor(isInstant ? environment.zone : .utc)
        let result: [Double]
        switch field {
        case .epoch: result = Lanes.map(times, 0.0) { seconds($0) }
        case .timezone:
            result = Lanes.map(times, 0.0) { Double(cursor.offset(at: $0)) / 1e9 }
        case .timezoneHour:
            result = Lanes.map(times, 0.0) { Double(cursor.offset(at: $0) / 3_600_000_000_000) }
        case .timezoneMinute:
            result = Lanes.map(times, 0.0) {
                Double(cursor.offset(at: $0) / 60_000_000_000 % 60)
            }
        case .hour:
            result = Lanes.map(times, 0.0) {
                Double(Calendar.floorRemainder(cursor.wall($0), day) / 3_600_000_000_000)
            }
        case .minute:
            result = Lanes.map(times, 0.0) {
                Double(
                    Calendar.floorRemainder(cursor.wall($0), 3_600_000_000_000) / 60_000_000_000)
            }
        case .second:
            result = Lanes.map(times, 0.0) { minuteRest(cursor.wall($0)) / 1e9 }
        case .milliseconds:
            result = Lanes.map(times, 0.0) { minuteRest(cursor.wall($0)) / 1e6 }
        case .microseconds:
            result = Lanes.map(times, 0.0) { minuteRest(cursor.wall($0)) / 1e3 }
        case .nanoseconds: result = Lanes.map(times, 0.0) { minuteRest(cursor.wall($0)) }
        case .dow:
            result = Lanes.map(times, 0.0) {
                Double(Calendar.isoWeekday(ofDay: Calendar.day(ofWall: cursor.wall($0))) % 7)
            }
        case .isodow:
            result = Lanes.map(times, 0.0) {
                Double(Calendar.isoWeekday(ofDay: Calendar.day(ofWall: cursor.wall($0))))
            }
        case .day, .doy, .week, .month, .quarter, .year, .isoyear, .decade, .century, .millennium:
            // Rows mostly share the day of the row before.
            var knownDay = Int64.min
            var known = 0.0
            result = Lanes.map(times, 0.0) {
                let number = Calendar.day(ofWall: cursor.wall($0))
                if number != knownDay {
                    knownDay = number
                    known = Double(part(ofDay: number, field))
                }
                return known
            }
        }
        return Vector(doubles: result, validity: vector.validity)
    }

    private static func minuteRest(_ wall: Int64) -> Double {
        Double(Calendar.floorRemainder(wall, 60_000_000_000))
    }

    /// Seconds with their fraction: whole and rest apart, so that no digit is lost on the way.
    private static func seconds(_ nanoseconds: Int64) -> Double {
        if nanoseconds == .max { return .infinity }
        if nanoseconds == .min { return -.infinity }
        let whole = nanoseconds / 1_000_000_000
        let rest = nanoseconds % 1_000_000_000
        return rest == 0 ? Double(whole) : Double(nanoseconds) / 1e9
    }

    private static func part(ofDay day: Int64, _ field: Field) -> Int {
        let date = Calendar.date(ofDay: day)
        switch field {
        case .day: return date.day
        case .doy: return Calendar.dayOfYear(ofDay: day)
        case .week: return Calendar.isoWeek(ofDay: day).week
        case .isoyear: return Calendar.isoWeek(ofDay: day).year
        case .month: return date.month
        case .quarter: return (date.month + 2) / 3
        case .year: return date.year
        case .decade: return date.year / 10
        case .century: return (date.year + 99) / 100
        case .millennium: return (date.year + 999) / 1_000
        case .nanoseconds, .microseconds, .milliseconds, .second, .minute, .hour, .dow, .isodow,
            .epoch, .timezone, .timezoneHour, .timezoneMinute:
            return 0
        }
    }

    private static func parts(ofIntervals vector: Vector, _ field: Field) -> Vector {
        let result = Lanes.map(vector.intervals, 0.0) { value -> Double in
            let months = Int(value.months)
            let time = value.nanoseconds
            switch field {
            case .nanoseconds: return Double(time % 60_000_000_000)
            case .microseconds: return Double(time % 60_000_000_000) / 1e3
            case .milliseconds: return Double(time % 60_000_000_000) / 1e6
            case .second: return Double(time % 60_000_000_000) / 1e9
            case .minute: return Double(time / 60_000_000_000 % 60)
            case .hour: return Double(time / 3_600_000_000_000)
            case .day: return Double(value.days)
            case .month: return Double(months % 12)
            case .quarter: return Double(months % 12 / 3 + 1)
            case .year: return Double(months / 12)
            case .decade: return Double(months / 120)
            case .century: return Double(months / 1_200)
            case .millennium: return Double(months / 12_000)
            case .epoch:
                // PostgreSQL counts a year as 365.25 days here, a month as 30.
                let days = Double(months / 12) * 365.25 + Double(months % 12) * 30
                return (days + Double(value.days)) * 86_400 + Double(time) / 1e9
            case .dow, .isodow, .doy, .week, .isoyear, .timezone, .timezoneHour,
                .timezoneMinute:
                return 0
            }
        }
        return Vector(doubles: result, validity: vector.validity)
    }
}
