import Belfry
import BelfryCore
import BelfryImport
import BelfryTestSupport
import Testing

/// Rows outside the times that a table takes are refused one by one, by their lines.
@Suite struct AcceptedTimesTests {
    private func report(
        _ text: String, into target: any ImportTarget, name: String = "readings.csv",
        _ configure: (inout ImportOptions) -> Void = { _ in }
    ) throws -> ImportReport {
        var options = ImportOptions(table: "readings")
        configure(&options)
        return try withTemporaryFile(Array(text.utf8), name: name) { path in
            try Importer(options: options, target: target).run(paths: [path])
        }
    }

    private static func database(_ options: String = "") throws -> Database {
        let database = try Database.inMemory()
        try database.run(
            "CREATE TABLE readings (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT) \(options)")
        return database
    }

    @Test("Case 57: an import refuses single rows ahead of the horizon, with their lines")
    func horizon() throws {
        let text = "time,s,v\n2014-08-01,a,1\n2200-01-01,a,2\n2014-08-02,b,3\n2201-01-01,b,4\n"
        let database = try Self.database()
        let report = try report(text, into: DatabaseTarget(database))
        #expect(report.readCount == 4)
        #expect(report.storedCount == 2)
        #expect(report.rejectedCount == 2)
        #expect(report.problems.map(\.line) == [3, 5])
        #expect(report.problems.map(\.column) == ["time", "time"])
        let message = try #require(report.problems.first).message
        #expect(
            message.hasPrefix(
                "\"2200-01-01\" is past the table's HORIZON; expected is a time up to 20"))
        let rows = try database.run("SELECT s, v FROM readings ORDER BY time").rows()
        #expect(rows == [[.text("a"), .integer(1)], [.text("b"), .integer(3)]])
        // A table of forecasts takes them, and so does an import after it became one.
        try database.run("ALTER TABLE readings SET HORIZON '70000 days'")
        let again = try self.report(text, into: DatabaseTarget(database))
        #expect(again.storedCount == 2 && again.duplicateCount == 2 && again.rejectedCount == 0)
    }

    @Test("Case 57: an import refuses single rows from before what RETAIN keeps")
    func retain() throws {
        let database = try Self.database("PARTITION BY DAY RETAIN '30 days'")
        guard
            case .timestamptz(let now) = try database.run("SELECT now()").rows()[0][0]
        else { throw ImportError("now() is a time") }
        // The first value tells that these are counts of seconds.
        let seconds = now.nanoseconds / 1_000_000_000
        let text =
            "{\"time\":\(seconds),\"s\":\"a\",\"v\":1}\n"
            + "{\"time\":1406879400,\"s\":\"a\",\"v\":2}\n"
            + "{\"time\":\(seconds - 86_400),\"s\":\"b\",\"v\":3}\n"
        let report = try report(text, into: DatabaseTarget(database), name: "readings.ndjson")
        #expect(report.storedCount == 2 && report.rejectedCount == 1)
        let problem = try #require(report.problems.first)
        #expect(problem.line == 2)
        #expect(
            problem.message.hasPrefix(
                "\"1406879400\" (2014-08-01 07:50:00+00) is older than RETAIN keeps; "
                    + "expected is a time from "))
        #expect(try database.run("SELECT count(*) FROM readings").rows() == [[.integer(2)]])
    }

    @Test("Case 56: an import refuses times outside the range or in a jump, row by row")
    func definedRange() throws {
        let target = MemoryTarget()
        let zone = try TimeZoneDatabase().rules(named: "Europe/Copenhagen")
        let report = try report(
            "time,v\n1600-01-01,1\n1700-01-01,2\n2038-01-19 04:14:08,3\n2262-01-01,4\n"
                + "2300-01-01,5\n2014-03-30 02:30:00,6\n", into: target
        ) { $0.zone = zone }
        #expect(report.problems.map(\.line) == [2, 6, 7])
        #expect(report.rejectedCount == 3 && report.storedCount == 3)
        #expect(target.lines.contains("|2038-01-19 03:14:08+00|3"))
    }

    /// Counts at random around both edges, with rows that are refused for other reasons among
    /// them: what is stored and which lines are refused equals what a naive reading says.
    @Test(arguments: 0..<20)
    func equalsANaiveReading(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let accepted = TimeRange(
            start: Timestamp(seconds: 1_000), end: Timestamp(nanoseconds: 2_000_000_000_001))
        let target = MemoryTarget(accepted: accepted)
        var text = "time,s,v\n1500,a,0\n"
        var stored = ["a|\(Timestamp(seconds: 1_500))|0"]
        var refusedLines: [Int] = []
        for line in 3..<Int.random(in: 4...6_000, using: &generator) {
            let second = Int.random(in: 990...2_010, using: &generator)
            let isLong = generator.next() % 16 == 0
            let time = generator.next() % 16 == 0 ? "x" : "\(second)"
            text += "\(time),s\(line),\(line)\(isLong ? ",1" : "")\n"
            if time == "x" || isLong || second < 1_000 || second > 2_000 {
                refusedLines.append(line)
            } else {
                stored.append("s\(line)|\(Timestamp(seconds: Int64(second)))|\(line)")
            }
        }
        let report = try report(text, into: target) {
            $0.tagNames = ["s"]
            $0.problemCountLimit = 10_000
            $0.rejectedCountLimit = 10_000
            $0.bufferByteCount = Int.random(in: 200...100_000, using: &generator)
            $0.batchRowCount = Int.random(in: 1...5_000, using: &generator)
        }
        #expect(target.lines.sorted() == stored.sorted())
        #expect(report.problems.map(\.line).sorted() == refusedLines)
        #expect(report.rejectedCount == refusedLines.count)
        #expect(report.readCount == report.storedCount + report.rejectedCount)
    }

    /// An hour that the clock shows twice counts as the first of the two, at the edge as well.
    @Test func repeatedHourAtTheEdge() throws {
        let zone = try TimeZoneDatabase().rules(named: "Europe/Copenhagen")
        // 02:30 was at 00:30 and at 01:30 UTC.
        let end = Timestamp(seconds: 1_414_285_200)
        let target = MemoryTarget(
            accepted: TimeRange(start: .negativeInfinity, end: end))
        let report = try report(
            "time,v\n2014-10-26 02:30:00,1\n2014-10-26 02:10:00,2\n2014-10-26 03:30:00,3\n",
            into: target
        ) { $0.zone = zone }
        #expect(report.problems.map(\.line) == [4])
        #expect(report.storedCount == 2)
    }
}
