import Glibc
import Synchronization

/// The system's zones by name, each read once.
///
/// The one file of this target that reads files: query and import both need zones, and neither
/// may depend on the other's file layer.
///
/// Threads: any; what was read is kept behind a mutex.
public final class TimeZoneDatabase: Sendable {
    private let folder: String
    private let known = Mutex<[String: TimeZoneRules]>([:])

    /// No zone file is a tenth of this.
    private static let fileByteCountLimit = 1 << 20

    /// - Parameter folder: where the TZif files are.
    public init(folder: String = "/usr/share/zoneinfo") {
        self.folder = folder
    }

    /// A zone by its name, such as 'Europe/Copenhagen', 'UTC' or '+02:00'; the case of letters
    /// matters only where names differ in it.
    public func rules(named name: String) throws(TimeZoneError) -> TimeZoneRules {
        if let rules = TimeZoneRules(fixed: name) { return rules }
        if let rules = known.withLock({ $0[name] }) { return rules }
        let rules = try load(name)
        known.withLock { $0[name] = rules }
        return rules
    }

    private func load(_ name: String) throws(TimeZoneError) -> TimeZoneRules {
        guard Self.isPlain(name) else {
            throw TimeZoneError(name: name, reason: "is no zone name", suggestions: [])
        }
        var trueName = name
        var bytes = readFile(name)
        if bytes == nil {
            let names = self.names
            if names.isEmpty {
                throw TimeZoneError(
                    name: name,
                    reason: "cannot be looked up: no zone files in \(folder) (package tzdata)",
                    suggestions: [])
            }
            let lower = name.lowercased()
            guard let match = names.first(where: { $0.lowercased() == lower }) else {
                throw TimeZoneError(
                    name: name, reason: "is not known",
                    suggestions: Self.suggestions(for: lower, among: names))
            }
            trueName = match
            bytes = readFile(match)
        }
        guard let bytes else {
            throw TimeZoneError(name: name, reason: "cannot be read", suggestions: [])
        }
        do {
            return try TimeZoneRules(name: trueName, tzif: bytes)
        } catch {
            throw TimeZoneError(
                name: name, reason: "has a damaged file: \(error)", suggestions: [])
        }
    }

    /// Whether a name stays below the folder.
    private static func isPlain(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 255 else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            guard let first = part.utf8.first, first != UInt8(ascii: ".") else { return false }
            return part.utf8.allSatisfy { byte in
                (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || "_+-.".utf8.contains(byte)
            }
        }
    }

    /// The bytes of a file; nil when it is not there, not a plain file or too long.
    private func readFile(_ name: String) -> [UInt8]? {
        let descriptor = unsafe open(folder + "/" + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= Self.fileByteCountLimit
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let amount = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
            }
            if amount < 0 && errno == EINTR { continue }
            guard amount > 0 else { return nil }
            count += amount
        }
        return bytes
    }

    /// Every zone there is, in order of bytes; empty where no zones are installed.
    public var names: [String] {
        var names: [String] = []
        collectNames(below: "", depth: 0, into: &names)
        return names.sorted()
    }

    private func collectNames(below prefix: String, depth: Int, into names: inout [String]) {
        guard let stream = unsafe opendir(folder + "/" + prefix) else { return }
        defer { unsafe _ = closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            // Zone names begin with a capital; the rest of the folder are tables and copies.
            guard let first = name.utf8.first, first &- 65 < 26 else { continue }
            let isFolder = unsafe entry.pointee.d_type == UInt8(DT_DIR)
            if isFolder && depth < 3 {
                collectNames(below: prefix + name + "/", depth: depth + 1, into: &names)
            } else if !isFolder {
                names.append(prefix + name)
            }
        }
    }

    /// Up to three names whose place is spelled within two letters of the one given, or holds it.
    private static func suggestions(for lower: String, among names: [String]) -> [String] {
        func place(_ name: String) -> [UInt8] {
            Array((name.split(separator: "/").last ?? "").utf8)
        }
        let wanted = place(lower)
        var ranked: [(distance: Int, name: String)] = []
        for name in names {
            let candidate = place(name.lowercased())
            let distance = editDistance(wanted, candidate)
            if distance <= min(2, wanted.count / 3) {
                ranked.append((distance, name))
            } else if wanted.count >= 4, candidate.starts(with: wanted) {
                ranked.append((3, name))
            }
        }
        return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .prefix(3).map(\.name)
    }

    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(replaced, diagonal + 1, row[place] + 1)
            }
        }
        return row[right.count]
    }
}

/// A zone that is not there, or whose file is damaged.
public struct TimeZoneError: Error, Sendable, Hashable, CustomStringConvertible {
    public let name: String
    public let reason: String
    /// Names that resemble it.
    public let suggestions: [String]

    public var description: String {
        var text = "time zone \"\(name)\" \(reason)"
        if !suggestions.isEmpty {
            text += "; did you mean " + suggestions.map { "\"\($0)\"" }.joined(separator: ", ")
            text += "?"
        }
        return text
    }
}
