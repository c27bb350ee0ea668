package import BelfryCore
package import BelfrySQL

/// SAMPLE BY to a grouping: grid, range, evidence, fills and series-aware calls (LANGUAGE D2, D3).
package enum SampleBinder {
    /// - Parameter keys: the GROUP BY expressions, ordinals and aliases already resolved.
    package static func grouping(
        _ select: Select, clause: SampleClause, keys: [Expression], input: GroupingInput,
        binder: Binder
    ) throws(QueryError) -> any Grouping {
        guard let facts = input.relation.times.first else {
            throw QueryError(
                "42601", "SAMPLE BY needs a time, and nothing in FROM has one", at: clause.span,
                hint: "only tables with a TIME KEY, and what keeps it, have one")
        }
        if let every = clause.every { throw .notSupported("EVERY", at: every.span) }
        let grid = try grid(clause, binder: binder)
        var range = SampleRange()
        range.take(try timeConstant(clause.from, clause: "FROM", binder: binder), isStart: true)
        range.take(try timeConstant(clause.to, clause: "TO", binder: binder), isStart: false)
        var others: [BoundExpression] = []
        for condition in input.conditions {
            if try !range.take(condition, timeIndex: facts.timeIndex, binder: binder) {
                others.append(condition)
            }
        }
        let isDense = clause.fill != nil
        return try SampleGrouping(
            keys: keys, relation: input.relation, facts: facts, conditions: others, range: range,
            grid: grid, fill: clause.fill, isDense: isDense, binder: binder)
    }

    /// Series-aware calls without SAMPLE BY: the range is one bucket.
    package static func rangeGrouping(
        keys: [Expression], input: GroupingInput, at span: SourceSpan, binder: Binder
    ) throws(QueryError) -> any Grouping {
        guard let facts = input.relation.times.first else {
            throw QueryError(
                "42803", "series-aware calls need a time, and nothing in FROM has one", at: span,
                hint: "only tables with a TIME KEY, and what keeps it, have one")
        }
        var range = SampleRange()
        var others: [BoundExpression] = []
        for condition in input.conditions {
            if try !range.take(condition, timeIndex: facts.timeIndex, binder: binder) {
                others.append(condition)
            }
        }
        return try SampleGrouping(
            keys: keys, relation: input.relation, facts: facts, conditions: others, range: range,
            grid: nil, fill: nil, isDense: true, binder: binder)
    }

    package static func grid(_ clause: SampleClause, binder: Binder) throws(QueryError)
        -> BucketGrid
    {
        let span = clause.width.span
        let value = try binder.bindConstant(
            clause.width, clause: "SAMPLE BY", expected: .interval
        ).value
        guard let width = try binder.interval(value, at: span) else {
            throw QueryError(
                "22023", "SAMPLE BY wants the width of a bucket", at: span,
                hint: "for instance SAMPLE BY '15 minutes'")
        }
        var zone = binder.context.settings.timeZone
        if let expression = clause.timeZone {
            let value = try binder.bindConstant(
                expression, clause: "TIME ZONE", expected: .text
            ).value
            guard case .text(let name) = value else {
                throw QueryError(
                    "22023", "TIME ZONE wants the name of a zone", at: expression.span)
            }
            do { zone = try binder.context.zones.rules(named: name) } catch {
                throw QueryError("22023", error.description, at: expression.span)
            }
        }
        var originWall: Int64?
        if let expression = clause.origin {
            let (value, _) = try binder.bindConstant(
                expression, clause: "ORIGIN", expected: .timestamp)
            switch value {
            case .timestamp(let wall): originWall = wall.nanoseconds
            case .timestamptz(let instant): originWall = instant.wallNanoseconds(in: zone)
            case .date(let day): originWall = day * 86_400_000_000_000
            default:
                throw QueryError("22023", "ORIGIN wants a time", at: expression.span)
            }
        }
        do { return try BucketGrid(width: width, zone: zone, originWall: originWall) } catch {
            throw QueryError("22023", error.description, at: span)
        }
    }

    package static func timeConstant(_ expression: Expression?, clause: String, binder: Binder)
        throws(QueryError) -> Timestamp?
    {
        guard let expression else { return nil }
        let value = try binder.bindConstant(
            expression, clause: clause, expected: .timestamptz
        ).value
        guard case .timestamptz(let time) = value else {
            throw QueryError("22023", "\(clause) wants a time", at: expression.span)
        }
        return time
    }
}

