package import BelfryStorage
import Synchronization

/// A file system that lets something else happen before and after each call that changes it, and
/// in the middle of each write: every moment at which another process could look.
package final class InterleavedFileSystem: FileSystem {
    private let base: any FileSystem
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    package init(_ base: any FileSystem) { self.base = base }

    /// What happens in between; it may use `base`, and this file system only for reading.
    package func interleave(_ new: (@Sendable () -> Void)?) { body.withLock { $0 = new } }

    fileprivate func pause() { body.withLock { $0 }?() }

    private func between<Answer>(
        _ call: () throws(StorageError) -> Answer
    ) throws(StorageError) -> Answer {
        pause()
        defer { pause() }
        return try call()
    }

    package func createFolder(_ path: String) throws(StorageError) {
        try between { () throws(StorageError) in try base.createFolder(path) }
    }
    package func list(_ folder: String) throws(StorageError) -> [String] { try base.list(folder) }
    package func exists(_ path: String) throws(StorageError) -> Bool { try base.exists(path) }
    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        if mode == .read { return try base.open(path, mode) }
        return InterleavedFile(
            try between { () throws(StorageError) in try base.open(path, mode) }, self)
    }
    package func rename(_ path: String, to target: String) throws(StorageError) {
        try between { () throws(StorageError) in try base.rename(path, to: target) }
    }
    package func remove(_ path: String) throws(StorageError) {
        try between { () throws(StorageError) in try base.remove(path) }
    }
    package func syncFolder(_ path: String) throws(StorageError) {
        try between { () throws(StorageError) in try base.syncFolder(path) }
    }
    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        try base.lock(path, owner: owner)
    }
    package func kind() throws(StorageError) -> FileSystemKind { try base.kind() }
    package func freeByteCount() throws(StorageError) -> UInt64 { try base.freeByteCount() }
}

private final class InterleavedFile: OpenFile {
    private let base: any OpenFile
    private let owner: InterleavedFileSystem

    init(_ base: any OpenFile, _ owner: InterleavedFileSystem) {
        self.base = base
        self.owner = owner
    }

    func byteCount() throws(StorageError) -> UInt64 { try base.byteCount() }
    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        try base.read(at: offset, count: count)
    }
    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        owner.pause()
        let middle = bytes.count / 2
        try base.write(Array(bytes[..<middle]), at: offset)
        owner.pause()
        try base.write(Array(bytes[middle...]), at: offset + UInt64(middle))
        owner.pause()
    }
    func sync() throws(StorageError) {
        owner.pause()
        try base.sync()
        owner.pause()
    }
    func allocate(byteCount: UInt64) throws(StorageError) {
        owner.pause()
        try base.allocate(byteCount: byteCount)
        owner.pause()
    }
    func truncate(to byteCount: UInt64) throws(StorageError) {
        owner.pause()
        try base.truncate(to: byteCount)
        owner.pause()
    }
}
