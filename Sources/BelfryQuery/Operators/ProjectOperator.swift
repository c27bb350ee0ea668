import BelfryCore

/// Computes expressions over each batch; extents stay.
final class ProjectOperator: Operator {
    let columns: [PlanColumn]
    private let input: any Operator
    private let expressions: [ExpressionEvaluator]

    init(_ input: any Operator, expressions: [ExpressionEvaluator], columns: [PlanColumn]) {
        self.input = input
        self.expressions = expressions
        self.columns = columns
    }

    func next() throws(QueryError) -> Batch? {
        guard let batch = try input.next() else { return nil }
        var vectors: [Vector] = []
        vectors.reserveCapacity(expressions.count)
        for expression in expressions { vectors.append(try expression.evaluate(batch)) }
        return Batch(vectors, rowCount: batch.rowCount, extents: batch.extents)
    }
}
