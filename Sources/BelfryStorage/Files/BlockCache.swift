import BelfryCodecs
import BelfryCore
import Synchronization

/// Recently read block headers and strips, within a budget of bytes.
///
/// Strips are kept opened, verified and encoded; decoded vectors belong to scans. What was used
/// since the hand of the clock last passed gets a second turn, the rest goes. Something larger
/// than the budget is handed out and not kept.
///
/// Threads: any; the lock is never held across I/O or decoding, so two threads that miss at once
/// both read.
package final class BlockCache: Sendable {
    struct Key: Hashable, Sendable {
        let fileID: UInt64
        let block: Int
        /// Nil for the block's header.
        let column: UInt32?
        /// What the strip's directory tells, rather than the strip.
        var isStatistics = false
    }

    enum Content: Sendable {
        case header(BlockHeader)
        case strip(StripDecoder)
        case statistics(StripStatistics)
    }

    private struct Slot {
        var key: Key
        var content: Content
        var byteCount: Int
        var wasUsed: Bool
    }

    private struct State {
        var places: [Key: Int] = [:]
        var slots: [Slot] = []
        var hand = 0
        var byteCount = 0
    }

    private let byteCountLimit: Int
    private let state = Mutex(State())

    package init(byteCountLimit: Int) { self.byteCountLimit = byteCountLimit }

    /// What the cache holds now.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    func content(_ key: Key) -> Content? {
        state.withLock { state in
            guard let place = state.places[key] else { return nil }
            state.slots[place].wasUsed = true
            return state.slots[place].content
        }
    }

    func insert(_ content: Content, _ key: Key, byteCount: Int) {
        if byteCount > byteCountLimit { return }
        state.withLock { state in
            if state.places[key] != nil { return }
            while state.byteCount + byteCount > byteCountLimit { Self.evict(&state) }
            state.places[key] = state.slots.count
            state.slots.append(
                Slot(key: key, content: content, byteCount: byteCount, wasUsed: false))
            state.byteCount += byteCount
        }
    }

    /// Forgets a file that is gone.
    package func forget(fileID: UInt64) {
        state.withLock { state in
            var place = 0
            while place < state.slots.count {
                if state.slots[place].key.fileID == fileID {
                    Self.remove(place, &state)
                } else {
                    place += 1
                }
            }
        }
    }

    /// - Precondition: there is something to evict, as the byte count is above zero.
    private static func evict(_ state: inout State) {
        while true {
            if state.hand >= state.slots.count { state.hand = 0 }
            if !state.slots[state.hand].wasUsed { break }
            state.slots[state.hand].wasUsed = false
            state.hand += 1
        }
        remove(state.hand, &state)
    }

    private static func remove(_ place: Int, _ state: inout State) {
        let slot = state.slots[place]
        state.byteCount -= slot.byteCount
        state.places[slot.key] = nil
        let last = state.slots.removeLast()
        if place < state.slots.count {
            state.slots[place] = last
            state.places[last.key] = place
        }
    }
}
