import BelfryCore
import BelfryTestSupport
import Testing

/// Bucket boundaries: the documented days, and the laws over all zones.
@Suite struct BucketGridTests {
    let database = TimeZoneDatabase()
    static let hour: Int64 = 3_600_000_000_000

    private func boundaries(
        _ width: String, _ zone: String, _ from: String, _ count: Int, origin: String? = nil
    ) throws -> [String] {
        let rules = try database.rules(named: zone)
        let grid = try BucketGrid(
            width: #require(Interval(width)), zone: rules,
            originWall: origin.map { try #require(TimeText($0)).wall })
        var time = grid.start(of: try #require(Timestamp(from, in: rules)))
        var texts: [String] = []
        for _ in 0..<count {
            texts.append(time.text(in: rules))
            time = grid.end(of: time)
        }
        return texts
    }

    @Test func localDays() throws {
        #expect(
            try boundaries("1 day", "Europe/Copenhagen", "2014-10-25 12:00", 3) == [
                "2014-10-25 00:00:00+02", "2014-10-26 00:00:00+02", "2014-10-27 00:00:00+01",
            ])
        #expect(
            try boundaries("24 hours", "Europe/Copenhagen", "2014-10-25 12:00", 3) == [
                "2014-10-25 01:00:00+02", "2014-10-26 01:00:00+02", "2014-10-27 00:00:00+01",
            ])
    }

    @Test func repeatedHours() throws {
        #expect(
            try boundaries("1 hour", "Europe/Copenhagen", "2014-10-26 01:10", 4) == [
                "2014-10-26 01:00:00+02", "2014-10-26 02:00:00+02", "2014-10-26 02:00:00+01",
                "2014-10-26 03:00:00+01",
            ])
        #expect(
            try boundaries("6 hours", "Europe/Copenhagen", "2014-10-26 00:10", 3) == [
                "2014-10-26 00:00:00+02", "2014-10-26 06:00:00+01", "2014-10-26 12:00:00+01",
            ])
        #expect(
            try boundaries("30 minutes", "Europe/Copenhagen", "2014-03-30 01:30", 2) == [
                "2014-03-30 01:30:00+01", "2014-03-30 03:00:00+02",
            ])
        #expect(
            try boundaries("2 hours", "Europe/Copenhagen", "2014-03-30 00:00", 3) == [
                "2014-03-30 00:00:00+01", "2014-03-30 03:00:00+02", "2014-03-30 04:00:00+02",
            ])
    }

    @Test func monthsQuartersWeeksAndGasDays() throws {
        #expect(
            try boundaries("1 month", "Europe/Copenhagen", "2014-02-10", 3) == [
                "2014-02-01 00:00:00+01", "2014-03-01 00:00:00+01", "2014-04-01 00:00:00+02",
            ])
        #expect(
            try boundaries("1 quarter", "UTC", "2014-02-10", 2) == [
                "2014-01-01 00:00:00+00", "2014-04-01 00:00:00+00",
            ])
        #expect(
            try boundaries("1 month", "UTC", "2014-02-10", 2, origin: "2000-01-15 06:00") == [
                "2014-01-15 06:00:00+00", "2014-02-15 06:00:00+00",
            ])
        #expect(
            try boundaries("1 week", "UTC", "2014-08-13", 2) == [
                "2014-08-11 00:00:00+00", "2014-08-18 00:00:00+00",
            ])
        #expect(
            try boundaries(
                "1 day", "Europe/Berlin", "2014-10-26 03:00", 2, origin: "2000-01-03 06:00")
                == ["2014-10-25 06:00:00+02", "2014-10-26 06:00:00+01"])
    }

    @Test func skippedAndRepeatedMidnights() throws {
        #expect(
            try boundaries("1 day", "Pacific/Apia", "2011-12-29 12:00", 2) == [
                "2011-12-29 00:00:00-10", "2011-12-31 00:00:00+14",
            ])
        #expect(
            try boundaries("1 day", "America/Havana", "2014-11-01 12:00", 3) == [
                "2014-11-01 00:00:00-04", "2014-11-02 00:00:00-04", "2014-11-03 00:00:00-05",
            ])
        #expect(
            try boundaries("1 day", "America/Sao_Paulo", "2014-10-18 12:00", 2) == [
                "2014-10-18 00:00:00-03", "2014-10-19 01:00:00-02",
            ])
    }

    @Test(arguments: ["0 days", "-1 hour", "1 month 1 day", "1 day 01:00:00"])
    func refusesWidths(_ width: String) throws {
        let interval = try #require(Interval(width))
        #expect(throws: BucketGridError.self) { try BucketGrid(width: interval) }
    }

    @Test func refusesMonthsFromLateDays() throws {
        let origin = try #require(TimeText("2000-01-31")).wall
        #expect(throws: BucketGridError.self) {
            try BucketGrid(width: Interval(months: 1), originWall: origin)
        }
    }

    @Test func endsOfTheRange() throws {
        for width in ["1 month", "1 day", "7 minutes", "1 hour"] {
            for zone in ["UTC", "Europe/Copenhagen"] {
                let grid = try BucketGrid(
                    width: #require(Interval(width)), zone: database.rules(named: zone))
                for nanoseconds in [Int64.min, .min + 1, .max - 1, .max] {
                    let time = Timestamp(nanoseconds: nanoseconds)
                    #expect(grid.start(of: time) <= time)
                    #expect(grid.end(of: time) >= time)
                }
            }
        }
    }

    /// D15 over every zone, its changes between 1970 and 2037 sampled, times around each change:
    /// b(t) <= t < end(b(t)); buckets touch; b is monotone and idempotent; day boundaries are
    /// boundaries of every width that divides the day; the vector kernel equals the row function.
    @Test func lawsInAllZones() throws {
        var generator = SeededGenerator(seed: 2)
        let widths = [
            "1 minute", "15 minutes", "20 minutes", "1 hour", "3 hours", "6 hours", "12 hours",
            "1 day", "2 days", "1 week", "1 month", "3 months", "1 year", "7 minutes", "24 hours",
        ].compactMap { Interval($0) }
        let from = Timestamp(nanoseconds: 0)
        let to = try #require(Timestamp("2037-12-31"))
        for (number, name) in database.names.enumerated() {
            let zone = try database.rules(named: name)
            let changes = zone.changes.filter { $0 >= from && $0 < to }
            guard !changes.isEmpty else { continue }
            let width = widths[number % widths.count]
            let other = widths[(number / widths.count) % widths.count]
            for width in [width, other] {
                let grid = try BucketGrid(width: width, zone: zone)
                let dayGrid = try BucketGrid(width: Interval(days: 1), zone: zone)
                for change in changes.shuffled(using: &generator).prefix(4) {
                    try laws(grid, dayGrid, around: change, name, &generator)
                }
            }
        }
    }

    private func laws(
        _ grid: BucketGrid, _ dayGrid: BucketGrid, around change: Timestamp, _ name: String,
        _ generator: inout SeededGenerator
    ) throws {
        var times = (0..<24).map { _ in
            Int64.random(in: -30 * Self.hour...30 * Self.hour, using: &generator)
        }
        times += [-Self.hour, -1, 0, 1, Self.hour, Self.hour / 2]
        let sorted = times.map { change.advanced(byNanoseconds: $0) }.sorted()
        var previous = Timestamp.negativeInfinity
        for time in sorted {
            let start = grid.start(of: time)
            let end = grid.end(of: time)
            let holds =
                start <= time && time < end && start >= previous && grid.start(of: start) == start
                && grid.end(of: start) == end && grid.start(of: end) == end
                && grid.start(of: end.advanced(byNanoseconds: -1)) == start
            guard holds else {
                Issue.record("\(name), width \(grid.width), at \(time): \(start) to \(end)")
                return
            }
            previous = start
            let isDivisor =
                grid.width.nanoseconds > 0 && 24 * Self.hour % grid.width.nanoseconds == 0
                && grid.width.nanoseconds < 24 * Self.hour
            if isDivisor {
                let day = dayGrid.start(of: time)
                #expect(grid.start(of: day) == day, "\(name), width \(grid.width), day \(day)")
            }
        }
        let starts = grid.starts(of: sorted.map(\.nanoseconds))
        #expect(starts == sorted.map { grid.start(of: $0).nanoseconds })
    }
}
