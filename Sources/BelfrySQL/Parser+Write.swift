/// The grammar of INSERT, UPDATE and DELETE, each from behind its first word.
extension Parser {
    mutating func insert() throws(SyntaxError) -> Statement {
        try expect(.into)
        let table = try qualifiedName("a table's name")
        let alias = accept(.as) ? try name("a name for the table") : nil
        var columns: [Name] = []
        if currentKind == .symbol(.leftParenthesis), !isQuery(in: index) {
            columns = try nameList("a column's name")
        }
        let source: Insert.Source
        if currentKeyword == .default, nextKeyword == .values {
            advance()
            advance()
            source = .defaultValues
        } else if currentKeyword == .select || currentKeyword == .values
            || currentKeyword == .with || currentKind == .symbol(.leftParenthesis)
        {
            source = .query(try query())
        } else {
            want([.select, .values, .with])
            throw unexpected(columns.isEmpty ? "\"(\", VALUES or SELECT" : "VALUES or SELECT")
        }
        var target: [Name] = []
        var action: Insert.OnConflict?
        if accept(.on, .conflict) {
            if currentKind == .symbol(.leftParenthesis) {
                target = try nameList("a column's name")
            }
            try expect(.do)
            if accept(.nothing) {
                action = .doNothing
            } else if accept(.update) {
                try expect(.set)
                let assignments = try assignments()
                action = .update(assignments, filter: accept(.where) ? try expression() : nil)
            } else {
                throw unexpected("NOTHING or UPDATE")
            }
        } else if currentKeyword == .on, nextKeyword == .duplicate {
            let start = current.span
            advance()
            advance()
            let rule = try duplicateRule()
            action = .rule(rule, span: span(from: start))
        }
        return .insert(
            Insert(
                table: table, alias: alias, columns: columns, source: source,
                conflictTarget: target, onConflict: action, returning: try returning()))
    }

    /// What a statement that changes rows gives of them; empty where it gives nothing.
    private mutating func returning() throws(SyntaxError) -> [SelectItem] {
        guard accept(.returning) else { return [] }
        return try list { parser throws(SyntaxError) in try parser.selectItem() }
    }

    /// Whether the parenthesis that stands at the index holds a query and no list of names.
    private func isQuery(in index: Int) -> Bool {
        var inner = index
        while tokens[inner].kind == .symbol(.leftParenthesis) { inner += 1 }
        return startsQuery(at: inner)
    }

    mutating func update() throws(SyntaxError) -> Statement {
        let table = try qualifiedName("a table's name")
        let alias = try rowAlias()
        try expect(.set)
        let assignments = try assignments()
        if currentKeyword == .from { throw unsupported("UPDATE … FROM", hint: Self.subqueryHint) }
        let filter = accept(.where) ? try expression() : nil
        return .update(
            Update(
                table: table, alias: alias, assignments: assignments, filter: filter,
                returning: try returning()))
    }

    mutating func delete() throws(SyntaxError) -> Statement {
        try expect(.from)
        let table = try qualifiedName("a table's name")
        let alias = try rowAlias()
        if currentKeyword == .using { throw unsupported("DELETE … USING", hint: Self.subqueryHint) }
        let filter = accept(.where) ? try expression() : nil
        return .delete(
            Delete(table: table, alias: alias, filter: filter, returning: try returning()))
    }

    private static let subqueryHint = "WHERE column IN (SELECT …) may say the same"

    private mutating func rowAlias() throws(SyntaxError) -> Name? {
        if accept(.as) { return try name("a name for the table") }
        return isAlias(current) ? takeName() : nil
    }

    private mutating func assignments() throws(SyntaxError) -> [Assignment] {
        try list { parser throws(SyntaxError) in
            let column = try parser.name("a column's name")
            try parser.expect(.equal)
            if parser.accept(.default) { return Assignment(column: column, value: nil) }
            return Assignment(column: column, value: try parser.expression())
        }
    }
}
