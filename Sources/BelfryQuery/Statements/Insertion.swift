import BelfryCore
import BelfrySQL
import BelfryStorage

/// INSERT: rows of VALUES or of a query to one point batch, written at once or not at all.
struct Insertion {
    private let statement: Insert
    private let binder: Binder
    private let store: Store

    init(_ statement: Insert, binder: Binder, store: Store) {
        self.statement = statement
        self.binder = binder
        self.store = store
    }

    func run() throws(QueryError) -> RunningQuery {
        let table = try binder.table(statement.table)
        let action = try ConflictAction(statement, table: table, binder: binder)
        let relation = binder.scan(of: table, alias: statement.alias?.folded ?? table.name)
        let returned = try ReturnedRows(statement.returning, over: relation, binder: binder)
        let targets = try targets(table)
        let plan = try Optimizer.optimize(
            try source(table, targets), context: binder.context)
        let rows = try gather(plan, table)
        let batch = try PointBatchMaker(table: table).batch(rows.finish(), rowCount: rows.rowCount)
        let count: Int
        switch action {
        case .rule(let rule) where returned == nil || (rule ?? table.insertRule) != .keep:
            count = try Self.write(batch, rule: rule, store: store)
            try returned?.add(rows: rows.finish(), rowCount: rows.rowCount)
        case .rule:
            count = try Upsert(table: table, binder: binder, store: store, returned: returned)
                .run(rows, batch)
        case .update(let values, let filter):
            if returned == nil, filter == nil,
                isPlainMerge(values, table, given: Set(targets), rows.finish())
            {
                count = try Self.write(batch, rule: .merge, store: store)
            } else {
                count = try Upsert(
                    table: table, values: values, filter: filter, binder: binder, store: store,
                    returned: returned
                ).run(rows, batch)
            }
        }
        if let returned { return returned.running("INSERT", binder: binder) }
        return RunningQuery(
            command: "INSERT", context: binder.context, rowCount: count,
            warnings: binder.warnings)
    }

    /// Whether DO UPDATE says what merging does without looking anything up: every given field
    /// takes the new value, none of which is NULL, and no other has one.
    private func isPlainMerge(
        _ values: [Int: BoundExpression], _ table: TableSchema, given: Set<Int>,
        _ vectors: [Vector]
    ) -> Bool {
        for index in table.fieldIndexes where !table.primaryKey.contains(index) {
            if given.contains(index) {
                guard case .column(let source, _)? = values[index],
                    source == table.columns.count + index,
                    vectors[index].validity.validCount(of: vectors[index].count)
                        == vectors[index].count
                else { return false }
            } else if values[index] != nil || table.columns[index].defaultText != nil {
                return false
            }
        }
        return true
    }

    // MARK: - Binding

    /// The columns that the source gives, in its order: those named, else all.
    private func targets(_ table: TableSchema) throws(QueryError) -> [Int] {
        if statement.columns.isEmpty { return Array(table.columns.indices) }
        var indexes: [Int] = []
        for name in statement.columns {
            let index = try binder.column(name, of: table)
            if indexes.contains(index) {
                throw QueryError(
                    "42701", "column \"\(name.text)\" is named twice", at: name.span)
            }
            indexes.append(index)
        }
        return indexes
    }

    /// A plan whose outputs are all columns of the table, in order and of its types.
    private func source(_ table: TableSchema, _ targets: [Int]) throws(QueryError) -> LogicalPlan {
        let given: LogicalPlan
        let span = statement.table.span
        switch statement.source {
        case .defaultValues:
            given = .values(ValuesNode(rows: [[]], columns: []))
            return try completed(given, table, targets: [], span: span)
        case .query(let query):
            if case .values(let values) = query.body, query.orderBy.isEmpty, query.limit == nil,
                query.offset == nil, query.with.isEmpty
            {
                given = try bindRows(values, table, targets)
            } else {
                given = try binder.bindQueryKeepingUnknown(query).plan
            }
            let count = given.columns.count
            // Without a list, fewer values than columns fill the first ones, as in PostgreSQL.
            let isShort = statement.columns.isEmpty && count < targets.count
            guard count == targets.count || isShort else {
                throw QueryError(
                    "42601",
                    "INSERT has \(count) values for \(targets.count) "
                        + "\(targets.count == 1 ? "column" : "columns")", at: query.span)
            }
            return try completed(
                given, table, targets: Array(targets.prefix(count)), span: query.span)
        }
    }

