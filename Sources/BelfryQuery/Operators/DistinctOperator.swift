import BelfryCore

/// The first row of each distinct key, as they come.
final class DistinctOperator: Operator {
    private let input: any Operator
    private let keys: [ExpressionEvaluator]
    private let context: QueryContext
    private var table: GroupTable
    private var reserved = 0

    init(
        _ input: any Operator, keys: [ExpressionEvaluator], keyTypes: [DataType],
        context: QueryContext
    ) {
        self.input = input
        self.keys = keys
        self.context = context
        table = GroupTable(types: keyTypes)
    }

    var columns: [PlanColumn] { input.columns }

    func next() throws(QueryError) -> Batch? {
        while let batch = try input.next() {
            try context.check()
            var vectors: [Vector] = []
            for key in keys { vectors.append(try key.evaluate(batch)) }
            let known = table.count
            let runs = table.group(vectors, rowCount: batch.rowCount)
            let kept = runs.firstRows(ofGroupsFrom: known)
            let byteCount = table.byteCount
            if byteCount > reserved {
                try context.reserve(byteCount - reserved, for: "DISTINCT")
                reserved = byteCount
            }
            if !kept.isEmpty { return batch.filtered(by: Selection(kept)) }
        }
        return nil
    }

    deinit { context.release(reserved) }
}
