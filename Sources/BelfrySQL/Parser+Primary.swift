/// The grammar of what operators join: literals, names, calls and whatever has a closing word.
extension Parser {
    mutating func primary() throws(SyntaxError) -> Expression {
        if let literal = try literal() { return literal }
        let start = current.span
        switch current.keyword {
        case .case:
            advance()
            return try nested { parser throws(SyntaxError) in try parser.caseWhen(from: start) }
        case .cast:
            advance()
            try expect(.leftParenthesis)
            let operand = try nestedExpression()
            try expect(.as)
            let type = try typeName()
            try expect(.rightParenthesis)
            return .cast(CastExpression(operand, to: type, span: span(from: start)))
        case .exists where next.kind == .symbol(.leftParenthesis):
            advance()
            try expect(.leftParenthesis)
            let query = try nestedQuery()
            try expect(.rightParenthesis)
            return .exists(SubqueryExpression(query, span: span(from: start)))
        case .array where next.kind == .symbol(.leftBracket):
            advance()
            advance()
            let isEmpty = current.kind == .symbol(.rightBracket)
            let elements = isEmpty ? [] : try expressionList()
            try expect(.rightBracket)
            return .array(ListExpression(elements, span: span(from: start)))
        case .row where next.kind == .symbol(.leftParenthesis):
            advance()
            advance()
            let elements = try expressionList()
            try expect(.rightParenthesis)
            return .row(ListExpression(elements, span: span(from: start)))
        case .currentTimestamp, .currentDate, .localtimestamp:
            let name = QualifiedName(name: takeName())
            if accept(.leftParenthesis) { try expect(.rightParenthesis) }
            return .call(FunctionCall(name: name, arguments: .list([]), span: span(from: start)))
        case .extract, .substring, .position, .trim:
            if next.kind == .symbol(.leftParenthesis), let call = try wordyCall() { return call }
        case .left, .right:
            if next.kind == .symbol(.leftParenthesis) {
                return try call(QualifiedName(name: takeName()))
            }
        default:
            break
        }
        if accept(.leftParenthesis) { return try parenthesized(from: start) }
        return try nameOrCall()
    }

    /// A literal or a parameter; nil where neither stands here.
    mutating func literal() throws(SyntaxError) -> Expression? {
        let token = current
        switch token.kind {
        case .integer, .decimal:
            advance()
            let value: Literal.Value =
                token.kind == .integer
                ? Int64(token.text).map { .integer($0) }
                    ?? .decimal(token.text) : .decimal(token.text)
            return .literal(Literal(value, span: token.span))
        case .string:
            advance()
            return .literal(Literal(.string(token.text), span: token.span))
        case .positionalParameter, .namedParameter:
            advance()
            let key: ParameterReference.Key =
                token.kind == .namedParameter ? .name(token.text) : .position(Int(token.text) ?? 0)
            let parameter = ParameterReference(key, span: token.span)
            noteParameter(parameter)
            return .parameter(parameter)
        case .word:
            return try wordLiteral()
        case .quotedName, .symbol, .end:
            return nil
        }
    }

    /// NULL, TRUE, FALSE, or a type's name before a string.
    private mutating func wordLiteral() throws(SyntaxError) -> Expression? {
        let start = current.span
        switch current.keyword {
        case .null:
            advance()
            return .literal(Literal(.null, span: start))
        case .true, .false:
            let value = current.keyword == .true
            advance()
            return .literal(Literal(.boolean(value), span: start))
        default:
            guard startsType(current), next.kind == .string || isLongTypeBeforeString() else {
                return nil
            }
        }
        let type = try typeName()
        guard current.kind == .string else { throw unexpected("a string") }
        var text = current.text
        advance()
        if type.word == .interval, let unit = acceptIntervalUnit() { text += " \(unit)" }
        return .literal(Literal(.typed(type, text), span: span(from: start)))
    }

