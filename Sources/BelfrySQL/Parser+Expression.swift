/// The grammar of expressions, by binding power as in PostgreSQL:
///
/// OR 1, AND 2, NOT 3, IS 4, comparison 5, BETWEEN IN LIKE 6, other operators 7, + - 8, * / % 9,
/// ^ 10, AT TIME ZONE 11, sign 13, :: 15. All lean to the left; comparisons do not chain.
enum BindingPower {
    static let or = 1
    static let and = 2
    static let not = 3
    static let isTest = 4
    static let comparison = 5
    static let membership = 6
    static let other = 7
    static let sum = 8
    static let product = 9
    static let power = 10
    static let atTimeZone = 11
    static let sign = 13
    static let cast = 15
    static let primary = 16
}

extension BinaryOperator {
    var bindingPower: Int {
        switch self {
        case .or: BindingPower.or
        case .and: BindingPower.and
        case .isDistinctFrom, .isNotDistinctFrom: BindingPower.isTest
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            BindingPower.comparison
        case .concatenate, .matches, .matchesIgnoringCase, .notMatches, .notMatchesIgnoringCase:
            BindingPower.other
        case .add, .subtract: BindingPower.sum
        case .multiply, .divide, .remainder: BindingPower.product
        case .power: BindingPower.power
        }
    }

    fileprivate init?(_ symbol: Token.Symbol) {
        switch symbol {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        case .bars: self = .concatenate
        case .tilde: self = .matches
        case .tildeStar: self = .matchesIgnoringCase
        case .notTilde: self = .notMatches
        case .notTildeStar: self = .notMatchesIgnoringCase
        case .plus: self = .add
        case .minus: self = .subtract
        case .star: self = .multiply
        case .slash: self = .divide
        case .percent: self = .remainder
        case .caret: self = .power
        case .leftParenthesis, .rightParenthesis, .leftBracket, .rightBracket, .comma,
            .semicolon, .dot, .castSign:
            return nil
        }
    }
}

extension Parser {
    /// expression := prefix (infix | postfix)*
    ///
    /// This function and those it calls recurse; each is kept small so that its frame is.
    mutating func expression(above power: Int = 0) throws(SyntaxError) -> Expression {
        let heightOutside = height
        height = 0
        var left = try prefix(above: power)
        while let longer = try longer(left, above: power) { left = longer }
        height = max(height, heightOutside)
        return left
    }

    /// The operand with the operator that follows it and what that takes; nil where none does, or
    /// where it binds too loosely.
    private mutating func longer(
        _ left: Expression, above power: Int
    ) throws(SyntaxError) -> Expression? {
        guard let operation = binaryOperator() else {
            guard let longer = try postfix(left, above: power) else { return nil }
            try grow(at: left.span)
            return longer
        }
        guard operation.bindingPower > power else { return nil }
        if operation == .and || operation == .or { return try chain(of: operation, after: left) }
        return try infix(operation, after: left)
    }

    private mutating func infix(
        _ operation: BinaryOperator, after left: Expression
    ) throws(SyntaxError) -> Expression {
        let span = current.span
        advance()
        let result: Expression
        if startsQuantifier(behind: operation) {
            result = try quantified(left, operation)
        } else {
            let leftHeight = height
            let right = try operand(above: operation.bindingPower)
            height = max(height, leftHeight)
            result = .binary(BinaryExpression(operation, left, right, operatorSpan: span))
        }
        try grow(at: span)
        if operation.bindingPower == BindingPower.comparison { try refuseComparison() }
        return result
    }

    private func startsQuantifier(behind operation: BinaryOperator) -> Bool {
        operation.bindingPower == BindingPower.comparison
            && (currentKeyword == .any || currentKeyword == .some || currentKeyword == .all)
            && nextKind == .symbol(.leftParenthesis)
    }

    /// Behind a comparison no other may stand.
    private func refuseComparison() throws(SyntaxError) {
        guard let operation = binaryOperator(), operation.bindingPower == BindingPower.comparison
        else { return }
        throw SyntaxError(
            "comparisons do not chain", at: current.span, hint: "join two of them with AND")
    }

