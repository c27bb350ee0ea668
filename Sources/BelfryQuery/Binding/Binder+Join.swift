import BelfryCore
package import BelfrySQL

/// Joins of relations: which columns are equal, what else must hold, which names remain.
extension Binder {
    func bindJoin(_ node: Join) throws(QueryError) -> Relation {
        if case .align = node.kind {
            throw QueryError(
                "0A000", "an ALIGN JOIN stands at the top of FROM", at: node.wordsSpan,
                hint: "put other joins in parentheses inside it")
        }
        let left = try bindTable(node.left)
        if case .asof(let match) = node.kind {
            return try AsofBinder.relation(
                node, match: match, left: left, right: try bindTable(node.right), binder: self)
        }
        let kind: JoinNode.Kind =
            switch node.kind {
            case .inner: .inner
            case .left: .left
            case .right: .right
            case .full: .full
            case .cross, .asof, .align: .cross
            }
        return try join(
            left, with: node.right, kind: kind, condition: node.condition, at: node.wordsSpan)
    }

    /// What stands to the right may use columns of the left: LATERAL subqueries, and functions.
    func join(
        _ left: Relation, with reference: TableReference, kind: JoinNode.Kind,
        condition: Join.Condition, at span: SourceSpan
    ) throws(QueryError) -> Relation {
        let isLateral: Bool
        switch reference {
        case .subquery(let node): isLateral = node.isLateral
        case .function: isLateral = true
        case .table, .join, .nested: isLateral = false
        }
        guard isLateral else {
            return try join(
                left, try bindTable(reference), kind: kind, condition: condition, at: span)
        }
        let inner = nested(
            in: RelationScope(left, binder: self, clause: "LATERAL", collector: nil))
        let right = try inner.bindTable(reference)
        adopt(inner)
        if inner.outerParameters.isEmpty {
            return try join(left, right, kind: kind, condition: condition, at: span)
        }
        return try lateralJoin(
            left, right, inner, kind: kind, condition: condition, at: span)
    }

    func join(
        _ left: Relation, _ right: Relation, kind: JoinNode.Kind, condition: Join.Condition,
        at span: SourceSpan
    ) throws(QueryError) -> Relation {
        let width = left.plan.columns.count
        var leftSide = left
        var rightSide = right.shifted(by: width)
        if kind == .right || kind == .full { leftSide = leftSide.nullExtended() }
        if kind == .left || kind == .full { rightSide = rightSide.nullExtended() }
        var node = JoinNode(
            left: left.plan, right: right.plan, kind: kind, leftKeys: [], rightKeys: [])
        var merged: [ScopeColumn] = []
        switch condition {
        case .none: break
        case .on(let expression):
            let both = try leftSide.joined(with: rightSide, plan: .join(node), at: span)
            let scope = RelationScope(both, binder: self, clause: "JOIN … ON")
            let conditions = try bindConditions(expression, scope: scope, clause: "ON")
            split(conditions, width: width, into: &node)
        case .using(let names):
            for name in names {
                merged.append(
                    try mergeColumn(name, &leftSide, &rightSide, width: width, into: &node))
            }
        case .natural:
            let names = leftSide.columns.filter { !$0.isHidden && $0.isInStar }.map(\.name)
            for name in names
            where rightSide.columns.contains(where: {
                !$0.isHidden && $0.isInStar && $0.name == name
            }) {
                merged.append(
                    try mergeColumn(
                        Name(text: name, isQuoted: true, span: span), &leftSide, &rightSide,
                        width: width, into: &node))
            }
        }
        if node.leftKeys.isEmpty && node.residual == nil && kind == .inner { node.kind = .cross }
        if kind != .cross { noteManyToMany(node, left: left, right: right) }
        var result = try leftSide.joined(with: rightSide, plan: .join(node), at: span)
        result.columns = merged + result.columns
        // Rows of the outer side without a partner have no time of their own.
        switch kind {
        case .right: result.times = rightSide.times
        case .full: result.times = []
        case .inner, .left, .cross, .semi, .anti: break
        }
        return result
    }

    /// A note where two tables of readings are joined and neither side's rows are told apart by
    /// the keys: rows then multiply (LANGUAGE D0.8).
    private func noteManyToMany(_ node: JoinNode, left: Relation, right: Relation) {
        func isUnique(_ relation: Relation, _ keys: [BoundExpression]) -> Bool {
            guard let facts = relation.times.first, facts.isSeriesPinned else { return false }
            return ([facts.timeIndex] + facts.seriesIndexes).allSatisfy { index in
                keys.contains { $0.usedColumns == [index] }
            }
        }
        guard let leftTime = left.times.first, let rightTime = right.times.first,
            !isUnique(left, node.leftKeys), !isUnique(right, node.rightKeys)
        else { return }
        notes.append(
            "\(leftTime.table ?? "the left side") and \(rightTime.table ?? "the right side") are "
                + "joined many to many: rows multiply; ASOF JOIN or ALIGN JOIN may be meant")
    }

