import BelfryCore

/// The n latest rows per key by time (LANGUAGE D9).
///
/// Where keys are tags and nothing but the scan stands below, storage was asked for the latest rows
/// of each series and this only picks among them. Of each batch no more is kept than may still
/// win: of a run of one key whose times ascend, its last n rows.
final class LatestOperator: Operator {
    let columns: [PlanColumn]
    private let node: LatestNode
    private let input: any Operator
    private let context: QueryContext
    private let keys: [ExpressionEvaluator]
    private var output: [Vector]?
    private var outputRow = 0
    private var outputCount = 0

    init(
        _ node: LatestNode, input: any Operator, context: QueryContext,
        environment: EvaluationEnvironment
    ) {
        self.node = node
        self.input = input
        self.context = context
        columns = input.columns
        keys = node.keys.map { ExpressionEvaluator($0, environment: environment) }
    }

    func next() throws(QueryError) -> Batch? {
        if output == nil { try readAll() }
        guard let output, outputRow < outputCount else { return nil }
        let end = min(outputCount, outputRow + context.settings.batchRowCount)
        let rows = outputRow..<end
        outputRow = end
        return Batch(output.map { $0.slice(rows) }, rowCount: rows.count)
    }

    private func readAll() throws(QueryError) {
        var groups = GroupTable(types: node.keys.map(\.type))
        var candidates = BatchAccumulator(types: columns.map(\.type))
        var groupOfCandidate: [UInt32] = []
        while let batch = try input.next() {
            try context.check()
            var vectors: [Vector] = []
            for evaluator in keys { vectors.append(try evaluator.evaluate(batch)) }
            let runs = groups.group(vectors, rowCount: batch.rowCount)
            let time = batch.vectors[node.timeIndex]
            guard case .integers(let times) = time.storage else { continue }
            var kept: [Int32] = []
            var row = 0
            for run in 0..<runs.count {
                let end = Int(runs.ends[run])
                let isAscending = Self.isAscending(times, row..<end)
                let first = isAscending && time.validity.isAll ? max(row, end - node.count) : row
                for candidate in first..<end where time.isValid(candidate) {
                    kept.append(Int32(candidate))
                    groupOfCandidate.append(runs.groups[run])
                }
                row = end
            }
            candidates.append(batch.gather(kept).vectors, rowCount: kept.count)
            if candidates.rowCount > 1 << 17 {
                try thin(&candidates, &groupOfCandidate, isLast: false)
            }
        }
        try thin(&candidates, &groupOfCandidate, isLast: true)
        outputCount = candidates.rowCount
        output = candidates.finish()
    }

    private static func isAscending(_ times: [Int64], _ rows: Range<Int>) -> Bool {
        var row = rows.lowerBound + 1
        while row < rows.upperBound {
            if times[row] < times[row - 1] { return false }
            row += 1
        }
        return true
    }

    /// Keeps the n latest of each group; at last in order: groups as they appeared, latest first.
    private func thin(
        _ candidates: inout BatchAccumulator, _ groups: inout [UInt32], isLast: Bool
    ) throws(QueryError) {
        let vectors = candidates.finish()
        guard case .integers(let times) = vectors[node.timeIndex].storage else { return }
        let ties = node.tieIndexes.map { TextKeys(vectors[$0]) }
        var order = (0..<Int32(candidates.rowCount)).map { $0 }
        order.sort { first, second in
            let a = Int(first)
            let b = Int(second)
            if groups[a] != groups[b] { return groups[a] < groups[b] }
            if times[a] != times[b] { return times[a] > times[b] }
            for tie in ties {
                let comparison = tie.compare(a, b)
                if comparison != 0 { return comparison > 0 }
            }
            return a > b
        }
        var kept: [Int32] = []
        var taken = 0
        for index in order.indices {
            let isNewGroup =
                index == 0 || groups[Int(order[index])] != groups[Int(order[index - 1])]
            taken = isNewGroup ? 1 : taken + 1
            if taken <= node.count { kept.append(order[index]) }
        }
        // Until then in the order they came, which decides between rows alike in all else.
        if !isLast { kept.sort() }
        candidates.keep(kept)
        groups = kept.map { groups[Int($0)] }
    }
}
