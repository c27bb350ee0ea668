import BelfryCore
import BelfrySQL
import BelfryStorage

/// The plan of a SAMPLE BY: an aggregation alone where only buckets with rows show, else cells,
/// donors and evidence under a sample node.
extension SampleGrouping {

    package func finish() throws(QueryError) -> Relation {
        let inRange = conditions + range.conditions(timeIndex: facts.timeIndex)
        let input = relation.plan.filtered(by: inRange)
        let plan = isDense ? try sample(input) : sparse(input)
        if grid == nil { return Relation(plan: plan, columns: []) }
        return Relation(
            plan: plan, columns: [],
            times: [
                TimeFacts(
                    table: nil, timeIndex: bucketIndex, seriesIndexes: Array(keys.indices),
                    isSeriesPinned: true, staleAfter: nil)
            ])
    }

    private var bucketExpression: BoundExpression {
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        guard let grid else {
            let start = range.start ?? Timestamp(nanoseconds: 0)
            return .constant(.timestamptz(start), .timestamptz)
        }
        return .bucket(time, grid: grid, isEnd: false)
    }

    private func cells(_ input: LogicalPlan) -> LogicalPlan {
        .aggregate(
            AggregateNode(
                input: input, keys: keys + [bucketExpression], aggregates: aggregates,
                columns: keyColumns + [PlanColumn(name: "bucket", type: .timestamptz)]
                    + aggregates.map { PlanColumn(name: $0.function.name, type: $0.type) }))
    }

    private var outputColumns: [PlanColumn] {
        keyColumns + [
            PlanColumn(name: "bucket", type: .timestamptz),
            PlanColumn(name: "bucket_end", type: .timestamptz),
            PlanColumn(name: "bucket_filled", type: .boolean),
        ] + measures.indices.map { PlanColumn(name: names[$0], type: measures[$0].type) }
    }

    /// Only buckets with rows: an aggregation by keys and bucket.
    private func sparse(_ input: LogicalPlan) -> LogicalPlan {
        let cells = cells(input)
        let bucket = BoundExpression.column(bucketIndex, .timestamptz)
        var expressions = keys.indices.map { BoundExpression.column($0, keys[$0].type) }
        expressions.append(bucket)
        if let grid {
            expressions.append(.bucket(bucket, grid: grid, isEnd: true))
        } else {
            expressions.append(bucket)
        }
        expressions.append(.constant(.boolean(false), .boolean))
        for measure in measures {
            if case .cell(let index) = measure.source {
                expressions.append(.column(bucketIndex + 1 + index, measure.type))
            }
        }
        return .project(
            ProjectNode(
                input: cells.filtered(by: [.isNull(bucket, isNegated: true)]),
                expressions: expressions, columns: outputColumns))
    }

    private func sample(_ input: LogicalPlan) throws(QueryError) -> LogicalPlan {
        var node = SampleNode(
            cells: cells(input), grid: grid, start: range.start, end: range.end,
            speakLimit: speakLimit(), keyCount: keys.count, measures: measures,
            columns: outputColumns)
        let needsBounds = range.start == nil || range.end == nil
        if let sharedBounds, needsBounds {
            node.bounds = sharedBounds
        } else if needsBounds {
            node.bounds = try boundsPlan()
        }
        node.donors = donors()
        let calls = measures.compactMap { measure -> SampleNode.SeriesCall? in
            if case .series(let call) = measure.source { return call }
            return nil
        }
        if !calls.isEmpty { evidence(for: calls, into: &node) }
        return .sample(node)
    }

    /// The first and the last time of the rows; one row.
    func boundsPlan() throws(QueryError) -> LogicalPlan {
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        var calls: [AggregateCall] = []
        for name in ["min", "max"] {
            calls.append(try binder.aggregateOfColumn(name, time))
        }
        let input = relation.plan.filtered(
            by: conditions + range.conditions(timeIndex: facts.timeIndex))
        return .aggregate(
            AggregateNode(
                input: input, keys: [], aggregates: calls,
                columns: [
                    PlanColumn(name: "min", type: .timestamptz),
                    PlanColumn(name: "max", type: .timestamptz),
                ]))
    }

