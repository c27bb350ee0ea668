import BelfryCore
import BelfryStorage

/// One row in five late by up to 30 days, beside the same rows in order.
struct LateBench {
    let folder: String
    let divisor: Int
    private let interval: Int64 = 300_000_000_000
    /// Steps in 30 days.
    private let reach = 8640

    private var sensorCount: Int { max(10, 1000 / divisor) }
    private let stepCount = 3 * 8640

    func run(_ step: String) throws {
        try load(step, lateShare: step == "late" ? 20 : 0)
    }

    private func load(_ step: String, lateShare: UInt64) throws {
        var options = StoreOptions()
        options.durability = .interval(milliseconds: 1000)
        let folder = self.folder + "/" + step
        let store = try Store.open(path: folder, options: options)
        let table = try store.createTable(SensorReadings.schema, ifNotExists: true)
        var readings = SensorReadings(table, sensors: 0..<sensorCount, interval: interval)
        var random = SplitMix64(state: 3)
        // By the step at which they come: sensor and step of late rows.
        var due = [[(sensor: UInt32, step: UInt32)]](repeating: [], count: stepCount + reach + 1)
        let watch = StopWatch()
        var rows = 0
        var lateRows = 0
        var indexes: [UInt32] = []
        var times: [Int64] = []
        var values: [Double] = []
        func send() throws {
            _ = try store.write(
                [readings.batch(readings.keys, indexes, times, values)], rule: nil,
                isCounted: false)
            rows += times.count
            indexes.removeAll(keepingCapacity: true)
            times.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
        }
        for now in 0...(stepCount + reach) {
            for late in due[now] {
                indexes.append(late.sensor)
                times.append(readings.time(Int(late.sensor), Int(late.step)))
                values.append(readings.level(Int(late.sensor)))
            }
            due[now] = []
            if now < stepCount {
                for sensor in 0..<sensorCount {
                    if random.next() % 100 < lateShare {
                        let delay = 1 + Int(random.next() % UInt64(reach))
                        due[now + delay].append((UInt32(sensor), UInt32(now)))
                        lateRows += 1
                        continue
                    }
                    indexes.append(UInt32(sensor))
                    times.append(readings.time(sensor, now))
                    values.append(readings.level(sensor))
                }
            }
            if times.count >= 20_000 { try send() }
        }
        if !times.isEmpty { try send() }
        let loaded = watch.seconds
        Figure.line(step, "rows", "\(rows)")
        Figure.line(step, "late rows", "\(lateRows)")
        Figure.line(step, "million rows a second", Figure.number(Double(rows) / loaded / 1e6))
        try store.compact()
        Figure.line(
            step, "million rows a second, compacted",
            Figure.number(Double(rows) / watch.seconds / 1e6))
        let statistics = store.statistics
        let bytes = Int(store.segmentByteCount)
        let read = try store.measured(table)
        Figure.line(step, "rows read back", "\(read.rows)")
        try store.close()
        Figure.line(step, "bytes a row", Figure.number(Double(bytes) / Double(rows)))
        Figure.written(step, statistics, stored: bytes)
        Figure.memory(step)
    }
}
