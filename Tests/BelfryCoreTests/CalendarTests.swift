import BelfryCore
import BelfryTestSupport
import Testing

/// Civil dates against counting day by day, truncation, months.
@Suite struct CalendarTests {
    @Test func everyDayOfNineHundredYears() {
        var day = Calendar.days(year: 1500, month: 1, day: 1)
        #expect(Calendar.days(year: 1970, month: 1, day: 1) == 0)
        #expect(Calendar.days(year: 2000, month: 3, day: 1) == 11_017)
        for year in 1500..<2400 {
            #expect(Calendar.isLeap(year) == (year % 400 == 0 || year % 4 == 0 && year % 100 != 0))
            for month in 1...12 {
                for date in 1...Calendar.dayCount(ofMonth: month, year: year) {
                    let civil = CivilDate(year: year, month: month, day: date)
                    guard Calendar.date(ofDay: day) == civil,
                        Calendar.days(year: year, month: month, day: date) == day
                    else {
                        Issue.record("\(civil) is not day \(day)")
                        return
                    }
                    day += 1
                }
            }
        }
    }

    @Test func weeks() {
        #expect(Calendar.isoWeekday(ofDay: 0) == 4)
        #expect(Calendar.isoWeekday(ofDay: -4) == 7)
        let samples = [(2014, 12, 29, 2015, 1), (2016, 1, 3, 2015, 53), (2014, 8, 1, 2014, 31)]
        for (year, month, day, isoYear, week) in samples {
            let found = Calendar.isoWeek(ofDay: Calendar.days(year: year, month: month, day: day))
            #expect(found.year == isoYear)
            #expect(found.week == week)
        }
    }

    @Test(arguments: [
        ("hour", "2014-08-13 07:00:00"), ("day", "2014-08-13 00:00:00"),
        ("week", "2014-08-11 00:00:00"), ("month", "2014-08-01 00:00:00"),
        ("quarter", "2014-07-01 00:00:00"), ("year", "2014-01-01 00:00:00"),
        ("decade", "2010-01-01 00:00:00"), ("century", "2001-01-01 00:00:00"),
        ("millennium", "2001-01-01 00:00:00"), ("SECONDS", "2014-08-13 07:50:09"),
        ("minutes", "2014-08-13 07:50:00"), ("milliseconds", "2014-08-13 07:50:09.123"),
        ("microsecond", "2014-08-13 07:50:09.123456"),
    ])
    func truncates(_ name: String, _ expected: String) throws {
        let unit = try #require(CalendarUnit(name: name))
        let wall = try #require(TimeText("2014-08-13 07:50:09.123456789")).wall
        var bytes: [UInt8] = []
        Timestamp.appendText(ofWall: Calendar.truncating(wall: wall, to: unit), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func truncatesAtTheEndsOfTheRange() {
        for unit in CalendarUnit.allCases {
            for wall in [Int64.min, Int64.min + 1, Int64.max - 1, Int64.max] {
                #expect(Calendar.truncating(wall: wall, to: unit) <= wall)
            }
        }
        #expect(CalendarUnit(name: "fortnight") == nil)
    }

    @Test func addsMonthsWithinTheMonth() throws {
        let copenhagen = try TimeZoneDatabase().rules(named: "Europe/Copenhagen")
        let samples = [
            ("2014-01-31", Interval(months: 1), "2014-02-28 00:00:00+00"),
            ("2012-01-31", Interval(months: 1), "2012-02-29 00:00:00+00"),
            ("2014-03-31", Interval(months: -13), "2013-02-28 00:00:00+00"),
            ("2014-01-31", Interval(months: 1, days: 1), "2014-03-01 00:00:00+00"),
        ]
        for (text, interval, expected) in samples {
            let time = try #require(Timestamp(text))
            #expect(time.adding(interval, in: .utc)?.description == expected)
        }
        let evening = try #require(Timestamp("2014-10-25 22:00:00+02"))
        #expect(
            evening.adding(Interval(days: 1), in: copenhagen)?.text(in: copenhagen)
                == "2014-10-26 22:00:00+01")
        #expect(evening.adding(Interval(months: .max), in: .utc) == nil)
        #expect(Timestamp.infinity.adding(Interval(days: 1), in: .utc) == .infinity)
    }

    @Test func rangeAlgebra() {
        func range(_ start: Int64, _ end: Int64) -> TimeRange {
            TimeRange(
                start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end))
        }
        #expect(range(0, 10).contains(Timestamp(nanoseconds: 0)))
        #expect(!range(0, 10).contains(Timestamp(nanoseconds: 10)))
        #expect(range(0, 10).intersection(range(5, 20)) == range(5, 10))
        #expect(range(0, 10).intersection(range(10, 20)).isEmpty)
        #expect(!range(0, 10).overlaps(range(10, 20)))
        #expect(TimeRange.everything.contains(range(0, 10)))
        #expect(range(0, 10).contains(range(7, 3)))
        #expect(range(0, 10).hull(range(20, 30)) == range(0, 30))
        #expect(range(0, 10).hull(.nothing) == range(0, 10))
    }
}
