import BelfryCore

/// A backup becomes a database again, in a folder of its own; the backup stays.
///
/// The database keeps its id, which stands in every file. Its epoch moves on by a great random
/// step: epoch and sequence name a write for ever, and the store that the backup is of may live on.
/// The IDENTITY is put there last, so a restoration that was cut off is no store; the next run
/// completes it.
package struct Restoration {
    /// The backup's own folder.
    package private(set) var backup: any FileSystem
    package private(set) var description: BackupFile
    /// The name of the backup in its folder of backups; empty where it was named itself.
    package private(set) var name = ""

    /// Finds the backup: the newest complete one in a folder of backups, or the folder of one.
    package init(_ folder: any FileSystem) throws(StorageError) {
        backup = folder
        if try !folder.exists(FileNames.backup), let newest = try Backup.complete(in: folder).last {
            name = FileNames.backup(newest)
            backup = SubfolderFileSystem(folder, folder: name)
        }
        guard try backup.exists(FileNames.backup), try backup.exists(FileNames.identity) else {
            throw StorageError(.missing, "no complete backup is here")
        }
        description = try BackupFile.decode(
            try backup.readAll(FileNames.backup), file: FileNames.backup)
    }

    /// - Parameter isCopying: nothing is linked to the backup's files.
    package func restore(
        to target: any FileSystem, isCopying: Bool, random: () -> UInt64
    ) throws(StorageError) -> BackupReport {
        try target.createFolder("")
        let names = try target.list("")
        let isBegun = names.contains(FileNames.restore)
        guard names.isEmpty || isBegun, !names.contains(FileNames.identity) else {
            throw StorageError(
                .input, "a backup is restored to an empty folder, and this one is not",
                file: names.first)
        }
        let identity = try StoreIdentity.decode(
            try backup.readAll(FileNames.identity), file: FileNames.identity)
        var manifest = try ManifestFile.read(
            description.manifestNumber, databaseID: identity.databaseID, in: backup)
        try target.syncFolder("..")
        try target.durableReplace(FileNames.restore, with: description.encode())
        for path in [FileNames.segmentFolder, FileNames.logFolder] {
            try target.createFolder(path)
        }
        try target.syncFolder("")
        var report = BackupReport()
        report.folder = name
        report.sequence = description.sequence
        report.segmentCount = manifest.segments.count
        try putSegments(manifest, identity, to: target, isCopying, &report)
        for inner in try backup.list(FileNames.logFolder).sorted() {
            let path = FileNames.logFolder + "/" + inner
            if try target.exists(path) { try target.remove(path) }
            try Backup.copy(path, from: backup, to: target)
            report.copiedByteCount += try target.open(path, .read).byteCount()
        }
        try target.syncFolder(FileNames.logFolder)
        if identity.version == StoreIdentity.version {
            manifest.epoch += (1 << 32) + random() >> 32
            manifest.retired = []
            _ = try ManifestFile.write(
                manifest, databaseID: identity.databaseID, salt: random(), in: target)
        } else {
            let path = FileNames.manifest(manifest.number)
            try target.durableReplace(path, with: try backup.readAll(path))
        }
        try Backup.verify(target, identity, sequence: description.sequence)
        try target.durableReplace(FileNames.identity, with: identity.encode())
        // Nothing depends on it any more.
        try target.remove(FileNames.restore)
        return report
    }

    private func putSegments(
        _ manifest: Manifest, _ identity: StoreIdentity, to target: any FileSystem,
        _ isCopying: Bool, _ report: inout BackupReport
    ) throws(StorageError) {
        let place = SegmentPlace(
            fileSystem: target, databaseID: identity.databaseID, options: StoreOptions())
        for summary in manifest.segments {
            let path = FileNames.segment(summary.fileID)
            if try target.exists(path) {
                report.keptCount += 1
            } else if !isCopying, try target.link(path, of: backup, as: path) {
                report.linkedCount += 1
            } else {
                try Backup.copy(path, from: backup, to: target)
                report.copiedCount += 1
                report.copiedByteCount += summary.byteCount
            }
            try SegmentVerification.verify(summary, place)
        }
        try target.syncFolder(FileNames.segmentFolder)
    }

    /// Restores from and to folders of this machine.
    package static func restore(
        _ backup: String, to path: String, isCopying: Bool = false
    ) throws(StorageError) -> BackupReport {
        try Restoration(DiskFileSystem(path: backup)).restore(
            to: DiskFileSystem(path: path), isCopying: isCopying,
            random: { UInt64.random(in: .min ... .max) })
    }
}