    /// Whether TIMESTAMP WITH TIME ZONE or DOUBLE PRECISION stands here, with a string behind it.
    private func isLongTypeBeforeString() -> Bool {
        var ahead = index + 1
        for keyword in [Keyword.with, .without, .time, .zone, .precision]
        where tokens[ahead].keyword == keyword {
            ahead += 1
        }
        return ahead > index + 1 && tokens[ahead].kind == .string
    }

    /// `INTERVAL '5' MINUTE` says its unit behind the string.
    private mutating func acceptIntervalUnit() -> String? {
        for unit in [Keyword.year, .month, .day, .hour, .minute, .second] where accept(unit) {
            return unit.rawValue
        }
        return nil
    }

    mutating func nestedExpression() throws(SyntaxError) -> Expression {
        try nested { parser throws(SyntaxError) in try parser.expression() }
    }

    /// What follows an opening parenthesis that has been taken.
    private mutating func parenthesized(from start: SourceSpan) throws(SyntaxError) -> Expression {
        if startsQuery(at: index) {
            let query = try nestedQuery()
            try expect(.rightParenthesis)
            return .scalarSubquery(SubqueryExpression(query, span: span(from: start)))
        }
        let first = try nestedExpression()
        if current.kind == .symbol(.comma) {
            advance()
            let elements = [first] + (try expressionList())
            try expect(.rightParenthesis)
            return .row(ListExpression(elements, span: span(from: start)))
        }
        if current.kind != .symbol(.rightParenthesis) {
            throw unexpected("an operator, \",\" or \")\"")
        }
        advance()
        return first
    }

    private mutating func caseWhen(from start: SourceSpan) throws(SyntaxError) -> Expression {
        let operand = current.keyword == .when ? nil : try expression()
        var branches: [CaseExpression.Branch] = []
        while accept(.when) {
            let condition = try expression()
            try expect(.then)
            branches.append(
                CaseExpression.Branch(condition: condition, result: try expression()))
        }
        if branches.isEmpty { throw unexpected("WHEN") }
        let otherwise = accept(.else) ? try expression() : nil
        if !accept(.end) { throw unexpected(otherwise == nil ? "WHEN, ELSE or END" : "END") }
        return .caseWhen(
            CaseExpression(
                operand: operand, branches: branches, otherwise: otherwise,
                span: span(from: start)))
    }

    // MARK: - Names and calls

    private mutating func nameOrCall() throws(SyntaxError) -> Expression {
        guard isName(current) else { throw unexpected("an expression") }
        let first = takeName()
        if current.kind == .symbol(.leftParenthesis) {
            return try call(QualifiedName(name: first))
        }
        guard accept(.dot) else { return .column(ColumnReference(name: first)) }
        let second = try columnName()
        if current.kind == .symbol(.leftParenthesis) {
            return try call(QualifiedName(schema: first, name: second))
        }
        guard accept(.dot) else {
            return .column(ColumnReference(table: QualifiedName(name: first), name: second))
        }
        let table = QualifiedName(schema: first, name: second)
        return .column(ColumnReference(table: table, name: try columnName()))
    }

    /// A column's name behind a table's and a point, where even reserved words are safe.
    private mutating func columnName() throws(SyntaxError) -> Name {
        guard current.kind == .word || current.kind == .quotedName else {
            if current.kind == .symbol(.star) {
                throw SyntaxError(
                    "a star stands for columns, and is no expression", at: current.span)
            }
            throw unexpected("a column's name")
        }
        return takeName()
    }

    /// A call from its opening parenthesis to the last word that belongs to it.
    private mutating func call(_ name: QualifiedName) throws(SyntaxError) -> Expression {
        let start = name.span
        try expect(.leftParenthesis)
        let fillOutside = callsTakeFill
        callsTakeFill = true
        var call = try nested { parser throws(SyntaxError) in try parser.arguments(of: name) }
        callsTakeFill = fillOutside
        if accept(.within, .group) {
            try expect(.leftParenthesis)
            try expect(.order)
            try expect(.by)
            call.withinGroup = try orderItems()
            try expect(.rightParenthesis)
        }
        if current.keyword == .filter, next.kind == .symbol(.leftParenthesis) {
            advance()
            advance()
            try expect(.where)
            call.filter = try nestedExpression()
            try expect(.rightParenthesis)
        } else {
            want([.filter])
        }
        if callsTakeFill {
            call.tolerance = try acceptTolerance()
            call.fill = try acceptFill()
        }
        if accept(.over) { call.over = try over() }
        call.span = span(from: start)
        return .call(call)
    }

