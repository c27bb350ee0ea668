import BelfryCore
import BelfrySQL

/// SELECT to a plan, clause by clause in the order of work: FROM, WHERE, LATEST BY, group and
/// sample, HAVING, QUALIFY, select list, DISTINCT, ORDER BY, LIMIT.
extension Binder {
    func bindSelect(_ select: Select, ordered: QueryOrdering) throws(QueryError) -> Relation {
        let (base, grouping, input) = try bindSource(select, orderBy: ordered.orderBy)

        // Everything that may ask for an aggregate is bound before the grouping is finished.
        let having = try bindConditions(select.having, scope: base, clause: "HAVING")
        let scope = try WindowScope(
            base, relation: input.relation, windows: select.windows, binder: self)
        let qualify = try bindConditions(select.qualify, scope: scope, clause: "QUALIFY")
        var list = try bindSelectList(select, scope: scope, input: input)
        let distinctKeys = try bindDistinctKeys(select, list: &list, scope: scope)
        let sortKeys = try bindOrder(
            ordered.orderBy, list: &list, scope: scope, select: select)

        let source: Relation
        if let grouping {
            source = try grouping.finish()
        } else {
            source = Relation(
                plan: input.filtered, columns: input.relation.columns, times: input.relation.times)
        }
        let subqueries = base.collector ?? SubqueryCollector()
        func settled(_ expression: BoundExpression) -> BoundExpression {
            scope.settled(subqueries.settled(expression))
        }
        var plan = subqueries.plan(over: source.plan)
            .filtered(by: having.map(subqueries.settled))
        plan = scope.plan(over: plan, settled: subqueries.settled)
            .filtered(by: qualify.map(settled))
        list.expressions = list.expressions.map(settled)
        plan = projection(of: list, over: plan)

        var keepsTimes = distinctKeys == nil
        switch select.distinct {
        case .all: break
        case .distinct:
            keepsTimes = false
            plan = .distinct(DistinctNode(input: plan, keys: nil))
        case .on: break
        }
        if !sortKeys.isEmpty { plan = .sort(SortNode(input: plan, keys: sortKeys)) }
        if let distinctKeys {
            plan = .distinct(DistinctNode(input: plan, keys: distinctKeys))
        }
        if ordered.limit != nil || ordered.offset != nil { keepsTimes = false }
        plan = try limited(plan, by: ordered)
        if list.count > list.visibleCount {
            plan = droppingColumns(of: plan, after: list.visibleCount)
        }
        let visible = Array(list.columns.prefix(list.visibleCount))
        let times = keepsTimes ? Self.times(source.times, through: list.expressions) : []
        return Relation(
            plan: plan, columns: Self.scopeColumns(visible, notNull: list.notNull), times: times)
    }

    /// FROM to grouping: the scope for the rest, and what it stands on.
    private func bindSource(_ select: Select, orderBy: [OrderItem]) throws(QueryError) -> (
        scope: any ExpressionScope, grouping: (any Grouping)?, input: GroupingInput
    ) {
        if case .join(let join)? = select.from.first, case .align = join.kind {
            guard select.from.count == 1 else {
                throw QueryError(
                    "0A000", "an ALIGN JOIN stands alone in FROM", at: join.wordsSpan,
                    hint: "put other joins in parentheses inside it")
            }
            let keys = try groupKeys(select, isColumn: { _ in false })
            let grouping = try AlignBinder.grouping(
                select, join: join, keys: keys, binder: self)
            let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
            return (grouping, grouping, GroupingInput(relation: nothing, conditions: []))
        }
        var relation = try bindFrom(select.from)
        let collector = SubqueryCollector()
        var conditions = try bindConditions(
            select.filter,
            scope: RelationScope(relation, binder: self, clause: "WHERE", collector: collector),
            clause: "WHERE")
        if !collector.isEmpty {
            let (correlated, plain) = conditions.partitioned(by: SubqueryCollector.isUsed)
            conditions = plain
            relation.plan = droppingColumns(
                of: collector.plan(over: relation.plan)
                    .filtered(by: correlated.map(collector.settled)),
                after: relation.plan.columns.count)
        }
        if let latest = select.latest {
            relation.plan = relation.plan.filtered(by: conditions)
            relation = try LatestBinder.relation(latest, input: relation, binder: self)
            conditions = []
        }
        let input = GroupingInput(relation: relation, conditions: conditions)
        let keys = try groupKeys(select) { name in
            relation.columns.contains { !$0.isHidden && name.matches($0.name) }
        }
        let call = seriesAwareCall(of: select, orderBy: orderBy)
        if let span = select.sample?.span ?? call?.span, conditions.contains(where: \.hasOuter) {
            throw .notSupported(
                "a column of the query around this one beside SAMPLE BY", at: span)
        }
        if let sample = select.sample {
            let grouping = try SampleBinder.grouping(
                select, clause: sample, keys: keys, input: input, binder: self)
            return (grouping, grouping, input)
        }
        if let call {
            let grouping = try SampleBinder.rangeGrouping(
                keys: keys, input: input, at: call.span, binder: self)
            return (grouping, grouping, input)
        }
        if isGrouped(select, orderBy: orderBy) {
            let grouping = try AggregateGrouping(keys: keys, input: input, binder: self)
            return (grouping, grouping, input)
        }
        let scope = RelationScope(
            relation, binder: self, clause: "a query without GROUP BY",
            collector: SubqueryCollector())
        return (scope, nil, input)
    }

