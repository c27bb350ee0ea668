import BelfryCore

/// A store that another process may be writing, read only: its newest manifest, and the log past
/// what is in segments up to its last whole record.
///
/// There is no protocol between the processes and no lock: the writer publishes a manifest by a
/// rename, and removes files only after one that does without them. So what is read while the
/// newest manifest stays the same is what the store held at one instant; where it changed, reading
/// begins again. The end of the log grows under the reader's eyes: bytes there that are no whole
/// record are a write that is going on. A record may be seen just before it is durable.
///
/// Invariant between looks: every write below `nextSequence` is in `segments` or in `memtables`,
/// and every series of those writes is in `series`.
struct FollowedStore: Sendable {
    let fileSystem: FollowedFileSystem
    let identity: StoreIdentity
    let mode: RecoveryMode
    private let openSegments: OpenSegments

    private(set) var manifest = Manifest()
    private(set) var segments: [SegmentHandle] = []
    private(set) var nextSequence: UInt64 = 1
    private(set) var nextSeries: UInt32 = 1
    private(set) var series = SeriesTable()
    /// What was found at the last reading from the start, in sentences.
    private(set) var notes: [String] = []
    /// What the log has lost.
    private(set) var findings: [RecoveryFinding] = []
    /// Damage that bars the way: what comes before it is shown, and no more.
    private(set) var damage: StorageError?
    /// What looked damaged at the last reading: a file that changes while it is read does, too, so
    /// it counts when it is found twice.
    private var doubts: [String] = []

    /// Of one log file each, oldest first; the first may be of several.
    private var memtables: [Memtable] = []
    private var tail: LogTail?
    /// The names of log files that were there, as their first sequences.
    private var logFiles: Set<UInt64> = []
    private var isRead = false

    /// Looks, so that a writer that replaces manifests without a pause cannot hold a reader for
    /// ever.
    private static let attemptCountLimit = 200

    init(
        _ fileSystem: any FileSystem, identity: StoreIdentity, mode: RecoveryMode,
        openSegments: OpenSegments
    ) {
        self.openSegments = openSegments
        self.mode = mode
        self.fileSystem = FollowedFileSystem(fileSystem)
        self.identity = identity
    }

    /// The writes that are not in segments.
    var memtable: Memtable {
        var all = memtables.first ?? Memtable()
        for newer in memtables.dropFirst() { all.append(contentsOf: newer) }
        return all
    }

    /// Follows the folder to what it holds now; true where that is more than before.
    mutating func look() throws(StorageError) -> Bool {
        var isChanged = false
        var failure: (error: StorageError, manifest: UInt64)?
        for _ in 0..<Self.attemptCountLimit {
            let newest = try newestManifest()
            do throws(StorageError) {
                if !isRead || newest != manifest.number {
                    isChanged = true
                    if isRead { isRead = try advance(to: newest) }
                    if !isRead { try readAll() }
                }
                switch try readTail() {
                case .same: break
                case .grown: isChanged = true
                case .isGone: if try newestManifest() == newest { isRead = false }
                case .isRewritten: isRead = false
                }
                failure = nil
            } catch {
                let now = try newestManifest()
                if now != newest { continue }
                isRead = false
                // The same once more under the same manifest is no doing of the writer.
                if let before = failure, before.manifest == newest,
                    before.error.description == error.description
                {
                    throw error
                }
                failure = (error, newest)
            }
            if isRead, try newestManifest() == manifest.number { return isChanged }
        }
        if let failure { throw failure.error }
        throw StorageError(
            .superseded,
            "the process that writes to the store replaces its files faster than "
                + "they can be read")
    }

    private func newestManifest() throws(StorageError) -> UInt64 {
        ManifestFile.newest(try fileSystem.list("")) ?? 0
    }

    // MARK: From the start

