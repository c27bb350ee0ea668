import BelfryCore
import BelfryTestSupport
import Testing

/// Intervals: text forms, comparison and arithmetic as in PostgreSQL.
@Suite struct IntervalTests {
    static let hour: Int64 = 3_600_000_000_000

    @Test(arguments: [
        ("15 minutes", Interval(nanoseconds: hour / 4)),
        ("1 day 02:03:04", Interval(days: 1, nanoseconds: 7_384_000_000_000)),
        ("1 month", Interval(months: 1)), ("-1 month", Interval(months: -1)),
        ("2 hours 30 min", Interval(nanoseconds: hour * 5 / 2)),
        ("5m", Interval(nanoseconds: hour / 12)), ("1h30m", Interval(nanoseconds: hour * 3 / 2)),
        ("P1DT2H", Interval(days: 1, nanoseconds: 2 * hour)),
        ("P1Y2M3W4DT5H6M7.5S", Interval(months: 14, days: 25, nanoseconds: 18_367_500_000_000)),
        ("1.5 hours", Interval(nanoseconds: hour * 3 / 2)),
        ("0.5 day", Interval(nanoseconds: 12 * hour)),
        ("1.5 months", Interval(months: 1, days: 15)),
        ("1 year 2 mons -3 days", Interval(months: 14, days: -3)),
        ("2 quarters", Interval(months: 6)), ("1 week", Interval(days: 7)),
        ("-00:00:01", Interval(nanoseconds: -1_000_000_000)),
        ("30", Interval(nanoseconds: hour / 120)),
        ("1 hour ago", Interval(nanoseconds: -hour)), ("@ 1 ms", Interval(nanoseconds: 1_000_000)),
        ("250us", Interval(nanoseconds: 250_000)), ("7 ns", Interval(nanoseconds: 7)),
    ])
    func reads(_ text: String, _ interval: Interval) throws {
        let parsed = try #require(Interval(text))
        #expect(parsed == interval)
    }

    @Test(arguments: [
        "", " ", "P", "PT", "1 fortnite", "hours", "1 day ago 2", "99999999999 years", "1:2:3:4",
        "12345678901234567890 s", "1 :00", "--1 day", "1:75", "P1H",
        "9223372037 s 1 ns 9 hours 5 q",
    ])
    func refuses(_ text: String) {
        #expect(Interval(text) == nil)
    }

    @Test(arguments: [
        (Interval(), "00:00:00"), (Interval(days: 1, nanoseconds: 2 * hour), "1 day 02:00:00"),
        (Interval(months: 14, days: 3), "1 year 2 mons 3 days"),
        (Interval(months: -1, days: 1, nanoseconds: -hour), "-1 mons +1 day -01:00:00"),
        (Interval(days: -1, nanoseconds: hour), "-1 days +01:00:00"),
        (Interval(nanoseconds: 1_500_000_000), "00:00:01.5"),
        (Interval(nanoseconds: 100 * hour), "100:00:00"),
        (Interval(nanoseconds: .min), "-2562047:47:16.854775808"),
    ])
    func writes(_ interval: Interval, _ text: String) {
        #expect(interval.description == text)
    }

    @Test func readsWhatItWrites() {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<2_000 {
            let interval = Interval(
                months: Int32(truncatingIfNeeded: generator.next()) >> Int32(round % 32),
                days: Int32(truncatingIfNeeded: generator.next()) >> Int32(round % 31),
                nanoseconds: Int64(bitPattern: generator.next()) >> Int64(round % 63))
            #expect(Interval(interval.description) == interval)
        }
    }

    @Test func comparesWithThirtyDayMonths() {
        #expect(Interval(months: 1).sortKey == Interval(days: 30).sortKey)
        #expect(Interval(days: 1).sortKey == Interval(nanoseconds: 24 * Self.hour).sortKey)
        #expect(Interval(months: 1).sortKey < Interval(days: 31).sortKey)
        #expect(Interval(days: 1).elapsedNanoseconds(dayIs24Hours: true) == 24 * Self.hour)
        #expect(Interval(days: 1).elapsedNanoseconds(dayIs24Hours: false) == nil)
        #expect(Interval(months: 1).elapsedNanoseconds(dayIs24Hours: true) == nil)
    }

    @Test func multipliesLikePostgreSQL() {
        #expect(Interval(months: 1).multiplied(by: 1.5) == Interval(months: 1, days: 15))
        #expect(Interval(days: 1).multiplied(by: 0.25) == Interval(nanoseconds: 6 * Self.hour))
        #expect(Interval(days: 1).multiplied(by: .nan) == nil)
        #expect(Interval(days: 1).multiplied(by: 1e300) == nil)
        #expect(Interval(months: .min).negated() == nil)
    }
}
