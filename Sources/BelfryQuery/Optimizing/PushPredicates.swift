import BelfryCore

/// Moves conditions down to where rows come from, so that fewer of them travel.
///
/// Through projections and unions, past sorts and groups (by their keys), into the side of a join
/// that they speak of. Never to a side whose rows an outer join may replace by NULLs, and never
/// past a limit, a DISTINCT ON, a LATEST BY or an as-of match, whose rows depend on what they see.
enum PushPredicates {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        push(plan, [])
    }

    /// The plan with conditions over its output applied as far down as they go.
    private static func push(_ plan: LogicalPlan, _ conditions: [BoundExpression]) -> LogicalPlan {
        switch plan {
        case .filter(let node):
            return push(node.input, node.predicate.conjuncts + conditions)
        case .project(var node):
            let (below, above) = conditions.partitioned { condition in
                // Moving a costly expression to two places is no gain; a failing one might fail
                // earlier: only columns and constants are passed through.
                condition.usedColumns.allSatisfy { node.expressions[$0].isColumnOrConstant }
            }
            node.input = push(
                node.input, below.map { $0.mappingColumns { index, _ in node.expressions[index] } })
            return LogicalPlan.project(node).filtered(by: above)
        case .aggregate(var node):
            let (below, above) = conditions.partitioned { condition in
                let used = condition.usedColumns
                return !used.isEmpty
                    && used.allSatisfy {
                        $0 < node.keys.count && node.keys[$0].isColumnOrConstant
                    }
            }
            node.input = push(
                node.input, below.map { $0.mappingColumns { index, _ in node.keys[index] } })
            return LogicalPlan.aggregate(node).filtered(by: above)
        case .sort(var node) where node.limit == nil:
            node.input = push(node.input, conditions)
            return .sort(node)
        case .distinct(var node) where node.keys == nil:
            node.input = push(node.input, conditions)
            return .distinct(node)
        case .union(var node):
            node.inputs = node.inputs.map { push($0, conditions) }
            return .union(node)
        case .join(let node):
            return pushThroughJoin(node, conditions)
        case .asofJoin(var node):
            let width = node.left.columns.count
            let (below, above) = conditions.partitioned { condition in
                condition.usedColumns.allSatisfy { $0 < width }
            }
            node.left = push(node.left, below)
            node.right = push(node.right, [])
            return LogicalPlan.asofJoin(node).filtered(by: above)
        case .apply(var node):
            let width = node.input.columns.count
            let (below, above) = conditions.partitioned { condition in
                condition.usedColumns.allSatisfy { $0 < width }
            }
            node.input = push(node.input, below)
            return LogicalPlan.apply(node).filtered(by: above)
        case .window(var node):
            // A whole partition goes or stays; a single row of it may not go early.
            let (below, above) = conditions.partitioned { condition in
                let used = condition.usedColumns
                return !used.isEmpty
                    && used.allSatisfy { column in
                        node.partition.contains {
                            if case .column(column, _) = $0 { return true }
                            return false
                        }
                    }
            }
            node.input = push(node.input, below)
            return LogicalPlan.window(node).filtered(by: above)
        case .scan, .values, .generateSeries, .sample, .latest, .sort, .limit, .distinct,
            .recursive, .rows:
            let inside = plan.replacingInputs(plan.inputs.map { push($0, []) })
            return inside.filtered(by: conditions)
        }
    }

    private static func pushThroughJoin(_ node: JoinNode, _ conditions: [BoundExpression])
        -> LogicalPlan
    {
        var node = node
        let width = node.left.columns.count
        let keepsLeft: Bool
        let keepsRight: Bool
        switch node.kind {
        case .inner, .cross: (keepsLeft, keepsRight) = (true, true)
        case .left, .semi, .anti: (keepsLeft, keepsRight) = (true, false)
        case .right: (keepsLeft, keepsRight) = (false, true)
        case .full: (keepsLeft, keepsRight) = (false, false)
        }
        var left: [BoundExpression] = []
        var right: [BoundExpression] = []
        var above: [BoundExpression] = []
        for condition in conditions {
            let used = condition.usedColumns
            if keepsLeft && used.allSatisfy({ $0 < width }) {
                left.append(condition)
            } else if keepsRight && used.allSatisfy({ $0 >= width }) {
                right.append(condition.shifted(by: -width))
            } else if let pair = condition.equality(acrossWidth: width),
                node.kind == .inner || node.kind == .cross
            {
                // WHERE a.x = b.x makes a join of what commas listed.
                node.kind = .inner
                node.leftKeys.append(pair.left)
                node.rightKeys.append(pair.right)
            } else {
                above.append(condition)
            }
        }
        if !node.nullsMatch {
            copyAcrossKeys(node, keepsLeft: keepsLeft, keepsRight: keepsRight, &left, &right)
        }
        // Conditions of ON that speak of one side alone filter the side that may be missing.
        if let residual = node.residual {
            var rest: [BoundExpression] = []
            for condition in residual.conjuncts {
                let used = condition.usedColumns
                let isLeft = used.allSatisfy { $0 < width }
                let isRight = used.allSatisfy { $0 >= width }
                switch node.kind {
                case .inner where isLeft, .right where isLeft:
                    left.append(condition)
                case .inner where isRight, .left where isRight, .semi where isRight,
                    .anti where isRight:
                    right.append(condition.shifted(by: -width))
                default: rest.append(condition)
                }
            }
            node.residual = BoundExpression.conjunction(rest)
        }
        node.left = push(node.left, left)
        node.right = push(node.right, right)
        return LogicalPlan.join(node).filtered(by: above)
    }

    /// A condition on a key of one side holds for the other side's key, too: a tag that is asked
    /// for by name narrows both scans.
    private static func copyAcrossKeys(
        _ node: JoinNode, keepsLeft: Bool, keepsRight: Bool, _ left: inout [BoundExpression],
        _ right: inout [BoundExpression]
    ) {
        func moved(
            _ condition: BoundExpression, from: [BoundExpression], to: [BoundExpression]
        ) -> BoundExpression? {
            var isWhole = !condition.usedColumns.isEmpty
            let result = condition.mappingColumns { index, type in
                let place = from.firstIndex { $0.isSame(as: .column(index, type)) }
                guard let place, to[place].isColumnOrConstant else {
                    isWhole = false
                    return .column(index, type)
                }
                return to[place]
            }
            return isWhole ? result : nil
        }
        let isInner = node.kind == .inner
        let fromLeft =
            isInner || node.kind == .left || node.kind == .semi || node.kind == .anti
            ? left.compactMap { moved($0, from: node.leftKeys, to: node.rightKeys) } : []
        let fromRight =
            isInner || node.kind == .right
            ? right.compactMap { moved($0, from: node.rightKeys, to: node.leftKeys) } : []
        right += fromLeft.filter { condition in !right.contains { $0.isSame(as: condition) } }
        left += fromRight.filter { condition in !left.contains { $0.isSame(as: condition) } }
    }
}

extension BoundExpression {
    var isColumnOrConstant: Bool {
        switch self {
        case .column, .constant, .outer: true
        case .call, .and, .or, .not, .isNull, .caseWhen, .cast, .isIn, .coalesce: false
        }
    }
}

extension Array {
    func partitioned(by isFirst: (Element) -> Bool) -> (first: [Element], rest: [Element]) {
        var first: [Element] = []
        var rest: [Element] = []
        for element in self {
            if isFirst(element) { first.append(element) } else { rest.append(element) }
        }
        return (first, rest)
    }
}
