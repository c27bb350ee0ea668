package import BelfryCore
import Synchronization

/// Changes of the catalog: each is one manifest, durable before the first record that needs it.
extension Store {
    /// Makes a table; numbers of table and columns are assigned.
    package func createTable(
        _ schema: TableSchema, ifNotExists: Bool
    ) throws(StorageError) -> TableSchema {
        try changeCatalog { (state) throws(StorageError) in
            if let known = state.catalog.table(named: schema.name) {
                if ifNotExists { return (known, nil) }
                throw StorageError(.catalog, "there is a table \(known.name) already")
            }
            try Self.checkColumns(schema)
            guard state.manifest.nextTable < UInt32.max else {
                throw StorageError(.limit, "no table numbers are left")
            }
            var table = schema
            table.number = state.manifest.nextTable
            table.version = 1
            var next = ColumnSchema.firstNumber
            for index in table.columns.indices {
                if table.columns[index].role == .time {
                    table.columns[index].number = ColumnSchema.timeNumber
                } else {
                    table.columns[index].number = next
                    next += 1
                }
            }
            table.nextColumn = next
            return (
                table,
                {
                    $0.nextTable = table.number + 1; $0.catalog.set(table)
                }
            )
        }
    }

    /// Drops a table; false where there is none and `ifExists`. Its rows go with the segments that
    /// hold them.
    package func dropTable(_ name: String, ifExists: Bool) throws(StorageError) -> Bool {
        try changeCatalog { (state) throws(StorageError) in
            guard let table = state.catalog.table(named: name) else {
                if ifExists { return (false, nil) }
                throw StorageError(.noSuchTable, "there is no table \(name)")
            }
            let gone = Self.segments(onlyOf: table.number, state)
            return (
                true,
                { manifest in
                    manifest.catalog.remove(table.number)
                    manifest.remove(gone)
                }
            )
        }
    }

    /// Adds columns at the end of a table; their numbers are assigned.
    package func addColumns(
        _ columns: [ColumnSchema], toTable name: String
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            for column in columns {
                var added = column
                guard added.role != .time else {
                    throw StorageError(.catalog, "a table has its time column from the start")
                }
                added.number = table.nextColumn
                table.nextColumn += 1
                table.columns.append(added)
            }
            try Self.checkColumns(table)
        }
    }

    /// Widens a column's type (whole numbers to wider ones or DOUBLE) or changes its kind; nil
    /// leaves what it is.
    package func changeColumn(
        _ column: String, ofTable name: String, type: DataType?, kind: ColumnKind?
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            guard let index = table.columnIndex(named: column) else {
                throw StorageError(.noSuchColumn, "\(table.name) has no column \(column)")
            }
            if let type, type != table.columns[index].type {
                guard table.columns[index].role == .field, table.columns[index].type.isInteger,
                    type == .double
                        || (type.isInteger && type.rawValue > table.columns[index].type.rawValue)
                else {
                    throw StorageError(
                        .catalog,
                        "\(column) is \(table.columns[index].type.name) and cannot become "
                            + type.name)
                }
                table.columns[index].type = type
            }
            if let kind { table.columns[index].kind = kind }
        }
    }

    func changeTable(
        _ name: String, _ change: (inout TableSchema) throws(StorageError) -> Void
    ) throws(StorageError) -> TableSchema {
        try changeCatalog { (state) throws(StorageError) in
            guard var table = state.catalog.table(named: name) else {
                throw StorageError(.noSuchTable, "there is no table \(name)")
            }
            try change(&table)
            table.version += 1
            return (table, { [table] in $0.catalog.set(table) })
        }
    }

    /// Plans a change against the newest catalog and writes the manifest that has it.
    func changeCatalog<Answer>(
        _ plan: (StoreState) throws(StorageError) -> (Answer, ((inout Manifest) -> Void)?)
    ) throws(StorageError) -> Answer {
        try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            let (answer, change) = try plan(state)
            guard let change else { return answer }
            // A manifest is durable at once; what was written before must not be lost behind it.
            try state.syncLog()
            try replaceManifest(&state, change)
            renewHandles(&state)
            publish(state)
            return answer
        }
    }

    static func checkColumns(_ table: TableSchema) throws(StorageError) {
        var names: Set<String> = []
        for column in table.columns {
            guard names.insert(column.name.lowercased()).inserted else {
                throw StorageError(.catalog, "\(table.name) has two columns \(column.name)")
            }
            guard column.role != .tag || column.type == .text else {
                throw StorageError(.catalog, "the tag \(column.name) must be TEXT")
            }
        }
        guard table.columns.count(where: { $0.role == .time }) <= 1 else {
            throw StorageError(.catalog, "\(table.name) has two time columns")
        }
    }
}
