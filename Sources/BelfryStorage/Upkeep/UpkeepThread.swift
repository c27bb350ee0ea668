import BelfryCore
import Synchronization

/// The one thread that flushes, compacts and tends the files, in this order of need.
///
/// It holds the store only while it works, so a store that nobody holds any more ends it. What
/// fails is told to the writers who wait for it, stands in the store's health, and is tried again:
/// at once where a writer waits, else after pauses that grow.
final class UpkeepThread: Sendable {
    enum Need: Sendable { case flush, compaction, tending }

    private struct Signal {
        var wants: Set<Need> = []
        var isStopping = false
        /// Flushes and compactions that were tried.
        var flushCount = 0
        var compactionCount = 0
        var flushFailure: StorageError?
        var compactionFailure: StorageError?
        /// When to tend the files next, if nothing is asked for before.
        var pauseMilliseconds = UpkeepThread.longPause
    }

    /// Between two looks when all is well, and while something is watched.
    static let longPause = 60_000
    static let shortPause = 1_000

    /// Sees the store without keeping it.
    private final class Reference: Sendable {
        weak let store: Store?
        init(_ store: Store) { self.store = store }
    }

    private let signal = Monitor(Signal())
    private let thread = Mutex<EngineThread?>(nil)

    func start(_ store: Store) throws(StorageError) {
        let reference = Reference(store)
        let signal = self.signal
        guard let started = EngineThread({ Self.run(signal, reference) }) else {
            throw StorageError(.limit, "the system has no thread left for upkeep")
        }
        thread.withLock { $0 = started }
    }

    func request(_ need: Need) {
        signal.withLock { _ = $0.wants.insert(need) }
        signal.signalAll()
    }

    var isStopping: Bool { signal.withLock { $0.isStopping } }

    /// Waits until a flush was tried; its failure, if it failed.
    func waitForFlush() -> StorageError? {
        let before = signal.withLock { signal in
            signal.wants.insert(.flush)
            return signal.flushCount
        }
        signal.signalAll()
        return signal.waitUntil({ $0.flushCount > before || $0.isStopping }) { signal in
            signal.isStopping ? Self.closing : signal.flushFailure
        }
    }

    /// Waits until a compaction was tried; its failure, if it failed.
    func waitForCompaction() -> StorageError? {
        let before = signal.withLock { signal in
            signal.wants.insert(.compaction)
            return signal.compactionCount
        }
        signal.signalAll()
        return signal.waitUntil({ $0.compactionCount > before || $0.isStopping }) { signal in
            signal.isStopping ? Self.closing : signal.compactionFailure
        }
    }

    /// Waits a moment, less where upkeep gets a step further meanwhile.
    func waitForProgress(milliseconds: Int) {
        let before = signal.withLock { $0.flushCount &+ $0.compactionCount }
        signal.waitUntil(
            milliseconds: milliseconds,
            { $0.flushCount &+ $0.compactionCount != before || $0.isStopping }
        ) { _, _ in }
    }

    private static let closing = StorageError(.readOnly, "the store is closing")

    /// Ends the thread after the step it is at, and waits for it.
    func stop(isWaiting: Bool) {
        signal.withLock { $0.isStopping = true }
        signal.signalAll()
        let running = thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }
        if isWaiting { running?.join() }
    }

    private static func run(_ signal: Monitor<Signal>, _ reference: Reference) {
        while true {
            let pause = signal.withLock { $0.pauseMilliseconds }
            let need: Need? = signal.waitUntil(
                milliseconds: pause, { $0.isStopping || !$0.wants.isEmpty }
            ) { signal, isAsked in
                if signal.isStopping { return nil }
                if !isAsked { return .tending }
                let need: Need =
                    signal.wants.contains(.flush)
                    ? .flush : signal.wants.contains(.compaction) ? .compaction : .tending
                signal.wants.remove(need)
                return need
            }
            guard let need, let store = reference.store else { return }
            switch need {
            case .flush:
                var failure: StorageError?
                do throws(StorageError) {
                    try store.flushSealed()
                    store.sealIfFull()
                } catch { failure = error }
                signal.withLock { signal in
                    signal.flushFailure = failure
                    signal.flushCount += 1
                    if failure != nil { signal.pauseMilliseconds = shortPause }
                }
                signal.signalAll()
            case .compaction:
                var failure: StorageError?
                var isDone = false
                do throws(StorageError) {
                    isDone = try store.compactOnce(isFinal: false)
                    if !isDone { store.collectSeriesWhenDue() }
                    try store.checkpointSeries(isClosing: false)
                } catch { failure = error }
                signal.withLock { signal in
                    // Another job may wait; a flush goes first.
                    if isDone { signal.wants.insert(.compaction) }
                    signal.compactionFailure = failure
                    signal.compactionCount += 1
                    if failure != nil { signal.pauseMilliseconds = shortPause }
                }
                signal.signalAll()
            case .tending: break
            }
            let isWatching = store.tend(isAlone: need == .tending)
            signal.withLock { $0.pauseMilliseconds = isWatching ? shortPause : longPause }
        }
    }
}
