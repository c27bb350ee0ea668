import BelfryTown
import Foundation
import Testing

/// The slow telling of the town in another language makes the same lines.
@Suite struct ReferenceTests {
    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "tools/town-reference.py")

    private static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(
        separator: ":"
    )
    .map { "\($0)/python3" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(
        .enabled("python3 is not installed") { python != nil },
        arguments: [
            (seed: TownOptions.defaultSeed, start: "2025-10-06", days: 2),
            (seed: 3, start: "2025-07-01", days: 2),
            (seed: 77, start: "2025-10-26", days: 1),
            (seed: 5, start: "2026-03-29", days: 1),
        ])
    func bothTellTheSameTown(_ run: (seed: UInt64, start: String, days: Int)) throws {
        let python = try #require(ReferenceTests.python)
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = [
            ReferenceTests.script.path, "--seed", "\(run.seed)", "--start", run.start, "--days",
            "\(run.days)", "traffic", "air", "weather",
        ]
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3 * run.days)

        let first = try #require(TownOptions.firstDay(from: run.start))
        let town = TownText.make(
            TownOptions(seed: run.seed, firstDay: first, days: run.days))
        let digests = Set(town.text.text("truth/digest.txt").split(separator: "\n"))
        for line in lines { #expect(digests.contains(line), "\(line)") }
    }
}
