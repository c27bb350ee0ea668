package import BelfryCore
import BelfrySQL

/// WITH RECURSIVE: the rows of a base, then those that a step makes of the rows found last, again
/// and again until it makes none.
package struct RecursiveNode: Sendable {
    package var base: LogicalPlan
    /// Reads the rows found last where `working` stands in it.
    package var step: LogicalPlan
    package var working: Int
    /// UNION: a row that was found before is no new one.
    package var isDistinct: Bool
    package var columns: [PlanColumn]
}

/// Rows that are at hand: in a recursive query those found last, put in before it is run.
package struct RowsNode: Sendable {
    package var working: Int
    package var columns: [PlanColumn]
    package var vectors: [Vector] = []
    package var rowCount = 0
}

extension LogicalPlan {
    /// The plan with rows in place of the working table of that number.
    func replacingWorking(_ number: Int, _ vectors: [Vector], rowCount: Int) -> LogicalPlan {
        if case .rows(var node) = self, node.working == number {
            node.vectors = vectors
            node.rowCount = rowCount
            return .rows(node)
        }
        let plan = replacingInputs(
            inputs.map { $0.replacingWorking(number, vectors, rowCount: rowCount) })
        switch plan {
        case .apply(var node):
            node.subquery = node.subquery.replacingWorking(number, vectors, rowCount: rowCount)
            return .apply(node)
        case .recursive(var node):
            node.step = node.step.replacingWorking(number, vectors, rowCount: rowCount)
            return .recursive(node)
        default: return plan
        }
    }
}

extension Binder {
    /// A query of WITH RECURSIVE; nil where it is an ordinary one.
    func bindRecursive(_ common: CommonTable) throws(QueryError) -> Relation? {
        guard case .setOperation(let operation) = common.query.body,
            operation.kind == .union, common.query.with.isEmpty
        else { return nil }
        let inner = nested(in: nil)
        let base = try inner.bindQuery(
            BelfrySQL.Query(body: operation.left, span: operation.left.span))
        let columns = base.plan.columns
        let number = outerNumbers.take()
        let alias = TableAlias(name: common.name, columns: common.columns)
        let working = Relation(
            plan: .rows(RowsNode(working: number, columns: columns)),
            columns: Self.scopeColumns(columns))
        inner.commonTables.append((common.name.folded, try named(working, alias)))
        let right = try inner.bindQueryKeepingUnknown(
            BelfrySQL.Query(body: operation.right, span: operation.right.span))
        adopt(inner)
        guard right.plan.readsWorking(number) else { return nil }
        guard common.query.orderBy.isEmpty && common.query.limit == nil else {
            throw .notSupported("ORDER BY or LIMIT in a recursive query", at: common.query.span)
        }
        let found = right.plan.columns
        guard found.count == columns.count else {
            throw QueryError(
                "42601",
                "the sides of UNION have \(columns.count) and \(found.count) columns",
                at: operation.right.span)
        }
        for (index, column) in columns.enumerated()
        where !Coercion.isAllowed(found[index].type, column.type, .implicit) {
            throw QueryError(
                "42804",
                "column \(index + 1) of recursive query \"\(common.name.text)\" is "
                    + "\(column.type.name) in its base and \(found[index].type.name) in its step",
                at: operation.right.span, hint: "cast one of the two")
        }
        let step = converted(right, to: columns.map(\.type), at: operation.right.span)
        return Relation(
            plan: .recursive(
                RecursiveNode(
                    base: base.plan, step: step.plan, working: number,
                    isDistinct: !operation.isAll, columns: columns)),
            columns: Self.scopeColumns(columns))
    }
}

extension LogicalPlan {
    fileprivate func readsWorking(_ number: Int) -> Bool {
        switch self {
        case .rows(let node): return node.working == number
        case .apply(let node):
            return node.input.readsWorking(number) || node.subquery.readsWorking(number)
        case .recursive(let node):
            return node.base.readsWorking(number) || node.step.readsWorking(number)
        default: return inputs.contains { $0.readsWorking(number) }
        }
    }
}
