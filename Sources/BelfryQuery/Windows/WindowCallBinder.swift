import BelfryCore
import BelfrySQL

/// Binds one window function: its arguments and its frame, over the scope below the windows.
struct WindowCallBinder {
    let scope: any ExpressionScope
    let environment: EvaluationEnvironment
    let relation: Relation
    let binder: Binder

    private var expressions: ExpressionBinder {
        ExpressionBinder(scope: scope, environment: environment)
    }

    func bind(
        _ call: FunctionCall, frame: WindowFrame?, order: [SortNode.Key]
    ) throws(QueryError) -> WindowCall {
        let name = call.name.name.folded
        let rule = try frame.map { frame throws(QueryError) in try bind(frame, order: order) }
        guard let function = WindowCall.Function(name: name) else {
            return try bindAggregate(call, frame: rule ?? .standard)
        }
        if call.filter != nil || call.isDistinct || !call.orderBy.isEmpty
            || !call.withinGroup.isEmpty
        {
            throw QueryError(
                "42809", "\(name) is no aggregate: DISTINCT, ORDER BY and FILTER go with those",
                at: call.span)
        }
        guard case .list(let arguments) = call.arguments else {
            throw QueryError("42809", "\(name)(*) is no aggregate", at: call.span)
        }
        let (bound, type) = try bindArguments(name, function, arguments, at: call.span)
        return WindowCall(
            name: name, function: function, arguments: bound, frame: rule ?? .standard, type: type)
    }

    private func bindAggregate(
        _ call: FunctionCall, frame: WindowFrameRule
    ) throws(QueryError) -> WindowCall {
        let name = call.name.name.folded
        if ExpressionBinder.isSeriesAware(name) {
            throw QueryError(
                "42809", "\(name) works on series, not on a window", at: call.span,
                hint: "use SAMPLE BY")
        }
        guard ExpressionBinder.isAggregate(name) else {
            let known = WindowCall.Function.names + AggregateTable.names
            throw QueryError(
                FunctionTable.signatures[name] == nil ? "42883" : "42809",
                "\(name) is neither a window function nor an aggregate", at: call.name.span,
                hint: Suggestion.text(for: name, among: known))
        }
        if call.isDistinct {
            throw QueryError.notSupported("DISTINCT in a window function", at: call.span)
        }
        var plain = call
        plain.over = nil
        let aggregate =
            scope is any Grouping
            ? try expressions.bindAggregate(plain, inputScope: scope, timeColumn: nil)
            : try binder.aggregateCall(plain, over: relation, scope: scope)
        return WindowCall(
            name: name, function: .aggregate(aggregate), arguments: [], frame: frame,
            type: aggregate.type)
    }

    private func bindArguments(
        _ name: String, _ function: WindowCall.Function, _ arguments: [Expression],
        at span: SourceSpan
    ) throws(QueryError) -> (arguments: [BoundExpression], type: DataType) {
        let counts: ClosedRange<Int>
        switch function {
        case .rowNumber, .rank, .denseRank, .percentRank, .cumeDist: counts = 0...0
        case .ntile, .firstValue, .lastValue: counts = 1...1
        case .nthValue: counts = 2...2
        case .lag, .lead: counts = 1...3
        case .aggregate: counts = 0...0
        }
        guard counts.contains(arguments.count) else {
            throw QueryError(
                "42883", "\(name) does not take \(arguments.count) arguments", at: span,
                hint: Self.usage(function))
        }
        var bound: [BoundExpression] = []
        for argument in arguments { bound.append(try expressions.bind(argument)) }
        switch function {
        case .rowNumber, .rank, .denseRank: return ([], .bigint)
        case .percentRank, .cumeDist: return ([], .double)
        case .ntile:
            return ([try whole(bound[0], arguments[0])], .bigint)
        case .firstValue, .lastValue, .nthValue, .lag, .lead:
            if bound[0].type == .unknown {
                bound[0] = try expressions.coerce(bound[0], to: .text, at: arguments[0].span)
            }
            if bound.count > 1 { bound[1] = try whole(bound[1], arguments[1]) }
            if bound.count > 2 {
                bound[2] = try expressions.coerce(
                    bound[2], to: bound[0].type, at: arguments[2].span)
            }
            return (bound, bound[0].type)
        case .aggregate: return ([], .bigint)
        }
    }

    private func whole(
        _ bound: BoundExpression, _ expression: Expression
    ) throws(QueryError) -> BoundExpression {
        if bound.type.isInteger { return bound }
        return try expressions.coerce(bound, to: .bigint, at: expression.span)
    }

