import BelfryCore

/// Cells on a grid: every bucket of the range for every group, with series-aware calls computed
/// and holes filled (LANGUAGE D2, D3).
///
/// 1. Cells (ordinary aggregates by key and bucket) are read; so are donors.
/// 2. The grid is laid: its ends from the range, else from the rows.
/// 3. Evidence is read one series at a time, and each call gives a value a bucket.
/// 4. Measures are filled group by group, and rows come out by group and bucket.
///
/// Memory: the grid, at most `max_grid_cells` cells, and one series of evidence.
final class SampleOperator: Operator {
    let columns: [PlanColumn]
    private let node: SampleNode
    private let context: QueryContext
    private let environment: EvaluationEnvironment
    private let cells: any Operator
    private let donors: [any Operator]
    private let evidence: (any Operator)?
    private let bounds: (any Operator)?
    private var groups: GroupTable
    private var output: SampleOutput?

    init(
        _ node: SampleNode, cells: any Operator, donors: [any Operator],
        evidence: (any Operator)?, bounds: (any Operator)?, context: QueryContext,
        environment: EvaluationEnvironment
    ) {
        self.node = node
        self.context = context
        self.environment = environment
        self.cells = cells
        self.donors = donors
        self.evidence = evidence
        self.bounds = bounds
        columns = node.columns
        groups = GroupTable(types: node.columns.prefix(node.keyCount).map(\.type))
    }

    func next() throws(QueryError) -> Batch? {
        if output == nil { output = try prepare() }
        try context.check()
        return output?.next(batchRowCount: context.settings.batchRowCount)
    }

    private func prepare() throws(QueryError) -> SampleOutput {
        let cellRows = try read(cells)
        var donorRows: [CellRows] = []
        for donor in donors { donorRows.append(try read(donor)) }
        guard let buckets = try lay(cellRows) else {
            return SampleOutput(node: node, groups: groups, buckets: nil, measures: [], filled: [])
        }
        if node.keyCount == 0 && node.start != nil && node.end != nil {
            _ = groups.group([], rowCount: 1)
        }
        let series = try computeSeries(buckets)
        // Groups with a row in the range, or that evidence reaches into it.
        let presence = GroupPresence(
            cells: cellRows, series: series, count: groups.count, isKeyless: node.keyCount == 0)
        let cellCount = presence.groups.count * buckets.count
        if cellCount > context.settings.maxGridCells {
            throw QueryError(
                "54000",
                "the grid has \(cellCount) cells (\(presence.groups.count) groups of "
                    + "\(buckets.count) buckets), more than max_grid_cells "
                    + "(\(context.settings.maxGridCells))",
                hint: "take a shorter range or wider buckets, or SET max_grid_cells")
        }
        try context.reserve(cellCount * (node.measures.count + 1) * 9, for: "SAMPLE BY")
        return try SampleAssembly(
            node: node, grid: buckets, presence: presence, cells: cellRows, donors: donorRows,
            series: series
        ).output(groups: groups)
    }

    // MARK: - Cells

    private func read(_ input: any Operator) throws(QueryError) -> CellRows {
        var rows = CellRows(types: input.columns.map(\.type), keyCount: node.keyCount)
        while let batch = try input.next() {
            try context.check()
            let runs = groups.group(
                Array(batch.vectors.prefix(node.keyCount)), rowCount: batch.rowCount)
            rows.append(batch, groups: runs.perRow(batch.rowCount))
        }
        return rows
    }

