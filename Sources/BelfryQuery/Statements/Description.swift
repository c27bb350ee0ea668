import BelfryCore
import BelfrySQL
import BelfryStorage

/// SHOW, DESCRIBE and SUMMARIZE.
enum Description {
    static func show(_ show: Show, binder: Binder, store: Store) throws(QueryError)
        -> RunningQuery
    {
        let context = binder.context
        switch show {
        case .tables:
            let rows = binder.catalog.tables.sorted { $0.name < $1.name }.map { table in
                [
                    Value.text(table.name),
                    .text(table.isReference ? "reference" : "readings"),
                    .integer(Int64(table.columns.count)),
                    .integer(Int64(context.snapshot.rowCountEstimate(table))),
                ]
            }
            return result(
                [("table", .text), ("kind", .text), ("columns", .bigint), ("about_rows", .bigint)],
                rows, context)
        case .report(let report, let table):
            return try StoreReport(table, binder: binder, store: store).run(report)
        case .all:
            let rows = Variables.Variable.allCases.map {
                [Value.text($0.rawValue), .text($0.text(in: context.settings))]
            }
            return result([("name", .text), ("setting", .text)], rows, context)
        case .variable(let name):
            let variable = try Variables.variable(name)
            return result(
                [(variable.rawValue, .text)], [[.text(variable.text(in: context.settings))]],
                context)
        }
    }

    static func describe(_ name: QualifiedName, binder: Binder) throws(QueryError)
        -> RunningQuery
    {
        let table = try binder.table(name)
        let rows = table.columns.indices.map { index -> [Value] in
            let column = table.columns[index]
            let role =
                switch column.role {
                case .time: "time key"
                case .tag: "tag"
                case .field: table.primaryKey.contains(index) ? "primary key" : "field"
                }
            return [
                .text(column.name), .text(column.type.name), .text(role),
                column.role == .field && !table.isReference ? .text(kind(column.kind)) : .null,
                column.unit.map { .text($0) } ?? .null,
                .boolean(!column.isNotNull),
                column.defaultText.map { .text($0) } ?? .null,
            ]
        }
        return result(
            [
                ("column", .text), ("type", .text), ("role", .text), ("kind", .text),
                ("unit", .text), ("nullable", .boolean), ("default", .text),
            ], rows, binder.context)
    }

    private static func kind(_ kind: ColumnKind) -> String {
        switch kind {
        case .gauge: "gauge"
        case .counter: "counter"
        case .state: "state"
        case .delta(nil): "delta"
        case .delta(let per?): "delta per \(per)"
        }
    }

    /// For each column: how many values, how many different, the extremes and the mean.
    static func summarize(_ name: QualifiedName, binder: Binder) throws(QueryError)
        -> RunningQuery
    {
        let table = try binder.table(name)
        let span = name.span
        var select = Select(span: span)
        select.from = [
            .table(
                NamedTable(
                    name: QualifiedName(
                        name: Name(text: table.name, isQuoted: true, span: span)),
                    alias: nil, span: span))
        ]
        func call(_ function: String, _ arguments: FunctionCall.Arguments, isDistinct: Bool = false)
            -> Expression
        {
            var call = FunctionCall(
                name: QualifiedName(name: Name(text: function, span: span)),
                arguments: arguments, span: span)
            call.isDistinct = isDistinct
            return .call(call)
        }
        func asText(_ expression: Expression) -> Expression {
            .cast(CastExpression(expression, to: TypeName(.text, span: span), span: span))
        }
        let null = Expression.literal(Literal(.null, span: span))
        var items = [call("count", .star)]
        for column in table.columns {
            let reference = Expression.column(
                ColumnReference(name: Name(text: column.name, isQuoted: true, span: span)))
            let hasOrder = column.type != .boolean
            items += [
                call("count", .list([reference])),
                call("count", .list([reference]), isDistinct: true),
                hasOrder ? asText(call("min", .list([reference]))) : asText(null),
                hasOrder ? asText(call("max", .list([reference]))) : asText(null),
                column.type.isNumeric ? call("avg", .list([reference])) : null,
            ]
        }
        select.items = items.map { .expression($0, alias: nil) }
        let query = BelfrySQL.Query(body: .select(select), span: span)
        let plan = try Query.plan(query, binder: binder)
        let root = try PhysicalPlanner.operators(for: plan, context: binder.context)
        var values: [Value] = []
        while let batch = try root.next() {
            if batch.rowCount > 0 { values = batch.vectors.map { $0.value(0) } }
        }
        guard values.count == items.count, case .integer(let total) = values[0] else {
            return result([], [], binder.context)
        }
        let rows = table.columns.indices.map { index -> [Value] in
            let first = 1 + index * 5
            let column = table.columns[index]
            var nulls = Value.null
            if case .integer(let count) = values[first] { nulls = .integer(total - count) }
            let mean: Value
            if case .double = values[first + 4] { mean = values[first + 4] } else { mean = .null }
            return [
                .text(column.name), .text(column.type.name), values[first], nulls,
                values[first + 1], values[first + 2], values[first + 3], mean,
            ]
        }
        return result(
            [
                ("column", .text), ("type", .text), ("count", .bigint), ("nulls", .bigint),
                ("distinct", .bigint), ("min", .text), ("max", .text), ("avg", .double),
            ], rows, binder.context)
    }

    static func result(
        _ columns: [(String, DataType)], _ rows: [[Value]], _ context: QueryContext
    ) -> RunningQuery {
        RunningQuery(
            RowsOperator(
                columns: columns.map { PlanColumn(name: $0.0, type: $0.1) }, rows: rows),
            command: "SHOW", context: context)
    }
}
