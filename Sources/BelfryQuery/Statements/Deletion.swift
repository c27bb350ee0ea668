import BelfryCore
import BelfrySQL
import BelfryStorage

/// DELETE: by tags and times one tombstone, whatever the number of rows; by anything else a delete
/// for each row found, and in a table whose keys repeat the rows of the key that stay are written
/// again behind it.
struct Deletion {
    private let binder: Binder
    private let store: Store
    private let target: RowTarget
    private let returned: ReturnedRows?

    init(_ statement: Delete, binder: Binder, store: Store) throws(QueryError) {
        self.binder = binder
        self.store = store
        target = try RowTarget(
            statement.table, alias: statement.alias, filter: statement.filter, binder: binder)
        returned = try ReturnedRows(statement.returning, over: target.relation, binder: binder)
    }

    func run() throws(QueryError) -> RunningQuery {
        if returned == nil, let range = target.range {
            return answer(try deleteRange(range.series, range.times))
        }
        return answer(try target.keysRepeat ? deleteOfRepeated() : deleteFound())
    }

    /// What it would do and how it finds its rows, for EXPLAIN.
    func explained() throws(QueryError) -> (heading: String, plan: LogicalPlan) {
        let name = target.table.name
        if returned == nil, target.range != nil {
            return ("delete from \(name) by one deletion of tags and times", target.rangePlan)
        }
        let what = target.keysRepeat ? "writing what stays of their keys again" : "row by row"
        return ("delete from \(name), \(what)", try target.plan(time))
    }

    private func answer(_ count: Int) -> RunningQuery {
        if let returned { return returned.running("DELETE", binder: binder) }
        return RunningQuery(
            command: "DELETE", context: binder.context, rowCount: count,
            warnings: binder.warnings)
    }

    /// The count is that of the snapshot; rows written beside the statement may go uncounted.
    private func deleteRange(_ series: SeriesSet?, _ times: TimeRange) throws(QueryError) -> Int {
        let count = try target.rangeRowCount()
        if count == 0 { return 0 }
        do {
            try store.delete(RangeDeletion(table: target.table, series: series, times: times))
        } catch { throw QueryError(error) }
        return count
    }

    private var time: [BoundExpression] { target.table.timeIndex.map { [target.column($0)] } ?? [] }

    private func deleteFound() throws(QueryError) -> Int {
        let rows = try target.rows(time + (returned?.expressions ?? []))
        var writer = ChangeWriter(
            table: target.table, store: store, context: binder.context, word: "DELETE")
        var count = 0
        while let batch = try rows.next() {
            try writer.add(
                .delete, columns: [], [], times: time.isEmpty ? nil : batch.vectors[0],
                extents: batch.extents)
            try writer.mayCut()
            try returned?.add(batch.vectors[time.count...], rowCount: batch.rowCount)
            count += batch.rowCount
        }
        try writer.finish()
        return count
    }

    private func deleteOfRepeated() throws(QueryError) -> Int {
        let fields = target.table.fieldIndexes
        let rows = try target.candidates(
            time + fields.map(target.column) + (returned?.guarded(by: target.matches) ?? []))
        var rewriter = KeyRewriter(
            ChangeWriter(
                table: target.table, store: store, context: binder.context, word: "DELETE"),
            fields: fields, keepsMatches: false)
        var count = 0
        while let batch = try rows.next() {
            let met = Selection(whereTrue: batch.vectors[0])
            count += met.count
            if let returned {
                let given = batch.vectors[(1 + time.count + fields.count)...]
                try returned.add(given.map { $0.filtered(by: met) }[...], rowCount: met.count)
            }
            try rewriter.add(batch, hasTime: !time.isEmpty)
        }
        try rewriter.finish()
        return count
    }
}
