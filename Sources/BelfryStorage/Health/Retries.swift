import Synchronization

/// When what failed in the background is tried again: after a second, then after twice as long each
/// time, at most ten minutes; by the steady clock.
///
/// Threads: any.
final class Retries: Sendable {
    private struct State {
        /// When to try next; nil where nothing failed.
        var due: UInt64?
        var pause = Retries.shortest
    }

    private static let shortest: UInt64 = 1_000_000_000
    private static let longest: UInt64 = 600_000_000_000

    private let state = Mutex(State())

    func noteFailure(now: UInt64) {
        state.withLock { state in
            state.due = now &+ state.pause
            state.pause = min(state.pause * 2, Self.longest)
        }
    }

    func noteSuccess() { state.withLock { $0 = State() } }

    var isWaiting: Bool { state.withLock { $0.due != nil } }

    /// Whether it is time; then it is not again until the next failure.
    func takeDue(now: UInt64) -> Bool {
        state.withLock { state in
            guard let due = state.due, now >= due else { return false }
            state.due = nil
            return true
        }
    }
}
