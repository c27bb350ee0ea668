import BelfryCore
import BelfrySQL

/// The scope inside an aggregate around a series-aware call: its value is the only column.
final class SeriesValueScope: ExpressionScope {
    private let type: DataType
    private let binder: Binder

    init(type: DataType, binder: Binder) {
        self.type = type
        self.binder = binder
    }

    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        if reference.name.folded == "value" { return .column(0, type) }
        throw QueryError(
            "42803", "beside a series-aware call no other column may stand", at: reference.span)
    }

    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? { nil }

    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        if ExpressionBinder.isSeriesAware(call.name.name.folded) { return .column(0, type) }
        throw QueryError("42803", "aggregates cannot be nested", at: call.span)
    }

    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }
}

extension Binder {
    /// An aggregate of one expression that is bound already.
    func aggregateOfColumn(_ name: String, _ expression: BoundExpression) throws(QueryError)
        -> AggregateCall
    {
        let span = SourceSpan(0, 0)
        let reference = ColumnReference(name: Name(text: "value", span: span))
        let call = FunctionCall(
            name: QualifiedName(name: Name(text: name, span: span)),
            arguments: .list([.column(reference)]), span: span)
        let scope = SeriesValueScope(type: expression.type, binder: self)
        let bound = try ExpressionBinder(scope: scope, environment: environment)
            .bindAggregate(call, inputScope: scope, timeColumn: nil)
        return AggregateCall(
            function: bound.function,
            arguments: bound.arguments.map { $0.mappingColumns { _, _ in expression } },
            span: span)
    }
}
