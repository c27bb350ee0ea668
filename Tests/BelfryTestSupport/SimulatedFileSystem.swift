package import BelfryStorage
import Synchronization

/// A file system that forgets what was not synced, and fails on command.
///
/// Every file has two images, what was written and what is durable; every folder has durable names
/// and operations that are pending. `crashed` is what a machine finds after the power came back:
/// it keeps of what was pending an arbitrary part, or as much as it is told (`CrashSurvival`).
/// `killed` is what a process finds that starts where another was killed: all that was written,
/// and what was pending is so still. A failed sync drops what was pending, as Linux does, and the
/// next one succeeds.
///
/// Calls that change something are numbered from 0, reads apart from them, and the fault of a call
/// is set by its number, or by its kind and its number among its kind. After `powerLoss` every call
/// fails.
package final class SimulatedFileSystem: FileSystem {
    package enum Fault: Sendable, Hashable {
        /// The call fails with this code, and nothing happened.
        case refusal(StorageError.Code)
        /// A write stops halfway, then fails: the disk is full.
        case shortWrite
        /// A write stops after so many bytes, or after all, then fails: the disk is full.
        case cutWrite(Int)
        /// A read gives the bytes from this many further on, as a disk does that seeks wrongly.
        case misdirection(Int)
        /// Everything from this call on fails.
        case powerLoss
    }

    package enum Call: Sendable, Hashable, CaseIterable {
        case createFolder, create, write, sync, allocate, truncate, rename, remove, syncFolder, read
    }

    /// One sync of a file or of a folder (`..`: the folder that the store's stands in).
    package struct SyncCall: Sendable, Hashable {
        /// Among all syncs.
        package let number: Int
        package let path: String
        package let isFolder: Bool
        /// Nil for a folder.
        package let mode: OpenMode?
        /// Whether anything was pending; one that changes nothing can be missed by nobody.
        package let isEffective: Bool
    }

    private struct State {
        var names = SimulatedNames()
        var isLocked = false
        var callCount = 0
        var readCount = 0
        var counts: [Call: Int] = [:]
        var faults: [Int: Fault] = [:]
        var callFaults: [Call: [Int: Fault]] = [:]
        var isDead = false
        var capacity: Int?
        var isReserving = true
        var syncs: [SyncCall] = []
        var ignoredSyncs: Set<Int> = []
        var observer: (@Sendable (Int, Call, String) -> Void)?
    }

    private let state = Mutex(State())

    package static let sectorByteCount = SimulatedImages.sectorByteCount

    package init() {}

    private init(_ names: SimulatedNames) { state.withLock { $0.names = names } }

    // MARK: Commands

    /// How many calls that change something were made.
    package var callCount: Int { state.withLock { $0.callCount } }

    package func count(of call: Call) -> Int { state.withLock { $0.counts[call] ?? 0 } }

    /// Makes the call of this number (the first is 0) fail so.
    package func fail(call: Int, _ fault: Fault) { state.withLock { $0.faults[call] = fault } }

    /// Makes the call of this kind that is the n-th from now on (the next is 0) fail so.
    package func fail(_ call: Call, after count: Int = 0, _ fault: Fault) {
        state.withLock { $0.callFaults[call, default: [:]][($0.counts[call] ?? 0) + count] = fault }
    }

    package func clearFaults() {
        state.withLock { state in
            state.faults = [:]
            state.callFaults = [:]
            state.isDead = false
        }
    }

    /// Bytes that all files together may take; nil for no limit. A write that meets it fails after
    /// what fits.
    package var capacity: Int? {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    package var usedByteCount: Int {
        state.withLock { state in
            state.names.written.files.values.reduce(0) { sum, content in
                sum + content.images.withLock { $0.written.count }
            }
        }
    }

    /// Whether room can be reserved ahead; some file systems cannot.
    package var isReserving: Bool {
        get { state.withLock { $0.isReserving } }
        set { state.withLock { $0.isReserving = newValue } }
    }

    /// The syncs so far, those among them that were told to do nothing.
    package var syncs: [SyncCall] { state.withLock { $0.syncs } }

    /// Makes the sync of this number, among all syncs, do nothing and report success.
    package func ignore(sync number: Int) { state.withLock { _ = $0.ignoredSyncs.insert(number) } }

    /// Is told of each call that changes something before it takes effect: its number, kind, path.
    package func observe(_ observer: (@Sendable (Int, Call, String) -> Void)?) {
        state.withLock { $0.observer = observer }
    }

    // MARK: What others find

    /// What a machine finds after the power came back: a new file system.
    package func crashed(_ generator: inout SeededGenerator) -> SimulatedFileSystem {
        crashed(.arbitrary, &generator)
    }

    package func crashed(
        _ survival: CrashSurvival, _ generator: inout SeededGenerator
    ) -> SimulatedFileSystem {
        let names = state.withLock { $0.names }
        let table = names.survivors(survival, &generator)
        var after = SimulatedNames()
        after.isRootDurable = !(table.files.isEmpty && table.folders.isEmpty)
        after.written.folders = table.folders
        // Two names may hold one content, for a moment.
        for path in table.files.keys.sorted() {
            guard let images = table.files[path]?.images.withLock({ $0 }) else { continue }
            after.written.files[path] = SimulatedContent(
                durable: images.survivors(survival, &generator))
        }
        after.durable = after.written
        return SimulatedFileSystem(after)
    }

    /// What kill -9 leaves: all that was written, and what was pending is so still.
    package func killed() -> SimulatedFileSystem {
        SimulatedFileSystem(state.withLock { $0.names }.copied())
    }

    // MARK: Bytes for tests

    package func bytes(_ path: String) -> [UInt8]? {
        state.withLock { $0.names.written.files[path] }?.images.withLock { $0.written }
    }

    /// Replaces the content of a file, durably; makes it where it is missing.
    package func put(_ bytes: [UInt8], at path: String) {
        let made = SimulatedContent(durable: bytes)
        let folder = SimulatedNames.folder(of: path)
        state.withLock { state in
            state.names.isRootDurable = true
            for change in [.folder(folder), .put(path, made)] as [SimulatedNames.Change] {
                if change.path.isEmpty { continue }
                state.names.written.apply(change)
                state.names.durable.apply(change)
            }
        }
    }

    /// One bit of a file changes where it lies, for whoever has it open too.
    package func flip(bit: Int, at path: String) {
        guard let content = state.withLock({ $0.names.written.files[path] }) else { return }
        content.images.withLock { images in
            if bit / 8 < images.written.count { images.written[bit / 8] ^= 1 << UInt8(bit % 8) }
            if bit / 8 < images.durable.count { images.durable[bit / 8] ^= 1 << UInt8(bit % 8) }
        }
    }

    /// A file goes, durably, as if someone had removed it while nobody looked.
    package func lose(_ path: String) {
        state.withLock { state in
            state.names.written.apply(.drop(path))
            state.names.durable.apply(.drop(path))
        }
    }

    package var paths: [String] { state.withLock { $0.names.written.files.keys.sorted() } }

    // MARK: FileSystem

    /// Counts a call, and fails it if it is told to.
    func count(_ call: Call, _ path: String) throws(StorageError) -> Fault? {
        let (number, observer) = state.withLock { ($0.callCount, $0.isDead ? nil : $0.observer) }
        if call != .read { observer?(number, call, path) }
        let fault: Fault? = state.withLock { state in
            if state.isDead { return .powerLoss }
            let ordinal = state.counts[call] ?? 0
            state.counts[call] = ordinal + 1
            var fault = state.callFaults[call]?[ordinal]
            if call != .read {
                fault = fault ?? state.faults[state.callCount]
                state.callCount += 1
            }
            if fault == .powerLoss { state.isDead = true }
            return fault
        }
        switch fault {
        case nil: return nil
        case .shortWrite where call == .write, .cutWrite where call == .write: return fault
        case .misdirection where call == .read: return fault
        case .misdirection: return nil
        case .refusal(let code): throw StorageError(code, "refused by the simulation", file: path)
        case .shortWrite, .cutWrite, .powerLoss:
            throw StorageError(.input, "the simulated power is gone", file: path)
        }
    }

    /// Counts a sync; false where it is to do nothing.
    func countSync(
        _ path: String, _ mode: OpenMode?, isEffective: Bool
    ) throws(StorageError) -> Bool {
        _ = try count(mode == nil ? .syncFolder : .sync, path)
        return state.withLock { state in
            let number = state.syncs.count
            state.syncs.append(
                SyncCall(
                    number: number, path: path, isFolder: mode == nil, mode: mode,
                    isEffective: isEffective))
            return !state.ignoredSyncs.contains(number)
        }
    }

    /// How many of the bytes that a file wants to grow by there is room for.
    func room(for byteCount: Int) -> Int {
        guard let capacity else { return byteCount }
        return max(0, min(byteCount, capacity - usedByteCount))
    }

    package func createFolder(_ path: String) throws(StorageError) {
        if path.isEmpty || state.withLock({ $0.names.written.folders.contains(path) }) { return }
        _ = try count(.createFolder, path)
        state.withLock { $0.names.change([.folder(path)]) }
    }

    package func list(_ folder: String) throws(StorageError) -> [String] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        return state.withLock { state in
            var names: Set<String> = []
            for path in state.names.written.files.keys where path.hasPrefix(prefix) {
                names.insert(String(path.dropFirst(prefix.count).prefix { $0 != "/" }))
            }
            for path in state.names.written.folders where path.hasPrefix(prefix) {
                names.insert(String(path.dropFirst(prefix.count).prefix { $0 != "/" }))
            }
            return names.sorted()
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        state.withLock {
            $0.names.written.files[path] != nil || $0.names.written.folders.contains(path)
        }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        if mode == .create { _ = try count(.create, path) }
        let content = try state.withLock { (state) throws(StorageError) -> SimulatedContent in
            switch (mode, state.names.written.files[path]) {
            case (.create, nil):
                let made = SimulatedContent()
                state.names.change([.put(path, made)])
                return made
            case (.create, _?):
                throw StorageError(.input, "the file is there already", file: path)
            case (.read, let found?), (.update, let found?): return found
            case (.read, nil), (.update, nil):
                throw StorageError(.missing, "no such file", file: path)
            }
        }
        return SimulatedFile(self, content, path: path, mode: mode)
    }

    package func rename(_ path: String, to target: String) throws(StorageError) {
        _ = try count(.rename, path)
        try state.withLock { (state) throws(StorageError) in
            guard let content = state.names.written.files[path] else {
                throw StorageError(.missing, "no such file", file: path)
            }
            state.names.change([.drop(path), .put(target, content)])
        }
    }

    package func link(
        _ path: String, of source: any FileSystem, as target: String
    ) throws(StorageError) -> Bool {
        let place = source.place(of: path)
        guard let other = place.fileSystem as? SimulatedFileSystem else { return false }
        _ = try count(.rename, target)
        guard let content = other.state.withLock({ $0.names.written.files[place.path] }) else {
            throw StorageError(.missing, "no such file", file: path)
        }
        state.withLock { $0.names.change([.put(target, content)]) }
        return true
    }

    package func remove(_ path: String) throws(StorageError) {
        _ = try count(.remove, path)
        try state.withLock { (state) throws(StorageError) in
            guard state.names.written.files[path] != nil else {
                throw StorageError(.missing, "no such file", file: path)
            }
            state.names.change([.drop(path)])
        }
    }

    package func syncFolder(_ path: String) throws(StorageError) {
        do throws(StorageError) {
            let isEffective = state.withLock { $0.names.isPending(path) }
            if try countSync(path, nil, isEffective: isEffective) {
                state.withLock { $0.names.sync(path) }
            }
        } catch {
            if state.withLock({ !$0.isDead }) { state.withLock { $0.names.dropPending(path) } }
            throw error
        }
    }

    package func lock(_ path: String, owner: String) throws(StorageError) -> any StoreLock {
        try state.withLock { (state) throws(StorageError) in
            guard !state.isLocked else {
                throw StorageError(.locked, "the store is open in \(owner)", file: path)
            }
            state.isLocked = true
        }
        return SimulatedLock(self)
    }

    fileprivate func unlock() { state.withLock { $0.isLocked = false } }

    package func freeByteCount() throws(StorageError) -> UInt64 {
        guard let capacity else { return 1 << 40 }
        return UInt64(max(0, capacity - usedByteCount))
    }

    fileprivate var isDead: Bool { state.withLock { $0.isDead } }
}

private final class SimulatedFile: OpenFile {
    private let owner: SimulatedFileSystem
    private let content: SimulatedContent
    private let path: String
    private let mode: OpenMode

    init(
        _ owner: SimulatedFileSystem, _ content: SimulatedContent, path: String, mode: OpenMode
    ) {
        self.owner = owner
        self.content = content
        self.path = path
        self.mode = mode
    }

    func byteCount() throws(StorageError) -> UInt64 {
        content.images.withLock { UInt64($0.written.count) }
    }

    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        var start = offset
        if case .misdirection(let distance)? = try owner.count(.read, path) {
            start = UInt64(max(0, Int(offset) + distance))
        }
        return try content.images.withLock { [start] (images) throws(StorageError) -> [UInt8] in
            guard count >= 0, offset <= UInt64(images.written.count),
                count <= images.written.count - Int(offset)
            else {
                throw StorageError(
                    .damaged, "the file ends at byte \(images.written.count)", file: path,
                    offset: offset)
            }
            let found = images.written.dropFirst(Int(start)).prefix(count)
            return Array(found) + [UInt8](repeating: 0, count: count - found.count)
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        var kept = bytes.count
        var isCut = false
        switch try owner.count(.write, path) {
        case .shortWrite?: (kept, isCut) = (bytes.count / 2, true)
        case .cutWrite(let count)?: (kept, isCut) = (min(count, bytes.count), true)
        default: break
        }
        let start = Int(offset)
        let growth = start + kept - content.images.withLock { $0.written.count }
        if growth > 0 {
            let missing = growth - owner.room(for: growth)
            if missing > 0 { (kept, isCut) = (max(0, kept - missing), true) }
        }
        content.images.withLock { $0.write(bytes[..<kept], at: start) }
        if isCut { throw StorageError(.diskFull, "the simulated disk is full", file: path) }
    }

    func sync() throws(StorageError) {
        do throws(StorageError) {
            let isEffective = content.images.withLock { $0.isPending }
            if try owner.countSync(path, mode, isEffective: isEffective) {
                content.images.withLock { $0.sync() }
            }
        } catch {
            if !owner.isDead { content.images.withLock { $0.dropDirty() } }
            throw error
        }
    }

    func allocate(byteCount: UInt64) throws(StorageError) {
        _ = try owner.count(.allocate, path)
        if !owner.isReserving { return }
        // As much as tests need; the real thing would fill memory.
        let wanted = min(Int(byteCount), 1 << 13)
        let growth = wanted - content.images.withLock { $0.written.count }
        if growth <= 0 { return }
        guard owner.room(for: growth) == growth else {
            throw StorageError(.diskFull, "the simulated disk is full", file: path)
        }
        content.images.withLock { $0.grow(to: wanted) }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        _ = try owner.count(.truncate, path)
        content.images.withLock { $0.cut(to: Int(byteCount)) }
    }
}

private final class SimulatedLock: StoreLock {
    private let owner: SimulatedFileSystem

    init(_ owner: SimulatedFileSystem) { self.owner = owner }

    deinit { owner.unlock() }
}
