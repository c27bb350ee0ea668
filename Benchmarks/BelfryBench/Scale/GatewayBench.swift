import BelfryCore
import BelfryStorage

/// The gateway preset with 50,000 series: a backlog of 30 days, questions, and steady writes, all
/// of it in one process whose memory is the figure.
struct GatewayBench {
    let folder: String
    let divisor: Int
    private let sensorCount = 50_000

    /// Hours.
    private var backlog: Int { max(24, 720 / divisor) }

    func run(_ step: String) throws {
        if step == "open" { return try open(step) }
        let store = try Store.open(path: folder, options: .gateway)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        var readings = SensorReadings(
            table, sensors: 0..<sensorCount, interval: 3_600_000_000_000)
        Figure.line(
            step, "resident with the bench's own keys, MiB",
            Figure.number(Double(ProcessMemory.resident) / 1048576, digits: 1))
        var watch = StopWatch()
        for hour in 0..<backlog {
            _ = try store.write([readings.batch(hour..<(hour + 1))], rule: nil, isCounted: false)
        }
        let rows = backlog * sensorCount
        Figure.line(step, "rows of the backlog", "\(rows)")
        Figure.line(
            step, "million rows a second", Figure.number(Double(rows) / watch.seconds / 1e6))
        Figure.memory(step)
        watch = StopWatch()
        let all = try store.measured(table)
        Figure.line(step, "rows read", "\(all.rows)")
        Figure.line(step, "seconds to read all", Figure.number(watch.seconds))
        Figure.memory(step)
        watch = StopWatch()
        for hour in backlog..<(backlog + 48) {
            _ = try store.write([readings.batch(hour..<(hour + 1))], rule: nil, isCounted: false)
            if hour % 8 == 0 {
                let district = Array("district-\(hour % 97)".utf8)
                let some = try store.measured(
                    table, tags: .isIn(column: table.columns[1].number, values: [district]))
                precondition(some.rows > 0, "a district has readings")
            }
        }
        Figure.line(
            step, "seconds for 48 hours more, with 6 questions", Figure.number(watch.seconds))
        let statistics = store.statistics
        let bytes = Int(store.segmentByteCount)
        try store.close()
        Figure.written(step, statistics, stored: bytes)
        Figure.memory(step)
    }

    private func open(_ step: String) throws {
        let watch = StopWatch()
        let store = try Store.open(path: folder, options: .gateway)
        Figure.line(step, "milliseconds to open", Figure.number(watch.seconds * 1000, digits: 1))
        Figure.memory(step)
        try store.close()
    }
}
