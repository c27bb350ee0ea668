import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

@testable import BelfryQuery

/// CONFIRM CLOCK: an operator ends the doubt about the wall clock, and is told how.
@Suite struct ConfirmClockTests {
    @Test func endsTheDoubtAndIsNamedWhereItIsToldOf() throws {
        let clock = ManualClock()
        var options = StoreOptions()
        options.runsUpkeep = false
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options, clock: clock)
        let shell = Shell(store: store)
        try shell.values("CREATE TABLE r (time TIMESTAMPTZ TIME KEY, n BIGINT)")
        #expect(throws: QueryError.self) {
            try shell.values("INSERT INTO r VALUES ('2036-01-01', 1)")
        }
        // Ten years on at one step: nothing is refused and nothing dropped.
        clock.setWall(Timestamp(nanoseconds: 2_082_844_800_000_000_000))
        try shell.values("INSERT INTO r VALUES ('2046-01-01', 1)")
        #expect(store.clockDoubt != nil)
        let doubt = try shell.values("SHOW HEALTH").map { "\($0)" }.joined()
        #expect(doubt.contains("pressured") && doubt.contains("CONFIRM CLOCK"))
        #expect(try "\(shell.values("SHOW EVENTS"))".contains("until CONFIRM CLOCK"))

        try shell.values("CONFIRM CLOCK")
        #expect(shell.commandTag == "CONFIRM CLOCK")
        #expect(store.clockDoubt == nil)
        #expect(try shell.values("SHOW HEALTH")[0][0] == .text("healthy"))
        #expect(try "\(shell.values("SHOW EVENTS"))".contains("the clock was confirmed: 2036"))
        try shell.values("INSERT INTO r VALUES ('2036-01-01', 2)")
        #expect(throws: QueryError.self) {
            try shell.values("INSERT INTO r VALUES ('2046-01-02', 1)")
        }
        try store.close()
        // A later opening goes on from there.
        let again = try Store.open(fileSystem, options: options, clock: clock)
        #expect(again.clockDoubt == nil)
        try again.close()
    }
}
