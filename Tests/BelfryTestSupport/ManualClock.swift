package import BelfryCore
import BelfryStorage
import Synchronization

/// A clock that stands until a test moves it.
package final class ManualClock: StoreClock {
    private struct Times {
        var wall: Timestamp
        var monotonic: UInt64 = 1_000_000_000
    }

    private let times: Mutex<Times>

    /// Begins at 2026-01-01.
    package init(wall: Timestamp = Timestamp(nanoseconds: 1_767_225_600_000_000_000)) {
        times = Mutex(Times(wall: wall))
    }

    package func wall() -> Timestamp { times.withLock { $0.wall } }
    package func monotonic() -> UInt64 { times.withLock { $0.monotonic } }

    /// Time goes by on both clocks.
    package func advance(seconds: Int64) {
        times.withLock {
            $0.wall = Timestamp(nanoseconds: $0.wall.nanoseconds + seconds * 1_000_000_000)
            $0.monotonic += UInt64(seconds) * 1_000_000_000
        }
    }

    /// The wall clock jumps; the steady one does not notice.
    package func setWall(_ wall: Timestamp) { times.withLock { $0.wall = wall } }
}
