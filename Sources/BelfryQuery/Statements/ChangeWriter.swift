import BelfryCore
import BelfryStorage

/// Gathers what a statement changes and writes it as one atomic record, or, past what a record
/// holds, as several, cut between keys.
///
/// Nothing is written before the whole statement was evaluated, as long as its changes fit in a
/// quarter of memory_limit: then an error in it has changed nothing. Past that, full records go
/// out while the rest is evaluated.
struct ChangeWriter {
    private let table: TableSchema
    private let store: Store
    private let context: QueryContext
    private let word: String
    private var open: [ChangedRows] = []
    private var ready: [RowChange] = []
    private var openByteCount = 0
    private var closed: [[RowChange]] = []
    private var closedByteCount = 0
    private var reserved = 0

    /// - Parameter word: the statement's, for errors.
    init(table: TableSchema, store: Store, context: QueryContext, word: String) {
        self.table = table
        self.store = store
        self.context = context
        self.word = word
    }

    /// Whole rows or changed columns, by index into the table's columns, of series that the extents
    /// tell; within one call, and between two calls, deletes go before the other kinds.
    mutating func add(
        _ kind: RowKind, columns: [Int], _ vectors: [Vector], times: Vector?, extents: [Extent]
    ) throws(QueryError) {
        let rowCount = extents.reduce(0) { $0 + $1.rowCount }
        if rowCount == 0 { return }
        let index: Int
        if let known = open.firstIndex(where: { $0.kind == kind && $0.columns == columns }) {
            index = known
        } else {
            open.append(ChangedRows(kind, columns: columns, table: table))
            index = open.count - 1
        }
        let before = open[index].byteCount
        open[index].add(vectors, times: times, extents: extents)
        openByteCount += open[index].byteCount - before
    }

    /// Rows that are no change of rows found: those that an upsert inserts.
    mutating func add(_ change: RowChange) {
        ready.append(change)
        openByteCount += change.batch.times.count * 9 + change.batch.keys.count * 24
        for column in change.batch.columns { openByteCount += column.values.count * 9 }
    }

    /// Between two keys: here a record may end.
    mutating func mayCut() throws(QueryError) {
        // What a record says besides rows, and the keys of series that its log file does not know.
        let limit = store.options.frameByteCountLimit / 2
        if openByteCount >= limit { try close() }
        let held = openByteCount + closedByteCount
        if held > reserved {
            try context.reserve(held - reserved, for: word)
            reserved = held
        }
        if closedByteCount > context.settings.memoryLimit / 4 { try writeClosed() }
    }

    mutating func finish() throws(QueryError) {
        try close()
        try writeClosed()
        context.release(reserved)
        reserved = 0
    }

    private mutating func close() throws(QueryError) {
        if openByteCount == 0 { return }
        var changes: [RowChange] = []
        let deletesFirst = open.filter { $0.kind == .delete } + open.filter { $0.kind != .delete }
        for rows in deletesFirst {
            changes.append(try rows.change(context.snapshot))
        }
        closed.append(changes + ready)
        ready = []
        closedByteCount += openByteCount
        open = []
        openByteCount = 0
    }

    private mutating func writeClosed() throws(QueryError) {
        for changes in closed {
            try context.check()
            do { try store.change(changes) } catch { throw QueryError(error) }
        }
        closed = []
        closedByteCount = 0
    }
}

/// Rows of one kind and with the same columns, gathered for one record.
private struct ChangedRows {
    let kind: RowKind
    let columns: [Int]
    private let table: TableSchema
    private var series: [UInt32] = []
    private var keyIndexes: [UInt32] = []
    private var times: [Int64] = []
    private var values: BatchAccumulator

    init(_ kind: RowKind, columns: [Int], table: TableSchema) {
        self.kind = kind
        self.columns = columns
        self.table = table
        values = BatchAccumulator(types: columns.map { table.columns[$0].type })
    }

    /// About what the rows take in a record.
    var byteCount: Int { series.count * 24 + times.count * 9 + values.byteCount }

    mutating func add(_ vectors: [Vector], times added: Vector?, extents: [Extent]) {
        var rowCount = 0
        for extent in extents {
            if series.last != extent.series { series.append(extent.series) }
            keyIndexes.append(
                contentsOf: repeatElement(UInt32(series.count - 1), count: extent.rowCount))
            rowCount += extent.rowCount
        }
        if case .integers(let values)? = added?.storage {
            times.append(contentsOf: values)
        } else {
            times.append(contentsOf: repeatElement(0, count: rowCount))
        }
        values.append(vectors, rowCount: rowCount)
    }

    func change(_ snapshot: Snapshot) throws(QueryError) -> RowChange {
        var keys: [SeriesKey] = []
        keys.reserveCapacity(series.count)
        for number in series {
            guard let key = snapshot.seriesKey(number) else {
                throw QueryError("XX001", "series \(number) of \(table.name) has no key")
            }
            keys.append(key)
        }
        let fields = zip(columns, values.finish()).map {
            PointBatch.Column(number: table.columns[$0].number, values: $1)
        }
        return RowChange(
            PointBatch(
                table: table, keys: keys, keyIndexes: keyIndexes, times: times,
                columns: fields.sorted { $0.number < $1.number }), kind: kind)
    }
}