    private mutating func arguments(of name: QualifiedName) throws(SyntaxError) -> FunctionCall {
        func call(_ arguments: FunctionCall.Arguments) -> FunctionCall {
            FunctionCall(name: name, arguments: arguments, span: name.span)
        }
        if accept(.rightParenthesis) { return call(.list([])) }
        if accept(.star) {
            try expect(.rightParenthesis)
            return call(.star)
        }
        if isName(current), next.kind == .symbol(.dot),
            tokens[min(index + 2, tokens.count - 1)].kind == .symbol(.star)
        {
            let table = takeName()
            advance()
            advance()
            try expect(.rightParenthesis)
            return call(.starOf(table))
        }
        let isDistinct = accept(.distinct)
        if !isDistinct { accept(.all) }
        var found = call(
            .list(try list { parser throws(SyntaxError) in try parser.expression() }))
        found.isDistinct = isDistinct
        if accept(.order) {
            try expect(.by)
            found.orderBy = try orderItems()
        }
        if current.kind != .symbol(.rightParenthesis) { throw unexpected("\",\" or \")\"") }
        advance()
        return found
    }

    /// The calls whose arguments have words between them.
    private mutating func wordyCall() throws(SyntaxError) -> Expression? {
        let start = current.span
        switch current.keyword {
        case .extract:
            advance()
            try expect(.leftParenthesis)
            guard current.kind == .word || current.kind == .string else {
                throw unexpected("a field such as hour")
            }
            let field = Name(text: current.text, span: current.span)
            advance()
            try expect(.from)
            let operand = try nestedExpression()
            try expect(.rightParenthesis)
            return .extract(
                ExtractExpression(field: field, operand: operand, span: span(from: start)))
        case .position:
            let name = Name(text: "strpos", span: takeName().span)
            try expect(.leftParenthesis)
            let part = try nested { parser throws(SyntaxError) in
                try parser.expression(above: BindingPower.membership)
            }
            try expect(.in)
            let whole = try nestedExpression()
            try expect(.rightParenthesis)
            return finished(name, [whole, part], from: start)
        case .substring:
            let name = takeName()
            try expect(.leftParenthesis)
            var arguments = [try nestedExpression()]
            if accept(.from) {
                arguments.append(try nestedExpression())
                if accept(.for) { arguments.append(try nestedExpression()) }
            } else if accept(.comma) {
                arguments += try expressionList()
            }
            try expect(.rightParenthesis)
            return finished(name, arguments, from: start)
        default:
            return try trim(from: start)
        }
    }

    /// `trim([LEADING | TRAILING | BOTH] [characters FROM] text)`
    private mutating func trim(from start: SourceSpan) throws(SyntaxError) -> Expression {
        let span = takeName().span
        try expect(.leftParenthesis)
        var function = "btrim"
        if accept(.leading) {
            function = "ltrim"
        } else if accept(.trailing) {
            function = "rtrim"
        } else {
            accept(.both)
        }
        var arguments: [Expression] = []
        if !accept(.from) { arguments = try expressionList() }
        if arguments.isEmpty || accept(.from) {
            arguments = [try nestedExpression()] + arguments
        }
        try expect(.rightParenthesis)
        return finished(Name(text: function, span: span), arguments, from: start)
    }

    private func finished(
        _ name: Name, _ arguments: [Expression], from start: SourceSpan
    ) -> Expression {
        .call(
            FunctionCall(
                name: QualifiedName(name: name), arguments: .list(arguments),
                span: span(from: start)))
    }

    // MARK: - Behind a call

