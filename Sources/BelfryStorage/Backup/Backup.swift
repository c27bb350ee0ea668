import BelfryCore

/// What a backup did.
package struct BackupReport: Sendable, Hashable {
    /// The backup's own folder.
    package var folder = ""
    /// The last write that it holds.
    package var sequence: UInt64 = 0
    package var segmentCount = 0
    /// Segments that the backup before had already, or an earlier try of this one.
    package var keptCount = 0
    /// Segments that have a second name now, and share their bytes with the store.
    package var linkedCount = 0
    package var copiedCount = 0
    /// Bytes that were copied, the log's among them.
    package var copiedByteCount: UInt64 = 0
}

/// A store copied while it is written to, to a folder of its own in a folder of backups.
///
/// A backup is a store at one write: IDENTITY, one manifest, its segments, and the log up to that
/// write. Its IDENTITY is put there last, after all was synced, verified and opened; a folder
/// without one is a backup that was not completed, and the next run completes it. Segments never
/// change, so a backup links to those of the one before, or of the store where that is on the same
/// disk, and copies the others. No backup needs another: any may be deleted.
struct Backup {
    /// The folder of backups.
    let target: any FileSystem
    /// Nothing is linked to the store's own files.
    let isCopying: Bool
    let options: StoreOptions
    let random: () -> UInt64

    private static let attemptCountLimit = 100

    /// - Parameter pin: the store as it is now.
    func take(
        now: Timestamp, owner: String, _ pin: () throws(StorageError) -> BackupSource
    ) throws(StorageError) -> BackupReport {
        try target.createFolder("")
        let names = try target.list("")
        for name in names
        where FileNames.backupNumber(name) == nil && name != FileNames.lock {
            throw StorageError(
                .input, "a folder of backups holds nothing else; choose an empty one", file: name)
        }
        try target.syncFolder("..")
        let lock = try target.lock(FileNames.lock, owner: owner)
        defer { withExtendedLifetime(lock) {} }
        for _ in 0..<Self.attemptCountLimit {
            do throws(StorageError) {
                let source = try pin()
                return try write(source, now: now)
            } catch {
                // The writing process replaced what was pinned: what is copied stays, the rest is
                // looked for anew.
                if error.code != .superseded && error.code != .missing { throw error }
                if !options.isReadOnly { throw error }
            }
        }
        throw StorageError(
            .superseded,
            "the process that writes to the store replaces its files faster than "
                + "they can be copied")
    }

    /// The backups in a folder that are complete, by ascending number.
    static func complete(in folder: any FileSystem) throws(StorageError) -> [UInt64] {
        var numbers: [UInt64] = []
        for name in try folder.list("") {
            guard let number = FileNames.backupNumber(name),
                try folder.exists(name + "/" + FileNames.identity)
            else { continue }
            numbers.append(number)
        }
        return numbers.sorted()
    }

    private func write(
        _ source: BackupSource, now: Timestamp
    ) throws(StorageError) -> BackupReport {
        let complete = try Self.complete(in: target)
        let before = try complete.last.map { (number) throws(StorageError) in
            try Before(number, in: target, databaseID: source.identity.databaseID)
        }
        let begun = try target.list("").compactMap(FileNames.backupNumber).filter {
            $0 > complete.last ?? 0
        }
        let number = begun.max() ?? (complete.last ?? 0) + 1
        var report = BackupReport()
        report.folder = FileNames.backup(number)
        report.sequence = source.sequence
        report.segmentCount = source.manifest.segments.count
        let folder = SubfolderFileSystem(target, folder: report.folder)
        for path in ["", FileNames.segmentFolder, FileNames.logFolder] {
            try folder.createFolder(path)
        }
        try folder.syncFolder("")
        try target.syncFolder("")
        try tidy(folder, source)
        try putSegments(of: source, before: before, in: folder, &report)
        try putLogs(of: source, in: folder, &report)
        try folder.durableReplace(
            FileNames.manifest(source.manifest.number), with: source.manifestBytes)
        let description = BackupFile(
            databaseID: source.identity.databaseID, salt: random(),
            manifestNumber: source.manifest.number, sequence: source.sequence, time: now)
        try folder.durableReplace(FileNames.backup, with: description.encode())
        try Self.verify(folder, source.identity, sequence: source.sequence)
        try folder.durableReplace(FileNames.identity, with: source.identity.encode())
        return report
    }

    /// Removes what an earlier try left and this one does not want.
    private func tidy(
        _ folder: SubfolderFileSystem, _ source: BackupSource
    ) throws(StorageError) {
        let wanted = Set(source.manifest.segments.map { FileNames.segment($0.fileID) })
        var unwanted: [String] = []
        for name in try folder.list("")
        where name != FileNames.segmentFolder && name != FileNames.logFolder {
            unwanted.append(name)
        }
        for inner in [FileNames.segmentFolder, FileNames.logFolder] {
            unwanted += try folder.list(inner).map { inner + "/" + $0 }
        }
        for path in unwanted where !wanted.contains(path) { try folder.remove(path) }
    }

