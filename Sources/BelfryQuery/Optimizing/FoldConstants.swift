import BelfryCore

/// Computes what needs no row: calls over constants, and conditions that constants decide.
///
/// The binder folds as it binds, so that functions find their constant arguments ready; rules that
/// rewrite expressions fold again. What raises an error stays as it is and raises it only where a
/// row asks for it.
package enum FoldConstants {
    /// The expression with its topmost part folded; its children are taken as folded already.
    package static func fold(_ expression: BoundExpression, environment: EvaluationEnvironment)
        -> BoundExpression
    {
        switch expression {
        case .constant, .column, .outer: return expression
        case .and(let parts): return logic(parts, isAnd: true, environment)
        case .or(let parts): return logic(parts, isAnd: false, environment)
        case .not(.constant(let value, _)):
            guard case .boolean(let isTrue) = value else { return .constant(.null, .boolean) }
            return .constant(.boolean(!isTrue), .boolean)
        case .not(.not(let inner)): return inner
        case .not(.isNull(let inner, let isNegated)):
            return .isNull(inner, isNegated: !isNegated)
        case .not: return expression
        case .caseWhen(let branches, let otherwise, let type):
            return choice(branches, otherwise, type)
        case .coalesce(let parts, let type): return firstValue(parts, type)
        case .call(let call):
            guard call.function.isPure else { return expression }
            return computed(expression, environment)
        case .isNull, .cast, .isIn: return computed(expression, environment)
        }
    }

    /// All parts of an expression folded, from the inside out.
    package static func foldAll(_ expression: BoundExpression, environment: EvaluationEnvironment)
        -> BoundExpression
    {
        let children = expression.children
        if children.isEmpty { return fold(expression, environment: environment) }
        return fold(
            expression.replacingChildren(
                children.map { foldAll($0, environment: environment) }),
            environment: environment)
    }

    private static func computed(
        _ expression: BoundExpression, _ environment: EvaluationEnvironment
    ) -> BoundExpression {
        for child in expression.children {
            guard case .constant = child else { return expression }
        }
        guard
            let value = try? ExpressionEvaluator.evaluateConstant(
                expression, environment: environment)
        else { return expression }
        return .constant(value, expression.type)
    }

    private static func logic(
        _ parts: [BoundExpression], isAnd: Bool, _ environment: EvaluationEnvironment
    ) -> BoundExpression {
        var kept: [BoundExpression] = []
        var hasNull = false
        for part in parts {
            guard case .constant(let value, _) = part else {
                kept.append(part)
                continue
            }
            guard case .boolean(let isTrue) = value else {
                hasNull = true
                kept.append(.constant(.null, .boolean))
                continue
            }
            if isTrue != isAnd { return .constant(.boolean(isTrue), .boolean) }
        }
        if kept.isEmpty { return .constant(.boolean(isAnd), .boolean) }
        if hasNull && kept.allSatisfy({ if case .constant = $0 { true } else { false } }) {
            return .constant(.null, .boolean)
        }
        if kept.count == 1 { return kept[0] }
        return isAnd ? .and(kept) : .or(kept)
    }

    private static func choice(
        _ branches: [BoundExpression.Branch], _ otherwise: BoundExpression?, _ type: DataType
    ) -> BoundExpression {
        var kept: [BoundExpression.Branch] = []
        for branch in branches {
            guard case .constant(let value, _) = branch.condition else {
                kept.append(branch)
                continue
            }
            guard case .boolean(true) = value else { continue }
            if kept.isEmpty { return branch.result }
            return .caseWhen(kept, otherwise: branch.result, type)
        }
        if kept.isEmpty { return otherwise ?? .constant(.null, type) }
        return .caseWhen(kept, otherwise: otherwise, type)
    }

    private static func firstValue(_ parts: [BoundExpression], _ type: DataType)
        -> BoundExpression
    {
        var kept: [BoundExpression] = []
        for part in parts {
            guard case .constant(let value, _) = part else {
                kept.append(part)
                continue
            }
            if value.isNull { continue }
            kept.append(part)
            break
        }
        if kept.isEmpty { return .constant(.null, type) }
        if kept.count == 1 { return kept[0] }
        return .coalesce(kept, type)
    }
}
