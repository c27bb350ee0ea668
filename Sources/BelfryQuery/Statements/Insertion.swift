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
        let rule = try conflictRule(table)
        let targets = try targets(table)
        let plan = try Optimizer.optimize(
            try source(table, targets), context: binder.context)
        let rows = try gather(plan, table)
        let count = try Self.write(
            rows, to: table, rule: rule, isCounted: statement.onConflict != nil, store: store)
        return RunningQuery(
            command: "INSERT", context: binder.context, rowCount: count,
            warnings: binder.warnings)
    }

    // MARK: - Binding

    /// The columns that the source gives, in its order: those named, else all.
    private func targets(_ table: TableSchema) throws(QueryError) -> [Int] {
        if statement.columns.isEmpty { return Array(table.columns.indices) }
        var indexes: [Int] = []
        for name in statement.columns {
            let index = try Self.column(name, of: table)
            if indexes.contains(index) {
                throw QueryError(
                    "42701", "column \"\(name.text)\" is named twice", at: name.span)
            }
            indexes.append(index)
        }
        return indexes
    }

    static func column(_ name: Name, of table: TableSchema) throws(QueryError) -> Int {
        let exact = table.columns.firstIndex { $0.name.utf8.elementsEqual(name.folded.utf8) }
        if let exact { return exact }
        let close = table.columns.indices.filter { name.matches(table.columns[$0].name) }
        if close.count == 1 { return close[0] }
        throw QueryError(
            "42703", "table \"\(table.name)\" has no column \"\(name.text)\"", at: name.span,
            hint: Suggestion.text(for: name.text, among: table.columns.map(\.name)))
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
                    try assigned(value, to: table.columns[targets[place]], at: expression.span))
            }
            rows.append(bound)
        }
        let columns = targets.prefix(width).map {
            PlanColumn(name: table.columns[$0].name, type: table.columns[$0].type)
        }
        return .values(ValuesNode(rows: rows, columns: columns))
    }

    private func assigned(
        _ expression: BoundExpression, to column: ColumnSchema, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        if expression.type == column.type { return expression }
        do {
            return try binder.coerced(
                expression, to: column.type,
                expression.type == .unknown ? .explicit : .assignment, at: span)
        } catch  where error.code == "42804" {
            throw QueryError.typeMismatch(
                "column \"\(column.name)\" is of type \(column.type.name), not "
                    + "\(expression.type.name)", at: span, hint: "a cast may help")
        }
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
                    try assigned(.column(place, given[place].type), to: column, at: span))
            } else {
                expressions.append(try defaultValue(of: column, at: span))
            }
        }
        let columns = table.columns.map { PlanColumn(name: $0.name, type: $0.type, kind: $0.kind) }
        return .project(
            ProjectNode(input: plan, expressions: expressions, columns: columns))
    }

    private func defaultValue(of column: ColumnSchema, at span: SourceSpan) throws(QueryError)
        -> BoundExpression
    {
        guard let text = column.defaultText else { return .constant(.null, column.type) }
        let tree: Expression
        do {
            tree = try Parser.parseExpression(text)
        } catch {
            throw QueryError(
                "XX001", "the default of column \"\(column.name)\" cannot be read: \(text)")
        }
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        let bound = try binder.bind(
            tree, over: nothing, clause: "DEFAULT", expected: column.type)
        return try assigned(bound, to: column, at: span)
    }

    /// ON CONFLICT as a rule of storage.
    private func conflictRule(_ table: TableSchema) throws(QueryError) -> BelfryCore.DuplicateRule?
    {
        for name in statement.conflictTarget { _ = try Self.column(name, of: table) }
        switch statement.onConflict {
        case nil: return nil
        case .doNothing: return .keep
        case .update(let assignments):
            for assignment in assignments {
                let index = try Self.column(assignment.column, of: table)
                guard case .column(let reference)? = assignment.value,
                    reference.table?.name.folded == "excluded",
                    try Self.column(reference.name, of: table) == index
                else {
                    throw .notSupported(
                        "ON CONFLICT DO UPDATE with anything but column = EXCLUDED.column",
                        at: assignment.value?.span ?? assignment.column.span)
                }
            }
            return .merge
        }
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

    /// Writes rows of all columns of a table; how many were new or changed something.
    static func write(
        _ rows: BatchAccumulator, to table: TableSchema, rule: BelfryCore.DuplicateRule?,
        isCounted: Bool, store: Store
    ) throws(QueryError) -> Int {
        if rows.rowCount == 0 { return 0 }
        let vectors = rows.finish()
        for (index, column) in table.columns.enumerated() {
            let mayBeNull =
                !column.isNotNull && column.role != .time && !table.primaryKey.contains(index)
            if !mayBeNull && vectors[index].validity.validCount(of: rows.rowCount) < rows.rowCount {
                throw QueryError(
                    "23502",
                    "column \"\(column.name)\" of table \"\(table.name)\" must not be NULL")
            }
        }
        var times = [Int64](repeating: 0, count: rows.rowCount)
        if let timeIndex = table.timeIndex, case .integers(let values) = vectors[timeIndex].storage
        {
            times = values
            if let time = values.first(where: { !Timestamp(nanoseconds: $0).isFinite }) {
                throw QueryError(
                    "22008",
                    "time \(Timestamp(nanoseconds: time)) is outside 1677 to 2262 and not stored")
            }
        }
        var generator = SystemRandomNumberGenerator()
        let keys = SeriesKeys(
            table: table, columns: vectors.enumerated().map { ($0.offset, $0.element) },
            rowCount: rows.rowCount, random: { generator.next() })
        let columns = table.fieldIndexes
            .map { PointBatch.Column(number: table.columns[$0].number, values: vectors[$0]) }
            .sorted { $0.number < $1.number }
        let batch = PointBatch(
            table: table, keys: keys.keys, keyIndexes: keys.indexes, times: times,
            columns: columns)
        do {
            let outcome = try store.write([batch], rule: rule, isCounted: isCounted)
            return isCounted ? outcome.stored + outcome.updated : rows.rowCount
        } catch {
            throw QueryError(error)
        }
    }
}
