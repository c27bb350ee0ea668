import Belfry
import Foundation
import Testing

/// The stores of `formats/golden`, each written once with every codec, reference rows, NULLs, an APPEND table
/// and a log that was not flushed, open and answer as on the day they were made.
struct GoldenDatabaseTests {
    private static var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("formats/golden")
    }

    /// A copy: opening for writing goes on where the golden one ended.
    private func copy() throws -> String {
        let path = NSTemporaryDirectory() + "belfry-golden-" + UUID().uuidString
        try FileManager.default.copyItem(
            atPath: Self.folder.appendingPathComponent("version-0").path, toPath: path)
        return path
    }

    private func text(_ rows: [[Value]]) -> String {
        rows.map { row in row.map { "\($0)" }.joined(separator: "|") }.joined(separator: "\n")
    }

    @Test("Case 25: a store of an older version opens, and is written once it is upgraded")
    func olderVersionIsUpgraded() throws {
        let path = try copy()
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

    @Test(arguments: [true, false])
    func answersAsItDid(isReadOnly: Bool) throws {
        let path = try copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = DatabaseOptions()
        options.isReadOnly = isReadOnly
        let database = try Database.open(path, options: options)
        #expect(database.tables.map(\.name).sorted() == ["events", "readings", "sites"])
        let counts = try database.run(
            """
            SELECT count(*), sum(amount), count(level), count(note), count(DISTINCT state),
                   count(*) FILTER (WHERE fine), max(level), min(seen), max(day)
            FROM readings
            """
        ).rows()
        let expected = try String(
            contentsOf: Self.folder.appendingPathComponent("version-0.txt"), encoding: .utf8)
        let sites = try database.run("SELECT * FROM sites ORDER BY site").rows()
        let events = try database.run("SELECT * FROM events ORDER BY time, size").rows()
        let rows = try database.run(
            "SELECT * FROM readings WHERE sensor = 's1' OR sensor = 's9' ORDER BY time, sensor, site"
        ).rows()
        let found = [counts, sites, events, rows].map(text).joined(separator: "\n\n") + "\n"
        if found != expected {
            let lines = zip(
                found.split(separator: "\n"), expected.split(separator: "\n"))
            for (line, other) in lines where line != other {
                Issue.record("\(line) instead of \(other)")
                break
            }
            #expect(found.count == expected.count)
            if ProcessInfo.processInfo.environment["BELFRY_GOLDEN"] != nil {
                try found.write(
                    to: Self.folder.appendingPathComponent("version-0.txt"), atomically: true,
                    encoding: .utf8)
            }
        }
        #expect(database.check().problems.isEmpty)
        try database.close()
    }
}
