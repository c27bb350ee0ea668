import BelfryCore
import Synchronization

/// Sealing, flushing and compacting: what moves rows from the log to segments, in the order that
/// `formats/README.md` gives: segment durable, manifest replaced, log removed.
extension Store {
    /// Seals the memtable and writes it to a segment.
    package func flush() throws(StorageError) {
        try checkNotReadOnly()
        try flushSealed()
        try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            if state.sealed == nil { try state.seal() }
        }
        try flushSealed()
    }

    /// Writes the sealed memtable, if there is one, to a segment and lets its log files go.
    func flushSealed() throws(StorageError) {
        do throws(StorageError) {
            try flushSealedOnce()
            noteUpkeep(.flush, flushRetries, failure: nil)
        } catch {
            noteUpkeep(.flush, flushRetries, failure: error)
            throw error
        }
    }

    private func flushSealedOnce() throws(StorageError) {
        try flushing.withLock { (_) throws(StorageError) in
            let work = try state.withLock { (state) throws(StorageError) in
                try state.sealed.map { (sealed) throws(StorageError) in
                    try state.checkWritable()
                    return (
                        sealed: sealed, older: state.manifest.tombstones, catalog: state.catalog,
                        segment: newSegment(&state)
                    )
                }
            }
            guard let work, let sequences = work.sealed.sequences else { return }
            let summary = try Flush.write(
                work.sealed.allRuns, tombstones: work.older + work.sealed.tombstones,
                through: sequences.upperBound, catalog: work.catalog, to: place, as: work.segment,
                key: { (number) throws(StorageError) in try self.key(number) })
            try state.withLock { (state) throws(StorageError) in
                do throws(StorageError) {
                    try replaceManifest(&state) { manifest in
                        manifest.flushedThrough = sequences.upperBound
                        manifest.tombstones += work.sealed.tombstones
                        if let summary { manifest.segments.append(summary) }
                    }
                } catch {
                    if state.refusal == nil {
                        try? fileSystem.remove(FileNames.segment(work.segment.fileID))
                    }
                    throw error
                }
                state.sealed = nil
                let rowCount = work.sealed.allRuns.reduce(0) { $0 + UInt64($1.rowCount) }
                if rowCount > summary?.rowCount ?? 0 { state.mayHaveDeadSeries = true }
                if let summary { count([summary], as: \.flushByteCount) }
                renewHandles(&state)
                publish(state)
            }
            // A log file that stays is removed at the next opening.
            for path in work.sealed.logFiles { try? fileSystem.remove(path) }
        }
        upkeep.request(.compaction)
    }

    /// Brings every partition to its final form.
    /// - Parameter isCold: smaller, and slower to read.
    package func compact(isCold: Bool = false) throws(StorageError) {
        try flush()
        state.withLock { $0.flagged = [] }
        while try compactOnce(isFinal: true, isCold: isCold) {}
    }

    /// Does the next job of compaction; false where there is none, or no room for it.
    /// - Parameter isAwaited: no room for it is an error.
    func compactOnce(
        isFinal: Bool, isCold: Bool = false, isAwaited: Bool = false
    ) throws(StorageError) -> Bool {
        do throws(StorageError) {
            let isDone = try compactNext(isFinal: isFinal, isCold: isCold, isAwaited: isAwaited)
            // A job that waits for room is looked at again, but has not failed.
            if healthMonitor.pressure(.room) == nil {
                noteUpkeep(.compaction, compactionRetries, failure: nil)
                tellFlagged()
            } else {
                healthMonitor.press(.compaction, nil)
                compactionRetries.noteFailure(now: clock.monotonic())
            }
            noteLag(state.withLock { $0.wideSegmentCount })
            return isDone
        } catch {
            noteUpkeep(.compaction, compactionRetries, failure: error)
            throw error
        }
    }

    private func compactNext(
        isFinal: Bool, isCold: Bool, isAwaited: Bool
    ) throws(StorageError) -> Bool {
        try compacting.withLock { (_) throws(StorageError) in
            let now = believedTime()
            let (segments, manifest, flagged, quiet) = try state.withLock {
                (state) throws(StorageError) in
                try state.checkWritable()
                let quiet = state.isCooling && !isFinal ? quietJob(state, now: now) : nil
                if quiet == nil { state.isCooling = false }
                return (state.segments, state.manifest, state.flagged, quiet)
            }
            let catalog = manifest.catalog
            let needed = CompactionPicker.next(
                segments.map(\.summary), tombstones: manifest.tombstones, catalog: catalog,
                options: options, isFinal: isFinal, isCold: isCold, flagged: flagged)
            guard var job = needed ?? quiet else {
                healthMonitor.press(.room, nil)
                return false
            }
            if job.isMostlyCold { job.isCold = true }
            let free = try fileSystem.freeByteCount()
            guard job.isAdmitted(freeByteCount: free) else {
                // What is only smaller and tidier may wait without a word.
                if needed == nil { return false }
                healthMonitor.press(
                    .room,
                    "a compaction of \(job.byteCount) bytes needs 1.2 times as many free bytes, "
                        + "there are \(free)")
                if isFinal || isAwaited {
                    throw StorageError(
                        .diskFull, "no room to compact \(job.byteCount) bytes beside themselves")
                }
                return false
            }
            healthMonitor.press(.room, nil)
            var outputs: [SegmentSummary]
            do throws(StorageError) {
                outputs = try Compaction.run(
                    job, live: segments, tombstones: manifest.tombstones,
                    through: manifest.flushedThrough, catalog: catalog, to: place,
                    identity: { () throws(StorageError) in
                        state.withLock { newSegment(&$0) }
                    },
                    key: { (number) throws(StorageError) in try self.key(number) },
                    between: { () throws(StorageError) in try flushBetween() })
            } catch {
                flag(job.inputs, after: error)
                throw error
            }
            for index in outputs.indices { outputs[index].writtenAt = job.writtenAt }
            count(outputs, as: \.compactionByteCount)
            try replace(job.inputs, by: outputs)
            return true
        }
    }

    /// An input that could not be read stays where it is: the next job goes around it. Where
    /// descriptors were short the fault is not its own.
    private func flag(_ inputs: [SegmentSummary], after failure: StorageError) {
        if failure.isShortOfDescriptors { return }
        let unread = inputs.filter { failure.file == FileNames.segment($0.fileID) }
        state.withLock { $0.flagged.formUnion(unread.map(\.fileID)) }
    }

    private func tellFlagged() {
        let flagged = state.withLock { state in
            state.manifest.segments.map(\.fileID).filter(state.flagged.contains)
        }
        if flagged.isEmpty { return }
        healthMonitor.press(
            .compaction,
            "compaction goes around \(flagged.map(FileNames.segment).joined(separator: ", ")), "
                + "which could not be read")
    }

    /// A waiting flush goes between two batches of a compaction; so does the end of the store.
    private func flushBetween() throws(StorageError) {
        if upkeep.isStopping { throw StorageError(.readOnly, "the store is closing") }
        let isWaiting = try state.withLock { (state) throws(StorageError) in
            try state.checkWritable()
            return state.sealed != nil
        }
        if isWaiting { try flushSealed() }
    }

    /// Replaces the inputs of a compaction, if they are all still there. Where one left meanwhile
    /// (its table or partition was dropped, a deletion hid it whole) the outputs hold rows that are
    /// gone, and are thrown away.
    func replace(
        _ inputs: [SegmentSummary], by outputs: [SegmentSummary]
    ) throws(StorageError) {
        let fileIDs = Set(inputs.map(\.fileID))
        try state.withLock { (state) throws(StorageError) in
            do throws(StorageError) {
                try state.checkWritable()
                guard fileIDs.isSubset(of: state.manifest.segments.map(\.fileID)) else {
                    removeFiles(outputs)
                    return
                }
                try replaceManifest(&state) { manifest in
                    manifest.segments.removeAll { fileIDs.contains($0.fileID) }
                    manifest.segments += outputs
                    manifest.retired += inputs.map(\.fileID)
                }
            } catch {
                if state.refusal?.code != .poisoned { removeFiles(outputs) }
                throw error
            }
            renewHandles(&state)
            publish(state)
        }
        for input in inputs { cache.forget(fileID: input.fileID) }
    }

    private func removeFiles(_ segments: [SegmentSummary]) {
        for segment in segments { try? fileSystem.remove(FileNames.segment(segment.fileID)) }
    }

    /// Seals the active memtable once it is full and the one before is flushed.
    func sealIfFull() {
        let isSealed = state.withLock { state in
            guard state.active.byteCount >= options.memtableByteCountLimit, state.sealed == nil,
                state.refusal == nil
            else { return false }
            // A failed sync has poisoned the store; the next writer hears of it.
            return (try? state.seal()) != nil
        }
        if isSealed { upkeep.request(.flush) }
    }

    /// Waits while both memtables are full: back-pressure, not growth. Without a thread for upkeep
    /// the writer does the flush itself. Then it is held up as far as upkeep falls behind.
    ///
    /// - Parameter byteCount: about what the write takes; nil for one that frees space, which goes
    ///   on where others are refused.
    func waitForRoom(writing byteCount: Int?) throws(StorageError) {
        if let byteCount { try checkSpace(writing: byteCount) }
        while true {
            let isFull = try state.withLock { (state) throws(StorageError) in
                try state.checkWritable()
                return state.sealed != nil
                    && state.active.byteCount >= options.memtableByteCountLimit
            }
            if !isFull { break }
            if !options.runsUpkeep {
                try flushSealed()
            } else if let failure = upkeep.waitForFlush() {
                throw failure
            }
            sealIfFull()
        }
        if byteCount != nil { try waitForSplits() }
    }
}
