package import BelfryCore
package import BelfrySQL

/// Turns an expression of the tree into one whose columns are numbers, whose types are known and
/// whose constant parts are computed.
///
/// Strings and parameters without a type take the one their context asks for; what is left over
/// stays `unknown` (and is text to whoever looks at it). Operators and functions keep the names
/// that SQL gives them, so that rules recognise them: `=`, `<`, `like`, `time_bucket`.
package struct ExpressionBinder {
    let scope: any ExpressionScope
    let environment: EvaluationEnvironment

    package init(scope: any ExpressionScope, environment: EvaluationEnvironment) {
        self.scope = scope
        self.environment = environment
    }

    /// - Parameter expected: what the context wants: an untyped constant becomes it, and so does
    ///   what converts to it by itself (whole numbers to DOUBLE). Other types are left as they
    ///   are, for the caller to judge.
    package func bind(_ expression: Expression, expected: DataType? = nil)
        throws(QueryError) -> BoundExpression
    {
        let bound = try bindWhole(expression)
        guard let expected, Coercion.isAllowed(bound.type, expected, .implicit) else {
            return bound
        }
        return try coerce(bound, to: expected, at: expression.span)
    }

    private func bindWhole(_ expression: Expression) throws(QueryError) -> BoundExpression {
        if let known = try scope.substitute(expression) { return known }
        switch expression {
        case .literal(let literal): return try bindLiteral(literal)
        case .column(let reference): return try scope.column(reference)
        case .parameter(let reference):
            let value = try scope.parameter(reference)
            if case .text = value { return .constant(value, .unknown) }
            return .constant(value, value.type)
        case .unary(let node): return try bindUnary(node)
        case .binary(let node): return try bindBinary(node)
        case .isTest(let node): return try bindTest(node)
        case .between(let node): return try bindBetween(node)
        case .inList(let node):
            return try bindMembership(
                node.operand, node.list, isNegated: node.isNegated, at: node.span)
        case .like(let node): return try bindLike(node)
        case .caseWhen(let node): return try bindCase(node)
        case .cast(let node): return try bindCast(node)
        case .call(let node): return try bindCall(node)
        case .atTimeZone(let node):
            return try bindFunction(
                "timezone", [node.zone, node.operand], at: node.span, nameSpan: node.span)
        case .extract(let node):
            let operand = try bind(node.operand)
            return try TimeParts.bind(
                field: node.field.text, fieldSpan: node.field.span, operand, self, at: node.span)
        case .exists, .scalarSubquery, .inSubquery: return try scope.subquery(expression)
        case .quantified(let node): return try bindQuantified(node)
        case .array(let node): throw QueryError.notSupported("an array here", at: node.span)
        case .row(let node): throw QueryError.notSupported("a row of values here", at: node.span)
        }
    }

    private func bindLiteral(_ literal: Literal) throws(QueryError) -> BoundExpression {
        switch literal.value {
        case .null: return .constant(.null, .unknown)
        case .boolean(let value): return .constant(.boolean(value), .boolean)
        case .integer(let value): return .constant(.integer(value), .bigint)
        case .decimal(let text):
            do {
                return .constant(.double(try TextReading.double(text)), .double)
            } catch {
                throw error.placed(at: literal.span)
            }
        case .string(let text): return .constant(.text(text), .unknown)
        case .typed(let name, let text):
            return try coerce(
                .constant(.text(text), .unknown), to: try Coercion.dataType(name), .explicit,
                at: literal.span)
        }
    }

    private func bindCast(_ node: CastExpression) throws(QueryError) -> BoundExpression {
        let type = try Coercion.dataType(node.type)
        let operand = try bind(node.operand)
        let cast = try coerce(operand, to: type, .explicit, at: node.span)
        if node.type.word == .numeric, let precision = node.type.arguments.first, precision > 0 {
            let digits = node.type.arguments.count > 1 ? node.type.arguments[1] : 0
            return try call(
                "round", [cast, .constant(.integer(Int64(digits)), .bigint)], at: node.span)
        }
        if node.type.word == .varchar, let length = node.type.arguments.first {
            return try call(
                "left", [cast, .constant(.integer(Int64(length)), .bigint)], at: node.span)
        }
        return cast
    }

    private func bindCase(_ node: CaseExpression) throws(QueryError) -> BoundExpression {
        let operand = try node.operand.map { operand throws(QueryError) in try bind(operand) }
        var conditions: [BoundExpression] = []
        var results: [BoundExpression] = []
        for branch in node.branches {
            if let operand {
                let value = try bind(branch.condition)
                conditions.append(
                    try bindComparison(.equal, operand, value, at: branch.condition.span))
            } else {
                conditions.append(try bindCondition(branch.condition))
            }
            results.append(try bind(branch.result))
        }
        var otherwise = try node.otherwise.map { other throws(QueryError) in try bind(other) }
        let types = results.map(\.type) + (otherwise.map { [$0.type] } ?? [])
        guard let type = Coercion.commonType(types) else {
            throw QueryError.typeMismatch(
                "CASE gives values of different types: "
                    + types.map(\.name).joined(separator: ", "), at: node.span)
        }
        var branches: [BoundExpression.Branch] = []
        for (index, result) in results.enumerated() {
            branches.append(
                BoundExpression.Branch(
                    condition: conditions[index],
                    result: try coerce(result, to: type, at: node.branches[index].result.span)))
        }
        if let value = otherwise { otherwise = try coerce(value, to: type, at: node.span) }
        return folded(.caseWhen(branches, otherwise: otherwise, type))
    }

    // MARK: Shared with the other parts

    /// A condition: BOOLEAN, or a NULL that becomes one.
    func bindCondition(_ expression: Expression) throws(QueryError) -> BoundExpression {
        let bound = try bind(expression, expected: .boolean)
        guard bound.type == .boolean else {
            throw QueryError.typeMismatch(
                "expected a condition, not a value of type \(bound.type.name)",
                at: expression.span)
        }
        return bound
    }

    func coerce(
        _ expression: BoundExpression, to type: DataType, _ context: Coercion.Context = .implicit,
        at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        try Coercion.coerce(expression, to: type, context, environment: environment, at: span)
    }

    func folded(_ expression: BoundExpression) -> BoundExpression {
        FoldConstants.fold(expression, environment: environment)
    }

    /// A call of a function with arguments already of its types.
    func apply(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ type: DataType,
        at span: SourceSpan
    ) -> BoundExpression {
        folded(
            .call(
                BoundExpression.ScalarCall(
                    function: function, arguments: arguments, type: type, span: span)))
    }
}
