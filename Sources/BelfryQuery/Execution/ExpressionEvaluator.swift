package import BelfryCore

/// A bound expression over a batch.
///
/// Threads: one at a time (it remembers what it computed for a dictionary of tags).
package struct ExpressionEvaluator {
    package init(_ expression: BoundExpression, environment: EvaluationEnvironment) {}

    /// One value a row of the batch.
    package func evaluate(_ batch: Batch) throws(QueryError) -> Vector {
        throw QueryError("XX000", "no evaluator")
    }

    /// The value of an expression without columns.
    package static func evaluateConstant(
        _ expression: BoundExpression, environment: EvaluationEnvironment
    ) throws(QueryError) -> Value {
        throw QueryError("XX000", "no evaluator")
    }
}
