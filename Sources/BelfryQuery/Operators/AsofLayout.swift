import BelfryCore

/// The right side of an as-of join, laid out by (key, time); of one time the last row comes last.
///
/// Invariants: rows of group `g` are `starts[g] ..< starts[g + 1]`, their times ascend.
struct AsofLayout {
    private var groups: GroupTable
    private let starts: [Int32]
    private let times: [Int64]
    private let vectors: [Vector]
    /// By column, where it has NULLs and they are asked to be skipped.
    private var nearestValues: [Int: NearestValues] = [:]

    /// Gathers batches, then lays them out.
    struct Builder {
        private var groups: GroupTable
        private var rows: BatchAccumulator
        private var groupOfRow: [UInt32] = []
        private let types: [DataType]
        private let timeIndex: Int
        private let tieIndexes: [Int]

        init(columns: [PlanColumn], keyTypes: [DataType], timeIndex: Int, tieIndexes: [Int]) {
            groups = GroupTable(types: keyTypes)
            types = columns.map(\.type)
            rows = BatchAccumulator(types: types)
            self.timeIndex = timeIndex
            self.tieIndexes = tieIndexes
        }

        var byteCount: Int { rows.byteCount + groupOfRow.count * 4 + groups.byteCount }

        mutating func append(_ batch: Batch, keys: [Vector]) {
            let runs = groups.group(keys, rowCount: batch.rowCount)
            rows.append(batch.vectors, rowCount: batch.rowCount)
            var row: Int32 = 0
            for run in 0..<runs.count {
                let group = runs.groups[run]
                while row < runs.ends[run] {
                    groupOfRow.append(group)
                    row += 1
                }
            }
        }

        func finish() -> AsofLayout {
            var vectors = rows.finish()
            guard case .integers(var times) = vectors[timeIndex].storage else {
                return AsofLayout(groups: groups, starts: [0], times: [], vectors: vectors)
            }
            if !isLaidOut(times) {
                let order = order(times, vectors: vectors)
                vectors = vectors.map { $0.gather(order) }
                times = order.map { times[Int($0)] }
            }
            var starts = [Int32](repeating: 0, count: groups.count + 1)
            for group in groupOfRow { starts[Int(group) + 1] += 1 }
            for group in 0..<groups.count { starts[group + 1] += starts[group] }
            return AsofLayout(groups: groups, starts: starts, times: times, vectors: vectors)
        }

        /// Whether rows came by (group, time) already.
        private func isLaidOut(_ times: [Int64]) -> Bool {
            var row = 1
            while row < times.count {
                if groupOfRow[row] < groupOfRow[row - 1] { return false }
                if groupOfRow[row] == groupOfRow[row - 1] {
                    if times[row] < times[row - 1] { return false }
                    if times[row] == times[row - 1] && !tieIndexes.isEmpty { return false }
                }
                row += 1
            }
            return true
        }

        /// A stable order by group, time, and the tags that decide between series.
        private func order(_ times: [Int64], vectors: [Vector]) -> [Int32] {
            let ties = tieIndexes.map { TextKeys(vectors[$0]) }
            var order = (0..<Int32(times.count)).map { $0 }
            order.sort { first, second in
                let a = Int(first)
                let b = Int(second)
                if groupOfRow[a] != groupOfRow[b] { return groupOfRow[a] < groupOfRow[b] }
                if times[a] != times[b] { return times[a] < times[b] }
                for tie in ties {
                    let comparison = tie.compare(a, b)
                    if comparison != 0 { return comparison < 0 }
                }
                return a < b
            }
            return order
        }
    }

    private init(groups: GroupTable, starts: [Int32], times: [Int64], vectors: [Vector]) {
        self.groups = groups
        self.starts = starts
        self.times = times
        self.vectors = vectors
    }

    // MARK: - Matching

    mutating func match(
        _ keys: [Vector], times instants: [Int64], validity: Validity, node: AsofJoinNode,
        into matches: inout AsofMatches
    ) {
        let runs = groups.find(keys, rowCount: instants.count, nullsMatch: false)
        var row = 0
        for run in 0..<runs.count {
            let end = Int(runs.ends[run])
            let group = runs.groups[run]
            if group == .max {
                row = end
                continue
            }
            let rows = Int(starts[Int(group)])..<Int(starts[Int(group) + 1])
            var place = rows.lowerBound
            var previous = Int64.min
            while row < end {
                let instant = instants[row]
                if validity.isValid(row) && instant != .max && instant != .min {
                    // `place` is the first right row after the instant (at or after, if strict).
                    place =
                        instant >= previous
                        ? advance(from: place, in: rows, to: instant, node: node)
                        : advance(from: rows.lowerBound, in: rows, to: instant, node: node)
                    previous = instant
                    choose(row, instant, place: place, rows: rows, node: node, into: &matches)
                    matches.firsts[row] = Int32(truncatingIfNeeded: rows.lowerBound)
                    matches.ends[row] = Int32(truncatingIfNeeded: rows.upperBound)
                }
                row += 1
            }
        }
    }

