import BelfryCore

/// Rows of an aggregation by keys and bucket, with the group of each.
struct CellRows {
    private(set) var groups: [UInt32] = []
    private(set) var buckets: [Int64] = []
    private(set) var hasBucket: [Bool] = []
    private var accumulator: BatchAccumulator
    private let keyCount: Int

    init(types: [DataType], keyCount: Int) {
        accumulator = BatchAccumulator(types: Array(types.dropFirst(keyCount + 1)))
        self.keyCount = keyCount
    }

    mutating func append(_ batch: Batch, groups added: [UInt32]) {
        groups.append(contentsOf: added)
        let bucket = batch.vectors[keyCount]
        guard case .integers(let values) = bucket.storage else { return }
        buckets.append(contentsOf: values)
        for row in 0..<batch.rowCount { hasBucket.append(bucket.isValid(row)) }
        accumulator.append(
            Array(batch.vectors.dropFirst(keyCount + 1)), rowCount: batch.rowCount)
    }

    /// The aggregates, a vector each.
    func aggregates() -> [Vector] { accumulator.finish() }
}

/// The rows of one series in one group, while they are read.
struct SeriesCollector {
    var series: UInt32?
    var group: UInt32?
    private(set) var times: [Int64] = []
    private var arguments: [ColumnAccumulator]
    private let firstArgument: Int

    init(node: SampleNode, columns: [PlanColumn]) {
        firstArgument = 1 + node.seriesColumnCount + node.keyCount
        arguments = columns.dropFirst(firstArgument).map { ColumnAccumulator($0.type) }
    }

    var rowCount: Int { times.count }

    mutating func append(_ batch: Batch, rows: Range<Int>) {
        guard case .integers(let values) = batch.vectors[0].storage else { return }
        times.append(contentsOf: values[rows])
        for index in arguments.indices {
            arguments[index].append(batch.vectors[firstArgument + index].slice(rows))
        }
    }

    func argument(_ index: Int) -> Vector { arguments[index - firstArgument].finish() }
}

/// What series-aware calls gave: of each measure, a value a bucket for each group.
struct SeriesResults {
    /// By measure, by group: the values of the pinned series.
    private(set) var pinned: [Int: [Int: Vector]] = [:]
    /// By measure: states of the aggregate around the call; cell `group * bucketCount + bucket`.
    private(set) var states: [Int: any AggregateState] = [:]
    /// By group: which buckets have a row of evidence within the range.
    private(set) var hasRow: [Int: [Bool]] = [:]
    /// Groups that evidence reaches into the range.
    private(set) var groups = Set<Int>()
    private let bucketCount: Int

    init(node: SampleNode, bucketCount: Int) {
        self.bucketCount = bucketCount
        for (place, measure) in node.measures.enumerated() {
            if case .series(let call) = measure.source, let outer = call.outer {
                states[place] = outer.function.makeState()
            }
        }
    }

    mutating func markRows(_ times: [Int64], group: Int, _ buckets: SampleBuckets) {
        var marks = hasRow[group] ?? [Bool](repeating: false, count: bucketCount)
        var bucket = 0
        var isAny = false
        for time in times where buckets.range.contains(time) {
            if time < buckets.edges[bucket] || time >= buckets.edges[bucket + 1] {
                bucket = buckets.bucket(of: time)
            }
            marks[bucket] = true
            isAny = true
        }
        if isAny {
            hasRow[group] = marks
            groups.insert(group)
        }
    }

    mutating func add(
        _ values: Vector, measure: Int, group: Int, call: SampleNode.SeriesCall,
        environment: EvaluationEnvironment
    ) throws(QueryError) {
        groups.insert(group)
        guard let outer = call.outer, let state = states[measure] else {
            pinned[measure, default: [:]][group] = values
            return
        }
        let batch = Batch([values], rowCount: bucketCount)
        var arguments: [Vector] = []
        for argument in outer.arguments {
            arguments.append(
                try ExpressionEvaluator(argument, environment: environment).evaluate(batch))
        }
        state.grow(to: (group + 1) * bucketCount)
        let first = UInt32(group * bucketCount)
        try state.add(arguments, groups: (0..<UInt32(bucketCount)).map { first + $0 })
    }

    /// The values of one group's buckets; nil where it has none.
    func values(measure: Int, group: Int) throws(QueryError) -> Vector? {
        if let state = states[measure] {
            state.grow(to: (group + 1) * bucketCount)
            return try state.finish((group * bucketCount)..<((group + 1) * bucketCount))
        }
        return pinned[measure]?[group]
    }
}

/// Which groups show on the grid, in order of appearance.
struct GroupPresence {
    let groups: [Int]

    init(cells: CellRows, series: SeriesResults, count: Int, isKeyless: Bool) {
        if isKeyless {
            groups = count > 0 ? [0] : []
            return
        }
        var isPresent = [Bool](repeating: false, count: count)
        for group in cells.groups { isPresent[Int(group)] = true }
        for group in series.groups { isPresent[group] = true }
        groups = isPresent.indices.filter { isPresent[$0] }
    }
}

