package import BelfryCore
import Synchronization

/// Rows of some series, or of all, between two times: what a DELETE by tags and time is about.
package struct RangeDeletion: Sendable {
    package let table: TableSchema
    /// Nil for all series of the table, those of after the statement's snapshot too.
    package let series: SeriesSet?
    package let times: TimeRange

    package init(table: TableSchema, series: SeriesSet? = nil, times: TimeRange = .everything) {
        self.table = table
        self.series = series.flatMap { $0.isEverything ? nil : $0 }
        self.times = times
    }

    /// A series number takes at most so many bytes.
    private static let numberByteCount = 5

    var isNothing: Bool { times.isEmpty || (series?.isEmpty ?? false) }

    /// What it takes in a record, at most.
    var byteCount: Int { 64 + (series?.count ?? 0) * Self.numberByteCount }

    func tombstone(_ sequence: UInt64) -> Tombstone {
        Tombstone(table: table.number, series: series, times: times, sequence: sequence)
    }

    /// The same in pieces that a record has room for; one where it has room for all.
    func pieces(byteCountLimit: Int) -> [RangeDeletion] {
        guard byteCount > byteCountLimit, let series else { return [self] }
        let count = max(1, (byteCountLimit - 64) / Self.numberByteCount)
        let numbers = series.numbers
        return stride(from: 0, to: numbers.count, by: count).map { start in
            RangeDeletion(
                table: table,
                series: SeriesSet(
                    ascending: Array(numbers[start..<min(numbers.count, start + count)])),
                times: times)
        }
    }
}

/// DELETE by tags and times: one record and one tombstone, however many rows there are.
extension Store {
    /// Deletes all rows of these series and times that were written before: at once for every
    /// snapshot from now on, durable as a write is.
    ///
    /// Series sets that a record has no room for (far above 100,000 series) become several records,
    /// each atomic; deleting again after a crash completes it.
    package func delete(_ deletion: RangeDeletion) throws(StorageError) {
        for piece in deletion.pieces(byteCountLimit: options.frameByteCountLimit) {
            try change([], deleting: [piece])
        }
    }

    /// Waits until there may be so many more tombstones: flushes, and writes segments again that
    /// lie under the oldest ones.
    func waitForTombstones(_ count: Int) throws(StorageError) {
        guard count <= options.tombstoneCountLimit else {
            throw StorageError(
                .limit,
                "\(count) ranges are deleted at once, at most \(options.tombstoneCountLimit)")
        }
        func isRoom() -> Bool {
            state.withLock { $0.tombstones.count } + count <= options.tombstoneCountLimit
        }
        while !isRoom() {
            try flush()
            if isRoom() { return }
            let isWork = try compactOnce(isFinal: false, isAwaited: true)
            guard isWork || isRoom() else {
                throw StorageError(
                    .limit,
                    "\(options.tombstoneCountLimit) deletions wait for compaction, which has "
                        + "nothing to do")
            }
        }
    }
}
