package import BelfryStorage
import Synchronization

/// A file system that forgets what was not synced, and fails on command.
///
/// Every file has two images: what was written and what is durable; the root has two name tables
/// likewise. `crashed` keeps an arbitrary subset of what was pending: of the sectors that differ,
/// some are written, one perhaps half; of the operations on names, any subset that a journal in
/// no particular order could leave. A failed sync drops the pending sectors, as Linux does, and
/// the next one succeeds.
///
/// Calls that change something are counted, and the fault of a call is set by its number. After
/// `powerLoss` every call fails; `crashed` is what is found then.
package final class SimulatedFileSystem: FileSystem {
    package enum Fault: Sendable, Hashable {
        /// The call fails with this code, and nothing happened.
        case refusal(StorageError.Code)
        /// A write stops halfway, then fails.
        case shortWrite
        /// Everything from this call on fails.
        case powerLoss
    }

    fileprivate final class Content: Sendable {
        struct Images {
            var written: [UInt8] = []
            var durable: [UInt8] = []
            /// The sectors that a sync would write.
            var dirty: Set<Int> = []

            mutating func sync() {
                let sector = SimulatedFileSystem.sectorByteCount
                if durable.count > written.count {
                    durable.removeLast(durable.count - written.count)
                } else {
                    durable += [UInt8](repeating: 0, count: written.count - durable.count)
                }
                for index in dirty where index * sector < written.count {
                    let range = (index * sector)..<min(written.count, (index + 1) * sector)
                    durable.replaceSubrange(range, with: written[range])
                }
                dirty = []
            }
        }

        let images = Mutex(Images())
    }

    private enum NameChange: Sendable {
        case put(String, Content)
        case drop(String)

        var path: String {
            switch self {
            case .put(let path, _), .drop(let path): path
            }
        }
    }

    private struct State {
        var names: [String: Content] = [:]
        var durableNames: [String: Content] = [:]
        /// Since the folder was last synced, in order; a rename is one entry of two changes.
        var pending: [[NameChange]] = []
        var isLocked = false
        var callCount = 0
        var faults: [Int: Fault] = [:]
        var isDead = false
    }

    private let state = Mutex(State())

    package static let sectorByteCount = 512

    package init() {}

    /// How many calls that change something were made.
    package var callCount: Int { state.withLock { $0.callCount } }

    /// Makes the call of this number (the first is 0) fail so.
    package func fail(call: Int, _ fault: Fault) { state.withLock { $0.faults[call] = fault } }

    package func clearFaults() {
        state.withLock { state in
            state.faults = [:]
            state.isDead = false
        }
    }

    /// What a machine finds after the power came back: a new file system.
    package func crashed(_ generator: inout SeededGenerator) -> SimulatedFileSystem {
        var draws = generator
        let after = SimulatedFileSystem()
        let names: [String: Content] = state.withLock { state in
            var names = state.durableNames
            for changes in state.pending where draws.next() & 1 == 0 {
                for change in changes {
                    switch change {
                    case .put(let path, let content): names[path] = content
                    case .drop(let path): names[path] = nil
                    }
                }
            }
            return names
        }
        for path in names.keys.sorted() {
            guard let content = names[path] else { continue }
            let bytes = Self.survivors(content, &draws)
            let made = Content()
            made.images.withLock { images in
                images.written = bytes
                images.durable = bytes
            }
            after.state.withLock { state in
                state.names[path] = made
                state.durableNames[path] = made
            }
        }
        generator = draws
        return after
    }

    /// What kill -9 leaves: all that was written.
    package func killed() -> SimulatedFileSystem {
        let after = SimulatedFileSystem()
        let names = state.withLock { $0.names }
        for (path, content) in names {
            let bytes = content.images.withLock { $0.written }
            let made = Content()
            made.images.withLock { images in
                images.written = bytes
                images.durable = bytes
            }
            after.state.withLock { state in
                state.names[path] = made
                state.durableNames[path] = made
            }
        }
        return after
    }

    private static func survivors(
        _ content: Content, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        let (written, durable, dirty) = content.images.withLock {
            ($0.written, $0.durable, $0.dirty)
        }
        if written == durable { return durable }
        // The size is pending too: the old one, the new one, or something between.
        let low = min(written.count, durable.count)
        let high = max(written.count, durable.count)
        let byteCount: Int =
            switch generator.next() % 3 {
            case 0: durable.count
            case 1: written.count
            default: low + Int(generator.next() % UInt64(high - low + 1))
            }
        var bytes = Array(durable.prefix(byteCount))
        bytes += [UInt8](repeating: 0, count: byteCount - bytes.count)
        var start = 0
        while start < byteCount {
            let end = min(byteCount, start + sectorByteCount)
            let choice = generator.next() % 8
            if choice < 4 && dirty.contains(start / sectorByteCount) {
                // A torn sector keeps its first part only.
                let kept = choice == 0 ? start + Int(generator.next() % 512) : end
                for index in start..<min(kept, end) where index < written.count {
                    bytes[index] = written[index]
                }
            }
            start = end
        }
        return bytes
    }

    // MARK: Bytes for tests

    package func bytes(_ path: String) -> [UInt8]? {
        state.withLock { $0.names[path] }?.images.withLock { $0.written }
    }

    /// Replaces the content of a file, durably; makes it where it is missing.
    package func put(_ bytes: [UInt8], at path: String) {
        let made = Content()
        made.images.withLock { images in
            images.written = bytes
            images.durable = bytes
        }
        state.withLock { state in
            state.names[path] = made
            state.durableNames[path] = made
        }
    }

    package var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    // MARK: FileSystem

    /// Counts a call, and fails it if it is told to.
    fileprivate func count(_ path: String, isWrite: Bool = false) throws(StorageError) -> Fault? {
        let fault: Fault? = state.withLock { state in
            if state.isDead { return .powerLoss }
            let fault = state.faults[state.callCount]
            state.callCount += 1
            if fault == .powerLoss { state.isDead = true }
            return fault
        }
        switch fault {
        case nil: return nil
        case .shortWrite where isWrite: return .shortWrite
        case .refusal(let code): throw StorageError(code, "refused by the simulation", file: path)
        case .shortWrite, .powerLoss:
            throw StorageError(.input, "the simulated power is gone", file: path)
        }
    }

    package func createFolder(_ path: String) throws(StorageError) {}

    package func list(_ folder: String) throws(StorageError) -> [String] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        return state.withLock { state in
            var names: Set<String> = []
            for path in state.names.keys where path.hasPrefix(prefix) {
                names.insert(String(path.dropFirst(prefix.count).prefix { $0 != "/" }))
            }
            return names.sorted()
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        state.withLock { $0.names[path] != nil }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any OpenFile {
        if mode == .create { _ = try count(path) }
        let content = try state.withLock { (state) throws(StorageError) -> Content in
            switch (mode, state.names[path]) {
            case (.create, nil):
                let made = Content()
                state.names[path] = made
                state.pending.append([.put(path, made)])
                return made
            case (.create, _?):
                throw StorageError(.input, "the file is there already", file: path)
            case (.read, let found?), (.update, let found?): return found
            case (.read, nil), (.update, nil):
                throw StorageError(.missing, "no such file", file: path)
            }
        }
        return SimulatedFile(self, content, path: path)
    }

    package func rename(_ path: String, to target: String) throws(StorageError) {
        _ = try count(path)
        try state.withLock { (state) throws(StorageError) in
            guard let content = state.names.removeValue(forKey: path) else {
                throw StorageError(.missing, "no such file", file: path)
            }
            state.names[target] = content
            state.pending.append([.drop(path), .put(target, content)])
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        _ = try count(path)
        try state.withLock { (state) throws(StorageError) in
            guard state.names.removeValue(forKey: path) != nil else {
                throw StorageError(.missing, "no such file", file: path)
            }
            state.pending.append([.drop(path)])
        }
    }

    package func syncFolder(_ path: String) throws(StorageError) {
        _ = try count(path)
        let prefix = path.isEmpty ? "" : path + "/"
        func isInside(_ name: String) -> Bool {
            name.hasPrefix(prefix) && !name.dropFirst(prefix.count).contains("/")
        }
        state.withLock { state in
            var rest: [[NameChange]] = []
            for changes in state.pending {
                guard changes.contains(where: { isInside($0.path) }) else {
                    rest.append(changes)
                    continue
                }
                for change in changes {
                    switch change {
                    case .put(let path, let content): state.durableNames[path] = content
                    case .drop(let path): state.durableNames[path] = nil
                    }
                }
            }
            state.pending = rest
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

    package func freeByteCount() throws(StorageError) -> UInt64 { 1 << 40 }
}

private final class SimulatedFile: OpenFile {
    private let owner: SimulatedFileSystem
    private let content: SimulatedFileSystem.Content
    private let path: String

    init(_ owner: SimulatedFileSystem, _ content: SimulatedFileSystem.Content, path: String) {
        self.owner = owner
        self.content = content
        self.path = path
    }

    func byteCount() throws(StorageError) -> UInt64 {
        content.images.withLock { UInt64($0.written.count) }
    }

    func read(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        try content.images.withLock { (images) throws(StorageError) -> [UInt8] in
            guard count >= 0, offset <= UInt64(images.written.count),
                count <= images.written.count - Int(offset)
            else {
                throw StorageError(
                    .damaged, "the file ends at byte \(images.written.count)", file: path,
                    offset: offset)
            }
            return Array(images.written[Int(offset)..<(Int(offset) + count)])
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        let isShort = try owner.count(path, isWrite: true) == .shortWrite
        let part = isShort ? Array(bytes.prefix(bytes.count / 2)) : bytes
        let start = Int(offset)
        content.images.withLock { images in
            let end = start + part.count
            if images.written.count < end {
                images.written += [UInt8](repeating: 0, count: end - images.written.count)
            }
            images.written.replaceSubrange(start..<end, with: part)
            let sector = SimulatedFileSystem.sectorByteCount
            for index in (start / sector)..<((end + sector - 1) / sector) {
                images.dirty.insert(index)
            }
        }
        if isShort { throw StorageError(.diskFull, "the simulated disk is full", file: path) }
    }

    func sync() throws(StorageError) {
        do throws(StorageError) {
            _ = try owner.count(path)
        } catch {
            // The dirty pages count as written, and the next sync succeeds without them.
            content.images.withLock { $0.dirty = [] }
            throw error
        }
        content.images.withLock { $0.sync() }
    }

    func allocate(byteCount: UInt64) throws(StorageError) {
        _ = try owner.count(path)
        content.images.withLock { images in
            let missing = min(Int(byteCount), 1 << 16) - images.written.count
            if missing > 0 { images.written += [UInt8](repeating: 0, count: missing) }
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        _ = try owner.count(path)
        content.images.withLock { images in
            if byteCount < UInt64(images.written.count) {
                images.written.removeLast(images.written.count - Int(byteCount))
            }
        }
    }
}

private final class SimulatedLock: StoreLock {
    private let owner: SimulatedFileSystem

    init(_ owner: SimulatedFileSystem) { self.owner = owner }

    deinit { owner.unlock() }
}