    mutating func acceptTolerance() throws(SyntaxError) -> Tolerance? {
        let start = current.span
        guard accept(.tolerance) else { return nil }
        if accept(.unlimited) { return Tolerance(.unlimited, span: span(from: start)) }
        let value = try simpleValue("an interval such as '10 minutes', or UNLIMITED")
        return Tolerance(.value(value), span: span(from: start))
    }

    mutating func acceptFill() throws(SyntaxError) -> Fill? {
        let start = current.span
        guard accept(.fill) else { return nil }
        let method: Fill.Method
        if accept(.null) {
            method = .null
        } else if accept(.prev) {
            method = .previous
        } else if accept(.next) {
            method = .next
        } else if accept(.linear) {
            method = .linear
        } else {
            method = .value(try simpleValue("NULL, PREV, NEXT, LINEAR or a literal"))
        }
        let tolerance = try acceptTolerance()
        return Fill(method, tolerance: tolerance, span: span(from: start))
    }

    private mutating func over() throws(SyntaxError) -> FunctionCall.Over {
        if current.kind == .symbol(.leftParenthesis) {
            return .specification(try windowSpecification())
        }
        return .name(try name("a window's name or \"(\""))
    }

    mutating func windowSpecification() throws(SyntaxError) -> WindowSpecification {
        let start = current.span
        try expect(.leftParenthesis)
        return try nested { parser throws(SyntaxError) in
            var base: Name?
            let isClause =
                [.partition, .order].contains(parser.current.keyword)
                || WindowFrame.Unit(rawValue: parser.current.keyword?.text ?? "") != nil
            if parser.isName(parser.current), !isClause { base = parser.takeName() }
            var partitionBy: [Expression] = []
            if parser.accept(.partition) {
                try parser.expect(.by)
                partitionBy = try parser.expressionList()
            }
            var orderBy: [OrderItem] = []
            if parser.accept(.order) {
                try parser.expect(.by)
                orderBy = try parser.orderItems()
            }
            let frame = try parser.windowFrame()
            if parser.current.kind != .symbol(.rightParenthesis) {
                throw parser.unexpected("PARTITION BY, ORDER BY, a frame or \")\"")
            }
            parser.advance()
            return WindowSpecification(
                base: base, partitionBy: partitionBy, orderBy: orderBy, frame: frame,
                span: parser.span(from: start))
        }
    }

    private mutating func windowFrame() throws(SyntaxError) -> WindowFrame? {
        let start = current.span
        let unit: WindowFrame.Unit
        if accept(.rows) {
            unit = .rows
        } else if accept(.range) {
            unit = .range
        } else if accept(.groups) {
            unit = .groups
        } else {
            return nil
        }
        let first: WindowFrame.Bound
        var last = WindowFrame.Bound.currentRow
        if accept(.between) {
            first = try frameBound()
            try expect(.and)
            last = try frameBound()
        } else {
            first = try frameBound()
        }
        var exclusion: WindowFrame.Exclusion?
        if accept(.exclude) {
            if accept(.current) {
                try expect(.row)
                exclusion = .currentRow
            } else if accept(.group) {
                exclusion = .group
            } else if accept(.ties) {
                exclusion = .ties
            } else if accept(.no) {
                try expect(.others)
            } else {
                throw unexpected("CURRENT ROW, GROUP, TIES or NO OTHERS")
            }
        }
        return WindowFrame(
            unit: unit, start: first, end: last, exclusion: exclusion, span: span(from: start))
    }

    private mutating func frameBound() throws(SyntaxError) -> WindowFrame.Bound {
        if accept(.unbounded) {
            if accept(.preceding) { return .unboundedPreceding }
            try expect(.following)
            return .unboundedFollowing
        }
        if accept(.current) {
            try expect(.row)
            return .currentRow
        }
        let distance = try expression(above: BindingPower.and)
        if accept(.preceding) { return .preceding(distance) }
        if accept(.following) { return .following(distance) }
        throw unexpected("PRECEDING or FOLLOWING")
    }
}
