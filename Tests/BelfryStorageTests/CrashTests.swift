import BelfryCore
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

@testable import BelfryStorage

/// The power goes at every call that a workload makes to the file system, and again at every call
/// of the recovery from that.
///
/// The fast suite takes a sample of the calls, and of their recoveries. With `BELFRY_CRASHES=all` in
/// the environment it is every call, with every way for the crash to choose what survives, and
/// every call of every recovery (some minutes in a release build). `BELFRY_SEED=n` takes other
/// workloads, and another sample.
struct CrashTests {
    static var isComplete: Bool {
        ProcessInfo.processInfo.environment["BELFRY_CRASHES"] == "all"
    }

    static var seed: UInt64 {
        ProcessInfo.processInfo.environment["BELFRY_SEED"].flatMap { UInt64($0) } ?? 1
    }

    static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 3 << 10
        options.frameByteCountLimit = 4 << 10
        options.wideSegmentCountLimit = 2
        options.runsUpkeep = false
        return options
    }

    static var interval: StoreOptions {
        var options = options
        // A timer that no test waits for; `sync` steps stand for its ticks.
        options.durability = .interval(milliseconds: 1_000_000_000)
        return options
    }

    /// Runs a workload and looks at every call; what went wrong first.
    static func crashAtEveryCall(
        _ run: CrashRun, seed: UInt64, callsEvery: Int, recoveriesEvery: Int,
        survivals: [CrashSurvival] = isComplete ? CrashSurvival.allCases : [.arbitrary]
    ) throws -> (callCount: Int, recoveryCallCount: Int, failure: String?) {
        let fileSystem = SimulatedFileSystem()
        let outcome = Mutex((calls: 0, recoveryCalls: 0, failure: String?.none))
        let look: @Sendable (Int, String) -> Void = { [unowned fileSystem] number, place in
            if number % callsEvery != Int(seed % UInt64(callsEvery)) { return }
            if outcome.withLock({ $0.failure != nil }) { return }
            let point = run.now
            for (index, survival) in survivals.enumerated() {
                var generator = SeededGenerator(
                    seed: seed &+ UInt64(number * survivals.count + index))
                let disk = fileSystem.crashed(survival, &generator)
                let isTwice = (number / callsEvery + index) % recoveriesEvery == 0
                let (count, failure) = Self.look(
                    disk, run, point, isTwice: isTwice, goesOn: number / callsEvery % 4 == 1,
                    &generator)
                outcome.withLock { outcome in
                    outcome.calls += 1
                    outcome.recoveryCalls += count
                    if let failure {
                        outcome.failure =
                            "\(place), step \(point.done), \(survival) survives: \(failure)"
                    }
                }
                if failure != nil {
                    run.stop()
                    return
                }
            }
        }
        fileSystem.observe { number, call, path in look(number, "call \(number), \(call) \(path)") }
        do {
            try run.run(on: fileSystem)
            look(fileSystem.callCount, "the end")
        } catch {
            outcome.withLock { $0.failure = $0.failure ?? "step \(run.now.done): \(error)" }
        }
        fileSystem.observe(nil)
        return outcome.withLock { ($0.calls, $0.recoveryCalls, $0.failure) }
    }

    /// Recovers from one crash, and where `isTwice` from crashes at every call of that.
    private static func look(
        _ disk: SimulatedFileSystem, _ run: CrashRun, _ point: CrashRun.Progress, isTwice: Bool,
        goesOn: Bool, _ generator: inout SeededGenerator
    ) -> (Int, String?) {
        let draws = Mutex(generator)
        let second = Mutex<[(Int, SimulatedFileSystem)]>([])
        if isTwice {
            disk.observe { [unowned disk] number, _, _ in
                let after = draws.withLock { disk.crashed(&$0) }
                second.withLock { $0.append((number, after)) }
            }
        }
        var first: OracleState?
        if let failure = run.violation(
            on: disk, at: point, goesOn: goesOn,
            found: {
                first = $0
                disk.observe(nil)
            })
        {
            return (0, failure)
        }
        let disks = second.withLock { $0 }
        for (number, after) in disks {
            var again: OracleState?
            if let failure = run.violation(on: after, at: point, seed: 2, found: { again = $0 }) {
                return (number, "and again at call \(number) of the recovery: \(failure)")
            }
            if again != first {
                return (number, "and again at call \(number) of the recovery: another state")
            }
        }
        return (disks.count, nil)
    }

    @Test("Case 1: the power goes at every call of a workload, acknowledged writes are all there")
    func powerLossAtEveryCall() throws {
        var generator = SeededGenerator(seed: Self.seed)
        let steps = Workload.steps(300, &generator)
        let outcome = try Self.crashAtEveryCall(
            CrashRun(steps, Self.options), seed: Self.seed &* 977,
            callsEvery: Self.isComplete ? 1 : 16, recoveriesEvery: Self.isComplete ? 1 : 20)
        #expect(outcome.failure == nil)
        #expect(outcome.callCount > (Self.isComplete ? 10_000 : 100))
    }

    @Test("Case 15: the power goes again at every call of the recovery, the outcome is the same")
    func powerLossWithinRecovery() throws {
        var generator = SeededGenerator(seed: Self.seed &+ 5)
        let steps = Workload.steps(60, &generator)
        let outcome = try Self.crashAtEveryCall(
            CrashRun(steps, Self.options), seed: Self.seed &* 31,
            callsEvery: Self.isComplete ? 1 : 25, recoveriesEvery: 1)
        #expect(outcome.failure == nil)
        #expect(outcome.recoveryCallCount > 100)
    }

    @Test(
        "Case 13: interval durability, the power goes at every call, survivors are a prefix",
        arguments: UInt64(0)..<2)
    func powerLossWithIntervalDurability(offset: UInt64) throws {
        var generator = SeededGenerator(seed: Self.seed &+ 100 &+ offset)
        let steps = Workload.steps(60, &generator)
        let outcome = try Self.crashAtEveryCall(
            CrashRun(steps, Self.interval), seed: Self.seed &* 13 &+ offset,
            callsEvery: Self.isComplete ? 1 : 6, recoveriesEvery: Self.isComplete ? 1 : 10)
        #expect(outcome.failure == nil)
    }

    @Test("Random workloads", arguments: UInt64(0)..<4)
    func randomWorkloads(offset: UInt64) throws {
        let rounds: UInt64 = Self.isComplete ? 50 : 1
        for round in 0..<rounds {
            let seed = Self.seed &* 1_000 &+ offset &* 100 &+ round
            var generator = SeededGenerator(seed: seed)
            let steps = Workload.steps(40, &generator)
            let outcome = try Self.crashAtEveryCall(
                CrashRun(steps, offset % 2 == 0 ? Self.options : Self.interval), seed: seed,
                callsEvery: Self.isComplete ? 1 : 6, recoveriesEvery: 50,
                survivals: [.arbitrary])
            #expect(outcome.failure == nil, "seed \(seed)")
        }
    }
}
