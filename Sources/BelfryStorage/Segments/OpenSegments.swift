import Synchronization

/// How many segments are open at once, within a limit.
///
/// Past it, those that were not read since the hand of the clock last passed are closed; whoever
/// reads one keeps it open for as long. When the system has no descriptor left, all are closed
/// that can be and the limit shrinks; it comes back step by step.
///
/// Threads: any.
final class OpenSegments: Sendable {
    private final class Slot: Sendable {
        weak let handle: SegmentHandle?
        init(_ handle: SegmentHandle) { self.handle = handle }
    }

    private struct State {
        var slots: [Slot] = []
        var hand = 0
        var limit: Int
    }

    private static let leastLimit = 4

    private let fullLimit: Int
    private let state: Mutex<State>

    init(countLimit: Int) {
        fullLimit = max(Self.leastLimit, countLimit)
        state = Mutex(State(limit: max(Self.leastLimit, countLimit)))
    }

    /// How many may be open now.
    var limit: Int { state.withLock { $0.limit } }

    /// A segment was opened; others may be closed for it.
    func noteOpened(_ handle: SegmentHandle) {
        let surplus: [SegmentHandle] = state.withLock { state in
            state.slots.append(Slot(handle))
            return Self.surplus(&state, except: handle)
        }
        // Handles are closed, and perhaps let go, without the lock.
        for handle in surplus { handle.close() }
    }

    private static func surplus(_ state: inout State, except new: SegmentHandle) -> [SegmentHandle]
    {
        var closing: [SegmentHandle] = []
        // Each slot is passed twice at most: once for its mark, once to go.
        var steps = state.slots.count * 2
        while state.slots.count > state.limit && steps > 0 {
            steps -= 1
            if state.hand >= state.slots.count { state.hand = 0 }
            guard let handle = state.slots[state.hand].handle else {
                state.slots.swapAt(state.hand, state.slots.count - 1)
                state.slots.removeLast()
                continue
            }
            if handle === new || handle.takeMark() {
                state.hand += 1
                continue
            }
            state.slots.swapAt(state.hand, state.slots.count - 1)
            state.slots.removeLast()
            closing.append(handle)
        }
        return closing
    }

    /// Closes what can be closed, because the system has no descriptor left.
    func shrink() {
        let handles = state.withLock { state in
            let handles = state.slots.compactMap(\.handle)
            state.limit = max(Self.leastLimit, min(state.limit, handles.count) / 2)
            state.slots = []
            state.hand = 0
            return handles
        }
        for handle in handles { handle.close() }
    }

    /// A step back to the full limit.
    func recover() {
        state.withLock { $0.limit = min(fullLimit, $0.limit + max(1, fullLimit / 8)) }
    }
}
