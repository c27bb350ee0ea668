package import BelfryCore
package import BelfrySQL
import BelfryStorage

/// The scope above SAMPLE BY: keys, bucket columns, aggregates and series-aware calls become
/// columns of a grid.
///
/// Where nothing asks for a grid (no FILL, no series-aware call), the plan is an aggregation by
/// keys and bucket and nothing more. Otherwise cells are aggregated from the rows of the range,
/// donors from the rows around it, and a sample node puts them on the grid.
package final class SampleGrouping: Grouping {
    let relation: Relation
    let facts: TimeFacts
    let conditions: [BoundExpression]
    let range: SampleRange
    let grid: BucketGrid?
    let defaultFill: Fill?
    let binder: Binder
    let inputScope: RelationScope
    private(set) var keys: [BoundExpression] = []
    var keyColumns: [PlanColumn] = []
    var aggregates: [AggregateCall] = []
    var measures: [SampleNode.Measure] = []
    var names: [String] = []
    /// Expressions over the relation that series calls take, each once.
    var arguments: [BoundExpression] = []
    /// Set from outside where other inputs of an ALIGN JOIN ask for a grid.
    var isDense: Bool
    /// The times of all rows of an ALIGN JOIN, where an end is open.
    var sharedBounds: LogicalPlan?

    init(
        keys: [Expression], relation: Relation, facts: TimeFacts, conditions: [BoundExpression],
        range: SampleRange, grid: BucketGrid?, fill: Fill?, isDense: Bool, binder: Binder
    ) throws(QueryError) {
        self.relation = relation
        self.facts = facts
        self.conditions = conditions
        self.range = range
        self.grid = grid
        defaultFill = fill
        self.isDense = isDense
        self.binder = binder
        inputScope = RelationScope(relation, binder: binder, clause: "an aggregate")
        for key in keys {
            if let name = key.bareName, name.folded == "bucket", grid != nil { continue }
            var bound = try binder.bind(key, scope: inputScope)
            if bound.type == .unknown { bound = .cast(bound, .text, key.span) }
            if self.keys.contains(where: { $0.isSame(as: bound) }) { continue }
            self.keys.append(bound)
            keyColumns.append(
                PlanColumn(
                    name: Binder.outputName(key), type: bound.type,
                    kind: relation.kind(of: bound)))
        }
    }

    /// Where `bucket` stands in the output; `bucket_end` and `bucket_filled` follow.
    var bucketIndex: Int { keys.count }
    var measureIndex: Int { keys.count + 3 }
    var keyTypes: [DataType] { keys.map(\.type) }
    var measureEmptyValues: [Value] { measures.map(\.empty) }
    var measureTypes: [DataType] { measures.map(\.type) }

    // MARK: - ExpressionScope

    package func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? {
        switch expression {
        case .literal, .parameter: return nil
        case .column(let reference):
            if let bucket = bucketColumn(reference) { return bucket }
            guard let bound = try? inputScope.column(reference) else { return nil }
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

    private func bucketColumn(_ reference: ColumnReference) -> BoundExpression? {
        guard reference.table == nil, grid != nil else { return nil }
        switch reference.name.folded {
        case "bucket": return .column(bucketIndex, .timestamptz)
        case "bucket_end": return .column(bucketIndex + 1, .timestamptz)
        case "bucket_filled": return .column(bucketIndex + 2, .boolean)
        default: return nil
        }
    }

    package func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        if let bucket = bucketColumn(reference) { return bucket }
        let bound = try inputScope.column(reference)
        if let key = key(sameAs: bound) { return key }
        throw QueryError(
            "42803",
            "column \"\(reference.name.text)\" must be in GROUP BY or inside an aggregate",
            at: reference.span)
    }

    package func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    package func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }

    package func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        let measure: SampleNode.Measure
        let name = call.name.name.folded
        if ExpressionBinder.isSeriesAware(name) {
            try checkPinned(call)
            let series = try seriesCall(call)
            measure = try filled(
                .series(series), type: series.type, empty: .null, call: call, kind: series.kind)
        } else if let inner = innerSeriesCall(of: call) {
            var series = try seriesCall(inner)
            if call.filter != nil {
                throw .notSupported("FILTER around a series-aware call", at: call.span)
            }
            let scope = SeriesValueScope(type: series.type, binder: binder)
            let outer = try ExpressionBinder(scope: scope, environment: binder.environment)
                .bindAggregate(call, inputScope: scope, timeColumn: nil)
            series.outer = outer
            measure = try filled(
                .series(series), type: outer.type, empty: try emptyValue(outer), call: call,
                kind: .gauge)
        } else {
            let bound = try binder.aggregateCall(call, over: relation, scope: inputScope)
            let index = aggregates.firstIndex { $0.isSame(as: bound) } ?? aggregates.count
            if index == aggregates.count { aggregates.append(bound) }
            let isState =
                bound.arguments.first.map { relation.kind(of: $0) == .state } ?? false
            measure = try filled(
                .cell(index), type: bound.type, empty: try emptyValue(bound), call: call,
                kind: isState && ["first", "last", "min", "max", "mode"].contains(name)
                    ? .state : .gauge)
        }
        measures.append(measure)
        names.append(name)
        return .column(measureIndex + measures.count - 1, measure.type)
    }

    /// What the aggregate is over no rows: 0 for counts, else NULL.
    private func emptyValue(_ call: AggregateCall) throws(QueryError) -> Value {
        let state = call.function.makeState()
        state.grow(to: 1)
        return try state.finish(0..<1).value(0)
    }

    // MARK: - Fills

    private func filled(
        _ source: SampleNode.Measure.Source, type: DataType, empty: Value, call: FunctionCall,
        kind: ColumnKind
    ) throws(QueryError) -> SampleNode.Measure {
        var type = type
        var rule = SampleNode.FillRule(method: .none)
        if let fill = call.fill ?? defaultFill {
            if call.fill != nil { isDense = true }
            switch fill.method {
            case .null: rule.method = .null
            case .previous: rule.method = .previous
            case .next: rule.method = .next
            case .linear:
                guard type.isNumeric && kind != .state else {
                    throw QueryError(
                        "42804", "FILL LINEAR needs numbers that change steadily", at: fill.span,
                        hint: "text, booleans and STATE columns are filled by FILL PREV")
                }
                rule.method = .linear
                type = .double
            case .value(let expression):
                let value = try binder.bindConstant(
                    expression, clause: "FILL", expected: type
                ).value
                rule.method = .value(try fitting(value, type, at: expression.span))
            }
            switch fill.tolerance {
            case let tolerance?: rule.tolerance = try binder.toleranceNanoseconds(tolerance)
            case nil: rule.tolerance = facts.staleAfter
            }
        }
        if case .series = source { isDense = true }
        return SampleNode.Measure(source: source, fill: rule, type: type, empty: empty)
    }

    private func fitting(_ value: Value, _ type: DataType, at span: SourceSpan) throws(QueryError)
        -> Value
    {
        switch (value, type) {
        case (.null, _): return value
        case (.integer(let number), .double): return .double(Double(number))
        case (.double, .bigint), (.double, .integer), (.double, .smallint):
            throw QueryError.typeMismatch(
                "FILL wants a value of type \(type.name) here", at: span)
        default:
            let fits = value.type.layout == type.layout
            if fits { return value }
            throw QueryError.typeMismatch(
                "FILL wants a value of type \(type.name), not \(value.type.name)", at: span)
        }
    }
}
