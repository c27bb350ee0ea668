import BelfryCore
import Synchronization

/// A store at one instant, held fast for a backup: a manifest, and the log past it up to a write.
///
/// What it names stays readable: segments because a snapshot holds them, or, in another process's
/// store, for the time that the writer leaves replaced files; log files because they are open.
struct BackupSource {
    let fileSystem: any FileSystem
    let identity: StoreIdentity
    let manifest: Manifest
    /// The file of the manifest as it stands there.
    let manifestBytes: [UInt8]
    /// The last write that belongs to it.
    let sequence: UInt64
    /// Log files that hold writes past the manifest, oldest first.
    let logs: [Log]
    /// Holds the segments.
    let snapshot: Snapshot

    struct Log {
        let first: UInt64
        var reader: LogReader

        /// Reads to a write and gives the bytes up to there, in parts.
        mutating func copy(
            through last: UInt64, to write: ([UInt8], UInt64) throws(StorageError) -> Void
        ) throws(StorageError) {
            while reader.nextSequence <= last, try reader.next() != nil {}
            guard reader.nextSequence > last else {
                throw StorageError(
                    .damaged,
                    "record \(reader.nextSequence) is no whole record, writes up to "
                        + "\(last) were taken", file: reader.path, offset: reader.offset)
            }
            var place: UInt64 = 0
            while place < reader.offset {
                let count = Int(min(reader.offset - place, 1 << 20))
                try write(try reader.bytesNow(at: place, count: count), place)
                place += UInt64(count)
            }
        }
    }

    /// The last write that belongs to each log file.
    func last(_ index: Int) -> UInt64 {
        index + 1 < logs.count ? min(sequence, logs[index + 1].first - 1) : sequence
    }

    /// Opens the log files of these names, of which the first may begin before `flushed`.
    static func logs(
        _ paths: [String], databaseID: [UInt8], through sequence: UInt64,
        in fileSystem: any FileSystem
    ) throws(StorageError) -> [Log] {
        let prefix = FileNames.logFolder + "/"
        let firsts = Set(
            paths.compactMap { FileNames.logSequence(String($0.dropFirst(prefix.count))) })
        let ascending = firsts.filter { $0 <= sequence }.sorted()
        var logs: [Log] = []
        for (index, first) in ascending.enumerated() {
            let reader = try LogReader(
                path: FileNames.log(firstSequence: first), databaseID: databaseID,
                in: fileSystem,
                followedBy: index + 1 < ascending.count ? ascending[index + 1] : nil)
            logs.append(Log(first: first, reader: reader))
        }
        return logs
    }
}

extension Store {
    /// The store as it is now. One that is open for writing is flushed before, so that little log
    /// has to be copied.
    func pinForBackup() throws(StorageError) -> BackupSource {
        if options.isReadOnly { return try pinFollowed() }
        do throws(StorageError) {
            try flush()
        } catch {
            // A store that refuses writes can still be copied, its log with it.
            if !isLogged || error.code == .damaged { throw error }
        }
        for _ in 0..<Self.pinAttemptCountLimit {
            let pinned = try state.withLock { (state) throws(StorageError) -> BackupSource? in
                // Without a log only segments can be copied.
                if !isLogged && !(state.active.isEmpty && state.sealed == nil) { return nil }
                return BackupSource(
                    fileSystem: fileSystem, identity: identity, manifest: state.manifest,
                    manifestBytes: try fileSystem.readAll(
                        FileNames.manifest(state.manifest.number)),
                    sequence: state.nextSequence - 1,
                    logs: try BackupSource.logs(
                        isLogged ? (state.sealed?.logFiles ?? []) + state.active.logFiles : [],
                        databaseID: identity.databaseID, through: state.nextSequence - 1,
                        in: fileSystem),
                    snapshot: snapshot())
            }
            if let pinned { return pinned }
            try flush()
        }
        throw StorageError(.limit, "writes come faster than they can be flushed for the backup")
    }

    private static let pinAttemptCountLimit = 100

    /// What another process's store holds now.
    private func pinFollowed() throws(StorageError) -> BackupSource {
        try follow()
        if let damage = followed.withLock({ $0?.damage }) { throw damage }
        return try state.withLock { (state) throws(StorageError) in
            return BackupSource(
                fileSystem: fileSystem, identity: identity, manifest: state.manifest,
                manifestBytes: try fileSystem.readAll(
                    FileNames.manifest(state.manifest.number)),
                sequence: state.nextSequence - 1,
                logs: try BackupSource.logs(
                    state.active.logFiles, databaseID: identity.databaseID,
                    through: state.nextSequence - 1, in: fileSystem),
                snapshot: snapshot())
        }
    }
}
