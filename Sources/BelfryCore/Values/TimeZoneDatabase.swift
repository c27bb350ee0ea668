import Glibc
import Synchronization

/// The system's zones by name, each read once.
///
/// The one file of this target that reads files: query and import both need zones, and neither
/// may depend on the other's file layer.
///
/// Threads: any; a read file is kept behind a mutex.
public final class TimeZoneDatabase: Sendable {
    private let folder: String
    private let known = Mutex<[String: TimeZoneRules]>([:])

    /// - Parameter folder: where the TZif files are.
    public init(folder: String = "/usr/share/zoneinfo") {
        self.folder = folder
    }

    /// A zone by its name, such as 'Europe/Copenhagen', 'UTC' or '+02:00'.
    public func rules(named name: String) throws(TimeZoneError) -> TimeZoneRules {
        throw TimeZoneError(name: name, reason: "unknown", suggestions: [])
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
            text +=
                "; did you mean " + suggestions.map { "\"\($0)\"" }.joined(separator: ", ") + "?"
        }
        return text
    }
}
