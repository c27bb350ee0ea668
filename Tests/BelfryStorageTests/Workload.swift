import BelfryCore
import BelfryTestSupport

@testable import BelfryStorage

/// One row of a workload: the fields that it has, by column name.
struct WorkRow: Sendable {
    var sensor: Int
    var hour: Int
    var values: [String: Value]

    static let nanosecondsOfHour: Int64 = 3_600_000_000_000

    var key: ModelKey { ModelKey(sensor: sensor, time: Int64(hour) * Self.nanosecondsOfHour) }
}

/// Rows of one table within a write.
struct WorkBatch: Sendable {
    let table: String
    let rows: [WorkRow]
}

/// A step of a workload; the first five change what the store should hold.
enum WorkStep: Sendable {
    case create(String)
    case drop(String)
    case addColumn(table: String, name: String)
    /// Atomic over all batches.
    case write([WorkBatch], DuplicateRule)
    case delete(table: String, sensors: Set<Int>?, hours: Range<Int>)
    /// The disk is full after so many bytes of the record: refused, and then it never was.
    case refusedWrite([WorkBatch], byteCount: Int)
    case flush
    case compact
    /// One tick of interval durability.
    case sync
    /// Opens the store again; without a close before, as after kill -9.
    case reopen(isClosed: Bool)
    /// Kill -9, someone does this to the files, and the store is opened again. Bytes that are given
    /// back must be in some file from then on.
    case meddle(@Sendable (SimulatedFileSystem) -> [[UInt8]])
    /// The sync of this write fails, the process is killed, and the store opened again: the record
    /// can be read and is not on the disk, and the system takes it for written.
    case poisonedWrite([WorkBatch])
}

/// What a store should hold: every table with its columns and rows, by name.
struct OracleState: Sendable, Equatable {
    struct Table: Sendable, Equatable {
        var columns: [String]
        /// The values that are not NULL, by column, as text.
        var rows: [ModelKey: [String: String]] = [:]
    }

    var tables: [String: Table] = [:]

    var rowCount: Int { tables.values.reduce(0) { $0 + $1.rows.count } }

    mutating func apply(_ step: WorkStep) {
        switch step {
        case .create(let name): tables[name] = Table(columns: Workload.fields)
        case .drop(let name): tables[name] = nil
        case .addColumn(let table, let name): tables[table]?.columns.append(name)
        case .write(let batches, let rule): apply(batches, rule)
        case .poisonedWrite(let batches): apply(batches, .merge)
        case .delete(let table, let sensors, let hours):
            let rows = tables[table]?.rows ?? [:]
            tables[table]?.rows = rows.filter { key, _ in
                let hour = Int(key.time / WorkRow.nanosecondsOfHour)
                return !(hours.contains(hour) && sensors?.contains(key.sensor) ?? true)
            }
        case .refusedWrite, .flush, .compact, .sync, .reopen, .meddle: break
        }
    }

    mutating func apply(_ batches: [WorkBatch], _ rule: DuplicateRule) {
        for batch in batches {
            for row in batch.rows {
                let values = row.values.filter { !$0.value.isNull }.mapValues { "\($0)" }
                let before = tables[batch.table]?.rows[row.key]
                let after: [String: String] =
                    switch (before, rule) {
                    case (nil, _), (_, .replace): values
                    case (let before?, .keep): before
                    case (let before?, _): before.merging(values) { $1 }
                    }
                tables[batch.table]?.rows[row.key] = after
            }
        }
    }

    /// What a snapshot holds, read whole.
    static func read(_ snapshot: Snapshot) throws -> OracleState {
        var state = OracleState()
        for table in snapshot.catalog.tables {
            var found = Table(columns: table.columns.dropFirst(3).map(\.name))
            let scan = try snapshot.scan(
                ScanRequest(table: table, columns: Array(table.columns.indices)))
            while let batch = try scan.next() {
                for row in 0..<batch.rowCount {
                    var values: [String: String] = [:]
                    for (column, vector) in zip(table.columns, batch.vectors).dropFirst(3) {
                        let value = vector.value(row)
                        if !value.isNull { values[column.name] = "\(value)" }
                    }
                    let key = Workload.key(batch, row)
                    if found.rows.updateValue(values, forKey: key) != nil {
                        throw OracleFailure(text: "a row of \(table.name) comes twice: \(key)")
                    }
                }
            }
            state.tables[table.name] = found
        }
        return state
    }
}

struct OracleFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// Seeded steps over several tables, and the calls that carry them out.
enum Workload {
    static let fields = ["level", "count", "note", "flag"]

    static func key(_ batch: Batch, _ row: Int) -> ModelKey {
        var key = ModelKey(sensor: -1, time: 0)
        if case .timestamptz(let time) = batch.vectors[0].value(row),
            case .text(let name) = batch.vectors[2].value(row)
        {
            key = ModelKey(
                sensor: Int(name.dropFirst("sensor ".count)) ?? -1, time: time.nanoseconds)
        }
        return key
    }

