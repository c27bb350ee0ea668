import BelfryCore

/// The ordered list of rules; each may rely on what those above it have done.
package enum Optimizer {
    struct Rule {
        let name: String
        let apply: (LogicalPlan, QueryContext) throws(QueryError) -> LogicalPlan
    }

    static var rules: [Rule] {
        [
            Rule(name: "fold constants", apply: foldConstants),
            Rule(name: "push predicates", apply: PushPredicates.apply),
            Rule(name: "narrow scans", apply: NarrowScans.apply),
            Rule(name: "latest into scans", apply: LatestIntoScans.apply),
            Rule(name: "limit sorts", apply: LimitSorts.apply),
            Rule(name: "prune columns", apply: PruneColumns.apply),
            Rule(name: "summaries into scans", apply: SummariesIntoScans.apply),
        ]
    }

    package static func optimize(_ plan: LogicalPlan, context: QueryContext) throws(QueryError)
        -> LogicalPlan
    {
        var plan = plan
        for rule in rules { plan = try rule.apply(plan, context) }
        return plan
    }

    private static func foldConstants(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        let environment = context.environment
        return plan.rewritingExpressions {
            FoldConstants.fold($0, environment: environment)
        }
    }
}

extension LogicalPlan {
    /// Every expression of the plan replaced, below first.
    func rewritingExpressions(_ rewrite: (BoundExpression) -> BoundExpression) -> LogicalPlan {
        let plan = replacingInputs(inputs.map { $0.rewritingExpressions(rewrite) })
        switch plan {
        case .scan, .limit, .union, .sample, .rows: return plan
        case .recursive(var node):
            node.step = node.step.rewritingExpressions(rewrite)
            return .recursive(node)
        case .values(var node):
            node.rows = node.rows.map { $0.map(rewrite) }
            return .values(node)
        case .generateSeries(var node):
            node.start = rewrite(node.start)
            node.stop = rewrite(node.stop)
            node.step = rewrite(node.step)
            return .generateSeries(node)
        case .filter(var node):
            node.predicate = rewrite(node.predicate)
            return .filter(node)
        case .project(var node):
            node.expressions = node.expressions.map(rewrite)
            return .project(node)
        case .aggregate(var node):
            node.keys = node.keys.map(rewrite)
            node.aggregates = node.aggregates.map { $0.rewriting(rewrite) }
            return .aggregate(node)
        case .latest(var node):
            node.keys = node.keys.map(rewrite)
            return .latest(node)
        case .join(var node):
            node.leftKeys = node.leftKeys.map(rewrite)
            node.rightKeys = node.rightKeys.map(rewrite)
            node.residual = node.residual.map(rewrite)
            return .join(node)
        case .asofJoin(var node):
            node.leftKeys = node.leftKeys.map(rewrite)
            node.rightKeys = node.rightKeys.map(rewrite)
            node.leftTime = rewrite(node.leftTime)
            return .asofJoin(node)
        case .sort(var node):
            for index in node.keys.indices {
                node.keys[index].expression = rewrite(node.keys[index].expression)
            }
            return .sort(node)
        case .distinct(var node):
            node.keys = node.keys?.map(rewrite)
            return .distinct(node)
        case .apply(var node):
            for index in node.parameters.indices {
                node.parameters[index].expression = rewrite(node.parameters[index].expression)
            }
            node.subquery = node.subquery.rewritingExpressions(rewrite)
            return .apply(node)
        case .window(var node):
            node.partition = node.partition.map(rewrite)
            for index in node.order.indices {
                node.order[index].expression = rewrite(node.order[index].expression)
            }
            node.calls = node.calls.map { $0.rewriting(rewrite) }
            return .window(node)
        }
    }
}

extension AggregateCall {
    func rewriting(_ rewrite: (BoundExpression) -> BoundExpression) -> AggregateCall {
        AggregateCall(
            function: function, arguments: arguments.map(rewrite), isDistinct: isDistinct,
            filter: filter.map(rewrite), span: span)
    }
}
