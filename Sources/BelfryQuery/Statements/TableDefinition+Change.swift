import BelfryCore
import BelfrySQL
import BelfryStorage

/// CREATE TABLE AS and DROP TABLE.
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
        let batch = try PointBatchMaker(table: table).batch(rows.finish(), rowCount: rows.rowCount)
        let count = try Insertion.write(batch, rule: nil, store: store)
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
}
