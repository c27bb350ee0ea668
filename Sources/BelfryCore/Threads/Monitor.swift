internal import Glibc

/// A mutex with a condition, because `Mutex` has none.
///
/// One of the two types that are `@unchecked Sendable`: the state is reached only with the lock
/// held.
///
/// Threads: any. `wait` gives the lock up while it sleeps, so a condition is tested in a loop.
@safe package final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Runs `body` with the lock held as soon as `condition` holds; it is tested at once and after
    /// every signal.
    package func waitUntil<Result, Failure: Error>(
        _ isReady: (State) -> Bool, _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isReady(state) { unsafe pthread_cond_wait(condition, mutex) }
        return try body(&state)
    }

    /// Waits until `isReady` or until the time has passed; says which with the lock held.
    package func waitUntil<Result, Failure: Error>(
        milliseconds: Int, _ isReady: (State) -> Bool,
        _ body: (inout State, _ isReady: Bool) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var deadline = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += milliseconds / 1000
        deadline.tv_nsec += (milliseconds % 1000) * 1_000_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isReady(state) {
            if unsafe pthread_cond_timedwait(condition, mutex, &deadline) != 0 { break }
        }
        let ready = isReady(state)
        return try body(&state, ready)
    }

    /// Wakes all who wait; called after a change that may make a condition hold.
    package func signalAll() { unsafe pthread_cond_broadcast(condition) }
}

/// A thread of the engine's own that can be joined.
package final class EngineThread: @unchecked Sendable {
    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private var handle = pthread_t()
    private let isStarted: Bool
    private var isJoined = false

    /// Starts a thread with a stack of 2 MiB; nil where the system has none to give.
    package init?(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, 2 << 20)
        let start = unsafe Unmanaged.passRetained(Start(body))
        let status = unsafe pthread_create(
            &handle, &attributes,
            { pointer in
                let start = unsafe Unmanaged<Start>.fromOpaque(pointer!).takeRetainedValue()
                start.body()
                return nil
            }, start.toOpaque())
        unsafe pthread_attr_destroy(&attributes)
        isStarted = status == 0
        if status != 0 {
            unsafe start.release()
            return nil
        }
    }

    /// Waits until the thread's body has returned. To be called once, by one thread.
    package func join() {
        if isStarted { pthread_join(handle, nil) }
        isJoined = true
    }

    // One that nobody waits for gives its stack back when it ends.
    deinit { if isStarted && !isJoined { pthread_detach(handle) } }
}
