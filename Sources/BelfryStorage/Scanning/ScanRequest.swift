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
            case less, lessOrEqual, equal, notEqual, greaterOrEqual, greater
        }
        package enum Test: Sendable, Hashable {
            case compares(Comparison, Value)
            /// Any of some values of the column's own type, none of them NULL.
            case isIn([Value])
            case hasValue
        }
        package let columnIndex: Int
        package let test: Test

        package init(columnIndex: Int, comparison: Comparison, value: Value) {
            self.init(columnIndex: columnIndex, test: .compares(comparison, value))
        }

        package init(columnIndex: Int, test: Test) {
            self.columnIndex = columnIndex
            self.test = test
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
    /// What may be told by statistics in place of rows; nil for rows alone. Not with `latest`.
    package var summaries: SummaryRequest?
    /// Whether statistics may skip rows and answer for them.
    package var usesStatistics = true
    /// Whether vectors may be compared and summed without being decoded.
    package var usesPacked = true
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
    /// Vectors of a column whose statistics stood for their rows; a whole strip's count as its
    /// vectors.
    package var vectorsSummarised = 0
    /// Vectors of a column that a constant was compared with, or that were summed up, in their
    /// packed form.
    package var vectorsPacked = 0
    package var bytesRead = 0
    package var rowsReturned = 0
    /// What could not be read; complete once the scan is open.
    package var skipped: [SkippedDamage] = []

    package init() {}
}
