import BelfryCore
import BelfrySQL
import BelfryStorage

/// ALTER TABLE. No row is rewritten: columns are known by numbers that are given once, and what
/// changes is the table's definition in the next manifest.
struct TableAlteration {
    private let action: AlterTable.Action
    private let table: TableSchema
    private let sql: String
    private let binder: Binder
    private let store: Store

    init(_ statement: AlterTable, sql: String, binder: Binder, store: Store) throws(QueryError) {
        action = statement.action
        table = try binder.table(statement.name)
        self.sql = sql
        self.binder = binder
        self.store = store
    }

    func run() throws(QueryError) -> RunningQuery {
        let warning = try change()
        return RunningQuery(
            command: "ALTER TABLE", context: binder.context, warnings: warning.map { [$0] } ?? [])
    }

    /// What there is to say besides; nil where the change is all.
    private func change() throws(QueryError) -> String? {
        switch action {
        case .addColumn(let definition, let isIfNotExists):
            return try add(definition, isIfNotExists: isIfNotExists)
        case .dropColumn(let name, let isIfExists):
            return try drop(name, isIfExists: isIfExists)
        case .renameColumn(let name, let newName):
            try renameColumn(name, to: newName)
        case .renameTable(let newName):
            try renameTable(to: newName)
        case .setKind(let name, let clause):
            let column = try field(name, "has a kind")
            let kind = try TableDefinition.kind(clause, type: column.type)
            try describe(column) { $0.kind = kind }
        case .setUnit(let name, let unit):
            let column = table.columns[try binder.column(name, of: table)]
            try describe(column) { $0.unit = unit?.text }
        case .setDefault(let name, let value):
            let column = try field(name, "has a DEFAULT")
            var text: String?
            if let value {
                text = try TableDefinition.defaultText(
                    value, type: column.type, sql: sql, binder: binder)
            }
            try describe(column) { [text] in $0.defaultText = text }
        case .setNotNull(let name, let isNotNull):
            try setNotNull(name, isNotNull)
        case .setType(let name, let type):
            try widen(name, type)
        case .setOptions(let options):
            try set(options)
        case .resetOptions(let words):
            try reset(words)
        case .dropPartitions(let instants):
            var times: [Timestamp] = []
            for instant in instants { times.append(try time(instant)) }
            return try PartitionDrop(table, binder: binder, store: store).drop(holding: times)
        case .dropPartitionsBefore(let instant):
            return try PartitionDrop(table, binder: binder, store: store)
                .drop(before: try time(instant))
        }
        return nil
    }

    private func stored<Answer>(
        _ body: () throws(StorageError) -> Answer
    ) throws(QueryError) -> Answer {
        do { return try body() } catch { throw QueryError(error) }
    }

    /// A column that is a measured value, or the error that only those have something.
    private func field(_ name: Name, _ what: String) throws(QueryError) -> ColumnSchema {
        let column = table.columns[try binder.column(name, of: table)]
        if column.role == .field { return column }
        throw QueryError(
            "42P16",
            "only a field \(what), and \"\(column.name)\" is "
                + (column.role == .tag ? "a tag" : "the TIME KEY"), at: name.span)
    }

    private func describe(
        _ column: ColumnSchema, _ change: (inout ColumnSchema) -> Void
    ) throws(QueryError) {
        _ = try stored { () throws(StorageError) in
            try store.describeColumn(column.name, ofTable: table.name, change)
        }
    }

    // MARK: - Columns

    private func add(_ definition: ColumnDefinition, isIfNotExists: Bool) throws(QueryError)
        -> String?
    {
        let column = try TableDefinition.column(definition, sql: sql, binder: binder)
        if let there = table.columns.first(where: { definition.name.matches($0.name) }) {
            if isIfNotExists {
                return "column \"\(there.name)\" is there already, nothing was done"
            }
            throw QueryError(
                "42701", "table \"\(table.name)\" has a column \"\(column.name)\" already",
                at: definition.name.span)
        }
        if column.role == .time || (table.isReference && column.role == .tag) {
            throw QueryError(
                "42P16", "a TIME KEY or TAG cannot be added to this table", at: definition.span)
        }
        if definition.isNotNull || definition.isPrimaryKey {
            throw QueryError(
                "42P16", "an added column is NULL in the rows before, so not NOT NULL",
                at: definition.span)
        }
        guard table.columns.count < TableDefinition.columnCountLimit else {
            throw QueryError(
                "54011", "a table has at most \(TableDefinition.columnCountLimit) columns",
                at: definition.span)
        }
        _ = try stored { () throws(StorageError) in
            try store.addColumns([column], toTable: table.name)
        }
        return nil
    }

    private func drop(_ name: Name, isIfExists: Bool) throws(QueryError) -> String? {
        if isIfExists && !table.columns.contains(where: { name.matches($0.name) }) {
            return "there is no column \"\(name.text)\", nothing was done"
        }
        let index = try binder.column(name, of: table)
        let column = table.columns[index]
        let reason: String? =
            switch column.role {
            case .time: "is the TIME KEY, by which rows are found"
            case .tag:
                "is a tag: together the tags name a series, and without it several would be one"
            case .field where table.primaryKey.contains(index): "is part of the PRIMARY KEY"
            case .field where table.columns.count == 1: "is the table's only column"
            case .field: nil
            }
        if let reason {
            throw QueryError(
                "42P16", "column \"\(column.name)\" cannot be dropped: it \(reason)",
                at: name.span,
                hint: "CREATE TABLE another one and INSERT … SELECT what should stay")
        }
        _ = try stored { () throws(StorageError) in
            try store.dropColumn(column.name, ofTable: table.name)
        }
        return nil
    }

