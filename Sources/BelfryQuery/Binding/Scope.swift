package import BelfryCore
package import BelfrySQL

/// A column in sight: its names, and the expression over its relation's plan that yields it.
package struct ScopeColumn: Sendable {
    package var name: String
    /// The name by which it may be qualified; nil for the merged column of a USING of a full join.
    package var table: String?
    /// A plain column of the plan, but for merged columns.
    package var expression: BoundExpression
    package var kind: ColumnKind
    /// The table's definition says that it is never NULL.
    package var isNotNull: Bool
    /// Its row may be missing: the outer side of a join.
    package var isNullExtended = false
    /// Reached only with its table's name: a copy that USING merged, the right time of an as-of
    /// join.
    package var isHidden = false
    /// Part of `*`; a copy that USING merged is not.
    package var isInStar = true

    package init(
        name: String, table: String?, expression: BoundExpression, kind: ColumnKind,
        isNotNull: Bool = false
    ) {
        self.name = name
        self.table = table
        self.expression = expression
        self.kind = kind
        self.isNotNull = isNotNull
    }

    package var type: DataType { expression.type }

    /// Its place in the plan's output; nil for a merged column.
    package var index: Int? {
        if case .column(let index, _) = expression { return index }
        return nil
    }
}

/// What is known of one time in sight (LANGUAGE D0.9): of a table, or of a subquery that keeps it.
package struct TimeFacts: Sendable {
    /// The name of the table in the statement.
    package var table: String?
    /// The TIME KEY (or `bucket`) in the plan's output.
    package var timeIndex: Int
    /// Columns of the plan's output that are tags (or keys of a SAMPLE BY).
    package var seriesIndexes: [Int]
    /// Equal values in `seriesIndexes` mean one series: no tag has been left out on the way.
    package var isSeriesPinned: Bool
    /// Nanoseconds that a reading speaks for by default; nil for no limit.
    package var staleAfter: Int64?

    package init(
        table: String?, timeIndex: Int, seriesIndexes: [Int], isSeriesPinned: Bool,
        staleAfter: Int64?
    ) {
        self.table = table
        self.timeIndex = timeIndex
        self.seriesIndexes = seriesIndexes
        self.isSeriesPinned = isSeriesPinned
        self.staleAfter = staleAfter
    }
}

/// A plan with the names of its columns: what stands in a FROM, and what a query gives.
///
/// Invariants: the expressions of `columns` and the indexes of `times` are over the output of
/// `plan`; the leftmost time comes first.
package struct Relation: Sendable {
    package var plan: LogicalPlan
    package var columns: [ScopeColumn]
    package var times: [TimeFacts]

    package init(plan: LogicalPlan, columns: [ScopeColumn], times: [TimeFacts] = []) {
        self.plan = plan
        self.columns = columns
        self.times = times
    }

    /// The names of tables in sight, from left to right.
    package var tables: [String] {
        var names: [String] = []
        for column in columns {
            if let table = column.table, !names.contains(table) { names.append(table) }
        }
        return names
    }

    /// This relation as the right side of a join: every index moved behind `offset` columns.
    package func shifted(by offset: Int) -> Relation {
        var moved = self
        for index in moved.columns.indices {
            moved.columns[index].expression = moved.columns[index].expression.shifted(by: offset)
        }
        for index in moved.times.indices {
            moved.times[index].timeIndex += offset
            moved.times[index].seriesIndexes = moved.times[index].seriesIndexes.map { $0 + offset }
        }
        return moved
    }

    /// This relation as a side of a join whose rows may be missing.
    package func nullExtended() -> Relation {
        var marked = self
        for index in marked.columns.indices { marked.columns[index].isNullExtended = true }
        return marked
    }

    /// Both relations' columns in one scope, `right` already shifted; a table's name may stand
    /// only once.
    package func joined(with right: Relation, plan: LogicalPlan, at span: SourceSpan)
        throws(QueryError) -> Relation
    {
        let names = Set(tables)
        if let twice = right.tables.first(where: { names.contains($0) }) {
            throw QueryError(
                "42712", "table name \"\(twice)\" is specified more than once", at: span,
                hint: "give one of the two an alias")
        }
        return Relation(plan: plan, columns: columns + right.columns, times: times + right.times)
    }
}

