package import BelfryCore
package import BelfrySQL

/// Turns an expression of the tree into one whose columns are numbers, whose types are known and
/// whose constant parts are computed.
///
/// Strings and parameters without a type take the one their context asks for; what is left over
/// stays `unknown` (and is text to whoever looks at it).
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
        throw QueryError.notSupported("this expression", at: expression.span)
    }

    /// The aggregate that a call means, its arguments over the rows of `inputScope`.
    /// - Parameter timeColumn: the time that `first` and `last` go by; nil where there is none.
    package func bindAggregate(
        _ call: FunctionCall, inputScope: any ExpressionScope, timeColumn: BoundExpression?
    ) throws(QueryError) -> AggregateCall {
        throw QueryError.notSupported("this aggregate", at: call.span)
    }

    /// Whether a function of that (folded) name is an ordinary aggregate.
    package static func isAggregate(_ name: String) -> Bool { false }

    /// Whether a function of that (folded) name works on one series at a time (LANGUAGE D3).
    package static func isSeriesAware(_ name: String) -> Bool {
        SampleNode.SeriesCall.Function(rawValue: name) != nil
    }
}
