import BelfryCore
import BelfrySQL

/// EXPLAIN: the optimized plan as text; with ANALYZE after running it, with what each node did.
enum Explanation {
    static func run(_ explain: Explain, binder: Binder, session: QuerySession)
        throws(QueryError) -> RunningQuery
    {
        guard case .query(let query) = explain.statement else {
            throw QueryError(
                "0A000", "EXPLAIN of anything but a query is not supported yet", at: nil)
        }
        let context = binder.context
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
        return RunningQuery(
            RowsOperator(columns: [PlanColumn(name: "QUERY PLAN", type: .text)], rows: rows),
            command: "EXPLAIN", context: context)
    }
}
