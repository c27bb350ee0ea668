import BelfryCore
package import BelfrySQL

/// Every aggregate by name: what it takes, what it gives, and how its states begin.
enum AggregateTable {
    /// Names in lower case, as statements mean them.
    static let names: [String] =
        [
            "count", "sum", "avg", "min", "max", "first", "last", "arg_min", "arg_max",
            "bool_and", "bool_or", "every", "string_agg", "median", "percentile_cont",
            "percentile_disc", "mode", "approx_count_distinct",
        ] + Array(spreads.keys) + Array(pairs.keys)

    private static let spreads: [String: SpreadState.Result] = [
        "stddev": .deviation(ofSample: true), "stddev_samp": .deviation(ofSample: true),
        "stddev_pop": .deviation(ofSample: false), "variance": .variance(ofSample: true),
        "var_samp": .variance(ofSample: true), "var_pop": .variance(ofSample: false),
    ]

    private static let pairs: [String: PairState.Result] = [
        "corr": .correlation, "covar_pop": .covariance(ofSample: false),
        "covar_samp": .covariance(ofSample: true), "regr_slope": .slope,
        "regr_intercept": .intercept, "regr_r2": .determination, "regr_count": .count,
        "regr_avgx": .meanX, "regr_avgy": .meanY, "regr_sxx": .squaresX, "regr_syy": .squaresY,
        "regr_sxy": .products,
    ]

    private static let nameSet = Set(names)

    static func contains(_ name: String) -> Bool { nameSet.contains(name) }

    /// An aggregate chosen for its arguments, with these as its states want them.
    struct Choice {
        let function: AggregateFunction
        let arguments: [BoundExpression]
    }

    /// - Parameter timeColumn: what first and last go by where they are not told.
    static func choose(
        _ name: String, _ arguments: [BoundExpression], timeColumn: BoundExpression?,
        _ binder: ExpressionBinder, at span: SourceSpan
    ) throws(QueryError) -> Choice {
        func function(
            _ type: DataType, needsTime: Bool = false,
            _ makeState: @escaping @Sendable () -> any AggregateState
        ) -> AggregateFunction {
            AggregateFunction(name: name, type: type, needsTime: needsTime, makeState: makeState)
        }
        func want(_ count: Int) throws(QueryError) {
            if arguments.count != count {
                throw QueryError(
                    "42883",
                    "\(name) takes \(count) argument\(count == 1 ? "" : "s"), not "
                        + "\(arguments.count)", at: span)
            }
        }
        func numbers() throws(QueryError) -> [BoundExpression] {
            var doubles: [BoundExpression] = []
            for argument in arguments {
                doubles.append(try binder.coerce(argument, to: .double, at: span))
            }
            return doubles
        }
        if let result = spreads[name] {
            try want(1)
            return Choice(
                function: function(.double) { SpreadState(result) }, arguments: try numbers())
        }
        if let result = pairs[name] {
            try want(2)
            let type: DataType = result == .count ? .bigint : .double
            return Choice(
                function: function(type) { PairState(result) }, arguments: try numbers())
        }
        switch name {
        case "count":
            if arguments.count > 1 { try want(1) }
            return Choice(function: function(.bigint) { CountState() }, arguments: arguments)
        case "sum", "avg":
            try want(1)
            return try sum(name, arguments, binder, at: span)
        case "min", "max":
            try want(1)
            let type = arguments[0].type
            guard type != .boolean else {
                throw binder.noOperator(name, [type], at: span)
            }
            let isMaximum = name == "max"
            return Choice(
                function: function(type) { GroupValues.extreme(type, isMaximum: isMaximum) },
                arguments: arguments)
        case "first", "last", "arg_min", "arg_max":
            return try keyed(name, arguments, timeColumn, at: span)
        case "bool_and", "bool_or", "every":
            try want(1)
            let condition = try binder.coerce(arguments[0], to: .boolean, at: span)
            let isOr = name == "bool_or"
            return Choice(
                function: function(.boolean) { BooleanState(isOr: isOr) }, arguments: [condition])
        case "string_agg":
            try want(2)
            return Choice(
                function: function(.text) { TextJoinState() },
                arguments: [
                    try binder.coerce(arguments[0], to: .text, at: span),
                    try binder.coerce(arguments[1], to: .text, at: span),
                ])
        case "median":
            try want(1)
            return Choice(
                function: function(.double) { PercentileState(fraction: 0.5) },
                arguments: try numbers())
        case "percentile_cont", "percentile_disc":
            return try percentile(name, arguments, binder, at: span)
        case "mode":
            try want(1)
            let type = arguments[0].type
            return Choice(
                function: function(type) { GroupValues.mode(type) }, arguments: arguments)
        case "approx_count_distinct":
            try want(1)
            let type = arguments[0].type
            return Choice(
                function: function(.bigint) { GroupValues.distinctCount(type) },
                arguments: arguments)
        default:
            throw QueryError("42883", "there is no aggregate \(name)", at: span)
        }
    }

    private static func sum(
        _ name: String, _ arguments: [BoundExpression], _ binder: ExpressionBinder,
        at span: SourceSpan
    ) throws(QueryError) -> Choice {
        let isAverage = name == "avg"
        let type = arguments[0].type
        if type.isInteger {
            return Choice(
                function: AggregateFunction(name: name, type: isAverage ? .double : .bigint) {
                    IntegerSumState(isAverage: isAverage)
                }, arguments: arguments)
        }
        if type == .interval {
            return Choice(
                function: AggregateFunction(name: name, type: .interval) {
                    IntervalSumState(isAverage: isAverage)
                }, arguments: arguments)
        }
        return Choice(
            function: AggregateFunction(name: name, type: .double) {
                DoubleSumState(isAverage: isAverage)
            }, arguments: [try binder.coerce(arguments[0], to: .double, at: span)])
    }

