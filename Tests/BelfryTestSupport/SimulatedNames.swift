import Synchronization

/// The names of a simulated disk: those that a process sees, those that are durable, and the
/// operations between, folder by folder.
struct SimulatedNames: Sendable {
    enum Change: Sendable {
        case put(String, SimulatedContent)
        case folder(String)
        case drop(String)

        var path: String {
            switch self {
            case .put(let path, _), .folder(let path), .drop(let path): path
            }
        }
    }

    struct Table: Sendable {
        var files: [String: SimulatedContent] = [:]
        var folders: Set<String> = []

        mutating func apply(_ change: Change) {
            switch change {
            case .put(let path, let content): files[path] = content
            case .folder(let path): folders.insert(path)
            case .drop(let path): files[path] = nil
            }
        }

        /// Without what stands in folders that are not there.
        func reachable() -> Table {
            var result = Table()
            result.folders = folders
            result.files = files.filter { path, _ in
                let folder = SimulatedNames.folder(of: path)
                return folder.isEmpty || folders.contains(folder)
            }
            return result
        }
    }

    var written = Table()
    var durable = Table()
    /// Since their folders were last synced, in order; a rename is one entry of two changes.
    var pending: [[Change]] = []
    /// Whether the store's own folder is durable in the one above it.
    var isRootDurable = false

    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    mutating func change(_ changes: [Change]) {
        for change in changes { written.apply(change) }
        pending.append(changes)
    }

    /// Whether a sync of the folder would make a difference.
    func isPending(_ folder: String) -> Bool {
        if folder == ".." { return !isRootDurable }
        return pending.contains { $0.contains { Self.folder(of: $0.path) == folder } }
    }

    mutating func sync(_ folder: String) {
        if folder == ".." {
            isRootDurable = true
            return
        }
        var rest: [[Change]] = []
        for changes in pending {
            if changes.contains(where: { Self.folder(of: $0.path) == folder }) {
                for change in changes { durable.apply(change) }
            } else {
                rest.append(changes)
            }
        }
        pending = rest
    }

    /// A failed sync of a folder: its pending operations are seen and never become durable.
    mutating func dropPending(_ folder: String) {
        pending.removeAll { $0.contains { Self.folder(of: $0.path) == folder } }
    }

    func survivors(_ survival: CrashSurvival, _ generator: inout SeededGenerator) -> Table {
        var table = durable
        var isRootThere = isRootDurable
        switch survival {
        case .nothing, .data: break
        case .names, .sizes, .everything:
            isRootThere = true
            for changes in pending { for change in changes { table.apply(change) } }
        case .arbitrary:
            isRootThere = isRootThere || generator.next() % 2 == 0
            var kept = pending.filter { _ in generator.next() % 2 == 0 }
            // Journals keep the order of operations; not every file system has one.
            if generator.next() % 4 == 0 { kept.shuffle(using: &generator) }
            for changes in kept { for change in changes { table.apply(change) } }
        }
        return isRootThere ? table.reachable() : Table()
    }

    /// The same names over contents of their own.
    func copied() -> SimulatedNames {
        var known: [ObjectIdentifier: SimulatedContent] = [:]
        func copy(_ content: SimulatedContent) -> SimulatedContent {
            if let made = known[ObjectIdentifier(content)] { return made }
            let made = SimulatedContent(content.images.withLock { $0 })
            known[ObjectIdentifier(content)] = made
            return made
        }
        var result = self
        result.written.files = written.files.mapValues(copy)
        result.durable.files = durable.files.mapValues(copy)
        result.pending = pending.map { changes in
            changes.map { change in
                if case .put(let path, let content) = change { return .put(path, copy(content)) }
                return change
            }
        }
        return result
    }
}
