import BelfryCore
import BelfrySQL

/// Calls of functions, those without fixed types included.
extension ExpressionBinder {
    /// Functions that the table does not hold.
    static let specialNames =
        timeFormNames + [
            "coalesce", "nullif", "greatest", "least", "concat", "concat_ws", "now",
            "current_timestamp", "transaction_timestamp", "statement_timestamp",
            "localtimestamp", "current_date",
        ]

    func bindCall(_ node: FunctionCall) throws(QueryError) -> BoundExpression {
        let name = node.name.name.folded
        if node.over != nil { return try scope.window(node) }
        if WindowCall.Function(name: name) != nil {
            throw QueryError(
                "42809", "window function \(name) needs an OVER clause", at: node.span,
                hint: "\(name)(…) OVER (PARTITION BY … ORDER BY …)")
        }
        if Self.isAggregate(name) || Self.isSeriesAware(name) { return try scope.aggregate(node) }
        if node.filter != nil || node.isDistinct || !node.orderBy.isEmpty
            || !node.withinGroup.isEmpty || node.fill != nil || node.tolerance != nil
        {
            throw QueryError(
                "42809",
                "\(name) is no aggregate: DISTINCT, ORDER BY, FILTER, FILL and TOLERANCE go with "
                    + "aggregates only", at: node.span)
        }
        guard case .list(let arguments) = node.arguments else {
            throw QueryError("42809", "\(name)(*) is no aggregate", at: node.span)
        }
        return try bindFunction(name, arguments, at: node.span, nameSpan: node.name.span)
    }

    func bindFunction(
        _ name: String, _ expressions: [Expression], at span: SourceSpan, nameSpan: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        var arguments: [BoundExpression] = []
        for expression in expressions { arguments.append(try bind(expression)) }
        if let form = try bindSpecial(name, arguments, at: span) { return form }
        if let form = try bindTimeForm(name, arguments, at: span) { return form }
        guard FunctionTable.signatures[name] != nil else {
            throw QueryError(
                "42883", "there is no function \(name)", at: nameSpan,
                hint: Suggestion.text(for: name, among: FunctionTable.names))
        }
        return try call(name, arguments, at: span)
    }

    /// A call of a function of the table.
    func call(_ name: String, _ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression
    {
        let types = arguments.map(\.type)
        guard let signature = FunctionTable.resolve(name, types) else {
            throw QueryError(
                "42883",
                "there is no function \(name)(\(types.map(\.name).joined(separator: ", ")))",
                at: span, hint: FunctionTable.usage(name))
        }
        var coerced: [BoundExpression] = []
        for (index, argument) in arguments.enumerated() {
            let wanted = signature.parameter(index)
            if argument.type.isInteger && wanted.isInteger {
                coerced.append(argument)
            } else {
                coerced.append(try coerce(argument, to: wanted, at: span))
            }
        }
        return apply(signature.function, coerced, signature.result, at: span)
    }

    private func bindSpecial(_ name: String, _ arguments: [BoundExpression], at span: SourceSpan)
        throws(QueryError) -> BoundExpression?
    {
        switch name {
        case "coalesce":
            let (values, type) = try alike(arguments, name, at: span)
            return folded(.coalesce(values, type))
        case "greatest", "least":
            let (values, type) = try alike(arguments, name, at: span)
            return apply(Extremes.function(isGreatest: name == "greatest"), values, type, at: span)
        case "nullif":
            guard arguments.count == 2 else {
                throw QueryError("42883", "nullif takes two values", at: span)
            }
            let isEqual = try bindComparison(.equal, arguments[0], arguments[1], at: span)
            var type = arguments[0].type
            var value = arguments[0]
            if type == .unknown {
                type = arguments[1].type == .unknown ? .text : arguments[1].type
                value = try coerce(value, to: type, at: span)
            }
            return folded(
                .caseWhen(
                    [
                        BoundExpression.Branch(
                            condition: isEqual, result: .constant(.null, type))
                    ], otherwise: value, type))
        case "concat", "concat_ws":
            var texts: [BoundExpression] = []
            for argument in arguments {
                texts.append(try coerce(argument, to: .text, .explicit, at: span))
            }
            return try call(name, texts, at: span)
        case "now", "current_timestamp", "transaction_timestamp", "statement_timestamp":
            return .constant(.timestamptz(environment.now), .timestamptz)
        case "localtimestamp":
            let wall = environment.now.wallNanoseconds(in: environment.zone)
            return .constant(.timestamp(Timestamp(nanoseconds: wall)), .timestamp)
        case "current_date":
            let wall = environment.now.wallNanoseconds(in: environment.zone)
            return .constant(.date(Calendar.day(ofWall: wall)), .date)
        default: return nil
        }
    }

    /// All arguments as values of the type they share.
    private func alike(_ arguments: [BoundExpression], _ name: String, at span: SourceSpan)
        throws(QueryError) -> ([BoundExpression], DataType)
    {
        guard !arguments.isEmpty else {
            throw QueryError("42883", "\(name) wants a value at least", at: span)
        }
        guard let type = Coercion.commonType(arguments.map(\.type)) else {
            throw QueryError.typeMismatch(
                "\(name) wants values of one type, not "
                    + arguments.map(\.type.name).joined(separator: ", "), at: span)
        }
        var values: [BoundExpression] = []
        for argument in arguments { values.append(try coerce(argument, to: type, at: span)) }
        return (values, type)
    }
}

/// GREATEST and LEAST: NULL arguments are left out, and NaN is above all numbers.
private enum Extremes {
    static func function(isGreatest: Bool) -> ScalarFunction {
        ScalarFunction(name: isGreatest ? "greatest" : "least") { arguments, rowCount, _ in
            var best = arguments[0].expanded(to: rowCount)
            for argument in arguments.dropFirst() {
                let other = argument.expanded(to: rowCount)
                let isBetter = ComparisonKernels.compare(
                    isGreatest ? .greater : .less, other, best, rowCount: rowCount
                ).booleans
                var both = VectorBuilder(best.type, capacity: 2 * rowCount)
                both.append(contentsOf: best)
                both.append(contentsOf: other)
                let rows = (0..<rowCount).map { row -> Int32 in
                    let takesOther =
                        other.isValid(row) && (!best.isValid(row) || isBetter[row])
                    return Int32(takesOther ? row + rowCount : row)
                }
                best = both.finish().gather(rows)
            }
            return best
        }
    }
}
