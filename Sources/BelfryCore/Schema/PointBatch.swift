/// What a row does to older rows of its series and time (STORAGE 1.5). The raw value is on disk.
package enum RowKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Its NULLs leave older values.
    case merge = 0
    /// It is the whole row.
    case replace = 1
    /// There is no row.
    case delete = 2
}

/// Points of one table on their way in, column by column, each distinct series key once.
///
/// Rows stand in the order they were given; where two have the same series and time, the later one
/// is the newer. Columns that the batch does not name are NULL in all its rows.
package struct PointBatch: Sendable {
    /// The values of one field column, one a row.
    package struct Column: Sendable {
        package let number: UInt32
        package let values: Vector

        package init(number: UInt32, values: Vector) {
            self.number = number
            self.values = values
        }
    }

    package let table: TableSchema
    package let keys: [SeriesKey]
    /// Which key each row has: an index into `keys`.
    package let keyIndexes: [UInt32]
    /// Nanoseconds since 1970; all zero in a reference table.
    package let times: [Int64]
    package let columns: [Column]

    package init(
        table: TableSchema, keys: [SeriesKey], keyIndexes: [UInt32], times: [Int64],
        columns: [Column]
    ) {
        precondition(keyIndexes.count == times.count, "columns of a batch have equal length")
        self.table = table
        self.keys = keys
        self.keyIndexes = keyIndexes
        self.times = times
        self.columns = columns
    }

    package var rowCount: Int { times.count }
}
