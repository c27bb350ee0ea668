import BelfryCore
import Synchronization

/// When interval durability syncs next: so many milliseconds from beginning to beginning, so that
/// what is lost with the power is at most that and the time of one sync.
struct SyncSchedule: Sendable {
    private let interval: UInt64
    private var due: UInt64

    init(milliseconds: Int, now: UInt64) {
        interval = UInt64(max(1, milliseconds)) &* 1_000_000
        due = now &+ interval
    }

    func nanosecondsLeft(now: UInt64) -> UInt64 { due > now ? due - now : 0 }

    mutating func begin(now: UInt64) { due = now &+ interval }
}

/// Interval durability: the thread that syncs the log every n milliseconds.
final class SyncTimer: Sendable {
    private final class Reference: Sendable {
        weak let store: Store?
        init(_ store: Store) { self.store = store }
    }

    private let isStopping = Monitor(false)
    private let thread = Mutex<EngineThread?>(nil)

    func start(_ store: Store, milliseconds: Int) throws(StorageError) {
        let reference = Reference(store)
        let isStopping = self.isStopping
        let clock = store.clock
        let started = EngineThread {
            var schedule = SyncSchedule(milliseconds: milliseconds, now: clock.monotonic())
            while true {
                let left = Int(schedule.nanosecondsLeft(now: clock.monotonic()) / 1_000_000)
                let isOver = isStopping.waitUntil(milliseconds: left, { $0 }) { $1 }
                guard !isOver, let store = reference.store else { return }
                schedule.begin(now: clock.monotonic())
                store.syncInBackground()
            }
        }
        guard let started else {
            throw StorageError(.limit, "the system has no thread left for syncing")
        }
        thread.withLock { $0 = started }
    }

    func stop(isWaiting: Bool) {
        isStopping.withLock { $0 = true }
        isStopping.signalAll()
        let running = thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }
        if isWaiting { running?.join() }
    }
}

extension Store {
    /// Syncs what was written so far, without holding writers up.
    func syncInBackground() {
        let work = state.withLock { state in
            state.syncedThrough + 1 < state.nextSequence && state.refusal == nil
                ? state.log.map { (file: $0.file, through: state.nextSequence - 1) } : nil
        }
        guard let work else { return }
        do throws(StorageError) {
            try work.file.sync()
            state.withLock { $0.syncedThrough = max($0.syncedThrough, work.through) }
        } catch {
            state.withLock { $0.poison(error) }
        }
    }
}
