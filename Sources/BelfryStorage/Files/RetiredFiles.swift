import Synchronization

/// Segments that left the manifest and whose files are still there: for snapshots that hold them,
/// and for readers in other processes, who are given some time.
///
/// A file is removed when no snapshot of this process holds it and the grace has passed by the
/// steady clock; where space is short, as soon as no snapshot holds it. Its name stands in the
/// manifest's `retired` until then, so a crash forgets none.
///
/// Threads: any; the lock is not held across a call to the file system.
final class RetiredFiles: Sendable {
    private struct Entry: Sendable {
        let retiredAt: UInt64
        /// Whether a handle of this process may still open it.
        var isHeld: Bool
    }

    private let entries = Mutex<[UInt64: Entry]>([:])
    private let fileSystem: any FileSystem
    private let graceNanoseconds: UInt64

    init(in fileSystem: any FileSystem, graceSeconds: Int) {
        self.fileSystem = fileSystem
        graceNanoseconds = UInt64(max(0, graceSeconds)) * 1_000_000_000
    }

    /// The file ids that wait.
    var fileIDs: [UInt64] { entries.withLock { $0.keys.sorted() } }

    var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    /// A segment left the manifest, durably; its handle calls `release` when it goes.
    func retire(_ fileID: UInt64, now: UInt64) {
        entries.withLock { $0[fileID] = Entry(retiredAt: now, isHeld: true) }
    }

    /// A file that an earlier opening left, `elapsed` nanoseconds ago at least.
    func adopt(_ fileID: UInt64, now: UInt64, elapsed: UInt64) {
        entries.withLock {
            $0[fileID] = Entry(retiredAt: now &- min(elapsed, graceNanoseconds), isHeld: false)
        }
    }

    /// The last snapshot let it go. Without a grace the file goes here and now.
    func release(_ fileID: UInt64) {
        let isDue = entries.withLock { entries in
            entries[fileID]?.isHeld = false
            return graceNanoseconds == 0 && entries.removeValue(forKey: fileID) != nil
        }
        // Failure leaves a file that the next opening removes.
        if isDue { try? fileSystem.remove(FileNames.segment(fileID)) }
    }

    /// Removes what is due, with `isForced` all that nobody here holds; the number of files
    /// removed, and the failure of the first that could not be.
    func removeDue(now: UInt64, isForced: Bool) -> (count: Int, failure: StorageError?) {
        let due = entries.withLock { entries in
            let due = entries.filter {
                !$0.value.isHeld && (isForced || now &- $0.value.retiredAt >= graceNanoseconds)
            }
            for fileID in due.keys { entries[fileID] = nil }
            return due
        }
        var failure: StorageError?
        var count = 0
        for (fileID, entry) in due.sorted(by: { $0.key < $1.key }) {
            do throws(StorageError) {
                try fileSystem.remove(FileNames.segment(fileID))
                count += 1
            } catch {
                if error.code == .missing { continue }
                failure = failure ?? error
                entries.withLock { $0[fileID] = entry }
            }
        }
        return (count, failure)
    }
}
