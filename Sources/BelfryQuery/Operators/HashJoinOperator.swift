import BelfryCore

/// Joins by equal keys: one side is gathered into a table, the other streams past it.
///
/// Without keys it is a nested loop whose condition is evaluated over vectors of pairs. Output is
/// always left columns, then right columns. Where the left side streams, its rows keep their order
/// and, unless an outer join has a further condition, their extents.
final class HashJoinOperator: Operator {
    let columns: [PlanColumn]
    private let probe: any Operator
    private let build: any Operator
    private let probeKeys: [ExpressionEvaluator]
    private let buildKeys: [ExpressionEvaluator]
    private let node: JoinNode
    private let residual: ExpressionEvaluator?
    private let buildsLeft: Bool
    private let context: QueryContext

    private var table: JoinTable?
    private var isUnique = false
    private var buildColumns: [Vector] = []
    private var current: ProbeBatch?
    /// Which rows of the gathered side have found a partner; only for right and full joins.
    private var matchedBuild: [Bool] = []
    private var unmatchedBuild: [Int32]?
    private var reserved = 0

    /// A batch that streams past: its first matches, and how far it has been worked off.
    private struct ProbeBatch {
        let batch: Batch
        let firstMatches: [Int32]
        var row = 0
        var match: Int32 = -1
        var isInRow = false
        var matched: [Bool]
    }

    /// - Parameter buildsLeft: the left side is gathered; for inner and cross joins only.
    init(
        left: any Operator, right: any Operator, node: JoinNode, leftKeys: [ExpressionEvaluator],
        rightKeys: [ExpressionEvaluator], residual: ExpressionEvaluator?, buildsLeft: Bool,
        context: QueryContext
    ) {
        self.node = node
        self.residual = residual
        self.buildsLeft = buildsLeft
        self.context = context
        probe = buildsLeft ? right : left
        build = buildsLeft ? left : right
        probeKeys = buildsLeft ? rightKeys : leftKeys
        buildKeys = buildsLeft ? leftKeys : rightKeys
        switch node.kind {
        case .semi, .anti: columns = left.columns
        case .inner, .left, .right, .full, .cross: columns = left.columns + right.columns
        }
    }

    func next() throws(QueryError) -> Batch? {
        if table == nil { try gather() }
        while true {
            try context.check()
            if current != nil {
                if let batch = try nextPairs() { return batch }
                continue
            }
            if table?.rowCount == 0 && isOverWithoutMatches { return nil }
            guard let batch = try probe.next() else { return nextUnmatchedBuild() }
            var keys: [Vector] = []
            for key in probeKeys { keys.append(try key.evaluate(batch)) }
            let matches = table?.firstMatches(keys, rowCount: batch.rowCount) ?? []
            current = ProbeBatch(
                batch: batch, firstMatches: matches,
                matched: [Bool](repeating: false, count: tracksMatches ? batch.rowCount : 0))
        }
    }

    /// With nothing gathered there is nothing to give.
    private var isOverWithoutMatches: Bool {
        switch node.kind {
        case .inner, .cross, .right, .semi: true
        case .left, .full, .anti: false
        }
    }

    private var keepsProbe: Bool { node.kind == .left || node.kind == .full }
    private var keepsBuild: Bool { node.kind == .right || node.kind == .full }
    private var isHalf: Bool { node.kind == .semi || node.kind == .anti }
    /// Whether a row of the probe has a partner is known only once its pairs are judged.
    private var tracksMatches: Bool { residual != nil && (keepsProbe || isHalf) }

    private func gather() throws(QueryError) {
        var rows = BatchAccumulator(types: build.columns.map(\.type))
        let keyTypes = (buildsLeft ? node.leftKeys : node.rightKeys).map(\.type)
        var keyRows = BatchAccumulator(types: keyTypes)
        while let batch = try build.next() {
            try context.check()
            rows.append(batch.vectors, rowCount: batch.rowCount)
            var keys: [Vector] = []
            for key in buildKeys { keys.append(try key.evaluate(batch)) }
            keyRows.append(keys, rowCount: batch.rowCount)
            try reserve(rows.byteCount + keyRows.byteCount)
        }
        buildColumns = rows.finish()
        let made = JoinTable(
            columns: buildColumns, keys: keyRows.finish(), keyTypes: keyTypes,
            rowCount: rows.rowCount, nullsMatch: node.nullsMatch)
        try reserve(rows.byteCount + made.byteCount)
        isUnique = made.isUnique
        if keepsBuild { matchedBuild = [Bool](repeating: false, count: rows.rowCount) }
        table = made
    }

