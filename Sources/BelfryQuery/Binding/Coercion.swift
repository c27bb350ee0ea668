package import BelfryCore
package import BelfrySQL

/// What converts to what, and when it does so unasked.
package enum Coercion {
    /// Who asks for a conversion: an operator or function, a column that is written, or a cast.
    package enum Context: Sendable { case implicit, assignment, explicit }

    /// The expression as a value of a type; throws 42804 where it does not become one by itself.
    package static func coerce(
        _ expression: BoundExpression, to type: DataType, _ context: Context,
        environment: EvaluationEnvironment, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        throw QueryError.typeMismatch("no conversion", at: span)
    }

    /// The type that values of several types share (UNION, CASE, VALUES, COALESCE), nil where
    /// they have none. `unknown` yields to any other and is text when alone.
    package static func commonType(_ types: [DataType]) -> DataType? { nil }

    /// The type that a type's name means for a value.
    package static func dataType(_ name: TypeName) throws(QueryError) -> DataType {
        throw QueryError.notSupported("this type", at: name.span)
    }
}
