import BelfryCore

/// What every plan node gives, and small ways to build on one.
extension LogicalPlan {
    package var columns: [PlanColumn] {
        switch self {
        case .scan(let node): node.columns
        case .values(let node): node.columns
        case .generateSeries(let node): [node.column]
        case .filter(let node): node.input.columns
        case .project(let node): node.columns
        case .aggregate(let node): node.columns
        case .sample(let node): node.columns
        case .latest(let node): node.input.columns
        case .join(let node):
            switch node.kind {
            case .semi, .anti: node.left.columns
            case .inner, .left, .right, .full, .cross: node.left.columns + node.right.columns
            }
        case .asofJoin(let node): node.left.columns + node.right.columns
        case .sort(let node): node.input.columns
        case .limit(let node): node.input.columns
        case .distinct(let node): node.input.columns
        case .union(let node): node.columns
        case .window(let node): node.columns
        case .apply(let node): node.columns
        case .recursive(let node): node.columns
        case .rows(let node): node.columns
        }
    }

    package var inputs: [LogicalPlan] {
        switch self {
        case .scan, .values, .generateSeries, .rows: []
        case .filter(let node): [node.input]
        case .project(let node): [node.input]
        case .aggregate(let node): [node.input]
        case .sample(let node):
            [node.cells] + node.donors + (node.evidence.map { [$0] } ?? [])
                + (node.bounds.map { [$0] } ?? [])
        case .latest(let node): [node.input]
        case .join(let node): [node.left, node.right]
        case .asofJoin(let node): [node.left, node.right]
        case .sort(let node): [node.input]
        case .limit(let node): [node.input]
        case .distinct(let node): [node.input]
        case .union(let node): node.inputs
        case .window(let node): [node.input]
        case .apply(let node): [node.input]
        case .recursive(let node): [node.base]
        }
    }

    /// The same node over other inputs, given in the order of `inputs`.
    package func replacingInputs(_ new: [LogicalPlan]) -> LogicalPlan {
        switch self {
        case .scan, .values, .generateSeries, .rows: return self
        case .filter(var node):
            node.input = new[0]
            return .filter(node)
        case .project(var node):
            node.input = new[0]
            return .project(node)
        case .aggregate(var node):
            node.input = new[0]
            return .aggregate(node)
        case .sample(var node):
            node.cells = new[0]
            var next = 1
            for index in node.donors.indices {
                node.donors[index] = new[next]
                next += 1
            }
            if node.evidence != nil {
                node.evidence = new[next]
                next += 1
            }
            if node.bounds != nil { node.bounds = new[next] }
            return .sample(node)
        case .latest(var node):
            node.input = new[0]
            return .latest(node)
        case .join(var node):
            node.left = new[0]
            node.right = new[1]
            return .join(node)
        case .asofJoin(var node):
            node.left = new[0]
            node.right = new[1]
            return .asofJoin(node)
        case .sort(var node):
            node.input = new[0]
            return .sort(node)
        case .limit(var node):
            node.input = new[0]
            return .limit(node)
        case .distinct(var node):
            node.input = new[0]
            return .distinct(node)
        case .union(var node):
            node.inputs = new
            return .union(node)
        case .window(var node):
            node.input = new[0]
            return .window(node)
        case .apply(var node):
            node.input = new[0]
            return .apply(node)
        case .recursive(var node):
            node.base = new[0]
            return .recursive(node)
        }
    }

    /// The rows for which all conditions are true.
    package func filtered(by conditions: [BoundExpression]) -> LogicalPlan {
        guard let predicate = BoundExpression.conjunction(conditions) else { return self }
        return .filter(FilterNode(input: self, predicate: predicate))
    }
}
