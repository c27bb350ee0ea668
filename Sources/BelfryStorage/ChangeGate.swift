import BelfryCore

/// Lets one statement at a time through that reads rows in order to change them, so that of two
/// UPDATEs of one row the second sees what the first did.
///
/// Plain writes do not pass here: an INSERT waits for no UPDATE.
///
/// Threads: any.
package final class ChangeGate: Sendable {
    private let isTaken = Monitor(false)

    package init() {}

    /// Runs `body` while nobody else is within; nil where the turn did not come in time.
    /// - Parameter milliseconds: how long to wait for the turn; nil for as long as it takes.
    package func pass<Answer, Failure: Error>(
        milliseconds: Int?, _ body: () throws(Failure) -> Answer
    ) throws(Failure) -> Answer? {
        if let milliseconds {
            let isMine = isTaken.waitUntil(milliseconds: milliseconds, { !$0 }) { taken, isReady in
                if isReady { taken = true }
                return isReady
            }
            if !isMine { return nil }
        } else {
            isTaken.waitUntil({ !$0 }) { $0 = true }
        }
        defer {
            isTaken.withLock { $0 = false }
            isTaken.signalAll()
        }
        return try body()
    }
}
