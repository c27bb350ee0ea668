package import BelfryCore

/// What a query wants of one table: the whole conversation between query and storage.
package struct ScanRequest: Sendable {
    package enum Order: Sendable, Hashable {
        /// Each series through all partitions, series by ascending number, times ascending:
        /// for streaming aggregates, as-of joins and LATEST.
        case series
        /// Any order of batches; within a batch rows still stand by extents.
        case any
    }

    /// A test of one column against a constant that storage may use to skip vectors and rows; rows
    /// that fail it never come up. NULL fails.
    package struct Condition: Sendable {
        package enum Comparison: Sendable, Hashable {
            case less, lessOrEqual, equal, greaterOrEqual, greater
        }
        package let columnIndex: Int
        package let comparison: Comparison
        package let value: Value

        package init(columnIndex: Int, comparison: Comparison, value: Value) {
            self.columnIndex = columnIndex
            self.comparison = comparison
            self.value = value
        }
    }

    package let table: TableSchema
    /// Indexes into `table.columns`, in the order of the batches' vectors. May be empty: then
    /// batches tell only row counts, answered from block headers where nothing overlaps.
    package var columns: [Int]
    package var times: TimeRange = .everything
    package var tags: TagPredicate = .all
    package var order: Order = .series
    /// Only the n latest rows of each series within `times` (and `conditions`).
    package var latest: Int?
    package var conditions: [Condition] = []
    /// Blocks that cannot be read are passed over and told in the statistics; else they fail the
    /// scan.
    package var skipsDamage = false

    package init(table: TableSchema, columns: [Int]) {
        self.table = table
        self.columns = columns
    }
}

/// What a scan did, for EXPLAIN ANALYZE.
package struct ScanStatistics: Sendable {
    /// Segments whose blocks were looked at, and those that have none of the series.
    package var segmentsOpened = 0
    package var segmentsPassed = 0
    package var blocksRead = 0
    package var blocksSkipped = 0
    package var vectorsDecoded = 0
    package var bytesRead = 0
    package var rowsReturned = 0
    /// What could not be read; complete once the scan is open.
    package var skipped: [SkippedDamage] = []

    package init() {}
}
