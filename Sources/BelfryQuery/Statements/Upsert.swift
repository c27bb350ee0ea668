import BelfryCore
import BelfrySQL
import BelfryStorage

/// INSERT … ON CONFLICT where the rows that are there have to be seen: DO UPDATE with expressions
/// or a condition, and whatever returns only the rows that were written.
///
/// Rows found and rows not found are written as one. A row is looked up in the statement's
/// snapshot; the turn that statements take (`ChangeGate`) keeps other such statements out
/// meanwhile, plain INSERTs not.
struct Upsert {
    private let table: TableSchema
    /// Over the columns of the table, then of EXCLUDED; empty for DO NOTHING.
    private let values: [Int: BoundExpression]
    private let filter: BoundExpression?
    private let binder: Binder
    private let store: Store
    private let returned: ReturnedRows?

    init(
        table: TableSchema, values: [Int: BoundExpression] = [:], filter: BoundExpression? = nil,
        binder: Binder, store: Store, returned: ReturnedRows?
    ) {
        self.table = table
        self.values = values
        self.filter = filter
        self.binder = binder
        self.store = store
        self.returned = returned
    }

    private struct RowName: Hashable {
        let series: UInt32
        let time: Int64
    }

    /// - Parameter batch: the same rows as points.
    func run(_ rows: BatchAccumulator, _ batch: PointBatch) throws(QueryError) -> Int {
        if batch.rowCount == 0 { return 0 }
        let given = rows.finish()
        let chosen = try distinctRows(batch)
        let numbers = binder.context.snapshot.seriesNumbers(of: batch.keys)
        var wanted: [RowName: Int] = [:]
        for row in chosen {
            if let number = numbers[Int(batch.keyIndexes[row])] {
                wanted[RowName(series: number, time: batch.times[row])] = row
            }
        }
        var writer = ChangeWriter(
            table: table, store: store, context: binder.context, word: "INSERT")
        var found = Set<Int>()
        var count = 0
        if !wanted.isEmpty {
            try findRows(wanted) { (stored, matches) throws(QueryError) in
                found.formUnion(matches)
                if values.isEmpty { return }
                count += try update(stored, matches, given, &writer)
            }
        }
        let new = chosen.filter { !found.contains($0) }
        if !new.isEmpty {
            let kept = new.map { Int32($0) }
            writer.add(RowChange(batch.chosen(kept), kind: .merge))
            try returned?.add(rows: given.map { $0.gather(kept) }, rowCount: kept.count)
        }
        try writer.finish()
        return count + new.count
    }

    /// The rows that the statement is about: of several with one key DO NOTHING takes the first.
    private func distinctRows(_ batch: PointBatch) throws(QueryError) -> [Int] {
        var seen = Set<RowName>()
        var rows: [Int] = []
        for row in 0..<batch.rowCount {
            let name = RowName(series: batch.keyIndexes[row], time: batch.times[row])
            if seen.insert(name).inserted {
                rows.append(row)
            } else if !values.isEmpty {
                throw QueryError(
                    "21000", "ON CONFLICT DO UPDATE cannot change a row twice in one statement",
                    hint: "row \(row + 1) has the key of a row before it")
            }
        }
        return rows
    }

    /// Hands on the rows that are there, all columns, with the number of the given row of each.
    private func findRows(
        _ wanted: [RowName: Int], _ body: (Batch, [Int]) throws(QueryError) -> Void
    ) throws(QueryError) {
        var request = ScanRequest(table: table, columns: Array(table.columns.indices))
        if table.timeIndex != nil {
            let times = wanted.keys.map(\.time)
            // Infinite times are not stored, so there is room for one more.
            request.times = TimeRange(
                start: Timestamp(nanoseconds: times.min() ?? 0),
                end: Timestamp(nanoseconds: (times.max() ?? 0) + 1))
        }
        let scan: Scan
        do {
            scan = try binder.context.snapshot.scan(
                request, ofSeries: Set(wanted.keys.map(\.series)))
        } catch { throw QueryError(error) }
        while let batch = try next(scan) {
            try binder.context.check()
            var times: [Int64]?
            if let index = table.timeIndex,
                case .integers(let values) = batch.vectors[index].storage
            {
                times = values
            }
            var rows: [Int32] = []
            var matches: [Int] = []
            var row = 0
            for extent in batch.extents {
                for _ in 0..<extent.rowCount {
                    let name = RowName(series: extent.series, time: times?[row] ?? 0)
                    if let match = wanted[name] {
                        rows.append(Int32(row))
                        matches.append(match)
                    }
                    row += 1
                }
            }
            if !rows.isEmpty { try body(batch.filtered(by: Selection(rows)), matches) }
        }
    }

    private func next(_ scan: Scan) throws(QueryError) -> Batch? {
        do { return try scan.next() } catch { throw QueryError(error) }
    }

    /// Changes the rows that are there; how many met the condition.
    private func update(
        _ stored: Batch, _ matches: [Int], _ given: [Vector], _ writer: inout ChangeWriter
    ) throws(QueryError) -> Int {
        let rows = matches.map { Int32($0) }
        var both = Batch(
            stored.vectors + given.map { $0.gather(rows) }, rowCount: stored.rowCount,
            extents: stored.extents)
        let environment = binder.environment
        if let filter {
            let met = try ExpressionEvaluator(filter, environment: environment).evaluate(both)
            both = both.filtered(by: Selection(whereTrue: met))
        }
        if both.rowCount == 0 { return 0 }
        let fields = table.fieldIndexes
        var vectors = table.timeIndex.map { [both.vectors[$0]] } ?? []
        for index in fields {
            guard let value = values[index] else {
                vectors.append(both.vectors[index])
                continue
            }
            vectors.append(
                try ExpressionEvaluator(value, environment: environment).evaluate(both))
        }
        var changes = FieldChanges(
            table: table, fields: fields, assigned: Set(values.keys), writer: writer)
        try changes.add(
            Batch(vectors, rowCount: both.rowCount, extents: both.extents),
            hasTime: table.timeIndex != nil)
        writer = changes.writer
        if let returned {
            try returned.add(rows: both.vectors, rowCount: both.rowCount, assigning: values)
        }
        return both.rowCount
    }
}

extension PointBatch {
    /// Some rows, in their order; only the keys that they have.
    fileprivate func chosen(_ rows: [Int32]) -> PointBatch {
        var places = [UInt32?](repeating: nil, count: keys.count)
        var kept: [SeriesKey] = []
        var indexes: [UInt32] = []
        indexes.reserveCapacity(rows.count)
        for row in rows {
            let key = Int(keyIndexes[Int(row)])
            let place = places[key] ?? UInt32(kept.count)
            if places[key] == nil {
                places[key] = place
                kept.append(keys[key])
            }
            indexes.append(place)
        }
        return PointBatch(
            table: table, keys: kept, keyIndexes: indexes, times: rows.map { times[Int($0)] },
            columns: columns.map {
                PointBatch.Column(number: $0.number, values: $0.values.gather(rows))
            })
    }
}
