import BelfryTestSupport
import Foundation
import Testing

/// Every script of Tests/SQL, each in memory, on disk and with tiny limits. With
/// `BELFRY_REWRITE_SCRIPTS` set (tools/golden does) the scripts get the answers of today instead:
/// for a reader to judge before they are committed.
@Suite struct ScriptTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("SQL")

    static let files: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (names ?? []).filter { $0.hasSuffix(".slt") }.sorted()
    }()

    static let isRewriting =
        ProcessInfo.processInfo.environment["BELFRY_REWRITE_SCRIPTS"] != nil

    @Test(arguments: files, ScriptMode.allCases)
    func script(_ file: String, mode: ScriptMode) throws {
        let path = Self.folder.appendingPathComponent(file)
        if Self.isRewriting {
            guard mode == .memory else { return }
            try ScriptRunner.rewritten(path).write(to: path, atomically: true, encoding: .utf8)
            return
        }
        for failure in try ScriptRunner.run(path, mode: mode) {
            Issue.record("\(file) \(failure)")
        }
    }

    @Test func scriptsAreThere() {
        #expect(!Self.files.isEmpty)
    }
}
