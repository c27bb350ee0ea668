/// Statements that change rows, and ALTER TABLE, as canonical SQL.
extension SQLText {
    mutating func insert(_ insert: Insert) {
        put("INSERT INTO ")
        qualifiedName(insert.table)
        rowAlias(insert.alias)
        put(" ")
        if !insert.columns.isEmpty {
            names(insert.columns)
            put(" ")
        }
        switch insert.source {
        case .query(let query): self.query(query)
        case .defaultValues: put("DEFAULT VALUES")
        }
        if let action = insert.onConflict { onConflict(action, target: insert.conflictTarget) }
        returning(insert.returning)
    }

    private mutating func onConflict(_ action: Insert.OnConflict, target: [Name]) {
        if case .rule(let rule, _) = action {
            put(" ON DUPLICATE \(rule.rawValue)")
            return
        }
        put(" ON CONFLICT ")
        if !target.isEmpty {
            names(target)
            put(" ")
        }
        switch action {
        case .doNothing, .rule: put("DO NOTHING")
        case .update(let assignments, let filter):
            put("DO UPDATE SET ")
            self.assignments(assignments)
            clause(" WHERE ", filter)
        }
    }

    mutating func update(_ update: Update) {
        put("UPDATE ")
        qualifiedName(update.table)
        rowAlias(update.alias)
        put(" SET ")
        assignments(update.assignments)
        clause(" WHERE ", update.filter)
        returning(update.returning)
    }

    mutating func delete(_ delete: Delete) {
        put("DELETE FROM ")
        qualifiedName(delete.table)
        rowAlias(delete.alias)
        clause(" WHERE ", delete.filter)
        returning(delete.returning)
    }

    private mutating func rowAlias(_ alias: Name?) {
        guard let alias else { return }
        put(" AS ")
        name(alias)
    }

    private mutating func assignments(_ assignments: [Assignment]) {
        list(assignments) { printer, assignment in
            printer.name(assignment.column)
            printer.put(" = ")
            if let value = assignment.value {
                printer.expression(value)
            } else {
                printer.put("DEFAULT")
            }
        }
    }

    private mutating func returning(_ items: [SelectItem]) {
        if items.isEmpty { return }
        put(" RETURNING ")
        list(items) { $0.item($1) }
    }

    mutating func alterAction(_ action: AlterTable.Action) {
        switch action {
        case .addColumn(let column, let isIfNotExists):
            put(isIfNotExists ? " ADD COLUMN IF NOT EXISTS " : " ADD COLUMN ")
            self.column(column)
        case .dropColumn(let column, let isIfExists):
            put(isIfExists ? " DROP COLUMN IF EXISTS " : " DROP COLUMN ")
            name(column)
        case .renameColumn(let column, let newName):
            put(" RENAME COLUMN ")
            name(column)
            put(" TO ")
            name(newName)
        case .renameTable(let newName):
            put(" RENAME TO ")
            name(newName)
        case .setKind(let column, let kind):
            alterColumn(column, "SET ")
            self.kind(kind)
        case .setUnit(let column, let unit):
            alterColumn(column, unit.map { "SET UNIT \(SQLText.string($0.text))" } ?? "DROP UNIT")
        case .setType(let column, let type):
            alterColumn(column, "TYPE ")
            self.type(type)
        case .setDefault(let column, let value):
            alterColumn(column, value == nil ? "DROP DEFAULT" : "SET DEFAULT ")
            if let value { expression(value) }
        case .setNotNull(let column, let isNotNull):
            alterColumn(column, isNotNull ? "SET NOT NULL" : "DROP NOT NULL")
        case .setOptions(let options):
            put(" SET")
            self.options(options)
        case .resetOptions(let words):
            put(" RESET ")
            list(words) { $0.put($1.rawValue) }
        case .dropPartitions(let instants):
            put(" DROP PARTITION ")
            list(instants) { $0.expression($1) }
        case .dropPartitionsBefore(let instant):
            put(" DROP PARTITION BEFORE ")
            expression(instant)
        }
    }

    private mutating func alterColumn(_ column: Name, _ change: String) {
        put(" ALTER COLUMN ")
        name(column)
        put(" \(change)")
    }
}
