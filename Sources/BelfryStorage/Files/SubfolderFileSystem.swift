/// One folder below another, as a file system of its own.
package final class SubfolderFileSystem: FileSystem {
    private let base: any FileSystem
    private let prefix: String

    package init(_ base: any FileSystem, folder: String) {
        self.base = base
        prefix = folder
    }

    private func full(_ path: String) -> String {
        switch path {
        case "": prefix
        case "..": base.folder(of: prefix)
        default: prefix + "/" + path
        }
    }

    package func createFolder(_ path: String) throws(StorageError) {
        try base.createFolder(full(path))
    }
    package func list(_ folder: String) throws(StorageError) -> [String] {
        try base.list(full(folder))
    }
    package func exists(_ path: String) throws(StorageError) -> Bool {
        try base.exists(full(path))
    }
    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        try base.open(full(path), mode)
    }
    package func rename(_ path: String, to target: String) throws(StorageError) {
        try base.rename(full(path), to: full(target))
    }
    package func link(
        _ path: String, of source: any FileSystem, as target: String
    ) throws(StorageError) -> Bool {
        try base.link(path, of: source, as: full(target))
    }
    package func place(of path: String) -> (fileSystem: any FileSystem, path: String) {
        base.place(of: full(path))
    }
    package func remove(_ path: String) throws(StorageError) { try base.remove(full(path)) }
    package func syncFolder(_ path: String) throws(StorageError) {
        try base.syncFolder(full(path))
    }
    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        try base.lock(full(path), owner: owner)
    }
    package func kind() throws(StorageError) -> FileSystemKind { try base.kind() }
    package func freeByteCount() throws(StorageError) -> UInt64 { try base.freeByteCount() }
}

extension FileSystem {
    fileprivate func folder(of path: String) -> String { Self.folder(of: path) }
}
