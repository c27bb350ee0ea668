/// The tree back to canonical SQL: keywords in capitals, one blank between words, parentheses only
/// where binding powers need them. Parsing what it prints gives a tree that prints the same.
package struct SQLText {
    var text = ""

    package static func of(_ statement: Statement) -> String {
        var printer = SQLText()
        printer.statement(statement)
        return printer.text
    }

    package static func of(_ query: Query) -> String {
        var printer = SQLText()
        printer.query(query)
        return printer.text
    }

    package static func of(_ expression: Expression) -> String {
        var printer = SQLText()
        printer.expression(expression)
        return printer.text
    }

    /// A name as SQL writes it: bare where that reads back as the same name, else in quotes.
    package static func name(_ name: Name) -> String {
        name.isQuoted ? quotedName(name.text) : name.folded
    }

    /// A string as SQL writes it.
    package static func string(_ text: String) -> String {
        var bytes: [UInt8] = [39]
        for byte in text.utf8 {
            if byte == 39 { bytes.append(39) }
            bytes.append(byte)
        }
        bytes.append(39)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func quotedName(_ text: String) -> String {
        var bytes: [UInt8] = [34]
        for byte in text.utf8 {
            if byte == 34 { bytes.append(34) }
            bytes.append(byte)
        }
        bytes.append(34)
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - Pieces

    /// Appends a piece as it is.
    mutating func put(_ piece: String) { text += piece }

    mutating func name(_ name: Name) { put(SQLText.name(name)) }

    mutating func qualifiedName(_ name: QualifiedName) {
        if let schema = name.schema {
            self.name(schema)
            put(".")
        }
        self.name(name.name)
    }

    mutating func list<Element>(
        _ elements: [Element], _ print: (inout SQLText, Element) -> Void
    ) {
        for (index, element) in elements.enumerated() {
            if index > 0 { put(", ") }
            print(&self, element)
        }
    }

    /// `(a, b)`
    mutating func names(_ names: [Name]) {
        put("(")
        list(names) { $0.name($1) }
        put(")")
    }

    // MARK: - Statements

    private mutating func statement(_ statement: Statement) {
        switch statement {
        case .query(let query): self.query(query)
        case .explain(let explain):
            put(explain.isAnalyze ? "EXPLAIN ANALYZE " : "EXPLAIN ")
            self.statement(explain.statement)
        case .createTable(let create): createTable(create)
        case .createTableAs(let create):
            put(create.isIfNotExists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ")
            qualifiedName(create.name)
            put(" AS ")
            query(create.query)
        case .dropTable(let drop):
            put(drop.isIfExists ? "DROP TABLE IF EXISTS " : "DROP TABLE ")
            list(drop.names) { $0.qualifiedName($1) }
        case .alterTable(let alter):
            put("ALTER TABLE ")
            qualifiedName(alter.name)
            alterAction(alter.action)
        case .truncate(let table):
            put("TRUNCATE ")
            qualifiedName(table)
        case .insert(let insert): self.insert(insert)
        case .update(let update): self.update(update)
        case .delete(let delete): self.delete(delete)
        case .set(let set):
            put("SET ")
            name(set.name)
            put(" = ")
            if let value = set.value { expression(value) } else { put("DEFAULT") }
        case .reset(let reset):
            put("RESET ")
            if let name = reset.name { self.name(name) } else { put("ALL") }
        case .show(.tables): put("SHOW TABLES")
        case .show(.report(let report, let table)):
            put("SHOW \(report.rawValue)")
            if let table {
                put(" FROM ")
                qualifiedName(table)
            }
        case .show(.all): put("SHOW ALL")
        case .show(.variable(let name)):
            put("SHOW ")
            self.name(name)
        case .describe(let table):
            put("DESCRIBE ")
            qualifiedName(table)
        case .summarize(let table):
            put("SUMMARIZE ")
            qualifiedName(table)
        case .transaction(let transaction): put(transaction.rawValue)
        case .checkpoint: put("CHECKPOINT")
        case .confirmClock: put("CONFIRM CLOCK")
        }
    }

    mutating func clause(_ words: String, _ value: Expression?) {
        guard let value else { return }
        put(words)
        expression(value)
    }

    // MARK: - Definitions

    private mutating func createTable(_ create: CreateTable) {
        put(create.isIfNotExists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ")
        qualifiedName(create.name)
        put(" (")
        list(create.columns) { $0.column($1) }
        if let key = create.primaryKey {
            if !create.columns.isEmpty { put(", ") }
            put("PRIMARY KEY ")
            names(key.columns)
        }
        put(")")
        options(create.options)
    }

    mutating func column(_ column: ColumnDefinition) {
        name(column.name)
        put(" ")
        type(column.type)
        if column.isTimeKey { put(" TIME KEY") }
        if column.isTag { put(" TAG") }
        if let kind = column.kind {
            put(" ")
            self.kind(kind)
        }
        if let unit = column.unit { put(" UNIT \(SQLText.string(unit.text))") }
        if column.isNotNull { put(" NOT NULL") }
        if let value = column.defaultValue {
            put(" DEFAULT ")
            expression(value, atLeast: BindingPower.isTest)
        }
        if column.isPrimaryKey { put(" PRIMARY KEY") }
    }

    mutating func kind(_ kind: ColumnKindClause) {
        put(kind.word.rawValue)
        if let per = kind.per { put(" PER \(SQLText.string(per.text))") }
    }

    mutating func options(_ options: TableOptions) {
        if let unit = options.partition { put(" PARTITION BY \(unit.rawValue)") }
        if let text = options.retain?.text { put(" RETAIN \(SQLText.string(text))") }
        if let text = options.staleAfter?.text { put(" STALE AFTER \(SQLText.string(text))") }
        if let text = options.horizon?.text { put(" HORIZON \(SQLText.string(text))") }
        if let rule = options.onDuplicate { put(" ON DUPLICATE \(rule.rawValue)") }
    }
}
