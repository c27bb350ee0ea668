package import BelfryCore

/// Changes of a table's definition that touch no row: rows know their columns by number, and no
/// number is given twice. Snapshots keep the definition they were taken with.
extension Store {
    /// Takes a field out of a table. Its values go when what holds them is next rewritten; a later
    /// column of its name has another number and so never sees them.
    package func dropColumn(
        _ column: String, ofTable name: String
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            let index = try Self.index(of: column, in: table)
            guard table.columns[index].role == .field, !table.primaryKey.contains(index) else {
                throw StorageError(
                    .catalog, "\(column) is part of what names a row of \(table.name)")
            }
            table.columns.remove(at: index)
            table.primaryKey = table.primaryKey.map { $0 > index ? $0 - 1 : $0 }
        }
    }

    package func renameColumn(
        _ column: String, to newName: String, ofTable name: String
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            table.columns[try Self.index(of: column, in: table)].name = newName
            try Self.checkColumns(table)
        }
    }

    package func renameTable(
        _ name: String, to newName: String
    ) throws(StorageError) -> TableSchema {
        try changeCatalog { (state) throws(StorageError) in
            guard var table = state.catalog.table(named: name) else {
                throw StorageError(.noSuchTable, "there is no table \(name)")
            }
            if let other = state.catalog.table(named: newName), other.number != table.number {
                throw StorageError(.catalog, "there is a table \(other.name) already")
            }
            table.name = newName
            table.version += 1
            return (table, { [table] in $0.catalog.set(table) })
        }
    }

    /// Changes what is said of a column besides its name, number, role and type.
    package func describeColumn(
        _ column: String, ofTable name: String, _ change: (inout ColumnSchema) -> Void
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            let index = try Self.index(of: column, in: table)
            let before = table.columns[index]
            change(&table.columns[index])
            table.columns[index].name = before.name
            table.columns[index].number = before.number
            table.columns[index].role = before.role
            table.columns[index].type = before.type
        }
    }

    /// Changes a table's options. Whether rows of one key are folded is in what is stored, so a
    /// table stays one that appends, or one that does not.
    package func changeOptions(
        ofTable name: String, _ change: (inout TableOptions) -> Void
    ) throws(StorageError) -> TableSchema {
        try changeTable(name) { (table) throws(StorageError) in
            let wasAppending = table.options.duplicateRule == .append
            change(&table.options)
            guard wasAppending == (table.options.duplicateRule == .append) else {
                throw StorageError(
                    .catalog, "ON DUPLICATE APPEND of \(table.name) can neither come nor go")
            }
        }
    }

    private static func index(of column: String, in table: TableSchema) throws(StorageError) -> Int
    {
        guard let index = table.columnIndex(named: column) else {
            throw StorageError(.noSuchColumn, "\(table.name) has no column \(column)")
        }
        return index
    }

    /// Whether rows made for some version of their table mean the same in the one of now. A
    /// renamed column is the same column, and whole numbers go into a column that was widened.
    static func checkCurrent(_ batch: PointBatch, in catalog: Catalog) throws(StorageError) {
        guard let now = catalog.table(numbered: batch.table.number) else {
            throw StorageError(
                .noSuchTable, "the table \(batch.table.name) is no longer there")
        }
        if now.version == batch.table.version { return }
        for column in batch.columns
        where !now.columns.contains(where: { $0.number == column.number }) {
            let name = batch.table.columns.first { $0.number == column.number }?.name ?? ""
            throw StorageError(
                .noSuchColumn,
                "the column \(name) of \(now.name) was dropped before the rows were written")
        }
    }
}
