import BelfryCore
import BelfryStorage
import BelfryTestSupport

/// One row of the tests' table as a caller thinks of it.
struct StoreRow: Hashable, Sendable {
    var sensor: Int
    var time: Int64
    /// Level, count, note and flag; nil is NULL.
    var level: Double?
    var count: Int64?
    var note: String?
    var flag: Bool?

    var key: ModelKey { ModelKey(sensor: sensor, time: time) }
}

struct ModelKey: Hashable, Sendable {
    let sensor: Int
    let time: Int64
}

/// What a table should hold: a dictionary, changed rule by rule and row by row.
struct StoreModel: Equatable {
    var rows: [ModelKey: StoreRow] = [:]

    /// Applies a write; false where ERROR refuses it, and then nothing is changed.
    mutating func apply(_ batch: [StoreRow], rule: DuplicateRule) -> Bool {
        let before = rows
        for row in batch {
            guard var there = rows[row.key] else {
                rows[row.key] = row
                continue
            }
            switch rule {
            case .merge, .append:
                there.level = row.level ?? there.level
                there.count = row.count ?? there.count
                there.note = row.note ?? there.note
                there.flag = row.flag ?? there.flag
                rows[row.key] = there
            case .replace: rows[row.key] = row
            case .keep: break
            case .error:
                rows = before
                return false
            }
        }
        return true
    }
}

enum ModelTable {
    static var schema: TableSchema {
        TableSchema(
            name: "readings",
            columns: [
                ColumnSchema(name: "time", type: .timestamptz, role: .time),
                ColumnSchema(name: "place", type: .text, role: .tag),
                ColumnSchema(name: "sensor", type: .text, role: .tag),
                ColumnSchema(name: "level", type: .double, role: .field),
                ColumnSchema(name: "count", type: .bigint, role: .field),
                ColumnSchema(name: "note", type: .text, role: .field),
                ColumnSchema(name: "flag", type: .boolean, role: .field),
            ])
    }

    static func key(_ sensor: Int, of table: TableSchema) -> SeriesKey {
        var parts: [(column: UInt32, value: [UInt8])] = []
        // Every third sensor stands nowhere: its tag is NULL.
        if sensor % 3 != 0 {
            parts.append((table.columns[1].number, Array("place \(sensor % 2)".utf8)))
        }
        parts.append((table.columns[2].number, Array("sensor \(sensor)".utf8)))
        return SeriesKey(table: table.number, parts: parts)
    }

    static func batch(_ rows: [StoreRow], table: TableSchema) -> PointBatch {
        var sensors: [Int] = []
        var indexes: [UInt32] = []
        for row in rows {
            if let index = sensors.firstIndex(of: row.sensor) {
                indexes.append(UInt32(index))
            } else {
                indexes.append(UInt32(sensors.count))
                sensors.append(row.sensor)
            }
        }
        var level = VectorBuilder(.double)
        var count = VectorBuilder(.bigint)
        var note = VectorBuilder(.text)
        var flag = VectorBuilder(.boolean)
        for row in rows {
            level.append(row.level.map { .double($0) } ?? .null)
            count.append(row.count.map { .integer($0) } ?? .null)
            note.append(row.note.map { .text($0) } ?? .null)
            flag.append(row.flag.map { .boolean($0) } ?? .null)
        }
        return PointBatch(
            table: table, keys: sensors.map { key($0, of: table) }, keyIndexes: indexes,
            times: rows.map(\.time),
            columns: [
                PointBatch.Column(number: table.columns[3].number, values: level.finish()),
                PointBatch.Column(number: table.columns[4].number, values: count.finish()),
                PointBatch.Column(number: table.columns[5].number, values: note.finish()),
                PointBatch.Column(number: table.columns[6].number, values: flag.finish()),
            ])
    }

    /// Every row of the table as a scan gives it, in its order.
    static func scan(_ snapshot: Snapshot) throws -> [StoreRow] {
        guard let table = snapshot.catalog.table(named: "readings") else { return [] }
        var rows: [StoreRow] = []
        let scan = try snapshot.scan(
            ScanRequest(table: table, columns: Array(table.columns.indices)))
        while let batch = try scan.next() {
            for row in 0..<batch.rowCount { rows.append(Self.row(batch, row)) }
        }
        return rows
    }

    private static func row(_ batch: Batch, _ row: Int) -> StoreRow {
        var result = StoreRow(sensor: -1, time: 0)
        if case .timestamptz(let time) = batch.vectors[0].value(row) {
            result.time = time.nanoseconds
        }
        if case .text(let name) = batch.vectors[2].value(row) {
            result.sensor = Int(name.dropFirst("sensor ".count)) ?? -1
        }
        if case .double(let level) = batch.vectors[3].value(row) { result.level = level }
        if case .integer(let count) = batch.vectors[4].value(row) { result.count = count }
        if case .text(let note) = batch.vectors[5].value(row) { result.note = note }
        if case .boolean(let flag) = batch.vectors[6].value(row) { result.flag = flag }
        return result
    }

    /// The table as a dictionary; nil where a row comes twice or out of order.
    static func model(_ snapshot: Snapshot) throws -> StoreModel? {
        var model = StoreModel()
        for row in try scan(snapshot) {
            if model.rows.updateValue(row, forKey: row.key) != nil { return nil }
        }
        return model
    }
}

extension SeededGenerator {
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// Rows over few series and times, so that they meet again and again.
    mutating func storeRows(_ count: Int, sensors: Int = 6, times: Int = 60) -> [StoreRow] {
        var rows: [StoreRow] = []
        var time = below(times)
        let isAscending = below(2) == 0
        for _ in 0..<count {
            time = isAscending ? time + below(2) : below(times)
            rows.append(
                StoreRow(
                    sensor: below(sensors), time: Int64(time) * 3_600_000_000_000,
                    level: below(4) == 0 ? nil : Double(below(5)),
                    count: below(4) == 0 ? nil : Int64(below(3)),
                    note: below(3) == 0 ? nil : "note \(below(3))",
                    flag: below(3) == 0 ? nil : below(2) == 0))
        }
        return rows
    }
}
