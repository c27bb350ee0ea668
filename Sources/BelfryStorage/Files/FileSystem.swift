/// What storage asks of the world. Nothing else in this target touches a path or a descriptor.
///
/// Three implementations: the disk, memory (databases without a folder), and, in the tests, a
/// simulation that forgets what was not synced and fails on command. Paths are relative to the
/// store's folder, with `/` between the parts.
package protocol FileSystem: Sendable {
    /// Creates the store's own folder or one below it; no error where it is there already.
    func createFolder(_ path: String) throws(StorageError)
    /// The names in a folder, unsorted, folders among them; empty where there is no folder.
    func list(_ folder: String) throws(StorageError) -> [String]
    func exists(_ path: String) throws(StorageError) -> Bool
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile
    /// Atomic; replaces what stands at the target.
    func rename(_ path: String, to target: String) throws(StorageError)
    func remove(_ path: String) throws(StorageError)
    /// Gives a file of another folder, which never changes again, a second name here. False where
    /// that cannot be: on another disk, or where files have one name each.
    func link(
        _ path: String, of source: any FileSystem, as target: String
    ) throws(StorageError) -> Bool
    /// What a view of another file system looks at; others answer themselves.
    func place(of path: String) -> (fileSystem: any FileSystem, path: String)
    /// Makes the names in a folder durable; `..` is the folder that the store's own stands in.
    func syncFolder(_ path: String) throws(StorageError)
    /// Takes the exclusive lock of the store, held until the returned object is released, and
    /// writes `owner` into the file. Throws `locked`, naming the owner, where another has it.
    func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock
    /// What the store's folder lies on; where it is not there yet, what it would lie on.
    func kind() throws(StorageError) -> FileSystemKind
    /// Bytes that can still be written.
    func freeByteCount() throws(StorageError) -> UInt64
}

package enum OpenMode: Sendable {
    case read
    /// A new file for reading and writing; an error where one is there.
    case create
    /// A file that is there, for reading and writing.
    case update
}

extension FileSystem {
    package func link(
        _ path: String, of source: any FileSystem, as target: String
    ) throws(StorageError) -> Bool { false }

    package func place(of path: String) -> (fileSystem: any FileSystem, path: String) {
        (self, path)
    }
}

/// An open file; closed when released. Reads copy, nothing is mapped: a SIGBUS would kill the host.
package protocol OpenFile: AnyObject, Sendable {
    func byteCount() throws(StorageError) -> UInt64
    /// Exactly `count` bytes; `damaged` where the file ends before.
    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8]
    /// All of the bytes: short writes are continued, EINTR is tried again.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError)
    /// Makes content and size durable. A failure is final: it is never tried again.
    func sync() throws(StorageError)
    /// Reserves room; the file may grow by zeros, which no reader takes for data.
    func allocate(byteCount: UInt64) throws(StorageError)
    func truncate(to byteCount: UInt64) throws(StorageError)
}

/// The lock of a store; given up when released.
package protocol StoreLock: AnyObject, Sendable {}
