/// The grammar of CREATE and DROP, and of types.
extension Parser {
    // MARK: - CREATE TABLE

    /// What follows CREATE.
    mutating func create() throws(SyntaxError) -> Statement {
        switch currentKeyword {
        case .view, .index, .rollup, .temporary: throw unsupported("CREATE \(current.description)")
        default: break
        }
        try expect(.table)
        let isIfNotExists = try acceptIfNotExists()
        let name = try qualifiedName("a table's name")
        if accept(.as) {
            let query = try query()
            return .createTableAs(
                CreateTableAs(name: name, isIfNotExists: isIfNotExists, query: query))
        }
        if currentKind != .symbol(.leftParenthesis) { throw unexpected("\"(\" or AS") }
        advance()
        var columns: [ColumnDefinition] = []
        var primaryKey: PrimaryKey?
        repeat {
            let start = current.span
            if let key = try tableConstraint() {
                if primaryKey != nil { throw repeated("PRIMARY KEY", at: start) }
                primaryKey = key
            } else {
                columns.append(try columnDefinition())
            }
        } while accept(.comma)
        if currentKind != .symbol(.rightParenthesis) { throw unexpected("\",\" or \")\"") }
        advance()
        let options = try tableOptions()
        return .createTable(
            CreateTable(
                name: name, isIfNotExists: isIfNotExists, columns: columns,
                primaryKey: primaryKey, options: options))
    }

    mutating func acceptIfNotExists() throws(SyntaxError) -> Bool {
        guard currentKeyword == .if, nextKeyword == .not else { return false }
        advance()
        advance()
        try expect(.exists)
        return true
    }

    mutating func acceptIfExists() -> Bool { accept(.if, .exists) }

    func repeated(_ what: String, at span: SourceSpan) -> SyntaxError {
        SyntaxError("\(what) is given twice", at: span)
    }

    private func refusedConstraint(_ what: String) -> SyntaxError {
        SyntaxError("\(what) is not supported", at: current.span, sqlState: "0A000")
    }

    /// The PRIMARY KEY of the table; nil where a column stands.
    private mutating func tableConstraint() throws(SyntaxError) -> PrimaryKey? {
        let start = current.span
        if accept(.constraint) { _ = try name("a constraint's name") }
        switch currentKeyword {
        case .primary:
            advance()
            try expect(.key)
            try expect(.leftParenthesis)
            let columns = try list { parser throws(SyntaxError) in
                let column = try parser.name("a column's name")
                if parser.currentKeyword == .without {
                    throw parser.unsupported("WITHOUT OVERLAPS")
                }
                return column
            }
            try expect(.rightParenthesis)
            return PrimaryKey(columns: columns, span: span(from: start))
        case .period where nextKeyword == .for:
            throw unsupported("PERIOD FOR")
        case .unique: throw refusedConstraint("UNIQUE")
        case .check: throw refusedConstraint("CHECK")
        case .foreign: throw refusedConstraint("FOREIGN KEY")
        default:
            return nil
        }
    }

    mutating func columnDefinition() throws(SyntaxError) -> ColumnDefinition {
        let start = current.span
        let name = try name("a column's name")
        let type = try typeName()
        var column = ColumnDefinition(name: name, type: type, span: start)
        while try columnProperty(of: &column) {}
        column.span = span(from: start)
        return column
    }

