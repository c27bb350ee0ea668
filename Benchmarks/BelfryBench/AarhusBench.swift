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
        try appendAll(from: database)
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

    /// Traffic again, in columns that are in memory already, by both durabilities.
    private func appendAll(from database: Database) throws {
        let batches = try columns(of: database)
        let rows = batches.reduce(0) { $0 + ($1.first?.values.count ?? 0) }
        let modes: [(String, DatabaseOptions.Durability)] = [
            ("append_interval", .interval(milliseconds: 1000)), ("append_sync", .sync),
        ]
        for (name, durability) in modes {
            var options = DatabaseOptions()
            options.durability = durability
            var round = 0
            let seconds = try harness.fastest(of: 3) {
                round += 1
                let target = try Database.open("\(folder)/\(name)-\(round)", options: options)
                try target.run(
                    """
                    CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, \
                    speed BIGINT, vehicles BIGINT, travel BIGINT)
                    """)
                let appender = try target.appender(for: "traffic")
                for batch in batches { try appender.append(batch) }
                try target.close()
            }
            Harness.report(name, seconds: seconds, rows: rows)
        }
    }

    private func columns(of database: Database) throws -> [[(name: String, values: Vector)]] {
        let result = try database.run("SELECT time, sensor, speed, vehicles, travel FROM traffic")
        let names = result.columns.map(\.name)
        var batches: [[(name: String, values: Vector)]] = []
        var builders = result.columns.map { VectorBuilder($0.type, capacity: 65_536) }
        func cut() {
            batches.append(zip(names, builders).map { ($0, $1.finish()) })
            builders = result.columns.map { VectorBuilder($0.type, capacity: 65_536) }
        }
        while let batch = try result.nextBatch() {
            for index in builders.indices {
                builders[index].append(contentsOf: batch.vectors[index])
            }
            if builders[0].count >= 65_536 - Vector.capacity { cut() }
        }
        if builders[0].count > 0 { cut() }
        return batches
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
