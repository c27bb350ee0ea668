import BelfryCore
package import BelfrySQL

/// Subqueries in expressions. One that uses no column around it has one answer: it is run while its
/// statement is bound, and becomes a constant. Any other becomes a column, by an `ApplyNode`.
extension Binder {
    package func bindSubqueryExpression(_ expression: Expression, scope: any ExpressionScope)
        throws(QueryError) -> BoundExpression
    {
        switch expression {
        case .scalarSubquery(let node):
            let query = try bound(node.query, scope: scope, isOneColumn: true)
            let type = query.type
            if query.isCorrelated {
                return try query.applied(.scalar, type: type, scope: scope)
            }
            let rows = try values(of: query.plan, rowLimit: 2)
            if rows.count > 1 {
                throw QueryError(
                    "21000", "a subquery that stands for a value gave more than one row",
                    at: node.span, hint: "LIMIT 1 keeps one, an aggregate makes one of all")
            }
            return .constant(rows.first ?? .null, type)
        case .exists(let node):
            let query = try bound(node.query, scope: scope, isOneColumn: false)
            if query.isCorrelated {
                return try query.applied(.exists, type: .boolean, scope: scope)
            }
            let plan = LogicalPlan.limit(LimitNode(input: query.plan, limit: 1, offset: 0))
            var hasRows = false
            try run(plan) { batch in
                hasRows = hasRows || batch.rowCount > 0
                return false
            }
            return .constant(.boolean(hasRows), .boolean)
        case .inSubquery(let node):
            let isIn = try quantified(
                node.operand, .equal, isAll: false, node.query, span: node.span, scope: scope)
            return node.isNegated ? negated(isIn) : isIn
        case .quantified(let node):
            guard case .query(let query) = node.source else { break }
            return try quantified(
                node.operand, node.operator, isAll: node.isAll, query, span: node.span,
                scope: scope)
        default: break
        }
        throw .notSupported("this subquery", at: expression.span)
    }

    private func negated(_ condition: BoundExpression) -> BoundExpression {
        if case .isIn(let operand, let values, let hasNull, let isNegated) = condition {
            return .isIn(operand, values: values, hasNull: hasNull, isNegated: !isNegated)
        }
        return .not(condition)
    }

    /// A subquery over the query around it.
    private struct BoundSubquery {
        let plan: LogicalPlan
        let parameters: [ApplyNode.Parameter]
        let span: SourceSpan

        var isCorrelated: Bool { !parameters.isEmpty }
        var type: DataType { plan.columns.first?.type ?? .unknown }

        func applied(
            _ form: ApplyNode.Form, type: DataType, scope: any ExpressionScope
        ) throws(QueryError) -> BoundExpression {
            guard let collector = scope.collector else {
                throw .notSupported(
                    "a subquery here that uses columns of the query around it", at: span)
            }
            return collector.add(
                plan, parameters, form, type: type == .unknown ? .text : type, at: span)
        }
    }

    private func bound(
        _ query: BelfrySQL.Query, scope: any ExpressionScope, isOneColumn: Bool
    ) throws(QueryError) -> BoundSubquery {
        let inner = nested(in: scope)
        let relation = try inner.bindQueryKeepingUnknown(query)
        adopt(inner)
        let count = relation.plan.columns.count
        if isOneColumn && count != 1 {
            throw QueryError(
                "42601", "a subquery in an expression gives one column, this one \(count)",
                at: query.span)
        }
        return BoundSubquery(
            plan: relation.plan, parameters: inner.outerParameters, span: query.span)
    }

    /// `operand op ANY (query)` or ALL; IN is `= ANY`.
    private func quantified(
        _ operand: Expression, _ comparison: BinaryOperator, isAll: Bool,
        _ query: BelfrySQL.Query, span: SourceSpan, scope: any ExpressionScope
    ) throws(QueryError) -> BoundExpression {
        let subquery = try bound(query, scope: scope, isOneColumn: true)
        let left = try bind(operand, scope: scope, expected: subquery.type)
        let isMembership =
            (comparison == .equal && !isAll) || (comparison == .notEqual && isAll)
        if !subquery.isCorrelated && isMembership {
            return try membership(
                of: left, in: subquery, isNegated: isAll, span: span)
        }
        // Row by row the comparison with the operand, which is one more outer column.
        let number = outerNumbers.take()
        let binder = ExpressionBinder(scope: scope, environment: environment)
        let outcome = try binder.bindComparison(
            comparison, .outer(number, left.type), .column(0, subquery.type), at: span)
        let plan = LogicalPlan.project(
            ProjectNode(
                input: subquery.plan, expressions: [outcome],
                columns: [PlanColumn(name: "outcome", type: .boolean)]))
        return try BoundSubquery(
            plan: plan,
            parameters: subquery.parameters
                + [ApplyNode.Parameter(number: number, expression: left)], span: span
        ).applied(.quantified(isAll: isAll), type: .boolean, scope: scope)
    }

    private func membership(
        of operand: BoundExpression, in subquery: BoundSubquery, isNegated: Bool, span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        let rows = try values(of: subquery.plan, rowLimit: nil)
        let type = subquery.type
        var known = rows.filter { !$0.isNull }
        let hasNull = known.count < rows.count
        guard let common = Coercion.commonType([operand.type, type]) else {
            throw QueryError.typeMismatch(
                "\(operand.type.name) cannot be compared with the \(type.name) of the subquery",
                at: span)
        }
        let bound = try coerced(operand, to: common, at: span)
        if type != common {
            var converted: [Value] = []
            for value in known {
                converted.append(
                    try ExpressionEvaluator.evaluateConstant(
                        try coerced(.constant(value, type), to: common, at: span),
                        environment: environment))
            }
            known = converted
        }
        return .isIn(bound, values: known, hasNull: hasNull, isNegated: isNegated)
    }

    /// The values of a plan of one column.
    private func values(of plan: LogicalPlan, rowLimit: Int?) throws(QueryError) -> [Value] {
        var plan = plan
        if let rowLimit {
            plan = .limit(LimitNode(input: plan, limit: rowLimit, offset: 0))
        }
        var values: [Value] = []
        try run(plan) { batch in
            for row in 0..<batch.rowCount { values.append(batch.vectors[0].value(row)) }
            return true
        }
        return values
    }

    /// Runs a plan to its end, or until the body answers false.
    private func run(_ plan: LogicalPlan, _ body: (Batch) -> Bool) throws(QueryError) {
        let optimized = try Optimizer.optimize(plan, context: context)
        let root = try PhysicalPlanner.operators(for: optimized, context: context)
        while let batch = try root.next() {
            try context.check()
            if !body(batch) { return }
        }
    }
}
