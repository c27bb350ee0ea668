import BelfryCore

/// The frame of every position: a range of positions within its partition, and what is left out.
struct WindowFrames {
    /// Empty where the end is not above the start.
    private(set) var starts: [Int32]
    private(set) var ends: [Int32]
    let exclusion: WindowFrameRule.Exclusion
    /// No frame begins behind the start of its partition.
    let startsWithPartition: Bool

    /// - Parameters:
    ///   - edges: evaluates an expression over the rows, in the order of positions.
    ///   - key: the one order key by position, where a RANGE has offsets.
    init(
        _ rule: WindowFrameRule, _ layout: WindowLayout, key: Vector?, isDescending: Bool,
        edges: (BoundExpression) throws(QueryError) -> Vector
    ) throws(QueryError) {
        exclusion = rule.exclusion
        if case .unboundedPreceding = rule.start {
            startsWithPartition = true
        } else {
            startsWithPartition = false
        }
        let maker = Maker(
            rule: rule, layout: layout, key: key, isDescending: isDescending)
        starts = try maker.bounds(rule.start, isStart: true, edges)
        ends = try maker.bounds(rule.end, isStart: false, edges)
        for position in starts.indices {
            starts[position] = max(starts[position], layout.partitionStart[position])
            ends[position] = min(ends[position], layout.partitionEnd[position])
            if ends[position] < starts[position] { ends[position] = starts[position] }
        }
    }

    /// The parts of a position's frame that count, at most three.
    func parts(_ position: Int, _ layout: WindowLayout) -> [Range<Int>] {
        let frame = Int(starts[position])..<Int(ends[position])
        let peers = Int(layout.peersStart[position])..<Int(layout.peersEnd[position])
        switch exclusion {
        case .none: return frame.isEmpty ? [] : [frame]
        case .currentRow: return Self.without(position..<(position + 1), frame)
        case .group: return Self.without(peers, frame)
        case .ties:
            let own = (position..<(position + 1)).clamped(to: frame)
            let rest = Self.without(peers, frame)
            return (rest + (own.isEmpty ? [] : [own])).sorted { $0.lowerBound < $1.lowerBound }
        }
    }

    private static func without(_ hole: Range<Int>, _ frame: Range<Int>) -> [Range<Int>] {
        [
            frame.lowerBound..<max(frame.lowerBound, min(frame.upperBound, hole.lowerBound)),
            min(frame.upperBound, max(frame.lowerBound, hole.upperBound))..<frame.upperBound,
        ].filter { !$0.isEmpty }
    }

    private struct Maker {
        let rule: WindowFrameRule
        let layout: WindowLayout
        let key: Vector?
        let isDescending: Bool

        func bounds(
            _ bound: WindowFrameRule.Bound, isStart: Bool,
            _ edges: (BoundExpression) throws(QueryError) -> Vector
        ) throws(QueryError) -> [Int32] {
            switch (bound, rule.unit) {
            case (.unboundedPreceding, _): return layout.partitionStart
            case (.unboundedFollowing, _): return layout.partitionEnd
            case (.currentRow, .rows):
                return (0..<layout.count).map { Int32($0 + (isStart ? 0 : 1)) }
            case (.currentRow, .range), (.currentRow, .groups):
                return isStart ? layout.peersStart : layout.peersEnd
            case (.preceding(let offset), .rows):
                return rows(-Self.count(offset), isStart: isStart)
            case (.following(let offset), .rows):
                return rows(Self.count(offset), isStart: isStart)
            case (.preceding(let offset), .groups):
                return groups(-Self.count(offset), isStart: isStart)
            case (.following(let offset), .groups):
                return groups(Self.count(offset), isStart: isStart)
            case (.preceding(let edge), .range), (.following(let edge), .range):
                return ranges(try edges(edge), isStart: isStart)
            }
        }

        private static func count(_ offset: BoundExpression) -> Int {
            // Beyond all rows is far enough.
            if case .constant(.integer(let count), _) = offset {
                return Int(min(count, Int64(Int32.max)))
            }
            return 0
        }

        private func rows(_ offset: Int, isStart: Bool) -> [Int32] {
            (0..<layout.count).map { position in
                Int32(clamping: max(-1, position + offset) + (isStart ? 0 : 1))
            }
        }

        private func groups(_ offset: Int, isStart: Bool) -> [Int32] {
            (0..<layout.count).map { position in
                let group = Int(layout.group[position]) + offset + (isStart ? 0 : 1)
                if group < 0 { return 0 }
                return group < layout.groupStarts.count
                    ? layout.groupStarts[group] : Int32(layout.count)
            }
        }

        /// The first position whose key is not before the edge; for an end, the first one behind.
        private func ranges(_ edge: Vector, isStart: Bool) -> [Int32] {
            guard let key,
                let keys = SortKeys.comparableWords(of: key, isDescending: isDescending),
                let edges = SortKeys.comparableWords(of: edge, isDescending: isDescending)
            else { return isStart ? layout.peersStart : layout.peersEnd }
            return (0..<layout.count).map { position in
                // NULLs are each other's peers and near nothing else.
                guard key.isValid(position), edge.isValid(position) else {
                    return isStart ? layout.peersStart[position] : layout.peersEnd[position]
                }
                var low = Int(layout.partitionStart[position])
                var high = Int(layout.partitionEnd[position])
                // NULLs stand at one end of the partition.
                while low < high && !key.isValid(low) {
                    low = Int(layout.peersEnd[low])
                }
                while low < high && !key.isValid(high - 1) {
                    high = Int(layout.peersStart[high - 1])
                }
                let wanted = edges[position]
                while low < high {
                    let middle = (low + high) / 2
                    let isBefore = isStart ? keys[middle] < wanted : keys[middle] <= wanted
                    if isBefore { low = middle + 1 } else { high = middle }
                }
                return Int32(low)
            }
        }
    }
}
