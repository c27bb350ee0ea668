import BelfryCore
import BelfrySQL

/// The correlated subqueries of one clause, each a column behind all others of the plan below.
///
/// What is handed out is numbered from `firstColumn`, since how many columns the plan will have is
/// known only when the clause is bound; `plan(over:)` and `settled` put it right.
package final class SubqueryCollector {
    private static let firstColumn = 1 << 25
    private var nodes: [ApplyNode] = []
    private var width = 0

    package init() {}

    var isEmpty: Bool { nodes.isEmpty }

    /// Takes a subquery and gives the column that stands for it.
    func add(
        _ plan: LogicalPlan, _ parameters: [ApplyNode.Parameter], _ form: ApplyNode.Form,
        type: DataType, at span: SourceSpan
    ) -> BoundExpression {
        nodes.append(
            ApplyNode(
                input: .values(ValuesNode(rows: [], columns: [])), subquery: plan,
                parameters: parameters, form: form, span: span,
                addedColumns: [PlanColumn(name: "subquery", type: type)]))
        return .column(Self.firstColumn + nodes.count - 1, type)
    }

    /// The subqueries applied to the rows of a plan.
    func plan(over input: LogicalPlan) -> LogicalPlan {
        width = input.columns.count
        var plan = input
        for var node in nodes {
            node.input = plan
            // A subquery may have another one among its parameters: that stands before it.
            for index in node.parameters.indices {
                node.parameters[index].expression = settled(node.parameters[index].expression)
            }
            plan = .apply(node)
        }
        return plan
    }

    func settled(_ expression: BoundExpression) -> BoundExpression {
        if nodes.isEmpty { return expression }
        let width = width
        return expression.mappingColumns { index, type in
            .column(index >= Self.firstColumn ? index - Self.firstColumn + width : index, type)
        }
    }

    /// Whether an expression uses a subquery.
    static func isUsed(by expression: BoundExpression) -> Bool {
        expression.usedColumns.contains { $0 >= firstColumn }
    }
}

/// Numbers for outer columns, unique in a statement.
final class OuterNumbers {
    private var next = 0

    func take() -> Int {
        next += 1
        return next
    }
}

extension Binder {
    /// The column of the query around this one that a reference means; nil where that has none
    /// either.
    func outerColumn(_ reference: ColumnReference) throws(QueryError) -> BoundExpression? {
        guard let outerScope else { return nil }
        let bound: BoundExpression
        do {
            bound = try outerScope.column(reference)
        } catch {
            if error.code == "42703" || error.code == "42P01" { return nil }
            throw error
        }
        if let known = outerParameters.first(where: { $0.expression.isSame(as: bound) }) {
            return .outer(known.number, bound.type)
        }
        let number = outerNumbers.take()
        outerParameters.append(ApplyNode.Parameter(number: number, expression: bound))
        return .outer(number, bound.type)
    }

    /// A LATERAL item of FROM beside what stands to its left.
    func lateralJoin(
        _ left: Relation, _ right: Relation, _ inner: Binder, kind: JoinNode.Kind,
        condition: Join.Condition, at span: SourceSpan
    ) throws(QueryError) -> Relation {
        let width = left.plan.columns.count
        let keepsUnmatched: Bool
        switch kind {
        case .inner, .cross: keepsUnmatched = false
        case .left: keepsUnmatched = true
        case .right, .full, .semi, .anti:
            throw QueryError(
                "42P10",
                "a LATERAL subquery that uses the left side stands in an inner or left "
                    + "join", at: span)
        }
        var rightSide = right.shifted(by: width)
        if keepsUnmatched { rightSide = rightSide.nullExtended() }
        var node = ApplyNode(
            input: left.plan, subquery: right.plan, parameters: inner.outerParameters,
            form: .rows(keepsUnmatched: keepsUnmatched), addedColumns: right.plan.columns)
        switch condition {
        case .none: break
        case .on(let expression):
            let both = try left.joined(with: rightSide, plan: .apply(node), at: span)
            let scope = RelationScope(both, binder: self, clause: "JOIN … ON")
            let conditions = try bindConditions(expression, scope: scope, clause: "ON")
            // Within the subquery, the left side's columns are outer ones.
            var inside: [BoundExpression] = []
            for condition in conditions {
                inside.append(
                    condition.mappingColumns { index, type in
                        if index >= width { return .column(index - width, type) }
                        let number = self.outerNumbers.take()
                        node.parameters.append(
                            ApplyNode.Parameter(number: number, expression: .column(index, type)))
                        return .outer(number, type)
                    })
            }
            node.subquery = node.subquery.filtered(by: inside)
        case .using, .natural:
            throw .notSupported("USING with LATERAL", at: span)
        }
        return try left.joined(with: rightSide, plan: .apply(node), at: span)
    }
}
