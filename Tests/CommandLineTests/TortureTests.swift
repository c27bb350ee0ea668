import Foundation
import Testing

/// The real program killed, starved and cheated, with an oracle outside of it: small runs of
/// `tools/torture`, which explains what is asked. Seeds are printed where something breaks.
@Suite(.enabled(if: Tool.isThere("python3"), "python3 is not installed: no oracle"))
struct TortureTests {
    @Test("Case 1: kill -9 at any moment, every write synced: what was acknowledged is there")
    func kills() throws {
        try Self.torture(["--kills", "10", "--longest", "0.25"])
    }

    @Test("Case 13: kill -9 with interval durability loses nothing that was written")
    func killsByInterval() throws {
        try Self.torture(["--kills", "8", "--longest", "0.25", "--durability", "interval"])
    }

    @Test("Case 12: a full disk on the real program: reads go on, writes resume by themselves")
    func fullDisk() throws {
        try Self.torture(["--mode", "full-disk", "--rounds", "1", "--smallest"])
    }

    @Test(
        "Case 9: system calls that fail lose nothing that was acknowledged",
        .enabled(if: Tool.isThere("strace"), "strace is not installed: no call can be made to fail")
    )
    func failingCalls() throws {
        try Self.torture(["--mode", "inject", "--injections", "1"])
    }

    /// Exit code 77 says what this machine lacks; that is no failure, but is told.
    private static func torture(_ arguments: [String]) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../tools/torture").standardized.path
        let binaries = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path
        let outcome = try Program.run(
            [script, "--bin", binaries] + arguments, of: Tool.path("python3") ?? "")
        if outcome.code == 77 {
            print("not tested: \(outcome.error)")
            return
        }
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
    }
}

/// Programs that a test may need and a machine may lack.
enum Tool {
    static func path(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func isThere(_ name: String) -> Bool { path(name) != nil }
}
