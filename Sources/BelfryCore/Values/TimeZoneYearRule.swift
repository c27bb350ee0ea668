/// A POSIX zone rule such as `CET-1CEST,M3.5.0,M10.5.0/3`: what a zone does every year to come.
struct TimeZoneYearRule: Sendable, Hashable {
    /// A day of the year and the wall time on it, in the clock that ends there.
    struct Date: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// 1 to 365; 29 February is never counted.
            case julian(Int)
            /// 0 to 365.
            case ordinal(Int)
            /// The week 1 to 5 (5: the last) and weekday 0 (Sunday) to 6 of a month.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        var seconds = 7200

        func dayNumber(inYear year: Int) -> Int64 {
            let first = Calendar.days(year: year, month: 1, day: 1)
            switch day {
            case .julian(let number):
                return first + Int64(number) - (Calendar.isLeap(year) && number >= 60 ? 0 : 1)
            case .ordinal(let number):
                return first + Int64(number)
            case .weekday(let month, let week, let weekday):
                let monthStart = Calendar.days(year: year, month: month, day: 1)
                let monthWeekday = Calendar.isoWeekday(ofDay: monthStart) % 7
                var day = 1 + (weekday - monthWeekday + 7) % 7 + (week - 1) * 7
                if day > Calendar.dayCount(ofMonth: month, year: year) { day -= 7 }
                return monthStart + Int64(day) - 1
            }
        }
    }

    var standard: TimeZoneRules.Clock
    private var daylight: (clock: TimeZoneRules.Clock, start: Date, end: Date)? {
        guard let daylightClock, let start, let end else { return nil }
        return (daylightClock, start, end)
    }
    private var daylightClock: TimeZoneRules.Clock?
    private var start: Date?
    private var end: Date?

    var hasDaylight: Bool { daylightClock != nil }

    /// Nil when the text is no rule.
    init?(_ text: [UInt8]) {
        var scanner = TimeScanner(text.span)
        guard let name = Self.readName(&scanner), let west = Self.readTime(&scanner) else {
            return nil
        }
        standard = TimeZoneRules.Clock(
            offsetSeconds: Int32(-west), isDaylight: false, abbreviation: name)
        if scanner.isAtEnd { return }
        guard let daylightName = Self.readName(&scanner) else { return nil }
        var daylightWest = west - 3600
        if scanner.next != UInt8(ascii: ",") {
            guard let value = Self.readTime(&scanner) else { return nil }
            daylightWest = value
        }
        guard scanner.take(UInt8(ascii: ",")), let start = Self.readDate(&scanner),
            scanner.take(UInt8(ascii: ",")), let end = Self.readDate(&scanner), scanner.isAtEnd
        else { return nil }
        guard abs(west) <= 26 * 3600, abs(daylightWest) <= 26 * 3600 else { return nil }
        daylightClock = TimeZoneRules.Clock(
            offsetSeconds: Int32(-daylightWest), isDaylight: true, abbreviation: daylightName)
        self.start = start
        self.end = end
    }

    /// The changes of a year in order of time.
    func changes(inYear year: Int) -> [(time: Timestamp, clock: TimeZoneRules.Clock)] {
        guard let daylight else { return [] }
        func instant(_ date: Date, _ clock: TimeZoneRules.Clock) -> Timestamp {
            Timestamp(
                seconds: date.dayNumber(inYear: year) * 86_400 + Int64(date.seconds)
                    - Int64(clock.offsetSeconds))
        }
        let begin = (time: instant(daylight.start, standard), clock: daylight.clock)
        let finish = (time: instant(daylight.end, daylight.clock), clock: standard)
        return begin.time < finish.time ? [begin, finish] : [finish, begin]
    }

    /// `CET` or `<+0330>`.
    private static func readName(_ scanner: inout TimeScanner) -> String? {
        var name: [UInt8] = []
        if scanner.take(UInt8(ascii: "<")) {
            while !scanner.take(UInt8(ascii: ">")) {
                if scanner.isAtEnd { return nil }
                name.append(scanner.next)
                scanner.skip()
            }
        } else {
            while (scanner.next | 0x20) &- 97 < 26 {
                name.append(scanner.next)
                scanner.skip()
            }
        }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    /// `-1`, `3:30`, `-167:59:59`, in seconds.
    private static func readTime(_ scanner: inout TimeScanner) -> Int? {
        let isNegative = scanner.take(UInt8(ascii: "-"))
        if !isNegative { _ = scanner.take(UInt8(ascii: "+")) }
        guard var total = scanner.readDigits(1...3), total <= 167 else { return nil }
        total *= 3600
        for scale in [60, 1] {
            guard scanner.take(UInt8(ascii: ":")) else { break }
            guard let part = scanner.readDigits(1...2), part < 60 else { return nil }
            total += part * scale
        }
        return isNegative ? -total : total
    }

    private static func readDate(_ scanner: inout TimeScanner) -> Date? {
        var date: Date
        if scanner.take(UInt8(ascii: "M")) {
            guard let month = scanner.readDigits(1...2), scanner.take(UInt8(ascii: ".")),
                let week = scanner.readDigits(1...1), scanner.take(UInt8(ascii: ".")),
                let weekday = scanner.readDigits(1...1), (1...12).contains(month),
                (1...5).contains(week), weekday < 7
            else { return nil }
            date = Date(day: .weekday(month: month, week: week, weekday: weekday))
        } else {
            let isJulian = scanner.take(UInt8(ascii: "J"))
            guard let number = scanner.readDigits(1...3), number <= 365,
                !isJulian || number >= 1
            else { return nil }
            date = Date(day: isJulian ? .julian(number) : .ordinal(number))
        }
        if scanner.take(UInt8(ascii: "/")) {
            guard let seconds = readTime(&scanner) else { return nil }
            date.seconds = seconds
        }
        return date
    }
}
