import BelfryCore

/// From a folder to the state that was promised before the crash.
///
/// 1. Read the newest manifest; check that every segment it lists is there in its full length.
/// 2. Read the log past `flushedThrough`, file after file; tell a torn end from damage.
/// 3. Enter the series of segments and log into the series table.
/// 4. Only then change anything: sync the log that was read, cut torn ends (kept in quarantine),
///    remove what is left over, set aside what nobody knows.
///
/// Steps 1 to 3 read alone, so a crash within recovery finds what the first one found.
struct Recovery {
    let fileSystem: any FileSystem
    let identity: StoreIdentity
    let isReadOnly: Bool

    /// The manifest as it was found.
    private(set) var manifest = Manifest()
    private(set) var memtable = Memtable()
    private(set) var nextSequence: UInt64 = 1
    private(set) var nextSeries: UInt32 = 1
    /// What happened, in sentences; for the health of the store and `check`.
    private(set) var notes: [String] = []
    /// Why writes must be refused, where damage lets a reader in but no writer.
    private(set) var refusal: StorageError?

    private var entries: [UInt32: SeriesKey] = [:]
    /// The series that have rows in segments.
    private(set) var storedSeries: [UInt32] = []
    private var temporaries: [String] = []
    private var removals: [String] = []
    private var strangers: [(path: String, why: String)] = []
    private var tornEnds: [(path: String, offset: UInt64, byteCount: UInt64)] = []

    private init(_ fileSystem: any FileSystem, _ identity: StoreIdentity, isReadOnly: Bool) {
        self.fileSystem = fileSystem
        self.identity = identity
        self.isReadOnly = isReadOnly
    }

