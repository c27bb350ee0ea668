import BelfryCore

/// Window functions: takes all rows, sorts them by partition and order, and gives them back in the
/// order in which they came, with a column for each call.
final class WindowOperator: Operator {
    private let input: any Operator
    private let node: WindowNode
    private let context: QueryContext
    private var output: SlicedRows?
    private var reserved = 0
    let columns: [PlanColumn]

    init(_ input: any Operator, node: WindowNode, context: QueryContext) {
        self.input = input
        self.node = node
        self.context = context
        columns = input.columns + node.callColumns
    }

    func next() throws(QueryError) -> Batch? {
        if output == nil {
            let vectors = try compute()
            output = SlicedRows(vectors.columns, order: (0..<vectors.rowCount).map { Int32($0) })
        }
        try context.check()
        return output?.next(context.settings.batchRowCount)
    }

    private func compute() throws(QueryError) -> (columns: [Vector], rowCount: Int) {
        var rows = BatchAccumulator(types: input.columns.map(\.type))
        while let batch = try input.next() {
            try context.check()
            rows.append(batch.vectors, rowCount: batch.rowCount)
            try reserve(rows.byteCount)
        }
        let rowCount = rows.rowCount
        guard rowCount <= Int(Int32.max) else {
            throw QueryError("54000", "a window over more than 2,147,483,647 rows")
        }
        let whole = Batch(rows.finish(), rowCount: rowCount)
        // Places and frames, and for each call a column and its sorted arguments.
        try reserve(rows.byteCount * 2 + rowCount * (64 + 24 * node.calls.count))
        if rowCount == 0 {
            return (whole.vectors + node.callColumns.map { .nulls($0.type, count: 0) }, 0)
        }
        let layout = try layout(of: whole)
        var results = whole.vectors
        for call in node.calls {
            let result = try self.result(of: call, whole, layout)
            results.append(result.gather(layout.positions))
        }
        return (results, rowCount)
    }

    private func layout(of whole: Batch) throws(QueryError) -> WindowLayout {
        let partition = node.partition.map {
            SortNode.Key(expression: $0, isDescending: false, nullsFirst: false)
        }
        let keys = partition + node.order
        var vectors: [Vector] = []
        for key in keys { vectors.append(try evaluate(key.expression, whole)) }
        return WindowLayout(
            SortKeys(vectors, keys: keys, rowCount: whole.rowCount),
            partitionKeyCount: partition.count, keyCount: keys.count, rowCount: whole.rowCount)
    }

    private func evaluate(_ expression: BoundExpression, _ batch: Batch) throws(QueryError)
        -> Vector
    {
        try ExpressionEvaluator(expression, environment: context.environment).evaluate(batch)
            .expanded(to: batch.rowCount)
    }

    /// By position.
    private func result(of call: WindowCall, _ whole: Batch, _ layout: WindowLayout)
        throws(QueryError) -> Vector
    {
        func sorted(_ expression: BoundExpression) throws(QueryError) -> Vector {
            try evaluate(expression, whole).gather(layout.rows)
        }
        let order = node.order.count == 1 ? node.order[0] : nil
        let frames = try WindowFrames(
            call.frame, layout,
            key: try order.map { key throws(QueryError) in try sorted(key.expression) },
            isDescending: order?.isDescending ?? false, edges: sorted)
        if case .aggregate(let aggregate) = call.function {
            return try result(of: aggregate, layout, frames, sorted)
        }
        var arguments: [Vector] = []
        for argument in call.arguments { arguments.append(try sorted(argument)) }
        let functions = WindowFunctions(layout: layout, frames: frames, arguments: arguments)
        switch call.function {
        case .rowNumber: return functions.rowNumbers()
        case .rank: return functions.ranks()
        case .denseRank: return functions.denseRanks()
        case .percentRank: return functions.percentRanks()
        case .cumeDist: return functions.cumulativeShares()
        case .ntile: return try functions.parts()
        case .lag: return functions.shifted(isBack: true)
        case .lead: return functions.shifted(isBack: false)
        case .firstValue: return functions.firstValues()
        case .lastValue: return functions.lastValues()
        case .nthValue: return try functions.nthValues()
        case .aggregate: return .nulls(call.type, count: layout.count)
        }
    }

    private func result(
        of aggregate: AggregateCall, _ layout: WindowLayout, _ frames: WindowFrames,
        _ sorted: (BoundExpression) throws(QueryError) -> Vector
    ) throws(QueryError) -> Vector {
        var arguments: [Vector] = []
        for argument in aggregate.arguments { arguments.append(try sorted(argument)) }
        var isPassed: [Bool]?
        if let filter = aggregate.filter {
            let vector = try sorted(filter)
            let values = vector.booleans
            isPassed = (0..<layout.count).map { vector.isValid($0) && values[$0] }
        }
        let parts = try WindowAggregation(
            function: aggregate.function, arguments: arguments, isPassed: isPassed,
            layout: layout, frames: frames, context: context
        ).results()
        if parts.count == 1 { return parts[0] }
        var column = ColumnAccumulator(aggregate.type)
        for part in parts { column.append(part) }
        return column.finish()
    }

    private func reserve(_ byteCount: Int) throws(QueryError) {
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "a window function")
            reserved = byteCount
        }
    }

    deinit { context.release(reserved) }
}
