import BelfryCore
import Synchronization

/// What a write did.
package struct WriteOutcome: Sendable, Hashable {
    /// Rows that were not there before; all rows where nothing was looked up.
    package var stored = 0
    /// Rows that were there with other values.
    package var updated = 0
    /// Rows that were there already and were dropped.
    package var duplicate = 0

    package init() {}
}

/// A store: opens and closes, and offers its three verbs: `write`, changes of the catalog, and
/// `snapshot`.
///
/// Threads: any. Writers queue, and the first in line writes and syncs for all behind it; readers
/// take the published snapshot and wait for nobody. Locks are taken in this order: compacting,
/// flushing, state, published.
package final class Store: Sendable {
    package let options: StoreOptions
    let fileSystem: any FileSystem
    let identity: StoreIdentity
    let random: @Sendable () -> UInt64
    let clock: any StoreClock
    /// Whether writes go to a log; not where nothing outlives the process.
    let isLogged: Bool
    private let seriesInUse = Mutex(SeriesTable())
    /// Of a store that is open for reading only.
    let followed = Mutex<FollowedStore?>(nil)
    let cache: BlockCache
    let queue: WriteQueue
    let upkeep = UpkeepThread()
    private let timer = SyncTimer()
    let eventLog: EventLog
    package let healthMonitor: HealthMonitor
    let space: SpaceWatch
    let retiredFiles: RetiredFiles
    let openSegments: OpenSegments
    let flushRetries = Retries()
    let compactionRetries = Retries()
    let ending = StoreEnding()
    let state = Mutex(StoreState())
    let published: Mutex<Snapshot>
    /// Statements that read rows in order to change them take turns here.
    package let changes = ChangeGate()
    let flushing = Mutex(())
    let compacting = Mutex(())
    private let lock: Mutex<(any StoreLock)?>
    /// Which times of the wall clock are believed.
    let clockGuard: Mutex<ClockGuard>
    /// When retention last looked, by the steady clock.
    let lastRetention = Mutex<UInt64?>(nil)
    let counters = Mutex(StoreStatistics())
    private let findings = Mutex<[RecoveryFinding]>([])
    private let closing = Mutex(())
    /// What opening could not do for want of space, done when there is some.
    let unfinished = Mutex<Recovery?>(nil)
    let checkpoint = Mutex(CheckpointState())

    /// The log grows in steps of this many bytes.
    static let logStepByteCount: UInt64 = 4 << 20
    /// And of these below the hard limit of free space.
    static let scarceLogStepByteCount: UInt64 = 64 << 10

    private init(
        _ fileSystem: any FileSystem, identity: StoreIdentity, lock: sending (any StoreLock)?,
        options: StoreOptions, isLogged: Bool, clock: any StoreClock,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.fileSystem = fileSystem
        self.identity = identity
        self.options = options
        self.random = random
        self.clock = clock
        clockGuard = Mutex(ClockGuard(believed: nil, monotonic: clock.monotonic()))
        self.isLogged = isLogged
        self.lock = Mutex(lock)
        cache = BlockCache(byteCountLimit: options.blockCacheByteCountLimit)
        queue = WriteQueue(groupByteCountLimit: options.frameByteCountLimit)
        eventLog = EventLog(now: { clock.wall() })
        healthMonitor = HealthMonitor(events: eventLog)
        space = SpaceWatch(
            fileSystem, options: options, isWatching: isLogged && !options.isReadOnly)
        retiredFiles = RetiredFiles(
            in: fileSystem, graceSeconds: isLogged ? options.retirementSeconds : 0)
        openSegments = OpenSegments(countLimit: options.openSegmentCountLimit)
        published = Mutex(
            Snapshot(
                catalog: Catalog(), sequence: 0, runs: [:], segments: [], series: SeriesTable(),
                seriesLimit: 1, options: options, cache: cache, ending: ending))
        state.withLock { [healthMonitor] in $0.health = healthMonitor }
    }

    deinit {
        // A store that was not closed: its threads hold it only while they work, so they end.
        ending.begin()
        upkeep.stop(isWaiting: false)
        timer.stop(isWaiting: false)
        healthMonitor.update { $0.isClosed = true }
    }

    // MARK: Opening

    /// Opens the store in a folder of this machine, which is made where it is missing.
    package static func open(
        path: String, options: StoreOptions
    ) throws(StorageError) -> Store {
        let disk = DiskFileSystem(path: path)
        return try open(disk, options: options, owner: DiskFileSystem.owner)
    }

    /// A store without a folder and without a log, gone with its last reference.
    package static func inMemory(options: StoreOptions) throws(StorageError) -> Store {
        var options = options
        options.durability = .none
        return try open(MemoryFileSystem(), options: options, isLogged: false)
    }

    /// Opens the store in this folder.
    ///
    /// - Parameters:
    ///   - owner: what another opening is told that has it.
    ///   - clock: what time it is.
    ///   - random: where identities and salts come from.
    package static func open(
        _ fileSystem: any FileSystem, options: StoreOptions, owner: String = "this process",
        isLogged: Bool = true, clock: any StoreClock = SystemClock(),
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) throws(StorageError) -> Store {
        var lock: (any StoreLock)?
        try fileSystem.checkKind(isAllowed: options.allowsUnsafeFileSystem)
        // What must not be opened is refused before a byte changes, the lock's among them.
        if try fileSystem.exists(FileNames.identity) {
            _ = try identity(fileSystem, options, random)
        }
        if !options.isReadOnly {
            if try fileSystem.exists(FileNames.backup) {
                throw StorageError(
                    .readOnly,
                    "this is a backup, which stays as it is; `belfry restore` makes a "
                        + "database of it", file: FileNames.backup)
            }
            try fileSystem.createFolder("")
            try checkFolder(fileSystem)
            lock = try fileSystem.lock(FileNames.lock, owner: owner)
        }
        let identity = try identity(fileSystem, options, random)
        let store = Store(
            fileSystem, identity: identity, lock: lock, options: options, isLogged: isLogged,
            clock: clock, random: random)
        if options.isReadOnly {
            try store.follow()
            return store
        }
        try store.recover()
        if options.runsUpkeep {
            try store.upkeep.start(store)
            store.upkeep.request(.compaction)
        }
        if case .interval(let milliseconds) = options.durability, isLogged {
            try store.timer.start(store, milliseconds: milliseconds)
        }
        return store
    }

    /// A folder with other files in it does not become a store.
    private static func checkFolder(_ fileSystem: any FileSystem) throws(StorageError) {
        if try fileSystem.exists(FileNames.identity) { return }
        let known = [
            FileNames.lock, FileNames.logFolder, FileNames.segmentFolder,
            FileNames.identity + FileNames.temporarySuffix,
        ]
        for name in try fileSystem.list("") where !known.contains(name) {
            throw StorageError(
                FileNames.manifestNumber(name) == nil ? .missing : .damaged,
                "no store is here (there is no IDENTITY), and the folder is not empty", file: name)
        }
    }

    private static func identity(
        _ fileSystem: any FileSystem, _ options: StoreOptions, _ random: () -> UInt64
    ) throws(StorageError) -> StoreIdentity {
        if try fileSystem.exists(FileNames.identity) {
            return try StoreIdentity.decode(
                try fileSystem.readAll(FileNames.identity), file: FileNames.identity)
        }
        if options.isReadOnly { throw StorageError(.missing, "no store is here") }
        // Before there is an identity, so that a store whose folder may vanish never is one.
        try fileSystem.syncFolder("..")
        try fileSystem.createFolder(FileNames.logFolder)
        try fileSystem.createFolder(FileNames.segmentFolder)
        var writer = ByteWriter(capacity: 16)
        // A random UUID: version 4, variant 1.
        writer.writeUInt64((random() & ~(0xf0 << 48)) | 0x40 << 48)
        writer.writeUInt64((random() & ~0xc0) | 0x80)
        let identity = StoreIdentity(databaseID: writer.bytes, salt: random())
        try fileSystem.durableReplace(FileNames.identity, with: identity.encode())
        return identity
    }

    private func recover() throws(StorageError) {
        let recovery = try Recovery.read(
            fileSystem, identity: identity, isReadOnly: false, mode: options.recovery,
            into: series)
        for message in recovery.notes
            + recovery.findings.map(\.description) + recovery.strangerNotes
        { note(.recovery, message) }
        restoreClock(recovery.manifest.lastPlausibleClock)
        space.findReserve()
        try state.withLock { (state) throws(StorageError) in
            state.manifest = recovery.manifest
            state.manifestNumber = recovery.manifest.number
            state.active = recovery.memtable
            state.nextSequence = recovery.nextSequence
            state.nextSeries = recovery.nextSeries
            state.nextFileID = recovery.manifest.nextFileID
            state.unreadable = recovery.unreadable
            state.mayHaveDeadSeries = recovery.mayHaveDeadSeries
            state.refusal = recovery.refusal
            state.lastTimes = LastTimes(unknownBelow: recovery.nextSeries)
            for run in recovery.memtable.allRuns { state.lastTimes.note(run) }
            if let refusal = identity.refusal(upgrading: options.upgradesFormat) {
                state.refusal = refusal
            } else {
                try beginWriting(&state, recovery)
            }
            renewHandles(&state)
            publish(state)
        }
        findings.withLock { $0 = recovery.findings }
        checkpoint.withLock { $0 = recovery.loading.checkpoint }
        if state.withLock({ $0.refusal != nil }) { return }
        endOpening(recovery)
        watchSpace()
    }

    /// What follows the first manifest of this opening.
    private func endOpening(_ recovery: Recovery) {
        adoptRetired(recovery)
        cleanUp(recovery)
        if !recovery.damagedFiles.isEmpty { flushSalvaged() }
    }

    private func beginEpoch(
        _ state: inout StoreState, _ recovery: Recovery
    ) throws(StorageError) {
        try recovery.makeLogDurable()
        try replaceManifest(&state) { $0.epoch += 1 }
        try upgradeIdentity()
    }

    /// The first manifest of this opening. On a full disk the reserve is given back for it, then
    /// what is left over goes; where that is not enough the store can be read, and goes on by
    /// itself when there is space.
    private func beginWriting(
        _ state: inout StoreState, _ recovery: Recovery
    ) throws(StorageError) {
        for step in 0...2 {
            do throws(StorageError) {
                try beginEpoch(&state, recovery)
                return
            } catch {
                guard error.code == .diskFull, state.refusal == nil else { throw error }
                switch step {
                case 0:
                    if space.giveReserve() {
                        note(.space, "the disk is full; the reserve was given back to it")
                    }
                case 1: recovery.makeRoom()
                default:
                    // Better a store that can be read than none; nothing was changed.
                    state.refusal = error
                    unfinished.withLock { $0 = recovery }
                }
            }
        }
    }

    /// Ends what opening had to leave for want of space.
    func resumeOpening() {
        guard let recovery = unfinished.withLock({ $0 }) else { return }
        let isResumed = state.withLock { state in
            guard state.refusal?.code == .diskFull, !state.isClosed else { return false }
            let refusal = state.refusal
            state.refusal = nil
            do throws(StorageError) {
                try beginEpoch(&state, recovery)
                renewHandles(&state)
                publish(state)
                return true
            } catch {
                if state.refusal == nil { state.refusal = refusal }
                return false
            }
        }
        guard isResumed else { return }
        unfinished.withLock { $0 = nil }
        endOpening(recovery)
        note(.space, "there is room again; the store takes writes")
    }

    /// Files of segments that had left the manifest before this opening get what is left of their
    /// grace, as far as the manifest's own clock tells.
    private func adoptRetired(_ recovery: Recovery) {
        let written = recovery.manifest.lastPlausibleClock
        let elapsed = clock.wall().nanoseconds.subtractingReportingOverflow(written)
        let isKnown = written != 0 && !elapsed.overflow && elapsed.partialValue > 0
        let now = clock.monotonic()
        for fileID in recovery.retiredFileIDs {
            retiredFiles.adopt(
                fileID, now: now, elapsed: isKnown ? UInt64(elapsed.partialValue) : 0)
        }
        removeRetired()
    }

    /// The last step of an upgrade, once the manifest is of today's format: log files and segments
    /// of an older one are read as they are. A crash before it leaves it to the next upgrade.
    private func upgradeIdentity() throws(StorageError) {
        guard identity.version < StoreIdentity.version else { return }
        var upgraded = identity
        upgraded.version = StoreIdentity.version
        try fileSystem.durableReplace(FileNames.identity, with: upgraded.encode())
    }

    /// What was read from a damaged log goes to a segment at once, and the file from the log: it is
    /// in quarantine, and the next opening finds no damage.
    private func flushSalvaged() {
        do throws(StorageError) {
            try flush()
        } catch { note(.recovery, "the damaged log stays where it is: \(error)") }
    }

    /// Nothing depends on what is cleaned up: the next record begins a new log file, and a new
    /// segment takes the place of a stranger of its name.
    private func cleanUp(_ recovery: Recovery) {
        do throws(StorageError) {
            try recovery.cleanUp()
        } catch { note(.recovery, "not all was cleaned up: \(error)") }
    }

    // MARK: Reading and closing

    /// The newest snapshot: one lock, one copy of a reference.
    package func snapshot() -> Snapshot { published.withLock { $0 } }

    /// The series table, which a reader of another process's store replaces where that took numbers
    /// back.
    var series: SeriesTable { seriesInUse.withLock { $0 } }

    /// Puts a table without some series in place of this one; with the state's lock held, so that
    /// whoever commits next sees it.
    func replaceSeries(by table: SeriesTable) { seriesInUse.withLock { $0 = table } }

    /// What a look at the folder found, in a store that is open for reading only.
    func take(_ found: FollowedStore) {
        seriesInUse.withLock { $0 = found.series }
        findings.withLock { $0 = found.findings }
        let known = recoveryNotes
        for message in found.notes where !known.contains(message) { note(.recovery, message) }
    }

    /// What recovery found missing in the log, with places and sequences.
    package var recoveryFindings: [RecoveryFinding] { findings.withLock { $0 } }

    /// Ends the statements that run, stops the store's threads after the step they are at, syncs,
    /// and gives up the lock; a second call waits for the first. A memtable worth it is flushed
    /// first, so that the next opening has no log to read; where that fails, the log has its rows.
    ///
    /// Snapshots that are still held stay readable.
    package func close() throws(StorageError) {
        ending.begin()
        try closing.withLock { (_) throws(StorageError) in
            if state.withLock({ $0.isClosed }) { return }
            upkeep.stop(isWaiting: true)
            timer.stop(isWaiting: true)
            let isWorth = state.withLock { state in
                state.refusal == nil
                    && (state.sealed != nil || state.active.byteCount >= Self.flushAtClose)
            }
            if isWorth && options.runsUpkeep {
                do throws(StorageError) { try flush() } catch {
                    note(.upkeep, "the flush at closing failed, the log keeps its rows: \(error)")
                }
            }
            // Nothing depends on it but the time that the next opening takes.
            if options.runsUpkeep {
                collectSeriesWhenDue()
                try? checkpointSeries(isClosing: true)
            }
            defer { lock.withLock { $0 = nil } }
            try state.withLock { (state) throws(StorageError) in
                defer {
                    state.isClosed = true
                    state.log = nil
                }
                guard state.refusal == nil else { return }
                try state.syncLog()
                // The room that was reserved for more records; nothing depends on its going.
                if let log = state.log { try? log.file.truncate(to: log.offset) }
            }
        }
    }

    /// Memtables below this many bytes are left to the log.
    private static let flushAtClose = 256 << 10

    func checkNotReadOnly() throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in try state.checkWritable() }
    }

    /// Where new segments go.
    var place: SegmentPlace {
        SegmentPlace(
            fileSystem: fileSystem, databaseID: identity.databaseID, options: options)
    }
}
