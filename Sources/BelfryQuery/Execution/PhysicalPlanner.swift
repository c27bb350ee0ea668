import BelfryCore
import BelfryStorage

/// Logical plan to operators.
package enum PhysicalPlanner {
    package static func operators(for plan: LogicalPlan, context: QueryContext)
        throws(QueryError) -> any Operator
    {
        try PlanBuilder(context: context, measurements: nil).build(plan, path: [])
    }
}

/// Makes the operators of one query; with `measurements` each is wrapped in one that counts.
struct PlanBuilder {
    let context: QueryContext
    let measurements: Measurements?
    /// The scan to use for the one scan of the plan: a part that one of several threads takes.
    var scanPart: ScanPart?

    func build(_ plan: LogicalPlan, path: [Int]) throws(QueryError) -> any Operator {
        let made = try make(plan, path: path)
        guard let measurements else { return made }
        return MeasuringOperator(made, path: path, measurements: measurements)
    }

    private func make(_ plan: LogicalPlan, path: [Int]) throws(QueryError) -> any Operator {
        let environment = context.environment
        func input(_ index: Int, _ plan: LogicalPlan) throws(QueryError) -> any Operator {
            try build(plan, path: path + [index])
        }
        switch plan {
        case .scan(let node):
            return ScanOperator(node, part: scanPart, context: context)
        case .values(let node):
            return ValuesOperator(node, environment: environment, context: context)
        case .generateSeries(let node):
            return GenerateSeriesOperator(node, environment: environment, context: context)
        case .filter(let node):
            return FilterOperator(
                try input(0, node.input), predicate: evaluator(node.predicate), context: context)
        case .project(let node):
            return ProjectOperator(
                try input(0, node.input), expressions: node.expressions.map(evaluator),
                columns: node.columns)
        case .aggregate(let node):
            if measurements == nil, let parts = try ParallelAggregateOperator(node, context) {
                return parts
            }
            return try HashAggregateOperator(
                try input(0, node.input), node: node, context: context)
        case .join(let node):
            return HashJoinOperator(
                left: try input(0, node.left), right: try input(1, node.right), node: node,
                leftKeys: node.leftKeys.map(evaluator), rightKeys: node.rightKeys.map(evaluator),
                residual: node.residual.map(evaluator),
                buildsLeft: node.isLeftSmaller(context), context: context)
        case .sort(let node):
            return SortOperator(
                try input(0, node.input), node: node,
                keys: node.keys.map { evaluator($0.expression) }, context: context)
        case .limit(let node):
            return LimitOperator(
                try input(0, node.input), limit: node.limit, offset: node.offset)
        case .distinct(let node):
            let below = try input(0, node.input)
            return distinct(below, keys: node.keys)
        case .union(let node):
            return try union(node, path: path)
        case .recursive(let node):
            return RecursiveOperator(try input(0, node.base), node: node, context: context)
        case .rows(let node): return WorkingRowsOperator(node, context: context)
        case .apply(let node):
            return ApplyOperator(try input(0, node.input), node: node, context: context)
        case .window(let node):
            return WindowOperator(try input(0, node.input), node: node, context: context)
        case .sample(let node):
            return try sample(node, path: path)
        case .latest(let node):
            return LatestOperator(
                node, input: try input(0, node.input), context: context,
                environment: environment)
        case .asofJoin(let node):
            return AsofJoinOperator(
                node, left: try input(0, node.left), right: try input(1, node.right),
                context: context, environment: environment)
        }
    }

    func evaluator(_ expression: BoundExpression) -> ExpressionEvaluator {
        ExpressionEvaluator(expression, environment: context.environment)
    }

    private func distinct(_ input: any Operator, keys: [BoundExpression]?) -> DistinctOperator {
        let keys = keys ?? input.columns.indices.map { .column($0, input.columns[$0].type) }
        return DistinctOperator(
            input, keys: keys.map(evaluator), keyTypes: keys.map(\.type), context: context)
    }

    private func union(_ node: UnionNode, path: [Int]) throws(QueryError) -> any Operator {
        var inputs: [any Operator] = []
        for (index, plan) in node.inputs.enumerated() {
            inputs.append(try build(plan, path: path + [index]))
        }
        switch node.kind {
        case .unionAll:
            return UnionAllOperator(inputs, columns: node.columns)
        case .union:
            return distinct(UnionAllOperator(inputs, columns: node.columns), keys: nil)
        case .intersect, .intersectAll, .except, .exceptAll:
            var result = inputs[0]
            for right in inputs.dropFirst() {
                result = SetOperator(
                    result, right, kind: node.kind, columns: node.columns, context: context)
            }
            return result
        }
    }

    private func sample(_ node: SampleNode, path: [Int]) throws(QueryError) -> any Operator {
        // In the order of the node's inputs.
        var next = 0
        func input(_ plan: LogicalPlan) throws(QueryError) -> any Operator {
            defer { next += 1 }
            return try build(plan, path: path + [next])
        }
        let cells = try input(node.cells)
        var donors: [any Operator] = []
        for donor in node.donors { donors.append(try input(donor)) }
        var evidence: (any Operator)?
        if let plan = node.evidence { evidence = try input(plan) }
        var bounds: (any Operator)?
        if let plan = node.bounds { bounds = try input(plan) }
        return SampleOperator(
            node, cells: cells, donors: donors, evidence: evidence, bounds: bounds,
            context: context, environment: context.environment)
    }
}

extension JoinNode {
    /// Whether the left side is clearly the smaller one to gather; the left one streams otherwise,
    /// because then its order stays.
    fileprivate func isLeftSmaller(_ context: QueryContext) -> Bool {
        guard kind == .inner, !leftKeys.isEmpty else { return false }
        let (leftCount, rightCount) = (left.rowEstimate(context), right.rowEstimate(context))
        return leftCount < rightCount / 4
    }
}

extension LogicalPlan {
    /// About how many rows, for choosing what to gather.
    func rowEstimate(_ context: QueryContext) -> Int {
        switch self {
        case .scan(let node):
            var count = context.snapshot.rowCountEstimate(node.request.table)
            if node.request.times.isEmpty { return 0 }
            if node.request.tags != .all { count /= 10 }
            if node.request.times != .everything { count /= 4 }
            if !node.request.conditions.isEmpty { count /= 2 }
            return count
        case .values(let node): return node.rows.count
        case .generateSeries: return 1000
        case .filter(let node): return node.input.rowEstimate(context) / 2
        case .project(let node): return node.input.rowEstimate(context)
        case .aggregate(let node):
            return node.keys.isEmpty ? 1 : node.input.rowEstimate(context) / 10
        case .sample(let node): return node.cells.rowEstimate(context)
        case .latest(let node): return node.input.rowEstimate(context) / 100
        case .join(let node):
            return max(node.left.rowEstimate(context), node.right.rowEstimate(context))
        case .asofJoin(let node): return node.left.rowEstimate(context)
        case .sort(let node): return min(node.limit ?? .max, node.input.rowEstimate(context))
        case .limit(let node): return min(node.limit ?? .max, node.input.rowEstimate(context))
        case .distinct(let node): return node.input.rowEstimate(context) / 4
        case .window(let node): return node.input.rowEstimate(context)
        case .apply(let node): return node.input.rowEstimate(context)
        case .recursive(let node): return node.base.rowEstimate(context) * 4
        case .rows(let node): return node.rowCount
        case .union(let node):
            return node.inputs.reduce(0) { $0 + $1.rowEstimate(context) }
        }
    }
}