    /// The grid; nil where there is none, for want of rows and of a range.
    private func lay(_ cells: CellRows) throws(QueryError) -> SampleBuckets? {
        var start = node.start?.nanoseconds
        var end = node.end?.nanoseconds
        if start == nil || end == nil, let bounds {
            var first: Int64?
            var last: Int64?
            while let batch = try bounds.next() {
                for row in 0..<batch.rowCount {
                    if case .timestamptz(let time) = batch.vectors[0].value(row) {
                        first = min(first ?? time.nanoseconds, time.nanoseconds)
                    }
                    if case .timestamptz(let time) = batch.vectors[1].value(row) {
                        last = max(last ?? time.nanoseconds, time.nanoseconds)
                    }
                }
            }
            guard let first, let last else { return nil }
            start = start ?? first
            // The last row is inside.
            end = end ?? (last == .max ? last : last + 1)
        }
        guard let start, let end, start < end, start != .min, end != .max else { return nil }
        let limit = min(end, node.speakLimit.nanoseconds)
        guard let grid = node.grid else {
            return SampleBuckets(edges: [start, end], range: start..<end, speakLimit: limit)
        }
        var edges = [grid.start(of: Timestamp(nanoseconds: start)).nanoseconds]
        while let last = edges.last, last < end {
            if edges.count > context.settings.maxGridCells {
                throw QueryError(
                    "54000",
                    "the grid has more than max_grid_cells "
                        + "(\(context.settings.maxGridCells)) buckets",
                    hint: "take a shorter range or wider buckets, or SET max_grid_cells")
            }
            let next = grid.end(of: Timestamp(nanoseconds: last)).nanoseconds
            guard next > last, next != .max else { break }
            edges.append(next)
        }
        guard edges.count > 1 else { return nil }
        return SampleBuckets(edges: edges, range: start..<end, speakLimit: limit)
    }

    // MARK: - Series-aware calls

    private func computeSeries(_ buckets: SampleBuckets) throws(QueryError) -> SeriesResults {
        var results = SeriesResults(node: node, bucketCount: buckets.count)
        guard let evidence else { return results }
        var series = GroupTable(
            types: evidence.columns.dropFirst().prefix(node.seriesColumnCount).map(\.type))
        var current = SeriesCollector(node: node, columns: evidence.columns)
        while let batch = try evidence.next() {
            try context.check()
            let seriesVectors = Array(batch.vectors[1..<(1 + node.seriesColumnCount)])
            let keyVectors = Array(
                batch.vectors[
                    (1 + node.seriesColumnCount)..<(1 + node.seriesColumnCount + node.keyCount)])
            let seriesRuns = series.group(seriesVectors, rowCount: batch.rowCount)
                .perRow(batch.rowCount)
            let groupRuns = groups.group(keyVectors, rowCount: batch.rowCount)
                .perRow(batch.rowCount)
            var row = 0
            while row < batch.rowCount {
                var end = row + 1
                while end < batch.rowCount && seriesRuns[end] == seriesRuns[row]
                    && groupRuns[end] == groupRuns[row]
                {
                    end += 1
                }
                // A series that changes group starts afresh in the new one.
                if current.series != seriesRuns[row] || current.group != groupRuns[row] {
                    try finish(current, buckets, into: &results)
                    current = SeriesCollector(node: node, columns: evidence.columns)
                    current.series = seriesRuns[row]
                    current.group = groupRuns[row]
                }
                current.append(batch, rows: row..<end)
                row = end
            }
        }
        try finish(current, buckets, into: &results)
        return results
    }

    private func finish(
        _ collector: SeriesCollector, _ buckets: SampleBuckets, into results: inout SeriesResults
    ) throws(QueryError) {
        guard let group = collector.group, collector.rowCount > 0 else { return }
        let times = collector.times
        results.markRows(times, group: Int(group), buckets)
        for (place, measure) in node.measures.enumerated() {
            guard case .series(let call) = measure.source else { continue }
            let argument = collector.argument(call.argumentIndex)
            let samples = SeriesSamples(times: times, argument: argument)
            guard SeriesAware.speaks(samples, call: call, buckets) else { continue }
            let values = try SeriesAware.evaluate(call, samples, argument: argument, buckets)
            try results.add(
                values, measure: place, group: Int(group), call: call, environment: environment)
        }
    }
}
