import BelfryCore
import BelfryStorage

/// States that take the runs of a batch at once: short runs, as of readings by the hour, are too
/// many for a call each, and too alike for a group a row.
protocol RunAggregateState: AggregateState {
    func add(_ arguments: [Vector], runs: GroupTable.Runs)
}

/// Groups and their aggregate states, fed batch by batch; partial ones are merged.
///
/// The keys of a batch are evaluated once and cut into runs of equal adjacent keys; each run is
/// looked up once. States then take whole runs where these are long, else rows with their groups.
final class GroupAggregator {
    private let node: AggregateNode
    private let context: QueryContext
    private let keys: [ExpressionEvaluator]
    private var aggregates: [Aggregate] = []
    private var table: GroupTable
    private var reserved = 0

    private struct Aggregate {
        let state: any AggregateState
        /// The same, where it takes runs at once.
        let runState: (any RunAggregateState)?
        let arguments: [ExpressionEvaluator]
        let filter: ExpressionEvaluator?
        /// Group number and arguments seen so far; only with DISTINCT.
        var distinct: GroupTable?
    }

    /// Runs at least this long on average are given to states one by one.
    private static let longRunRowCount = 48

    init(_ node: AggregateNode, context: QueryContext) throws(QueryError) {
        self.node = node
        self.context = context
        let environment = context.environment
        keys = node.keys.map { ExpressionEvaluator($0, environment: environment) }
        table = GroupTable(
            types: node.keys.map(\.type), keysComeInRuns: node.keysComeInRuns)
        for call in node.aggregates {
            let state = call.function.makeState()
            if node.keys.isEmpty { state.grow(to: 1) }
            aggregates.append(
                Aggregate(
                    state: state, runState: state as? any RunAggregateState,
                    arguments: call.arguments.map {
                        ExpressionEvaluator($0, environment: environment)
                    },
                    filter: call.filter.map { ExpressionEvaluator($0, environment: environment) },
                    distinct: call.isDistinct
                        ? GroupTable(types: [.bigint] + call.arguments.map(\.type)) : nil))
        }
    }

    /// Without keys there is one group, with or without rows.
    var groupCount: Int { node.keys.isEmpty ? 1 : table.count }

    func add(_ batch: Batch) throws(QueryError) {
        if batch.rowCount == 0 { return }
        let runs: GroupTable.Runs
        if keys.isEmpty {
            runs = GroupTable.Runs(ends: [Int32(batch.rowCount)], groups: [0])
        } else {
            var vectors: [Vector] = []
            for key in keys { vectors.append(try key.evaluate(batch)) }
            let known = table.count
            runs = table.group(vectors, rowCount: batch.rowCount)
            if table.count > known {
                for aggregate in aggregates { aggregate.state.grow(to: table.count) }
                try reserveMemory()
            }
        }
        let isLong = batch.rowCount >= runs.count * Self.longRunRowCount
        let needsRows = !isLong && aggregates.contains { $0.runState == nil }
        let perRow = needsRows ? runs.perRow(batch.rowCount) : []
        for index in aggregates.indices {
            try add(batch, to: index, runs: runs, isLong: isLong, perRow: perRow)
        }
    }

    /// Takes all that an input gives: batches, and summaries where it is a scan that was asked for
    /// some.
    func consume(_ input: any Operator) throws(QueryError) {
        guard let source = input as? any SummarySource else {
            while let batch = try input.next() {
                try context.check()
                try add(batch)
            }
            return
        }
        while let item = try source.nextItem() {
            try context.check()
            switch item {
            case .batch(let batch): try add(batch)
            case .summary(let summary): try add(summary)
            }
        }
    }

    private func add(_ summary: ScanSummary) throws(QueryError) {
        if summary.rowCount == 0 { return }
        var group = 0
        if !keys.isEmpty {
            var vectors: [Vector] = []
            for key in keys { vectors.append(try key.evaluate(summary.key)) }
            let known = table.count
            group = Int(table.group(vectors, rowCount: 1).groups[0])
            if table.count > known {
                for aggregate in aggregates { aggregate.state.grow(to: table.count) }
                try reserveMemory()
            }
        }
        for (aggregate, call) in zip(aggregates, node.aggregates) {
            // The scan was asked for summaries because all states take them.
            guard let state = aggregate.state as? any SummaryAggregateState else { continue }
            if case .column(let column, _)? = call.arguments.first {
                state.add(summary.columns[column], rowCount: summary.rowCount, group: group)
            } else {
                state.add(nil, rowCount: summary.rowCount, group: group)
            }
        }
    }