/// The range of a SAMPLE BY: what AND-ed conditions say that compare the bare TIME KEY with an
/// expression free of columns (LANGUAGE D0.5). Half-open; each end by itself.
struct SampleRange: Sendable {
    var start: Timestamp?
    var end: Timestamp?

    mutating func take(_ time: Timestamp?, isStart: Bool) {
        guard let time else { return }
        if isStart {
            start = max(start ?? time, time)
        } else {
            end = min(end ?? time, time)
        }
    }

    /// Takes a condition into the range; false where it is of another kind.
    mutating func take(_ condition: BoundExpression, timeIndex: Int, binder: Binder)
        throws(QueryError) -> Bool
    {
        guard case .call(let call) = condition, call.arguments.count == 2 else { return false }
        var name = call.function.name
        var other = call.arguments[1]
        if !Self.isTime(call.arguments[0], timeIndex) {
            guard Self.isTime(call.arguments[1], timeIndex) else { return false }
            other = call.arguments[0]
            let mirrored = ["<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="]
            guard let turned = mirrored[name] else { return false }
            name = turned
        }
        guard ["<", "<=", ">", ">=", "="].contains(name), other.usedColumns.isEmpty else {
            return false
        }
        let value = try ExpressionEvaluator.evaluateConstant(
            other, environment: binder.environment)
        guard case .timestamptz(let time) = value else { return false }
        let after = time.nanoseconds == .max ? time : Timestamp(nanoseconds: time.nanoseconds + 1)
        switch name {
        case "<": take(time, isStart: false)
        case "<=": take(after, isStart: false)
        case ">": take(after, isStart: true)
        case ">=": take(time, isStart: true)
        default:
            take(time, isStart: true)
            take(after, isStart: false)
        }
        return true
    }

    private static func isTime(_ expression: BoundExpression, _ index: Int) -> Bool {
        if case .column(index, _) = expression { return true }
        return false
    }

    /// The range as conditions on a time column.
    func conditions(timeIndex: Int) -> [BoundExpression] {
        var result: [BoundExpression] = []
        if let start { result.append(.compare(timeIndex, ">=", start)) }
        if let end { result.append(.compare(timeIndex, "<", end)) }
        return result
    }
}

extension BoundExpression {
    /// A time column compared with an instant.
    static func compare(_ timeIndex: Int, _ name: String, _ time: Timestamp) -> BoundExpression {
        let isLess = name == "<"
        let limit = time.nanoseconds
        let function = ScalarFunction(name: name) { arguments, rowCount, _ in
            guard case .integers(let times) = arguments[0].storage else {
                return Vector.nulls(.boolean, count: rowCount)
            }
            return Vector(
                booleans: times.map { isLess ? $0 < limit : $0 >= limit },
                validity: arguments[0].validity)
        }
        return .call(
            ScalarCall(
                function: function,
                arguments: [
                    .column(timeIndex, .timestamptz), .constant(.timestamptz(time), .timestamptz),
                ],
                type: .boolean, span: SourceSpan(0, 0)))
    }

    /// The start (or end) of the bucket that a time lies in.
    static func bucket(_ time: BoundExpression, grid: BucketGrid, isEnd: Bool) -> BoundExpression {
        let function = ScalarFunction(name: isEnd ? "bucket_end" : "bucket") {
            arguments, rowCount, _ in
            guard case .integers(let times) = arguments[0].storage else {
                return Vector.nulls(.timestamptz, count: rowCount)
            }
            let values =
                isEnd
                ? times.map { grid.end(of: Timestamp(nanoseconds: $0)).nanoseconds }
                : grid.starts(of: times)
            return Vector(.timestamptz, .integers(values), validity: arguments[0].validity)
        }
        return .call(
            ScalarCall(
                function: function, arguments: [time], type: .timestamptz, span: SourceSpan(0, 0)))
    }
}
