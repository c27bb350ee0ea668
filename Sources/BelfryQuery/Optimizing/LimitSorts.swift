import BelfryCore

/// Tells a sort below a LIMIT how many of its rows are wanted: it then keeps no more.
enum LimitSorts {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        let plan = plan.replacingInputs(plan.inputs.map { apply($0, context) })
        guard case .limit(var node) = plan, let limit = node.limit else { return plan }
        let (wanted, overflow) = limit.addingReportingOverflow(node.offset)
        if overflow { return plan }
        node.input = limited(node.input, to: wanted)
        return .limit(node)
    }

    private static func limited(_ plan: LogicalPlan, to rowCount: Int) -> LogicalPlan {
        switch plan {
        case .sort(var node):
            node.limit = min(node.limit ?? .max, rowCount)
            return .sort(node)
        case .project(var node):
            node.input = limited(node.input, to: rowCount)
            return .project(node)
        case .scan, .values, .generateSeries, .filter, .aggregate, .sample, .latest, .join,
            .asofJoin, .limit, .distinct, .union, .window, .apply, .recursive, .rows:
            return plan
        }
    }
}
