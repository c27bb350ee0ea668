/// Moves all of some bytes through system calls that may move fewer.
///
/// A short transfer goes on where it ended, an interruption is tried again a bounded number of
/// times, and a call that moves nothing is an error, never an endless loop. The call is handed in,
/// so that a scripted one stands for the system in tests.
package enum TransferLoop {
    /// What one call did: bytes moved, or -1 and the error's code.
    package typealias Answer = (count: Int, code: Int32)

    package enum Failure: Error, Sendable, Hashable {
        /// The system's code.
        case code(Int32)
        /// The call moved nothing, without a code; where it reads, the file ends here.
        case nothing(after: Int)
    }

    /// So many interruptions without a byte between are no coincidence.
    package static let interruptionLimit = 10_000

    /// - Parameters:
    ///   - interruption: the code of a call that a signal ended (EINTR).
    ///   - call: moves bytes from this many on, at most so many.
    package static func move(
        _ byteCount: Int, interruption: Int32, _ call: (_ done: Int, _ rest: Int) -> Answer
    ) throws(Failure) {
        var done = 0
        var interruptionCount = 0
        while done < byteCount {
            let answer = call(done, byteCount - done)
            if answer.count < 0 {
                guard answer.code == interruption, interruptionCount < interruptionLimit else {
                    throw .code(answer.code)
                }
                interruptionCount += 1
                continue
            }
            // More than was asked for would be a broken system; it must not become a wrong place.
            guard answer.count > 0, answer.count <= byteCount - done else {
                throw .nothing(after: done)
            }
            done += answer.count
            interruptionCount = 0
        }
    }
}
