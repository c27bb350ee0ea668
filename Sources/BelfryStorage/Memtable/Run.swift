package import BelfryCore

/// Rows of one table in a memtable, sorted by series number and time; immutable.
///
/// Invariants:
/// 1. Extents have ascending series numbers and add up to the row count.
/// 2. Within an extent times ascend; rows of equal time stand in the order they were written
///    (the last is the newest).
/// 3. Every row's sequence lies in `sequences`; runs of a memtable have ascending, disjoint ranges.
/// 4. Columns are fields only, by ascending number, each with a value or NULL for every row.
package final class Run: Sendable {
    package let table: UInt32
    package let sequences: ClosedRange<UInt64>
    package let extents: [Extent]
    /// The row at which each extent starts, and at the end the row count.
    package let starts: [Int]
    package let times: [Int64]
    /// The row kind of every row, or one for all.
    package let kinds: RowKinds
    package let columns: [PointBatch.Column]
    /// What it takes in memory, about.
    package let byteCount: Int

    package init(
        table: UInt32, sequences: ClosedRange<UInt64>, extents: [Extent], times: [Int64],
        kinds: RowKinds, columns: [PointBatch.Column], byteCount: Int
    ) {
        self.table = table
        self.sequences = sequences
        self.extents = extents
        self.times = times
        self.kinds = kinds
        self.columns = columns
        self.byteCount = byteCount
        var starts = [0]
        starts.reserveCapacity(extents.count + 1)
        for extent in extents { starts.append(starts[starts.count - 1] + extent.rowCount) }
        self.starts = starts
    }

    package var rowCount: Int { times.count }
}

/// The kinds of many rows: nearly always one kind for all.
package enum RowKinds: Sendable {
    case all(RowKind)
    /// The raw value of each row's kind.
    case each([UInt8])

    package func kind(of row: Int) -> RowKind {
        switch self {
        case .all(let kind): kind
        case .each(let kinds): RowKind(rawValue: kinds[row]) ?? .merge
        }
    }
}
