import BelfryCore
import BelfrySQL
import BelfryStorage

/// CREATE TABLE AS, DROP TABLE and ALTER TABLE.
extension TableDefinition {
    /// A reference table without a key, filled from a query.
    static func create(_ definition: CreateTableAs, binder: Binder, store: Store)
        throws(QueryError) -> RunningQuery
    {
        let name = try newTableName(definition.name)
        if binder.catalog.table(named: name) != nil {
            if definition.isIfNotExists {
                return RunningQuery(
                    command: "CREATE TABLE AS", context: binder.context,
                    warnings: ["table \"\(name)\" exists already, nothing was done"])
            }
            throw QueryError(
                "42P07", "table \"\(name)\" exists already", at: definition.name.span)
        }
        let plan = try Query.plan(definition.query, binder: binder)
        var columns: [ColumnSchema] = []
        for column in plan.columns {
            if column.type == .interval {
                throw QueryError(
                    "0A000", "a column cannot be of type INTERVAL: \"\(column.name)\"",
                    at: definition.query.span)
            }
            if columns.contains(where: { $0.name == column.name }) {
                throw QueryError(
                    "42701", "two columns of the query are called \"\(column.name)\"",
                    at: definition.query.span, hint: "name one of them with AS")
            }
            columns.append(
                ColumnSchema(
                    name: column.name, type: column.type, role: .field, kind: column.kind))
        }
        // The query runs before the table is made: where it fails, nothing has happened.
        let root = try PhysicalPlanner.operators(for: plan, context: binder.context)
        var rows = BatchAccumulator(types: plan.columns.map(\.type))
        while let batch = try root.next() {
            try binder.context.check()
            rows.append(batch.vectors, rowCount: batch.rowCount)
        }
        var options = BelfryCore.TableOptions()
        options.duplicateRule = .append
        let table: TableSchema
        do {
            table = try store.createTable(
                TableSchema(name: name, columns: columns, options: options), ifNotExists: false)
        } catch {
            throw QueryError(error)
        }
        let count = try Insertion.write(
            rows, to: table, rule: nil, isCounted: false, store: store)
        return RunningQuery(
            command: "SELECT", context: binder.context, rowCount: count,
            warnings: binder.warnings)
    }

    static func drop(_ drop: DropTable, binder: Binder, store: Store) throws(QueryError)
        -> RunningQuery
    {
        var warnings: [String] = []
        var names: [String] = []
        // All names are looked up before the first table goes.
        for name in drop.names {
            if drop.isIfExists && binder.catalog.table(named: name.name.folded) == nil {
                warnings.append("there is no table \"\(name.name.text)\"")
                continue
            }
            names.append(try binder.table(name).name)
        }
        for name in names {
            do {
                _ = try store.dropTable(name, ifExists: drop.isIfExists)
            } catch {
                throw QueryError(error)
            }
        }
        return RunningQuery(command: "DROP TABLE", context: binder.context, warnings: warnings)
    }

    static func alter(_ change: AlterTable, sql: String, binder: Binder, store: Store)
        throws(QueryError) -> RunningQuery
    {
        let table = try binder.table(change.name)
        switch change.action {
        case .addColumn(let definition, let isIfNotExists):
            let column = try column(definition, sql: sql, binder: binder)
            let isThere = table.columns.contains { definition.name.matches($0.name) }
            if isThere && !isIfNotExists {
                throw QueryError(
                    "42701", "table \"\(table.name)\" has a column \"\(column.name)\" already",
                    at: definition.name.span)
            }
            if column.role == .time || (table.isReference && column.role == .tag) {
                throw QueryError(
                    "42P16", "a TIME KEY or TAG cannot be added to this table",
                    at: definition.span)
            }
            if definition.isNotNull {
                throw QueryError(
                    "42P16", "an added column is NULL in the rows before, so not NOT NULL",
                    at: definition.span)
            }
            if !isThere {
                do {
                    _ = try store.addColumns([column], toTable: table.name)
                } catch {
                    throw QueryError(error)
                }
            }
        case .setKind(let name, let clause):
            let index = try Insertion.column(name, of: table)
            let column = table.columns[index]
            if column.role != .field {
                throw QueryError("42P16", "only fields have a kind", at: name.span)
            }
            let kind = try kind(clause, type: column.type)
            do {
                _ = try store.changeColumn(
                    column.name, ofTable: table.name, type: nil, kind: kind)
            } catch {
                throw QueryError(error)
            }
        case .dropColumn(let name, _):
            throw .notSupported("ALTER TABLE … DROP COLUMN", at: name.span)
        case .renameColumn(let name, _):
            throw .notSupported("ALTER TABLE … RENAME COLUMN", at: name.span)
        case .renameTable(let name):
            throw .notSupported("ALTER TABLE … RENAME", at: name.span)
        case .setUnit(let name, _):
            throw .notSupported("ALTER TABLE … SET UNIT", at: name.span)
        case .setOptions(let options):
            throw .notSupported("ALTER TABLE … SET", at: options.span)
        }
        return RunningQuery(command: "ALTER TABLE", context: binder.context)
    }
}
