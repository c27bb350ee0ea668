import BelfryCore

/// From a folder to the state that was promised before the crash.
///
/// 1. Read the newest manifest; check that every segment it lists is there in its full length.
/// 2. Read the log past `flushedThrough`, file after file; tell a torn end from damage.
/// 3. Enter the series of segments and log into the series table.
/// 4. Only then change anything: keep damaged files in quarantine, make the log that was read
///    durable, write the next manifest, cut torn ends (kept in quarantine), remove what is left
///    over, set aside what nobody knows.
///
/// Steps 1 to 3 read alone, so a crash within recovery finds what the first one found.
struct Recovery {
    let fileSystem: any FileSystem
    let identity: StoreIdentity
    let isReadOnly: Bool
    let mode: RecoveryMode

    /// The manifest as it was found.
    var manifest = Manifest()
    var memtable = Memtable()
    var nextSequence: UInt64 = 1
    var nextSeries: UInt32 = 1
    /// What happened, in sentences; for the health of the store and `check`.
    var notes: [String] = []
    /// Why writes must be refused, where damage lets a reader in but no writer.
    var refusal: StorageError?
    /// The end of the log, for a reader that looks again.
    var tail: LogTail?

    /// Segments that are missing or damaged, and why, where a reader is let in all the same.
    var unreadable: [UInt64: StorageError] = [:]
    /// Files of segments that left the manifest.
    var retiredFileIDs: [UInt64] = []
    /// The series table on its way, and what its checkpoint covers.
    var loading: SeriesLoading
    private var readSegmentCount = 0
    var temporaries: [String] = []
    var removals: [String] = []
    var strangers: [(path: String, why: String)] = []
    var tornEnds: [(path: String, offset: UInt64, byteCount: UInt64)] = []
    /// What the log has lost, or may have.
    var findings: [RecoveryFinding] = []
    /// Log files with damage, to be kept as they are.
    var damagedFiles: [String] = []
    /// Records that were read and that nothing says are on the disk.
    var unsynced: (path: String, bytes: Range<UInt64>)?

    private init(
        _ fileSystem: any FileSystem, _ identity: StoreIdentity, isReadOnly: Bool,
        mode: RecoveryMode, _ series: SeriesTable
    ) {
        loading = SeriesLoading(fileSystem, databaseID: identity.databaseID, into: series)
        self.mode = mode
        self.fileSystem = fileSystem
        self.identity = identity
        self.isReadOnly = isReadOnly
    }

    /// Steps 1 to 3: reads everything and changes nothing but the series table.
    static func read(
        _ fileSystem: any FileSystem, identity: StoreIdentity, isReadOnly: Bool,
        mode: RecoveryMode, into series: SeriesTable
    ) throws(StorageError) -> Recovery {
        var recovery = Recovery(
            fileSystem, identity, isReadOnly: isReadOnly, mode: mode, series)
        try recovery.readManifest()
        try recovery.readSegments()
        try recovery.readLog()
        recovery.loading.finish(readSegmentCount: recovery.readSegmentCount)
        recovery.nextSeries = max(recovery.nextSeries, series.nextNumber)
        recovery.notes += recovery.loading.notes
        recovery.temporaries += recovery.loading.temporaries
        recovery.removals += recovery.loading.leftovers
        return recovery
    }

    private mutating func readManifest() throws(StorageError) {
        let names = try fileSystem.list("")
        temporaries += names.filter(FileNames.isTemporary)
        guard let newest = ManifestFile.newest(names) else {
            for folder in [FileNames.segmentFolder, FileNames.logFolder] {
                if let name = try fileSystem.list(folder).first(where: {
                    !FileNames.isTemporary($0)
                }) {
                    throw StorageError(
                        .damaged, "there is \(folder)/\(name), and no manifest", file: "MANIFEST")
                }
            }
            return
        }
        let (found, damage) = try ManifestFile.readNoting(
            newest, databaseID: identity.databaseID, in: fileSystem)
        manifest = found
        if let damage {
            notes.append(
                "\(damage); the other copy of the manifest was read"
                    + (isReadOnly ? "" : ", and the next one is written in two"))
        }
        nextSequence = manifest.flushedThrough + 1
        nextSeries = manifest.nextSeries
        for name in names {
            guard let number = FileNames.manifestNumber(name), newest - number >= 3 else {
                continue
            }
            removals.append(name)
        }
    }

