import BelfryCore

/// The rows of a window in the order of its partitions and keys.
///
/// *Positions* count in that order; a partition is a range of positions, and so is a group of
/// peers: rows of a partition with equal order keys.
struct WindowLayout {
    /// The row at each position.
    let rows: [Int32]
    /// The position of each row.
    let positions: [Int32]
    /// Where the partition of a position begins and ends.
    private(set) var partitionStart: [Int32] = []
    private(set) var partitionEnd: [Int32] = []
    /// Where the peers of a position begin and end.
    private(set) var peersStart: [Int32] = []
    private(set) var peersEnd: [Int32] = []
    /// Which group of peers of all, from 0, a position is in, and where each group begins.
    private(set) var group: [Int32] = []
    private(set) var groupStarts: [Int32] = []

    var count: Int { rows.count }

    /// - Parameter keys: those of the partition, then those of the order.
    init(_ keys: SortKeys, partitionKeyCount: Int, keyCount: Int, rowCount: Int) {
        rows = keys.sortedRows()
        var positions = [Int32](repeating: 0, count: rowCount)
        for (position, row) in rows.enumerated() { positions[Int(row)] = Int32(position) }
        self.positions = positions

        let rows = rows
        partitionStart = Self.starts(rows) {
            keys.isSame($0, $1, keyCount: partitionKeyCount)
        }
        partitionEnd = Self.ends(partitionStart)
        peersStart = Self.starts(rows) { keys.isSame($0, $1, keyCount: keyCount) }
        peersEnd = Self.ends(peersStart)
        group.reserveCapacity(rowCount)
        for position in 0..<rowCount {
            if Int(peersStart[position]) == position { groupStarts.append(Int32(position)) }
            group.append(Int32(groupStarts.count - 1))
        }
    }

    /// The bounds of what a position shares with its neighbours.
    private static func starts(_ rows: [Int32], isSame: (Int, Int) -> Bool) -> [Int32] {
        var starts: [Int32] = []
        starts.reserveCapacity(rows.count)
        var start: Int32 = 0
        for position in rows.indices {
            if position > 0 && !isSame(Int(rows[position - 1]), Int(rows[position])) {
                start = Int32(position)
            }
            starts.append(start)
        }
        return starts
    }

    private static func ends(_ starts: [Int32]) -> [Int32] {
        var ends = [Int32](repeating: 0, count: starts.count)
        var end = Int32(starts.count)
        for position in starts.indices.reversed() {
            ends[position] = end
            if Int(starts[position]) == position { end = Int32(position) }
        }
        return ends
    }
}