/// Resolves names against a relation; the plain scope of WHERE, ON and ungrouped select lists.
package final class RelationScope: ExpressionScope {
    package let relation: Relation
    package let binder: Binder
    /// What is being bound, for the errors of aggregates: "WHERE", "JOIN … ON".
    private let clause: String
    package let collector: SubqueryCollector?

    package init(
        _ relation: Relation, binder: Binder, clause: String, collector: SubqueryCollector? = nil
    ) {
        self.relation = relation
        self.binder = binder
        self.clause = clause
        self.collector = collector
    }

    package func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        do {
            return try relation.column(reference, binder: binder).expression
        } catch {
            // What is not here may be of a query around this one.
            let isMissing = error.code == (reference.table == nil ? "42703" : "42P01")
            guard isMissing, let outer = try binder.outerColumn(reference) else { throw error }
            return outer
        }
    }

    package func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? { nil }

    package func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        throw QueryError(
            "42803", "aggregate \(call.name.name.folded)() is not allowed in \(clause)",
            at: call.span, hint: clause == "WHERE" ? "conditions on aggregates go to HAVING" : nil)
    }

    package func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    package func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }
}

extension Relation {
    /// The one column that a reference means.
    package func column(_ reference: ColumnReference, binder: Binder) throws(QueryError)
        -> ScopeColumn
    {
        let name = reference.name
        if let table = reference.table {
            guard let tableName = tableName(table.name) else {
                throw QueryError(
                    "42P01", "there is no table \"\(table.name.text)\" in FROM", at: table.span,
                    hint: Suggestion.text(for: table.name.text, among: tables))
            }
            let found = columns.filter { $0.table == tableName && name.matches($0.name) }
            if let one = Self.single(found, name: name) { return one }
            if found.count > 1 { throw ambiguous(reference) }
            throw QueryError(
                "42703", "table \"\(tableName)\" has no column \"\(name.text)\"", at: name.span,
                hint: Suggestion.text(
                    for: name.text, among: columns.filter { $0.table == tableName }.map(\.name)))
        }
        let found = columns.filter { !$0.isHidden && name.matches($0.name) }
        if let one = Self.single(found, name: name) { return one }
        if found.count > 1 { throw ambiguous(reference) }
        throw QueryError(
            "42703", "there is no column \"\(name.text)\"", at: name.span,
            hint: columns.isEmpty
                ? "there is no FROM that it could come from"
                : Suggestion.text(for: name.text, among: columns.map(\.name)))
    }

    /// A table's name as it stands here, if a name means one.
    package func tableName(_ name: Name) -> String? {
        let tables = tables
        if let exact = tables.first(where: { $0 == name.folded }) { return exact }
        let close = tables.filter { name.matches($0) }
        return close.count == 1 ? close[0] : nil
    }

    /// Exact names go before names that differ in case.
    private static func single(_ found: [ScopeColumn], name: Name) -> ScopeColumn? {
        if found.count == 1 { return found[0] }
        let exact = found.filter { $0.name == name.folded }
        if exact.count == 1 { return exact[0] }
        let plain = exact.filter { !$0.isHidden }
        return plain.count == 1 ? plain[0] : nil
    }

    private func ambiguous(_ reference: ColumnReference) -> QueryError {
        let owners = columns.filter { !$0.isHidden && reference.name.matches($0.name) }
            .compactMap(\.table)
        return QueryError(
            "42702", "column \"\(reference.name.text)\" is ambiguous", at: reference.span,
            hint: owners.isEmpty
                ? nil
                : "say which: "
                    + owners.map { "\($0).\(reference.name.text)" }.joined(separator: " or "))
    }
}

extension Name {
    /// Whether this name may mean that column or table (LANGUAGE D0.11): quoted ones exactly,
    /// others also where only the case of ASCII letters differs.
    package func matches(_ other: String) -> Bool {
        if isQuoted { return text.utf8.elementsEqual(other.utf8) }
        return folded.utf8.elementsEqual(other.utf8)
            || folded.utf8.elementsEqual(foldedToLowerCase(other).utf8)
    }
}
