import BelfryCore
package import BelfryStorage
import Synchronization

/// Another file system, with a disk of limited size, files that cannot be opened, and places where
/// a call waits until a test lets it go on.
///
/// Sizes are counted by file: what is removed is free at once, whoever has it open.
package final class StagedFileSystem: FileSystem {
    fileprivate struct State {
        var capacity: UInt64?
        /// Bytes that others have on the disk.
        var others: UInt64 = 0
        var sizes: [String: UInt64] = [:]
        var kind = FileSystemKind.local
        /// What opening a file of this name fails with.
        var openFailures: [String: (code: Int32, count: Int)] = [:]
        var descriptorLimit: Int?
        var openCount = 0
        var removed: [String] = []
    }

    private struct Gate {
        var suffix: String?
        var isReached = false
        var isOpen = false
    }

    private let inner: any FileSystem
    fileprivate let state = Mutex(State())
    private let gate = Monitor(Gate())

    package init(_ inner: any FileSystem = MemoryFileSystem()) { self.inner = inner }

    // MARK: What a test sets

    /// The size of the disk; nil for one without end.
    package func setCapacity(_ byteCount: UInt64?) {
        state.withLock { $0.capacity = byteCount }
    }

    /// Bytes that others write to the disk, or take away.
    package func setOthers(_ byteCount: UInt64) { state.withLock { $0.others = byteCount } }

    package var used: UInt64 { state.withLock { $0.sizes.values.reduce(0, +) } }

    package func setKind(_ kind: FileSystemKind) { state.withLock { $0.kind = kind } }

    /// Opening this file fails with an `errno`, so many times.
    package func failOpening(_ path: String, code: Int32, count: Int = .max) {
        state.withLock { $0.openFailures[path] = count > 0 ? (code, count) : nil }
    }

    /// Descriptors that the process may have; EMFILE beyond.
    package func setDescriptorLimit(_ count: Int?) {
        state.withLock { $0.descriptorLimit = count }
    }

    package var openCount: Int { state.withLock { $0.openCount } }

    /// Files that were removed, in order.
    package var removed: [String] { state.withLock { $0.removed } }

    /// The next call that creates a file of this ending waits.
    package func closeGate(at suffix: String) {
        gate.withLock { $0 = Gate(suffix: suffix) }
    }

    package func waitAtGate() { gate.waitUntil({ $0.isReached }) { _ in } }

    package func openGate() {
        gate.withLock { $0.isOpen = true }
        gate.signalAll()
    }

    // MARK: FileSystem

    package func createFolder(_ path: String) throws(StorageError) {
        try inner.createFolder(path)
    }

    package func list(_ folder: String) throws(StorageError) -> [String] {
        try inner.list(folder)
    }

    package func exists(_ path: String) throws(StorageError) -> Bool { try inner.exists(path) }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        let failure: Int32? = state.withLock { state in
            if let (code, count) = state.openFailures[path] {
                state.openFailures[path] = count > 1 ? (code, count - 1) : nil
                return code
            }
            if let limit = state.descriptorLimit, state.openCount >= limit { return 24 }
            return nil
        }
        if let failure {
            throw StorageError(
                failure == 2 ? .missing : .input, "cannot open the file", file: path,
                systemCode: failure)
        }
        if mode == .create { wait(path) }
        let file = try inner.open(path, mode)
        if mode == .create { state.withLock { $0.sizes[path] = 0 } }
        state.withLock { $0.openCount += 1 }
        return StagedFile(self, file, path: path)
    }

    private func wait(_ path: String) {
        let isGate = gate.withLock { gate in
            guard let suffix = gate.suffix, path.hasSuffix(suffix), !gate.isReached
            else { return false }
            gate.isReached = true
            return true
        }
        guard isGate else { return }
        gate.signalAll()
        gate.waitUntil({ $0.isOpen }) { _ in }
    }

    package func rename(_ path: String, to target: String) throws(StorageError) {
        try inner.rename(path, to: target)
        state.withLock { state in
            state.sizes[target] = state.sizes.removeValue(forKey: path)
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        try inner.remove(path)
        state.withLock { state in
            state.sizes[path] = nil
            state.removed.append(path)
        }
    }

    package func syncFolder(_ path: String) throws(StorageError) { try inner.syncFolder(path) }

    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        try inner.lock(path, owner: owner)
    }

    package func kind() throws(StorageError) -> FileSystemKind { state.withLock { $0.kind } }

    package func freeByteCount() throws(StorageError) -> UInt64 {
        state.withLock { state in
            guard let capacity = state.capacity else { return 1 << 40 }
            let taken = state.sizes.values.reduce(state.others, +)
            return capacity > taken ? capacity - taken : 0
        }
    }

    /// A file grows, or not, where the disk is full.
    fileprivate func grow(_ path: String, to byteCount: UInt64) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            let size = state.sizes[path] ?? 0
            guard byteCount > size else { return }
            if let capacity = state.capacity {
                let taken = state.sizes.values.reduce(state.others, +)
                guard taken + (byteCount - size) <= capacity else {
                    throw StorageError(
                        .diskFull, "no space left on device", file: path, systemCode: 28)
                }
            }
            state.sizes[path] = byteCount
        }
    }

    fileprivate func shrink(_ path: String, to byteCount: UInt64) {
        state.withLock { state in
            if let size = state.sizes[path] { state.sizes[path] = min(size, byteCount) }
        }
    }
}

private final class StagedFile: OpenFile {
    private let owner: StagedFileSystem
    private let inner: any OpenFile
    private let path: String

    init(_ owner: StagedFileSystem, _ inner: any OpenFile, path: String) {
        self.owner = owner
        self.inner = inner
        self.path = path
    }

    deinit { owner.state.withLock { $0.openCount -= 1 } }

    /// A log that was renamed goes on under its new name.
    private var name: String {
        let temporary = ".tmp"
        return path.hasSuffix(temporary) && !owner.isThere(path)
            ? String(path.dropLast(temporary.count)) : path
    }

    func byteCount() throws(StorageError) -> UInt64 { try inner.byteCount() }

    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        try inner.read(at: offset, count: count)
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        try owner.grow(name, to: offset + UInt64(bytes.count))
        try inner.write(bytes, at: offset)
    }

    func sync() throws(StorageError) { try inner.sync() }

    func allocate(byteCount: UInt64) throws(StorageError) {
        try owner.grow(name, to: byteCount)
        try inner.allocate(byteCount: byteCount)
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        try inner.truncate(to: byteCount)
        owner.shrink(name, to: byteCount)
    }
}

extension StagedFileSystem {
    fileprivate func isThere(_ path: String) -> Bool {
        state.withLock { $0.sizes[path] != nil }
    }
}
