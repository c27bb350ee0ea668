import BelfryCore
package import BelfrySQL

/// Subqueries in expressions. They cannot use columns around them yet, so each has one answer: it
/// is run while its statement is bound, and becomes a constant.
extension Binder {
    package func bindSubqueryExpression(_ expression: Expression, scope: any ExpressionScope)
        throws(QueryError) -> BoundExpression
    {
        switch expression {
        case .scalarSubquery(let node):
            let (rows, type) = try values(of: node.query, scope: scope, rowLimit: 2)
            if rows.count > 1 {
                throw QueryError(
                    "21000", "a subquery that stands for a value gave more than one row",
                    at: node.span, hint: "LIMIT 1 keeps one, an aggregate makes one of all")
            }
            return .constant(rows.first ?? .null, type)
        case .exists(let node):
            let inner = nested(in: (scope as? RelationScope)?.relation)
            let relation = try inner.bindQuery(node.query)
            adopt(inner)
            let plan = LogicalPlan.limit(LimitNode(input: relation.plan, limit: 1, offset: 0))
            var hasRows = false
            try run(plan) { batch in
                hasRows = hasRows || batch.rowCount > 0
                return false
            }
            return .constant(.boolean(hasRows), .boolean)
        case .inSubquery(let node):
            return try membership(
                of: node.operand, in: node.query, isNegated: node.isNegated, span: node.span,
                scope: scope)
        case .quantified(let node):
            guard case .query(let query) = node.source else { break }
            if node.operator == .equal && !node.isAll {
                return try membership(
                    of: node.operand, in: query, isNegated: false, span: node.span, scope: scope)
            }
            if node.operator == .notEqual && node.isAll {
                return try membership(
                    of: node.operand, in: query, isNegated: true, span: node.span, scope: scope)
            }
            throw .notSupported(
                "\(node.operator.rawValue) with ANY or ALL of a query",
                at: node.span)
        default: break
        }
        throw .notSupported("this subquery", at: expression.span)
    }

    private func membership(
        of operand: Expression, in query: BelfrySQL.Query, isNegated: Bool, span: SourceSpan,
        scope: any ExpressionScope
    ) throws(QueryError) -> BoundExpression {
        let (rows, type) = try values(of: query, scope: scope, rowLimit: nil)
        var bound = try bind(operand, scope: scope, expected: type)
        var known = rows.filter { !$0.isNull }
        let hasNull = known.count < rows.count
        guard let common = Coercion.commonType([bound.type, type]) else {
            throw QueryError.typeMismatch(
                "\(bound.type.name) cannot be compared with the \(type.name) of the subquery",
                at: span)
        }
        bound = try coerced(bound, to: common, at: span)
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

    /// The values of a query of one column.
    private func values(
        of query: BelfrySQL.Query, scope: any ExpressionScope, rowLimit: Int?
    ) throws(QueryError) -> (values: [Value], type: DataType) {
        let inner = nested(in: (scope as? RelationScope)?.relation)
        let relation = try inner.bindQueryKeepingUnknown(query)
        adopt(inner)
        let columns = relation.plan.columns
        guard columns.count == 1 else {
            throw QueryError(
                "42601", "a subquery in an expression gives one column, this one \(columns.count)",
                at: query.span)
        }
        var plan = relation.plan
        if let rowLimit {
            plan = .limit(LimitNode(input: plan, limit: rowLimit, offset: 0))
        }
        var values: [Value] = []
        try run(plan) { batch in
            for row in 0..<batch.rowCount { values.append(batch.vectors[0].value(row)) }
            return true
        }
        return (values, columns[0].type)
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
