import BelfryCore
import Synchronization

/// Dropping series that no live segment and no run has any more.
///
/// The series table is replaced, not changed: snapshots keep the one they were taken with. The
/// number of a dropped series is never given again, so whatever still speaks of it (a tombstone, a
/// flushed record of the log) means nothing else; its key gets a new number when it is written
/// again.
///
/// Why nothing is lost:
/// 1. The change is made with the state's lock held, and only while the segments of the manifest
///    are among those that were read and no run has any of the series. What the log has beyond
///    `flushedThrough` is in the runs.
/// 2. A write that was prepared before looks its keys up again when it is committed, for it sees
///    another table.
/// 3. A compaction, which may be writing keys of segments that just left, is waited for; a flush
///    writes keys of the sealed memtable, which counts as long as its segment does not.
extension Store {
    /// Drops them; gives how many there were.
    package func collectSeries() throws(StorageError) -> Int {
        try checkNotReadOnly()
        return try compacting.withLock { (_) throws(StorageError) in try dropDeadSeries() }
    }

    /// The same where rows are gone. What fails is tried again when more rows are: nothing depends
    /// on it but memory and the count.
    func collectSeriesWhenDue() {
        guard state.withLock({ $0.mayHaveDeadSeries }) else { return }
        _ = try? collectSeries()
    }

    /// Whether there are fewer series now; does not wait for a compaction.
    func collectSeriesForRoom() -> Bool {
        guard state.withLock({ $0.mayHaveDeadSeries && $0.refusal == nil && !$0.isClosed }) else {
            return false
        }
        return compacting.withLockIfAvailable { _ in ((try? dropDeadSeries()) ?? 0) > 0 } ?? false
    }

    /// What is to be done after a look at the state.
    private enum Step {
        case read([SegmentHandle])
        case done
    }

    private static let attemptLimit = 8

    /// - Precondition: the lock of compactions is held.
    private func dropDeadSeries() throws(StorageError) -> Int {
        let begin = state.withLock { state in
            state.mayHaveDeadSeries = false
            var memtables = state.active
            if let sealed = state.sealed { memtables.append(contentsOf: sealed) }
            return (contents: series.contents, segments: state.segments, memtables: memtables)
        }
        var dead = SeriesMarks(begin.contents)
        dead.remove(begin.memtables)
        var segments = begin.segments
        var known: Set<UInt64> = []
        for _ in 0..<Self.attemptLimit {
            for segment in segments.reversed() {
                known.insert(segment.summary.fileID)
                if !dead.isEmpty { try dead.remove(try segment.reader()) }
            }
            if dead.isEmpty { return 0 }
            let rest = begin.contents.keeping { !dead.contains($0) }
            let step = try state.withLock { (state) throws(StorageError) in
                try drop(&dead, rest, known, &state)
            }
            switch step {
            case .done: return dead.count
            case .read(let more): segments = more
            }
        }
        // Flush upon flush came between: another time.
        state.withLock { $0.mayHaveDeadSeries = true }
        return 0
    }

    /// Puts the table without the dead in place, if they are still dead.
    private func drop(
        _ dead: inout SeriesMarks, _ rest: SeriesTable.State, _ known: Set<UInt64>,
        _ state: inout StoreState
    ) throws(StorageError) -> Step {
        try state.checkWritable()
        let more = state.segments.filter { !known.contains($0.summary.fileID) }
        if !more.isEmpty { return .read(more) }
        let count = dead.count
        dead.remove(state.active)
        if let sealed = state.sealed { dead.remove(sealed) }
        // Written meanwhile under the old number.
        if dead.count < count { return .read([]) }
        var next = rest
        next.appendNew(of: series.contents)
        replaceSeries(by: SeriesTable(next))
        checkpoint.withLock { $0.droppedCount += $0.byteCount > 0 ? count : 0 }
        publish(state)
        return .done
    }
}
