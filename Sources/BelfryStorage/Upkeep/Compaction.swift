package import BelfryCore

/// Several segments become fewer: split by table and partition, or merged within one. What a
/// partition gets is one segment, or siblings where that would be too large.
///
/// Streams in bounded memory, a batch at a time. Every row that comes in goes out, is folded into
/// a newer one or is a delete with nothing older left to hide; outputs are read back before anyone
/// hears of them. Whatever fails leaves the inputs as they were and removes what was written.
package enum Compaction {
    /// As many partitions are written side by side.
    private static let outputCountLimit = 64

    /// Writes the job's outputs; the caller replaces the inputs by them in the next manifest.
    /// - Parameters:
    ///   - live: all live segments, the inputs among them.
    ///   - tombstones: those of the manifest, which are applied: a deletion that only the log has
    ///     may be lost with it, and then it must not have happened.
    ///   - through: the manifest's `flushedThrough`: no later deletion is among them.
    ///   - identity: a new file's number and salt.
    ///   - between: called between batches; may flush, or throw to give up.
    package static func run(
        _ job: CompactionJob, live: [SegmentHandle], tombstones: [Tombstone] = [],
        through: UInt64 = 0, catalog: Catalog, to place: SegmentPlace,
        identity: () throws(StorageError) -> SegmentIdentity,
        key: (UInt32) throws(StorageError) -> SeriesKey,
        between: () throws(StorageError) -> Void
    ) throws(StorageError) -> [SegmentSummary] {
        var outputs: [SegmentSummary] = []
        do throws(StorageError) {
            try write(
                job, live, Deletions(tombstones: tombstones, through: through), catalog, place,
                identity, key, between, &outputs)
            for output in outputs { try SegmentVerification.verify(output, place) }
            return outputs
        } catch {
            for output in outputs {
                try? place.fileSystem.remove(FileNames.segment(output.fileID))
            }
            throw error
        }
    }

    private static func write(
        _ job: CompactionJob, _ live: [SegmentHandle], _ deletions: Deletions,
        _ catalog: Catalog, _ place: SegmentPlace,
        _ identity: () throws(StorageError) -> SegmentIdentity,
        _ key: (UInt32) throws(StorageError) -> SeriesKey,
        _ between: () throws(StorageError) -> Void, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        let fileIDs = Set(job.inputs.map(\.fileID))
        let inputs = live.filter { fileIDs.contains($0.summary.fileID) }
        guard inputs.count == fileIDs.count, let first = job.inputs.first else { return }
        var sequences = first.sequences
        for input in job.inputs {
            sequences =
                min(
                    sequences.lowerBound, input.sequences.lowerBound)...max(
                    sequences.upperBound, input.sequences.upperBound)
        }
        var numbers: Set<UInt32> = []
        for input in inputs { numbers.formUnion(try input.reader().index.entries.map(\.table)) }
        for number in numbers.sorted() {
            // Rows of a table that was dropped go with their segments.
            guard let table = catalog.table(numbered: number) else { continue }
            var pass = TablePass(
                table: table, inputs: inputs,
                others: live.filter {
                    !fileIDs.contains($0.summary.fileID)
                }.map(\.summary), sequences: sequences, deletions: deletions, place: place,
                isCold: job.isCold)
            let targets = try pass.targets(job)
            var start = 0
            while start < targets.count {
                let end = min(targets.count, start + outputCountLimit)
                try pass.write(
                    Array(targets[start..<end]), identity, key, between, &outputs)
                start = end
            }
            try pass.checkBalance()
        }
    }
}

/// What a compaction applies: the manifest's tombstones, which are all through a sequence.
private struct Deletions {
    let tombstones: [Tombstone]
    let through: UInt64
}

/// One table's rows on their way from the inputs to its partitions.
private struct TablePass {
    let table: TableSchema
    let inputs: [SegmentHandle]
    /// The live segments that are no inputs.
    let others: [SegmentSummary]
    let sequences: ClosedRange<UInt64>
    let deletions: Deletions
    let place: SegmentPlace
    let isCold: Bool
    private var balance: RowBalance

    init(
        table: TableSchema, inputs: [SegmentHandle], others: [SegmentSummary],
        sequences: ClosedRange<UInt64>, deletions: Deletions, place: SegmentPlace, isCold: Bool
    ) {
        self.isCold = isCold
        self.table = table
        self.inputs = inputs
        self.others = others
        self.sequences = sequences
        self.deletions = deletions
        self.place = place
        balance = RowBalance("compaction of \(table.name)")
    }

    /// The partitions that the job's rows of this table go to.
    func targets(_ job: CompactionJob) throws(StorageError) -> [TimeRange] {
        let isFinal: Bool
        switch job.kind {
        case .merge(_, let partition): return [partition]
        case .split(let final): isFinal = final
        }
        var days: Partitioning.Histogram = [:]
        for input in inputs { try count(try input.reader(), &days) }
        let rows = job.inputs.reduce(UInt64(0)) { $0 + $1.rowCount }
        let mine = others.filter { $0.table == table.number }
        // The running month is the one of the newest row, wherever it is.
        var newest = days.keys.max().map { Partitioning.range(ofDay: $0).start.nanoseconds }
        for other in mine { newest = max(newest ?? .min, other.times.end.nanoseconds - 1) }
        return Partitioning.targets(
            days, table: table, existing: mine.compactMap(\.partition),
            newest: isFinal ? nil : newest,
            bytesPerRow: Double(job.byteCount) / Double(max(1, rows)),
            byteCountLimit: place.options.partitionByteCountLimit)
    }

