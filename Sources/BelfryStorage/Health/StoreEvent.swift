package import BelfryCore
import Synchronization

/// Something that happened to a store and that its owner should be able to read about later: what
/// recovery found, damage, changes of health, work that was put off.
package struct StoreEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// What opening found and mended.
        case recovery
        /// A change of the store's health.
        case health
        /// Free space, and what was done for it.
        case space
        /// Flush, compaction, retention.
        case upkeep
        /// A clock that cannot be believed.
        case clock
        /// Bytes that are not what they should be.
        case damage
    }

    /// Counts the events of this opening from 1.
    package let number: UInt64
    /// By the wall clock, which orders nothing.
    package let time: Timestamp
    package let kind: Kind
    package let message: String
}

/// The events of this opening; of many, the newest are kept.
///
/// Threads: any.
final class EventLog: Sendable {
    /// What a reader of SHOW can still take in, and memory does not feel.
    private static let countLimit = 1_000

    private struct State {
        var events: [StoreEvent] = []
        var next: UInt64 = 1
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    func note(_ kind: StoreEvent.Kind, _ message: String) {
        let time = now()
        state.withLock { state in
            // A failure that comes again every second is told once.
            if let last = state.events.last, last.kind == kind, last.message == message { return }
            if state.events.count >= Self.countLimit {
                state.events.removeFirst(Self.countLimit / 4)
            }
            state.events.append(
                StoreEvent(number: state.next, time: time, kind: kind, message: message))
            state.next += 1
        }
    }

    var events: [StoreEvent] { state.withLock { $0.events } }
}
