import BelfryCore
import BelfryStorage
import Glibc

/// A billion readings of 10,000 sensors: loading, size, memory, opening after a clean close and
/// after a kill.
struct BillionBench {
    let folder: String
    let divisor: Int
    private let sensorCount = 10_000

    private var stepCount: Int { 100_000 / divisor }

    func run(_ step: String) throws {
        switch step {
        case "load": try load()
        case "load-more": try loadMore()
        case "open": try open(step)
        default: try ask(step)
        }
    }

    private var options: StoreOptions {
        var options = StoreOptions()
        options.durability = .interval(milliseconds: 1000)
        return options
    }

    private func load() throws {
        let store = try Store.open(path: folder, options: options)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        var readings = SensorReadings(table, sensors: 0..<sensorCount, interval: 60_000_000_000)
        let watch = StopWatch()
        var next = 0
        while next < stepCount {
            let end = min(stepCount, next + 6)
            _ = try store.write([readings.batch(next..<end)], rule: nil, isCounted: false)
            next = end
        }
        let rows = stepCount * sensorCount
        let loaded = watch.seconds
        Figure.line("load", "readings", "\(rows)")
        Figure.line(
            "load", "seconds until the last write returned", Figure.number(loaded, digits: 1))
        Figure.line("load", "million readings a second", Figure.number(Double(rows) / loaded / 1e6))
        Figure.memory("load")
        try store.compact()
        Figure.line(
            "load", "seconds until all was compacted", Figure.number(watch.seconds, digits: 1))
        let statistics = store.statistics
        let bytes = Int(store.segmentByteCount)
        try store.close()
        Figure.line(
            "load", "bytes a reading", Figure.number(Double(bytes) / Double(rows), digits: 3))
        Figure.written("load", statistics, stored: bytes)
        Figure.memory("load")
    }

    /// Leaves a log behind: a memtable nearly full, then death.
    private func loadMore() throws {
        let store = try Store.open(path: folder, options: options)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        var readings = SensorReadings(table, sensors: 0..<sensorCount, interval: 60_000_000_000)
        for step in stepCount..<(stepCount + 200) {
            _ = try store.write([readings.batch(step..<(step + 1))], rule: nil, isCounted: false)
        }
        Figure.line("kill", "readings in the log", "\(200 * sensorCount)")
        kill(getpid(), SIGKILL)
    }

    private func open(_ step: String) throws {
        let watch = StopWatch()
        let store = try Store.open(path: folder, options: options)
        Figure.line(step, "milliseconds to open", Figure.number(watch.seconds * 1000, digits: 1))
        Figure.memory(step)
        try store.close()
    }

    private func ask(_ step: String) throws {
        let store = try Store.open(path: folder, options: options)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        var watch = StopWatch()
        let one = try store.measured(
            table, tags: .isIn(column: table.columns[2].number, values: [Array("sensor-77".utf8)]))
        Figure.line(
            step, "milliseconds to read one sensor", Figure.number(watch.seconds * 1000, digits: 1))
        Figure.line(step, "readings of one sensor", "\(one.rows)")
        watch = StopWatch()
        let all = try store.measured(table)
        Figure.line(step, "seconds to read all, one core", Figure.number(watch.seconds))
        Figure.line(step, "readings", "\(all.rows)")
        Figure.memory(step)
        try store.close()
    }
}