    /// VALUES, each expression bound for the column that it is for.
    private func bindRows(_ values: Values, _ table: TableSchema, _ targets: [Int])
        throws(QueryError) -> LogicalPlan
    {
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        let scope = RelationScope(nothing, binder: binder, clause: "VALUES")
        let width = values.rows.first?.count ?? 0
        guard width <= targets.count else {
            throw QueryError(
                "42601", "VALUES has \(width) values for \(targets.count) columns",
                at: values.rows.first.flatMap {
                    $0.count > targets.count ? $0[targets.count].span : nil
                })
        }
        var rows: [[BoundExpression]] = []
        for row in values.rows {
            guard row.count == width else {
                throw QueryError(
                    "42601", "the rows of VALUES have different lengths",
                    at: row.first?.span ?? values.span)
            }
            var bound: [BoundExpression] = []
            for (place, expression) in row.enumerated() {
                let type = table.columns[targets[place]].type
                let value = try binder.bind(expression, scope: scope, expected: type)
                bound.append(
                    try binder.assigned(
                        value, to: table.columns[targets[place]], at: expression.span))
            }
            rows.append(bound)
        }
        let columns = targets.prefix(width).map {
            PlanColumn(name: table.columns[$0].name, type: table.columns[$0].type)
        }
        return .values(ValuesNode(rows: rows, columns: columns))
    }

    /// Columns that the source does not give take their default.
    private func completed(
        _ plan: LogicalPlan, _ table: TableSchema, targets: [Int], span: SourceSpan
    ) throws(QueryError) -> LogicalPlan {
        let given = plan.columns
        var expressions: [BoundExpression] = []
        for (index, column) in table.columns.enumerated() {
            if let place = targets.firstIndex(of: index) {
                expressions.append(
                    try binder.assigned(.column(place, given[place].type), to: column, at: span))
            } else {
                expressions.append(try binder.defaultValue(of: column, at: span))
            }
        }
        let columns = table.columns.map { PlanColumn(name: $0.name, type: $0.type, kind: $0.kind) }
        return .project(
            ProjectNode(input: plan, expressions: expressions, columns: columns))
    }

    // MARK: - Rows

    private func gather(_ plan: LogicalPlan, _ table: TableSchema) throws(QueryError)
        -> BatchAccumulator
    {
        let context = binder.context
        let root = try PhysicalPlanner.operators(for: plan, context: context)
        var rows = BatchAccumulator(types: table.columns.map(\.type))
        var reserved = 0
        defer { context.release(reserved) }
        while let batch = try root.next() {
            try context.check()
            rows.append(batch.vectors, rowCount: batch.rowCount)
            if rows.byteCount > reserved {
                try context.reserve(rows.byteCount - reserved, for: "INSERT")
                reserved = rows.byteCount
            }
        }
        return rows
    }

    /// Writes a batch at once; how many rows were new or changed something.
    static func write(
        _ batch: PointBatch, rule: BelfryCore.DuplicateRule?, store: Store
    ) throws(QueryError) -> Int {
        if batch.rowCount == 0 { return 0 }
        let isCounted = (rule ?? batch.table.insertRule) == .keep
        // Storage takes MERGE of a reference table for nothing said; here the table says it.
        let rule = rule ?? (batch.table.isReference ? batch.table.insertRule : nil)
        do {
            let outcome = try store.write([batch], rule: rule, isCounted: isCounted)
            return isCounted ? outcome.stored + outcome.updated : batch.rowCount
        } catch {
            throw QueryError(error)
        }
    }
}

extension TableSchema {
    /// What an INSERT that says nothing does to rows that are there.
    var insertRule: BelfryCore.DuplicateRule { options.duplicateRule }

    /// The columns whose values name a row.
    var keyIndexes: [Int] {
        columns.indices.filter { index in
            columns[index].role != .field || primaryKey.contains(index)
        }
    }
}
