import BelfryCore

/// Writes batches on a thread of its own while the next one is parsed; at most two wait.
///
/// Threads: one hands batches in and finishes; the pipeline's own thread writes.
final class WritePipeline: Sendable {
    private struct State: Sendable {
        var waiting: [PointBatch] = []
        var isClosed = false
        var counts = ImportWriteCounts(stored: 0)
        var error: ImportError?
    }

    private static let waitingCountLimit = 2

    private let state = Monitor(State())
    private let target: any ImportTarget
    private let thread: EngineThread?

    init(_ target: any ImportTarget) {
        self.target = target
        let state = self.state
        thread = EngineThread { Self.run(state, target) }
    }

    private static func run(_ state: Monitor<State>, _ target: any ImportTarget) {
        while true {
            let batch = state.waitUntil({ !$0.waiting.isEmpty || $0.isClosed }) { state in
                state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            }
            guard let batch else { return }
            state.signalAll()
            do throws(ImportError) {
                let counts = try target.write(batch)
                state.withLock { $0.counts.add(counts) }
            } catch {
                state.withLock { state in
                    if state.error == nil { state.error = error }
                    state.waiting = []
                    state.isClosed = true
                }
                state.signalAll()
                return
            }
        }
    }

    /// Hands a batch in; waits while too many do. Throws what an earlier write threw.
    func write(_ batch: PointBatch) throws(ImportError) {
        guard thread != nil else {
            let counts = try target.write(batch)
            state.withLock { $0.counts.add(counts) }
            return
        }
        let error = state.waitUntil({
            $0.waiting.count < Self.waitingCountLimit || $0.error != nil
        }) { state in
            if state.error == nil { state.waiting.append(batch) }
            return state.error
        }
        state.signalAll()
        if let error { throw error }
    }

    /// Waits until everything is written. To be called once, at the end, also after an error.
    func finish() throws(ImportError) -> ImportWriteCounts {
        state.withLock { $0.isClosed = true }
        state.signalAll()
        thread?.join()
        let (counts, error) = state.withLock { ($0.counts, $0.error) }
        if let error { throw error }
        return counts
    }
}

extension ImportWriteCounts {
    mutating func add(_ other: ImportWriteCounts) {
        stored += other.stored
        updated += other.updated
        duplicate += other.duplicate
    }
}