    private func putSegments(
        of source: BackupSource, before: Before?, in folder: SubfolderFileSystem,
        _ report: inout BackupReport
    ) throws(StorageError) {
        let place = SegmentPlace(
            fileSystem: folder, databaseID: source.identity.databaseID, options: options)
        var isNew = false
        for summary in source.manifest.segments {
            let path = FileNames.segment(summary.fileID)
            var isVerified = false
            if try folder.exists(path) {
                report.keptCount += 1
            } else if let before, before.segments.contains(summary),
                try folder.link(path, of: before.folder, as: path)
            {
                report.keptCount += 1
                isVerified = true
            } else if !isCopying, try folder.link(path, of: source.fileSystem, as: path) {
                report.linkedCount += 1
            } else {
                try Self.copy(path, from: source.fileSystem, to: folder)
                report.copiedCount += 1
                report.copiedByteCount += summary.byteCount
            }
            isNew = true
            if isVerified {
                _ = try SegmentReader.open(
                    summary, path: path, databaseID: place.databaseID, in: folder)
            } else {
                try SegmentVerification.verify(summary, place)
            }
        }
        if isNew { try folder.syncFolder(FileNames.segmentFolder) }
    }

    private func putLogs(
        of source: BackupSource, in folder: SubfolderFileSystem, _ report: inout BackupReport
    ) throws(StorageError) {
        for index in source.logs.indices {
            var log = source.logs[index]
            let path = FileNames.log(firstSequence: log.first)
            let temporary = path + FileNames.temporarySuffix
            let file = try folder.open(temporary, .create)
            var byteCount: UInt64 = 0
            try log.copy(through: source.last(index)) { (bytes, offset) throws(StorageError) in
                try file.write(bytes, at: offset)
                byteCount = offset + UInt64(bytes.count)
            }
            try file.sync()
            try folder.rename(temporary, to: path)
            report.copiedByteCount += byteCount
        }
        try folder.syncFolder(FileNames.logFolder)
    }

    /// Copies a file under the same name, synced; its folder is left to the caller.
    static func copy(
        _ path: String, from source: any FileSystem, to target: any FileSystem
    ) throws(StorageError) {
        let temporary = path + FileNames.temporarySuffix
        let input = try source.open(path, .read)
        if try target.exists(temporary) { try target.remove(temporary) }
        let output = try target.open(temporary, .create)
        let byteCount = try input.byteCount()
        var place: UInt64 = 0
        while place < byteCount {
            let count = Int(min(byteCount - place, 1 << 20))
            try output.write(try input.read(at: place, count: count), at: place)
            place += UInt64(count)
        }
        try output.sync()
        try target.rename(temporary, to: path)
    }

    /// Opens a copy that has no IDENTITY yet, as a reader does: it must hold all writes up to this
    /// one and no other.
    static func verify(
        _ folder: any FileSystem, _ identity: StoreIdentity, sequence: UInt64
    ) throws(StorageError) {
        let recovery = try Recovery.read(
            folder, identity: identity, isReadOnly: true, mode: .strict, into: SeriesTable())
        if let refusal = recovery.refusal { throw refusal }
        guard recovery.nextSequence == sequence + 1, recovery.findings.isEmpty else {
            throw StorageError(
                .damaged,
                "the copy holds writes up to \(recovery.nextSequence - 1), "
                    + "\(sequence) expected")
        }
    }

    /// The newest complete backup in the folder.
    private struct Before {
        let folder: SubfolderFileSystem
        let segments: Set<SegmentSummary>

        init(
            _ number: UInt64, in target: any FileSystem, databaseID: [UInt8]
        ) throws(StorageError) {
            folder = SubfolderFileSystem(target, folder: FileNames.backup(number))
            let path = FileNames.identity
            let identity = try StoreIdentity.decode(try folder.readAll(path), file: path)
            guard identity.databaseID == databaseID else {
                throw StorageError(
                    .input, "the folder holds backups of another database; choose another one",
                    file: FileNames.backup(number))
            }
            let newest = ManifestFile.newest(try folder.list("")) ?? 0
            segments = Set(
                try ManifestFile.read(newest, databaseID: databaseID, in: folder).segments)
        }
    }
}

extension Store {
    /// Copies the store, at the write that is the last when it begins, to a new folder in a folder
    /// of backups, while reading and writing go on.
    package func backup(
        to target: any FileSystem, isCopying: Bool = false, owner: String = "this process"
    ) throws(StorageError) -> BackupReport {
        let backup = Backup(
            target: target, isCopying: isCopying, options: options, random: random)
        return try backup.take(now: clock.wall(), owner: owner) { () throws(StorageError) in
            try pinForBackup()
        }
    }

    /// The same to a folder of this machine.
    package func backup(
        toPath path: String, isCopying: Bool = false
    ) throws(StorageError) -> BackupReport {
        try backup(
            to: DiskFileSystem(path: path), isCopying: isCopying, owner: DiskFileSystem.owner)
    }
}
