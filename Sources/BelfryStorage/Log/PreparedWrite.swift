import BelfryCore

/// A write as its own thread can prepare it: series looked up, rows sorted, the record begun, as
/// far as that needs nothing from the writes before it.
struct PreparedWrite: Sendable {
    /// The rows of one batch.
    struct Part: Sendable {
        let batch: PointBatch
        let rule: DuplicateRule
        /// What the rows do to older ones.
        let kind: RowKind
        /// The series number of each key; 0 where it has none yet.
        var numbers: [UInt32]

        var isComplete: Bool { !numbers.contains(0) }

        /// The rows in order, once every key has its number.
        func sorted() -> SortedRows { SortedRows(batch, numbers: numbers, kind: kind) }
    }

    var parts: [Part]
    /// Where the numbers are from: once another table took its place, they are looked up again.
    let series: SeriesTable
    /// What goes by tags and times, before the rows of this write.
    let deletions: [RangeDeletion]
    /// Whether rows are looked up before they are written.
    let needsLookup: Bool
    /// Too large for a record: it goes to a segment of its own.
    let isLarge: Bool
    /// About what the record takes.
    let byteCount: Int
    /// The rows of each table, where no series is new and nothing is looked up.
    private(set) var rows: [SortedRows]?
    private(set) var record: RecordWriter?

    var goesAlone: Bool { needsLookup || isLarge }
    var rowCount: Int { parts.reduce(0) { $0 + $1.batch.rowCount } }

    init(
        _ batches: [PointBatch], rule: DuplicateRule?, isCounted: Bool, series: SeriesTable,
        recordByteCountLimit: Int
    ) {
        let parts = batches.filter { $0.rowCount > 0 }.map { batch in
            let rule = rule ?? Self.rule(of: batch.table, isCounted)
            return Part(
                batch: batch, rule: rule, kind: rule == .replace ? .replace : .merge,
                numbers: series.numbers(of: batch.keys))
        }
        let needsLookup = parts.contains { part in
            switch part.rule {
            case .keep, .error: true
            case .merge, .replace: isCounted
            case .append: false
            }
        }
        self.init(
            parts, needsLookup: needsLookup, series: series,
            recordByteCountLimit: recordByteCountLimit)
    }

    /// Changes of rows that were found by a scan: nothing is looked up.
    init(
        _ changes: [RowChange], deletions: [RangeDeletion], series: SeriesTable,
        recordByteCountLimit: Int
    ) {
        let parts = changes.map { change in
            Part(
                batch: change.batch, rule: .append, kind: change.kind,
                numbers: series.numbers(of: change.batch.keys))
        }
        self.init(
            parts, deletions: deletions, needsLookup: false, series: series,
            recordByteCountLimit: recordByteCountLimit)
    }

    private init(
        _ parts: [Part], deletions: [RangeDeletion] = [], needsLookup: Bool,
        series: SeriesTable, recordByteCountLimit: Int
    ) {
        self.parts = parts
        self.series = series
        self.deletions = deletions
        self.needsLookup = needsLookup
        let deletionByteCount = deletions.reduce(0) { $0 + $1.byteCount }
        byteCount = parts.reduce(deletionByteCount) { sum, part in
            // Keys count wholly: each may have to be defined in this record.
            sum + part.batch.times.count * 8
                + part.batch.keys.reduce(0) { $0 + $1.bytes.count + 16 }
                + part.batch.columns.reduce(64) { $0 + $1.values.plainByteCount }
        }
        isLarge = byteCount > recordByteCountLimit
        if goesAlone || !parts.allSatisfy(\.isComplete) { return }
        let rows = Self.byTable(parts.map { $0.sorted() })
        if !isLarge {
            var record = RecordWriter(capacity: byteCount)
            for part in rows { record.write(part) }
            self.record = record
        }
        self.rows = rows
    }

    /// The rule of a table. A reference table refuses rows that are there, unless told otherwise or
    /// imported: an import counts them.
    private static func rule(of table: TableSchema, _ isCounted: Bool) -> DuplicateRule {
        table.isReference && !isCounted && table.options.duplicateRule == .merge
            ? .error : table.options.duplicateRule
    }

    /// One set of rows a table, the later batch the newer.
    static func byTable(_ rows: [SortedRows]) -> [SortedRows] {
        if rows.count <= 1 { return rows }
        var groups: [UInt32: [SortedRows]] = [:]
        for part in rows { groups[part.table, default: []].append(part) }
        return groups.keys.sorted().compactMap { groups[$0].map(RunJoin.join) }
    }
}

extension Vector {
    /// What the values take with texts written out.
    fileprivate var plainByteCount: Int {
        guard case .dictionary(let values) = storage else { return byteCount }
        let texts = values.dictionary.texts
        var sum = values.codes.count * 4
        for row in values.codes.indices where validity.isValid(row) {
            sum += texts.range(Int(values.codes[row])).count
        }
        return sum
    }
}
