/// The grammar of queries: what SELECT, VALUES and WITH begin.
extension Parser {
    /// Whether the token begins a query. For an opening parenthesis: whether what stands in it is
    /// a query that goes on behind it, as in `(SELECT …) UNION …`.
    func startsQuery(at start: Int) -> Bool {
        var index = start
        while tokens[index].kind == .symbol(.leftParenthesis) { index += 1 }
        switch tokens[index].keyword {
        case .select, .with: break
        case .values:
            guard tokens[min(index + 1, tokens.count - 1)].kind == .symbol(.leftParenthesis) else {
                return false
            }
        default: return false
        }
        if index == start { return true }
        guard let end = closingIndex[start] else { return false }
        switch tokens[min(end + 1, tokens.count - 1)].keyword {
        case .union, .intersect, .except, .order, .limit, .offset, .fetch: return true
        default: return start == 0 || tokens[start - 1].kind == .symbol(.semicolon)
        }
    }

    /// query := [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …]
    mutating func query() throws(SyntaxError) -> Query {
        let start = current.span
        var with: [CommonTable] = []
        var isRecursive = false
        if accept(.with) {
            isRecursive = accept(.recursive)
            with = try list { parser throws(SyntaxError) in try parser.commonTable() }
        }
        let body = try queryBody()
        var orderBy: [OrderItem] = []
        if accept(.order) {
            try expect(.by)
            orderBy = try orderItems()
        }
        var limit: Expression?
        var offset: Expression?
        while true {
            if limit == nil, accept(.limit) {
                if !accept(.all) { limit = try expression() }
            } else if offset == nil, accept(.offset) {
                offset = try expression()
                if !accept(.rows) { accept(.row) }
            } else if limit == nil, accept(.fetch) {
                limit = try fetchCount()
            } else {
                break
            }
        }
        return Query(
            with: with, isRecursive: isRecursive, body: body, orderBy: orderBy, limit: limit,
            offset: offset, span: span(from: start))
    }

    /// `FETCH FIRST n ROWS ONLY`
    private mutating func fetchCount() throws(SyntaxError) -> Expression {
        if !accept(.first), !accept(.next) { throw unexpected("FIRST or NEXT") }
        let isOne = currentKeyword == .row || currentKeyword == .rows
        let count: Expression =
            isOne
            ? .literal(Literal(.integer(1), span: current.span)) : try simpleValue("a number")
        if !accept(.row), !accept(.rows) { throw unexpected("ROWS") }
        try expect(.only)
        return count
    }

    private mutating func commonTable() throws(SyntaxError) -> CommonTable {
        let name = try name("a name for the query")
        let columns =
            currentKind == .symbol(.leftParenthesis) ? try nameList("a column's name") : []
        try expect(.as)
        if accept(.not) {
            try expect(.materialized)
        } else {
            accept(.materialized)
        }
        try expect(.leftParenthesis)
        let query = try nestedQuery()
        try expect(.rightParenthesis)
        return CommonTable(name: name, columns: columns, query: query)
    }

    /// body := term ((UNION | EXCEPT) [ALL] term)*
    private mutating func queryBody() throws(SyntaxError) -> QueryBody {
        let heightOutside = height
        height = 0
        var body = try queryTerm()
        while currentKeyword == .union || currentKeyword == .except {
            let kind: SetOperation.Kind = currentKeyword == .union ? .union : .except
            let span = current.span
            advance()
            let isAll = acceptAll()
            let right = try queryTerm()
            body = .setOperation(SetOperation(kind, isAll: isAll, left: body, right: right))
            try grow(at: span)
        }
        want([.union, .except])
        height = max(height, heightOutside)
        return body
    }

    /// term := primary (INTERSECT [ALL] primary)*
    private mutating func queryTerm() throws(SyntaxError) -> QueryBody {
        var body = try queryPrimary()
        while currentKeyword == .intersect {
            let span = current.span
            advance()
            let isAll = acceptAll()
            let right = try queryPrimary()
            body = .setOperation(SetOperation(.intersect, isAll: isAll, left: body, right: right))
            try grow(at: span)
        }
        return body
    }

    private mutating func acceptAll() -> Bool {
        if accept(.all) { return true }
        accept(.distinct)
        return false
    }

    private mutating func queryPrimary() throws(SyntaxError) -> QueryBody {
        let start = current.span
        if accept(.select) { return .select(try select(from: start)) }
        if accept(.values) { return .values(try values(from: start)) }
        if accept(.leftParenthesis) {
            let query = try nestedQuery()
            try expect(.rightParenthesis)
            return .nested(query)
        }
        throw unexpected("SELECT, VALUES or \"(\"")
    }

    private mutating func values(from start: SourceSpan) throws(SyntaxError) -> Values {
        let rows = try list { parser throws(SyntaxError) in
            let start = parser.current.span
            try parser.expect(.leftParenthesis)
            let row = try parser.expressionList()
            try parser.expect(.rightParenthesis)
            return (row, parser.span(from: start))
        }
        for (row, span) in rows where row.count != rows[0].0.count {
            throw SyntaxError(
                "this row has \(row.count) values, the first one has \(rows[0].0.count)",
                at: span)
        }
        return Values(rows: rows.map(\.0), span: span(from: start))
    }

    // MARK: - SELECT