    private func count(
        _ reader: SegmentReader, _ days: inout Partitioning.Histogram
    ) throws(StorageError) {
        let columns = MergeColumns(table, columns: [], cache: nil)
        for block in reader.index.blocks(of: table.number) {
            let entry = reader.index.entries[block]
            let first = Partitioning.day(entry.minTime)
            if first == Partitioning.day(entry.maxTime) {
                days[first, default: 0] += entry.rowCount
                continue
            }
            let times = try OpenBlock(reader, block: block, columns).integers(
                SegmentFormat.timeColumn, vector: nil)
            var day = first
            var range = Partitioning.range(ofDay: day)
            var rows = 0
            for time in times {
                if !range.contains(Timestamp(nanoseconds: time)) {
                    days[day, default: 0] += rows
                    rows = 0
                    day = Partitioning.day(time)
                    range = Partitioning.range(ofDay: day)
                }
                rows += 1
            }
            days[day, default: 0] += rows
        }
    }

    /// Writes the rows of some partitions side by side.
    mutating func write(
        _ targets: [TimeRange], _ identity: () throws(StorageError) -> SegmentIdentity,
        _ key: (UInt32) throws(StorageError) -> SeriesKey,
        _ between: () throws(StorageError) -> Void, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        guard let first = targets.first, let last = targets.last else { return }
        let writers = targets.map { target in
            SiblingWriter(
                table,
                SegmentWriter.Target(
                    fileID: 0, salt: 0, databaseID: place.databaseID, sequences: sequences,
                    table: table.number, partition: target,
                    replacedFileIDs: inputs.map(\.summary.fileID),
                    tombstones: deletions.tombstones.filter { $0.table == table.number },
                    appliedThrough: deletions.through, isCold: isCold), place)
        }
        do throws(StorageError) {
            for writer in writers { try writer.begin(identity) }
            let times = TimeRange(start: first.start, end: last.end)
            try route(targets, times, to: writers, identity, key, between, &outputs)
            for writer in writers {
                try writer.finish(key, &outputs)
                balance.written += writer.rowCount
            }
        } catch {
            for writer in writers { writer.discard() }
            throw error
        }
    }

    private mutating func route(
        _ targets: [TimeRange], _ times: TimeRange, to writers: [SiblingWriter],
        _ identity: () throws(StorageError) -> SegmentIdentity,
        _ key: (UInt32) throws(StorageError) -> SeriesKey,
        _ between: () throws(StorageError) -> Void, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        let columns = MergeColumns.all(of: table)
        let sources = ScanSources(
            runs: [], segments: inputs, series: .empty, tags: [],
            cache: BlockCache(byteCountLimit: 0), rowsPerVector: Vector.capacity,
            tombstones: deletions.tombstones)
        var rows = RowRewriter(
            table, columns,
            try sources.cursors(columns, times: times, countsHidden: true), times: times)
        let isOldest = targets.map(isOldest)
        var chosen = [[Int32]](repeating: [], count: targets.count)
        while let part = try rows.next() {
            try between()
            if targets.count == 1 {
                try writers[0].append(
                    kept(part, isOldest: isOldest[0]), identity, key, &outputs)
                continue
            }
            for index in chosen.indices { chosen[index].removeAll(keepingCapacity: true) }
            var place = 0
            for (row, time) in part.times.enumerated() {
                let time = Timestamp(nanoseconds: time)
                if !targets[place].contains(time) {
                    place = targets.partitioningIndex { $0.end > time }
                    guard place < targets.count, targets[place].contains(time) else {
                        throw StorageError(.damaged, "a row of \(table.name) has no partition")
                    }
                }
                chosen[place].append(Int32(row))
            }
            for (index, chosen) in chosen.enumerated() where !chosen.isEmpty {
                let rows = kept(part.selecting(chosen), isOldest: isOldest[index])
                try writers[index].append(rows, identity, key, &outputs)
            }
        }
        balance.dropped += rows.droppedRowCount
    }

    /// Where nothing older is left, deletes go and every row is whole.
    private mutating func kept(_ rows: MergedRows, isOldest: Bool) -> MergedRows {
        guard isOldest, let kinds = rows.kinds else { return rows }
        let kept = kinds.indices.filter { kinds[$0] != RowKind.delete.rawValue }
        balance.dropped += UInt64(rows.rowCount - kept.count)
        var rest = rows.selecting(kept.map { Int32($0) })
        rest.kinds = nil
        return rest
    }

    private func isOldest(_ partition: TimeRange) -> Bool {
        !others.contains {
            ($0.table ?? table.number) == table.number && $0.times.overlaps(partition)
                && $0.sequences.lowerBound < sequences.lowerBound
        }
    }

    /// Every row that the inputs have of this table went somewhere.
    mutating func checkBalance() throws(StorageError) {
        balance.taken = 0
        for input in inputs {
            let index = try input.reader().index
            for block in index.blocks(of: table.number) {
                balance.taken += UInt64(index.entries[block].rowCount)
            }
        }
        try balance.check()
    }
}
