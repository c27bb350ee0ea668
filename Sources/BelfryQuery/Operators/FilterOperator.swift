import BelfryCore

/// Keeps the rows for which the predicate is true; NULL is not true.
final class FilterOperator: Operator {
    private let input: any Operator
    private let predicate: ExpressionEvaluator
    private let context: QueryContext

    init(_ input: any Operator, predicate: ExpressionEvaluator, context: QueryContext) {
        self.input = input
        self.predicate = predicate
        self.context = context
    }

    var columns: [PlanColumn] { input.columns }

    func next() throws(QueryError) -> Batch? {
        while let batch = try input.next() {
            try context.check()
            let kept = Selection(whereTrue: try predicate.evaluate(batch))
            if kept.isEmpty { continue }
            return batch.filtered(by: kept)
        }
        return nil
    }
}
