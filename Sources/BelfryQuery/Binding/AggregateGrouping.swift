package import BelfryCore
package import BelfrySQL

/// The scope above a plain GROUP BY: keys and aggregates become columns of an aggregation.
package final class AggregateGrouping: Grouping {
    private let input: GroupingInput
    private let binder: Binder
    private let inputScope: RelationScope
    package let collector: SubqueryCollector? = SubqueryCollector()
    private var keys: [BoundExpression] = []
    private var columns: [PlanColumn] = []
    private var aggregates: [AggregateCall] = []

    /// - Parameter keys: the GROUP BY expressions, ordinals and aliases already resolved.
    package init(keys: [Expression], input: GroupingInput, binder: Binder) throws(QueryError) {
        self.input = input
        self.binder = binder
        inputScope = RelationScope(input.relation, binder: binder, clause: "an aggregate")
        for key in keys {
            var bound = try binder.bind(key, scope: inputScope)
            if bound.type == .unknown { bound = try binder.coerced(bound, to: .text, at: key.span) }
            if self.keys.contains(where: { $0.isSame(as: bound) }) { continue }
            self.keys.append(bound)
            columns.append(
                PlanColumn(
                    name: Binder.outputName(key), type: bound.type,
                    kind: input.relation.kind(of: bound)))
        }
    }

    var keyCount: Int { keys.count }

    /// What each aggregate handed out so far is over no rows.
    var emptyValues: [Value] {
        aggregates.map { call in
            let state = call.function.makeState()
            state.grow(to: 1)
            return (try? state.finish(0..<1))?.value(0) ?? .null
        }
    }

    package func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? {
        switch expression {
        case .literal, .parameter: return nil
        case .column(let reference):
            let bound = try inputScope.column(reference)
            return key(sameAs: bound)
        default:
            if keys.isEmpty || expression.hasAggregate || expression.hasSubquery { return nil }
            guard let bound = try? binder.bind(expression, scope: inputScope) else { return nil }
            return bound.isConstant ? nil : key(sameAs: bound)
        }
    }

    private func key(sameAs expression: BoundExpression) -> BoundExpression? {
        guard let index = keys.firstIndex(where: { $0.isSame(as: expression) }) else { return nil }
        return .column(index, keys[index].type)
    }

    package func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        let bound = try inputScope.column(reference)
        if let key = key(sameAs: bound) { return key }
        if case .outer = bound { return bound }
        throw QueryError(
            "42803",
            "column \"\(reference.name.text)\" must be in GROUP BY or inside an aggregate",
            at: reference.span)
    }

    package func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        if ExpressionBinder.isSeriesAware(call.name.name.folded) {
            throw QueryError(
                "42803", "\(call.name.name.folded)() needs SAMPLE BY", at: call.span)
        }
        if let fill = call.fill {
            throw QueryError("42601", "FILL needs SAMPLE BY", at: fill.span)
        }
        let bound = try binder.aggregateCall(call, over: input.relation, scope: inputScope)
        let isPlain = call.orderBy.isEmpty && call.withinGroup.isEmpty
        let index =
            (isPlain ? aggregates.firstIndex { $0.isSame(as: bound) } : nil) ?? aggregates.count
        if index == aggregates.count { aggregates.append(bound) }
        return .column(keys.count + index, bound.type)
    }

    package func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    package func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }

    package func finish() throws(QueryError) -> Relation {
        let outputs =
            columns
            + aggregates.map { call in
                var column = PlanColumn(name: call.function.name, type: call.type)
                // Extremes and single values of a column are of its kind.
                if ["min", "max", "first", "last"].contains(call.function.name),
                    let argument = call.arguments.first,
                    let kind = input.relation.kind(of: argument)
                {
                    column.kind = kind
                }
                return column
            }
        return Relation(
            plan: .aggregate(
                AggregateNode(
                    input: input.filtered, keys: keys, aggregates: aggregates, columns: outputs)),
            columns: [])
    }
}

extension Binder {
    /// An ordinary aggregate over a relation; `count(t.*)` counts rows where `t` is not missing.
    package func aggregateCall(
        _ call: FunctionCall, over relation: Relation, scope: any ExpressionScope
    ) throws(QueryError) -> AggregateCall {
        var call = call
        if case .starOf(let table) = call.arguments {
            call = try countOfRows(call, table: table, relation: relation)
        }
        let time = relation.times.first
        let timeColumn = time.map { BoundExpression.column($0.timeIndex, .timestamptz) }
        return try ExpressionBinder(scope: scope, environment: environment)
            .bindAggregate(call, inputScope: scope, timeColumn: timeColumn)
    }

    /// count(t.*) as a count that is bound like any other: of all rows, or of a column that is
    /// NULL only where the row of `t` is missing.
    private func countOfRows(_ call: FunctionCall, table: Name, relation: Relation)
        throws(QueryError) -> FunctionCall
    {
        guard let name = relation.tableName(table) else {
            throw QueryError(
                "42P01", "there is no table \"\(table.text)\" in FROM", at: table.span,
                hint: Suggestion.text(for: table.text, among: relation.tables))
        }
        let columns = relation.columns.filter { $0.table == name }
        func counting(_ arguments: FunctionCall.Arguments) -> FunctionCall {
            var result = FunctionCall(name: call.name, arguments: arguments, span: call.span)
            result.filter = call.filter
            result.fill = call.fill
            result.over = call.over
            return result
        }
        guard columns.contains(where: \.isNullExtended) else { return counting(.star) }
        func reference(_ column: ScopeColumn) -> Expression {
            .column(
                ColumnReference(
                    table: QualifiedName(name: Name(text: name, isQuoted: true, span: table.span)),
                    name: Name(text: column.name, isQuoted: true, span: table.span)))
        }
        if let sure = columns.first(where: \.isNotNull) {
            return counting(.list([reference(sure)]))
        }
        // No column is declared NOT NULL: a row counts where any has a value.
        let any = columns.map { column in
            CaseExpression.Branch(
                condition: .isTest(
                    IsTest(reference(column), .null, isNegated: true, span: table.span)),
                result: .literal(Literal(.boolean(true), span: table.span)))
        }
        return counting(
            .list([
                .caseWhen(
                    CaseExpression(
                        operand: nil, branches: any, otherwise: nil, span: table.span))
            ]))
    }
}

extension AggregateCall {
    package func isSame(as other: AggregateCall) -> Bool {
        guard function.name == other.function.name && function.type == other.function.type,
            isDistinct == other.isDistinct, arguments.count == other.arguments.count,
            zip(arguments, other.arguments).allSatisfy({ $0.isSame(as: $1) })
        else { return false }
        switch (filter, other.filter) {
        case (nil, nil): return true
        case (let mine?, let theirs?): return mine.isSame(as: theirs)
        case (nil, _?), (_?, nil): return false
        }
    }
}
