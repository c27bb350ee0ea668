import BelfryCore
package import BelfrySQL

/// Operators, tests and membership.
extension ExpressionBinder {
    func bindUnary(_ node: UnaryExpression) throws(QueryError) -> BoundExpression {
        switch node.operator {
        case .not:
            let operand = try bindCondition(node.operand)
            if case .isIn(let part, let values, let hasNull, let isNegated) = operand {
                return .isIn(part, values: values, hasNull: hasNull, isNegated: !isNegated)
            }
            return folded(.not(operand))
        case .plus, .minus:
            if node.operator == .minus, case .literal(let literal) = node.operand,
                case .decimal("9223372036854775808") = literal.value
            {
                return .constant(.integer(.min), .bigint)
            }
            var operand = try bind(node.operand)
            if operand.type == .unknown {
                operand = try coerce(operand, to: .double, at: node.operand.span)
            }
            guard operand.type.isNumeric || operand.type == .interval else {
                throw noOperator(node.operator.rawValue, [operand.type], at: node.span)
            }
            if node.operator == .plus { return operand }
            return apply(
                Operators.negation(operand.type), [operand],
                operand.type.isInteger ? .bigint : operand.type, at: node.span)
        }
    }

    func bindBinary(_ node: BinaryExpression) throws(QueryError) -> BoundExpression {
        switch node.operator {
        case .and, .or: return try bindLogic(node)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom,
            .isNotDistinctFrom:
            if case .row(let left) = node.left, case .row(let right) = node.right {
                return try bindRows(left, right, node)
            }
            return try bindComparison(
                node.operator, try bind(node.left), try bind(node.right), at: node.operatorSpan)
        case .concatenate: return try bindConcatenation(node)
        case .add, .subtract, .multiply, .divide, .remainder, .power:
            return try bindArithmetic(
                node.operator, try bind(node.left), try bind(node.right), at: node.operatorSpan)
        case .matches, .matchesIgnoringCase, .notMatches, .notMatchesIgnoringCase:
            throw QueryError.notSupported(
                "a regular expression (\(node.operator.rawValue))", at: node.operatorSpan)
        }
    }

    private func bindLogic(_ node: BinaryExpression) throws(QueryError) -> BoundExpression {
        // A long chain leans to the left: it is walked, not recursed into.
        var operands: [Expression] = [node.right]
        var rest = node.left
        while case .binary(let inner) = rest, inner.operator == node.operator,
            try scope.substitute(rest) == nil
        {
            operands.append(inner.right)
            rest = inner.left
        }
        operands.append(rest)
        var parts: [BoundExpression] = []
        for operand in operands.reversed() {
            let part = try bindCondition(operand)
            switch (part, node.operator) {
            case (.and(let inner), .and), (.or(let inner), .or): parts += inner
            default: parts.append(part)
            }
        }
        return folded(node.operator == .and ? .and(parts) : .or(parts))
    }

    /// `(a, b) = (c, d)`
    private func bindRows(_ left: ListExpression, _ right: ListExpression, _ node: BinaryExpression)
        throws(QueryError) -> BoundExpression
    {
        guard node.operator == .equal || node.operator == .notEqual else {
            throw QueryError.notSupported(
                "\(node.operator.rawValue) between rows", at: node.operatorSpan)
        }
        guard left.elements.count == right.elements.count else {
            throw QueryError("42601", "rows of different length", at: node.span)
        }
        var parts: [BoundExpression] = []
        for (a, b) in zip(left.elements, right.elements) {
            parts.append(
                try bindComparison(.equal, try bind(a), try bind(b), at: node.operatorSpan))
        }
        return folded(node.operator == .equal ? .and(parts) : .not(.and(parts)))
    }

    func bindComparison(
        _ comparison: BinaryOperator, _ left: BoundExpression, _ right: BoundExpression,
        at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        let types = [left.type, right.type]
        // Whole numbers of any width lie alike and are compared as they are.
        var a = left
        var b = right
        if !(left.type.isInteger && right.type.isInteger) {
            guard let type = Coercion.commonType(types) else {
                throw noOperator(comparison.rawValue, types, at: span)
            }
            a = try coerce(left, to: type, at: span)
            b = try coerce(right, to: type, at: span)
        }
        return apply(Operators.comparison(comparison), [a, b], .boolean, at: span)
    }

