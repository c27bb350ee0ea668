import Belfry
import BelfryCodecs
import BelfryCore
import Glibc

/// The traffic of Aarhus again, in columns that are in memory already: by both durabilities, as one
/// batch past the log's limit, and beside them what the disk could take of the same bytes.
///
/// A figure is the time from an absent folder to the last acknowledgement; `…_closed` to the closed
/// database, with everything in segments. `log_strips` is what a log of strips would take: the
/// batches encoded as segments encode them, and written.
struct AppendBench {
    let folder: String
    let rounds: Int
    private let batches: [[(name: String, values: Vector)]]
    private let rowCount: Int
    private let clock = ContinuousClock()

    init(_ database: Database, folder: String, rounds: Int) throws {
        self.folder = folder
        self.rounds = rounds
        batches = try Self.columns(of: database)
        rowCount = batches.reduce(0) { $0 + ($1.first?.values.count ?? 0) }
    }

    func run() throws {
        try append("append_interval", batches, .interval(milliseconds: 1000))
        try append("append_sync", batches, .sync)
        try append("append_direct", [Self.joined(batches)], .sync)
        // A row takes 8 bytes for its time and for each of its three fields.
        writeLog("log_bandwidth", rowCount * 32 / max(1, batches.count), synced: false)
        writeLog("log_bandwidth_sync", rowCount * 32 / max(1, batches.count), synced: true)
        writeStrips()
    }

    private func writeStrips() {
        var best = Double.infinity
        var byteCount = 0
        for round in 1...rounds {
            let descriptor = unsafe open(
                "\(folder)/log_strips-\(round)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            byteCount = 0
            let start = clock.now
            for batch in batches {
                for case .integers(let values) in batch.map(\.values.storage) {
                    for first in stride(from: 0, to: values.count, by: Strip.rowCountLimit) {
                        let end = min(values.count, first + Strip.rowCountLimit)
                        let bytes = StripEncoder.encode(
                            .integers(Array(values[first..<end])), validity: nil, salt: 1,
                            offset: UInt64(byteCount))
                        unsafe bytes.withUnsafeBytes {
                            _ = unsafe pwrite(
                                descriptor, $0.baseAddress, $0.count, off_t(byteCount))
                        }
                        byteCount += bytes.count
                    }
                }
            }
            fdatasync(descriptor)
            best = min(best, Harness.seconds(start.duration(to: clock.now)))
        }
        Harness.report("log_strips", seconds: best, rows: rowCount, bytes: byteCount)
    }

    private func append(
        _ name: String, _ batches: [[(name: String, values: Vector)]],
        _ durability: DatabaseOptions.Durability
    ) throws {
        var options = DatabaseOptions()
        options.durability = durability
        var whole = Double.infinity
        var acknowledged = Double.infinity
        for round in 1...rounds {
            let place = "\(folder)/\(name)-\(round)"
            let start = clock.now
            let target = try Database.open(place, options: options)
            try target.run(
                """
                CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, \
                speed BIGINT, vehicles BIGINT, travel BIGINT)
                """)
            let appender = try target.appender(for: "traffic")
            for batch in batches { try appender.append(batch) }
            acknowledged = min(acknowledged, Harness.seconds(start.duration(to: clock.now)))
            try target.close()
            whole = min(whole, Harness.seconds(start.duration(to: clock.now)))
        }
        Harness.report(name, seconds: acknowledged, rows: rowCount)
        Harness.report(name + "_closed", seconds: whole, rows: rowCount)
    }

    /// What a log of the same bytes takes at least: written end to end, synced at the end or after
    /// each batch, without an engine.
    private func writeLog(_ name: String, _ byteCount: Int, synced: Bool) {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 167 ^ ($0 >> 8)) }
        var best = Double.infinity
        for round in 1...rounds {
            let descriptor = unsafe open(
                "\(folder)/\(name)-\(round)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            let start = clock.now
            for index in batches.indices {
                unsafe bytes.withUnsafeBytes {
                    _ = unsafe pwrite(
                        descriptor, $0.baseAddress, $0.count, off_t(index * byteCount))
                }
                if synced { fdatasync(descriptor) }
            }
            fdatasync(descriptor)
            best = min(best, Harness.seconds(start.duration(to: clock.now)))
        }
        Harness.report(name, seconds: best, rows: rowCount, bytes: byteCount * batches.count)
    }

    private static func joined(
        _ batches: [[(name: String, values: Vector)]]
    ) -> [(name: String, values: Vector)] {
        guard let first = batches.first else { return [] }
        return first.indices.map { column in
            var builder = VectorBuilder(first[column].values.type)
            for batch in batches { builder.append(contentsOf: batch[column].values) }
            return (first[column].name, builder.finish())
        }
    }

    private static func columns(
        of database: Database
    ) throws -> [[(name: String, values: Vector)]] {
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
