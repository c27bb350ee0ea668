import BelfryCore

/// Gathers what bears on a store's health and tells whoever watches of every change.
///
/// Facts come from where they arise (the state's refusal, the space watch, upkeep); the health is
/// computed from them alone, so it cannot say something else than what the store does.
///
/// Threads: any. Watchers are called on the thread that made the change, which may hold the
/// store's locks: they hand the news on and call nothing of the store.
package final class HealthMonitor: Sendable {
    struct Facts: Sendable {
        var isClosed = false
        /// Why writes are refused until the store is opened again.
        var refusal: StorageError?
        /// Why they are refused until there is space again.
        var shortage: StorageError?
        var pressures: [StorePressure.Reason: String] = [:]

        var health: StoreHealth {
            if isClosed { return .closed }
            if let refusal { return .readOnly(refusal) }
            if let shortage { return .readOnly(shortage) }
            if pressures.isEmpty { return .healthy }
            return .pressured(
                pressures.sorted { $0.key < $1.key }.map { StorePressure($0.key, $0.value) })
        }
    }

    private struct State: Sendable {
        var facts = Facts()
        /// Counts the changes.
        var version: UInt64 = 0
        var watchers: [UInt64: @Sendable (StoreHealth) -> Void] = [:]
        var nextWatcher: UInt64 = 0
    }

    private let state = Monitor(State())
    private let events: EventLog

    init(events: EventLog) { self.events = events }

    package var health: StoreHealth { state.withLock { $0.facts.health } }

    /// Changes the facts; watchers hear of it where the health is another one now.
    func update(_ change: (inout Facts) -> Void) {
        let news:
            (health: StoreHealth, isTold: Bool, watchers: [@Sendable (StoreHealth) -> Void])? =
                state.withLock { state in
                    let before = state.facts.health
                    change(&state.facts)
                    let after = state.facts.health
                    guard before.description != after.description else { return nil }
                    state.version += 1
                    return (
                        after, Self.isWorthTelling(before, after), Array(state.watchers.values)
                    )
                }
        guard let news else { return }
        if news.isTold { events.note(.health, news.health.description) }
        state.signalAll()
        for watcher in news.watchers { watcher(news.health) }
    }

    /// Figures within a reason change with every look; for the log the reason counts.
    private static func isWorthTelling(_ before: StoreHealth, _ after: StoreHealth) -> Bool {
        if case .pressured(let old) = before, case .pressured(let new) = after {
            return old.map(\.reason) != new.map(\.reason)
        }
        return true
    }

    /// Why writes are refused until there is space again.
    var shortage: StorageError? { state.withLock { $0.facts.shortage } }

    /// What is said of a pressure; nil where there is none.
    func pressure(_ reason: StorePressure.Reason) -> String? {
        state.withLock { $0.facts.pressures[reason] }
    }

    /// Sets or, with nil, ends a pressure.
    func press(_ reason: StorePressure.Reason, _ message: String?) {
        update { $0.pressures[reason] = message }
    }

    /// Waits until the health is another one than when this number was given (0 is before the
    /// first change), or until the time has passed; the health then, and the number to wait with
    /// next.
    package func waitForChange(
        after version: UInt64, milliseconds: Int
    ) -> (health: StoreHealth, version: UInt64) {
        state.waitUntil(milliseconds: milliseconds, { $0.version > version }) { state, _ in
            (state.facts.health, state.version)
        }
    }

    /// The health now, with the number to wait with for the next one.
    package var current: (health: StoreHealth, version: UInt64) {
        state.withLock { ($0.facts.health, $0.version) }
    }

    /// Calls `watcher` at every change until `unwatch`; it is told the health of now first.
    package func watch(_ watcher: @escaping @Sendable (StoreHealth) -> Void) -> UInt64 {
        let (number, health) = state.withLock { state in
            let number = state.nextWatcher
            state.nextWatcher += 1
            state.watchers[number] = watcher
            return (number, state.facts.health)
        }
        watcher(health)
        return number
    }

    package func unwatch(_ number: UInt64) { state.withLock { $0.watchers[number] = nil } }
}
