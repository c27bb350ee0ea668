package import BelfryCore

/// Where new segments go: the store's files, its identity and its options.
package struct SegmentPlace: Sendable {
    package let fileSystem: any FileSystem
    /// 16 bytes.
    package let databaseID: [UInt8]
    package let options: StoreOptions

    package init(fileSystem: any FileSystem, databaseID: [UInt8], options: StoreOptions) {
        precondition(databaseID.count == SegmentFormat.databaseIDByteCount, "a UUID")
        self.fileSystem = fileSystem
        self.databaseID = databaseID
        self.options = options
    }
}

/// A new segment's number and salt.
package struct SegmentIdentity: Sendable, Hashable {
    package let fileID: UInt64
    package let salt: UInt64

    package init(fileID: UInt64, salt: UInt64) {
        self.fileID = fileID
        self.salt = salt
    }
}

/// Runs become a wide segment: folded, durable and read back before anyone hears of it.
package enum Flush {
    /// Writes the rows of all runs, oldest first, whose tables the catalog has; nil where none are
    /// left, and then there is no file. The file has its name and is synced, its folder too; it
    /// becomes part of the store by the next manifest.
    ///
    /// - Parameters:
    ///   - tombstones: those of the memtable, which are applied, and those from before.
    ///   - through: the last sequence of the memtable, be it a tombstone's.
    package static func write(
        _ runs: [Run], tombstones: [Tombstone] = [], through: UInt64? = nil, catalog: Catalog,
        to place: SegmentPlace, as identity: SegmentIdentity,
        key: (UInt32) throws(StorageError) -> SeriesKey
    ) throws(StorageError) -> SegmentSummary? {
        guard let first = runs.first else { return nil }
        var sequences = first.sequences
        var groups: [UInt32: [Run]] = [:]
        for run in runs {
            sequences =
                min(
                    sequences.lowerBound, run.sequences.lowerBound)...max(
                    sequences.upperBound, run.sequences.upperBound)
            groups[run.table, default: []].append(run)
        }
        let path = FileNames.segment(identity.fileID)
        let writer = try SegmentWriter(
            SegmentWriter.Target(
                fileID: identity.fileID, salt: identity.salt, databaseID: place.databaseID,
                sequences: sequences, tombstones: tombstones, appliedThrough: through),
            path: path, in: place.fileSystem, options: place.options)
        do throws(StorageError) {
            for number in groups.keys.sorted() {
                guard let table = catalog.table(numbered: number), let runs = groups[number]
                else { continue }
                try write(table, runs, tombstones, to: writer)
            }
            guard let summary = try writer.finish(key: key) else { return nil }
            try SegmentVerification.verify(
                summary, place, threadCount: place.options.flushThreadCount)
            return summary
        } catch {
            writer.discard()
            throw error
        }
    }

    private static func write(
        _ table: TableSchema, _ runs: [Run], _ tombstones: [Tombstone], to writer: SegmentWriter
    ) throws(StorageError) {
        try writer.begin(table)
        let before = writer.rowCount
        let columns = MergeColumns.all(of: table)
        var rows = RowRewriter(
            table, columns,
            runs.map { run in
                RunCursor(
                    run, columns, times: Int64.min..<Int64.max,
                    mask: TombstoneMask(
                        tombstones, table: table.number,
                        appliedThrough: run.sequences.upperBound, times: .everything))
            }, times: .everything)
        while let part = try rows.next() { try writer.append(part) }
        var balance = RowBalance("flush of \(table.name)")
        for run in runs { balance.taken += UInt64(run.rowCount) }
        balance.written = writer.rowCount - before
        balance.dropped = rows.droppedRowCount
        try balance.check()
    }
}
