import Belfry
import BelfryImport

/// The readings of Aarhus: import, append, size, and the eight golden questions.
///
/// The questions stand in `Benchmarks/queries/belfry.sql`, each below a line `-- name`. Answers are
/// compared with the golden ones by a test of their own; here each is run once before it is timed.
struct AarhusBench {
    let data: String
    let folder: String
    let queries: [(name: String, sql: String)]
    private let harness = Harness()

    func run() throws {
        let database = try importAll()
        try AppendBench(database, folder: folder, rounds: 3).run()
        for (name, sql) in queries {
            let session = database.session()
            var rowCount = 0
            let seconds = try harness.fastest(of: 7) { () throws(BelfryError) in
                rowCount = 0
                let result = try session.run(sql)
                while let batch = try result.nextBatch() { rowCount += batch.rowCount }
            }
            Harness.report(name, seconds: seconds, rows: rowCount)
        }
        try database.close()
    }

    /// The appends alone, more often.
    func runAppends() throws {
        let database = try importAll()
        try AppendBench(database, folder: folder, rounds: 9).run()
        try database.close()
    }

    private func importAll() throws -> Database {
        let database = try Database.open(folder + "/imported")
        var rows = 0
        let seconds = try harness.fastest(of: 1) {
            for file in AarhusFile.all {
                var options = ImportOptions(table: file.table)
                options.timeName = file.time
                options.tagNames = file.tags
                options.columnNames = file.columns
                options.skippedNames = file.skipped
                let report = try Importer(options: options, target: DatabaseTarget(database))
                    .run(paths: ["\(data)/\(file.name)"])
                rows += report.readCount
            }
        }
        Harness.report("import", seconds: seconds, rows: rows)
        try database.flush()
        Harness.report(
            "size", seconds: 0, rows: rows, bytes: FolderSize.bytes(folder + "/imported"))
        return database
    }
}

/// How a file of Aarhus becomes a table.
struct AarhusFile {
    var name: String
    var table: String
    var time: String
    var tags: [String] = []
    var columns: [(source: String, column: String)] = []
    var skipped: [String] = []

    static let all: [AarhusFile] = [
        AarhusFile(
            name: "traffic.csv.zst", table: "traffic", time: "TIMESTAMP", tags: ["REPORT_ID"],
            columns: [
                ("REPORT_ID", "sensor"), ("avgSpeed", "speed"), ("vehicleCount", "vehicles"),
                ("avgMeasuredTime", "travel"),
            ], skipped: ["status", "extID", "medianMeasuredTime", "_id"]),
        AarhusFile(
            name: "pollution.csv.zst", table: "pollution", time: "timestamp", tags: ["sensor"],
            columns: [
                ("particullate_matter", "pm"), ("carbon_monoxide", "co"),
                ("sulfure_dioxide", "so2"), ("nitrogen_dioxide", "no2"),
            ], skipped: ["longitude", "latitude"]),
        AarhusFile(name: "weather.csv", table: "weather", time: "TIMESTAMP"),
        AarhusFile(
            name: "parking.csv.zst", table: "parking", time: "updatetime", tags: ["garagecode"],
            columns: [
                ("garagecode", "garage"), ("vehiclecount", "vehicles"), ("totalspaces", "spaces"),
            ], skipped: ["_id", "streamtime"]),
    ]
}