    /// The binary operator that stands here, not taken yet.
    private func binaryOperator() -> BinaryOperator? {
        if case .symbol(let symbol) = currentKind { return BinaryOperator(symbol) }
        switch currentKeyword {
        case .and: return .and
        case .or: return .or
        default: return nil
        }
    }

    /// `a AND b AND …` as a balanced tree, so that its height is the logarithm of its length.
    private mutating func chain(
        of operation: BinaryOperator, after first: Expression
    ) throws(SyntaxError) -> Expression {
        let keyword: Keyword = operation == .and ? .and : .or
        var terms = [first]
        var spans: [SourceSpan] = []
        while currentKeyword == keyword {
            spans.append(current.span)
            advance()
            let outer = height
            let term = try operand(above: operation.bindingPower)
            height = max(height, outer)
            terms.append(term)
        }
        height += Int.bitWidth - terms.count.leadingZeroBitCount
        try grow(at: spans[0])
        return Parser.balanced(terms[...], spans[...], operation)
    }

    private static func balanced(
        _ terms: ArraySlice<Expression>, _ spans: ArraySlice<SourceSpan>,
        _ operation: BinaryOperator
    ) -> Expression {
        if terms.count == 1 { return terms[terms.startIndex] }
        let middle = terms.startIndex + (terms.count + 1) / 2
        let between = middle - 1 - terms.startIndex + spans.startIndex
        let left = balanced(terms[..<middle], spans[..<between], operation)
        let right = balanced(terms[middle...], spans[(between + 1)...], operation)
        return .binary(BinaryExpression(operation, left, right, operatorSpan: spans[between]))
    }

    private mutating func prefix(above power: Int) throws(SyntaxError) -> Expression {
        if currentKeyword == .not { return try negation(above: power) }
        if currentKind == .symbol(.minus) || currentKind == .symbol(.plus) { return try signed() }
        if currentKind == .symbol(.leftParenthesis) { return try parenthesized() }
        let primary = try primary()
        try grow(at: primary.span)
        return primary
    }

    private mutating func negation(above power: Int) throws(SyntaxError) -> Expression {
        let start = current.span
        if power > BindingPower.not {
            throw SyntaxError(
                "expected an operand, found NOT", at: start,
                hint: "NOT binds less tightly than the operator before it; use parentheses")
        }
        advance()
        try enter()
        let operand = try expression(above: BindingPower.not - 1)
        leave()
        try grow(at: start)
        return .unary(UnaryExpression(.not, operand, span: span(from: start)))
    }

    private mutating func signed() throws(SyntaxError) -> Expression {
        let start = current.span
        let sign = acceptSign() ?? .plus
        if sign == .minus, current.text == "9223372036854775808", nextKind != .symbol(.castSign) {
            advance()
            return .literal(Literal(.integer(Int64.min), span: span(from: start)))
        }
        try enter()
        let operand = try expression(above: BindingPower.sign - 1)
        leave()
        try grow(at: start)
        return .unary(UnaryExpression(sign, operand, span: span(from: start)))
    }

    mutating func acceptSign() -> UnaryOperator? {
        if accept(.minus) { return .minus }
        if accept(.plus) { return .plus }
        return nil
    }

    /// What may follow an operand without being a binary operator; nil where nothing does, or
    /// where it binds too loosely.
    private mutating func postfix(
        _ left: Expression, above power: Int
    ) throws(SyntaxError) -> Expression? {
        if currentKind == .symbol(.castSign), BindingPower.cast > power {
            advance()
            let type = try typeName()
            return .cast(CastExpression(left, to: type, span: left.span.through(type.span)))
        }
        switch currentKeyword {
        case .at where BindingPower.atTimeZone > power && nextKeyword == .time:
            advance()
            advance()
            try expect(.zone)
            let zone = try operand(above: BindingPower.atTimeZone)
            return .atTimeZone(AtTimeZoneExpression(left, zone: zone))
        case .is where BindingPower.isTest > power:
            advance()
            return try isTest(left)
        case .between, .in, .like, .ilike:
            guard BindingPower.membership > power else { return nil }
            return try membership(left, isNegated: false)
        case .not where BindingPower.membership > power:
            switch nextKeyword {
            case .between, .in, .like, .ilike:
                advance()
                return try membership(left, isNegated: true)
            default:
                return nil
            }
        default:
            if currentKind == .word { want([.and, .or, .is, .between, .in, .like, .ilike]) }
            return nil
        }
    }