    private func seriesAwareCall(of select: Select, orderBy: [OrderItem]) -> FunctionCall? {
        var expressions = orderBy.map(\.expression)
        for item in select.items {
            if case .expression(let expression, _) = item { expressions.append(expression) }
        }
        if let having = select.having { expressions.append(having) }
        if let qualify = select.qualify { expressions.append(qualify) }
        var found: FunctionCall?
        for expression in expressions {
            _ = expression.contains {
                if case .call(let call) = $0,
                    ExpressionBinder.isSeriesAware(call.name.name.folded)
                {
                    found = found ?? call
                }
                return false
            }
        }
        return found
    }

    private func isGrouped(_ select: Select, orderBy: [OrderItem]) -> Bool {
        switch select.grouping {
        case .all, .expressions: return true
        case .none: break
        }
        if select.having != nil { return true }
        let items = select.items.contains {
            if case .expression(let expression, _) = $0 { return expression.hasAggregate }
            return false
        }
        return items || orderBy.contains { $0.expression.hasAggregate }
            || (select.qualify?.hasAggregate ?? false)
            || select.windows.contains {
                $0.specification.expressions.contains(where: \.hasAggregate)
            }
    }

    /// The expressions of GROUP BY, with ordinals and aliases replaced by what they stand for. An
    /// input column of a name goes before an alias.
    private func groupKeys(_ select: Select, isColumn: (Name) -> Bool) throws(QueryError)
        -> [Expression]
    {
        switch select.grouping {
        case .none: return []
        case .all(let span):
            var keys: [Expression] = []
            for item in select.items {
                guard case .expression(let expression, _) = item else {
                    throw QueryError(
                        "42601", "GROUP BY ALL cannot group by *", at: span,
                        hint: "name the columns in the select list")
                }
                if !expression.hasAggregate && !expression.isBucketName(of: select) {
                    keys.append(expression)
                }
            }
            return keys
        case .expressions(let expressions):
            var keys: [Expression] = []
            for expression in expressions {
                keys.append(try groupKey(expression, select: select, isColumn: isColumn))
            }
            return keys
        }
    }

    private func groupKey(
        _ expression: Expression, select: Select, isColumn: (Name) -> Bool
    ) throws(QueryError) -> Expression {
        var key = expression
        if let ordinal = expression.ordinal {
            guard let item = Int(exactly: ordinal), (1...max(1, select.items.count)).contains(item),
                item <= select.items.count,
                case .expression(let found, _) = select.items[item - 1]
            else {
                throw QueryError(
                    "42P10", "GROUP BY position \(ordinal) is not in the select list",
                    at: expression.span)
            }
            key = found
        } else if let name = expression.bareName, !isColumn(name) {
            for item in select.items {
                if case .expression(let found, let alias?) = item, alias.folded == name.folded {
                    key = found
                    break
                }
            }
        }
        if key.hasAggregate {
            throw QueryError(
                "42803", "aggregates are not allowed in GROUP BY", at: expression.span)
        }
        return key
    }

    // MARK: - Pieces of the plan

    func projection(of list: SelectList, over plan: LogicalPlan) -> LogicalPlan {
        .project(ProjectNode(input: plan, expressions: list.expressions, columns: list.columns))
    }

    func droppingColumns(of plan: LogicalPlan, after count: Int) -> LogicalPlan {
        let columns = Array(plan.columns.prefix(count))
        return .project(
            ProjectNode(
                input: plan,
                expressions: columns.indices.map { .column($0, columns[$0].type) },
                columns: columns))
    }

    func limited(_ plan: LogicalPlan, by ordered: QueryOrdering) throws(QueryError)
        -> LogicalPlan
    {
        let limit = try rowCount(ordered.limit, clause: "LIMIT")
        let offset = try rowCount(ordered.offset, clause: "OFFSET") ?? 0
        if limit == nil && offset == 0 { return plan }
        return .limit(LimitNode(input: plan, limit: limit, offset: offset))
    }

    /// NULL means no limit, as in PostgreSQL.
    private func rowCount(_ expression: Expression?, clause: String) throws(QueryError) -> Int? {
        guard let expression else { return nil }
        switch try bindConstant(expression, clause: clause, expected: .bigint).value {
        case .null: return nil
        case .integer(let count) where count >= 0: return Int(count)
        default:
            throw QueryError(
                clause == "LIMIT" ? "2201W" : "2201X",
                "\(clause) wants a whole number from 0 up", at: expression.span)
        }
    }

    /// What is known of times after a projection: kept where the time itself is.
    static func times(_ times: [TimeFacts], through expressions: [BoundExpression])
        -> [TimeFacts]
    {
        func place(of index: Int) -> Int? {
            expressions.firstIndex {
                if case .column(index, _) = $0 { return true }
                return false
            }
        }
        var kept: [TimeFacts] = []
        for facts in times {
            guard let timeIndex = place(of: facts.timeIndex) else { continue }
            let series = facts.seriesIndexes.map(place)
            var moved = facts
            moved.timeIndex = timeIndex
            moved.seriesIndexes = series.compactMap { $0 }
            moved.isSeriesPinned = facts.isSeriesPinned && !series.contains(nil)
            kept.append(moved)
        }
        return kept
    }

    static func scopeColumns(_ columns: [PlanColumn], notNull: Set<Int> = []) -> [ScopeColumn] {
        columns.indices.map {
            ScopeColumn(
                name: columns[$0].name, table: nil,
                expression: .column($0, columns[$0].type), kind: columns[$0].kind,
                isNotNull: notNull.contains($0))
        }
    }
}

extension Expression {
    /// `bucket`, `bucket_end` or `bucket_filled` of a SAMPLE BY: never a key of GROUP BY ALL.
    fileprivate func isBucketName(of select: Select) -> Bool {
        guard select.sample != nil, let name = bareName else { return false }
        return ["bucket", "bucket_end", "bucket_filled"].contains(name.folded)
    }
}
