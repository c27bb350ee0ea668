package import BelfryCore

/// What the manifest says of a segment: enough to find its file, to order it among the others and
/// to leave it unopened where a query cannot want it.
///
/// A wide segment (as flushed: any tables, any times) has neither table nor partition; the others
/// have both. Several of one partition with the same sequences are siblings: they share no series.
package struct SegmentSummary: Sendable, Hashable {
    /// Handed out once per store and never reused; repeated in the file's header and footer.
    package let fileID: UInt64
    /// Seeds every checksum of the file; repeated in its header.
    package let salt: UInt64
    package let byteCount: UInt64
    package let table: UInt32?
    package let partition: TimeRange?
    /// The sequences of the writes it holds. Of two sources the greater range is the newer.
    package let sequences: ClosedRange<UInt64>
    /// The smallest range that holds the times of all rows.
    package let times: TimeRange
    package let rowCount: UInt64
    /// Tombstones through this sequence hide no row of it: those it is newer than, and those that
    /// were applied when it was written.
    package let appliedThrough: UInt64
    /// Whether its strips were written for the COLD tier.
    package var isCold = false
    /// When the youngest of its rows was written to a segment, in seconds since 1970; nil in the
    /// COLD tier, where nobody asks, and where no clock was believed.
    package var writtenAt: Int64?

    package init(
        fileID: UInt64, salt: UInt64, byteCount: UInt64, table: UInt32?, partition: TimeRange?,
        sequences: ClosedRange<UInt64>, times: TimeRange, rowCount: UInt64,
        appliedThrough: UInt64? = nil
    ) {
        self.fileID = fileID
        self.salt = salt
        self.byteCount = byteCount
        self.table = table
        self.partition = partition
        self.sequences = sequences
        self.times = times
        self.rowCount = rowCount
        self.appliedThrough = max(sequences.upperBound, appliedThrough ?? 0)
    }

    func applied(through sequence: UInt64) -> SegmentSummary {
        var summary = SegmentSummary(
            fileID: fileID, salt: salt, byteCount: byteCount, table: table, partition: partition,
            sequences: sequences, times: times, rowCount: rowCount, appliedThrough: sequence)
        summary.isCold = isCold
        summary.writtenAt = writtenAt
        return summary
    }

    package var isWide: Bool { table == nil }

    /// Whether both are parts of one output of compaction, cut between series.
    package func isSibling(of other: SegmentSummary) -> Bool {
        !isWide && table == other.table && partition == other.partition
            && sequences == other.sequences
    }

    /// Whether a tombstone may hide rows of it.
    package func isUnder(_ tombstone: Tombstone) -> Bool {
        (table ?? tombstone.table) == tombstone.table && appliedThrough < tombstone.sequence
            && tombstone.times.overlaps(times)
    }
}
