package import BelfryCore
import Glibc

/// What storage asks of time. The wall clock orders nothing: it rules retention, the horizon of
/// rows and nothing else, and never without doubt; spans are measured with the steady one.
package protocol StoreClock: Sendable {
    /// The wall clock, which may jump.
    func wall() -> Timestamp
    /// Nanoseconds of a clock that never goes back, from any beginning.
    func monotonic() -> UInt64
    /// Whether something outside vouches for the wall clock. False where nobody knows.
    func isSynchronized() -> Bool
}

extension StoreClock {
    package func isSynchronized() -> Bool { false }
}

/// The clocks of this machine.
package struct SystemClock: StoreClock {
    package init() {}

    package func wall() -> Timestamp {
        Timestamp(nanoseconds: Int64(clamping: Self.read(CLOCK_REALTIME)))
    }

    package func monotonic() -> UInt64 { Self.read(CLOCK_MONOTONIC) }

    /// What systemd's time synchronisation leaves once it has reached a server since the boot.
    package func isSynchronized() -> Bool {
        unsafe access("/run/systemd/timesync/synchronized", F_OK) == 0
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }
}