    private func add(
        _ batch: Batch, to index: Int, runs: GroupTable.Runs, isLong: Bool, perRow: [UInt32]
    ) throws(QueryError) {
        let aggregate = aggregates[index]
        if aggregate.filter != nil || aggregate.distinct != nil {
            let groups = perRow.isEmpty ? runs.perRow(batch.rowCount) : perRow
            return try addSome(batch, to: index, groups: groups)
        }
        var arguments: [Vector] = []
        for argument in aggregate.arguments { arguments.append(try argument.evaluate(batch)) }
        if isLong {
            var start = 0
            for run in runs.ends.indices {
                let end = Int(runs.ends[run])
                try aggregate.state.add(
                    arguments, rows: start..<end, group: Int(runs.groups[run]))
                start = end
            }
        } else if let state = aggregate.runState {
            state.add(arguments, runs: runs)
        } else {
            try aggregate.state.add(arguments, groups: perRow)
        }
    }

    /// Adds the rows that FILTER and DISTINCT leave.
    private func addSome(_ batch: Batch, to index: Int, groups: [UInt32]) throws(QueryError) {
        var batch = batch
        var groups = groups
        if let filter = aggregates[index].filter {
            let kept = Selection(whereTrue: try filter.evaluate(batch))
            if kept.isEmpty { return }
            batch = batch.filtered(by: kept)
            groups = kept.rows.map { groups[Int($0)] }
        }
        var arguments: [Vector] = []
        for argument in aggregates[index].arguments {
            arguments.append(try argument.evaluate(batch))
        }
        if let known = aggregates[index].distinct?.count {
            let groupVector = Vector(integers: groups.map { Int64($0) })
            let runs = aggregates[index].distinct?.group(
                [groupVector] + arguments, rowCount: batch.rowCount)
            let rows = runs?.firstRows(ofGroupsFrom: known) ?? []
            if rows.isEmpty { return }
            arguments = arguments.map { $0.gather(rows) }
            groups = rows.map { groups[Int($0)] }
            try reserveMemory()
        }
        // count(*) has no argument that would tell how many rows there are; groups do.
        try aggregates[index].state.add(arguments, groups: groups)
    }

    private func reserveMemory() throws(QueryError) {
        var byteCount = table.byteCount + table.count * aggregates.count * 32
        for aggregate in aggregates { byteCount += aggregate.distinct?.byteCount ?? 0 }
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "GROUP BY")
            reserved = byteCount
        }
    }

    /// Adds the groups of another aggregation of the same node over other rows. Not for DISTINCT.
    func merge(_ other: GroupAggregator) throws(QueryError) {
        var groups: [UInt32] = [0]
        if !keys.isEmpty {
            let theirs = other.table.keys(0..<other.table.count)
            groups = table.group(theirs, rowCount: other.table.count)
                .perRow(other.table.count)
            for aggregate in aggregates { aggregate.state.grow(to: table.count) }
            try reserveMemory()
        }
        for index in aggregates.indices {
            try aggregates[index].state.merge(other.aggregates[index].state, into: groups)
        }
    }

    /// No more rows will come.
    func seal() { table.seal() }

    /// Keys and results of groups in a range.
    func finish(_ groups: Range<Int>) throws(QueryError) -> Batch {
        var vectors = keys.isEmpty ? [] : table.keys(groups)
        for aggregate in aggregates { vectors.append(try aggregate.state.finish(groups)) }
        return Batch(vectors, rowCount: groups.count)
    }

    deinit { context.release(reserved) }
}

extension QueryContext {
    /// What kernels may know of this statement.
    package var environment: EvaluationEnvironment {
        EvaluationEnvironment(zone: settings.timeZone, zones: zones, now: now)
    }
}