    /// No sample speaks past now or the table's last row, whichever is later.
    private func speakLimit() -> Timestamp {
        var limit = binder.context.now
        func visit(_ plan: LogicalPlan) {
            if case .scan(let scan) = plan,
                let bounds = binder.context.snapshot.timeBounds(scan.request.table)
            {
                limit = max(limit, bounds.end)
            }
            for input in plan.inputs { visit(input) }
        }
        visit(relation.plan)
        return limit
    }

    /// Rows around the range that may give to fills, as cells of the same grid.
    private func donors() -> [LogicalPlan] {
        guard let grid else { return [] }
        var plans: [LogicalPlan] = []
        if let start = range.start, let reach = reach(of: { $0 == .before || $0 == .both }) {
            let from = reach.map { lower(start, by: $0, grid: grid) }
            plans.append(
                around(SampleRange(start: from ?? nil, end: grid.start(of: start))))
        }
        if let end = range.end, let reach = reach(of: { $0 == .after || $0 == .both }) {
            let first = grid.start(of: end) == end ? end : grid.end(of: end)
            let to = reach.map { grid.end(of: end.advanced(byNanoseconds: $0)) }
            plans.append(around(SampleRange(start: first, end: to)))
        }
        return plans
    }

    private func around(_ part: SampleRange) -> LogicalPlan {
        cells(
            relation.plan.filtered(by: conditions + part.conditions(timeIndex: facts.timeIndex)))
    }

    private func lower(_ start: Timestamp, by tolerance: Int64, grid: BucketGrid) -> Timestamp {
        let reached = grid.start(of: start.advanced(byNanoseconds: -tolerance))
        return grid.start(of: reached.advanced(byNanoseconds: -1))
    }

    private enum Side { case none, before, after, both }

    /// How far fills of some sides look: nil for none, .some(nil) for no limit.
    private func reach(of isAsked: (Side) -> Bool) -> Int64?? {
        var found = false
        var longest: Int64? = 0
        for measure in measures {
            guard case .cell = measure.source else { continue }
            let side: Side =
                switch measure.fill.method {
                case .none, .null, .value: .none
                case .previous: .before
                case .next: .after
                case .linear: .both
                }
            guard isAsked(side) else { continue }
            found = true
            if let tolerance = measure.fill.tolerance, let known = longest {
                longest = max(known, tolerance)
            } else {
                longest = nil
            }
        }
        return found ? .some(longest) : nil
    }

    /// Rows for series-aware calls: time, series, keys, arguments.
    private func evidence(for calls: [SampleNode.SeriesCall], into node: inout SampleNode) {
        var longest: Int64? = 0
        for call in calls {
            var reach = call.tolerance
            if case .delta(let per) = call.kind,
                let length = per?.elapsedNanoseconds(dayIs24Hours: true)
            {
                reach = reach.map { max($0, length) }
            }
            longest = longest.flatMap { known in reach.map { max(known, $0) } }
        }
        var around = SampleRange()
        if let longest {
            around.start = range.start?.advanced(byNanoseconds: -longest)
            around.end = range.end?.advanced(byNanoseconds: longest).advanced(byNanoseconds: 1)
        }
        var plan = relation.plan.filtered(
            by: conditions + around.conditions(timeIndex: facts.timeIndex))
        let series = facts.seriesIndexes.map {
            BoundExpression.column($0, relation.plan.columns[$0].type)
        }
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        if !plan.isInSeriesOrder {
            plan = .sort(
                SortNode(
                    input: plan,
                    keys: (series + [time]).map {
                        SortNode.Key(expression: $0, isDescending: false, nullsFirst: false)
                    }))
        }
        let expressions = [time] + series + keys + arguments
        node.seriesColumnCount = series.count
        let firstArgument = 1 + series.count + keys.count
        for index in node.measures.indices {
            guard case .series(var call) = node.measures[index].source else { continue }
            call.argumentIndex += firstArgument
            node.measures[index].source = .series(call)
        }
        node.evidence = .project(
            ProjectNode(
                input: plan, expressions: expressions,
                columns: expressions.map { PlanColumn(name: "", type: $0.type) }))
    }
}
