import Synchronization

/// What a store took in and what it handed to the file system since it was opened, in bytes: the
/// write amplification is counted, not estimated.
package struct StoreStatistics: Sendable, Hashable {
    /// Rows that were accepted, and what their times and values take written plainly.
    package var rowCount: UInt64 = 0
    package var rowByteCount: UInt64 = 0
    /// Records of the log.
    package var logByteCount: UInt64 = 0
    /// Segments as flushed, and those that writes too large for the log made.
    package var flushByteCount: UInt64 = 0
    package var compactionByteCount: UInt64 = 0
    package var manifestByteCount: UInt64 = 0
    /// Checkpoints of the series table.
    package var checkpointByteCount: UInt64 = 0

    package init() {}

    /// All bytes that were written.
    package var writtenByteCount: UInt64 {
        logByteCount + flushByteCount + compactionByteCount + manifestByteCount
            + checkpointByteCount
    }

    /// Bytes written for each byte of rows.
    package var writeAmplification: Double {
        rowByteCount == 0 ? 0 : Double(writtenByteCount) / Double(rowByteCount)
    }
}

extension Store {
    /// What was counted so far.
    package var statistics: StoreStatistics { counters.withLock { $0 } }

    /// Bytes of the live segments.
    package var segmentByteCount: UInt64 {
        state.withLock { $0.manifest.segments.reduce(0) { $0 + $1.byteCount } }
    }

    /// Notes bytes that were handed to the file system.
    func count(_ byteCount: UInt64, as part: WritableKeyPath<StoreStatistics, UInt64>) {
        counters.withLock { $0[keyPath: part] += byteCount }
    }

    func count(_ segments: [SegmentSummary], as part: WritableKeyPath<StoreStatistics, UInt64>) {
        count(segments.reduce(0) { $0 + $1.byteCount }, as: part)
    }

    func count(_ rows: [SortedRows]) {
        counters.withLock { counters in
            for part in rows {
                counters.rowCount += UInt64(part.rowCount)
                counters.rowByteCount += UInt64(part.plainByteCount)
            }
        }
    }
}
