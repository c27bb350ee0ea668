package import BelfrySQL

/// Walking expressions of the syntax tree.
extension Expression {
    /// The expressions directly inside, those of subqueries left out.
    package var children: [Expression] {
        switch self {
        case .literal, .column, .parameter, .exists, .scalarSubquery: return []
        case .unary(let node): return [node.operand]
        case .binary(let node): return [node.left, node.right]
        case .isTest(let node): return [node.operand]
        case .between(let node): return [node.operand, node.low, node.high]
        case .inList(let node): return [node.operand] + node.list
        case .inSubquery(let node): return [node.operand]
        case .like(let node):
            return [node.operand, node.pattern] + (node.escape.map { [$0] } ?? [])
        case .caseWhen(let node):
            return (node.operand.map { [$0] } ?? [])
                + node.branches.flatMap { [$0.condition, $0.result] }
                + (node.otherwise.map { [$0] } ?? [])
        case .cast(let node): return [node.operand]
        case .call(let node):
            var inside: [Expression] = []
            if case .list(let arguments) = node.arguments { inside = arguments }
            inside += node.orderBy.map(\.expression) + node.withinGroup.map(\.expression)
            if case .specification(let window)? = node.over { inside += window.expressions }
            return inside + (node.filter.map { [$0] } ?? [])
        case .atTimeZone(let node): return [node.operand, node.zone]
        case .extract(let node): return [node.operand]
        case .quantified(let node):
            if case .array(let array) = node.source { return [node.operand, array] }
            return [node.operand]
        case .array(let node): return node.elements
        case .row(let node): return node.elements
        }
    }

    package func contains(where isFound: (Expression) -> Bool) -> Bool {
        isFound(self) || children.contains { $0.contains(where: isFound) }
    }

    /// Has an aggregate or series-aware call that belongs to the query it stands in.
    package var hasAggregate: Bool {
        contains {
            guard case .call(let call) = $0, call.over == nil else { return false }
            let name = call.name.name.folded
            return ExpressionBinder.isAggregate(name) || ExpressionBinder.isSeriesAware(name)
        }
    }

    package var hasSubquery: Bool {
        contains {
            switch $0 {
            case .exists, .scalarSubquery, .inSubquery: return true
            case .quantified(let node):
                if case .query = node.source { return true }
                return false
            default: return false
            }
        }
    }

    /// The name of a bare, unqualified column.
    package var bareName: Name? {
        if case .column(let reference) = self, reference.table == nil { return reference.name }
        return nil
    }

    /// The number that stands for a select item in GROUP BY and ORDER BY.
    package var ordinal: Int64? {
        if case .literal(let literal) = self, case .integer(let number) = literal.value {
            return number
        }
        return nil
    }
}

extension WindowSpecification {
    /// Those of its keys; offsets of frames are constants.
    var expressions: [Expression] { partitionBy + orderBy.map(\.expression) }
}