    /// Takes one property of a column; false where none follows.
    private mutating func columnProperty(
        of column: inout ColumnDefinition
    ) throws(SyntaxError) -> Bool {
        let start = current.span
        if let clause = try acceptKind() {
            if column.kind != nil { throw repeated("the column's kind", at: start) }
            column.kind = clause
        } else if accept(.time) {
            try expect(.key)
            column.isTimeKey = true
        } else if accept(.tag) {
            column.isTag = true
        } else if accept(.unit) {
            if column.unit != nil { throw repeated("UNIT", at: start) }
            column.unit = try textLiteral("a unit such as 'km/h'")
        } else if accept(.not) {
            try expect(.null)
            column.isNotNull = true
        } else if accept(.primary) {
            try expect(.key)
            column.isPrimaryKey = true
        } else if accept(.default) {
            if column.defaultValue != nil { throw repeated("DEFAULT", at: start) }
            column.defaultValue = try expression(above: BindingPower.not)
        } else {
            switch currentKeyword {
            case .null: advance()
            case .version: throw unsupported("VERSION")
            case .unique: throw refusedConstraint("UNIQUE")
            case .check: throw refusedConstraint("CHECK")
            case .references: throw refusedConstraint("a foreign key")
            default: return false
            }
        }
        return true
    }

    mutating func acceptKind() throws(SyntaxError) -> ColumnKindClause? {
        let start = current.span
        let word: ColumnKindClause.Word
        if accept(.gauge) {
            word = .gauge
        } else if accept(.counter) {
            word = .counter
        } else if accept(.delta) {
            word = .delta
        } else if accept(.state) {
            word = .state
        } else {
            return nil
        }
        var per: TextLiteral?
        if word == .delta, accept(.per) { per = try textLiteral("an interval such as '5 minutes'") }
        return ColumnKindClause(word, per: per, span: span(from: start))
    }

    /// A plain string; INTERVAL may stand before it.
    mutating func textLiteral(_ expected: String) throws(SyntaxError) -> TextLiteral {
        let start = current.span
        if currentKeyword == .interval, nextKind == .string { advance() }
        guard currentKind == .string else { throw unexpected(expected) }
        let text = current.text
        advance()
        return TextLiteral(text, span: span(from: start))
    }

    mutating func tableOptions() throws(SyntaxError) -> TableOptions {
        var options = TableOptions()
        let first = current.span
        while true {
            let start = current.span
            if accept(.partition) {
                if options.partition != nil { throw repeated("PARTITION BY", at: start) }
                try expect(.by)
                options.partition = try partitionUnit()
            } else if accept(.retain) {
                if options.retain != nil { throw repeated("RETAIN", at: start) }
                options.retain = try textLiteral("an interval such as '400 days'")
            } else if accept(.stale) {
                if options.staleAfter != nil { throw repeated("STALE AFTER", at: start) }
                try expect(.after)
                options.staleAfter = try textLiteral("an interval such as '15 minutes'")
            } else if accept(.horizon) {
                if options.horizon != nil { throw repeated("HORIZON", at: start) }
                options.horizon = try textLiteral("an interval such as '1 day'")
            } else if currentKeyword == .on, nextKeyword == .duplicate {
                if options.onDuplicate != nil { throw repeated("ON DUPLICATE", at: start) }
                advance()
                advance()
                options.onDuplicate = try duplicateRule()
            } else {
                return options
            }
            options.span = span(from: first)
        }
    }

    private mutating func partitionUnit() throws(SyntaxError) -> TableOptions.PartitionUnit {
        if accept(.hour) { return .hour }
        if accept(.day) { return .day }
        if accept(.week) { return .week }
        if accept(.month) { return .month }
        if accept(.year) { return .year }
        throw unexpected("HOUR, DAY, WEEK, MONTH or YEAR")
    }

    mutating func duplicateRule() throws(SyntaxError) -> TableOptions.DuplicateRule {
        if accept(.replace) { return .replace }
        if accept(.merge) { return .merge }
        if accept(.keep) { return .keep }
        if accept(.append) { return .append }
        if accept(.error) { return .error }
        throw unexpected("REPLACE, MERGE, KEEP, APPEND or ERROR")
    }

    // MARK: - DROP

