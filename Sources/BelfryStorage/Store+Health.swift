import BelfryCore
import Synchronization

/// What the owner of a store can see of how it fares, and the look after its files that keeps it
/// so: `tend`.
extension Store {
    package var health: StoreHealth { healthMonitor.health }

    /// The damage for which the store is open for reading only: what stands behind it is missing.
    package var damage: StorageError? { followed.withLock { $0?.damage } }

    /// Whether closing has begun.
    package var isClosing: Bool { ending.isBegun }

    /// What happened since the store was opened, oldest first.
    package var events: [StoreEvent] { eventLog.events }

    /// What recovery found and did, in sentences.
    package var recoveryNotes: [String] {
        eventLog.events.filter { $0.kind == .recovery }.map(\.message)
    }

    /// Something that the owner should be able to read about later.
    func note(_ kind: StoreEvent.Kind, _ message: String) { eventLog.note(kind, message) }

    /// Looks after space, retired files and what failed before. The upkeep thread does this now
    /// and then; where there is none, whoever opened the store may.
    ///
    /// - Parameter isAlone: this is the thread's only work for now, so what failed may be tried
    ///   again.
    /// - Returns: whether there is something to look after again soon.
    @discardableResult
    package func tend(isAlone: Bool = true) -> Bool {
        if options.isReadOnly || state.withLock({ $0.isClosed }) { return false }
        let level = watchSpace()
        removeRetired()
        if isAlone {
            openSegments.recover()
            retainWhenDue()
            coolWhenDue()
            if state.withLock({ $0.mayHaveDeadSeries }) { upkeep.request(.compaction) }
            let now = clock.monotonic()
            if flushRetries.takeDue(now: now) { upkeep.request(.flush) }
            if compactionRetries.takeDue(now: now) { upkeep.request(.compaction) }
        }
        return level > .ample || !retiredFiles.isEmpty || flushRetries.isWaiting
            || compactionRetries.isWaiting
    }

    /// What a flush or compaction came to, for health and for when it is tried again.
    func noteUpkeep(
        _ reason: StorePressure.Reason, _ retries: Retries, failure: StorageError?
    ) {
        guard let failure else {
            retries.noteSuccess()
            healthMonitor.press(reason, nil)
            return
        }
        // The store is closing, or poisoned: that is told elsewhere, and nothing is tried again.
        if upkeep.isStopping || state.withLock({ $0.refusal != nil || $0.isClosed }) { return }
        if failure.isShortOfDescriptors { openSegments.shrink() }
        retries.noteFailure(now: clock.monotonic())
        note(.upkeep, "\(reason.name) failed: \(failure)")
        healthMonitor.press(reason, failure.description)
        if failure.code == .diskFull { watchSpace() }
    }

    /// Removes the files of segments that left the manifest and that nobody here reads, at once:
    /// a reader in another process that comes too late for one starts its statement again.
    package func removeReplacedFiles() {
        let outcome = retiredFiles.removeDue(now: clock.monotonic(), isForced: true)
        healthMonitor.press(.files, outcome.failure?.description)
    }

    /// Removes the files of segments that left the manifest, where it is time.
    func removeRetired() {
        let outcome = retiredFiles.removeDue(
            now: clock.monotonic(), isForced: space.level == .hard)
        healthMonitor.press(.files, outcome.failure?.description)
    }
}
