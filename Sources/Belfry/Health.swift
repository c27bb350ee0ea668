internal import BelfryStorage

/// How a database fares. Nothing fails in the background without a change of this.
public struct Health: Sendable, Hashable, CustomStringConvertible {
    public enum State: String, Sendable, Hashable {
        case healthy
        /// Writes go on, slower perhaps: the disk is filling up, or upkeep falls behind or failed.
        case pressured
        /// Reads go on, writes are refused. On a full disk this ends by itself when there is room.
        case readOnly = "read-only"
        case closed
    }

    public let state: State
    /// Why, in sentences, the most pressing first; empty for a healthy database.
    public let reasons: [String]

    init(_ health: StoreHealth) {
        state =
            switch health {
            case .healthy: .healthy
            case .pressured: .pressured
            case .readOnly: .readOnly
            case .closed: .closed
            }
        reasons = health.reasons
    }

    public var description: String { ([state.rawValue] + reasons).joined(separator: "; ") }
}

extension Database {
    /// Damage that opening met and went on for reading only; what stands behind it is missing from
    /// every answer.
    package var damage: String? { store.damage?.description }

    /// The format version that the folder had when it was opened, and the one that is written now.
    package var formatVersions: (opened: Int, current: Int) {
        (Int(store.openedFormatVersion), Int(Store.formatVersion))
    }

    /// How the database fares now.
    public var health: Health { Health(store.health) }

    /// The health now, then every change of it, until the database is closed.
    ///
    /// ```swift
    /// for await health in database.healthChanges { log(health) }
    /// ```
    ///
    /// Whoever reads slowly misses older changes, never the newest.
    public var healthChanges: AsyncStream<Health> {
        let monitor = store.healthMonitor
        return AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
            let number = monitor.watch { health in
                let health = Health(health)
                continuation.yield(health)
                if health.state == .closed { continuation.finish() }
            }
            continuation.onTermination = { _ in monitor.unwatch(number) }
        }
    }

    /// Waits until the health is such, or until the time has passed; the health then.
    @discardableResult
    public func waitForHealth(
        milliseconds: Int, _ isAwaited: (Health) -> Bool
    ) -> Health {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .milliseconds(milliseconds))
        var (health, version) = store.healthMonitor.current
        while !isAwaited(Health(health)) {
            let left = clock.now.duration(to: end)
            let rest =
                left.components.seconds * 1000
                + left.components.attoseconds / 1_000_000_000_000_000
            if rest <= 0 { break }
            (health, version) = store.healthMonitor.waitForChange(
                after: version, milliseconds: Int(rest))
        }
        return Health(health)
    }
}
