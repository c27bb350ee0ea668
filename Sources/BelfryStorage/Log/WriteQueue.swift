import BelfryCore
import Synchronization

/// Group commit: writers stand in line, and one of them does the work of those at the front.
///
/// Whoever finds nobody leading leads: it takes a group from the front, commits it, wakes all, and
/// goes on until its own write is done. So there is no thread for writing, and one sync serves
/// everyone who came while the one before ran.
///
/// Threads: any.
final class WriteQueue: Sendable {
    private struct Line {
        var waiting: [PendingWrite] = []
        var isLed = false
    }

    private let line = Monitor(Line())
    private let groupByteCountLimit: Int

    init(groupByteCountLimit: Int) { self.groupByteCountLimit = groupByteCountLimit }

    /// Waits until the write is done; `lead` commits a group and gives each write its result.
    func submit(
        _ write: PendingWrite, lead: ([PendingWrite]) -> Void
    ) throws(StorageError) -> WriteOutcome {
        line.withLock { $0.waiting.append(write) }
        while true {
            let group: [PendingWrite] = line.waitUntil({ write.isDone || !$0.isLed }) { line in
                if write.isDone { return [] }
                line.isLed = true
                return takeGroup(&line)
            }
            if group.isEmpty { return try write.result() }
            lead(group)
            line.withLock { $0.isLed = false }
            line.signalAll()
        }
    }

    /// The first in line and those behind it that fit. One that must look rows up, or that is too
    /// large for the log, goes alone: it has to see what those before it wrote.
    private func takeGroup(_ line: inout Line) -> [PendingWrite] {
        var count = 0
        var byteCount = 0
        while count < line.waiting.count {
            let write = line.waiting[count].prepared
            if count > 0 && (write.goesAlone || byteCount + write.byteCount > groupByteCountLimit) {
                break
            }
            count += 1
            byteCount += write.byteCount
            if write.goesAlone { break }
        }
        let group = Array(line.waiting[..<count])
        line.waiting.removeFirst(count)
        return group
    }
}

/// A write that stands in line, and what became of it.
final class PendingWrite: Sendable {
    let prepared: PreparedWrite
    private let outcome = Mutex<Result<WriteOutcome, StorageError>?>(nil)

    init(_ prepared: PreparedWrite) { self.prepared = prepared }

    var isDone: Bool { outcome.withLock { $0 != nil } }

    func finish(_ result: Result<WriteOutcome, StorageError>) { outcome.withLock { $0 = result } }

    func result() throws(StorageError) -> WriteOutcome {
        guard let result = outcome.withLock({ $0 }) else {
            throw StorageError(.poisoned, "the write was not carried out")
        }
        return try result.get()
    }
}
