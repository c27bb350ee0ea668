package import BelfryCore
import Synchronization

/// Writing: a write is prepared on its own thread, then stands in line; the leader of a group gives
/// numbers to new series and a sequence to each write, ahead of one write to the log and one sync.
extension Store {
    /// Writes all batches as one: visible and durable entirely or not at all.
    ///
    /// - Parameter rule: nil takes each table's own rule.
    /// - Parameter isCounted: rows are looked up, so that the outcome tells new from updated, and
    ///   rows that would change nothing are dropped as duplicates. KEEP and ERROR look up anyway.
    /// - Parameter areTimesJudged: the times were held against `acceptedTimes` as the rows came in.
    package func write(
        _ batches: [PointBatch], rule: DuplicateRule?, isCounted: Bool,
        areTimesJudged: Bool = false
    ) throws(StorageError) -> WriteOutcome {
        for batch in batches {
            try checkBytes(of: batch)
            try checkTimes(of: batch, areJudged: areTimesJudged)
        }
        let prepared = PreparedWrite(
            batches, rule: rule, isCounted: isCounted, series: series,
            recordByteCountLimit: options.frameByteCountLimit)
        if prepared.parts.isEmpty { return WriteOutcome() }
        return try submit(prepared)
    }

    /// Stands in line with a write, and leads where nobody does.
    func submit(_ prepared: PreparedWrite) throws(StorageError) -> WriteOutcome {
        guard prepared.byteCount <= options.batchByteCountLimit else {
            throw StorageError(
                .limit,
                "a write of \(prepared.byteCount) bytes, at most \(options.batchByteCountLimit); "
                    + "write it in parts")
        }
        // A DELETE goes on where the disk is too full for other writes.
        let isFreeing =
            !prepared.deletions.isEmpty || prepared.parts.contains { $0.kind == .delete }
        try waitForRoom(writing: isFreeing ? nil : prepared.byteCount)
        do throws(StorageError) {
            return try standInLine(prepared)
        } catch {
            if error.code == .diskFull { noteDiskFull(error) }
            // Series without rows may still be counted.
            guard error.code == .seriesLimit, collectSeriesForRoom() else { throw error }
            return try standInLine(prepared)
        }
    }

    private func standInLine(_ prepared: PreparedWrite) throws(StorageError) -> WriteOutcome {
        try queue.submit(PendingWrite(prepared)) { group in
            if group[0].prepared.isLarge {
                group[0].finish(commitLarge(group[0].prepared))
            } else {
                commit(group)
            }
            sealIfFull()
        }
    }

    /// What must hold of a batch, whatever made it.
    func checkBytes(of batch: PointBatch) throws(StorageError) {
        var first = Int64.max
        var last = Int64.min
        for time in batch.times {
            first = min(first, time)
            last = max(last, time)
        }
        if !batch.times.isEmpty && (first == .min || last == .max) {
            throw StorageError(
                .timeOutOfRange, "a row of \(batch.table.name) has an infinite time")
        }
        try checkDays(of: batch, first, last)
        for key in batch.keys where key.bytes.count > SeriesKey.byteCountLimit {
            throw StorageError(
                .limit, "tags of \(key.bytes.count) bytes, at most \(SeriesKey.byteCountLimit)")
        }
    }

    /// Each day may become a partition: a batch of times at random must not make a million.
    private func checkDays(
        of batch: PointBatch, _ first: Int64, _ last: Int64
    ) throws(StorageError) {
        guard first <= last,
            Partitioning.day(last) - Partitioning.day(first) >= Int64(options.batchDayCountLimit)
        else { return }
        let count = Set(batch.times.map(Partitioning.day)).count
        guard count > options.batchDayCountLimit else { return }
        throw StorageError(
            .limit,
            "a batch of \(batch.table.name) touches \(count) days, at most "
                + "\(options.batchDayCountLimit); nothing of it was stored")
    }

    /// A write of a group as its leader completes it.
    private struct Share {
        let write: PendingWrite
        let rows: [SortedRows]
        let record: RecordWriter
        let newSeries: [(number: UInt32, key: SeriesKey)]
        let outcome: WriteOutcome

        var isNothing: Bool { rows.isEmpty && write.prepared.deletions.isEmpty }

        func tombstones(_ sequence: UInt64) -> [Tombstone] {
            write.prepared.deletions.map { $0.tombstone(sequence) }
        }
    }