    private func reserve(_ byteCount: Int) throws(QueryError) {
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "JOIN")
            reserved = byteCount
        }
    }

    // MARK: - Pairs

    /// The next pairs of the current probe batch; nil where none came of them.
    private func nextPairs() throws(QueryError) -> Batch? {
        guard var work = current else { return nil }
        current = nil
        if isHalf && !tracksMatches {
            let wantsMatch = node.kind == .semi
            let kept = work.firstMatches.indices.filter {
                (work.firstMatches[$0] >= 0) == wantsMatch
            }
            return work.batch.nonEmpty(rows: kept.map { Int32($0) })
        }
        var probeRows: [Int32] = []
        var buildRows: [Int32] = []
        collectPairs(&work, &probeRows, &buildRows)
        if probeRows.isEmpty {
            return tracksMatches ? unmatchedProbe(work) : nil
        }
        defer { current = work }
        if keepsBuild && residual == nil {
            for row in buildRows where row >= 0 { matchedBuild[Int(row)] = true }
        }
        let pairs = joined(work.batch, probeRows, buildRows)
        guard let residual else { return pairs }
        let kept = Selection(whereTrue: try residual.evaluate(pairs))
        if tracksMatches {
            for row in kept.rows { work.matched[Int(probeRows[Int(row)])] = true }
        }
        if keepsBuild {
            for row in kept.rows { matchedBuild[Int(buildRows[Int(row)])] = true }
        }
        if isHalf || kept.isEmpty { return nil }
        return pairs.filtered(by: kept)
    }

    private func collectPairs(
        _ work: inout ProbeBatch, _ probeRows: inout [Int32], _ buildRows: inout [Int32]
    ) {
        guard let table else { return }
        let limit = context.settings.batchRowCount
        let keepsLonely = keepsProbe && residual == nil
        probeRows.reserveCapacity(limit)
        buildRows.reserveCapacity(limit)
        while probeRows.count < limit && work.row < work.firstMatches.count {
            let match = work.isInRow ? work.match : work.firstMatches[work.row]
            if match < 0 {
                if keepsLonely && !work.isInRow {
                    probeRows.append(Int32(truncatingIfNeeded: work.row))
                    buildRows.append(-1)
                }
                work.row += 1
                work.isInRow = false
                continue
            }
            probeRows.append(Int32(truncatingIfNeeded: work.row))
            buildRows.append(match)
            if isUnique {
                work.row += 1
            } else {
                work.match = table.nextMatch(after: match)
                work.isInRow = true
            }
        }
    }

    private func joined(_ batch: Batch, _ probeRows: [Int32], _ buildRows: [Int32]) -> Batch {
        // Every row once: the batch passes through untouched.
        let isWhole =
            probeRows.count == batch.rowCount && probeRows.first == 0
            && Int(probeRows[probeRows.count - 1]) == batch.rowCount - 1 && isUnique
        let probeVectors = isWhole ? batch.vectors : batch.vectors.map { $0.gather(probeRows) }
        let buildVectors = buildColumns.map { $0.gather(buildRows) }
        let extents =
            buildsLeft || tracksMatches || keepsBuild
            ? [] : isWhole ? batch.extents : batch.extents(ofAscending: probeRows)
        return Batch(
            buildsLeft ? buildVectors + probeVectors : probeVectors + buildVectors,
            rowCount: probeRows.count, extents: extents)
    }

    /// Rows of the probe for which no pair passed the condition; or, of a semi join, some did.
    private func unmatchedProbe(_ work: ProbeBatch) -> Batch? {
        let wantsMatch = node.kind == .semi
        let rows = work.matched.indices.filter { work.matched[$0] == wantsMatch }
            .map { Int32($0) }
        if isHalf { return work.batch.nonEmpty(rows: rows) }
        if rows.isEmpty { return nil }
        let nothing = [Int32](repeating: -1, count: rows.count)
        return joined(work.batch, rows, nothing)
    }

    /// The rows of the gathered side that met no partner, at the end.
    private func nextUnmatchedBuild() -> Batch? {
        guard keepsBuild else { return nil }
        var rows =
            unmatchedBuild
            ?? matchedBuild.indices.filter { !matchedBuild[$0] }.map { Int32($0) }
        defer { unmatchedBuild = rows }
        if rows.isEmpty { return nil }
        let part = Array(rows.prefix(context.settings.batchRowCount))
        rows.removeFirst(part.count)
        let empty = probe.columns.map { Vector.nulls($0.type, count: part.count) }
        return Batch(empty + buildColumns.map { $0.gather(part) }, rowCount: part.count)
    }

    deinit { context.release(reserved) }
}

extension Batch {
    fileprivate func nonEmpty(rows: [Int32]) -> Batch? {
        rows.isEmpty ? nil : filtered(by: Selection(rows))
    }

    /// The extents of rows that ascend and may repeat.
    fileprivate func extents(ofAscending rows: [Int32]) -> [Extent] {
        var result: [Extent] = []
        var end = 0
        var next = 0
        for extent in extents {
            end += extent.rowCount
            let start = next
            while next < rows.count && Int(rows[next]) < end { next += 1 }
            if next > start { result.append(Extent(series: extent.series, rowCount: next - start)) }
        }
        return result
    }
}
