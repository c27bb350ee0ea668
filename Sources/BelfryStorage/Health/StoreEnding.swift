import Synchronization

/// Says that a store is being closed, to those who read its snapshots.
///
/// Threads: any.
final class StoreEnding: Sendable {
    private let flag = Atomic<Bool>(false)

    var isBegun: Bool { flag.load(ordering: .relaxed) }

    func begin() { flag.store(true, ordering: .relaxed) }
}
