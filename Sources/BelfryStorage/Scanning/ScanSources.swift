import BelfryCore

/// All that a scan of one table reads from: the runs and segments of a snapshot and the table's
/// tags. Shared by the parts of a scan.
package struct ScanSources: Sendable {
    /// A tag column that batches or conditions want: its codes, and what they point into.
    struct Tag: Sendable {
        let columnIndex: Int
        let dictionary: BelfryCore.TextDictionary
        let codes: TagCodes
    }

    /// Of the table, oldest first.
    let runs: [Run]
    /// Those of any table are passed over by their summary.
    let segments: [SegmentHandle]
    let series: SeriesSet
    let tags: [Tag]
    let cache: BlockCache
    let rowsPerVector: Int
    /// Those of the table, and perhaps of others.
    var tombstones: [Tombstone] = []
    /// Blocks that cannot be read are passed over.
    var skipsDamage = false

    /// The segments that may have rows of a table in a range, oldest first.
    static func relevant(
        _ segments: [SegmentHandle], table: UInt32, times: TimeRange
    ) -> [SegmentHandle] {
        segments.filter {
            ($0.summary.table ?? table) == table && $0.summary.times.overlaps(times)
        }.sorted {
            ($0.summary.sequences.lowerBound, $0.summary.sequences.upperBound)
                < ($1.summary.sequences.lowerBound, $1.summary.sequences.upperBound)
        }
    }

    /// A cursor for each source that has rows of the table, oldest first.
    ///
    /// - Parameter countsHidden: sources whose rows are all hidden come too, for the sake of the
    ///   count of those rows; else they stay unopened.
    func cursors(
        _ columns: MergeColumns, times: TimeRange, countsHidden: Bool = false,
        seriesRange: ClosedRange<UInt32> = 0...(UInt32.max - 1)
    ) throws(StorageError) -> [SourceCursor] {
        let range = times.start.nanoseconds..<max(times.start, times.end).nanoseconds
        var cursors: [SourceCursor] = []
        for segment in Self.relevant(segments, table: columns.table, times: times) {
            let summary = segment.summary
            let mask = TombstoneMask(
                tombstones, table: columns.table, appliedThrough: summary.appliedThrough,
                times: summary.times.intersection(times))
            if let mask, !countsHidden, mask.covers(summary.times) { continue }
            let wanted = series.isEverything || countsHidden ? nil : series
            if let wanted, segment.excludes(wanted, table: columns.table) {
                columns.statistics.segmentsPassed += 1
                continue
            }
            let reader =
                skipsDamage
                ? try DamageFilter.soundReader(segment, columns, times: range, series: seriesRange)
                : try segment.reader()
            guard let reader else { continue }
            if let wanted, !reader.mayHold(wanted, table: columns.table) {
                columns.statistics.segmentsPassed += 1
                continue
            }
            columns.statistics.segmentsOpened += 1
            let cursor = try SegmentCursor(reader, columns, times: range, mask: mask)
            if !cursor.isAtEnd || countsHidden { cursors.append(cursor) }
        }
        for run in runs where run.table == columns.table && run.rowCount > 0 {
            let mask = TombstoneMask(
                tombstones, table: columns.table, appliedThrough: run.sequences.upperBound,
                times: times)
            cursors.append(RunCursor(run, columns, times: range, mask: mask))
        }
        return cursors
    }
}
