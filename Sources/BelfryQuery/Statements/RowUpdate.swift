import BelfryCore
import BelfrySQL
import BelfryStorage

/// UPDATE of fields: merge rows with the columns that change, whole rows where one of them becomes
/// NULL, for a merge row's NULLs leave what is there.
struct RowUpdate {
    private let binder: Binder
    private let store: Store
    private let target: RowTarget
    /// The new values by column index, over the columns as they are.
    private let values: [Int: BoundExpression]
    private let returned: ReturnedRows?

    init(_ statement: Update, binder: Binder, store: Store) throws(QueryError) {
        self.binder = binder
        self.store = store
        target = try RowTarget(
            statement.table, alias: statement.alias, filter: statement.filter, binder: binder)
        values = try binder.bindAssignments(
            statement.assignments, to: target.table,
            scope: RelationScope(target.relation, binder: binder, clause: "UPDATE"))
        returned = try ReturnedRows(statement.returning, over: target.relation, binder: binder)
        returned?.assign(values)
    }

    func run() throws(QueryError) -> RunningQuery {
        let count = try target.keysRepeat ? updateRepeated() : updateFound()
        if let returned { return returned.running("UPDATE", binder: binder) }
        return RunningQuery(
            command: "UPDATE", context: binder.context, rowCount: count,
            warnings: binder.warnings)
    }

    /// What it would do and how it finds its rows, for EXPLAIN.
    func explained() throws(QueryError) -> (heading: String, plan: LogicalPlan) {
        let names = values.keys.sorted().map { table.columns[$0].name }
        let fields = target.keysRepeat ? table.fieldIndexes : fieldsNeeded
        return (
            "update \(table.name): \(names.joined(separator: ", "))",
            try target.plan(time + fields.map(value))
        )
    }

    private var table: TableSchema { target.table }
    private var time: [BoundExpression] { table.timeIndex.map { [target.column($0)] } ?? [] }

    private func writer() -> ChangeWriter {
        ChangeWriter(table: table, store: store, context: binder.context, word: "UPDATE")
    }

    /// The new value of a field.
    private func value(_ index: Int) -> BoundExpression { values[index] ?? target.column(index) }

    private func updateFound() throws(QueryError) -> Int {
        let fields = fieldsNeeded
        let rows = try target.rows(
            time + fields.map(value) + (returned?.expressions ?? []))
        var changes = FieldChanges(
            table: table, fields: fields, assigned: Set(values.keys), writer: writer())
        var count = 0
        while let batch = try rows.next() {
            try changes.add(batch, hasTime: !time.isEmpty)
            try returned?.add(
                batch.vectors[(time.count + fields.count)...], rowCount: batch.rowCount)
            count += batch.rowCount
        }
        try changes.finish()
        return count
    }

    /// All fields, for where a row has to be written whole; only those that change where none of
    /// them can become NULL.
    private var fieldsNeeded: [Int] {
        let isNeverNull = values.values.allSatisfy { expression in
            if case .constant(let value, _) = expression { return !value.isNull }
            return false
        }
        return table.fieldIndexes.filter { !isNeverNull || values[$0] != nil }
    }

    private func updateRepeated() throws(QueryError) -> Int {
        let fields = table.fieldIndexes
        let matches = target.matches
        let changed = fields.map { index -> BoundExpression in
            guard let value = values[index] else { return target.column(index) }
            return .caseWhen(
                [BoundExpression.Branch(condition: matches, result: value)],
                otherwise: target.column(index), table.columns[index].type)
        }
        let rows = try target.candidates(
            time + changed + (returned?.guarded(by: matches) ?? []))
        var rewriter = KeyRewriter(writer(), fields: fields, keepsMatches: true)
        let maker = PointBatchMaker(table: table)
        var count = 0
        while let batch = try rows.next() {
            let met = Selection(whereTrue: batch.vectors[0])
            count += met.count
            for (place, index) in fields.enumerated() where values[index] != nil {
                let made = batch.vectors[1 + time.count + place].filtered(by: met)
                try maker.checkNotNull(made, index, rowCount: met.count)
            }
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

/// Rows with new values for some of their fields, sorted into merge and replace rows.
struct FieldChanges {
    private let table: TableSchema
    /// What batches carry behind the time: all fields of the table, or only the assigned ones.
    private let fields: [Int]
    private let assigned: Set<Int>
    private(set) var writer: ChangeWriter

    init(table: TableSchema, fields: [Int], assigned: Set<Int>, writer: ChangeWriter) {
        self.table = table
        self.fields = fields
        self.assigned = assigned
        self.writer = writer
    }

    mutating func add(_ batch: Batch, hasTime: Bool) throws(QueryError) {
        let first = hasTime ? 1 : 0
        let maker = PointBatchMaker(table: table)
        var isWhole = [Bool](repeating: false, count: batch.rowCount)
        var isAnyWhole = false
        for (place, index) in fields.enumerated() where assigned.contains(index) {
            let values = batch.vectors[first + place]
            try maker.checkNotNull(values, index, rowCount: batch.rowCount)
            if values.validity.validCount(of: batch.rowCount) == batch.rowCount { continue }
            for row in 0..<batch.rowCount where !values.isValid(row) { isWhole[row] = true }
            isAnyWhole = true
        }
        if !isAnyWhole {
            try addMerged(batch, first)
        } else {
            let rows = isWhole.indices.map { Int32($0) }
            try addMerged(
                batch.filtered(by: Selection(rows.filter { !isWhole[Int($0)] })), first)
            let whole = batch.filtered(by: Selection(rows.filter { isWhole[Int($0)] }))
            try writer.add(
                .replace, columns: fields,
                Array(whole.vectors[first..<(first + fields.count)]),
                times: hasTime ? whole.vectors[0] : nil, extents: whole.extents)
        }
        try writer.mayCut()
    }

    private mutating func addMerged(_ batch: Batch, _ first: Int) throws(QueryError) {
        let places = fields.indices.filter { assigned.contains(fields[$0]) }
        try writer.add(
            .merge, columns: places.map { fields[$0] },
            places.map { batch.vectors[first + $0] },
            times: first == 1 ? batch.vectors[0] : nil, extents: batch.extents)
    }

    mutating func finish() throws(QueryError) { try writer.finish() }
}