    private mutating func isTest(_ left: Expression) throws(SyntaxError) -> Expression {
        let wordSpan = previous?.span ?? left.span
        let isNegated = accept(.not)
        if accept(.distinct) {
            try expect(.from)
            let operation: BinaryOperator = isNegated ? .isNotDistinctFrom : .isDistinctFrom
            let right = try operand(above: BindingPower.isTest)
            return .binary(BinaryExpression(operation, left, right, operatorSpan: wordSpan))
        }
        let kind: IsTest.Kind
        if accept(.null) {
            kind = .null
        } else if accept(.true) {
            kind = .true
        } else if accept(.false) {
            kind = .false
        } else if accept(.unknown) {
            kind = .unknown
        } else {
            throw unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM")
        }
        return .isTest(
            IsTest(left, kind, isNegated: isNegated, span: span(from: left.span)))
    }

    private mutating func membership(
        _ left: Expression, isNegated: Bool
    ) throws(SyntaxError) -> Expression {
        if accept(.between) {
            let isSymmetric = accept(.symmetric)
            let low = try operand(above: BindingPower.membership)
            try expect(.and)
            let high = try operand(above: BindingPower.membership)
            return .between(
                BetweenExpression(
                    left, low: low, high: high, isNegated: isNegated, isSymmetric: isSymmetric))
        }
        if accept(.in) {
            try expect(.leftParenthesis)
            if startsQuery(at: index) {
                let query = try nestedQuery()
                try expect(.rightParenthesis)
                let span = span(from: left.span)
                return .inSubquery(
                    InSubqueryExpression(left, query, isNegated: isNegated, span: span))
            }
            let list = try expressionList()
            try expect(.rightParenthesis)
            let span = span(from: left.span)
            return .inList(InListExpression(left, list, isNegated: isNegated, span: span))
        }
        let ignoresCase = currentKeyword == .ilike
        advance()
        let pattern = try operand(above: BindingPower.membership)
        let escape = accept(.escape) ? try operand(above: BindingPower.membership) : nil
        return .like(
            LikeExpression(
                left, pattern: pattern, escape: escape, ignoresCase: ignoresCase,
                isNegated: isNegated))
    }

    private mutating func quantified(
        _ left: Expression, _ operation: BinaryOperator
    ) throws(SyntaxError) -> Expression {
        let isAll = currentKeyword == .all
        advance()
        try expect(.leftParenthesis)
        let source: QuantifiedExpression.Source =
            startsQuery(at: index) ? .query(try nestedQuery()) : .array(try operand(above: 0))
        try expect(.rightParenthesis)
        return .quantified(
            QuantifiedExpression(
                left, operation, isAll: isAll, source: source, span: span(from: left.span)))
    }

    /// One or more expressions with commas between, one level down.
    mutating func expressionList() throws(SyntaxError) -> [Expression] {
        try enter()
        var elements = [try expression()]
        while accept(.comma) { elements.append(try expression()) }
        leave()
        return elements
    }

    /// A literal with an optional sign, or a parameter; either may be cast. What time-series
    /// clauses take, so that the words behind it stay theirs.
    mutating func simpleValue(_ expected: String) throws(SyntaxError) -> Expression {
        let start = current.span
        if let sign = acceptSign() {
            guard currentKind == .integer || currentKind == .decimal,
                let operand = try literal()
            else { throw unexpected("a number") }
            return .unary(UnaryExpression(sign, operand, span: span(from: start)))
        }
        guard var value = try literal() else { throw unexpected(expected) }
        while accept(.castSign) {
            let type = try typeName()
            value = .cast(CastExpression(value, to: type, span: span(from: start)))
            try grow(at: type.span)
        }
        return value
    }
}
