import BelfryCore
import BelfrySQL

/// Series-aware calls: which series they stand on, their argument, method, tolerance and type
/// (LANGUAGE D3).
extension SampleGrouping {
    func innerSeriesCall(of call: FunctionCall) -> FunctionCall? {
        guard case .list(let arguments) = call.arguments else { return nil }
        var found: FunctionCall?
        for argument in arguments {
            _ = argument.contains {
                if case .call(let inner) = $0,
                    ExpressionBinder.isSeriesAware(inner.name.name.folded)
                {
                    found = found ?? inner
                }
                return false
            }
        }
        return found
    }

    /// A bare call needs one series a group.
    func checkPinned(_ call: FunctionCall) throws(QueryError) {
        let isPinned =
            facts.isSeriesPinned
            && facts.seriesIndexes.allSatisfy { index in
                keys.contains { $0.isSame(as: .column(index, .text)) }
                    || conditions.contains { isEquality($0, with: index) }
            }
        if isPinned { return }
        let text = call.name.name.folded
        throw QueryError(
            "42803", "\(text)() is defined on one series, and GROUP BY does not pin one",
            at: call.span,
            hint: "put an aggregate around it, as in sum(\(text)(…)), or group by all tags")
    }

    private func isEquality(_ condition: BoundExpression, with index: Int) -> Bool {
        switch condition {
        case .call(let call) where call.function.name == "=" && call.arguments.count == 2:
            return call.arguments.contains { $0.isSame(as: .column(index, .text)) }
                && call.arguments.contains { $0.usedColumns.isEmpty }
        case .isIn(let operand, let values, _, let isNegated):
            return !isNegated && values.count == 1 && operand.isSame(as: .column(index, .text))
        default: return false
        }
    }

    func seriesCall(_ call: FunctionCall) throws(QueryError) -> SampleNode.SeriesCall {
        let name = call.name.name.folded
        guard let function = SampleNode.SeriesCall.Function(rawValue: name),
            case .list(let given) = call.arguments, let first = given.first
        else {
            throw QueryError("42883", "\(name)() takes a column or condition", at: call.span)
        }
        for key in keys where key.usedColumns.contains(where: isReading) {
            throw QueryError(
                "42803", "keys beside \(name)() may depend on tags and reference columns only",
                at: call.span)
        }
        let argument = try binder.bind(first, scope: inputScope)
        let kind = relation.kind(of: argument) ?? (argument.type.isNumeric ? .gauge : .state)
        var method: SampleNode.SeriesCall.Method
        switch function {
        case .sample: method = .locf
        case .increase, .rate: method = argument.type == .double ? .linear : .locf
        case .timeAverage, .integral, .coverage:
            method = kind == .state || argument.type == .boolean ? .locf : .linear
        case .timeIn, .resets: method = .locf
        }
        var rest = given.dropFirst()
        var unit: Int64 = 1_000_000_000
        if function == .integral {
            guard let expression = rest.popFirst() else {
                throw QueryError(
                    "42883", "integral() takes a unit, as in integral(power, 'hour')",
                    at: call.span)
            }
            unit = try unitNanoseconds(expression)
        }
        if let expression = rest.popFirst() { method = try self.method(expression, argument.type) }
        if let extra = rest.first {
            throw QueryError("42883", "\(name)() takes no further argument", at: extra.span)
        }
        let type = try resultType(
            function, argument: argument, kind: kind, method: method, call: call)
        var tolerance = facts.staleAfter
        if let clause = call.tolerance { tolerance = try binder.toleranceNanoseconds(clause) }
        let index = arguments.firstIndex { $0.isSame(as: argument) } ?? arguments.count
        if index == arguments.count { arguments.append(argument) }
        var series = SampleNode.SeriesCall(
            function: function, argumentIndex: index, kind: kind, method: method,
            tolerance: tolerance, type: type)
        series.unitNanoseconds = unit
        return series
    }

    /// A measured value: what may differ between two readings of a series.
    private func isReading(_ index: Int) -> Bool { relation.plan.isReading(index) }

    private func method(_ expression: Expression, _ type: DataType) throws(QueryError)
        -> SampleNode.SeriesCall.Method
    {
        let value = try binder.bindConstant(expression, clause: "a method", expected: .text).value
        guard case .text(let name) = value,
            let method = SampleNode.SeriesCall.Method(rawValue: foldedToLowerCase(name))
        else {
            throw QueryError(
                "22023", "the method is 'locf' or 'linear'", at: expression.span)
        }
        if method == .linear && !type.isNumeric {
            throw QueryError(
                "42804", "'linear' needs numbers, not \(type.name)", at: expression.span)
        }
        return method
    }

    private func unitNanoseconds(_ expression: Expression) throws(QueryError) -> Int64 {
        let value = try binder.bindConstant(expression, clause: "a unit", expected: .text).value
        if case .text(let name) = value,
            let interval = Interval("1 " + name) ?? Interval(name),
            let nanoseconds = interval.elapsedNanoseconds(dayIs24Hours: true), nanoseconds > 0
        {
            return nanoseconds
        }
        throw QueryError(
            "22023", "the unit of integral() is a length of time, as in 'hour'",
            at: expression.span)
    }

    private func resultType(
        _ function: SampleNode.SeriesCall.Function, argument: BoundExpression, kind: ColumnKind,
        method: SampleNode.SeriesCall.Method, call: FunctionCall
    ) throws(QueryError) -> DataType {
        let type = argument.type
        func needs(_ isFine: Bool, _ what: String, hint: String? = nil) throws(QueryError) {
            if isFine { return }
            throw QueryError(
                "42804", "\(function.rawValue)() needs \(what)", at: call.span, hint: hint)
        }
        switch function {
        case .sample: return method == .linear ? .double : type
        case .timeAverage, .integral:
            try needs(type.isNumeric || type == .boolean, "numbers or a condition")
            return .double
        case .coverage: return .double
        case .timeIn:
            try needs(type == .boolean, "a condition")
            return .interval
        case .increase, .rate, .resets:
            var isCounting = kind == .counter
            if case .delta = kind { isCounting = true }
            try needs(type.isNumeric, "numbers")
            try needs(
                isCounting, "a COUNTER or DELTA column",
                hint: "if it is one, declare it: ALTER TABLE … ALTER … SET COUNTER")
            if function == .resets { return .bigint }
            return function == .increase && type.isInteger && method == .locf ? .bigint : .double
        }
    }
}
