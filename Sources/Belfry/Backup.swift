import BelfryStorage

/// What a backup or its restoration did.
public struct BackupReport: Sendable, Hashable {
    /// The backup's name in the folder of backups; empty where a single one was restored.
    public let name: String
    /// The number of the last write that it holds.
    public let sequence: UInt64
    public let segmentCount: Int
    /// Segments that were there before.
    public let keptCount: Int
    /// Segments that share their bytes with the database now.
    public let linkedCount: Int
    public let copiedCount: Int
    public let copiedByteCount: UInt64

    init(_ report: BelfryStorage.BackupReport) {
        name = report.folder
        sequence = report.sequence
        segmentCount = report.segmentCount
        keptCount = report.keptCount
        linkedCount = report.linkedCount
        copiedCount = report.copiedCount
        copiedByteCount = report.copiedByteCount
    }
}

extension Database {
    /// Copies the database as it is now to a new folder in the folder of backups at `path`, while
    /// reading and writing go on.
    ///
    /// The copy holds every write that was done when this was called, perhaps some that came
    /// meanwhile, and of each all or nothing. It was verified and opened before it counts; one that
    /// was cut off is completed by the next call. A copy can be opened for reading; `restore`
    /// makes a database of it. A database that is open for reading only can be copied beside the
    /// process that writes to it.
    ///
    /// - Parameter isCopying: also copy what could be linked to the database's own files or to
    ///   those of the backup before: bytes that rot on one disk then leave the others whole.
    /// - Throws: `BelfryError`: 58030 the folder holds something else, XX001 the database is
    ///   damaged, 55006 another backup to the folder is going on.
    @discardableResult
    public func backup(to path: String, isCopying: Bool = false) throws(BelfryError)
        -> BackupReport
    {
        do {
            return BackupReport(try store.backup(toPath: path, isCopying: isCopying))
        } catch { throw BelfryError(error) }
    }

    /// Makes a database of a backup, in a folder that is empty or not there yet.
    ///
    /// - Parameter backup: a folder of backups, whose newest is taken, or the folder of one.
    @discardableResult
    public static func restore(
        _ backup: String, to path: String, isCopying: Bool = false
    ) throws(BelfryError) -> BackupReport {
        do {
            return BackupReport(
                try Restoration.restore(backup, to: path, isCopying: isCopying))
        } catch { throw BelfryError(error) }
    }
}