    private static func usage(_ function: WindowCall.Function) -> String? {
        switch function {
        case .ntile: "ntile(number of parts)"
        case .lag: "lag(value [, rows [, default]])"
        case .lead: "lead(value [, rows [, default]])"
        case .firstValue: "first_value(value)"
        case .lastValue: "last_value(value)"
        case .nthValue: "nth_value(value, n)"
        case .rowNumber, .rank, .denseRank, .percentRank, .cumeDist, .aggregate: nil
        }
    }

    // MARK: - Frames

    private func bind(_ frame: WindowFrame, order: [SortNode.Key]) throws(QueryError)
        -> WindowFrameRule
    {
        let unit: WindowFrameRule.Unit =
            switch frame.unit {
            case .rows: .rows
            case .range: .range
            case .groups: .groups
            }
        func invalid(_ text: String) -> QueryError { QueryError("42P20", text, at: frame.span) }
        if unit == .groups && order.isEmpty { throw invalid("GROUPS needs ORDER BY") }
        let rule = WindowFrameRule(
            unit: unit, start: try bind(frame.start, unit, order, at: frame.span),
            end: try bind(frame.end, unit, order, at: frame.span),
            exclusion: Self.exclusion(frame.exclusion))
        switch (rule.start, rule.end) {
        case (.unboundedFollowing, _): throw invalid("a frame cannot start at UNBOUNDED FOLLOWING")
        case (_, .unboundedPreceding): throw invalid("a frame cannot end at UNBOUNDED PRECEDING")
        case (.currentRow, .preceding), (.following, .preceding), (.following, .currentRow):
            throw invalid("the frame ends before it starts")
        default: return rule
        }
    }

    private static func exclusion(
        _ exclusion: WindowFrame.Exclusion?
    ) -> WindowFrameRule.Exclusion {
        switch exclusion {
        case .currentRow: .currentRow
        case .group: .group
        case .ties: .ties
        case nil: .none
        }
    }

    private func bind(
        _ bound: WindowFrame.Bound, _ unit: WindowFrameRule.Unit, _ order: [SortNode.Key],
        at span: SourceSpan
    ) throws(QueryError) -> WindowFrameRule.Bound {
        switch bound {
        case .unboundedPreceding: return .unboundedPreceding
        case .currentRow: return .currentRow
        case .unboundedFollowing: return .unboundedFollowing
        case .preceding(let offset):
            return .preceding(try bind(offset, unit, order, isPreceding: true, at: span))
        case .following(let offset):
            return .following(try bind(offset, unit, order, isPreceding: false, at: span))
        }
    }

    /// How many rows or groups; or where a range ends: the key less or plus the offset.
    private func bind(
        _ offset: Expression, _ unit: WindowFrameRule.Unit, _ order: [SortNode.Key],
        isPreceding: Bool, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        // No column may stand in it, as in PostgreSQL; so its sign is known before any row.
        let expected: DataType? = unit == .range ? nil : .bigint
        let (value, type) = try binder.bindConstant(
            offset, clause: "the offset of a frame", expected: expected)
        if value.isNull {
            throw QueryError("22004", "the offset of a frame is NULL", at: offset.span)
        }
        guard unit == .range else {
            guard case .integer(let count) = value else {
                throw QueryError(
                    "42804", "ROWS and GROUPS count in whole numbers", at: offset.span)
            }
            if count < 0 {
                throw QueryError("22013", "the offset of a frame is negative", at: offset.span)
            }
            return .constant(value, .bigint)
        }
        guard order.count == 1 else {
            throw QueryError(
                "42P20", "RANGE with an offset needs ORDER BY of exactly one expression", at: span)
        }
        let key = order[0].expression
        var distance = BoundExpression.constant(value, type)
        if type == .unknown {
            distance = try expressions.coerce(
                distance, to: key.type.isNumeric ? key.type : .interval, at: offset.span)
        }
        if key.type == .date, case .constant(.interval(let it), _) = distance, it.months == 0,
            it.nanoseconds == 0
        {
            distance = .constant(.integer(Int64(it.days)), .bigint)
        }
        let isNegative: Bool
        switch distance {
        case .constant(.integer(let it), _): isNegative = it < 0
        case .constant(.double(let it), _): isNegative = it < 0 || it.isNaN
        case .constant(.interval(let it), _): isNegative = it.sortKey < Interval.zero.sortKey
        default: isNegative = false
        }
        if isNegative {
            throw QueryError("22013", "the offset of a frame is negative", at: offset.span)
        }
        let isBack = isPreceding != order[0].isDescending
        let edge = try expressions.bindArithmetic(
            isBack ? .subtract : .add, key, distance, at: offset.span)
        let isAlike = edge.type == key.type || (edge.type.isInteger && key.type.isInteger)
        guard isAlike && key.type != .interval else {
            throw QueryError(
                "42P20",
                "RANGE cannot step \(key.type.name) by \(distance.type.name)", at: offset.span)
        }
        return edge
    }
}
