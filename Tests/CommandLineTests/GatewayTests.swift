import Foundation
import Testing

/// The program as a gateway runs it.
struct GatewayTests {
    private static let limit = 64 << 10

    private func resident(_ outcome: Program.Outcome) throws -> Int {
        #expect(outcome.code == 0, "\(outcome.error)")
        let line = try #require(
            outcome.error.split(separator: "\n").first { $0.hasPrefix("resident at most") })
        return try #require(Int(line.filter(\.isNumber)))
    }

    /// 2,500 sensors and 30 days of a reading every six hours; `Benchmarks/results/scale.md` has the figures of
    /// 50,000. Memory is no matter of timing: it decides the test.
    @Test("Case 59: a backlog of 30 days, questions and writes within 64 MiB")
    func staysWithinItsMemory() throws {
        let folder = try TemporaryFolder()
        let store = folder.path + "/store"
        var backlog = "time,district,sensor,level\n"
        var state: UInt64 = 1
        for step in 0..<120 {
            for sensor in 0..<2500 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let time = 1_735_689_600 + step * 21_600 + sensor % 60
                backlog += "\(time),d\(sensor % 97),s\(sensor),\(Int(state >> 54)).5\n"
            }
        }
        let file = try folder.write(backlog, to: "backlog.csv")
        let profile = ["--profile", "gateway", "--report-memory"]
        let imported = try Program.run(
            [
                "import", store, file, "--table", "air", "--time", "time", "--tag", "district",
                "--tag", "sensor", "--quiet",
            ] + profile)
        #expect(imported.output.contains("stored 300000"), "\(imported.output)")
        #expect(try resident(imported) < Self.limit)
        for question in [
            "SELECT count(*), min(level), max(level) FROM air",
            "SELECT district, avg(level) FROM air GROUP BY district",
            "SELECT * FROM air LATEST BY (sensor)",
        ] {
            let answer = try Program.run(
                ["query", store, question, "--format", "csv"] + profile)
            #expect(try resident(answer) < Self.limit, "\(question)")
            #expect(answer.output.split(separator: "\n").count > 1)
        }
        let more = try folder.write(
            backlog.split(separator: "\n").prefix(2501).joined(separator: "\n")
                .replacingOccurrences(of: "\n17356", with: "\n17656"), to: "more.csv")
        let added = try Program.run(
            ["import", store, more, "--table", "air", "--quiet"] + profile)
        #expect(added.output.contains("stored 2500"), "\(added.output)")
        #expect(try resident(added) < Self.limit)
        #expect(try resident(Program.run(["compact", store] + profile)) < Self.limit)
        #expect(try Program.run(["check", store]).code == 0)
    }
}
