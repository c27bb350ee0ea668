/// The grammar of FROM: tables, and how they are joined.
extension Parser {
    /// reference := primary join*
    mutating func tableReference() throws(SyntaxError) -> TableReference {
        let heightOutside = height
        height = 0
        var table = try tablePrimary()
        while let longer = try join(table) {
            table = longer
            try grow(at: table.span)
        }
        height = max(height, heightOutside)
        return table
    }

    private mutating func tablePrimary() throws(SyntaxError) -> TableReference {
        let start = current.span
        let isLateral = accept(.lateral)
        if currentKind == .symbol(.leftParenthesis) {
            return try parenthesizedTable(isLateral: isLateral, from: start)
        }
        let name = try qualifiedName("a table's name or \"(\"")
        if currentKind == .symbol(.leftParenthesis) {
            advance()
            var arguments: [Expression] = []
            if currentKind != .symbol(.rightParenthesis) { arguments = try expressionList() }
            try expect(.rightParenthesis)
            let alias = try tableAlias()
            return .function(
                FunctionTable(
                    name: name, arguments: arguments, isLateral: isLateral, alias: alias,
                    span: span(from: start)))
        }
        if isLateral { throw unexpected("\"(\" behind LATERAL") }
        if currentKeyword == .for { throw unsupported("FOR … AS OF") }
        let alias = try tableAlias()
        return .table(NamedTable(name: name, alias: alias, span: span(from: start)))
    }

    /// A query or a join in parentheses, each with an alias where one follows.
    private mutating func parenthesizedTable(
        isLateral: Bool, from start: SourceSpan
    ) throws(SyntaxError) -> TableReference {
        try expect(.leftParenthesis)
        if startsQuery(at: index) {
            let query = try nestedQuery()
            try expect(.rightParenthesis)
            let alias = try tableAlias()
            return .subquery(
                SubqueryTable(
                    query: query, isLateral: isLateral, alias: alias, span: span(from: start)))
        }
        if isLateral { throw unexpected("a query behind LATERAL") }
        try enter()
        let table = try tableReference()
        leave()
        try expect(.rightParenthesis)
        let alias = try tableAlias()
        return .nested(NestedTable(table: table, alias: alias, span: span(from: start)))
    }

    private mutating func tableAlias() throws(SyntaxError) -> TableAlias? {
        let name: Name
        if accept(.as) {
            name = try self.name("a name for the table")
        } else if isAlias(current) {
            want(Parser.wordsAfterTable)
            name = takeName()
        } else {
            return nil
        }
        let columns =
            currentKind == .symbol(.leftParenthesis) ? try nameList("a column's name") : []
        return TableAlias(name: name, columns: columns)
    }

    /// What a misspelt alias may have been meant to be.
    private static let wordsAfterTable: [Keyword] = [
        .align, .asof, .cross, .except, .full, .group, .having, .inner, .intersect, .join,
        .latest, .left, .limit, .natural, .offset, .on, .order, .qualify, .right, .sample,
        .union, .using, .where, .window,
    ]

    // MARK: - Joins

    /// The table joined with what follows it; nil where nothing does.
    private mutating func join(_ left: TableReference) throws(SyntaxError) -> TableReference? {
        let start = current.span
        var isNatural = false
        let kind: Join.Kind
        if accept(.cross) {
            kind = .cross
        } else if accept(.asof) {
            return try asofJoin(left, from: start)
        } else if accept(.align) {
            kind = .align
        } else if currentKeyword == .nearest {
            throw unsupported("NEAREST JOIN")
        } else {
            isNatural = accept(.natural)
            if accept(.left) {
                kind = .left
            } else if accept(.right) {
                kind = .right
            } else if accept(.full) {
                kind = .full
            } else if accept(.inner) || isNatural || currentKeyword == .join {
                kind = .inner
            } else {
                want([.join])
                return nil
            }
            switch kind {
            case .left, .right, .full: accept(.outer)
            case .inner, .cross, .asof, .align: break
            }
        }
        try expect(.join)
        let wordsSpan = span(from: start)
        let right = try tablePrimary()
        let condition: Join.Condition
        switch kind {
        case .cross:
            condition = .none
        case .align:
            condition =
                currentKeyword == .using ? try joinCondition(isRequired: false) : .none
            if currentKeyword == .on, nextKeyword != .conflict, nextKeyword != .duplicate {
                throw SyntaxError(
                    "ALIGN JOIN takes USING, not ON", at: current.span,
                    hint: "name the keys that both sides share: USING (district)")
            }
        case .inner, .left, .right, .full, .asof:
            condition = isNatural ? .natural : try joinCondition(isRequired: true)
        }
        return .join(
            Join(
                kind, left: left, right: right, condition: condition, wordsSpan: wordsSpan,
                span: left.span.through(span(from: start))))
    }

    /// `ASOF [LEFT | INNER] JOIN right [USING | ON] [options]`, the options in any order.
    private mutating func asofJoin(
        _ left: TableReference, from start: SourceSpan
    ) throws(SyntaxError) -> TableReference {
        var match = AsofMatch()
        if accept(.inner) {
            match.isInner = true
        } else if accept(.left) {
            accept(.outer)
        }
        try expect(.join)
        let wordsSpan = span(from: start)
        let right = try tablePrimary()
        let condition = try joinCondition(isRequired: false)
        while true {
            let optionSpan = current.span
            if match.direction == nil, accept(.match) {
                match.direction = try asofDirection()
                match.directionSpan = span(from: optionSpan)
            } else if !match.isStrict, accept(.strict) {
                match.isStrict = true
            } else if !match.ignoresNulls, accept(.ignore) {
                try expect(.nulls)
                match.ignoresNulls = true
            } else if match.tolerance == nil, let tolerance = try acceptTolerance() {
                match.tolerance = tolerance
            } else {
                break
            }
        }
        return .join(
            Join(
                .asof(match), left: left, right: right, condition: condition,
                wordsSpan: wordsSpan, span: left.span.through(span(from: start))))
    }

    private mutating func asofDirection() throws(SyntaxError) -> AsofMatch.Direction {
        if accept(.backward) { return .backward }
        if accept(.forward) { return .forward }
        if accept(.nearest) { return .nearest }
        if accept(.linear) { return .linear }
        throw unexpected("BACKWARD, FORWARD, NEAREST or LINEAR")
    }

    private mutating func joinCondition(
        isRequired: Bool
    ) throws(SyntaxError) -> Join.Condition {
        if accept(.using) { return .using(try nameList("a column's name")) }
        if currentKeyword == .on, nextKeyword != .conflict, nextKeyword != .duplicate {
            advance()
            let fillOutside = callsTakeFill
            callsTakeFill = false
            let condition = try expression()
            callsTakeFill = fillOutside
            return .on(condition)
        }
        if isRequired { throw unexpected("ON or USING") }
        want([.on])
        return .none
    }
}