    /// Reads everything as a recovery does, and changes nothing.
    private mutating func readAll() throws(StorageError) {
        let found = try StoreIdentity.decode(
            try fileSystem.readAll(FileNames.identity), file: FileNames.identity)
        guard found.databaseID == identity.databaseID else {
            throw StorageError(
                .missing, "another store has taken this one's place; open it anew",
                file: FileNames.identity)
        }
        let files = try logFirsts()
        let fresh = SeriesTable()
        let recovery = try Recovery.read(
            fileSystem, identity: identity, isReadOnly: true, mode: mode, into: fresh)
        // A torn end is a write that is going on, or one that the next writer cuts off.
        let lost = recovery.findings.filter { $0.kind != .tornEnd }
        let problems =
            (recovery.refusal.map { [$0.description] } ?? []) + lost.map(\.description)
        if problems != doubts && !problems.isEmpty {
            doubts = problems
            return
        }
        doubts = []
        damage = recovery.refusal
        notes = recovery.notes + lost.map(\.description)
        findings = lost
        series = fresh
        manifest = recovery.manifest
        var known: [UInt64: SegmentHandle] = [:]
        for handle in segments { known[handle.summary.fileID] = handle }
        segments = manifest.segments.map { summary in
            let failure = recovery.unreadable[summary.fileID]
            if failure == nil, let handle = known[summary.fileID], handle.failure == nil,
                handle.summary == summary
            {
                return handle
            }
            return SegmentHandle(
                summary, in: fileSystem, databaseID: identity.databaseID,
                openSegments: openSegments, failure: failure)
        }
        memtables = [recovery.memtable]
        nextSequence = recovery.nextSequence
        nextSeries = recovery.nextSeries
        tail = recovery.tail
        logFiles = Set(files)
        isRead = true
        fileSystem.note(manifest)
    }

    private func logFirsts() throws(StorageError) -> [UInt64] {
        try fileSystem.list(FileNames.logFolder).compactMap(FileNames.logSequence).sorted()
    }

    // MARK: To the next manifest

    /// Takes over a newer manifest; false where everything has to be read again.
    private mutating func advance(to number: UInt64) throws(StorageError) -> Bool {
        // After damage only a look from the start tells whether it is still there, and another
        // opening for writing may have taken back the end of the log.
        if damage != nil || number == 0 { return false }
        let next = try ManifestFile.read(
            number, databaseID: identity.databaseID, in: fileSystem)
        guard next.epoch == manifest.epoch else { return false }
        var known: [UInt64: SegmentHandle] = [:]
        for handle in segments { known[handle.summary.fileID] = handle }
        var handles: [SegmentHandle] = []
        var entries: [(number: UInt32, key: SeriesKey)] = []
        for summary in next.segments {
            if let handle = known[summary.fileID], handle.summary == summary {
                handles.append(handle)
                continue
            }
            let handle = SegmentHandle(
                summary, in: fileSystem, databaseID: identity.databaseID,
                openSegments: openSegments)
            let byteCount = try fileSystem.open(handle.path, .read).byteCount()
            guard byteCount == summary.byteCount else {
                throw StorageError(
                    .damaged, "\(byteCount) bytes, the manifest expects \(summary.byteCount)",
                    file: handle.path)
            }
            // Series of writes that were in segments are known; what was read from the log may have
            // been taken back, and its numbers given anew.
            if summary.sequences.upperBound > manifest.flushedThrough {
                entries += try handle.reader().series()
            }
            handles.append(handle)
        }
        guard try enter(entries) else { return false }
        let flushed = next.flushedThrough
        memtables.removeAll { $0.sequences.map { $0.upperBound <= flushed } ?? true }
        if let first = memtables.first?.sequences, first.lowerBound <= flushed { return false }
        if flushed + 1 >= nextSequence {
            // All that was read is in segments, and what comes next begins a log file.
            nextSequence = flushed + 1
            tail = nil
        }
        manifest = next
        nextSeries = max(nextSeries, next.nextSeries)
        segments = handles
        fileSystem.note(next)
        return true
    }

