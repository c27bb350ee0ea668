/// The grammar of what operators join: literals, names, calls and whatever has a closing word.
extension Parser {
    mutating func primary() throws(SyntaxError) -> Expression {
        if let literal = try literal() { return literal }
        let isCall = nextKind == .symbol(.leftParenthesis)
        switch currentKeyword {
        case .case: return try caseWhen()
        case .cast: return try cast()
        case .exists where isCall: return try exists()
        case .row where isCall: return try row()
        case .array where nextKind == .symbol(.leftBracket): return try array()
        case .currentTimestamp, .currentDate, .localtimestamp: return currentTime()
        case .extract where isCall: return try extract()
        case .substring where isCall: return try substring()
        case .position where isCall: return try position()
        case .trim where isCall: return try trim()
        case .left where isCall, .right where isCall:
            return try call(QualifiedName(name: takeName()))
        default: return try nameOrCall()
        }
    }

    private mutating func cast() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        try expect(.leftParenthesis)
        let operand = try nestedExpression()
        try expect(.as)
        let type = try typeName()
        try expect(.rightParenthesis)
        return .cast(CastExpression(operand, to: type, span: span(from: start)))
    }

    private mutating func exists() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        advance()
        let query = try nestedQuery()
        try expect(.rightParenthesis)
        return .exists(SubqueryExpression(query, span: span(from: start)))
    }

    private mutating func array() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        advance()
        let isEmpty = currentKind == .symbol(.rightBracket)
        let elements = isEmpty ? [] : try expressionList()
        try expect(.rightBracket)
        return .array(ListExpression(elements, span: span(from: start)))
    }

    private mutating func row() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        advance()
        let elements = try expressionList()
        try expect(.rightParenthesis)
        return .row(ListExpression(elements, span: span(from: start)))
    }

    /// CURRENT_TIMESTAMP and its like, with or without empty parentheses.
    private mutating func currentTime() -> Expression {
        let name = takeName()
        if currentKind == .symbol(.leftParenthesis), nextKind == .symbol(.rightParenthesis) {
            advance()
            advance()
        }
        return finished(name, [], from: name.span)
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
        switch currentKeyword {
        case .null:
            advance()
            return .literal(Literal(.null, span: start))
        case .true, .false:
            let value = currentKeyword == .true
            advance()
            return .literal(Literal(.boolean(value), span: start))
        default:
            guard startsType(current), nextKind == .string || isLongTypeBeforeString() else {
                return nil
            }
        }
        let type = try typeName()
        guard currentKind == .string else { throw unexpected("a string") }
        var text = current.text
        advance()
        if type.word == .interval, let unit = acceptIntervalUnit() { text += " \(unit)" }
        return .literal(Literal(.typed(type, text), span: span(from: start)))
    }

    /// Whether TIMESTAMP WITH TIME ZONE or DOUBLE PRECISION stands here, with a string behind it.
    private func isLongTypeBeforeString() -> Bool {
        var ahead = index + 1
        for currentKeyword in [Keyword.with, .without, .time, .zone, .precision]
        where tokens[ahead].keyword == currentKeyword {
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
        try enter()
        let expression = try expression()
        leave()
        return expression
    }

    /// A parenthesis with an expression, a query or a row in it.
    mutating func parenthesized() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        if startsQuery(at: index) { return try subquery(from: start) }
        let first = try nestedExpression()
        if accept(.rightParenthesis) { return first }
        if currentKind != .symbol(.comma) { throw unexpected("an operator, \",\" or \")\"") }
        advance()
        let elements = [first] + (try expressionList())
        try expect(.rightParenthesis)
        return .row(ListExpression(elements, span: span(from: start)))
    }

    private mutating func subquery(from start: SourceSpan) throws(SyntaxError) -> Expression {
        let query = try nestedQuery()
        try expect(.rightParenthesis)
        return .scalarSubquery(SubqueryExpression(query, span: span(from: start)))
    }

    private mutating func caseWhen() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        let operand = currentKeyword == .when ? nil : try nestedExpression()
        var branches: [CaseExpression.Branch] = []
        while accept(.when) {
            let condition = try nestedExpression()
            try expect(.then)
            branches.append(
                CaseExpression.Branch(condition: condition, result: try nestedExpression()))
        }
        if branches.isEmpty { throw unexpected("WHEN") }
        let otherwise = accept(.else) ? try nestedExpression() : nil
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
        if currentKind == .symbol(.leftParenthesis) {
            return try call(QualifiedName(name: first))
        }
        guard accept(.dot) else { return .column(ColumnReference(name: first)) }
        let second = try columnName()
        if currentKind == .symbol(.leftParenthesis) {
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
        guard currentKind == .word || currentKind == .quotedName else {
            if currentKind == .symbol(.star) {
                throw SyntaxError(
                    "a star stands for columns, and is no expression", at: current.span)
            }
            throw unexpected("a column's name")
        }
        return takeName()
    }

    /// A call from its opening parenthesis to the last word that belongs to it.
    private mutating func call(_ name: QualifiedName) throws(SyntaxError) -> Expression {
        try expect(.leftParenthesis)
        if let arguments = try starArguments() {
            return try ending(FunctionCall(name: name, arguments: arguments, span: name.span))
        }
        let fillOutside = callsTakeFill
        callsTakeFill = true
        let isDistinct = accept(.distinct)
        if !isDistinct { accept(.all) }
        let arguments = try expressionList()
        var call = FunctionCall(name: name, arguments: .list(arguments), span: name.span)
        call.isDistinct = isDistinct
        if accept(.order) {
            try expect(.by)
            call.orderBy = try orderItems()
        }
        callsTakeFill = fillOutside
        if !accept(.rightParenthesis) { throw unexpected("\",\" or \")\"") }
        return try ending(call)
    }

    /// `)`, `*)` or `t.*)`; nil where expressions stand.
    private mutating func starArguments() throws(SyntaxError) -> FunctionCall.Arguments? {
        if accept(.rightParenthesis) { return .list([]) }
        if accept(.star) {
            try expect(.rightParenthesis)
            return .star
        }
        guard isName(current), nextKind == .symbol(.dot),
            tokens[min(index + 2, tokens.count - 1)].kind == .symbol(.star)
        else { return nil }
        let table = takeName()
        advance()
        advance()
        try expect(.rightParenthesis)
        return .starOf(table)
    }

    /// What may follow the closing parenthesis of a call.
    private mutating func ending(_ bare: FunctionCall) throws(SyntaxError) -> Expression {
        var call = bare
        if accept(.within, .group) {
            try expect(.leftParenthesis)
            try expect(.order)
            try expect(.by)
            try enter()
            call.withinGroup = try orderItems()
            leave()
            try expect(.rightParenthesis)
        }
        if currentKeyword == .filter, nextKind == .symbol(.leftParenthesis) {
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
        call.span = span(from: call.name.span)
        return .call(call)
    }

    // MARK: - Calls with words between their arguments

    /// `extract(hour FROM time)`
    private mutating func extract() throws(SyntaxError) -> Expression {
        let start = current.span
        advance()
        advance()
        guard currentKind == .word || currentKind == .string else {
            throw unexpected("a field such as hour")
        }
        let field = Name(text: current.text, span: current.span)
        advance()
        try expect(.from)
        let operand = try nestedExpression()
        try expect(.rightParenthesis)
        return .extract(
            ExtractExpression(field: field, operand: operand, span: span(from: start)))
    }

    /// `position(part IN whole)`, which is `strpos(whole, part)`.
    private mutating func position() throws(SyntaxError) -> Expression {
        let start = takeName().span
        advance()
        try enter()
        let part = try expression(above: BindingPower.membership)
        leave()
        try expect(.in)
        let whole = try nestedExpression()
        try expect(.rightParenthesis)
        return finished(Name(text: "strpos", span: start), [whole, part], from: start)
    }

    /// `substring(text FROM start FOR count)`, or with commas.
    private mutating func substring() throws(SyntaxError) -> Expression {
        let name = takeName()
        advance()
        var arguments = [try nestedExpression()]
        if accept(.from) {
            arguments.append(try nestedExpression())
            if accept(.for) { arguments.append(try nestedExpression()) }
        } else if accept(.comma) {
            arguments += try expressionList()
        }
        try expect(.rightParenthesis)
        return finished(name, arguments, from: name.span)
    }

    /// `trim([LEADING | TRAILING | BOTH] [characters FROM] text)`
    private mutating func trim() throws(SyntaxError) -> Expression {
        let start = takeName().span
        advance()
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
        return finished(Name(text: function, span: start), arguments, from: start)
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
        if currentKind == .symbol(.leftParenthesis) {
            return .specification(try windowSpecification())
        }
        return .name(try name("a window's name or \"(\""))
    }

    mutating func windowSpecification() throws(SyntaxError) -> WindowSpecification {
        let start = current.span
        try expect(.leftParenthesis)
        try enter()
        var base: Name?
        if isName(current), !startsWindowClause() { base = takeName() }
        var partitionBy: [Expression] = []
        if accept(.partition) {
            try expect(.by)
            partitionBy = try expressionList()
        }
        var orderBy: [OrderItem] = []
        if accept(.order) {
            try expect(.by)
            orderBy = try orderItems()
        }
        let frame = try windowFrame()
        leave()
        if !accept(.rightParenthesis) {
            throw unexpected("PARTITION BY, ORDER BY, a frame or \")\"")
        }
        return WindowSpecification(
            base: base, partitionBy: partitionBy, orderBy: orderBy, frame: frame,
            span: span(from: start))
    }

    private func startsWindowClause() -> Bool {
        switch currentKeyword {
        case .partition, .order, .rows, .range, .groups: true
        default: false
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