    static func rows(
        _ count: Int, extra: [String], _ generator: inout SeededGenerator
    ) -> [WorkRow] {
        (0..<count).map { _ in
            var row = WorkRow(
                sensor: generator.below(6), hour: generator.below(60), values: [:])
            if generator.below(4) > 0 { row.values["level"] = .double(Double(generator.below(5))) }
            if generator.below(4) > 0 { row.values["count"] = .integer(Int64(generator.below(9))) }
            if generator.below(3) > 0 { row.values["note"] = .text("note \(generator.below(4))") }
            if generator.below(3) > 0 { row.values["flag"] = .boolean(generator.below(2) == 0) }
            for name in extra where generator.below(2) == 0 {
                row.values[name] = .integer(Int64(generator.below(9)))
            }
            return row
        }
    }

    /// Steps that make sense one after the other: tables come and go and grow, rows meet.
    static func steps(_ count: Int, _ generator: inout SeededGenerator) -> [WorkStep] {
        var steps: [WorkStep] = [.create("air")]
        var tables: [String: [String]] = ["air": []]
        while steps.count < count {
            let names = tables.keys.sorted()
            switch generator.below(40) {
            case 0 where tables.count < 4:
                let name = "table \(steps.count)"
                tables[name] = []
                steps.append(.create(name))
            case 1 where tables.count > 2:
                let name = names[generator.below(names.count)]
                tables[name] = nil
                steps.append(.drop(name))
            case 2:
                let name = names[generator.below(names.count)]
                let column = "extra \(steps.count)"
                tables[name]?.append(column)
                steps.append(.addColumn(table: name, name: column))
            case 3, 4: steps.append(.flush)
            case 5: steps.append(.compact)
            case 6: steps.append(.reopen(isClosed: generator.below(2) == 0))
            case 7, 8:
                let start = generator.below(60)
                steps.append(
                    .delete(
                        table: names[generator.below(names.count)],
                        sensors: generator.below(2) == 0 ? nil : [generator.below(6)],
                        hours: start..<(start + generator.below(20))))
            case 9, 10:
                steps.append(
                    .refusedWrite(
                        batches(names, tables, 4, &generator),
                        byteCount: generator.below(3) == 0 ? 1 << 20 : generator.below(600)))
            case 11: steps.append(.sync)
            case 12 where generator.below(2) == 0:
                steps.append(.poisonedWrite(batches(names, tables, 4, &generator)))
            default:
                let isLarge = generator.below(25) == 0
                steps.append(
                    .write(
                        batches(names, tables, isLarge ? 60 : 9, &generator),
                        [.merge, .merge, .replace, .keep][generator.below(4)]))
            }
        }
        return steps
    }

    private static func batches(
        _ names: [String], _ tables: [String: [String]], _ limit: Int,
        _ generator: inout SeededGenerator
    ) -> [WorkBatch] {
        let chosen = names.filter { _ in generator.below(2) == 0 }
        return (chosen.isEmpty ? [names[0]] : chosen).map { name in
            WorkBatch(
                table: name,
                rows: rows(
                    1 + generator.below(limit), extra: tables[name] ?? [], &generator))
        }
    }

    static func schema(_ name: String) -> TableSchema {
        TableSchema(name: name, columns: ModelTable.schema.columns)
    }

    static func batch(_ work: WorkBatch, _ table: TableSchema) -> PointBatch {
        var sensors: [Int] = []
        var indexes: [UInt32] = []
        for row in work.rows {
            let index = sensors.firstIndex(of: row.sensor) ?? sensors.count
            if index == sensors.count { sensors.append(row.sensor) }
            indexes.append(UInt32(index))
        }
        return PointBatch(
            table: table, keys: sensors.map { ModelTable.key($0, of: table) },
            keyIndexes: indexes, times: work.rows.map(\.key.time),
            columns: table.columns.dropFirst(3).map { column in
                var values = VectorBuilder(column.type)
                for row in work.rows { values.append(row.values[column.name] ?? .null) }
                return PointBatch.Column(number: column.number, values: values.finish())
            })
    }

    static func write(
        _ batches: [WorkBatch], _ rule: DuplicateRule, to store: Store
    ) throws(StorageError) {
        let catalog = store.snapshot().catalog
        let points = batches.compactMap { work in
            catalog.table(named: work.table).map { batch(work, $0) }
        }
        _ = try store.write(points, rule: rule, isCounted: false)
    }

    static func delete(
        _ name: String, _ sensors: Set<Int>?, _ hours: Range<Int>, of store: Store
    ) throws(StorageError) {
        let snapshot = store.snapshot()
        guard let table = snapshot.catalog.table(named: name) else { return }
        let keys = sensors.map { Set($0.map { ModelTable.key($0, of: table) }) }
        let series = keys.map { keys in
            SeriesSet(
                ascending: snapshot.seriesNumbers(table, .all).numbers.filter { number in
                    snapshot.seriesKey(number).map(keys.contains) ?? false
                })
        }
        let times = TimeRange(
            start: Timestamp(nanoseconds: Int64(hours.lowerBound) * WorkRow.nanosecondsOfHour),
            end: Timestamp(nanoseconds: Int64(hours.upperBound) * WorkRow.nanosecondsOfHour))
        try store.delete(RangeDeletion(table: table, series: series, times: times))
    }
}
