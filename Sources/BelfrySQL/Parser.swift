/// Tokens to a tree: recursive descent, the first keyword of a statement decides.
///
/// Limits, all of them errors and none a trap: a text of 1 MiB a statement, a nesting of 256
/// (parentheses, CASE) of which 64 may be queries, and a tree of at most 500 nodes from root to
/// leaf. Chains of AND and OR are built balanced and so may have any length.
///
/// While it reads, the parser notes which keywords it would have taken at the current place and at
/// the one before; an error uses them to find the word that was meant.
package struct Parser {
    static let nestingLimit = 256
    static let queryNestingLimit = 64
    static let heightLimit = 500
    static let statementByteCountLimit = 1 << 20

    let tokens: [Token]
    /// For each opening parenthesis the index of the token that closes it.
    let closingIndex: [Int: Int]
    var index = 0
    private var nesting = 0
    /// Queries within queries cost more stack than anything else, here and in all that walk the
    /// tree.
    private var queryNesting = 0
    /// How many operators wait for their right side. Bounded by binding powers within one
    /// parenthesis, and here over all of them.
    private var waitingCount = 0
    /// Of the highest tree that has been completed since the enclosing expression began.
    var height = 0
    /// Whether FILL and TOLERANCE may follow a call here. Not in ON and in FROM … TO, where they
    /// belong to the clause.
    var callsTakeFill = true
    var parameters: [ParameterReference] = []
    private var parameterKeys: Set<ParameterReference.Key> = []
    private var wanted: [Keyword] = []
    private var wantedBefore: [Keyword] = []

    private init(_ sql: String) throws(SyntaxError) {
        tokens = try Lexer.tokens(of: sql)
        var closingIndex: [Int: Int] = [:]
        var open: [Int] = []
        for (index, token) in tokens.enumerated() {
            if token.kind == .symbol(.leftParenthesis) { open.append(index) }
            if token.kind == .symbol(.rightParenthesis), let start = open.popLast() {
                closingIndex[start] = index
            }
        }
        self.closingIndex = closingIndex
    }

    // MARK: - The doors

    /// The statements of a script, which semicolons separate.
    package static func parse(_ sql: String) throws(SyntaxError) -> [ParsedStatement] {
        var parser = try Parser(sql)
        var statements: [ParsedStatement] = []
        while true {
            while parser.accept(.semicolon) {}
            if parser.currentKind == .end { return statements }
            statements.append(try parser.parsedStatement())
            if parser.currentKind == .end { return statements }
            if !parser.accept(.semicolon) { throw parser.unexpected("the end of the statement") }
        }
    }

    /// The text's one statement; a semicolon may follow it.
    package static func parseStatement(_ sql: String) throws(SyntaxError) -> ParsedStatement {
        let statements = try parse(sql)
        guard let first = statements.first else {
            throw SyntaxError(
                "expected a statement, found nothing", at: SourceSpan(0, sql.utf8.count))
        }
        if statements.count > 1 {
            throw SyntaxError("expected one statement, found another", at: statements[1].span)
        }
        return first
    }

    /// The text's one expression.
    package static func parseExpression(_ sql: String) throws(SyntaxError) -> Expression {
        var parser = try Parser(sql)
        try parser.checkByteCount(SourceSpan(0, sql.utf8.count))
        let expression = try parser.expression()
        guard parser.currentKind == .end else {
            throw parser.unexpected("the end of the expression")
        }
        return expression
    }

    // MARK: - Statements

    private func checkByteCount(_ span: SourceSpan) throws(SyntaxError) {
        if span.endOffset - span.startOffset > Parser.statementByteCountLimit {
            throw SyntaxError(
                "a statement has at most \(Parser.statementByteCountLimit) bytes",
                at: SourceSpan(span.startOffset, span.startOffset), sqlState: "54000",
                hint: "rows in bulk go in by an appender or an import")
        }
    }

    private mutating func parsedStatement() throws(SyntaxError) -> ParsedStatement {
        parameters = []
        parameterKeys = []
        height = 0
        let start = current.span
        let end = tokens[index...].first { $0.kind == .symbol(.semicolon) || $0.kind == .end }
        if let end {
            try checkByteCount(start.through(SourceSpan(start.startOffset, end.span.startOffset)))
        }
        let statement = try statement()
        return ParsedStatement(
            statement: statement, span: span(from: start), parameters: parameters)
    }

    private mutating func statement() throws(SyntaxError) -> Statement {
        if startsQuery(at: index) { return .query(try query()) }
        if accept(.explain) { return try explain() }
        if accept(.create) { return try create() }
        if accept(.drop) { return try drop() }
        if accept(.alter) { return try alter() }
        if accept(.truncate) {
            accept(.table)
            return .truncate(try qualifiedName("a table's name"))
        }
        if accept(.insert) { return try insert() }
        if accept(.update) { return try update() }
        if accept(.delete) { return try delete() }
        if accept(.set) { return try set() }
        if accept(.reset) {
            if accept(.all) { return .reset(ResetVariable(name: nil)) }
            return .reset(ResetVariable(name: try variableName()))
        }
        if accept(.show) { return try show() }
        if accept(.describe) || accept(.desc) {
            accept(.table)
            return .describe(try qualifiedName("a table's name"))
        }
        if accept(.summarize) { return .summarize(try qualifiedName("a table's name")) }
        if accept(.checkpoint) { return .checkpoint }
        if accept(.confirm) {
            try expect(.clock)
            return .confirmClock
        }
        if let transaction = try transaction() { return .transaction(transaction) }
        if currentKeyword == .copy {
            throw unsupported("COPY", hint: "belfry import reads files")
        }
        if currentKeyword == .rollup || currentKeyword == .grant {
            throw unsupported(current.description)
        }
        // The words that `startsQuery` looked for, so that an error can suggest them.
        want([.select, .with, .values])
        throw unexpected("a statement")
    }

    private mutating func explain() throws(SyntaxError) -> Statement {
        let isAnalyze = accept(.analyze)
        if currentKeyword == .explain { throw unexpected("a statement to explain") }
        return .explain(Explain(isAnalyze: isAnalyze, statement: try statement()))
    }

    private mutating func set() throws(SyntaxError) -> Statement {
        if currentKeyword == .session, nextKind == .word { advance() }
        let name = try variableName()
        if !isTimeZone(name) || currentKind == .symbol(.equal) || currentKeyword == .to {
            if !accept(.equal), !accept(.to) { throw unexpected("= or TO") }
        }
        if accept(.default) { return .set(SetVariable(name: name, value: nil)) }
        if currentKind == .word, currentKeyword != .interval {
            let literal = Literal(.string(current.text), span: current.span)
            advance()
            return .set(SetVariable(name: name, value: .literal(literal)))
        }
        return .set(SetVariable(name: name, value: try simpleValue("a value")))
    }

    private func isTimeZone(_ name: Name) -> Bool { name.folded == "timezone" }

    /// A setting's name; TIME ZONE is `timezone`.
    private mutating func variableName() throws(SyntaxError) -> Name {
        let start = current.span
        if currentKeyword == .time, nextKeyword == .zone {
            advance()
            advance()
            return Name(text: "timezone", span: span(from: start))
        }
        return try name("the name of a setting")
    }

    private mutating func show() throws(SyntaxError) -> Statement {
        if accept(.tables) { return .show(.tables) }
        if accept(.all) { return .show(.all) }
        if let report = acceptReport() {
            let isOfTable = report.isByTable && accept(.from)
            return .show(
                .report(report, table: isOfTable ? try qualifiedName("a table's name") : nil))
        }
        return .show(.variable(try variableName()))
    }

    private mutating func acceptReport() -> Show.Report? {
        if accept(.partitions) { return .partitions }
        if accept(.segments) { return .segments }
        if accept(.sizes) { return .sizes }
        if accept(.tombstones) { return .tombstones }
        if accept(.health) { return .health }
        if accept(.recovery) { return .recovery }
        if accept(.events) { return .events }
        return nil
    }

    private mutating func transaction() throws(SyntaxError) -> Transaction? {
        let kind: Transaction
        if accept(.begin) {
            kind = .begin
        } else if currentKeyword == .start, nextKeyword == .transaction {
            advance()
            kind = .begin
        } else if accept(.commit) || accept(.end) {
            kind = .commit
        } else if accept(.rollback) {
            kind = .rollback
        } else {
            return nil
        }
        if !accept(.transaction) { accept(.work) }
        return kind
    }

    // MARK: - Tokens

    var current: Token { tokens[index] }

    // Of the current and the next token. Reading these alone keeps the frames of the recursive
    // functions small.
    var currentKind: Token.Kind { tokens[index].kind }
    var currentKeyword: Keyword? { tokens[index].keyword }
    var nextKind: Token.Kind { tokens[min(index + 1, tokens.count - 1)].kind }
    var nextKeyword: Keyword? { tokens[min(index + 1, tokens.count - 1)].keyword }

    var previous: Token? { index > 0 ? tokens[index - 1] : nil }

    /// From the start to the end of the token before this one.
    func span(from start: SourceSpan) -> SourceSpan {
        previous.map { $0.span.startOffset >= start.startOffset ? start.through($0.span) : start }
            ?? start
    }

    mutating func advance() {
        if index < tokens.count - 1 { index += 1 }
        swap(&wanted, &wantedBefore)
        wanted.removeAll(keepingCapacity: true)
    }

    mutating func want(_ keywords: [Keyword]) {
        wanted += keywords
    }

    @discardableResult
    mutating func accept(_ keyword: Keyword) -> Bool {
        if currentKeyword == keyword {
            advance()
            return true
        }
        wanted.append(keyword)
        return false
    }

    @discardableResult
    mutating func accept(_ symbol: Token.Symbol) -> Bool {
        guard currentKind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    /// Takes both words or neither.
    mutating func accept(_ first: Keyword, _ second: Keyword) -> Bool {
        if currentKeyword == first {
            if nextKeyword == second {
                advance()
                advance()
                return true
            }
            return false
        }
        wanted.append(first)
        return false
    }

    mutating func expect(_ keyword: Keyword) throws(SyntaxError) {
        if !accept(keyword) { throw unexpected(keyword.text) }
    }

    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxError) {
        if !accept(symbol) { throw unexpected("\"\(symbol.rawValue)\"") }
    }

    /// One or more, with commas between.
    mutating func list<Element>(
        _ element: (inout Parser) throws(SyntaxError) -> Element
    ) throws(SyntaxError) -> [Element] {
        var elements = [try element(&self)]
        while accept(.comma) { elements.append(try element(&self)) }
        return elements
    }

    /// A query in parentheses that the caller takes, with calls as free as in any query.
    mutating func nestedQuery() throws(SyntaxError) -> Query {
        if queryNesting >= Parser.queryNestingLimit {
            throw SyntaxError(
                "queries nested more than \(Parser.queryNestingLimit) deep", at: current.span,
                sqlState: "54001", hint: "WITH names a query once")
        }
        queryNesting += 1
        let fillOutside = callsTakeFill
        callsTakeFill = true
        try enter()
        let query = try query()
        leave()
        callsTakeFill = fillOutside
        queryNesting -= 1
        return query
    }

    /// Goes one level deeper, or refuses; `leave` must follow.
    mutating func enter() throws(SyntaxError) {
        if nesting >= Parser.nestingLimit {
            throw SyntaxError(
                "nested more than \(Parser.nestingLimit) deep", at: current.span,
                sqlState: "54001")
        }
        nesting += 1
    }

    mutating func leave() { nesting -= 1 }

    /// The right side of an operator.
    mutating func operand(above power: Int) throws(SyntaxError) -> Expression {
        if waitingCount >= Parser.heightLimit {
            throw SyntaxError(
                "more than \(Parser.heightLimit) operators wait for their right side",
                at: current.span, sqlState: "54001")
        }
        waitingCount += 1
        defer { waitingCount -= 1 }
        return try expression(above: power)
    }

    /// Puts one more node on top of what `height` measures, or refuses.
    mutating func grow(at span: SourceSpan) throws(SyntaxError) {
        height += 1
        if height > Parser.heightLimit {
            throw SyntaxError(
                "a chain of more than \(Parser.heightLimit) operators, joins or UNIONs", at: span,
                sqlState: "54001")
        }
    }

    // MARK: - Names

    /// A name, which no reserved word is.
    mutating func name(_ expected: String) throws(SyntaxError) -> Name {
        guard isName(current) else { throw unexpected(expected) }
        return takeName()
    }

    func isName(_ token: Token) -> Bool {
        switch token.kind {
        case .quotedName: true
        case .word: token.keyword.map { $0.reservation != .reserved } ?? true
        default: false
        }
    }

    /// Whether the token may be an alias without AS.
    func isAlias(_ token: Token) -> Bool {
        switch token.kind {
        case .quotedName: true
        case .word: token.keyword.map { $0.reservation == .ordinary } ?? true
        default: false
        }
    }

    mutating func takeName() -> Name {
        let name = Name(
            text: current.text, isQuoted: currentKind == .quotedName, span: current.span)
        advance()
        return name
    }

    mutating func qualifiedName(_ expected: String) throws(SyntaxError) -> QualifiedName {
        let first = try name(expected)
        guard accept(.dot) else { return QualifiedName(name: first) }
        return QualifiedName(schema: first, name: try name(expected))
    }

    /// `(a, b)`
    mutating func nameList(_ expected: String) throws(SyntaxError) -> [Name] {
        try expect(.leftParenthesis)
        let names = try list { parser throws(SyntaxError) in try parser.name(expected) }
        try expect(.rightParenthesis)
        return names
    }

    mutating func noteParameter(_ parameter: ParameterReference) {
        if parameterKeys.insert(parameter.key).inserted { parameters.append(parameter) }
    }

    // MARK: - Errors

    /// The error that something else was expected here, at the current token; or at the one before
    /// if that was taken for a name but looks like a keyword that would have fitted.
    func unexpected(_ expected: String) -> SyntaxError {
        if currentKind == .word,
            let meant = Keyword.nearest(to: current.text, among: wanted),
            !wanted.contains(where: { $0 == currentKeyword })
        {
            return SyntaxError(
                "expected \(expected), found \(current.description)", at: current.span,
                hint: "did you mean \(meant.text)?")
        }
        if let previous, previous.kind == .word, previous.keyword == nil,
            let meant = Keyword.nearest(to: previous.text, among: wantedBefore)
        {
            return SyntaxError(
                "did not expect \(current.description) after \(previous.description)",
                at: previous.span, hint: "did you mean \(meant.text)?")
        }
        var hint: String?
        if let keyword = currentKeyword, keyword.reservation == .reserved,
            expected.contains("name")
        {
            hint =
                "\(keyword.text) is a reserved word; as a name it needs double quotes: "
                + "\"\(current.text)\""
        }
        return SyntaxError(
            "expected \(expected), found \(current.description)", at: current.span, hint: hint)
    }

    /// The error that Belfry knows what stands here and does not do it yet.
    func unsupported(_ what: String, hint: String? = nil) -> SyntaxError {
        SyntaxError(
            "\(what) is not supported yet", at: current.span, sqlState: "0A000", hint: hint)
    }
}
