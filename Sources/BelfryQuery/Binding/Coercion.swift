package import BelfryCore
package import BelfrySQL

/// What converts to what, and when it does so unasked.
///
/// Unasked, constants without a type become whatever is wanted, whole numbers become DOUBLE, and
/// dates and wall times become instants of the session's zone. A column that is written takes in
/// addition any number (within its range) and any time, and every type as TEXT. All else is asked
/// for with a cast; text never becomes a number by itself.
package enum Coercion {
    /// Who asks for a conversion: an operator or function, a column that is written, or a cast.
    package enum Context: Sendable { case implicit, assignment, explicit }

    /// The expression as a value of a type; throws 42804 where it does not become one by itself
    /// (42846 where no cast exists).
    package static func coerce(
        _ expression: BoundExpression, to type: DataType, _ context: Context,
        environment: EvaluationEnvironment, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        let source = expression.type
        if source == type { return expression }
        if case .constant(let value, .unknown) = expression {
            return .constant(try reading(value, as: type, environment, at: span), type)
        }
        guard CastKernels.exists(from: source, to: type) else {
            throw QueryError(
                context == .explicit ? "42846" : "42804",
                "\(source.name) does not convert to \(type.name)", at: span)
        }
        guard context == .explicit || isAllowed(source, type, context) else {
            throw QueryError.typeMismatch(
                "expected \(type.name), not \(source.name)", at: span,
                hint: "convert it with ::\(type.name)")
        }
        let cast = BoundExpression.cast(expression, type, span)
        guard case .constant(let value, _) = expression else { return cast }
        if value.isNull { return .constant(.null, type) }
        return .constant(
            try ExpressionEvaluator.evaluateConstant(cast, environment: environment), type)
    }

    /// An untyped constant as a value of a type.
    private static func reading(
        _ value: Value, as type: DataType, _ environment: EvaluationEnvironment,
        at span: SourceSpan
    ) throws(QueryError) -> Value {
        guard case .text(let text) = value else { return .null }
        do {
            return try TextReading.value(text, as: type, environment)
        } catch {
            throw error.placed(at: span)
        }
    }

    /// Whether values of `source` become `target` without a cast.
    package static func isAllowed(_ source: DataType, _ target: DataType, _ context: Context)
        -> Bool
    {
        if source == target || source == .unknown { return true }
        if context == .explicit { return CastKernels.exists(from: source, to: target) }
        if source.isInteger && (target == .double || target == .bigint) { return true }
        if source == .smallint && target == .integer { return true }
        if source == .date && (target == .timestamp || target == .timestamptz) { return true }
        if source == .timestamp && target == .timestamptz { return true }
        guard context == .assignment else { return false }
        return target == .text || source.isNumeric && target.isNumeric
            || source.isTemporal && target.isTemporal
    }

    /// The type that values of several types share (UNION, CASE, VALUES, COALESCE), nil where
    /// they have none. `unknown` yields to any other and is text when alone.
    package static func commonType(_ types: [DataType]) -> DataType? {
        var common = DataType.unknown
        for type in types where type != common && type != .unknown {
            if common == .unknown {
                common = type
            } else if common.isInteger && type.isInteger {
                common = DataType(rawValue: max(common.rawValue, type.rawValue)) ?? .bigint
            } else if common.isNumeric && type.isNumeric {
                common = .double
            } else if common.isTemporal && type.isTemporal {
                common = common == .timestamptz || type == .timestamptz ? .timestamptz : .timestamp
            } else {
                return nil
            }
        }
        return common == .unknown ? .text : common
    }

    /// The type that a type's name means for a value.
    package static func dataType(_ name: TypeName) throws(QueryError) -> DataType {
        if name.isArray { throw QueryError.notSupported("an array type", at: name.span) }
        switch name.word {
        case .boolean: return .boolean
        case .smallint: return .smallint
        case .integer: return .integer
        case .bigint: return .bigint
        case .real, .double, .numeric: return .double
        case .text, .varchar, .uuid, .json: return .text
        case .timestamptz: return .timestamptz
        case .timestamp: return .timestamp
        case .date: return .date
        case .interval: return .interval
        case .bytea: throw QueryError.notSupported("type BYTEA", at: name.span)
        case .time: throw QueryError.notSupported("type TIME", at: name.span)
        }
    }
}
