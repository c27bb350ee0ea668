import BelfryCore

/// Each left row with the right row next to it in time, by key (LANGUAGE D5).
///
/// 1. The right side is read once and laid out by (key, time). Where it comes in series order, as
///    scans give it, that layout is how it came; otherwise it is sorted.
/// 2. Left rows walk along their key's rows: within a run of one key whose times ascend, the place
///    of one row is where the search for the next begins, so sorted series are merged in one pass.
///    A left time that steps back costs a binary search.
///
/// Left order and extents are kept. Memory: the right side's columns that are used.
final class AsofJoinOperator: Operator {
    let columns: [PlanColumn]
    private let node: AsofJoinNode
    private let left: any Operator
    private let right: any Operator
    private let context: QueryContext
    private let leftKeys: [ExpressionEvaluator]
    private let leftTime: ExpressionEvaluator
    private let rightKeys: [ExpressionEvaluator]
    private var layout: AsofLayout?
    private var heldByteCount = 0

    init(
        _ node: AsofJoinNode, left: any Operator, right: any Operator, context: QueryContext,
        environment: EvaluationEnvironment
    ) {
        self.node = node
        self.left = left
        self.right = right
        self.context = context
        columns = left.columns + right.columns
        leftKeys = node.leftKeys.map { ExpressionEvaluator($0, environment: environment) }
        rightKeys = node.rightKeys.map { ExpressionEvaluator($0, environment: environment) }
        leftTime = ExpressionEvaluator(node.leftTime, environment: environment)
    }

    deinit { context.release(heldByteCount) }

    func next() throws(QueryError) -> Batch? {
        if layout == nil { layout = try readRight() }
        while let batch = try left.next() {
            try context.check()
            if let joined = try join(batch) { return joined }
        }
        return nil
    }

    private func readRight() throws(QueryError) -> AsofLayout {
        var builder = AsofLayout.Builder(
            columns: right.columns, keyTypes: node.rightKeys.map(\.type),
            timeIndex: node.rightTimeIndex, tieIndexes: node.tieIndexes)
        while let batch = try right.next() {
            try context.check()
            var keys: [Vector] = []
            for evaluator in rightKeys { keys.append(try evaluator.evaluate(batch)) }
            builder.append(batch, keys: keys)
            let growth = builder.byteCount - heldByteCount
            if growth > 1 << 20 {
                heldByteCount += growth
                try context.reserve(growth, for: "ASOF JOIN")
            }
        }
        return builder.finish()
    }

    private func join(_ batch: Batch) throws(QueryError) -> Batch? {
        var keys: [Vector] = []
        for evaluator in leftKeys { keys.append(try evaluator.evaluate(batch)) }
        let times = try leftTime.evaluate(batch)
        guard case .integers(let instants) = times.storage else {
            throw .typeMismatch("the left time of ASOF JOIN is not a time", at: nil)
        }
        var matches = AsofMatches(count: batch.rowCount)
        layout?.match(
            keys, times: instants, validity: times.validity, node: node, into: &matches)
        return output(batch, matches: matches, instants: instants)
    }

    private func output(_ batch: Batch, matches: AsofMatches, instants: [Int64]) -> Batch? {
        guard layout != nil else { return nil }
        let matched = matches.rows
        let vectors =
            layout?.vectors(
                matches, node: node, instants: instants, columns: right.columns) ?? []
        let joined = Batch(
            batch.vectors + vectors, rowCount: batch.rowCount, extents: batch.extents)
        guard node.isInner else { return joined }
        var kept: [Int32] = []
        for row in matched.indices {
            let isMatched =
                node.direction == .linear
                ? matches.isExact[row] || (matched[row] >= 0 && matches.later[row] >= 0)
                : matched[row] >= 0
            if isMatched { kept.append(Int32(truncatingIfNeeded: row)) }
        }
        if kept.isEmpty { return nil }
        return joined.filtered(by: Selection(kept))
    }
}

/// Which right row each left row found; -1 for none.
struct AsofMatches {
    var rows: [Int32]
    /// LINEAR: the neighbour after, and whether the one before is at the very instant.
    var later: [Int32]
    var isExact: [Bool]
    /// The first and the end of the key's rows, for IGNORE NULLS.
    var firsts: [Int32]
    var ends: [Int32]

    init(count: Int) {
        rows = [Int32](repeating: -1, count: count)
        later = rows
        isExact = [Bool](repeating: false, count: count)
        firsts = [Int32](repeating: 0, count: count)
        ends = firsts
    }
}