    /// Commits a group in the order of the line and gives each write its result.
    private func commit(_ group: [PendingWrite]) {
        state.withLock { state in
            var staged = StagedSeries()
            var shares: [Share] = []
            for write in group {
                let before = staged
                do throws(StorageError) {
                    try state.checkWritable()
                    let share = try complete(write, &state, &staged)
                    if share.isNothing {
                        write.finish(.success(share.outcome))
                    } else {
                        shares.append(share)
                    }
                } catch {
                    // The numbers that a refused write would have had are for those behind it.
                    staged = before
                    write.finish(.failure(error))
                }
            }
            if shares.isEmpty { return }
            do throws(StorageError) {
                try log(shares, &state)
                try accept(shares, &state)
                for share in shares { share.write.finish(.success(share.outcome)) }
            } catch {
                for share in shares { share.write.finish(.failure(error)) }
            }
        }
    }

    /// Gives numbers to the new series of a write, looks its rows up where its rule wants that,
    /// and brings the record to where only the sequence is missing.
    private func complete(
        _ write: PendingWrite, _ state: inout StoreState, _ staged: inout StagedSeries
    ) throws(StorageError) -> Share {
        let prepared = write.prepared
        for deletion in prepared.deletions {
            guard state.catalog.table(numbered: deletion.table.number) != nil else {
                throw StorageError(
                    .catalog, "the table \(deletion.table.name) is no longer there")
            }
        }
        let (parts, newSeries) = try number(prepared, state, &staged)
        let isCurrent = newSeries.isEmpty && prepared.series === series
        var outcome = WriteOutcome()
        var rows: [SortedRows]
        if let ready = prepared.rows, isCurrent {
            rows = ready
        } else {
            rows = PreparedWrite.byTable(parts.map { $0.sorted() })
        }
        if prepared.needsLookup {
            rows = try look(up: rows, parts, &state, &outcome)
        } else {
            outcome.stored = prepared.rowCount
        }
        var record: RecordWriter
        if let ready = prepared.record, isCurrent {
            record = ready
        } else {
            record = RecordWriter(capacity: prepared.byteCount)
            for part in rows { record.write(part) }
        }
        guard prepared.isLarge || record.payloadByteCount <= LogFormat.payloadByteCountLimit / 2
        else {
            throw StorageError(
                .limit, "a record of \(record.payloadByteCount) bytes is too long for the log")
        }
        return Share(
            write: write, rows: rows, record: record, newSeries: newSeries, outcome: outcome)
    }

    private func look(
        up rows: [SortedRows], _ parts: [PreparedWrite.Part], _ state: inout StoreState,
        _ outcome: inout WriteOutcome
    ) throws(StorageError) -> [SortedRows] {
        let snapshot = self.snapshot()
        var kept: [SortedRows] = []
        for part in rows {
            guard let table = state.catalog.table(numbered: part.table),
                let rule = parts.first(where: { $0.batch.table.number == part.table })?.rule
            else { continue }
            if rule == .append {
                outcome.stored += part.rowCount
                kept.append(part)
                continue
            }
            let resolved = try RowLookup.resolve(
                part, of: table, rule: rule, in: snapshot, lastTimes: &state.lastTimes)
            outcome.stored += resolved.outcome.stored
            outcome.updated += resolved.outcome.updated
            outcome.duplicate += resolved.outcome.duplicate
            if resolved.rows.rowCount > 0 { kept.append(resolved.rows) }
        }
        return kept
    }

    /// One write to the log for all shares, and in `sync` mode one sync.
    private func log(_ shares: [Share], _ state: inout StoreState) throws(StorageError) {
        guard isLogged else { return }
        if state.log == nil {
            let header = LogHeader(
                databaseID: identity.databaseID, salt: random(), firstSequence: state.nextSequence,
                epoch: state.manifest.epoch)
            let made = try makeLog(header)
            // A file of that name held nothing but a write that failed.
            if !state.active.logFiles.contains(made.path) {
                state.active.logFiles.append(made.path)
            }
            state.log = made
        }
        guard var log = state.log else { return }
        var bytes: [UInt8] = []
        for (index, share) in shares.enumerated() {
            var record = share.record
            record.write(share.tombstones(state.nextSequence + UInt64(index)))
            record.write(definitions(share.rows, share.newSeries, &log))
            let sealed = record.seal(
                sequence: state.nextSequence + UInt64(index), syncedThrough: state.syncedThrough,
                salt: log.header.salt, offset: log.offset + UInt64(bytes.count))
            if shares.count == 1 { bytes = sealed } else { bytes += sealed }
        }
        count(UInt64(bytes.count), as: \.logByteCount)
        do throws(StorageError) {
            try log.append(bytes)
        } catch {
            state.endLogAfterFailure()
            throw error
        }
        if options.durability == .sync {
            do throws(StorageError) {
                try log.file.sync()
            } catch {
                // Never tried again: nobody knows what the disk holds now.
                state.poison(error)
                throw error
            }
            state.syncedThrough = state.nextSequence + UInt64(shares.count) - 1
        }
        state.log = log
    }

