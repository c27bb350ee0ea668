import BelfryCore
import BelfrySQL

/// EXPLAIN: the optimized plan as text; with ANALYZE after running it, with what each node did.
enum Explanation {
    static func run(_ explain: Explain, binder: Binder, session: QuerySession)
        throws(QueryError) -> RunningQuery
    {
        let context = binder.context
        let query: BelfrySQL.Query
        switch explain.statement {
        case .query(let statement): query = statement
        case .update(let statement) where !explain.isAnalyze:
            return change(
                try RowUpdate(statement, binder: binder, store: session.store).explained(), context)
        case .delete(let statement) where !explain.isAnalyze:
            return change(
                try Deletion(statement, binder: binder, store: session.store).explained(), context)
        case .update, .delete:
            throw QueryError(
                "0A000", "EXPLAIN ANALYZE would change rows and is not supported",
                hint: "EXPLAIN alone shows how the rows are found")
        default:
            throw QueryError(
                "0A000", "EXPLAIN is for queries, UPDATE and DELETE", at: nil)
        }
        let plan = try Query.plan(query, binder: binder)
        var measurements: Measurements?
        var footer: [String] = []
        if explain.isAnalyze {
            let start = MonotonicClock.nanoseconds()
            let measured = Measurements()
            let root = try PlanBuilder(context: context, measurements: measured)
                .build(plan, path: [])
            while try root.next() != nil { try context.check() }
            let tenths = (MonotonicClock.nanoseconds() - start) / 100_000
            footer.append("took \(tenths / 10).\(tenths % 10) ms")
            measurements = measured
        }
        let zone = context.settings.timeZone
        let lines = PlanText.lines(of: plan, zone: zone, measurements: measurements)
        let rows = (lines + (binder.warnings + binder.notes).map { "note: \($0)" } + footer).map {
            [Value.text($0)]
        }
        return answer(rows, context)
    }

    private static func answer(_ rows: [[Value]], _ context: QueryContext) -> RunningQuery {
        RunningQuery(
            RowsOperator(columns: [PlanColumn(name: "QUERY PLAN", type: .text)], rows: rows),
            command: "EXPLAIN", context: context)
    }

    private static func change(
        _ explained: (heading: String, plan: LogicalPlan), _ context: QueryContext
    ) -> RunningQuery {
        let lines = PlanText.lines(of: explained.plan, zone: context.settings.timeZone)
        return answer(
            ([explained.heading] + lines.map { "  \($0)" }).map { [Value.text($0)] }, context)
    }
}
