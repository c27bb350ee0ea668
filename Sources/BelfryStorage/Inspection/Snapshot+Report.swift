package import BelfryCore

/// What a snapshot consists of, for those who want to look.
extension Snapshot {
    /// The live segments, by ascending last sequence.
    package var segmentSummaries: [SegmentSummary] { segments.map(\.summary) }

    /// The deletions by tags and times that still hide rows, oldest first.
    package var liveTombstones: [Tombstone] { tombstones }

    /// The smallest range of whole partitions of a table that holds a range.
    package func wholePartitions(_ times: TimeRange, of table: TableSchema) -> TimeRange {
        Partitioning.whole(times, of: table, existing: partitions(table).map(\.times))
    }
}