    private func bindConcatenation(_ node: BinaryExpression) throws(QueryError)
        -> BoundExpression
    {
        let left = try bind(node.left)
        let right = try bind(node.right)
        guard
            left.type == .text || right.type == .text || left.type == .unknown
                || right.type == .unknown
        else { throw noOperator("||", [left.type, right.type], at: node.operatorSpan) }
        return try call(
            "||",
            [
                try coerce(left, to: .text, .explicit, at: node.left.span),
                try coerce(right, to: .text, .explicit, at: node.right.span),
            ], at: node.operatorSpan)
    }

    func bindArithmetic(
        _ symbol: BinaryOperator, _ left: BoundExpression, _ right: BoundExpression,
        at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        let leftType =
            left.type == .unknown
            ? untyped(left, beside: right.type, symbol)
            : left.type
        let rightType =
            right.type == .unknown
            ? untyped(right, beside: left.type, symbol)
            : right.type
        guard let form = Operators.arithmetic(symbol, leftType, rightType) else {
            throw noOperator(symbol.rawValue, [left.type, right.type], at: span)
        }
        var a = left
        var b = right
        if !(left.type.isInteger && form.left.isInteger) {
            a = try coerce(left, to: form.left, at: span)
        }
        if !(right.type.isInteger && form.right.isInteger) {
            b = try coerce(right, to: form.right, at: span)
        }
        return apply(form.function, [a, b], form.result, at: span)
    }

    /// What an untyped constant is beside a value of another type.
    private func untyped(
        _ constant: BoundExpression, beside other: DataType, _ symbol: BinaryOperator
    ) -> DataType {
        switch other {
        case .timestamptz, .timestamp, .date:
            // `time - '1 day'` can only mean an interval; what reads as a time is one.
            if case .constant(.text(let text), _) = constant, TimeText(text) != nil {
                return other
            }
            return .interval
        case .interval:
            if symbol == .multiply || symbol == .divide { return .double }
            if symbol == .add, case .constant(.text(let text), _) = constant,
                TimeText(text) != nil
            {
                return .timestamptz
            }
            return .interval
        case .unknown, .text, .boolean: return .unknown
        case .smallint, .integer, .bigint: return .bigint
        case .double: return .double
        }
    }

    func bindTest(_ node: IsTest) throws(QueryError) -> BoundExpression {
        switch node.kind {
        case .null:
            return folded(.isNull(try bind(node.operand), isNegated: node.isNegated))
        case .unknown:
            return folded(.isNull(try bindCondition(node.operand), isNegated: node.isNegated))
        case .true, .false:
            let operand = try bindCondition(node.operand)
            let wanted = node.kind == .true ? operand : BoundExpression.not(operand)
            let test = BoundExpression.coalesce(
                [wanted, .constant(.boolean(false), .boolean)], .boolean)
            return folded(node.isNegated ? .not(test) : test)
        }
    }

    func bindBetween(_ node: BetweenExpression) throws(QueryError) -> BoundExpression {
        let operand = try bind(node.operand)
        let low = try bind(node.low)
        let high = try bind(node.high)
        func range(_ low: BoundExpression, _ high: BoundExpression) throws(QueryError)
            -> BoundExpression
        {
            .and([
                try bindComparison(.greaterOrEqual, operand, low, at: node.span),
                try bindComparison(.lessOrEqual, operand, high, at: node.span),
            ])
        }
        var result = try range(low, high)
        if node.isSymmetric { result = .or([result, try range(high, low)]) }
        return folded(node.isNegated ? .not(result) : result)
    }

    func bindMembership(
        _ operand: Expression, _ list: [Expression], isNegated: Bool, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        if case .row = operand { throw QueryError.notSupported("IN over rows", at: span) }
        let operand = try bind(operand)
        var members: [BoundExpression] = []
        for member in list { members.append(try bind(member)) }
        return try membership(operand, members, isNegated: isNegated, at: span)
    }

