import BelfryCore

/// All rows in order; with a limit only the first of them (top-n), and then it never holds many
/// more rows than it is asked for.
final class SortOperator: Operator {
    private let input: any Operator
    private let node: SortNode
    private let keys: [ExpressionEvaluator]
    private let context: QueryContext
    private var rows: BatchAccumulator
    private var keyRows: BatchAccumulator
    private var sorted: SlicedRows?
    private var reserved = 0

    init(
        _ input: any Operator, node: SortNode, keys: [ExpressionEvaluator], context: QueryContext
    ) {
        self.input = input
        self.node = node
        self.keys = keys
        self.context = context
        rows = BatchAccumulator(types: input.columns.map(\.type))
        keyRows = BatchAccumulator(types: node.keys.map { $0.expression.type })
    }

    var columns: [PlanColumn] { input.columns }

    func next() throws(QueryError) -> Batch? {
        if sorted == nil {
            try consume()
            let order = sortedRows()
            sorted = SlicedRows(rows.finish(), order: order)
            rows = BatchAccumulator(types: [])
            keyRows = BatchAccumulator(types: [])
        }
        try context.check()
        return sorted?.next(context.settings.batchRowCount)
    }

    private func consume() throws(QueryError) {
        // Enough room that sorting what has come is rare.
        let pruneCount = node.limit.map { $0 > 1 << 20 ? .max : max(4 * $0, 8192) } ?? Int.max
        while let batch = try input.next() {
            try context.check()
            rows.append(batch.vectors, rowCount: batch.rowCount)
            var vectors: [Vector] = []
            for key in keys { vectors.append(try key.evaluate(batch)) }
            keyRows.append(vectors, rowCount: batch.rowCount)
            if rows.rowCount > pruneCount {
                let kept = sortedRows()
                rows.keep(kept)
                keyRows.keep(kept)
            }
            try reserve(rows.byteCount + keyRows.byteCount)
        }
    }

    private func sortedRows() -> [Int32] {
        let order = SortKeys(keyRows.finish(), keys: node.keys, rowCount: rows.rowCount)
            .sortedRows()
        return node.limit.map { Array(order.prefix($0)) } ?? order
    }

    private func reserve(_ byteCount: Int) throws(QueryError) {
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "ORDER BY")
            reserved = byteCount
        }
    }

    deinit { context.release(reserved) }
}

/// Long columns handed out in batches, in an order of their rows.
struct SlicedRows {
    private let columns: [Vector]
    private let order: [Int32]
    private var position = 0

    init(_ columns: [Vector], order: [Int32]) {
        self.columns = columns
        self.order = order
    }

    mutating func next(_ rowCount: Int) -> Batch? {
        if position >= order.count { return nil }
        let end = min(position + rowCount, order.count)
        let rows = Array(order[position..<end])
        position = end
        return Batch(columns.map { $0.gather(rows) }, rowCount: rows.count)
    }
}