    /// The first row from `place` on that is not before the instant; by galloping, then halving.
    @inline(__always)
    private func advance(
        from place: Int, in rows: Range<Int>, to instant: Int64, node: AsofJoinNode
    ) -> Int {
        let includesEqual = !(node.direction == .backward && node.isStrict)
        @inline(__always) func isBefore(_ row: Int) -> Bool {
            includesEqual ? times[row] <= instant : times[row] < instant
        }
        var low = place
        var step = 1
        while low + step <= rows.upperBound && isBefore(low + step - 1) {
            low += step
            step *= 2
        }
        var high = min(low + step - 1, rows.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    private func isWithin(_ distance: (partialValue: Int64, overflow: Bool), _ tolerance: Int64?)
        -> Bool
    {
        guard let tolerance else { return true }
        return !distance.overflow && distance.partialValue <= tolerance
    }

    @inline(__always)
    private func choose(
        _ row: Int, _ instant: Int64, place: Int, rows: Range<Int>, node: AsofJoinNode,
        into matches: inout AsofMatches
    ) {
        var before = place - 1
        if node.direction == .nearest && node.isStrict {
            while before >= rows.lowerBound && times[before] == instant { before -= 1 }
        }
        let hasBefore =
            before >= rows.lowerBound
            && isWithin(instant.subtractingReportingOverflow(times[before]), node.tolerance)
        switch node.direction {
        case .backward:
            if hasBefore { matches.rows[row] = Int32(truncatingIfNeeded: before) }
        case .forward:
            let after = forward(instant, place: place, rows: rows, isStrict: node.isStrict)
            if let after,
                isWithin(times[after].subtractingReportingOverflow(instant), node.tolerance)
            {
                matches.rows[row] = Int32(truncatingIfNeeded: after)
            }
        case .nearest:
            let after = forward(instant, place: place, rows: rows, isStrict: node.isStrict)
            let hasAfter =
                after.map {
                    isWithin(times[$0].subtractingReportingOverflow(instant), node.tolerance)
                } ?? false
            if hasBefore, hasAfter, let after {
                let isEarlierNearer =
                    Int128(instant) - Int128(times[before]) <= Int128(times[after])
                    - Int128(instant)
                matches.rows[row] = Int32(truncatingIfNeeded: isEarlierNearer ? before : after)
            } else if hasBefore {
                matches.rows[row] = Int32(truncatingIfNeeded: before)
            } else if hasAfter, let after {
                matches.rows[row] = Int32(truncatingIfNeeded: after)
            }
        case .linear:
            if hasBefore {
                matches.rows[row] = Int32(truncatingIfNeeded: before)
                matches.isExact[row] = times[before] == instant && !node.isStrict
            }
            if let after = forward(instant, place: place, rows: rows, isStrict: true) {
                // Two samples may be as far apart as the tolerance for a line between them.
                let isBridged =
                    before >= rows.lowerBound
                    && isWithin(
                        times[after].subtractingReportingOverflow(times[before]), node.tolerance)
                if isBridged { matches.later[row] = Int32(truncatingIfNeeded: after) }
            }
        }
    }

    /// The last row of the earliest time at or after the instant (after it, if strict).
    @inline(__always)
    private func forward(_ instant: Int64, place: Int, rows: Range<Int>, isStrict: Bool) -> Int? {
        // `place` is the first row after the instant; rows at it stand just before.
        if !isStrict && place > rows.lowerBound && times[place - 1] == instant { return place - 1 }
        guard place < rows.upperBound else { return nil }
        var last = place
        while last + 1 < rows.upperBound && times[last + 1] == times[place] { last += 1 }
        return last
    }

    // MARK: - Output

    mutating func vectors(
        _ matches: AsofMatches, node: AsofJoinNode, instants: [Int64], columns: [PlanColumn]
    ) -> [Vector] {
        var result: [Vector] = []
        result.reserveCapacity(vectors.count)
        for index in vectors.indices {
            if node.direction == .linear {
                result.append(
                    linear(index, matches, instants: instants, node: node, columns: columns))
            } else if node.ignoresNulls && index != node.rightTimeIndex
                && !vectors[index].validity.isAll
            {
                result.append(
                    vectors[index].gather(
                        nearestRows(index, matches, instants: instants, node: node)))
            } else {
                result.append(vectors[index].gather(matches.rows))
            }
        }
        return result
    }

    private func linear(
        _ index: Int, _ matches: AsofMatches, instants: [Int64], node: AsofJoinNode,
        columns: [PlanColumn]
    ) -> Vector {
        if index == node.rightTimeIndex {
            return Vector(
                columns[index].type, .integers(instants),
                validity: Validity(
                    matches.rows.indices.map {
                        matches.isExact[$0] || (matches.rows[$0] >= 0 && matches.later[$0] >= 0)
                    }))
        }
        let isCounter = columns[index].kind == .counter
        guard case .doubles(let values) = vectors[index].storage,
            isCounter || columns[index].kind == .gauge
        else { return vectors[index].gather(matches.rows) }
        let validity = vectors[index].validity
        var result = [Double](repeating: 0, count: instants.count)
        var valid = ValidityBuilder(capacity: instants.count)
        for row in instants.indices {
            let before = Int(matches.rows[row])
            let after = Int(matches.later[row])
            if before >= 0 && matches.isExact[row] {
                result[row] = values[before]
                valid.append(validity.isValid(before))
                continue
            }
            guard before >= 0, after >= 0, validity.isValid(before), validity.isValid(after),
                !(isCounter && values[after] < values[before])
            else {
                valid.append(false)
                continue
            }
            let span = Double(times[after]) - Double(times[before])
            let share = Double(instants[row] - times[before]) / span
            result[row] = values[before] + (values[after] - values[before]) * share
            valid.append(true)
        }
        return Vector(doubles: result, validity: valid.finish())
    }

    /// Each column on its own among its values.
    private mutating func nearestRows(
        _ index: Int, _ matches: AsofMatches, instants: [Int64], node: AsofJoinNode
    ) -> [Int32] {
        let nearest =
            nearestValues[index] ?? NearestValues(vectors[index].validity, count: times.count)
        nearestValues[index] = nearest
        var rows = [Int32](repeating: -1, count: instants.count)
        for row in instants.indices where matches.ends[row] > matches.firsts[row] {
            let range = Int(matches.firsts[row])..<Int(matches.ends[row])
            let instant = instants[row]
            let place = advance(from: range.lowerBound, in: range, to: instant, node: node)
            var before = place > range.lowerBound ? Int(nearest.before[place - 1]) : -1
            if node.isStrict && node.direction == .nearest {
                while before >= range.lowerBound && times[before] == instant {
                    before = before > 0 ? Int(nearest.before[before - 1]) : -1
                }
            }
            var first = place
            if !node.isStrict {
                while first > range.lowerBound && times[first - 1] == instant { first -= 1 }
            }
            var after = first < range.upperBound ? Int(nearest.after[first]) : times.count
            // Of several rows at that time the last one that has a value.
            if after < range.upperBound {
                var probe = after + 1
                while probe < range.upperBound && times[probe] == times[after] {
                    if nearest.before[probe] == Int32(truncatingIfNeeded: probe) { after = probe }
                    probe += 1
                }
            }
            let hasBefore =
                before >= range.lowerBound
                && isWithin(instant.subtractingReportingOverflow(times[before]), node.tolerance)
            let hasAfter =
                after < range.upperBound
                && isWithin(times[after].subtractingReportingOverflow(instant), node.tolerance)
            switch node.direction {
            case .backward, .linear: if hasBefore { rows[row] = Int32(before) }
            case .forward: if hasAfter { rows[row] = Int32(after) }
            case .nearest:
                let isEarlier =
                    hasBefore
                    && (!hasAfter
                        || Int128(instant) - Int128(times[before]) <= Int128(times[after])
                            - Int128(instant))
                if isEarlier {
                    rows[row] = Int32(before)
                } else if hasAfter {
                    rows[row] = Int32(after)
                }
            }
        }
        return rows
    }
}

/// For each row, the nearest row at or before and at or after it that has a value.
private struct NearestValues {
    /// -1 for none.
    var before: [Int32]
    /// The row count for none.
    var after: [Int32]

    init(_ validity: Validity, count: Int) {
        before = [Int32](repeating: -1, count: count)
        after = [Int32](repeating: Int32(count), count: count)
        var last: Int32 = -1
        for row in 0..<count {
            if validity.isValid(row) { last = Int32(row) }
            before[row] = last
        }
        last = Int32(count)
        for row in stride(from: count - 1, through: 0, by: -1) {
            if validity.isValid(row) { last = Int32(row) }
            after[row] = last
        }
    }
}

/// Texts of a column compared by their bytes; NULL is below all.
struct TextKeys {
    private let texts: TextStorage
    private let codes: [UInt32]?
    private let validity: Validity

    init(_ vector: Vector) {
        validity = vector.validity
        switch vector.storage {
        case .dictionary(let storage):
            texts = storage.dictionary.texts
            codes = storage.codes
        case .texts(let storage):
            texts = storage
            codes = nil
        case .booleans, .integers, .doubles, .intervals:
            texts = TextStorage()
            codes = nil
        }
    }

    func compare(_ first: Int, _ second: Int) -> Int {
        let hasFirst = validity.isValid(first)
        let hasSecond = validity.isValid(second)
        guard hasFirst && hasSecond else {
            return (hasFirst ? 1 : 0) - (hasSecond ? 1 : 0)
        }
        if texts.count == 0 { return 0 }
        let a = codes.map { Int($0[first]) } ?? first
        let b = codes.map { Int($0[second]) } ?? second
        if a == b { return 0 }
        if texts[a].lexicographicallyPrecedes(texts[b]) { return -1 }
        return texts[b].lexicographicallyPrecedes(texts[a]) ? 1 : 0
    }
}