    /// Membership of a value in others: constants as a set, the rest compared one by one.
    package func membership(
        _ operand: BoundExpression, _ members: [BoundExpression], isNegated: Bool,
        at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        let types = [operand.type] + members.map(\.type)
        guard let type = Coercion.commonType(types) else {
            throw noOperator("IN", types, at: span)
        }
        var operand = operand
        if !(operand.type.isInteger && type.isInteger) {
            operand = try coerce(operand, to: type, at: span)
        }
        var values: [Value] = []
        var others: [BoundExpression] = []
        var hasNull = false
        for member in members {
            let coerced = try coerce(member, to: type, at: span)
            if case .constant(let value, _) = coerced {
                if value.isNull { hasNull = true } else { values.append(value) }
            } else {
                others.append(coerced)
            }
        }
        var parts: [BoundExpression] = []
        if !values.isEmpty || hasNull {
            parts.append(.isIn(operand, values: values, hasNull: hasNull, isNegated: false))
        }
        for other in others { parts.append(try bindComparison(.equal, operand, other, at: span)) }
        if others.isEmpty {
            return folded(.isIn(operand, values: values, hasNull: hasNull, isNegated: isNegated))
        }
        let whole = parts.count == 1 ? parts[0] : .or(parts)
        return folded(isNegated ? .not(whole) : whole)
    }

    func bindLike(_ node: LikeExpression) throws(QueryError) -> BoundExpression {
        let operand = try bind(node.operand, expected: .text)
        let pattern = try bind(node.pattern, expected: .text)
        guard operand.type == .text && pattern.type == .text else {
            throw noOperator(
                node.ignoresCase ? "ILIKE" : "LIKE", [operand.type, pattern.type], at: node.span)
        }
        var escape: UInt8? = UInt8(ascii: "\\")
        if let expression = node.escape {
            guard case .constant(.text(let text), _) = try bind(expression, expected: .text),
                text.utf8.count <= 1
            else {
                throw QueryError(
                    "22025", "ESCAPE wants one character in quotes", at: expression.span)
            }
            escape = text.utf8.first
        }
        let like = try Operators.like(
            pattern, escape: escape, ignoresCase: node.ignoresCase, at: node.pattern.span)
        let test = apply(like, [operand, pattern], .boolean, at: node.span)
        return node.isNegated ? folded(.not(test)) : test
    }

    func bindQuantified(_ node: QuantifiedExpression) throws(QueryError) -> BoundExpression {
        switch node.source {
        case .query: return try scope.subquery(.quantified(node))
        case .array(.array(let array)):
            if array.elements.isEmpty { return .constant(.boolean(node.isAll), .boolean) }
            if node.operator == .equal && !node.isAll || node.operator == .notEqual && node.isAll {
                return try bindMembership(
                    node.operand, array.elements, isNegated: node.isAll, at: node.span)
            }
            let operand = try bind(node.operand)
            var parts: [BoundExpression] = []
            for element in array.elements {
                parts.append(
                    try bindComparison(
                        node.operator, operand, try bind(element), at: node.span))
            }
            return folded(node.isAll ? .and(parts) : .or(parts))
        case .array(let other):
            throw QueryError.notSupported("ANY or ALL over anything but ARRAY[…]", at: other.span)
        }
    }

    func noOperator(_ name: String, _ types: [DataType], at span: SourceSpan) -> QueryError {
        let names = types.map(\.name)
        let shape =
            names.count == 2 && name != "IN"
            ? "\(names[0]) \(name) \(names[1])" : "\(name) \(names.joined(separator: ", "))"
        let hasTextAndNumber = types.contains(.text) && types.contains { $0.isNumeric }
        return QueryError(
            "42883", "there is no operator \(shape)", at: span,
            hint: hasTextAndNumber
                ? "text becomes a number only by a cast, such as name::DOUBLE"
                : "convert one side with a cast, such as value::\(names[0])")
    }
}