    /// Steps 1 to 3: reads everything and changes nothing but the series table.
    static func read(
        _ fileSystem: any FileSystem, identity: StoreIdentity, isReadOnly: Bool,
        into series: SeriesTable
    ) throws(StorageError) -> Recovery {
        var recovery = Recovery(fileSystem, identity, isReadOnly: isReadOnly)
        try recovery.readManifest()
        try recovery.readSegments()
        try recovery.readLog()
        try recovery.enterSeries(series)
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
        manifest = try ManifestFile.read(
            newest, databaseID: identity.databaseID, in: fileSystem)
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
                    removals.append(path)
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

    private mutating func readSeries(_ summary: SegmentSummary) throws(StorageError) {
        let handle = SegmentHandle(summary, in: fileSystem, databaseID: identity.databaseID)
        for entry in try handle.reader().series() {
            try enter(entry.number, entry.key, handle.path)
            storedSeries.append(entry.number)
        }
    }

    private mutating func enter(
        _ number: UInt32, _ key: SeriesKey, _ file: String
    ) throws(StorageError) {
        if let known = entries[number], known != key {
            throw StorageError(.damaged, "series \(number) has two keys", file: file)
        }
        guard number > 0, number < UInt32.max - 1 else {
            throw StorageError(.damaged, "a series of number \(number)", file: file)
        }
        entries[number] = key
        nextSeries = max(nextSeries, number + 1)
    }

    private mutating func refuse(_ error: StorageError) {
        notes.append(error.description)
        if refusal == nil {
            refusal = StorageError(
                .readOnly, "the store is damaged: \(error.message)", file: error.file,
                offset: error.offset)
        }
    }

    // MARK: The log

    private mutating func readLog() throws(StorageError) {
        var firsts: [UInt64] = []
        for name in try fileSystem.list(FileNames.logFolder) {
            let path = FileNames.logFolder + "/" + name
            if FileNames.isTemporary(name) {
                temporaries.append(path)
            } else if let first = FileNames.logSequence(name) {
                firsts.append(first)
            } else {
                strangers.append((path, "no file of a store has such a name"))
            }
        }
        firsts.sort()
        for (index, first) in firsts.enumerated() {
            let next = index + 1 < firsts.count ? firsts[index + 1] : nil
            let path = FileNames.log(firstSequence: first)
            // All of it lies in segments: the crash came before it was removed.
            if let next, next <= manifest.flushedThrough + 1 {
                removals.append(path)
                continue
            }
            do throws(StorageError) {
                try readLog(first, path: path, followedBy: next)
            } catch {
                if !isReadOnly { throw error }
                // A reader is let in to what comes before the damage, and to no more.
                refuse(error)
                return
            }
        }
    }

    private mutating func readLog(
        _ first: UInt64, path: String, followedBy next: UInt64?
    ) throws(StorageError) {
        var reader = try LogReader(
            path: path, databaseID: identity.databaseID, in: fileSystem)
        guard reader.header.firstSequence == first else {
            throw StorageError(
                .damaged,
                "the header says that the first record is "
                    + "\(reader.header.firstSequence)", file: path)
        }
        guard first <= nextSequence else {
            throw StorageError(
                .damaged, "the log goes on with record \(first), \(nextSequence) is missing",
                file: path)
        }
        var hasUnflushed = false
        while let record = try reader.next() {
            let payloadOffset =
                reader.offset
                - UInt64(LogFormat.recordByteCount(payload: record.payload.count))
                + UInt64(LogFormat.recordHeaderByteCount)
            let content: LogRecord
            do throws(FormatError) {
                content = try LogRecord.decode(record.payload)
            } catch { throw StorageError(error, file: path, base: payloadOffset) }
            for entry in content.series { try enter(entry.number, entry.key, path) }
            if record.sequence <= manifest.flushedThrough { continue }
            guard record.sequence == nextSequence else {
                throw StorageError(
                    .damaged, "record \(record.sequence) stands where \(nextSequence) should",
                    file: path, offset: payloadOffset)
            }
            guard content.tombstones.allSatisfy({ $0.sequence == record.sequence }) else {
                throw StorageError(
                    .damaged, "a tombstone of another record than \(record.sequence)",
                    file: path, offset: payloadOffset)
            }
            hasUnflushed = true
            replay(content, record.sequence)
        }
        if hasUnflushed || reader.nextSequence == nextSequence { memtable.logFiles.append(path) }
        switch try reader.end(followedBy: next) {
        case .clean: break
        case .torn(let byteCount):
            notes.append(
                "\(path), byte \(reader.offset): the last \(byteCount) bytes are no whole record; "
                    + "they were cut off by a crash and are kept in quarantine")
            tornEnds.append((path, reader.offset, byteCount))
        case .damaged(let message):
            throw StorageError(.damaged, message, file: path, offset: reader.offset)
        }
        if reader.nextSequence <= manifest.flushedThrough {
            // Everything of it is in segments, even where the next file's name does not tell.
            memtable.logFiles.removeAll { $0 == path }
            removals.append(path)
            tornEnds.removeAll { $0.path == path }
        }
    }

    private mutating func replay(_ record: LogRecord, _ sequence: UInt64) {
        memtable.note(sequence...sequence)
        for tombstone in record.tombstones
        where manifest.catalog.table(numbered: tombstone.table) != nil {
            memtable.append(tombstone)
        }
        for rows in record.points where manifest.catalog.table(numbered: rows.table) != nil {
            if rows.rowCount > 0 { memtable.append(rows.run(sequence...sequence)) }
        }
        nextSequence = sequence + 1
    }

    private func enterSeries(_ series: SeriesTable) throws(StorageError) {
        let ascending = entries.keys.sorted().compactMap { number in
            entries[number].map { (number: number, key: $0) }
        }
        do throws(FormatError) {
            try series.register(ascending)
        } catch { throw StorageError(.damaged, "a series key is malformed: \(error)") }
    }

    // MARK: Changes

    /// Step 4; to be called once the next manifest is durable.
    func cleanUp() throws(StorageError) {
        // What a killed process wrote may not be on the disk yet, and the next log file will say
        // by its first sequence that it is.
        for path in memtable.logFiles { try fileSystem.open(path, .update).sync() }
        if !tornEnds.isEmpty || !strangers.isEmpty {
            try fileSystem.createFolder(FileNames.quarantineFolder)
            try fileSystem.syncFolder("")
        }
        for end in tornEnds {
            let bytes = try fileSystem.readAll(end.path)
            let start = Int(end.offset)
            let name = Self.quarantined(end.path) + "-\(end.offset)"
            try fileSystem.durableReplace(
                name, with: Array(bytes[start..<min(bytes.count, start + Int(end.byteCount))]))
            try explain(name, "the torn end of \(end.path), from byte \(end.offset)")
            let file = try fileSystem.open(end.path, .update)
            try file.truncate(to: end.offset)
            try file.sync()
        }
        for stranger in strangers {
            let name = Self.quarantined(stranger.path) + "-\(manifest.epoch + 1)"
            try explain(name, "\(stranger.path): \(stranger.why)")
            try fileSystem.rename(stranger.path, to: name)
            try fileSystem.syncFolder(FileNames.quarantineFolder)
            try fileSystem.syncFolder(type(of: fileSystem).folder(of: stranger.path))
        }
        // A manifest written meanwhile may have taken the name of one.
        for path in temporaries + removals where try fileSystem.exists(path) {
            try fileSystem.remove(path)
        }
    }

    var strangerNotes: [String] {
        strangers.map { "\($0.path): \($0.why); set aside in quarantine" }
    }

    private static func quarantined(_ path: String) -> String {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
            String(path[path.utf8.index(after: $0)...])
        }
        return FileNames.quarantineFolder + "/" + (name ?? path)
    }

    private func explain(_ name: String, _ why: String) throws(StorageError) {
        try fileSystem.durableReplace(name + ".why", with: Array((why + "\n").utf8))
    }
}