    private mutating func readSegments() throws(StorageError) {
        loading.readCheckpoint(below: manifest.nextSeries)
        for summary in manifest.segments {
            let path = FileNames.segment(summary.fileID)
            do throws(StorageError) {
                let byteCount = try fileSystem.open(path, .read).byteCount()
                guard byteCount == summary.byteCount else {
                    throw StorageError(
                        .damaged, "\(byteCount) bytes, the manifest expects \(summary.byteCount)",
                        file: path)
                }
                try readSeries(summary)
            } catch {
                if !isReadOnly { throw error }
                unreadable[summary.fileID] = error
                refuse(error)
            }
        }
        let live = Set(manifest.segments.map(\.fileID))
        let retired = Set(manifest.retired)
        for name in try fileSystem.list(FileNames.segmentFolder) {
            let path = FileNames.segmentFolder + "/" + name
            if FileNames.isTemporary(name) {
                temporaries.append(path)
            } else if let fileID = FileNames.segmentID(name) {
                if retired.contains(fileID) {
                    retiredFileIDs.append(fileID)
                } else if !live.contains(fileID) {
                    strangers.append(
                        (
                            path,
                            "no manifest lists this segment; it was written by a flush or a "
                                + "compaction that a crash cut off, or put here by someone"
                        ))
                }
            } else {
                strangers.append((path, "no file of a store has such a name"))
            }
        }
    }

    /// The series of a segment that the checkpoint does not cover.
    private mutating func readSeries(_ summary: SegmentSummary) throws(StorageError) {
        if loading.covers(summary) { return }
        let handle = SegmentHandle(summary, in: fileSystem, databaseID: identity.databaseID)
        try loading.read(try handle.reader())
        readSegmentCount += 1
    }

    /// Whether the checkpoint may have series of segments that are gone, or the log a number that
    /// was replaced by a younger one.
    var mayHaveDeadSeries: Bool {
        let live = Set(
            manifest.segments.map {
                SeriesCheckpoint.Covered(fileID: $0.fileID, salt: $0.salt)
            })
        return !loading.checkpoint.covered.isSubset(of: live) || loading.table.contents.repeatsKeys
    }

    mutating func refuse(_ error: StorageError) {
        notes.append(error.description)
        if refusal == nil {
            refusal = StorageError(
                .readOnly, "the store is damaged: \(error.message)", file: error.file,
                offset: error.offset)
        }
    }

    // MARK: Changes

    /// On a full disk: removes what no manifest needs, once the newest one is surely durable.
    /// Readers in other processes go without their grace.
    func makeRoom() {
        guard (try? fileSystem.syncFolder("")) != nil else { return }
        for path in temporaries + removals + retiredFileIDs.map(FileNames.segment)
        // These have no copy in quarantine yet.
        where !damagedFiles.contains(path) {
            try? fileSystem.remove(path)
        }
    }

    /// Step 4 behind the manifest.
    func cleanUp() throws(StorageError) {
        for end in tornEnds {
            let bytes = try fileSystem.readAll(end.path)
            let start = Int(end.offset)
            try keep(
                Array(bytes[start..<min(bytes.count, start + Int(end.byteCount))]),
                as: Self.quarantined(end.path) + "-\(end.offset)",
                why: "the torn end of \(end.path), from byte \(end.offset)")
            // Not synced: where the cut is lost, the next opening does it again.
            try fileSystem.open(end.path, .update).truncate(to: end.offset)
        }
        for stranger in strangers {
            let name = Self.quarantined(stranger.path) + "-\(manifest.epoch + 1)"
            try explain(name, "\(stranger.path): \(stranger.why)")
            try fileSystem.rename(stranger.path, to: name)
        }
        // A manifest written meanwhile may have taken the name of one.
        for path in temporaries + removals where try fileSystem.exists(path) {
            try fileSystem.remove(path)
        }
    }

    var strangerNotes: [String] {
        strangers.map { "\($0.path): \($0.why); set aside in quarantine" }
    }

    /// A copy in quarantine, the reason with it. Its name ends with a hash of the bytes, so that
    /// nothing that was kept is ever replaced by something else, and a crash may repeat it.
    func keep(_ bytes: [UInt8], as name: String, why: String) throws(StorageError) {
        let hash = String(Checksum.xxh64(bytes, seed: 0), radix: 16)
        // One sync of the folder for both: where it does not come to that, all is done again.
        try fileSystem.replace(
            "\(name)-\(hash)" + FileNames.reasonSuffix, with: Array((why + "\n").utf8))
        try fileSystem.durableReplace("\(name)-\(hash)", with: bytes)
    }

    static func quarantined(_ path: String) -> String {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
            String(path[path.utf8.index(after: $0)...])
        }
        return FileNames.quarantineFolder + "/" + (name ?? path)
    }

    func explain(_ name: String, _ why: String) throws(StorageError) {
        try fileSystem.durableReplace(name + FileNames.reasonSuffix, with: Array((why + "\n").utf8))
    }
}
