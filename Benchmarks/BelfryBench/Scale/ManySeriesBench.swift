import BelfryCore
import BelfryStorage

/// A million series with a row each, and with a hundred.
struct ManySeriesBench {
    let folder: String
    let divisor: Int

    private var seriesCount: Int { 1_000_000 / divisor }

    func run(_ step: String) throws {
        switch step {
        case "one": try load(step, rounds: 0..<1)
        case "hundred": try load(step, rounds: 1..<100)
        default: try open(step)
        }
    }

    private var options: StoreOptions {
        var options = StoreOptions()
        options.durability = .interval(milliseconds: 1000)
        return options
    }

    /// A row for every series a round, 50,000 series to a write.
    private func load(_ step: String, rounds: Range<Int>) throws {
        let openWatch = StopWatch()
        let store = try Store.open(path: folder, options: options)
        Figure.line(
            step, "milliseconds to open", Figure.number(openWatch.seconds * 1000, digits: 1))
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        let groups = stride(from: 0, to: seriesCount, by: 50_000).map {
            $0..<min(seriesCount, $0 + 50_000)
        }
        let base = ProcessMemory.resident
        var all = groups.map { SensorReadings(table, sensors: $0, interval: 3_600_000_000_000) }
        let keys = ProcessMemory.resident - base
        let watch = StopWatch()
        for round in rounds {
            for index in all.indices {
                _ = try store.write(
                    [all[index].batch(round..<(round + 1))], rule: nil, isCounted: false)
            }
        }
        let rows = seriesCount * rounds.count
        Figure.line(
            step, "million rows a second", Figure.number(Double(rows) / watch.seconds / 1e6))
        Figure.line(
            step, "of it the bench's own keys, MiB",
            Figure.number(Double(keys) / 1048576, digits: 1))
        try store.compact()
        Figure.line(step, "seconds until compacted", Figure.number(watch.seconds, digits: 1))
        let statistics = store.statistics
        let bytes = Int(store.segmentByteCount)
        try store.close()
        let total = seriesCount * rounds.upperBound
        Figure.line(step, "bytes a row", Figure.number(Double(bytes) / Double(total)))
        Figure.written(step, statistics, stored: bytes)
        Figure.memory(step)
    }

    private func open(_ step: String) throws {
        let before = ProcessMemory.resident
        var watch = StopWatch()
        let store = try Store.open(path: folder, options: options)
        Figure.line(step, "milliseconds to open", Figure.number(watch.seconds * 1000, digits: 1))
        let bytes = ProcessMemory.resident - before
        Figure.line(
            step, "resident bytes a series after opening",
            Figure.number(Double(bytes) / Double(seriesCount), digits: 1))
        Figure.memory(step)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        watch = StopWatch()
        let one = try store.measured(
            table, tags: .isIn(column: table.columns[2].number, values: [Array("sensor-77".utf8)]))
        Figure.line(
            step, "milliseconds to read one series", Figure.number(watch.seconds * 1000, digits: 1))
        Figure.line(step, "rows of one series", "\(one.rows)")
        watch = StopWatch()
        let all = try store.measured(table)
        Figure.line(step, "seconds to read all", Figure.number(watch.seconds))
        Figure.line(step, "rows", "\(all.rows)")
        Figure.memory(step)
        try store.close()
    }
}
