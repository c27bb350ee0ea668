/// What several of a file system's calls make together: durable replacement, whole files.
extension FileSystem {
    /// Puts complete bytes under a name, durably, in place of what stood there: written to a
    /// temporary name, synced, renamed, and the folder synced. Before the rename a crash leaves the
    /// old file, after it the new one.
    func durableReplace(_ path: String, with bytes: [UInt8]) throws(StorageError) {
        try replace(path, with: bytes)
        try syncFolder(Self.folder(of: path))
    }

    /// The same without the last step: the content is durable, and its name is not before the
    /// folder is synced for another reason.
    func replace(_ path: String, with bytes: [UInt8]) throws(StorageError) {
        let temporary = path + FileNames.temporarySuffix
        if try exists(temporary) { try remove(temporary) }
        do throws(StorageError) {
            let file = try open(temporary, .create)
            try file.write(bytes, at: 0)
            try file.sync()
            try rename(temporary, to: path)
        } catch {
            // What is left of it goes at the next opening at the latest.
            try? remove(temporary)
            throw error
        }
    }

    /// The whole of a file.
    func readAll(_ path: String) throws(StorageError) -> [UInt8] {
        let file = try open(path, .read)
        let byteCount = try file.byteCount()
        guard let count = Int(exactly: byteCount) else {
            throw StorageError(.damaged, "a file of \(byteCount) bytes", file: path)
        }
        return try file.read(at: 0, count: count)
    }

    /// The folder part of a path; empty for the store's own folder.
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[..<slash])
    }
}
