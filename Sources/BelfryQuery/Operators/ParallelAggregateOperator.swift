import BelfryCore
import BelfryStorage

/// GROUP BY over a scan that several threads share by series; their partial states are merged in
/// the order of the parts, so that groups come in the order one thread would have met them.
final class ParallelAggregateOperator: Operator {
    let columns: [PlanColumn]
    private let node: AggregateNode
    private let context: QueryContext
    /// What is to be given, one after the other; several where their groups differ for sure.
    private var results: ArraySlice<GroupAggregator> = []
    private var isConsumed = false
    private var position = 0

    /// Below so many rows a second thread costs more than it gives.
    private static let rowCountThreshold = 200_000

    /// Nil where the input is no plain scan (with filters and projections), or too small, or where
    /// states cannot be merged.
    init?(_ node: AggregateNode, _ context: QueryContext) throws(QueryError) {
        guard context.settings.workers > 1,
            let scan = node.scan,
            context.snapshot.rowCountEstimate(scan.request.table) > Self.rowCountThreshold,
            node.aggregates.allSatisfy({ !$0.isDistinct })
        else { return nil }
        self.node = node
        self.context = context
        columns = node.columns
    }

    func next() throws(QueryError) -> Batch? {
        if !isConsumed {
            results = try aggregate()[...]
            for result in results { result.seal() }
            isConsumed = true
        }
        try context.check()
        while let result = results.first {
            if position < result.groupCount {
                let end = min(position + context.settings.batchRowCount, result.groupCount)
                defer { position = end }
                return try result.finish(position..<end)
            }
            results.removeFirst()
            position = 0
        }
        return nil
    }

    /// What one part of the scan came to.
    private enum Outcome {
        case waiting
        case done(GroupAggregator)
        case failed(QueryError)
    }

    private func aggregate() throws(QueryError) -> [GroupAggregator] {
        guard var request = node.scan?.request else { return [] }
        request.apply(context.settings)
        let parts: [ScanPart]
        do {
            parts = try context.snapshot.scanParts(request, count: context.settings.workers)
        } catch {
            throw QueryError(error)
        }
        let node = node
        let context = context
        let outcomes = parts.map { (part: $0, outcome: Monitor(Outcome.waiting)) }
        let threads = outcomes.dropFirst().map { part, outcome in
            (part, outcome, EngineThread { Self.run(part, outcome, node, context) })
        }
        if let own = outcomes.first { Self.run(own.part, own.outcome, node, context) }
        for (part, outcome, thread) in threads {
            // Where the system gave no thread, this one does the work.
            if let thread { thread.join() } else { Self.run(part, outcome, node, context) }
        }
        var done: [GroupAggregator] = []
        for (_, outcome) in outcomes {
            let part = try outcome.withLock { state throws(QueryError) -> GroupAggregator? in
                switch state {
                case .waiting: nil
                case .done(let aggregator): aggregator
                case .failed(let error): throw error
                }
            }
            if let part { done.append(part) }
        }
        if node.keysPinSeries { return done }
        guard let merged = done.first else { return [] }
        for part in done.dropFirst() { try merged.merge(part) }
        return [merged]
    }

    private static func run(
        _ part: ScanPart, _ outcome: Monitor<Outcome>, _ node: AggregateNode,
        _ context: QueryContext
    ) {
        outcome.withLock { state in
            do throws(QueryError) {
                let builder = PlanBuilder(context: context, measurements: nil, scanPart: part)
                let input = try builder.build(node.input, path: [])
                let aggregator = try GroupAggregator(node, context: context)
                try aggregator.consume(input)
                state = .done(aggregator)
            } catch {
                state = .failed(error)
            }
        }
    }
}
