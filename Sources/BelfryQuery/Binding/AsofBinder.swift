package import BelfryCore
package import BelfrySQL

/// ASOF JOIN of two relations (LANGUAGE D5).
///
/// ON may hold equalities of left and right (keys), conditions on the right side alone (they filter
/// candidates before matching), and one inequality between a time of the right side and an
/// expression without right columns, which overrides the times and gives direction and STRICT.
package enum AsofBinder {
    /// - Parameter right: with indexes of its own plan, not yet shifted behind the left columns.
    package static func relation(
        _ join: Join, match: AsofMatch, left: Relation, right: Relation, binder: Binder
    ) throws(QueryError) -> Relation {
        let width = left.plan.columns.count
        var parts = try conditions(join, left: left, right: right, width: width, binder: binder)
        var right = right
        right.plan = right.plan.filtered(by: parts.rightConditions)
        var direction: AsofJoinNode.Direction = .backward
        var isStrict = match.isStrict
        if let inequality = parts.inequality {
            if let span = match.directionSpan {
                throw QueryError(
                    "42601", "MATCH cannot stand beside an inequality in ON", at: span,
                    hint: "the inequality gives the direction: >= and > look backward, <= and < "
                        + "forward")
            }
            direction = inequality.isBackward ? .backward : .forward
            isStrict = isStrict || inequality.isStrict
        } else if let asked = match.direction {
            direction =
                switch asked {
                case .backward: .backward
                case .forward: .forward
                case .nearest: .nearest
                case .linear: .linear
                }
        }
        let leftTime = try leftTime(parts, left: left, at: join.wordsSpan)
        let rightTimeIndex = try rightTime(parts, right: right, at: join.wordsSpan)
        let facts = right.times.first { $0.timeIndex == rightTimeIndex }
        let isPinned = isSeriesPinned(facts, by: parts.rightKeys)
        if direction == .linear {
            guard isPinned else {
                throw QueryError(
                    "42803", "MATCH LINEAR needs keys that pin one series of the right side",
                    at: match.directionSpan,
                    hint: "join on all of its tags, or aggregate it first")
            }
            linearColumns(of: &right, keeping: rightTimeIndex)
        }
        var node = AsofJoinNode(
            left: left.plan, right: right.plan, leftKeys: parts.leftKeys,
            rightKeys: parts.rightKeys, leftTime: leftTime, rightTimeIndex: rightTimeIndex,
            direction: direction, isStrict: isStrict, ignoresNulls: match.ignoresNulls,
            tolerance: try tolerance(match.tolerance, facts: facts, binder: binder),
            isInner: match.isInner)
        if !isPinned, let facts { node.tieIndexes = facts.seriesIndexes }

        var rightSide = right.shifted(by: width)
        if !match.isInner { rightSide = rightSide.nullExtended() }
        for index in rightSide.columns.indices {
            let column = rightSide.columns[index]
            if column.index == rightTimeIndex + width
                && left.columns.contains(where: { !$0.isHidden && $0.name == column.name })
            {
                rightSide.columns[index].isHidden = true
            }
            if parts.mergedRight.contains(where: { $0 + width == column.index }) {
                rightSide.columns[index].isHidden = true
                rightSide.columns[index].isInStar = false
            }
        }
        var result = try left.joined(
            with: rightSide, plan: .asofJoin(node), at: join.wordsSpan)
        result.times = left.times
        parts.leftKeys = []
        return result
    }

    // MARK: - ON and USING

    private struct Inequality {
        var leftTime: BoundExpression
        var rightTimeIndex: Int
        var isBackward: Bool
        var isStrict: Bool
    }

    private struct Parts {
        var leftKeys: [BoundExpression] = []
        var rightKeys: [BoundExpression] = []
        var rightConditions: [BoundExpression] = []
        var inequality: Inequality?
        /// Right columns that USING merged away.
        var mergedRight: [Int] = []
    }

    private static func conditions(
        _ join: Join, left: Relation, right: Relation, width: Int, binder: Binder
    ) throws(QueryError) -> Parts {
        var parts = Parts()
        switch join.condition {
        case .none: break
        case .natural:
            throw .notSupported("NATURAL with ASOF JOIN", at: join.wordsSpan)
        case .using(let names):
            for name in names {
                let reference = ColumnReference(name: name)
                let leftColumn = try left.column(reference, binder: binder)
                let rightColumn = try right.column(reference, binder: binder)
                let pair = try binder.keyPair(
                    leftColumn.expression, rightColumn.expression, at: name.span)
                parts.leftKeys.append(pair.0)
                parts.rightKeys.append(pair.1)
                if let index = rightColumn.index { parts.mergedRight.append(index) }
            }
        case .on(let expression):
            let both = try left.joined(
                with: right.shifted(by: width), plan: left.plan, at: join.wordsSpan)
            let scope = RelationScope(both, binder: binder, clause: "ASOF JOIN … ON")
            for condition in try binder.bindConditions(expression, scope: scope, clause: "ON") {
                try add(condition, to: &parts, width: width, at: expression.span)
            }
        }
        return parts
    }

    private static func add(
        _ condition: BoundExpression, to parts: inout Parts, width: Int, at span: SourceSpan
    ) throws(QueryError) {
        let columns = condition.usedColumns
        if columns.allSatisfy({ $0 >= width }) {
            parts.rightConditions.append(condition.shifted(by: -width))
            return
        }
        if let pair = condition.equality(acrossWidth: width) {
            parts.leftKeys.append(pair.left)
            parts.rightKeys.append(pair.right)
            return
        }
        if let inequality = inequality(condition, width: width) {
            if parts.inequality != nil {
                throw QueryError(
                    "42601", "ASOF JOIN takes one inequality in ON", at: span,
                    hint: "how far to look is said by TOLERANCE")
            }
            parts.inequality = inequality
            return
        }
        throw QueryError(
            "42601",
            "ASOF JOIN … ON takes equalities of left and right, one inequality of times, "
                + "and conditions on the right side alone", at: span,
            hint: "for anything else use LEFT JOIN LATERAL (SELECT … ORDER BY time DESC LIMIT 1)")
    }

    private static func inequality(_ condition: BoundExpression, width: Int) -> Inequality? {
        guard case .call(let call) = condition, call.arguments.count == 2 else { return nil }
        func rightTime(_ expression: BoundExpression) -> Int? {
            if case .column(let index, let type) = expression, index >= width, type == .timestamptz
            {
                return index - width
            }
            return nil
        }
        let isLess: Bool
        let isStrict: Bool
        switch call.function.name {
        case "<": (isLess, isStrict) = (true, true)
        case "<=": (isLess, isStrict) = (true, false)
        case ">": (isLess, isStrict) = (false, true)
        case ">=": (isLess, isStrict) = (false, false)
        default: return nil
        }
        let first = call.arguments[0]
        let second = call.arguments[1]
        if let index = rightTime(second), first.usedColumns.allSatisfy({ $0 < width }) {
            return Inequality(
                leftTime: first, rightTimeIndex: index, isBackward: !isLess, isStrict: isStrict)
        }
        if let index = rightTime(first), second.usedColumns.allSatisfy({ $0 < width }) {
            return Inequality(
                leftTime: second, rightTimeIndex: index, isBackward: isLess, isStrict: isStrict)
        }
        return nil
    }

    // MARK: - Times and tolerance

    private static func leftTime(_ parts: Parts, left: Relation, at span: SourceSpan)
        throws(QueryError) -> BoundExpression
    {
        if let inequality = parts.inequality { return inequality.leftTime }
        guard let facts = left.times.first else {
            throw QueryError(
                "42601", "the left side of ASOF JOIN has no time of its own", at: span,
                hint: "name one in ON, as in ON l.at >= r.time")
        }
        return .column(facts.timeIndex, .timestamptz)
    }

    private static func rightTime(_ parts: Parts, right: Relation, at span: SourceSpan)
        throws(QueryError) -> Int
    {
        if let inequality = parts.inequality { return inequality.rightTimeIndex }
        guard let facts = right.times.first else {
            throw QueryError(
                "42601", "the right side of ASOF JOIN has no time of its own", at: span,
                hint: "name one in ON, as in ON l.time >= r.at")
        }
        return facts.timeIndex
    }

    private static func isSeriesPinned(_ facts: TimeFacts?, by keys: [BoundExpression]) -> Bool {
        guard let facts, facts.isSeriesPinned else { return false }
        return facts.seriesIndexes.allSatisfy { index in
            keys.contains { $0.isSame(as: .column(index, .text)) }
        }
    }

    private static func tolerance(_ clause: Tolerance?, facts: TimeFacts?, binder: Binder)
        throws(QueryError) -> Int64?
    {
        guard let clause else { return facts?.staleAfter }
        return try binder.toleranceNanoseconds(clause)
    }

    // MARK: - LINEAR

    /// Levels and counters become DOUBLE, so that they can lie on a line; amounts cannot be named.
    private static func linearColumns(of right: inout Relation, keeping timeIndex: Int) {
        let planColumns = right.plan.columns
        var isDelta = Set<Int>()
        var expressions: [BoundExpression] = []
        var columns: [PlanColumn] = []
        for index in planColumns.indices {
            var column = planColumns[index]
            var expression = BoundExpression.column(index, column.type)
            switch column.kind {
            case .gauge, .counter:
                if column.type.isInteger && index != timeIndex {
                    expression = .cast(expression, .double, SourceSpan(0, 0))
                    column.type = .double
                }
            case .delta: isDelta.insert(index)
            case .state: break
            }
            expressions.append(expression)
            columns.append(column)
        }
        right.plan = .project(
            ProjectNode(input: right.plan, expressions: expressions, columns: columns))
        right.columns.removeAll { column in column.index.map { isDelta.contains($0) } ?? false }
        for index in right.columns.indices {
            if let place = right.columns[index].index {
                right.columns[index].expression = .column(place, columns[place].type)
            }
        }
    }
}

