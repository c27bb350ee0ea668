import Belfry
import BelfryImport
import Foundation
import Testing

/// The readings of Aarhus into a database: the counts of the golden file, duplicates, NULLs, and
/// the same files once more. Skipped where the readings are not beside the repository.
@Suite struct AarhusImportTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/data/aarhus").path
    static var isThere: Bool { FileManager.default.fileExists(atPath: folder + "/weather.csv") }

    private func withDatabase(_ body: (Database) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-aarhus-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = try Database.open(folder.path)
        try body(database)
        try database.close()
    }

    private func report(
        _ database: Database, _ file: String, _ table: String, time: String? = nil,
        tags: [String] = [], skipped: [String] = []
    ) throws -> ImportReport {
        var options = ImportOptions(table: table)
        options.timeName = time
        options.tagNames = tags
        options.skippedNames = skipped
        let report = try Importer(options: options, target: DatabaseTarget(database))
            .run(paths: [Self.folder + "/" + file])
        #expect(
            report.readCount == report.storedCount + report.updatedCount + report.duplicateCount
                + report.rejectedCount)
        return report
    }

    /// `table: (read, stored)` of the golden file.
    private func goldenCounts() throws -> [String: [Int]] {
        let text = try String(contentsOfFile: Self.folder + "/expected/counts.csv", encoding: .utf8)
        var counts: [String: [Int]] = [:]
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            let parts = line.split(separator: ",")
            counts[String(parts[0])] = parts.dropFirst().compactMap { Int($0) }
        }
        return counts
    }

    @Test(.enabled(if: isThere, "the readings of Aarhus are not beside the repository"))
    func countsAndDuplicates() throws {
        let golden = try goldenCounts()
        try withDatabase { database in
            let parking = try report(
                database, "parking.csv.zst", "parking", time: "updatetime",
                tags: ["garagecode"], skipped: ["_id"])
            #expect([parking.readCount, parking.storedCount] == golden["parking"])
            let weather = try report(database, "weather.csv", "weather", time: "TIMESTAMP")
            #expect([weather.readCount, weather.storedCount] == golden["weather"])
            let empty = try database.run("SELECT count(*) FROM weather WHERE tempm IS NULL")
            #expect(try empty.rows().first?.first == .integer(1))
            let traffic = try report(
                database, "traffic.csv.zst", "traffic", time: "TIMESTAMP", tags: ["REPORT_ID"],
                skipped: ["_id"])
            #expect([traffic.readCount, traffic.storedCount] == golden["traffic"])
            #expect(traffic.duplicateCount == 352)
            let again = try report(
                database, "parking.csv.zst", "parking", time: "updatetime",
                tags: ["garagecode"], skipped: ["_id"])
            #expect(again.storedCount == 0)
            #expect(again.duplicateCount == again.readCount)
        }
    }

    @Test(.enabled(if: isThere, "the readings of Aarhus are not beside the repository"))
    func referenceTableTwice() throws {
        try withDatabase { database in
            try database.run(
                """
                CREATE TABLE garage (garagecode TEXT PRIMARY KEY, city TEXT, postalcode BIGINT, \
                street TEXT, housenumber TEXT, latitude DOUBLE, longitude DOUBLE)
                """)
            #expect(try report(database, "parking_garages.csv", "garage").storedCount == 8)
            #expect(try report(database, "parking_garages.csv", "garage").duplicateCount == 8)
            let streets = try database.run(
                "SELECT street FROM garage WHERE garagecode = 'NORREPORT'")
            #expect(try streets.rows().first?.first == .text("Kærlighedsstien"))
        }
    }
}
