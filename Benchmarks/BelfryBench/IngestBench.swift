import Belfry
import BelfryImport
import BelfryStorage
import Glibc

/// What encoding takes of ingest: the same rows in, once with every codec, once with the strips as
/// they are in memory.
///
/// Appends are the traffic table with its four fields, from columns in memory, in batches of 64,512
/// rows; the import is the file of the same readings. Figures are rows a second to the last
/// acknowledgement, and to the closed database with everything in segments. Runs of both kinds
/// alternate, and the best of each counts. Raw strips are about eight times as many bytes, which
/// the system has to take: so the processor's time is told as well, of all threads, in the process
/// alone and with what the system did for it.
struct IngestBench {
    private let harness = Harness()
    private let folder: String

    /// `COLUMNS DATA FOLDER`: the folder of `columns.py`, the files of Aarhus, and an empty folder.
    static func run(_ words: [String]) throws {
        guard words.count == 3, let columns = TrafficColumns(folder: words[0]) else {
            return print("usage: BelfryBench ingest COLUMNS DATA FOLDER")
        }
        let bench = IngestBench(folder: words[2])
        try bench.append(columns)
        try bench.importFile(words[1])
    }

    private init(folder: String) { self.folder = folder }

    private func options(isRaw: Bool) -> DatabaseOptions {
        var options = DatabaseOptions()
        options.durability = .interval(milliseconds: 1000)
        options.store.writesRawStrips = isRaw
        return options
    }

    private static func name(_ isRaw: Bool) -> String { isRaw ? "raw" : "encoded" }

    private func append(_ columns: TrafficColumns) throws {
        let batches = columns.parts(of: 64_512).map { rows in
            columns.key(rows)
                + TrafficColumns.fields.indices.map {
                    (TrafficColumns.fields[$0], columns.integers($0, rows))
                }
        }
        var acknowledged = [Double.infinity, .infinity]
        var closed = acknowledged
        var processor = acknowledged
        for round in 0..<10 {
            let isRaw = round % 2 == 1
            let clock = ContinuousClock()
            let start = clock.now
            let used = Self.processorSeconds()
            let target = try Database.open(
                "\(folder)/append-\(round)", options: options(isRaw: isRaw))
            try target.run(
                """
                CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, \
                "avgMeasuredTime" BIGINT, "avgSpeed" BIGINT, "medianMeasuredTime" BIGINT, \
                "vehicleCount" BIGINT)
                """)
            let appender = try target.appender(for: "traffic")
            for batch in batches { try appender.append(batch) }
            let kind = isRaw ? 1 : 0
            acknowledged[kind] = min(
                acknowledged[kind], Harness.seconds(start.duration(to: clock.now)))
            try target.close()
            closed[kind] = min(closed[kind], Harness.seconds(start.duration(to: clock.now)))
            processor[kind] = min(processor[kind], Self.processorSeconds() - used)
        }
        for (kind, isRaw) in [false, true].enumerated() {
            report("append, acknowledged", isRaw, columns.rowCount, acknowledged[kind])
            report("append, closed", isRaw, columns.rowCount, closed[kind])
            report("append, rows a processor second", isRaw, columns.rowCount, processor[kind])
        }
    }

    private func importFile(_ data: String) throws {
        let file = AarhusFile.all[0]
        var best = [Double.infinity, .infinity]
        var processor = best
        var rows = 0
        for round in 0..<6 {
            let isRaw = round % 2 == 1
            let database = try Database.open(
                "\(folder)/import-\(round)", options: options(isRaw: isRaw))
            var imported = ImportOptions(table: file.table)
            imported.timeName = file.time
            imported.tagNames = file.tags
            imported.skippedNames = ["status", "extID", "_id"]
            let used = Self.processorSeconds()
            let seconds = try harness.fastest(of: 1) {
                let report = try Importer(options: imported, target: DatabaseTarget(database))
                    .run(paths: ["\(data)/\(file.name)"])
                rows = report.readCount
                try database.close()
            }
            let kind = isRaw ? 1 : 0
            best[kind] = min(best[kind], seconds)
            processor[kind] = min(processor[kind], Self.processorSeconds() - used)
        }
        for (kind, isRaw) in [false, true].enumerated() {
            report("import, closed", isRaw, rows, best[kind])
            report("import, rows a processor second", isRaw, rows, processor[kind])
        }
    }

    /// Of all threads since the process began, in the process and for it.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private func report(_ what: String, _ isRaw: Bool, _ rows: Int, _ seconds: Double) {
        print(
            "{\"peer\":\"belfry\",\"column\":\"ingest\",\"what\":\"\(what)\","
                + "\"variant\":\"\(Self.name(isRaw))\",\"value\":\(Double(rows) / seconds)}")
    }
}