    private static func keyed(
        _ name: String, _ arguments: [BoundExpression], _ timeColumn: BoundExpression?,
        at span: SourceSpan
    ) throws(QueryError) -> Choice {
        let isByTime = name == "first" || name == "last"
        var all = arguments
        if isByTime && arguments.count == 1 {
            guard let timeColumn else {
                throw QueryError(
                    "42883", "\(name) goes by time, and nothing here has one", at: span,
                    hint: "say what to go by: \(name)(value, time)")
            }
            all.append(timeColumn)
        }
        guard all.count == 2 else {
            throw QueryError(
                "42883", "\(name) takes a value and what to go by", at: span)
        }
        let valueType = all[0].type
        let keyType = all[1].type
        let isMaximum = name == "last" || name == "arg_max"
        let takesLaterOfEqual = name == "last"
        return Choice(
            function: AggregateFunction(name: name, type: valueType, needsTime: isByTime) {
                GroupValues.keyed(
                    valueType, by: keyType, isMaximum: isMaximum,
                    takesLaterOfEqual: takesLaterOfEqual)
            }, arguments: all)
    }

    /// percentile_cont(fraction) WITHIN GROUP (ORDER BY x) comes as (x, fraction).
    private static func percentile(
        _ name: String, _ arguments: [BoundExpression], _ binder: ExpressionBinder,
        at span: SourceSpan
    ) throws(QueryError) -> Choice {
        guard arguments.count == 2 else {
            throw QueryError(
                "42883", "\(name) is written \(name)(0.5) WITHIN GROUP (ORDER BY value)", at: span)
        }
        let value = arguments[0]
        let fraction = try binder.coerce(arguments[1], to: .double, at: span)
        guard case .constant(.double(let share), _) = fraction, share >= 0 && share <= 1 else {
            throw QueryError(
                "22003", "the fraction of \(name) is a constant between 0 and 1", at: span)
        }
        if name == "percentile_cont" {
            return Choice(
                function: AggregateFunction(name: name, type: .double) {
                    PercentileState(fraction: share)
                }, arguments: [try binder.coerce(value, to: .double, at: span), fraction])
        }
        let type = value.type
        return Choice(
            function: AggregateFunction(name: name, type: type) {
                GroupValues.discretePercentile(type, fraction: share)
            }, arguments: [value, fraction])
    }
}

extension ExpressionBinder {
    /// Whether a function of that (folded) name is an ordinary aggregate.
    package static func isAggregate(_ name: String) -> Bool { AggregateTable.contains(name) }

    /// Whether a function of that (folded) name works on one series at a time (LANGUAGE D3).
    package static func isSeriesAware(_ name: String) -> Bool {
        SampleNode.SeriesCall.Function(rawValue: name) != nil
    }

    /// The aggregate that a call means, its arguments over the rows of `inputScope`.
    /// - Parameter timeColumn: the time that `first` and `last` go by; nil where there is none.
    package func bindAggregate(
        _ call: FunctionCall, inputScope: any ExpressionScope, timeColumn: BoundExpression?
    ) throws(QueryError) -> AggregateCall {
        let name = call.name.name.folded
        let inner = ExpressionBinder(scope: inputScope, environment: environment)
        if !call.orderBy.isEmpty {
            throw QueryError.notSupported("ORDER BY inside \(name)", at: call.span)
        }
        var arguments: [BoundExpression] = []
        switch call.arguments {
        case .star, .starOf:
            guard name == "count" else {
                throw QueryError("42883", "only count takes *", at: call.span)
            }
        case .list(let expressions):
            if expressions.isEmpty && call.withinGroup.isEmpty {
                throw QueryError(
                    "42883", "\(name) wants an argument", at: call.span,
                    hint: name == "count" ? "count(*) counts rows" : nil)
            }
            for expression in expressions { arguments.append(try inner.bind(expression)) }
        }
        if !call.withinGroup.isEmpty {
            guard ["percentile_cont", "percentile_disc", "mode"].contains(name),
                call.withinGroup.count == 1
            else {
                throw QueryError(
                    "42809", "\(name) does not take WITHIN GROUP (ORDER BY one expression)",
                    at: call.span)
            }
            let order = call.withinGroup[0]
            arguments.insert(try inner.bind(order.expression), at: 0)
            if order.isDescending && name != "mode", arguments.count == 2,
                case .constant(let value, _) = arguments[1]
            {
                // From the other end: the fraction counts down.
                switch value {
                case .double(let share): arguments[1] = .constant(.double(1 - share), .double)
                case .integer(let share): arguments[1] = .constant(.integer(1 - share), .bigint)
                default: break
                }
            }
        }
        for (index, argument) in arguments.enumerated() where argument.type == .unknown {
            if name == "sum" || name == "avg" {
                arguments[index] = try coerce(argument, to: .double, at: call.span)
            } else {
                arguments[index] = try coerce(argument, to: .text, at: call.span)
            }
        }
        let choice = try AggregateTable.choose(
            name, arguments, timeColumn: timeColumn, inner, at: call.span)
        let filter = try call.filter.map { condition throws(QueryError) in
            try inner.bindCondition(condition)
        }
        return AggregateCall(
            function: choice.function, arguments: choice.arguments, isDistinct: call.isDistinct,
            filter: filter, span: call.span)
    }
}
