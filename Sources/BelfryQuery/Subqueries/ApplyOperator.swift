import BelfryCore

/// Runs a subquery once for each distinct set of the values it asks for, and keeps the answers.
final class ApplyOperator: Operator {
    private let input: any Operator
    private let node: ApplyNode
    private let context: QueryContext
    private let parameters: [ExpressionEvaluator]
    private var table: GroupTable
    /// By group: one value, or rows.
    private var values: [Value] = []
    private var rows: [[Vector]] = []
    private var reserved = 0
    let columns: [PlanColumn]

    init(_ input: any Operator, node: ApplyNode, context: QueryContext) {
        self.input = input
        self.node = node
        self.context = context
        parameters = node.parameters.map {
            ExpressionEvaluator($0.expression, environment: context.environment)
        }
        table = GroupTable(types: node.parameters.map { $0.expression.type })
        columns = input.columns + node.addedColumns
    }

    func next() throws(QueryError) -> Batch? {
        while let batch = try input.next() {
            try context.check()
            if batch.rowCount == 0 { continue }
            let groups = try groups(of: batch)
            if case .rows(let keepsUnmatched) = node.form {
                let joined = join(batch, groups, keepsUnmatched: keepsUnmatched)
                if joined.rowCount > 0 { return joined }
                continue
            }
            var column = VectorBuilder(node.addedColumns[0].type, capacity: batch.rowCount)
            for group in groups { column.append(values[Int(group)]) }
            return Batch(batch.vectors + [column.finish()], rowCount: batch.rowCount)
        }
        return nil
    }

    /// The group of every row; the answers of new ones are found.
    private func groups(of batch: Batch) throws(QueryError) -> [UInt32] {
        var vectors: [Vector] = []
        for parameter in parameters {
            vectors.append(try parameter.evaluate(batch).expanded(to: batch.rowCount))
        }
        let known = table.count
        let runs = table.group(vectors, rowCount: batch.rowCount)
        for row in runs.firstRows(ofGroupsFrom: known) {
            var outer: [Int: Value] = [:]
            for (index, parameter) in node.parameters.enumerated() {
                outer[parameter.number] = vectors[index].value(Int(row))
            }
            try answer(outer)
        }
        let byteCount = table.byteCount + 48 * values.count
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "a correlated subquery")
            reserved = byteCount
        }
        return runs.perRow(batch.rowCount)
    }

    private func answer(_ outer: [Int: Value]) throws(QueryError) {
        var plan = node.subquery.rewritingExpressions { $0.replacingOuter(outer) }
        switch node.form {
        case .scalar: plan = .limit(LimitNode(input: plan, limit: 2, offset: 0))
        case .exists: plan = .limit(LimitNode(input: plan, limit: 1, offset: 0))
        case .quantified, .rows: break
        }
        let root = try PhysicalPlanner.operators(
            for: try Optimizer.optimize(plan, context: context), context: context)
        switch node.form {
        case .scalar:
            var found: [Value] = []
            while let batch = try root.next() {
                for row in 0..<batch.rowCount { found.append(batch.vectors[0].value(row)) }
            }
            if found.count > 1 {
                throw QueryError(
                    "21000", "a subquery that stands for a value gave more than one row",
                    at: node.span, hint: "LIMIT 1 keeps one, an aggregate makes one of all")
            }
            values.append(found.first ?? .null)
        case .exists:
            var hasRow = false
            while !hasRow, let batch = try root.next() { hasRow = batch.rowCount > 0 }
            values.append(.boolean(hasRow))
        case .quantified(let isAll):
            values.append(try quantified(root, isAll: isAll))
        case .rows:
            var gathered = BatchAccumulator(types: node.addedColumns.map(\.type))
            while let batch = try root.next() {
                gathered.append(batch.vectors, rowCount: batch.rowCount)
            }
            try context.reserve(gathered.byteCount, for: "a LATERAL subquery")
            rows.append(gathered.finish())
            values.append(.integer(Int64(gathered.rowCount)))
        }
        try context.check()
    }

    /// ANY is true where one is, else NULL where one is, else false; ALL the other way round.
    private func quantified(_ root: any Operator, isAll: Bool) throws(QueryError) -> Value {
        var hasNull = false
        while let batch = try root.next() {
            let outcomes = batch.vectors[0].expanded(to: batch.rowCount)
            for row in 0..<batch.rowCount {
                switch outcomes.value(row) {
                case .boolean(let isTrue): if isTrue != isAll { return .boolean(!isAll) }
                default: hasNull = true
                }
            }
        }
        return hasNull ? .null : .boolean(isAll)
    }

    private func join(_ batch: Batch, _ groups: [UInt32], keepsUnmatched: Bool) -> Batch {
        var left: [Int32] = []
        var right = BatchAccumulator(types: node.addedColumns.map(\.type))
        let nulls = node.addedColumns.map { Vector.nulls($0.type, count: 1) }
        for (row, group) in groups.enumerated() {
            guard case .integer(let count) = values[Int(group)] else { continue }
            if count > 0 {
                left.append(contentsOf: repeatElement(Int32(row), count: Int(count)))
                right.append(rows[Int(group)], rowCount: Int(count))
            } else if keepsUnmatched {
                left.append(Int32(row))
                right.append(nulls, rowCount: 1)
            }
        }
        return Batch(
            batch.vectors.map { $0.gather(left) } + right.finish(), rowCount: left.count)
    }

    deinit { context.release(reserved) }
}
