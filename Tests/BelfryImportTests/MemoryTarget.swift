import BelfryCore
import BelfryImport
import Synchronization

/// A target that keeps rows in memory and merges duplicates as a table with ON DUPLICATE MERGE.
final class MemoryTarget: ImportTarget {
    struct Row: Hashable {
        var key: [UInt8]
        var time: Int64
    }

    struct State {
        var table: TableSchema?
        var rows: [Row: [Value]] = [:]
        var batchCount = 0
        /// The write that fails, counted from 1.
        var failingWrite: Int?
        /// Other rows are to be refused before they come here.
        var accepted = TimeRange.everything
    }

    let state: Mutex<State>

    init(table: TableSchema? = nil, failingWrite: Int? = nil, accepted: TimeRange = .everything) {
        var state = State()
        state.accepted = accepted
        state.table = table.map(Self.numbered)
        state.failingWrite = failingWrite
        self.state = Mutex(state)
    }

    private static func numbered(_ table: TableSchema) -> TableSchema {
        var table = table
        table.number = 7
        for index in table.columns.indices {
            table.columns[index].number =
                table.columns[index].role == .time ? 0 : UInt32(16 + index)
        }
        return table
    }

    func table(named name: String) throws(ImportError) -> TableSchema? {
        state.withLock { $0.table }
    }

    func create(_ table: TableSchema) throws(ImportError) -> TableSchema {
        let numbered = Self.numbered(table)
        state.withLock { $0.table = numbered }
        return numbered
    }

    func acceptedTimes(of table: TableSchema) -> TimeRange { state.withLock { $0.accepted } }

    func write(_ batch: PointBatch) throws(ImportError) -> ImportWriteCounts {
        let counts: ImportWriteCounts? = state.withLock { state in
            state.batchCount += 1
            if state.batchCount == state.failingWrite { return nil }
            var counts = ImportWriteCounts(stored: 0)
            for row in 0..<batch.rowCount {
                let place = Row(
                    key: batch.keys[Int(batch.keyIndexes[row])].bytes, time: batch.times[row])
                var values = state.rows[place] ?? batch.table.columns.map { _ in .null }
                let before = state.rows[place]
                for column in batch.columns {
                    let index = batch.table.columns.firstIndex { $0.number == column.number } ?? 0
                    let value = column.values.value(row)
                    if !value.isNull { values[index] = value }
                }
                state.rows[place] = values
                if before == nil {
                    counts.stored += 1
                } else if before == values {
                    counts.duplicate += 1
                } else {
                    counts.updated += 1
                }
            }
            return counts
        }
        guard let counts else { throw ImportError("the disk is full") }
        return counts
    }

    /// The rows as text, tags, time and fields, in order: `a|2014-08-01 07:50:00+00|1|NULL`.
    var lines: [String] {
        state.withLock { state in
            guard let table = state.table else { return [] }
            return state.rows.sorted {
                ($0.key.time, Self.tags($0.key.key)) < ($1.key.time, Self.tags($1.key.key))
            }.map { row, values in
                var parts = [Self.tags(row.key)]
                if !table.isReference { parts.append("\(Timestamp(nanoseconds: row.time))") }
                for (index, column) in table.columns.enumerated() where column.role == .field {
                    parts.append(Self.text(values[index]))
                }
                return parts.joined(separator: "|")
            }
        }
    }

    private static func tags(_ key: [UInt8]) -> String {
        let parts = (try? SeriesKey(bytes: key).parts().parts) ?? []
        return parts.map { String(decoding: $0.value, as: UTF8.self) }.joined(separator: ",")
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .null: "NULL"
        case .boolean(let it): "\(it)"
        case .integer(let it): "\(it)"
        case .double(let it): "\(it)"
        case .text(let it): "'\(it)'"
        case .timestamptz(let it), .timestamp(let it): "\(it)"
        case .date(let it): "day \(it)"
        case .interval(let it): "\(it)"
        }
    }
}
