import Belfry
import BelfryImport
import Foundation
import Testing

/// Real readings of a city against golden answers computed elsewhere: `../shared/data/aarhus`
/// beside the project; skipped where it is absent.
@Suite(.enabled(if: Aarhus.isThere, "no readings at ../shared/data/aarhus"), .serialized)
struct AarhusTests {
    @Test func importedCitiesAnswerLikeTheGoldenFiles() throws {
        let city = try Aarhus()
        // Rows read and stored, and what happened to each.
        #expect(city.reports["traffic"]?.readCount == 1_784_197)
        #expect(city.reports["traffic"]?.storedCount == 1_783_845)
        #expect(city.reports["traffic"]?.duplicateCount == 352)
        #expect(city.reports["pollution"]?.storedCount == 1_967_616)
        for report in city.reports.values { #expect(report.rejectedCount == 0) }
        try city.expectCounts()
        for name in Aarhus.questions.keys.sorted() { try city.expectGolden(name) }

        // Empty fields are NULL, CRLF leaves no trace, late blocks stand in their place.
        let weather = try city.database.run(
            "SELECT count(*), count(hum), count(tempm) FROM weather"
        ).rows()
        #expect(weather == [[.integer(4357), .integer(4356), .integer(4356)]])
        let order = try city.database.run("SELECT sensor, time FROM traffic").rows()
        var last: [Value: Timestamp] = [:]
        for row in order {
            guard case .timestamptz(let time) = row[1] else { continue }
            if let before = last[row[0]] { #expect(before < time) }
            last[row[0]] = time
        }

        // The same files again change nothing.
        let again = try city.importFile(Aarhus.files[0])
        #expect(again.duplicateCount == 1_784_197 && again.storedCount == 0)
        try city.database.compact()
        for name in Aarhus.questions.keys.sorted() { try city.expectGolden(name) }
        #expect(city.database.check().problems.isEmpty)
    }
}

/// The city on disk.
private final class Aarhus {
    static let folder = "../shared/data/aarhus"
    static var isThere: Bool { FileManager.default.fileExists(atPath: root + "/README.md") }

    /// Tests run in the package's folder.
    private static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(folder).standardized.path
    }

    struct File {
        var name: String
        var table: String
        var time: String
        var tags: [String] = []
        var columns: [(source: String, column: String)] = []
        var skipped: [String] = []
    }

    static var files: [File] {
        [
            File(
                name: "traffic.csv.zst", table: "traffic", time: "TIMESTAMP", tags: ["REPORT_ID"],
                columns: [
                    ("REPORT_ID", "sensor"), ("avgSpeed", "speed"), ("vehicleCount", "vehicles"),
                    ("avgMeasuredTime", "travel"),
                ], skipped: ["status", "extID", "medianMeasuredTime", "_id"]),
            File(
                name: "pollution.csv.zst", table: "pollution", time: "timestamp", tags: ["sensor"],
                columns: [
                    ("particullate_matter", "pm"), ("carbon_monoxide", "co"),
                    ("sulfure_dioxide", "so2"), ("nitrogen_dioxide", "no2"),
                ], skipped: ["longitude", "latitude"]),
            File(name: "weather.csv", table: "weather", time: "TIMESTAMP"),
            File(
                name: "parking.csv.zst", table: "parking", time: "updatetime",
                tags: ["garagecode"],
                columns: [
                    ("garagecode", "garage"), ("vehiclecount", "vehicles"),
                    ("totalspaces", "spaces"),
                ], skipped: ["_id", "streamtime"]),
        ]
    }

    let database: Database
    private(set) var reports: [String: ImportReport] = [:]
    private let path: String

    init() throws {
        path = NSTemporaryDirectory() + "belfry-aarhus-" + UUID().uuidString
        var options = DatabaseOptions()
        options.durability = .interval(milliseconds: 1000)
        database = try Database.open(path, options: options)
        for file in Self.files { reports[file.table] = try importFile(file) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func importFile(_ file: File) throws -> ImportReport {
        var options = ImportOptions(table: file.table)
        options.timeName = file.time
        options.tagNames = file.tags
        options.columnNames = file.columns
        options.skippedNames = file.skipped
        return try Importer(options: options, target: DatabaseTarget(database))
            .run(paths: ["\(Self.root)/\(file.name)"])
    }

    // MARK: - Answers

    func expectCounts() throws {
        let lines = try Self.lines("counts")
        for line in lines.dropFirst() {
            let rows = try database.run("SELECT count(*) FROM \(line[0])").rows()
            #expect(rows == [[.integer(Int64(line[2]) ?? -1)]])
            #expect(reports[line[0]]?.readCount == Int(line[1]))
        }
    }

    /// Texts equal, numbers to 1e-9 of their size.
    func expectGolden(_ name: String) throws {
        let result = try database.run(Self.questions[name] ?? "")
        let names = result.columns.map(\.name)
        let rows = try result.rows()
        let expected = try Self.lines(name)
        #expect(names == expected[0], "\(name)")
        #expect(rows.count == expected.count - 1, "\(name)")
        for (row, line) in zip(rows, expected.dropFirst()) {
            let isEqual = zip(row, line).allSatisfy { Self.isEqual($0, $1) }
            if !isEqual {
                Issue.record("\(name): \(row) instead of \(line)")
                return
            }
        }
    }

    private static func isEqual(_ value: Value, _ text: String) -> Bool {
        switch value {
        case .null: return text.isEmpty
        case .text(let it): return it == text
        case .integer(let it): return Int64(text) == it || Double(text) == Double(it)
        case .double(let it):
            guard let other = Double(text) else { return false }
            return abs(it - other) <= 1e-9 * max(abs(it), abs(other))
        case .timestamptz(let it): return it.text(in: .utc) == text + "+00"
        case .timestamp(let it):
            var bytes: [UInt8] = []
            Timestamp.appendText(ofWall: it.nanoseconds, to: &bytes)
            return String(decoding: bytes, as: UTF8.self) == text
        case .boolean, .date, .interval: return false
        }
    }

    private static func lines(_ name: String) throws -> [[String]] {
        try String(contentsOfFile: "\(root)/expected/\(name).csv", encoding: .utf8)
            .split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
    }

    static let questions: [String: String] = [
        "hourly_traffic": """
        SELECT bucket, sensor, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles,
               max(travel) AS travel
        FROM traffic WHERE time >= '2014-09-01' AND time < '2014-09-03'
        GROUP BY sensor SAMPLE BY '1 hour' ORDER BY sensor, bucket
        """,
        "daily_city": """
        SELECT bucket, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles
        FROM traffic SAMPLE BY '1 day' ORDER BY bucket
        """,
        "latest": """
        SELECT sensor, time, speed, vehicles FROM traffic LATEST BY (sensor) ORDER BY sensor
        """,
        "asof_weather": """
        SELECT count(*) AS n, sum(t.vehicles) AS vehicles, avg(w.tempm) AS tempm,
               count(w.tempm) AS with_temp
        FROM traffic t ASOF JOIN weather w
        """,
        "asof_pollution": """
        SELECT t.sensor, count(*) AS n, count(p.no2) AS matched, corr(t.vehicles, p.no2) AS r
        FROM traffic t ASOF JOIN pollution p USING (sensor) GROUP BY t.sensor ORDER BY t.sensor
        """,
        "asof_pollution_10m": """
        SELECT count(*) AS n, count(p.no2) AS matched, avg(p.no2) AS no2
        FROM traffic t ASOF JOIN pollution p USING (sensor) TOLERANCE '10 minutes'
        """,
        "align_hourly": """
        SELECT bucket, avg(t.speed) AS speed, sum(t.vehicles) AS vehicles, avg(p.pm) AS pm,
               avg(p.no2) AS no2, avg(w.tempm) AS tempm, max(w.wspdm) AS wind,
               sum(k.spaces - k.vehicles) AS free, count(k.*) AS reports
        FROM traffic t ALIGN JOIN pollution p ALIGN JOIN weather w ALIGN JOIN parking k
        WHERE time >= '2014-08-15' AND time < '2014-08-22' SAMPLE BY '1 hour' ORDER BY bucket
        """,
        "parking_local_days": """
        SELECT bucket AT TIME ZONE 'Europe/Copenhagen' AS day, garage, count(*) AS n,
               max(vehicles) AS vehicles
        FROM parking WHERE time >= '2014-10-20' AND time < '2014-11-04'
        GROUP BY garage SAMPLE BY '1 day' TIME ZONE 'Europe/Copenhagen' ORDER BY garage, day
        """,
    ]
}
