import BelfryCore
import Synchronization

/// The one thread that flushes and compacts, in this order of need.
///
/// It holds the store only while it works, so a store that nobody holds any more ends it. A flush
/// that fails is told to the writers who wait for it; the next of them has it tried again.
final class UpkeepThread: Sendable {
    enum Need: Sendable { case flush, compaction }

    private struct Signal {
        var wantsFlush = false
        var wantsCompaction = false
        var isStopping = false
        /// Flushes that were tried.
        var attemptCount = 0
        var flushFailure: StorageError?
        var compactionFailure: StorageError?
    }

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
        signal.withLock { signal in
            switch need {
            case .flush: signal.wantsFlush = true
            case .compaction: signal.wantsCompaction = true
            }
        }
        signal.signalAll()
    }

    var isStopping: Bool { signal.withLock { $0.isStopping } }

    /// What went wrong last and was not made good since.
    var failure: StorageError? { signal.withLock { $0.flushFailure ?? $0.compactionFailure } }

    /// Waits until a flush was tried; its failure, if it failed.
    func waitForFlush() -> StorageError? {
        let before = signal.withLock { signal in
            signal.wantsFlush = true
            return signal.attemptCount
        }
        signal.signalAll()
        return signal.waitUntil({ $0.attemptCount > before || $0.isStopping }) { signal in
            signal.isStopping
                ? StorageError(.readOnly, "the store is closing") : signal.flushFailure
        }
    }

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
            let need: Need? = signal.waitUntil({
                $0.isStopping || $0.wantsFlush || $0.wantsCompaction
            }) { signal in
                if signal.isStopping { return nil }
                if signal.wantsFlush {
                    signal.wantsFlush = false
                    return .flush
                }
                signal.wantsCompaction = false
                return .compaction
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
                    signal.attemptCount += 1
                }
                signal.signalAll()
            case .compaction:
                var failure: StorageError?
                do throws(StorageError) {
                    if try store.compactOnce(isFinal: false) {
                        // Another job may wait; a flush goes first.
                        signal.withLock { $0.wantsCompaction = true }
                    }
                } catch { failure = error }
                signal.withLock { $0.compactionFailure = failure }
            }
        }
    }
}
