import BelfryCore
import Synchronization

/// How much room the disk still has for a store.
enum SpaceLevel: Int, Sendable, Comparable {
    case ample
    /// Below the soft limit: writers are slowed, and what frees space comes early.
    case soft
    /// Below the hard limit: writes are refused; the reserve is given back to the disk.
    case hard

    static func < (one: SpaceLevel, other: SpaceLevel) -> Bool { one.rawValue < other.rawValue }
}

/// Watches the free space, and keeps a reserve of bytes that is given back when there is too
/// little, so that deletes, retention and the manifests they need still work on a full disk.
///
/// The limits hold for the free space less what is missing of the reserve: giving it back does not
/// by itself end the shortage, and once the shortage is over there is room to take it again.
///
/// Threads: any; calls of the system are made with the lock held, so that the reserve is given
/// back once.
final class SpaceWatch: Sendable {
    private struct State {
        var level = SpaceLevel.ample
        var free = UInt64.max
        /// Bytes that may be written before it is worth looking again.
        var budget: UInt64 = 0
        /// Bytes of the reserve that the disk has taken.
        var reserved: UInt64 = 0
    }

    private let fileSystem: any FileSystem
    private let softLimit: UInt64
    private let hardLimit: UInt64
    private let reserveByteCount: UInt64
    private let isWatching: Bool
    private let state = Mutex(State())

    /// - Parameter isWatching: not where nothing is written, and not in memory.
    init(_ fileSystem: any FileSystem, options: StoreOptions, isWatching: Bool) {
        self.fileSystem = fileSystem
        self.isWatching = isWatching
        softLimit = max(options.softFreeByteCountLimit, options.hardFreeByteCountLimit)
        hardLimit = options.hardFreeByteCountLimit
        reserveByteCount = options.reserveByteCount
    }

    var level: SpaceLevel { state.withLock { $0.level } }

    /// As it was last looked at.
    var freeByteCount: UInt64 { state.withLock { $0.free } }

    /// Where free space lies between the limits: 0 at the soft one or above, 1 at the hard one.
    var shortage: Double {
        state.withLock { state in
            guard state.level > .ample, softLimit > hardLimit else { return 0 }
            let free = Self.effective(state.free, missing: missing(state))
            return 1 - Double(max(free, hardLimit) - hardLimit) / Double(softLimit - hardLimit)
        }
    }

    /// Counts bytes that are about to be written; true where it is time to look again.
    func isDue(writing byteCount: Int) -> Bool {
        guard isWatching else { return false }
        return state.withLock { state in
            if state.level > .ample || state.budget < UInt64(byteCount) { return true }
            state.budget -= UInt64(byteCount)
            return false
        }
    }

    /// Looks at the disk. Below the hard limit the reserve is given back, above it taken again.
    func measure() throws(StorageError) -> (level: SpaceLevel, free: UInt64) {
        guard isWatching else { return (.ample, .max) }
        return try state.withLock { (state) throws(StorageError) in
            state.free = try fileSystem.freeByteCount()
            let free = Self.effective(state.free, missing: missing(state))
            state.level = free < hardLimit ? .hard : free < softLimit ? .soft : .ample
            // Far from the limit it is not looked at for every write.
            state.budget = state.level == .ample ? (free - softLimit) / 8 : 0
            return (state.level, state.free)
        }
    }

    private func missing(_ state: borrowing State) -> UInt64 {
        reserveByteCount > state.reserved ? reserveByteCount - state.reserved : 0
    }

    private static func effective(_ free: UInt64, missing: UInt64) -> UInt64 {
        free > missing ? free - missing : 0
    }

    // MARK: The reserve

    /// What an earlier opening left of the reserve counts as held.
    func findReserve() {
        guard isWatching,
            let byteCount = try? fileSystem.open(FileNames.reserve, .read).byteCount()
        else { return }
        state.withLock { $0.reserved = byteCount }
    }

    /// Takes the reserve as far as it is missing; nothing where that cannot be done now.
    func takeReserve() {
        guard isWatching, reserveByteCount > 0 else { return }
        state.withLock { state in
            guard missing(state) > 0 else { return }
            state.reserved = (try? allocate()) ?? 0
            // What was taken in part is of no use, and would be missing elsewhere.
            if missing(state) > 0 { try? fileSystem.remove(FileNames.reserve) }
            if missing(state) > 0 { state.reserved = 0 }
        }
    }

    private func allocate() throws(StorageError) -> UInt64 {
        let isThere = try fileSystem.exists(FileNames.reserve)
        let file = try fileSystem.open(FileNames.reserve, isThere ? .update : .create)
        try file.allocate(byteCount: reserveByteCount)
        var byteCount = try file.byteCount()
        // Where the file system cannot reserve, zeros are written.
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        while byteCount < reserveByteCount {
            let count = Int(min(UInt64(zeros.count), reserveByteCount - byteCount))
            try file.write(count == zeros.count ? zeros : Array(zeros[..<count]), at: byteCount)
            byteCount += UInt64(count)
        }
        return byteCount
    }

    /// Gives the reserve back to the disk; whether there was one.
    func giveReserve() -> Bool {
        guard isWatching else { return false }
        return state.withLock { state in
            guard state.reserved > 0, (try? fileSystem.remove(FileNames.reserve)) != nil
            else { return false }
            state.reserved = 0
            return true
        }
    }
}
