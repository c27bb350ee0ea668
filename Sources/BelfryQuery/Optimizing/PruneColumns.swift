import BelfryCore
import BelfryStorage

/// Drops columns that nobody above reads, down to the scans: `count(*)` then reads none at all,
/// and storage answers it from row counts.
enum PruneColumns {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        exactly(Array(plan.columns.indices), of: plan)
    }

    /// A plan and where each column of the former one is in it; -1 where it is gone.
    private typealias Pruned = (plan: LogicalPlan, places: [Int])

    /// The plan with just these columns, in this order.
    private static func exactly(_ wanted: [Int], of plan: LogicalPlan) -> LogicalPlan {
        let pruned = prune(plan, Set(wanted))
        let places = wanted.map { pruned.places[$0] }
        if places == Array(pruned.plan.columns.indices) { return pruned.plan }
        let columns = pruned.plan.columns
        return .project(
            ProjectNode(
                input: pruned.plan, expressions: places.map { .column($0, columns[$0].type) },
                columns: places.map { columns[$0] }))
    }

    private static func whole(_ plan: LogicalPlan) -> LogicalPlan {
        exactly(Array(plan.columns.indices), of: plan)
    }

    private static func prune(_ plan: LogicalPlan, _ wanted: Set<Int>) -> Pruned {
        switch plan {
        case .scan(var node):
            let kept = node.columns.indices.filter(wanted.contains)
            let places = places(of: kept, count: node.columns.count)
            node.request.columns = kept.map { node.request.columns[$0] }
            node.columns = kept.map { node.columns[$0] }
            return (.scan(node), places)
        case .recursive(var node):
            node.base = whole(node.base)
            return (.recursive(node), Array(plan.columns.indices))
        case .values, .generateSeries, .rows:
            return (plan, Array(plan.columns.indices))
        case .filter(var node):
            let input = prune(node.input, wanted.union(node.predicate.usedColumns))
            node.input = input.plan
            node.predicate = moved(node.predicate, input.places)
            return (.filter(node), input.places)
        case .project(var node):
            let kept = node.expressions.indices.filter(wanted.contains)
            let input = prune(node.input, used(kept.map { node.expressions[$0] }))
            let places = places(of: kept, count: node.columns.count)
            node.expressions = kept.map { moved(node.expressions[$0], input.places) }
            node.columns = kept.map { node.columns[$0] }
            node.input = input.plan
            return (.project(node), places)
        case .aggregate(let node):
            return prune(node, wanted)
        case .sample(let node):
            return (
                LogicalPlan.sample(node).replacingInputs(
                    LogicalPlan.sample(node).inputs.map(whole)),
                Array(node.columns.indices)
            )
        case .latest(var node):
            let needed = wanted.union(used(node.keys)).union([node.timeIndex])
                .union(node.tieIndexes)
            let input = prune(node.input, needed)
            node.keys = node.keys.map { moved($0, input.places) }
            node.timeIndex = input.places[node.timeIndex]
            node.tieIndexes = node.tieIndexes.map { input.places[$0] }
            node.input = input.plan
            return (.latest(node), input.places)
        case .join(let node):
            return prune(node, wanted)
        case .asofJoin(let node):
            return prune(node, wanted)
        case .sort(var node):
            let input = prune(node.input, wanted.union(used(node.keys.map(\.expression))))
            for index in node.keys.indices {
                node.keys[index].expression = moved(node.keys[index].expression, input.places)
            }
            node.input = input.plan
            return (.sort(node), input.places)
        case .limit(var node):
            let input = prune(node.input, wanted)
            node.input = input.plan
            return (.limit(node), input.places)
        case .distinct(var node):
            guard let keys = node.keys else {
                node.input = whole(node.input)
                return (.distinct(node), Array(plan.columns.indices))
            }
            let input = prune(node.input, wanted.union(used(keys)))
            node.keys = keys.map { moved($0, input.places) }
            node.input = input.plan
            return (.distinct(node), input.places)
        case .union(var node):
            guard node.kind == .unionAll else {
                node.inputs = node.inputs.map(whole)
                return (.union(node), Array(node.columns.indices))
            }
            let kept = node.columns.indices.filter(wanted.contains)
            let places = places(of: kept, count: node.columns.count)
            node.inputs = node.inputs.map { exactly(kept, of: $0) }
            node.columns = kept.map { node.columns[$0] }
            return (.union(node), places)
        case .window(let node):
            return prune(node, wanted)
        case .apply(var node):
            let width = node.input.columns.count
            let input = prune(
                node.input,
                wanted.filter { $0 < width }.union(used(node.parameters.map(\.expression))))
            let newWidth = input.plan.columns.count
            for index in node.parameters.indices {
                node.parameters[index].expression = moved(
                    node.parameters[index].expression, input.places)
            }
            node.input = input.plan
            return (
                .apply(node),
                input.places + node.addedColumns.indices.map { $0 + newWidth }
            )
        }
    }

    private static func prune(_ node: WindowNode, _ wanted: Set<Int>) -> Pruned {
        var node = node
        let width = node.input.columns.count
        let callCount = node.calls.count
        let kept = node.calls.indices.filter { wanted.contains(width + $0) }
        let calls = kept.map { node.calls[$0] }
        let keys = node.partition + node.order.map(\.expression)
        let input = prune(
            node.input,
            wanted.filter { $0 < width }.union(used(keys + calls.flatMap(\.expressions))))
        if kept.isEmpty {
            return (input.plan, input.places + node.calls.map { _ in -1 })
        }
        node.partition = node.partition.map { moved($0, input.places) }
        for index in node.order.indices {
            node.order[index].expression = moved(node.order[index].expression, input.places)
        }
        node.calls = calls.map { $0.rewriting { moved($0, input.places) } }
        node.callColumns = kept.map { node.callColumns[$0] }
        node.input = input.plan
        let newWidth = input.plan.columns.count
        return (
            .window(node),
            input.places
                + places(of: kept, count: callCount).map { $0 < 0 ? -1 : $0 + newWidth }
        )
    }

    private static func prune(_ node: AggregateNode, _ wanted: Set<Int>) -> Pruned {
        var node = node
        let keyCount = node.keys.count
        let kept = node.aggregates.indices.filter { wanted.contains(keyCount + $0) }
        let aggregates = kept.map { node.aggregates[$0] }
        let expressions =
            node.keys + aggregates.flatMap { $0.arguments + ($0.filter.map { [$0] } ?? []) }
        let input = prune(node.input, used(expressions))
        let places =
            Array(0..<keyCount)
            + places(of: kept, count: node.aggregates.count).map { $0 < 0 ? -1 : $0 + keyCount }
        node.keys = node.keys.map { moved($0, input.places) }
        node.aggregates = aggregates.map { call in
            call.rewriting { moved($0, input.places) }
        }
        node.columns =
            Array(node.columns.prefix(keyCount)) + kept.map { node.columns[keyCount + $0] }
        node.input = input.plan
        return (.aggregate(node), places)
    }

    private static func prune(_ node: JoinNode, _ wanted: Set<Int>) -> Pruned {
        var node = node
        let width = node.left.columns.count
        let needed = wanted.union(node.residual?.usedColumns ?? [])
        let left = prune(node.left, needed.filter { $0 < width }.union(used(node.leftKeys)))
        let right = prune(
            node.right,
            Set(needed.filter { $0 >= width }.map { $0 - width }).union(used(node.rightKeys)))
        let newWidth = left.plan.columns.count
        let both = left.places + right.places.map { $0 < 0 ? -1 : $0 + newWidth }
        node.leftKeys = node.leftKeys.map { moved($0, left.places) }
        node.rightKeys = node.rightKeys.map { moved($0, right.places) }
        node.residual = node.residual.map { moved($0, both) }
        node.left = left.plan
        node.right = right.plan
        switch node.kind {
        case .semi, .anti: return (.join(node), left.places)
        case .inner, .left, .right, .full, .cross: return (.join(node), both)
        }
    }

    private static func prune(_ node: AsofJoinNode, _ wanted: Set<Int>) -> Pruned {
        var node = node
        let width = node.left.columns.count
        let left = prune(
            node.left,
            wanted.filter { $0 < width }.union(used(node.leftKeys + [node.leftTime])))
        let right = prune(
            node.right,
            Set(wanted.filter { $0 >= width }.map { $0 - width }).union(used(node.rightKeys))
                .union([node.rightTimeIndex]).union(node.tieIndexes))
        let newWidth = left.plan.columns.count
        node.leftKeys = node.leftKeys.map { moved($0, left.places) }
        node.leftTime = moved(node.leftTime, left.places)
        node.rightKeys = node.rightKeys.map { moved($0, right.places) }
        node.rightTimeIndex = right.places[node.rightTimeIndex]
        node.tieIndexes = node.tieIndexes.map { right.places[$0] }
        node.left = left.plan
        node.right = right.plan
        return (
            .asofJoin(node), left.places + right.places.map { $0 < 0 ? -1 : $0 + newWidth }
        )
    }

    private static func used(_ expressions: [BoundExpression]) -> Set<Int> {
        var columns = Set<Int>()
        for expression in expressions { expression.collectColumns(into: &columns) }
        return columns
    }

    private static func moved(_ expression: BoundExpression, _ places: [Int]) -> BoundExpression {
        expression.mappingColumns { .column(places[$0], $1) }
    }

    private static func places(of kept: [Int], count: Int) -> [Int] {
        var places = [Int](repeating: -1, count: count)
        for (place, index) in kept.enumerated() { places[index] = place }
        return places
    }
}
