import BelfryCore
import BelfrySQL
import BelfryStorage

/// What an INSERT does with rows whose key is there: ON CONFLICT and ON DUPLICATE, bound.
enum ConflictAction {
    /// A rule of storage; nil for the table's own.
    case rule(BelfryCore.DuplicateRule?)
    /// New values by column index. They and the condition are over the table's columns as they
    /// are, and behind them the same columns as the statement would insert them: EXCLUDED.
    case update([Int: BoundExpression], filter: BoundExpression?)

    init(_ statement: Insert, table: TableSchema, binder: Binder) throws(QueryError) {
        try Self.checkTarget(statement.conflictTarget, table, binder)
        let keysRepeat = table.options.duplicateRule == .append
        switch statement.onConflict {
        case nil:
            self = .rule(nil)
        case .doNothing:
            self = .rule(.keep)
        case .rule(let rule, let span):
            let chosen = BelfryCore.DuplicateRule(rule)
            if (chosen == .append) != keysRepeat && chosen != .keep && chosen != .error {
                throw QueryError(
                    "42P10",
                    keysRepeat
                        ? "the rows of \"\(table.name)\" are never merged or replaced"
                        : "\"\(table.name)\" keeps one row a key", at: span,
                    hint: "whether rows of one key all stay is a matter of the table: "
                        + "CREATE TABLE … ON DUPLICATE APPEND")
            }
            self = .rule(chosen)
        case .update(let assignments, let filter):
            if keysRepeat {
                throw QueryError(
                    "42P10",
                    "no row of \"\(table.name)\" has a key of its own that could be in conflict",
                    at: statement.table.span,
                    hint: table.isReference
                        ? "a PRIMARY KEY names rows" : "the table says ON DUPLICATE APPEND")
            }
            let scope = try Self.scope(statement, table, binder)
            let values = try binder.bindAssignments(assignments, to: table, scope: scope)
            let environment = binder.environment
            let conditions = try binder.bindConditions(filter, scope: scope, clause: "WHERE")
            self = .update(
                values,
                filter: BoundExpression.conjunction(conditions).map {
                    FoldConstants.fold($0, environment: environment)
                })
        }
    }

    /// The table's columns, and EXCLUDED's, which are reached only by that name.
    private static func scope(_ statement: Insert, _ table: TableSchema, _ binder: Binder)
        throws(QueryError) -> RelationScope
    {
        let there = binder.scan(of: table, alias: statement.alias?.folded ?? table.name)
        var given = binder.scan(of: table, alias: "excluded").shifted(by: table.columns.count)
        for index in given.columns.indices { given.columns[index].isHidden = true }
        let both = try there.joined(
            with: given, plan: .values(ValuesNode(rows: [], columns: [])),
            at: statement.table.span)
        return RelationScope(both, binder: binder, clause: "ON CONFLICT")
    }

    /// Columns named behind ON CONFLICT are those of the key, in any order.
    private static func checkTarget(_ names: [Name], _ table: TableSchema, _ binder: Binder)
        throws(QueryError)
    {
        guard let first = names.first, let last = names.last else { return }
        var indexes: Set<Int> = []
        for name in names { indexes.insert(try binder.column(name, of: table)) }
        let key = table.keyIndexes
        if indexes == Set(key) { return }
        throw QueryError(
            "42P10", "\"\(table.name)\" has no key of these columns",
            at: first.span.through(last.span),
            hint: key.isEmpty
                ? "it has no key at all"
                : "its key is (" + key.map { table.columns[$0].name }.joined(separator: ", ")
                    + "); ON CONFLICT needs no list")
    }
}

extension BelfryCore.DuplicateRule {
    init(_ rule: BelfrySQL.TableOptions.DuplicateRule) {
        self =
            switch rule {
            case .replace: .replace
            case .merge: .merge
            case .keep: .keep
            case .append: .append
            case .error: .error
            }
    }
}
