package import BelfryCore
package import BelfrySQL

/// What an expression may name where it stands: columns, parameters, aggregates, subqueries.
package protocol ExpressionScope: AnyObject {
    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression
    /// A whole expression that already has a column (a group key, an output of an aggregation);
    /// nil to bind it by its parts.
    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression?
    /// An aggregate or series-aware call; throws 42803 where none may stand.
    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression
    /// A call with OVER; throws 42P20 where none may stand.
    func window(_ call: FunctionCall) throws(QueryError) -> BoundExpression
    /// Where correlated subqueries of this scope go; nil where none may stand.
    var collector: SubqueryCollector? { get }
    /// A scalar subquery, EXISTS or IN (SELECT …).
    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression
    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value
}

extension ExpressionScope {
    package var collector: SubqueryCollector? { nil }

    package func window(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        throw QueryError(
            "42P20", "a window function is not allowed here", at: call.span,
            hint: "it stands in the select list, QUALIFY or ORDER BY; elsewhere use a subquery")
    }
}
