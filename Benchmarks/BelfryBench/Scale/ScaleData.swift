import BelfryCore
import BelfryStorage

/// Readings of many sensors from a seed: a slow walk in steps of a tenth, one a minute or what is
/// asked, each sensor a little off the full minute.
struct SensorReadings {
    static let start: Int64 = 1_735_689_600_000_000_000
    let table: TableSchema
    let keys: [SeriesKey]
    let interval: Int64
    private var levels: [Int32]
    private let offsets: [Int64]
    private var random = SplitMix64(state: 7)

    static var schema: TableSchema {
        TableSchema(
            name: "readings",
            columns: [
                ColumnSchema(name: "time", type: .timestamptz, role: .time),
                ColumnSchema(name: "district", type: .text, role: .tag),
                ColumnSchema(name: "sensor", type: .text, role: .tag),
                ColumnSchema(name: "level", type: .double, role: .field),
            ])
    }

    init(_ table: TableSchema, sensors: Range<Int>, interval: Int64) {
        self.table = table
        self.interval = interval
        keys = sensors.map { Self.key($0, table) }
        levels = sensors.map { Int32($0 % 400) }
        offsets = sensors.map { Int64($0 &* 7919 % 50_000) * 1_000_000 }
    }

    static func key(_ sensor: Int, _ table: TableSchema) -> SeriesKey {
        let district = sensor % 97
        return SeriesKey(
            table: table.number,
            parts: [
                (table.columns[1].number, Array("district-\(district)".utf8)),
                (table.columns[2].number, Array("sensor-\(sensor)".utf8)),
            ])
    }

    func time(_ sensor: Int, _ step: Int) -> Int64 {
        Self.start + Int64(step) * interval + offsets[sensor]
    }

    mutating func level(_ sensor: Int) -> Double {
        let bits = random.next()
        // Most minutes nothing moves much.
        let move = Int32(bits & 7) - 3
        if bits & 0x300 != 0 { levels[sensor] += move / 2 }
        return Double(levels[sensor]) / 10
    }

    /// All sensors at some steps, as one batch.
    mutating func batch(_ steps: Range<Int>) -> PointBatch {
        var indexes: [UInt32] = []
        var times: [Int64] = []
        var values: [Double] = []
        let count = keys.count * steps.count
        indexes.reserveCapacity(count)
        times.reserveCapacity(count)
        values.reserveCapacity(count)
        for sensor in keys.indices {
            for step in steps {
                indexes.append(UInt32(sensor))
                times.append(time(sensor, step))
                values.append(level(sensor))
            }
        }
        return batch(keys, indexes, times, values)
    }

    func batch(
        _ keys: [SeriesKey], _ indexes: [UInt32], _ times: [Int64], _ values: [Double]
    ) -> PointBatch {
        PointBatch(
            table: table, keys: keys, keyIndexes: indexes, times: times,
            columns: [
                PointBatch.Column(
                    number: table.columns[3].number, values: Vector(doubles: values))
            ])
    }
}

/// The same numbers in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Seconds since it was made.
struct StopWatch {
    private let start = ContinuousClock.now

    var seconds: Double { Harness.seconds(start.duration(to: ContinuousClock.now)) }
}

extension Store {
    /// Counts the rows of the table by reading them, and the sum of what they say.
    func measured(_ table: TableSchema, tags: TagPredicate = .all) throws(StorageError)
        -> (rows: Int, sum: Double)
    {
        var request = ScanRequest(table: table, columns: [3])
        request.tags = tags
        let scan = try snapshot().scan(request)
        var rows = 0
        var sum = 0.0
        while let batch = try scan.next() {
            rows += batch.rowCount
            guard case .doubles(let values) = batch.vectors[0].storage else { continue }
            for value in values { sum += value }
        }
        return (rows, sum)
    }
}
