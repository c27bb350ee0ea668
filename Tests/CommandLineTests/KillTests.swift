import Foundation
import Testing

/// An import killed with `kill -9` at random moments and repeated ends in the same store.
struct KillTests {
    @Test func killedAndRepeatedImportsEndInTheSameStore() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Self.readings(), to: "readings.csv")
        func arguments(_ database: String) -> [String] {
            ["import", database, file, "--table", "readings", "--tag", "sensor", "--quiet"]
        }
        let whole = folder.path + "/whole"
        let start = ContinuousClock.now
        #expect(try Program.run(arguments(whole)).code == 0)
        let taken = ContinuousClock.now - start
        let expected = try Self.contents(whole)

        var random = SystemRandomNumberGenerator()
        for round in 0..<3 {
            let database = folder.path + "/killed-\(round)"
            var kills = 0
            for _ in 0..<8 {
                let process = try Program.start(arguments(database))
                let share = Double.random(in: 0.02..<0.9, using: &random)
                let microseconds =
                    Double(taken.components.seconds) * 1e6
                    + Double(taken.components.attoseconds) / 1e12
                // The moment is the test's subject, not a wait for something.
                Thread.sleep(forTimeInterval: microseconds * share / 1e6)
                if process.isRunning {
                    kill(process.processIdentifier, SIGKILL)
                    kills += 1
                }
                process.waitUntilExit()
            }
            #expect(try Program.run(arguments(database)).code == 0)
            #expect(try Self.contents(database) == expected, "after \(kills) kills")
            let check = try Program.run(["check", database])
            #expect(check.code == 0, "\(check.error)")
        }
    }

    /// Forty sensors every minute, a fifth of the rows again with another value, some late.
    private static func readings() -> String {
        var text = "time,sensor,value,note\n"
        for minute in 0..<5_000 {
            for sensor in stride(from: minute % 4, to: 40, by: 4) {
                let late = sensor == 7 && minute % 100 > 50 ? minute - 50 : minute
                let time = Date(timeIntervalSince1970: 1_700_000_000 + Double(late) * 60)
                    .ISO8601Format()
                text += "\(time),s\(sensor),\((minute * 37 + sensor) % 1000),n\(minute % 9)\n"
            }
        }
        return text
    }

    private static func contents(_ database: String) throws -> String {
        let outcome = try Program.run([
            "query", database, "SELECT * FROM readings ORDER BY sensor, time", "--format", "csv",
        ])
        #expect(outcome.code == 0, "\(outcome.error)")
        return outcome.output
    }
}