/// Puts cells and series on the grid and fills the holes.
struct SampleAssembly {
    let node: SampleNode
    let grid: SampleBuckets
    let presence: GroupPresence
    let cells: CellRows
    let donors: [CellRows]
    let series: SeriesResults

    func output(groups: GroupTable) throws(QueryError) -> SampleOutput {
        let bucketCount = grid.count
        let place = placeOfGroup(groups.count)
        var rowOfCell = [Int32](repeating: -1, count: presence.groups.count * bucketCount)
        for row in cells.groups.indices where cells.hasBucket[row] {
            guard let bucket = bucketIndex(cells.buckets[row]) else { continue }
            rowOfCell[place[Int(cells.groups[row])] * bucketCount + bucket] = Int32(row)
        }
        var filled = rowOfCell.map { $0 < 0 }
        for (index, group) in presence.groups.enumerated() {
            guard let marks = series.hasRow[group] else { continue }
            for bucket in 0..<bucketCount where marks[bucket] {
                filled[index * bucketCount + bucket] = false
            }
        }
        let aggregates = cells.aggregates()
        let donorAggregates = donors.map { $0.aggregates() }
        var measures: [Vector] = []
        for (index, measure) in node.measures.enumerated() {
            var values = try raw(
                measure, index: index, aggregates: aggregates, rowOfCell: rowOfCell)
            values = try fill(
                values, measure, place: place, donorAggregates: donorAggregates)
            measures.append(values)
        }
        return SampleOutput(
            node: node, groups: groups, buckets: grid, presence: presence, measures: measures,
            filled: filled)
    }

    private func placeOfGroup(_ count: Int) -> [Int] {
        var place = [Int](repeating: -1, count: count)
        for (index, group) in presence.groups.enumerated() { place[group] = index }
        return place
    }

    private func bucketIndex(_ start: Int64) -> Int? {
        if grid.count == 1 && node.grid == nil { return 0 }
        let bucket = grid.bucket(of: start)
        return grid.edges[bucket] == start ? bucket : nil
    }

    /// The values of a measure before filling, cell by cell.
    private func raw(
        _ measure: SampleNode.Measure, index: Int, aggregates: [Vector], rowOfCell: [Int32]
    ) throws(QueryError) -> Vector {
        switch measure.source {
        case .cell(let aggregate):
            var values = aggregates[aggregate].gather(rowOfCell)
            if !measure.empty.isNull { values = replacing(values, rowOfCell, measure.empty) }
            return values
        case .series:
            var builder = ColumnAccumulator(measure.type == .double ? .double : measure.type)
            for group in presence.groups {
                let values = try series.values(measure: index, group: group)
                builder.append(
                    values ?? Vector.constant(measure.empty, measure.type, count: grid.count))
            }
            return builder.finish()
        }
    }

    /// What an aggregate is over no rows, where there were none.
    private func replacing(_ values: Vector, _ rowOfCell: [Int32], _ empty: Value) -> Vector {
        var builder = VectorBuilder(values.type, capacity: values.count)
        for cell in rowOfCell.indices {
            builder.append(rowOfCell[cell] < 0 ? empty : values.value(cell))
        }
        return builder.finish()
    }

    // MARK: - Fills

    /// A value outside the grid that may be carried or interpolated into it.
    private struct Donor {
        var start: Int64
        var end: Int64
        var value: Value
    }

    private func fill(
        _ values: Vector, _ measure: SampleNode.Measure, place: [Int],
        donorAggregates: [[Vector]]
    ) throws(QueryError) -> Vector {
        switch measure.fill.method {
        case .none, .null: return values
        case .value(let value):
            if values.validity.isAll || value.isNull { return values }
            var builder = VectorBuilder(values.type, capacity: values.count)
            for cell in 0..<values.count {
                builder.append(values.isValid(cell) ? values.value(cell) : value)
            }
            return builder.finish()
        case .previous, .next, .linear:
            let donors = donors(of: measure, place: place, donorAggregates: donorAggregates)
            if case .linear = measure.fill.method { return linear(values, measure, donors) }
            return carried(values, measure, donors)
        }
    }

    private typealias Donors = (before: [Donor?], after: [Donor?])

    /// The nearest donor with a value on either side of the grid, by group.
    private func donors(
        of measure: SampleNode.Measure, place: [Int], donorAggregates: [[Vector]]
    ) -> Donors {
        var before = [Donor?](repeating: nil, count: presence.groups.count)
        var after = before
        guard case .cell(let aggregate) = measure.source, let grid = node.grid else {
            return (before, after)
        }
        for (part, rows) in donors.enumerated() {
            let values = donorAggregates[part][aggregate]
            for row in rows.groups.indices where rows.hasBucket[row] && values.isValid(row) {
                let group = place[Int(rows.groups[row])]
                guard group >= 0 else { continue }
                let start = rows.buckets[row]
                let end = grid.end(of: Timestamp(nanoseconds: start)).nanoseconds
                let donor = Donor(start: start, end: end, value: values.value(row))
                if start < self.grid.edges[0] {
                    if before[group].map({ $0.start < start }) ?? true { before[group] = donor }
                } else if start >= self.grid.edges[self.grid.edges.count - 1] {
                    if after[group].map({ $0.start > start }) ?? true { after[group] = donor }
                }
            }
        }
        return (before, after)
    }