    /// What follows DROP.
    mutating func drop() throws(SyntaxError) -> Statement {
        switch currentKeyword {
        case .view, .index, .rollup:
            throw unsupported("DROP \(current.description)")
        case .partition:
            throw SyntaxError(
                "a partition is dropped from its table", at: current.span,
                hint: "ALTER TABLE name DROP PARTITION 'an instant in it'")
        default: break
        }
        try expect(.table)
        let isIfExists = acceptIfExists()
        let names = try list { parser throws(SyntaxError) in
            try parser.qualifiedName("a table's name")
        }
        return .dropTable(DropTable(names: names, isIfExists: isIfExists))
    }

    // MARK: - Types

    /// Whether the word begins the name of a type.
    func startsType(_ token: Token) -> Bool {
        switch token.keyword {
        case .bigint, .bool, .boolean, .bytea, .char, .character, .date, .dec, .decimal, .double,
            .float, .float4, .float8, .int, .int2, .int4, .int8, .integer, .interval, .json,
            .jsonb, .numeric, .real, .smallint, .string, .text, .time, .timestamp, .timestamptz,
            .uuid, .varchar:
            true
        default: false
        }
    }

    mutating func typeName() throws(SyntaxError) -> TypeName {
        let start = current.span
        guard currentKind == .word, startsType(current), let keyword = currentKeyword else {
            let written = current
            var error = unexpected("a type such as TEXT, DOUBLE or TIMESTAMPTZ")
            if written.kind == .word, written.keyword == nil {
                let meant = Keyword.nearest(
                    to: written.text, among: Keyword.allCases.filter { isType($0) })
                error = SyntaxError(
                    "there is no type \"\(written.text)\"", at: start, sqlState: "42704",
                    hint: meant.map { "did you mean \($0.text)?" })
            }
            throw error
        }
        advance()
        var word = Parser.typeWord(keyword)
        if keyword == .double { accept(.precision) }
        if keyword == .character || keyword == .char { accept(.varying) }
        let arguments = try typeArguments()
        if keyword == .timestamp || keyword == .time {
            let hasZone = currentKeyword == .with && nextKeyword == .time
            let hasNoZone = currentKeyword == .without && nextKeyword == .time
            if hasZone || hasNoZone {
                advance()
                advance()
                try expect(.zone)
            }
            if hasZone {
                guard keyword == .timestamp else {
                    throw SyntaxError(
                        "TIME WITH TIME ZONE is not supported", at: span(from: start),
                        sqlState: "0A000")
                }
                word = .timestamptz
            }
        }
        var isArray = false
        if accept(.leftBracket) {
            try expect(.rightBracket)
            isArray = true
        }
        return TypeName(word, arguments: arguments, isArray: isArray, span: span(from: start))
    }

    private func isType(_ keyword: Keyword) -> Bool {
        startsType(Token(.word, keyword: keyword, span: SourceSpan(0, 0)))
    }

    private mutating func typeArguments() throws(SyntaxError) -> [Int] {
        guard currentKind == .symbol(.leftParenthesis), nextKind == .integer else { return [] }
        advance()
        let arguments = try list { parser throws(SyntaxError) in
            guard parser.currentKind == .integer, let number = Int(parser.current.text) else {
                throw parser.unexpected("a whole number")
            }
            parser.advance()
            return number
        }
        try expect(.rightParenthesis)
        return arguments
    }

    private static func typeWord(_ keyword: Keyword) -> TypeWord {
        switch keyword {
        case .bool, .boolean: .boolean
        case .smallint, .int2: .smallint
        case .int, .int4, .integer: .integer
        case .bigint, .int8: .bigint
        case .real, .float4: .real
        case .double, .float, .float8: .double
        case .numeric, .decimal, .dec: .numeric
        case .varchar, .char, .character: .varchar
        case .bytea: .bytea
        case .timestamptz: .timestamptz
        case .timestamp: .timestamp
        case .date: .date
        case .time: .time
        case .interval: .interval
        case .uuid: .uuid
        case .json, .jsonb: .json
        default: .text
        }
    }
}
