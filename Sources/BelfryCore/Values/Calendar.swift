/// Civil dates to days and back, truncation to units, without Foundation.
///
/// Days count from 1970-01-01 in the proleptic Gregorian calendar. Wall times are nanoseconds
/// since 1970-01-01 00:00 on the clock of whatever zone is meant.
public enum Calendar {
    public static let nanosecondsPerDay: Int64 = 86_400_000_000_000

    /// The days from 1970-01-01 to a date. Years count from March, so that the leap day is the
    /// last of its year; 400 years are one era of 146,097 days.
    /// - Precondition: the month is 1 to 12; the day may lie outside its month and counts on.
    @inlinable
    public static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    /// The date of a day.
    @inlinable
    public static func date(ofDay day: Int64) -> CivilDate {
        let shifted = Int(day) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return CivilDate(
            year: year, month: month, day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    @inlinable
    public static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// - Precondition: the month is 1 to 12.
    @inlinable
    public static func dayCount(ofMonth month: Int, year: Int) -> Int {
        if month == 2 { return isLeap(year) ? 29 : 28 }
        return 30 + ((month + (month >> 3)) & 1)
    }

    /// 1 for Monday to 7 for Sunday.
    @inlinable
    public static func isoWeekday(ofDay day: Int64) -> Int {
        Int(floorRemainder(day &+ 3, 7)) + 1
    }

    /// The day (since 1970) that a wall time is part of.
    @inlinable
    public static func day(ofWall wall: Int64) -> Int64 { floorQuotient(wall, nanosecondsPerDay) }

    /// Day of the year, from 1.
    public static func dayOfYear(ofDay day: Int64) -> Int {
        Int(day - days(year: date(ofDay: day).year, month: 1, day: 1)) + 1
    }

    /// The ISO 8601 week and the year it belongs to: that of its Thursday.
    public static func isoWeek(ofDay day: Int64) -> (year: Int, week: Int) {
        let thursday = day - Int64(isoWeekday(ofDay: day)) + 4
        let year = date(ofDay: thursday).year
        return (year, Int(thursday - days(year: year, month: 1, day: 1)) / 7 + 1)
    }

    /// A wall time moved by months, the day of the month held within its month, then by days.
    /// Nil when the result leaves the range.
    public static func adding(months: Int64, days: Int64, toWall wall: Int64) -> Int64? {
        var day = self.day(ofWall: wall)
        let timeOfDay = wall - day * nanosecondsPerDay
        if months != 0 { day = self.day(day, addingMonths: months) }
        return self.wall(day: day + days, timeOfDay: timeOfDay)
    }

    /// - Precondition: months within ±2^31.
    public static func day(_ day: Int64, addingMonths months: Int64) -> Int64 {
        let date = date(ofDay: day)
        let index = Int64(date.year) * 12 + Int64(date.month) - 1 + months
        let year = Int(floorQuotient(index, 12))
        let month = Int(floorRemainder(index, 12)) + 1
        return days(
            year: year, month: month, day: min(date.day, dayCount(ofMonth: month, year: year)))
    }

    /// The wall time of a day and a time of it; nil outside the range.
    @inlinable
    public static func wall(day: Int64, timeOfDay: Int64) -> Int64? {
        // The first day of the range begins before it, so a negative day is multiplied one short
        // and the rest added in two steps that cannot pass each other.
        let nearer = day < 0 ? day + 1 : day
        let rest = day < 0 ? timeOfDay - nanosecondsPerDay : timeOfDay
        let (product, overflow1) = nearer.multipliedReportingOverflow(by: nanosecondsPerDay)
        let (sum, overflow2) = product.addingReportingOverflow(rest)
        return overflow1 || overflow2 || sum == .min || sum == .max ? nil : sum
    }

    /// Division that rounds down.
    /// - Precondition: the divisor is positive.
    @inlinable @inline(__always)
    public static func floorQuotient(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value < 0 && quotient * divisor != value ? quotient - 1 : quotient
    }

    /// The remainder of `floorQuotient`: never negative.
    @inlinable @inline(__always)
    public static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}

/// A date of the proleptic Gregorian calendar; year 0 is 1 BC.
@frozen
public struct CivilDate: Sendable, Hashable {
    public var year: Int
    public var month: Int
    public var day: Int

    @inlinable
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }
}

/// A wall time taken apart.
@frozen
public struct CivilTime: Sendable, Hashable {
    public var date: CivilDate
    public var hour: Int
    public var minute: Int
    public var second: Int
    public var nanosecond: Int

    public init(wall: Int64) {
        let day = Calendar.day(ofWall: wall)
        let time = Int(wall &- day &* Calendar.nanosecondsPerDay)
        date = Calendar.date(ofDay: day)
        hour = time / 3_600_000_000_000
        minute = time / 60_000_000_000 % 60
        second = time / 1_000_000_000 % 60
        nanosecond = time % 1_000_000_000
    }
}

/// The units that `date_trunc` and `extract` know, from the smallest.
public enum CalendarUnit: String, Sendable, Hashable, CaseIterable {
    case nanosecond, microsecond, millisecond, second, minute, hour
    case day, week, month, quarter, year, decade, century, millennium

    /// A unit by its name, singular or plural, in any case, as PostgreSQL takes it.
    public init?(name: String) {
        var lower = name.lowercased()
        if lower == "millennia" || lower == "millenniums" { lower = "millennium" }
        if lower == "centuries" { lower = "century" }
        if let unit = CalendarUnit(rawValue: lower) {
            self = unit
        } else if lower.last == "s", let unit = CalendarUnit(rawValue: String(lower.dropLast())) {
            self = unit
        } else {
            return nil
        }
    }
}

extension Calendar {
    /// The beginning of the unit that a wall time lies in, on the same wall clock.
    public static func truncating(wall: Int64, to unit: CalendarUnit) -> Int64 {
        switch unit {
        case .nanosecond: return wall
        case .microsecond: return floor(wall, 1_000)
        case .millisecond: return floor(wall, 1_000_000)
        case .second: return floor(wall, 1_000_000_000)
        case .minute: return floor(wall, 60_000_000_000)
        case .hour: return floor(wall, 3_600_000_000_000)
        case .day: return floor(wall, nanosecondsPerDay)
        case .week, .month, .quarter, .year, .decade, .century, .millennium: break
        }
        if wall == .min || wall == .max { return wall }
        let day = self.day(ofWall: wall)
        let date = date(ofDay: day)
        let first: Int64
        switch unit {
        case .nanosecond, .microsecond, .millisecond, .second, .minute, .hour, .day: first = day
        case .week: first = day - Int64(isoWeekday(ofDay: day)) + 1
        case .month: first = day - Int64(date.day) + 1
        case .quarter:
            first = days(year: date.year, month: (date.month - 1) / 3 * 3 + 1, day: 1)
        case .year: first = days(year: date.year, month: 1, day: 1)
        case .decade: first = days(year: date.year / 10 * 10, month: 1, day: 1)
        case .century: first = days(year: (date.year - 1) / 100 * 100 + 1, month: 1, day: 1)
        case .millennium: first = days(year: (date.year - 1) / 1_000 * 1_000 + 1, month: 1, day: 1)
        }
        return self.wall(day: first, timeOfDay: 0) ?? .min
    }

    private static func floor(_ wall: Int64, _ step: Int64) -> Int64 {
        if wall == .min || wall == .max { return wall }
        let (product, overflow) = floorQuotient(wall, step).multipliedReportingOverflow(by: step)
        return overflow ? .min : product
    }
}