    private func makeLog(_ header: LogHeader) throws(StorageError) -> LogWriter {
        // On a full disk what frees space is logged in small steps.
        let step = space.level == .hard ? Self.scarceLogStepByteCount : Self.logStepByteCount
        do throws(StorageError) {
            return try LogWriter.create(header, in: fileSystem, step: step)
        } catch  where error.isShortOfDescriptors {
            openSegments.shrink()
            return try LogWriter.create(header, in: fileSystem, step: step)
        }
    }

    /// The writes become part of the memtable and can be seen.
    private func accept(_ shares: [Share], _ state: inout StoreState) throws(StorageError) {
        for share in shares {
            try register(share.newSeries, &state)
            let sequence = state.nextSequence
            state.nextSequence += 1
            for tombstone in share.tombstones(sequence) { state.active.append(tombstone) }
            for part in share.rows {
                state.active.append(part.run(sequence...sequence))
                state.lastTimes.note(part)
            }
            count(share.rows)
        }
        publish(state)
    }

    private func register(
        _ new: [(number: UInt32, key: SeriesKey)], _ state: inout StoreState
    ) throws(StorageError) {
        if new.isEmpty { return }
        do throws(FormatError) {
            try series.register(new)
        } catch {
            // Keys were taken apart when their numbers were given.
            state.poison(StorageError(.damaged, "a series key is malformed: \(error)"))
            throw StorageError(.damaged, "a series key is malformed: \(error)")
        }
        state.nextSeries = max(state.nextSeries, (new.last?.number ?? 0) + 1)
    }

    /// A write past the limit of a record goes straight to a wide segment: it is as atomic as the
    /// manifest. What was written before is flushed first, so that the log ends where it begins.
    private func commitLarge(_ prepared: PreparedWrite) -> Result<WriteOutcome, StorageError> {
        do throws(StorageError) {
            try flush()
            return .success(
                try flushing.withLock { (_) throws(StorageError) in
                    try state.withLock { (state) throws(StorageError) in
                        try writeLarge(prepared, &state)
                    }
                })
        } catch { return .failure(error) }
    }

    private func writeLarge(
        _ prepared: PreparedWrite, _ state: inout StoreState
    ) throws(StorageError) -> WriteOutcome {
        try state.checkWritable()
        precondition(state.active.isEmpty && state.sealed == nil, "all before was flushed")
        var staged = StagedSeries()
        let share = try complete(PendingWrite(prepared), &state, &staged)
        if share.isNothing { return share.outcome }
        let sequence = state.nextSequence
        var new: [UInt32: SeriesKey] = [:]
        for entry in share.newSeries { new[entry.number] = entry.key }
        let segment = newSegment(&state)
        let summary = try Flush.write(
            share.rows.map { $0.run(sequence...sequence) },
            tombstones: state.manifest.tombstones + share.tombstones(sequence),
            catalog: state.catalog, to: place, as: segment
        ) { (number) throws(StorageError) in
            if let key = new[number] { return key }
            return try self.key(number)
        }
        let nextSeries = state.nextSeries
        if let last = share.newSeries.last { state.nextSeries = last.number + 1 }
        do throws(StorageError) {
            try replaceManifest(&state) { manifest in
                manifest.flushedThrough = sequence
                manifest.tombstones += share.tombstones(sequence)
                if let summary { manifest.segments.append(summary) }
            }
        } catch {
            if state.refusal == nil {
                state.nextSeries = nextSeries
                try? fileSystem.remove(FileNames.segment(segment.fileID))
            }
            throw error
        }
        try register(share.newSeries, &state)
        state.nextSequence += 1
        state.syncedThrough = sequence
        for part in share.rows { state.lastTimes.note(part) }
        count(share.rows)
        if let summary { count([summary], as: \.flushByteCount) }
        renewHandles(&state)
        publish(state)
        upkeep.request(.compaction)
        return share.outcome
    }

    func key(_ number: UInt32) throws(StorageError) -> SeriesKey {
        guard let key = series.key(number) else {
            throw StorageError(.damaged, "series \(number) has no key")
        }
        return key
    }
}
