import Synchronization

/// The folder of a store that another process may be writing, for a reader of it: whatever would
/// change a byte is refused, and a file that the writer took away is told from one that is lost.
final class FollowedFileSystem: FileSystem {
    let base: any FileSystem
    /// What the manifest that was read last lists.
    private let live = Mutex<(manifest: UInt64, fileIDs: Set<UInt64>)>((0, []))

    init(_ base: any FileSystem) { self.base = base }

    /// To be called for every manifest that becomes the one in use.
    func note(_ manifest: Manifest) {
        live.withLock { $0 = (manifest.number, Set(manifest.segments.map(\.fileID))) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        guard mode == .read else { throw Self.refusal(path) }
        do throws(StorageError) {
            return try base.open(path, .read)
        } catch {
            guard error.code == .missing, try isSuperseded(path) else { throw error }
            throw StorageError(
                .superseded,
                "the process that writes to the store has replaced this file, and what was being "
                    + "read needs it", file: path, systemCode: error.systemCode)
        }
    }

    /// Whether a segment that is not there was taken away by the writer: only after a manifest
    /// without it became durable.
    private func isSuperseded(_ path: String) throws(StorageError) -> Bool {
        let prefix = FileNames.segmentFolder + "/"
        guard path.hasPrefix(prefix),
            let fileID = FileNames.segmentID(String(path.dropFirst(prefix.count)))
        else { return false }
        let (manifest, fileIDs) = live.withLock { $0 }
        if !fileIDs.contains(fileID) { return true }
        return try ManifestFile.newest(base.list("")) ?? 0 > manifest
    }

    func place(of path: String) -> (fileSystem: any FileSystem, path: String) {
        base.place(of: path)
    }
    func list(_ folder: String) throws(StorageError) -> [String] { try base.list(folder) }
    func exists(_ path: String) throws(StorageError) -> Bool { try base.exists(path) }
    func kind() throws(StorageError) -> FileSystemKind { try base.kind() }
    func freeByteCount() throws(StorageError) -> UInt64 { try base.freeByteCount() }

    func createFolder(_ path: String) throws(StorageError) { throw Self.refusal(path) }
    func rename(_ path: String, to target: String) throws(StorageError) {
        throw Self.refusal(path)
    }
    func remove(_ path: String) throws(StorageError) { throw Self.refusal(path) }
    func syncFolder(_ path: String) throws(StorageError) { throw Self.refusal(path) }
    func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        throw Self.refusal(path)
    }

    private static func refusal(_ path: String) -> StorageError {
        StorageError(.readOnly, "the store is open for reading only", file: path)
    }
}
