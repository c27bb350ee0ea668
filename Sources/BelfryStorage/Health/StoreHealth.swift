/// How a store fares; no failure in the background goes without a change of this.
package enum StoreHealth: Sendable, CustomStringConvertible {
    case healthy
    /// Writes go on, slower perhaps; the most pressing reason first, and there is at least one.
    case pressured([StorePressure])
    /// Reads go on, writes are refused.
    case readOnly(StorageError)
    case closed

    /// One word, as SQL and the application see it.
    package var name: String {
        switch self {
        case .healthy: "healthy"
        case .pressured: "pressured"
        case .readOnly: "read-only"
        case .closed: "closed"
        }
    }

    /// Why, in sentences; empty for a healthy store.
    package var reasons: [String] {
        switch self {
        case .healthy: []
        case .pressured(let pressures): pressures.map(\.description)
        case .readOnly(let error): [error.description]
        case .closed: ["the store is closed"]
        }
    }

    package var description: String { ([name] + reasons).joined(separator: "; ") }
}

/// What presses on a store that still takes writes.
package struct StorePressure: Sendable, Hashable, CustomStringConvertible {
    /// In the order of their weight.
    package enum Reason: Int, Sendable, Hashable, CaseIterable, Comparable {
        /// A flush failed; it is tried again.
        case flush
        /// The disk is filling up.
        case space
        /// A compaction failed; it is tried again.
        case compaction
        /// A compaction waits for free space.
        case room
        /// More wide segments than compaction keeps up with.
        case lag
        /// Retention could not be carried out.
        case retention
        /// The wall clock cannot be believed.
        case clock
        /// A file could not be removed, synced or made.
        case files

        package static func < (one: Reason, other: Reason) -> Bool {
            one.rawValue < other.rawValue
        }

        /// One word, for SQL.
        package var name: String { "\(self)" }
    }

    package let reason: Reason
    package let message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    package var description: String { "\(reason.name): \(message)" }
}
