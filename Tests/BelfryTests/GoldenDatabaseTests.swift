import Belfry
import Foundation
import Testing

/// The stores of `formats/golden`, each written once with every codec of its day, reference rows,
/// NULLs, an APPEND table and a log that was not flushed, open and answer as on the day they were made.
struct GoldenDatabaseTests {
    static var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("formats/golden")
    }

    /// A copy: opening for writing goes on where the golden one ended.
    private func copy(_ version: Int) throws -> String {
        let path = NSTemporaryDirectory() + "belfry-golden-" + UUID().uuidString
        try FileManager.default.copyItem(
            atPath: Self.folder.appendingPathComponent("version-\(version)").path, toPath: path)
        return path
    }

    private func text(_ rows: [[Value]]) -> String {
        rows.map { row in row.map { "\($0)" }.joined(separator: "|") }.joined(separator: "\n")
    }

    @Test("Case 25: a store of an older version opens, and is written once it is upgraded")
    func olderVersionIsUpgraded() throws {
        let path = try copy(0)
        defer { try? FileManager.default.removeItem(atPath: path) }
        func bytes() throws -> [String: Data] {
            var files: [String: Data] = [:]
            for file in try FileManager.default.subpathsOfDirectory(atPath: path)
            where file != "LOCK" {
                files[file] = FileManager.default.contents(atPath: path + "/" + file)
            }
            return files
        }
        let before = try bytes()
        let older = try Database.open(path)
        #expect(throws: BelfryError.self) {
            try older.run("INSERT INTO events (time, size) VALUES (now(), 1)")
        }
        try older.close()
        #expect(try bytes() == before)
        var options = DatabaseOptions()
        options.upgradesFormat = true
        try Database.open(path, options: options).close()
        let newer = try Database.open(path)
        try newer.run("ALTER TABLE events ADD COLUMN more BIGINT")
        try newer.run("INSERT INTO events (time, size, more) VALUES (now(), 1, 2)")
        #expect(newer.check().problems.isEmpty)
        try newer.close()
    }

    /// Statements whose answers stand in `version-N.txt`.
    private static let questions: [[String]] = [
        [
            """
            SELECT count(*), sum(amount), count(level), count(note), count(DISTINCT state),
                   count(*) FILTER (WHERE fine), max(level), min(seen), max(day)
            FROM readings
            """, "SELECT * FROM sites ORDER BY site", "SELECT * FROM events ORDER BY time, size",
            """
            SELECT * FROM readings WHERE sensor = 's1' OR sensor = 's9'
            ORDER BY time, sensor, site
            """,
        ],
        [
            """
            SELECT sensor, count(*), sum(amount), count(level), count(note), count(DISTINCT state),
                   count(spare), max(level), min(seen), max(day), min(time), max(time)
            FROM readings GROUP BY sensor ORDER BY sensor
            """, "SELECT * FROM sites ORDER BY site", "SELECT * FROM events ORDER BY time, size",
            "SELECT kind, count(*), min(value), max(value) FROM steps GROUP BY kind ORDER BY kind",
            "SELECT kind, value FROM steps ORDER BY kind, time",
            """
            SELECT road, count(*), sum(seconds), sum(median), count(speed), min(speed), max(speed),
                   sum(class), count(*) FILTER (WHERE flow = 'jam'), min(time), max(time)
            FROM roads GROUP BY road ORDER BY road
            """,
            "SELECT * FROM roads WHERE seconds % 90 = 0 ORDER BY road, time",
            """
            SELECT * FROM readings WHERE sensor <> 's2' AND amount % 13 = 0
            ORDER BY time, sensor, site
            """,
        ],
    ]

    @Test(arguments: [0, 1], [true, false])
    func answersAsItDid(version: Int, isReadOnly: Bool) throws {
        let path = try copy(version)
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = DatabaseOptions()
        options.isReadOnly = isReadOnly
        let database = try Database.open(path, options: options)
        try compareAnswers(of: database, version)
        if version > 0 && !isReadOnly {
            try database.run("CHECKPOINT")
            try database.compact()
            try compareAnswers(of: database, version)
        }
        #expect(database.check().problems.isEmpty)
        try database.close()
    }

    private func compareAnswers(of database: Database, _ version: Int) throws {
        var answers: [String] = []
        for question in Self.questions[version] {
            answers.append(text(try database.run(question).rows()))
        }
        let found = answers.joined(separator: "\n\n") + "\n"
        let place = Self.folder.appendingPathComponent("version-\(version).txt")
        if ProcessInfo.processInfo.environment["BELFRY_GOLDEN"] != nil {
            try found.write(to: place, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: place, encoding: .utf8)
        if found == expected { return }
        let lines = zip(found.split(separator: "\n"), expected.split(separator: "\n"))
        for (line, other) in lines where line != other {
            Issue.record("\(line) instead of \(other)")
            break
        }
        #expect(found.count == expected.count)
    }
}