    /// PREV and NEXT: the nearest value on one side, as far as it reaches between facing edges.
    private func carried(_ values: Vector, _ measure: SampleNode.Measure, _ donors: Donors)
        -> Vector
    {
        let isPrevious = if case .previous = measure.fill.method { true } else { false }
        let count = grid.count
        var builder = VectorBuilder(values.type, capacity: values.count)
        for group in presence.groups.indices {
            var cells = [Value](repeating: .null, count: count)
            var donor = isPrevious ? donors.before[group] : donors.after[group]
            let order = isPrevious ? Array(0..<count) : Array((0..<count).reversed())
            for bucket in order {
                let start = grid.edges[bucket]
                let end = grid.edges[bucket + 1]
                let value = values.value(group * count + bucket)
                if !value.isNull {
                    donor = Donor(start: start, end: end, value: value)
                    cells[bucket] = value
                    continue
                }
                guard let donor else { continue }
                // Nothing is carried past what is known.
                if isPrevious && start > node.speakLimit.nanoseconds { continue }
                let distance = isPrevious ? start - donor.end : donor.start - end
                if let tolerance = measure.fill.tolerance, distance > tolerance { continue }
                cells[bucket] = donor.value
            }
            for value in cells { builder.append(value) }
        }
        return builder.finish()
    }

    /// LINEAR: on the line between bucket starts; needs both donors.
    private func linear(_ values: Vector, _ measure: SampleNode.Measure, _ donors: Donors)
        -> Vector
    {
        let count = grid.count
        func number(_ value: Value) -> Double? {
            switch value {
            case .double(let number): number
            case .integer(let number): Double(number)
            default: nil
            }
        }
        var results = [Double](repeating: 0, count: values.count)
        var isValid = [Bool](repeating: false, count: values.count)
        for group in presence.groups.indices {
            var before = donors.before[group]
            var holes: [Int] = []
            func bridge(to after: Donor) {
                defer { holes = [] }
                guard let before, !holes.isEmpty, let low = number(before.value),
                    let high = number(after.value)
                else { return }
                if let tolerance = measure.fill.tolerance, after.start - before.end > tolerance {
                    return
                }
                let span = Double(after.start - before.start)
                for bucket in holes {
                    let share = Double(grid.edges[bucket] - before.start) / span
                    results[group * count + bucket] = low + (high - low) * share
                    isValid[group * count + bucket] = true
                }
            }
            for bucket in 0..<count {
                let cell = group * count + bucket
                guard let value = number(values.value(cell)) else {
                    holes.append(bucket)
                    continue
                }
                let here = Donor(
                    start: grid.edges[bucket], end: grid.edges[bucket + 1], value: .double(value))
                bridge(to: here)
                results[cell] = value
                isValid[cell] = true
                before = here
            }
            if let after = donors.after[group] { bridge(to: after) }
        }
        return Vector(doubles: results, validity: Validity(isValid))
    }
}

/// The finished grid, handed out batch by batch: by group, then by bucket.
struct SampleOutput {
    let node: SampleNode
    let groups: GroupTable
    let buckets: SampleBuckets?
    var presence: GroupPresence?
    let measures: [Vector]
    let filled: [Bool]
    private var nextCell = 0

    init(
        node: SampleNode, groups: GroupTable, buckets: SampleBuckets?,
        presence: GroupPresence? = nil, measures: [Vector], filled: [Bool]
    ) {
        self.node = node
        self.groups = groups
        self.buckets = buckets
        self.presence = presence
        self.measures = measures
        self.filled = filled
    }

    mutating func next(batchRowCount: Int) -> Batch? {
        guard let buckets, let presence, nextCell < filled.count else { return nil }
        let cells = nextCell..<min(filled.count, nextCell + batchRowCount)
        nextCell = cells.upperBound
        var groupRows: [Int32] = []
        var starts: [Int64] = []
        var ends: [Int64] = []
        groupRows.reserveCapacity(cells.count)
        for cell in cells {
            let bucket = cell % buckets.count
            groupRows.append(Int32(presence.groups[cell / buckets.count]))
            starts.append(buckets.edges[bucket])
            ends.append(buckets.edges[bucket + 1])
        }
        var vectors: [Vector] = []
        if let first = groupRows.min(), let last = groupRows.max(), node.keyCount > 0 {
            let keys = groups.keys(Int(first)..<Int(last) + 1)
            let rows = groupRows.map { $0 - first }
            vectors = keys.map { $0.gather(rows) }
        }
        vectors.append(Vector(integers: starts, type: .timestamptz))
        vectors.append(Vector(integers: ends, type: .timestamptz))
        vectors.append(Vector(booleans: Array(filled[cells])))
        vectors += measures.map { $0.slice(cells) }
        return Batch(vectors, rowCount: cells.count)
    }
}
