import BelfryCore
import Synchronization

/// Everything of a store that changes, reached only with the store's one lock held.
///
/// The leader of the write queue, the catalog verbs and the last steps of upkeep take that lock in
/// turn; readers never do: they take the published snapshot.
struct StoreState: Sendable {
    /// As it was last written; live segments stand in it by ascending last sequence.
    var manifest = Manifest()
    /// The live segments of the manifest.
    var segments: [SegmentHandle] = []
    var active = Memtable()
    var sealed: Memtable?
    /// The log file of the active memtable; made at its first write.
    var log: LogWriter?
    var nextSequence: UInt64 = 1
    var nextSeries: UInt32 = 1
    var nextFileID: UInt64 = 1
    /// The number of the last manifest that was tried: one that failed is not tried again under
    /// its number, for nobody knows what became of it.
    var manifestNumber: UInt64 = 0
    /// Writes up to this sequence are on the disk.
    var syncedThrough: UInt64 = 0
    var lastTimes = LastTimes()
    /// Segments that opening found to be missing or damaged, and why.
    var unreadable: [UInt64: StorageError] = [:]
    /// Whether rows are gone since dead series were last looked for.
    var mayHaveDeadSeries = false
    /// Live segments that are wide.
    var wideSegmentCount = 0
    /// Segments that a compaction could not read; it goes around them until the next opening, or
    /// until it is asked for by hand.
    var flagged: Set<UInt64> = []
    /// Whether compaction may go for quiet partitions, once there is nothing else to do.
    var isCooling = false
    /// Why writes are refused, if they are.
    var refusal: StorageError? {
        didSet { health?.update { $0.refusal = refusal } }
    }
    var isClosed = false {
        didSet { health?.update { $0.isClosed = isClosed } }
    }
    /// Hears of what bears on the store's health.
    var health: HealthMonitor?

    var catalog: Catalog { manifest.catalog }

    /// All that hides rows, oldest first: of the manifest and of both memtables.
    var tombstones: [Tombstone] {
        manifest.tombstones + (sealed?.tombstones ?? []) + active.tombstones
    }

    func checkWritable() throws(StorageError) {
        if isClosed { throw StorageError(.readOnly, "the store is closed") }
        if let refusal { throw refusal }
    }

    /// From here on reads go on and writes are refused.
    mutating func poison(_ cause: StorageError) {
        if refusal != nil { return }
        refusal = StorageError(
            .poisoned,
            "an earlier write to the disk failed (\(cause)); open the store again to go on",
            file: cause.file, systemCode: cause.systemCode)
    }

    /// The active memtable becomes the sealed one, and its log file ends. What it holds is synced
    /// first: the next log file tells by its first sequence that all before is durable.
    mutating func seal() throws(StorageError) {
        precondition(sealed == nil, "two generations of memtables at most")
        if active.isEmpty { return }
        try syncLog()
        sealed = active
        active = Memtable()
        log = nil
    }

    /// Makes the log durable as far as it was written.
    mutating func syncLog() throws(StorageError) {
        guard let log, syncedThrough + 1 < nextSequence else { return }
        do throws(StorageError) {
            try log.file.sync()
        } catch {
            poison(error)
            throw error
        }
        syncedThrough = nextSequence - 1
    }

    /// A record could not be written whole. No other may follow it in its file: the next write
    /// begins a new one, whose first sequence says that what the old one holds from there on is
    /// void. So writes go on as soon as there is room, without opening the store again.
    ///
    /// Until there is a next file the remains are cut off, durably: what was refused does not come
    /// back with a crash. A cut that fails changes nothing else; a sync that fails poisons.
    mutating func endLogAfterFailure() {
        guard let log else { return }
        try? log.file.truncate(to: log.offset)
        do throws(StorageError) {
            try log.file.sync()
            syncedThrough = nextSequence - 1
            self.log = nil
            // A file without a write belongs to no memtable: the next file takes its name, and with
            // a seal between them it is the next memtable's, which the flush of this one must not
            // remove.
            if log.header.firstSequence == nextSequence {
                active.logFiles.removeAll { $0 == log.path }
            }
        } catch { poison(error) }
    }
}

extension Store {
    /// What a snapshot of this state is; to be called with the lock held.
    func publish(_ state: StoreState) {
        var runs = state.sealed?.runs ?? [:]
        for (table, newer) in state.active.runs { runs[table, default: []] += newer }
        let snapshot = Snapshot(
            catalog: state.manifest.catalog, sequence: state.nextSequence - 1, runs: runs,
            segments: state.segments, tombstones: state.tombstones, series: series,
            seriesLimit: series.nextNumber,
            options: options, cache: cache, ending: ending)
        published.withLock { $0 = snapshot }
    }

    /// Writes the manifest changed by `change`; when that fails all is as before.
    func replaceManifest(
        _ state: inout StoreState, _ change: (inout Manifest) -> Void
    ) throws(StorageError) {
        var next = state.manifest
        state.manifestNumber += 1
        next.number = state.manifestNumber
        next.nextSeries = state.nextSeries
        next.nextFileID = state.nextFileID
        next.lastPlausibleClock =
            clockGuard.withLock { $0.believed?.nanoseconds } ?? next.lastPlausibleClock
        change(&next)
        let now = timeForSegments()
        for index in next.segments.indices {
            let segment = next.segments[index]
            next.segments[index].writtenAt = segment.isCold ? nil : segment.writtenAt ?? now
        }
        next.settleTombstones()
        var remaining: [UInt64] = []
        for fileID in next.retired where try fileSystem.exists(FileNames.segment(fileID)) {
            remaining.append(fileID)
        }
        next.retired = remaining
        next.segments.sort {
            ($0.sequences.upperBound, $0.fileID) < ($1.sequences.upperBound, $1.fileID)
        }
        do throws(StorageError) {
            count(
                try ManifestFile.write(
                    next, databaseID: identity.databaseID, salt: random(), in: fileSystem),
                as: \.manifestByteCount)
        } catch {
            // Renamed but not surely durable: either manifest may be the one after a crash. Both
            // are true, but only as long as nothing is done that builds on one of them.
            if (try? fileSystem.exists(FileNames.manifest(next.number))) ?? true {
                state.poison(error)
            }
            throw error
        }
        state.manifest = next
    }

    /// Puts the handles in step with the manifest: those that stay, and new ones.
    func renewHandles(_ state: inout StoreState) {
        var known: [UInt64: SegmentHandle] = [:]
        for handle in state.segments { known[handle.summary.fileID] = handle }
        var new: UInt64 = 0
        state.segments = state.manifest.segments.map { summary in
            if let handle = known.removeValue(forKey: summary.fileID) { return handle }
            new += summary.rowCount
            return SegmentHandle(
                summary, in: fileSystem, databaseID: identity.databaseID,
                openSegments: openSegments, failure: state.unreadable[summary.fileID])
        }
        // Fewer rows than before: a series may have lost its last ones.
        let before = known.values.reduce(0) { $0 + $1.summary.rowCount }
        if before > new { state.mayHaveDeadSeries = true }
        state.wideSegmentCount = state.segments.count { $0.summary.isWide }
        let now = clock.monotonic()
        for handle in known.values { handle.retire(to: retiredFiles, now: now) }
    }

    /// A number and salt for a new segment.
    func newSegment(_ state: inout StoreState) -> SegmentIdentity {
        defer { state.nextFileID += 1 }
        return SegmentIdentity(fileID: state.nextFileID, salt: random())
    }
}
