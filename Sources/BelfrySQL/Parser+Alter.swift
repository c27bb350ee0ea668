/// The grammar of ALTER TABLE, from behind ALTER.
extension Parser {
    mutating func alter() throws(SyntaxError) -> Statement {
        try expect(.table)
        let name = try qualifiedName("a table's name")
        return .alterTable(AlterTable(name: name, action: try alterAction()))
    }

    private mutating func alterAction() throws(SyntaxError) -> AlterTable.Action {
        if accept(.add) {
            accept(.column)
            let isIfNotExists = try acceptIfNotExists()
            return .addColumn(try columnDefinition(), isIfNotExists: isIfNotExists)
        }
        if accept(.drop) {
            if currentKeyword == .partition, !endsStatement(nextKind) {
                advance()
                return try dropPartitions()
            }
            accept(.column)
            let isIfExists = acceptIfExists()
            return .dropColumn(try name("a column's name"), isIfExists: isIfExists)
        }
        if accept(.rename) {
            if accept(.to) { return .renameTable(to: try name("the new name")) }
            accept(.column)
            let column = try name("a column's name")
            try expect(.to)
            return .renameColumn(column, to: try name("the new name"))
        }
        if accept(.set) {
            let options = try tableOptions()
            if options.span == nil {
                throw unexpected("PARTITION BY, RETAIN, STALE AFTER, HORIZON or ON DUPLICATE")
            }
            return .setOptions(options)
        }
        if accept(.reset) {
            return .resetOptions(
                try list { parser throws(SyntaxError) in try parser.optionWord() })
        }
        if accept(.alter) {
            accept(.column)
            return try columnChange(of: try name("a column's name"))
        }
        throw unexpected("ADD, DROP, RENAME, ALTER, SET or RESET")
    }

    private func endsStatement(_ kind: Token.Kind) -> Bool {
        kind == .end || kind == .symbol(.semicolon)
    }

    private mutating func dropPartitions() throws(SyntaxError) -> AlterTable.Action {
        if accept(.before) { return .dropPartitionsBefore(try expression()) }
        return .dropPartitions(
            holding: try list { parser throws(SyntaxError) in try parser.expression() })
    }

    private mutating func optionWord() throws(SyntaxError) -> AlterTable.OptionWord {
        if accept(.partition) {
            try expect(.by)
            return .partition
        }
        if accept(.stale) {
            try expect(.after)
            return .staleAfter
        }
        if accept(.retain) { return .retain }
        if accept(.horizon) { return .horizon }
        throw unexpected("PARTITION BY, RETAIN, STALE AFTER or HORIZON")
    }

    /// What follows the name of a column that is altered.
    private mutating func columnChange(of column: Name) throws(SyntaxError) -> AlterTable.Action {
        if accept(.type) { return .setType(column, try typeName()) }
        if accept(.drop) {
            if accept(.unit) { return .setUnit(column, nil) }
            if accept(.default) { return .setDefault(column, nil) }
            if accept(.not) {
                try expect(.null)
                return .setNotNull(column, false)
            }
            throw unexpected("UNIT, DEFAULT or NOT NULL")
        }
        if !accept(.set) { throw unexpected("SET, DROP or TYPE") }
        if accept(.data) {
            try expect(.type)
            return .setType(column, try typeName())
        }
        if accept(.unit) { return .setUnit(column, try textLiteral("a unit such as 'km/h'")) }
        if accept(.default) { return .setDefault(column, try expression()) }
        if accept(.not) {
            try expect(.null)
            return .setNotNull(column, true)
        }
        if let clause = try acceptKind() { return .setKind(column, clause) }
        throw unexpected("GAUGE, COUNTER, DELTA, STATE, UNIT, DEFAULT, NOT NULL or DATA TYPE")
    }
}
