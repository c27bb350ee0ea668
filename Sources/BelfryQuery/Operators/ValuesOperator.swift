import BelfryCore

/// The rows that stood in the statement.
final class ValuesOperator: Operator {
    let columns: [PlanColumn]
    private let node: ValuesNode
    private let context: QueryContext
    private let environment: EvaluationEnvironment
    private var nextRow = 0

    init(_ node: ValuesNode, environment: EvaluationEnvironment, context: QueryContext) {
        self.node = node
        self.context = context
        self.environment = environment
        columns = node.columns
    }

    func next() throws(QueryError) -> Batch? {
        if nextRow >= node.rows.count { return nil }
        try context.check()
        let end = min(nextRow + context.settings.batchRowCount, node.rows.count)
        let rows = node.rows[nextRow..<end]
        nextRow = end
        var builders = columns.map { VectorBuilder($0.type, capacity: rows.count) }
        for row in rows {
            for index in builders.indices {
                builders[index].append(
                    try ExpressionEvaluator.evaluateConstant(row[index], environment: environment))
            }
        }
        return Batch(builders.map { $0.finish() }, rowCount: rows.count)
    }
}