    /// Everything behind SELECT, clause by clause in the order of writing.
    private mutating func select(from start: SourceSpan) throws(SyntaxError) -> Select {
        var select = Select(span: start)
        if accept(.distinct) {
            select.distinct = .distinct
            if accept(.on) {
                try expect(.leftParenthesis)
                select.distinct = .on(try expressionList())
                try expect(.rightParenthesis)
            }
        } else {
            accept(.all)
        }
        if currentKeyword != .from {
            select.items = try list { parser throws(SyntaxError) in try parser.selectItem() }
        }
        if accept(.from) {
            select.from = try list { parser throws(SyntaxError) in try parser.tableReference() }
        }
        if accept(.where) { select.filter = try expression() }
        select.latest = try acceptLatest()
        if currentKeyword == .sample, nextKeyword == .by {
            select.sample = try sampleClause()
            if currentKeyword == .group {
                throw SyntaxError(
                    "expected HAVING or the end of the query, found GROUP", at: current.span,
                    hint: "GROUP BY stands before SAMPLE BY")
            }
        } else if accept(.group) {
            try expect(.by)
            select.grouping = try grouping()
            if currentKeyword == .sample { select.sample = try sampleClause() }
        }
        want([.sample])
        if currentKeyword == .segment, nextKeyword == .by { throw unsupported("SEGMENT BY") }
        if accept(.having) { select.having = try expression() }
        if accept(.window) {
            select.windows = try list { parser throws(SyntaxError) in
                let name = try parser.name("a window's name")
                try parser.expect(.as)
                return NamedWindow(name: name, specification: try parser.windowSpecification())
            }
        }
        if accept(.qualify) { select.qualify = try expression() }
        select.span = span(from: start)
        return select
    }

    mutating func selectItem() throws(SyntaxError) -> SelectItem {
        let start = current.span
        if accept(.star) { return .star(try star(of: nil, from: start)) }
        if isName(current), nextKind == .symbol(.dot),
            tokens[min(index + 2, tokens.count - 1)].kind == .symbol(.star)
        {
            let table = takeName()
            advance()
            advance()
            return .star(try star(of: table, from: start))
        }
        let value = try expression()
        if accept(.as) {
            guard currentKind == .word || currentKind == .quotedName else {
                throw unexpected("a name for the column")
            }
            return .expression(value, alias: takeName())
        }
        if isAlias(current) {
            want([.from, .union, .intersect, .except])
            return .expression(value, alias: takeName())
        }
        return .expression(value, alias: nil)
    }

    /// `* [EXCLUDE (a, b)]`, the star taken.
    private mutating func star(
        of table: Name?, from start: SourceSpan
    ) throws(SyntaxError) -> StarItem {
        var excluded: [Name] = []
        if accept(.exclude) {
            if currentKind == .symbol(.leftParenthesis) {
                excluded = try nameList("a column's name")
            } else {
                excluded = [try name("a column's name or \"(\"")]
            }
        }
        return StarItem(table: table, excluded: excluded, span: span(from: start))
    }

    private mutating func acceptLatest() throws(SyntaxError) -> LatestClause? {
        let start = current.span
        guard accept(.latest) else { return nil }
        let count = currentKeyword == .by ? nil : try simpleValue("BY or a number of rows")
        try expect(.by)
        try expect(.leftParenthesis)
        let keys = try expressionList()
        try expect(.rightParenthesis)
        return LatestClause(count: count, keys: keys, span: span(from: start))
    }

    private mutating func grouping() throws(SyntaxError) -> Grouping {
        if currentKeyword == .all {
            let span = current.span
            advance()
            return .all(span)
        }
        if nextKind == .symbol(.leftParenthesis), currentKeyword == .rollup {
            throw unsupported("GROUP BY ROLLUP")
        }
        if nextKind == .symbol(.leftParenthesis), currentKeyword == .cube {
            throw unsupported("GROUP BY CUBE")
        }
        if currentKeyword == .grouping, nextKeyword == .sets {
            throw unsupported("GROUPING SETS")
        }
        return .expressions(
            try list { parser throws(SyntaxError) in try parser.expression() })
    }

    private mutating func sampleClause() throws(SyntaxError) -> SampleClause {
        let start = current.span
        try expect(.sample)
        try expect(.by)
        var clause = SampleClause(
            width: try simpleValue("a bucket's width such as '15 minutes'"), span: start)
        if accept(.every) { clause.every = try simpleValue("a step such as '5 minutes'") }
        if accept(.time) {
            try expect(.zone)
            clause.timeZone = try simpleValue("a time zone such as 'Europe/Copenhagen'")
        }
        if accept(.origin) { clause.origin = try simpleValue("a time") }
        if accept(.from) {
            let fillOutside = callsTakeFill
            callsTakeFill = false
            clause.from = try expression()
            try expect(.to)
            clause.to = try expression()
            callsTakeFill = fillOutside
        }
        clause.fill = try acceptFill()
        clause.span = span(from: start)
        return clause
    }

    mutating func orderItems() throws(SyntaxError) -> [OrderItem] {
        try list { parser throws(SyntaxError) in
            let value = try parser.expression()
            let isDescending = parser.accept(.desc)
            if !isDescending { parser.accept(.asc) }
            var nullsFirst: Bool?
            if parser.accept(.nulls) {
                nullsFirst = parser.accept(.first)
                if nullsFirst == false, !parser.accept(.last) {
                    throw parser.unexpected("FIRST or LAST")
                }
            }
            return OrderItem(value, isDescending: isDescending, nullsFirst: nullsFirst)
        }
    }
}