    /// Makes a pair of keys of a USING column, hides both copies and gives the one that remains.
    private func mergeColumn(
        _ name: Name, _ left: inout Relation, _ right: inout Relation, width: Int,
        into node: inout JoinNode
    ) throws(QueryError) -> ScopeColumn {
        let reference = ColumnReference(name: name)
        let leftColumn = try left.column(reference, binder: self)
        let rightColumn = try right.column(reference, binder: self)
        let (leftKey, rightKey) = try keyPair(
            leftColumn.expression, rightColumn.expression.shifted(by: -width), at: name.span)
        node.leftKeys.append(leftKey)
        node.rightKeys.append(rightKey)
        switch node.kind {
        case .right:
            hide(leftColumn, in: &left)
            remove(rightColumn, from: &right)
            return rightColumn
        case .full:
            hide(leftColumn, in: &left)
            hide(rightColumn, in: &right)
            return ScopeColumn(
                name: leftColumn.name, table: nil,
                expression: .coalesce([leftKey, rightKey.shifted(by: width)], leftKey.type),
                kind: leftColumn.kind,
                isNotNull: leftColumn.isNotNull && rightColumn.isNotNull)
        case .inner, .left, .cross, .semi, .anti:
            remove(leftColumn, from: &left)
            hide(rightColumn, in: &right)
            return leftColumn
        }
    }

    /// A copy that USING merged is reached with its table's name alone.
    private func hide(_ column: ScopeColumn, in relation: inout Relation) {
        for index in relation.columns.indices where relation.columns[index].isSame(as: column) {
            relation.columns[index].isHidden = true
            relation.columns[index].isInStar = false
        }
    }

    /// The copy that moves to the front.
    private func remove(_ column: ScopeColumn, from relation: inout Relation) {
        relation.columns.removeAll { $0.isSame(as: column) }
    }

    /// Both sides of an equality in one type.
    package func keyPair(
        _ left: BoundExpression, _ right: BoundExpression, at span: SourceSpan
    ) throws(QueryError) -> (BoundExpression, BoundExpression) {
        if left.type == right.type { return (left, right) }
        guard let type = Coercion.commonType([left.type, right.type]) else {
            throw QueryError.typeMismatch(
                "\(left.type.name) and \(right.type.name) cannot be joined as equal", at: span)
        }
        return (try coerced(left, to: type, at: span), try coerced(right, to: type, at: span))
    }

    func coerced(
        _ expression: BoundExpression, to type: DataType,
        _ context: Coercion.Context = .implicit, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        if expression.type == type { return expression }
        return try Coercion.coerce(
            expression, to: type, context, environment: environment, at: span)
    }

    /// Equalities of a left and a right expression become keys, the rest stays a condition.
    private func split(_ conditions: [BoundExpression], width: Int, into node: inout JoinNode) {
        var residual: [BoundExpression] = []
        for condition in conditions {
            if let pair = condition.equality(acrossWidth: width) {
                node.leftKeys.append(pair.left)
                node.rightKeys.append(pair.right)
            } else {
                residual.append(condition)
            }
        }
        node.residual = BoundExpression.conjunction(residual)
    }
}

extension ScopeColumn {
    fileprivate func isSame(as other: ScopeColumn) -> Bool {
        name == other.name && table == other.table && isHidden == other.isHidden
            && expression.isSame(as: other.expression)
    }
}

extension BoundExpression {
    /// The two sides of `left = right`, where one uses columns below `width` only and the other
    /// columns from there on only; the right one over its own columns.
    package func equality(acrossWidth width: Int) -> (
        left: BoundExpression, right: BoundExpression
    )? {
        guard case .call(let call) = self, call.function.name == "=", call.arguments.count == 2
        else { return nil }
        let first = call.arguments[0]
        let second = call.arguments[1]
        let firstColumns = first.usedColumns
        let secondColumns = second.usedColumns
        guard !firstColumns.isEmpty && !secondColumns.isEmpty,
            first.type == second.type || (first.type.isInteger && second.type.isInteger)
        else {
            return nil
        }
        if firstColumns.allSatisfy({ $0 < width }) && secondColumns.allSatisfy({ $0 >= width }) {
            return (first, second.shifted(by: -width))
        }
        if secondColumns.allSatisfy({ $0 < width }) && firstColumns.allSatisfy({ $0 >= width }) {
            return (second, first.shifted(by: -width))
        }
        return nil
    }
}
