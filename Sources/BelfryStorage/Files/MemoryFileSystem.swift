import Synchronization

/// The calls of `FileSystem` in memory: for databases without a folder.
///
/// Its content lives as long as the object; a file that was removed or replaced can still be read
/// by whoever has it open.
package final class MemoryFileSystem: FileSystem {
    fileprivate final class Content: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private struct State {
        var files: [String: Content] = [:]
        var isLocked = false
    }

    private let state = Mutex(State())

    package init() {}

    package func createFolder(_ path: String) throws(StorageError) {}

    package func list(_ folder: String) throws(StorageError) -> [String] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        return state.withLock { state in
            var names: Set<String> = []
            for path in state.files.keys where path.hasPrefix(prefix) {
                let rest = path.dropFirst(prefix.count)
                names.insert(String(rest.prefix { $0 != "/" }))
            }
            return Array(names)
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        state.withLock { $0.files[path] != nil }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        let content = try state.withLock { (state) throws(StorageError) -> Content in
            switch (mode, state.files[path]) {
            case (.create, nil):
                let made = Content()
                state.files[path] = made
                return made
            case (.create, _?):
                throw StorageError(.input, "the file is there already", file: path)
            case (.read, let found?), (.update, let found?): return found
            case (.read, nil), (.update, nil):
                throw StorageError(.missing, "no such file", file: path)
            }
        }
        return MemoryFile(content, path: path)
    }

    package func rename(_ path: String, to target: String) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            guard let content = state.files.removeValue(forKey: path) else {
                throw StorageError(.missing, "no such file", file: path)
            }
            state.files[target] = content
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            guard state.files.removeValue(forKey: path) != nil else {
                throw StorageError(.missing, "no such file", file: path)
            }
        }
    }

    package func syncFolder(_ path: String) throws(StorageError) {}

    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        try state.withLock { (state) throws(StorageError) in
            guard !state.isLocked else {
                throw StorageError(.locked, "the store is open in \(owner)", file: path)
            }
            state.isLocked = true
        }
        return MemoryLock(self)
    }

    fileprivate func unlock() { state.withLock { $0.isLocked = false } }

    package func freeByteCount() throws(StorageError) -> UInt64 { 1 << 40 }
}

private final class MemoryFile: OpenFile {
    private let content: MemoryFileSystem.Content
    private let path: String

    init(_ content: MemoryFileSystem.Content, path: String) {
        self.content = content
        self.path = path
    }

    func byteCount() throws(StorageError) -> UInt64 {
        content.bytes.withLock { UInt64($0.count) }
    }

    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        try content.bytes.withLock { (bytes) throws(StorageError) -> [UInt8] in
            guard count >= 0, offset <= UInt64(bytes.count), count <= bytes.count - Int(offset)
            else {
                throw StorageError(
                    .damaged, "the file ends at byte \(bytes.count), \(count) bytes expected here",
                    file: path, offset: offset)
            }
            return Array(bytes[Int(offset)..<(Int(offset) + count)])
        }
    }

    func write(_ added: [UInt8], at offset: UInt64) throws(StorageError) {
        guard let start = Int(exactly: offset), start <= Int.max - added.count else {
            throw StorageError(.limit, "a file of \(offset) bytes", file: path)
        }
        content.bytes.withLock { bytes in
            if start == bytes.count {
                bytes.append(contentsOf: added)
                return
            }
            let end = start + added.count
            if bytes.count < end {
                bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            }
            bytes.replaceSubrange(start..<end, with: added)
        }
    }

    func sync() throws(StorageError) {}

    func allocate(byteCount: UInt64) throws(StorageError) {}

    func truncate(to byteCount: UInt64) throws(StorageError) {
        content.bytes.withLock { bytes in
            if byteCount < UInt64(bytes.count) { bytes.removeLast(bytes.count - Int(byteCount)) }
        }
    }
}

private final class MemoryLock: StoreLock {
    private let owner: MemoryFileSystem

    init(_ owner: MemoryFileSystem) { self.owner = owner }

    deinit { owner.unlock() }
}
