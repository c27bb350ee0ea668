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
    /// expression := prefix (infix expression | postfix)*
    mutating func expression(above power: Int = 0) throws(SyntaxError) -> Expression {
        let heightOutside = height
        height = 0
        var left = try prefix(above: power)
        var comparisonSpan: SourceSpan?
        while true {
            guard let (operation, span) = binaryOperator() else {
                guard let longer = try postfix(left, above: power) else { break }
                left = longer
                try grow(at: left.span)
                continue
            }
            guard operation.bindingPower > power else { break }
            if operation.bindingPower == BindingPower.comparison {
                if comparisonSpan != nil {
                    throw SyntaxError(
                        "comparisons do not chain", at: span, hint: "join two of them with AND")
                }
                comparisonSpan = span
            }
            if operation == .and || operation == .or {
                left = try chain(of: operation, after: left)
                continue
            }
            advance()
            if operation.bindingPower == BindingPower.comparison,
                current.keyword == .any || current.keyword == .some || current.keyword == .all,
                next.kind == .symbol(.leftParenthesis)
            {
                left = try quantified(left, operation)
            } else {
                let leftHeight = height
                let right = try nested { parser throws(SyntaxError) in
                    try parser.expression(above: operation.bindingPower)
                }
                height = max(height, leftHeight)
                left = .binary(BinaryExpression(operation, left, right, operatorSpan: span))
            }
            try grow(at: span)
        }
        height = max(height, heightOutside)
        return left
    }

    /// The binary operator that stands here, not taken yet.
    private func binaryOperator() -> (BinaryOperator, SourceSpan)? {
        if case .symbol(let symbol) = current.kind {
            return BinaryOperator(symbol).map { ($0, current.span) }
        }
        switch current.keyword {
        case .and: return (.and, current.span)
        case .or: return (.or, current.span)
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
        while current.keyword == keyword {
            spans.append(current.span)
            advance()
            let outer = height
            let term = try nested { parser throws(SyntaxError) in
                try parser.expression(above: operation.bindingPower)
            }
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
        let start = current.span
        if current.keyword == .not {
            if power > BindingPower.not {
                throw SyntaxError(
                    "expected an operand, found NOT", at: start,
                    hint: "NOT binds less tightly than the operator before it; use parentheses")
            }
            advance()
            let operand = try nested { parser throws(SyntaxError) in
                try parser.expression(above: BindingPower.not - 1)
            }
            try grow(at: start)
            return .unary(UnaryExpression(.not, operand, span: span(from: start)))
        }
        if let sign = acceptSign() {
            if sign == .minus, current.text == "9223372036854775808",
                next.kind != .symbol(.castSign)
            {
                advance()
                return .literal(Literal(.integer(Int64.min), span: span(from: start)))
            }
            let operand = try nested { parser throws(SyntaxError) in
                try parser.expression(above: BindingPower.sign - 1)
            }
            try grow(at: start)
            return .unary(UnaryExpression(sign, operand, span: span(from: start)))
        }
        let primary = try primary()
        try grow(at: start)
        return primary
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
        if current.kind == .symbol(.castSign), BindingPower.cast > power {
            advance()
            let type = try typeName()
            return .cast(CastExpression(left, to: type, span: left.span.through(type.span)))
        }
        switch current.keyword {
        case .at where BindingPower.atTimeZone > power && next.keyword == .time:
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
            switch next.keyword {
            case .between, .in, .like, .ilike:
                advance()
                return try membership(left, isNegated: true)
            default:
                return nil
            }
        default:
            if current.kind == .word { want([.and, .or, .is, .between, .in, .like, .ilike]) }
            return nil
        }
    }

    /// The right side of an operator, one level down, its height joined to that of the left side.
    private mutating func operand(above power: Int) throws(SyntaxError) -> Expression {
        try nested { parser throws(SyntaxError) in try parser.expression(above: power) }
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
        let ignoresCase = current.keyword == .ilike
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
        let isAll = current.keyword == .all
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
        try nested { parser throws(SyntaxError) in
            try parser.list { parser throws(SyntaxError) in try parser.expression() }
        }
    }

    /// A literal with an optional sign, or a parameter; either may be cast. What time-series
    /// clauses take, so that the words behind it stay theirs.
    mutating func simpleValue(_ expected: String) throws(SyntaxError) -> Expression {
        let start = current.span
        if let sign = acceptSign() {
            guard current.kind == .integer || current.kind == .decimal,
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
