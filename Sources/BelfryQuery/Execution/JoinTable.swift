import BelfryCore

/// The rows of one side of a join, found by their keys.
///
/// Rows of equal keys form a list in their order. Without keys every row is in one list: then the
/// join is a nested loop, whose condition is evaluated over whole vectors of pairs.
struct JoinTable {
    private var table: GroupTable
    /// The first row of each group, and the next row of the same group or -1.
    private let first: [Int32]
    private let next: [Int32]
    let columns: [Vector]
    let rowCount: Int
    private let nullsMatch: Bool
    /// No two rows share a key.
    let isUnique: Bool

    init(
        columns: [Vector], keys: [Vector], keyTypes: [DataType], rowCount: Int, nullsMatch: Bool
    ) {
        self.columns = columns
        self.rowCount = rowCount
        self.nullsMatch = nullsMatch
        var table = GroupTable(types: keyTypes)
        let groups = table.group(keys, rowCount: rowCount).perRow(rowCount)
        var first = [Int32](repeating: -1, count: table.count)
        var next = [Int32](repeating: -1, count: rowCount)
        for row in stride(from: rowCount - 1, through: 0, by: -1) {
            let group = Int(groups[row])
            next[row] = first[group]
            first[group] = Int32(truncatingIfNeeded: row)
        }
        isUnique = table.count == rowCount
        self.table = table
        self.first = first
        self.next = next
    }

    var byteCount: Int { table.byteCount + first.count * 4 + next.count * 4 }

    /// The first row that matches each row of the keys, or -1.
    mutating func firstMatches(_ keys: [Vector], rowCount: Int) -> [Int32] {
        let groups = table.find(keys, rowCount: rowCount, nullsMatch: nullsMatch)
            .perRow(rowCount)
        return groups.map { $0 == .max ? -1 : first[Int($0)] }
    }

    /// The next row with the same key, or -1.
    @inline(__always)
    func nextMatch(after row: Int32) -> Int32 { next[Int(row)] }
}