    /// Enters series that are new; false where numbers were given anew.
    private mutating func enter(
        _ entries: [(number: UInt32, key: SeriesKey)]
    ) throws(StorageError) -> Bool {
        var new: [(number: UInt32, key: SeriesKey)] = []
        for entry in entries {
            if let known = series.key(entry.number) {
                if known != entry.key { return false }
            } else if entry.number >= series.nextNumber, entry.number < UInt32.max - 1 {
                new.append(entry)
            } else {
                return false
            }
        }
        if new.isEmpty { return true }
        new.sort { $0.number < $1.number }
        var unique: [(number: UInt32, key: SeriesKey)] = []
        for entry in new {
            if let last = unique.last, last.number == entry.number {
                if last.key != entry.key { return false }
            } else {
                unique.append(entry)
            }
        }
        do throws(FormatError) {
            try series.register(unique)
        } catch { throw StorageError(.damaged, "a series key is malformed: \(error)") }
        nextSeries = max(nextSeries, series.nextNumber)
        return true
    }

    // MARK: The tail of the log

    private enum TailOutcome {
        case same
        case grown
        /// What was read or what follows is not there: in segments now, or lost.
        case isGone
        /// What was read was taken back by the writer.
        case isRewritten
    }

    private mutating func readTail() throws(StorageError) -> TailOutcome {
        if !isRead { return .isGone }
        if damage != nil { return .same }
        let files = try logFirsts()
        // A file that begins with what was read already: the writer took a failed write back.
        if files.contains(where: {
            $0 > manifest.flushedThrough && $0 < nextSequence && !logFiles.contains($0)
        }) {
            return .isRewritten
        }
        logFiles = Set(files)
        let before = nextSequence
        while true {
            if tail == nil {
                guard logFiles.contains(nextSequence) else { break }
                memtables.append(Memtable())
                let path = FileNames.log(firstSequence: nextSequence)
                memtables[memtables.count - 1].logFiles = [path]
                tail = LogTail(path: path)
            }
            let first = tail?.first ?? 0
            let outcome = try readFile(before: files.first { $0 > first })
            if outcome != .same { return outcome }
            guard logFiles.contains(nextSequence), tail?.first != nextSequence else { break }
            tail = nil
        }
        if files.contains(where: { $0 > nextSequence }) { return .isGone }
        return nextSequence == before ? .same : .grown
    }

    /// Reads on in the file of the tail; anything but `same` where it is no longer what it was.
    ///
    /// - Parameter limit: the sequence that the next file begins with.
    private mutating func readFile(before limit: UInt64?) throws(StorageError) -> TailOutcome {
        guard var tail else { return .same }
        var lookCount = 0
        while true {
            var reader: LogReader
            switch try tail.reader(
                databaseID: identity.databaseID, expecting: nextSequence, in: fileSystem)
            {
            case .ready(let ready): reader = ready
            case .isGone: return .isGone
            case .isRewritten: return .isRewritten
            }
            var payloadByteCount: Int?
            while nextSequence < limit ?? .max, try reader.hasMore(),
                let record = try reader.next()
            {
                guard try take(record) else { return .isRewritten }
                payloadByteCount = record.payload.count
            }
            if let payloadByteCount { try tail.note(reader, payloadByteCount) }
            self.tail = tail
            if limit != nil { return .same }
            // A later record that says this one was durable: damage, if this one is not there now,
            // after the later one was seen. A reading from the start judges it.
            guard try reader.hasBytes(), case .damaged = try reader.end() else { return .same }
            if lookCount > 0 { return .isRewritten }
            lookCount += 1
        }
    }

    /// One record becomes part of what is seen; false where it is not what it should be, which a
    /// reading from the start judges.
    private mutating func take(
        _ record: (sequence: UInt64, payload: [UInt8])
    ) throws(StorageError) -> Bool {
        let content: LogRecord
        do throws(FormatError) {
            content = try LogRecord.decode(record.payload)
        } catch { return false }
        guard content.tombstones.allSatisfy({ $0.sequence == record.sequence }),
            try enter(content.series),
            content.points.allSatisfy({ rows in
                rows.extents.allSatisfy { series.has($0.series) }
            })
        else { return false }
        Recovery.replay(
            content, record.sequence, manifest.catalog, into: &memtables[memtables.count - 1])
        nextSequence = record.sequence + 1
        return true
    }
}