    private func renameColumn(_ name: Name, to newName: Name) throws(QueryError) {
        let index = try binder.column(name, of: table)
        try TableDefinition.check(newName)
        let folded = foldedToLowerCase(newName.folded)
        let other = table.columns.indices.first {
            $0 != index && foldedToLowerCase(table.columns[$0].name) == folded
        }
        if other != nil {
            throw QueryError(
                "42701", "table \"\(table.name)\" has a column \"\(newName.text)\" already",
                at: newName.span)
        }
        _ = try stored { () throws(StorageError) in
            try store.renameColumn(
                table.columns[index].name, to: newName.folded, ofTable: table.name)
        }
    }

    private func renameTable(to newName: Name) throws(QueryError) {
        try TableDefinition.check(newName)
        if let other = binder.catalog.table(named: newName.folded), other.number != table.number {
            throw QueryError(
                "42P07", "table \"\(other.name)\" exists already", at: newName.span)
        }
        _ = try stored { () throws(StorageError) in
            try store.renameTable(table.name, to: newName.folded)
        }
    }

    private func setNotNull(_ name: Name, _ isNotNull: Bool) throws(QueryError) {
        let column = try field(name, "can be NOT NULL or not")
        if isNotNull {
            if column.isNotNull { return }
            throw QueryError(
                "0A000", "a column that may be NULL cannot become NOT NULL", at: name.span,
                hint: "the rows that are there would have to be looked at while others come in")
        }
        if table.primaryKey.contains(where: { table.columns[$0].number == column.number }) {
            throw QueryError(
                "42P16", "column \"\(column.name)\" is part of the PRIMARY KEY", at: name.span)
        }
        try describe(column) { $0.isNotNull = false }
    }

    private func widen(_ name: Name, _ typeName: TypeName) throws(QueryError) {
        let index = try binder.column(name, of: table)
        let column = table.columns[index]
        let type = try Coercion.dataType(typeName)
        if type == column.type { return }
        let isWider =
            column.type.isInteger
            && (type == .double || (type.isInteger && type.rawValue > column.type.rawValue))
        guard column.role == .field, isWider else {
            throw QueryError(
                "42804",
                "column \"\(column.name)\" is \(column.type.name) and cannot become \(type.name)",
                at: typeName.span,
                hint: "whole numbers become wider ones or DOUBLE; for anything else ADD COLUMN, "
                    + "UPDATE and DROP COLUMN")
        }
        if table.primaryKey.contains(index) {
            throw QueryError(
                "42P16", "column \"\(column.name)\" is part of the PRIMARY KEY", at: name.span)
        }
        _ = try stored { () throws(StorageError) in
            try store.changeColumn(column.name, ofTable: table.name, type: type, kind: nil)
        }
    }

    // MARK: - Options

    private func set(_ options: BelfrySQL.TableOptions) throws(QueryError) {
        var changed = table.options
        try TableDefinition.apply(
            options, to: &changed, isReference: table.isReference,
            hasKey: !table.primaryKey.isEmpty)
        if (changed.duplicateRule == .append) != (table.options.duplicateRule == .append) {
            throw QueryError(
                "0A000",
                table.options.duplicateRule == .append
                    ? "\"\(table.name)\" may have several rows a key, so they cannot become one"
                    : "rows of \"\(table.name)\" with one key are one row by now",
                at: options.span,
                hint: "CREATE TABLE another one and INSERT … SELECT the rows")
        }
        try change { [changed] in $0 = changed }
    }

    private func reset(_ words: [AlterTable.OptionWord]) throws(QueryError) {
        try change { options in
            let plain = BelfryCore.TableOptions()
            for word in words {
                switch word {
                case .partition: options.partitionWidth = plain.partitionWidth
                case .retain: options.retain = plain.retain
                case .staleAfter: options.staleAfter = plain.staleAfter
                case .horizon: options.horizon = plain.horizon
                }
            }
        }
    }

    private func change(_ change: (inout BelfryCore.TableOptions) -> Void) throws(QueryError) {
        _ = try stored { () throws(StorageError) in
            try store.changeOptions(ofTable: table.name, change)
        }
    }

    private func time(_ expression: Expression) throws(QueryError) -> Timestamp {
        let bound = try binder.bindConstant(
            expression, clause: "DROP PARTITION", expected: .timestamptz)
        let coerced = try binder.coerced(
            .constant(bound.value, bound.type), to: .timestamptz, .explicit, at: expression.span)
        let value = try ExpressionEvaluator.evaluateConstant(
            coerced, environment: binder.environment)
        guard case .timestamptz(let time) = value else {
            throw QueryError("22004", "DROP PARTITION wants an instant", at: expression.span)
        }
        return time
    }
}
