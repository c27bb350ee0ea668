package import BelfryCore
import Synchronization

/// What a partition of a table holds.
package struct PartitionSummary: Sendable, Hashable {
    package let times: TimeRange
    package var segmentCount = 0
    /// As the segments have them: what newer ones or deletions hide is counted until compaction.
    package var rowCount: UInt64 = 0
    package var byteCount: UInt64 = 0
}

extension Snapshot {
    /// The partitions of a table by time. Rows of wide segments and memtables have none yet.
    package func partitions(_ table: TableSchema) -> [PartitionSummary] {
        var found: [TimeRange: PartitionSummary] = [:]
        for segment in segments where segment.summary.table == table.number {
            guard let times = segment.summary.partition else { continue }
            var partition = found[times] ?? PartitionSummary(times: times)
            partition.segmentCount += 1
            partition.rowCount += segment.summary.rowCount
            partition.byteCount += segment.summary.byteCount
            found[times] = partition
        }
        return found.values.sorted { $0.times.start < $1.times.start }
    }
}

/// Whole tables and partitions that go: no row is looked at.
extension Store {
    /// Empties a table: one of the same definition takes its place under a new number, in one
    /// manifest. Writes that were prepared for the old one are refused.
    package func truncateTable(_ name: String) throws(StorageError) -> TableSchema {
        try changeCatalog { (state) throws(StorageError) in
            guard let old = state.catalog.table(named: name) else {
                throw StorageError(.catalog, "there is no table \(name)")
            }
            guard state.manifest.nextTable < UInt32.max else {
                throw StorageError(.limit, "no table numbers are left")
            }
            var table = old
            table.number = state.manifest.nextTable
            table.version += 1
            let gone = Self.segments(onlyOf: old.number, state)
            return (
                table,
                { [table] manifest in
                    manifest.nextTable = table.number + 1
                    manifest.catalog.remove(old.number)
                    manifest.catalog.set(table)
                    manifest.remove(gone)
                }
            )
        }
    }

    /// The segments that hold rows of this table and of no other.
    static func segments(onlyOf table: UInt32, _ state: StoreState) -> Set<UInt64> {
        let only = state.segments.filter { segment in
            if let own = segment.summary.table { return own == table }
            // Blocks stand by table. A segment that cannot be read stays until it is compacted.
            guard let entries = try? segment.reader().index.entries else { return false }
            return entries.first?.table == table && entries.last?.table == table
        }
        return Set(only.map(\.summary.fileID))
    }

    /// Drops the partitions of a table within a range, and whatever rows of it lie there that are
    /// in no partition yet; how many partitions there were.
    ///
    /// - Throws: where the range would cut a partition, with the range that would not.
    package func dropPartitions(
        ofTable name: String, times: TimeRange
    ) throws(StorageError) -> Int {
        let snapshot = snapshot()
        guard let table = snapshot.catalog.table(named: name) else {
            throw StorageError(.catalog, "there is no table \(name)")
        }
        guard !table.isReference else {
            throw StorageError(.catalog, "\(table.name) has no TIME KEY, and so no partitions")
        }
        guard !times.isEmpty else {
            throw StorageError(.timeOutOfRange, "the range ends before it begins")
        }
        let partitions = snapshot.partitions(table).map(\.times)
        let whole = Partitioning.whole(times, of: table, existing: partitions)
        guard whole == times else {
            throw StorageError(
                .timeOutOfRange,
                "the range cuts a partition of \(table.name); whole ones reach from "
                    + "\(whole.start) to \(whole.end): drop those, or DELETE a part of them")
        }
        try delete(RangeDeletion(table: table, times: times))
        try dropHiddenSegments()
        return partitions.count { $0.overlaps(times) }
    }

    /// Lets go of segments that a deletion hides whole now rather than with the next manifest: the
    /// deletion is made durable first.
    func dropHiddenSegments() throws(StorageError) {
        let gone = try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            let tombstones = state.tombstones
            let gone = state.manifest.segments.filter { segment in
                tombstones.contains { $0.hides(segment) }
            }.map(\.fileID)
            if gone.isEmpty { return gone }
            try state.syncLog()
            try replaceManifest(&state) { $0.remove(Set(gone)) }
            renewHandles(&state)
            publish(state)
            return gone
        }
        for fileID in gone { cache.forget(fileID: fileID) }
    }
}

extension Manifest {
    /// Takes segments out of the list; their files go when nobody reads them any more.
    mutating func remove(_ fileIDs: Set<UInt64>) {
        for segment in segments where fileIDs.contains(segment.fileID) {
            retired.append(segment.fileID)
        }
        segments.removeAll { fileIDs.contains($0.fileID) }
    }
}
