import BelfryCore

/// An aggregate over the frames of a window.
///
/// Three ways, by what the frames are like: frames that grow from the start of the partition keep
/// one state and take each row once; short frames are written out, many to a call of the state;
/// long ones are put together from the states of whole blocks of rows and what stands at their
/// ends.
struct WindowAggregation {
    let function: AggregateFunction
    /// By position.
    let arguments: [Vector]
    /// Positions that the filter lets pass; nil for all.
    let isPassed: [Bool]?
    let layout: WindowLayout
    let frames: WindowFrames
    let context: QueryContext

    /// Rows written out at once.
    private static let chunkRowCount = 1 << 16
    /// Frames up to this long are written out.
    private static let shortFrameRowCount = 256
    private static let blockRowCount = 256

    func results() throws(QueryError) -> [Vector] {
        if frames.startsWithPartition && frames.exclusion == .none { return try running() }
        var longest = 0
        for position in 0..<layout.count {
            longest = max(longest, Int(frames.ends[position] - frames.starts[position]))
        }
        return longest <= Self.shortFrameRowCount || frames.exclusion != .none
            ? try writtenOut() : try byBlocks()
    }

    private func add(
        _ range: Range<Int>, to state: any AggregateState
    ) throws(QueryError) {
        guard let isPassed else { return try state.add(arguments, rows: range, group: 0) }
        var start = range.lowerBound
        while start < range.upperBound {
            while start < range.upperBound && !isPassed[start] { start += 1 }
            var end = start
            while end < range.upperBound && isPassed[end] { end += 1 }
            if end > start { try state.add(arguments, rows: start..<end, group: 0) }
            start = end
        }
    }

    private func fresh() -> any AggregateState {
        let state = function.makeState()
        state.grow(to: 1)
        return state
    }

    // MARK: - Growing frames

    private func running() throws(QueryError) -> [Vector] {
        var results: [Vector] = []
        var places: [Int32] = []
        places.reserveCapacity(layout.count)
        var state = fresh()
        var taken = 0
        for position in 0..<layout.count {
            let start = Int(layout.partitionStart[position])
            let end = Int(frames.ends[position])
            if position == start || end < taken {
                state = fresh()
                taken = start
            } else if end == taken {
                places.append(Int32(results.count - 1))
                continue
            }
            try add(taken..<end, to: state)
            taken = end
            results.append(try state.finish(0..<1))
            places.append(Int32(results.count - 1))
            if position & 1023 == 0 { try context.check() }
        }
        return [Self.joined(results, function.type).gather(places)]
    }

    /// Vectors of one row as one vector.
    private static func joined(_ parts: [Vector], _ type: DataType) -> Vector {
        var column = ColumnAccumulator(type)
        for part in parts { column.append(part) }
        return column.finish()
    }

    // MARK: - Short frames

    private func writtenOut() throws(QueryError) -> [Vector] {
        var results: [Vector] = []
        var rows: [Int32] = []
        var groups: [UInt32] = []
        var groupCount = 0
        func flush() throws(QueryError) {
            let state = function.makeState()
            state.grow(to: groupCount)
            if !rows.isEmpty {
                try state.add(
                    arguments.map { $0.gather(rows) }, groups: groups)
            }
            results.append(try state.finish(0..<groupCount))
            rows.removeAll(keepingCapacity: true)
            groups.removeAll(keepingCapacity: true)
            groupCount = 0
            try context.check()
        }
        for position in 0..<layout.count {
            for part in frames.parts(position, layout) {
                for row in part where isPassed?[row] ?? true {
                    rows.append(Int32(row))
                    groups.append(UInt32(groupCount))
                }
            }
            groupCount += 1
            if rows.count >= Self.chunkRowCount || groupCount >= Self.chunkRowCount {
                try flush()
            }
        }
        if groupCount > 0 { try flush() }
        return results
    }

    // MARK: - Long frames

    private func byBlocks() throws(QueryError) -> [Vector] {
        let size = Self.blockRowCount
        var blocks: [any AggregateState] = []
        for start in stride(from: 0, to: layout.count, by: size) {
            let block = fresh()
            try add(start..<min(layout.count, start + size), to: block)
            blocks.append(block)
        }
        var results: [Vector] = []
        results.reserveCapacity(layout.count)
        for position in 0..<layout.count {
            let state = fresh()
            let start = Int(frames.starts[position])
            let end = Int(frames.ends[position])
            let firstBlock = (start + size - 1) / size
            let lastBlock = end / size
            if firstBlock < lastBlock {
                try add(start..<(firstBlock * size), to: state)
                for block in firstBlock..<lastBlock { try state.merge(blocks[block], into: [0]) }
                try add((lastBlock * size)..<end, to: state)
            } else if start < end {
                try add(start..<end, to: state)
            }
            results.append(try state.finish(0..<1))
            if position & 255 == 0 { try context.check() }
        }
        return [Self.joined(results, function.type)]
    }
}
