import BelfryCore

/// GROUP BY: takes all its input, then gives the groups in order of first appearance.
final class HashAggregateOperator: Operator {
    let columns: [PlanColumn]
    private let input: any Operator
    private let context: QueryContext
    private let aggregator: GroupAggregator
    private var isConsumed = false
    private var position = 0

    init(_ input: any Operator, node: AggregateNode, context: QueryContext) throws(QueryError) {
        self.input = input
        self.context = context
        columns = node.columns
        aggregator = try GroupAggregator(node, context: context)
    }

    func next() throws(QueryError) -> Batch? {
        if !isConsumed {
            try aggregator.consume(input)
            aggregator.seal()
            isConsumed = true
        }
        try context.check()
        if position >= aggregator.groupCount { return nil }
        let end = min(position + context.settings.batchRowCount, aggregator.groupCount)
        defer { position = end }
        return try aggregator.finish(position..<end)
    }
}