extension Binder {
    /// TOLERANCE in nanoseconds; nil for UNLIMITED. A day is 24 hours here, a month is an error.
    package func toleranceNanoseconds(_ clause: Tolerance) throws(QueryError) -> Int64? {
        switch clause.limit {
        case .unlimited: return nil
        case .value(let expression):
            let value = try bindConstant(expression, clause: "TOLERANCE", expected: .interval).value
            guard let interval = try interval(value, at: expression.span),
                let nanoseconds = interval.elapsedNanoseconds(dayIs24Hours: true)
            else {
                throw QueryError(
                    "22023", "TOLERANCE wants a length of time without months",
                    at: expression.span, hint: "for instance TOLERANCE '30 days'")
            }
            guard nanoseconds >= 0 else {
                throw QueryError("22023", "TOLERANCE cannot be negative", at: expression.span)
            }
            return nanoseconds
        }
    }

    /// A value read as an interval: a plain string is one where a clause wants one.
    package func interval(_ value: Value, at span: SourceSpan) throws(QueryError) -> Interval? {
        switch value {
        case .interval(let interval): return interval
        case .text(let text):
            guard let interval = Interval(text) else {
                throw QueryError(
                    "22007", "\"\(text)\" is not an interval", at: span,
                    hint: "for instance '15 minutes' or '1 day 02:00'")
            }
            return interval
        default: return nil
        }
    }
}
