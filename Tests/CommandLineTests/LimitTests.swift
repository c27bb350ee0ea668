import Foundation
import Testing

/// The real program under the limits of a real kernel: few descriptors, small files, no
/// permission, a killed owner.
struct LimitTests {
    /// A store of forty segments, one a day.
    private func manySegments() throws -> (folder: TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/db"
        var sql =
            "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT) "
            + "PARTITION BY DAY; "
        sql += "INSERT INTO t (time, s, v) VALUES "
        sql += (0..<40).map { day in
            let date = Date(timeIntervalSince1970: 1_700_000_000 + Double(day) * 86_400)
            return "('\(date.ISO8601Format())', 'a', \(day))"
        }.joined(separator: ", ")
        let written = try Program.run(["query", path, "-"], input: sql)
        #expect(written.code == 0, "\(written.error)")
        let compacted = try Program.run(["compact", path])
        #expect(compacted.code == 0, "\(compacted.error)")
        return (folder, path)
    }

    private func limited(_ limit: String, _ arguments: [String]) throws -> Program.Outcome {
        let quoted = ([Program.path] + arguments).map { argument in
            "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
        }.joined(separator: " ")
        return try Program.run(["-c", "\(limit); exec \(quoted)"], of: "/bin/sh")
    }

    private func segments(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/segments").sorted()
    }

    @Test(
        "Case 29: with few descriptors a query that needs more fails in words, others are answered")
    func fewDescriptors() throws {
        let (folder, path) = try manySegments()
        defer { withExtendedLifetime(folder) {} }
        #expect(try segments(path).count >= 40)
        let wide = try limited(
            "ulimit -n 24", ["query", path, "SELECT s, sum(v) FROM t GROUP BY s"])
        #expect(wide.code == 0 || wide.error.contains("58030"), "\(wide.code) \(wide.error)")
        let day = try limited(
            "ulimit -n 24",
            ["query", path, "SELECT v FROM t WHERE time < '2023-11-16'", "--format", "csv"])
        #expect(day.code == 0, "\(day.error)")
        #expect(day.output == "v\n0\n1\n")
        let all = try Program.run(["query", path, "SELECT sum(v) FROM t", "--format", "csv"])
        #expect(all.output.hasSuffix("\n780\n"), "\(all.output) \(all.error)")
    }

    @Test("Case 53: a limit on the size of files refuses the write, and nothing is lost")
    func smallFiles() throws {
        let (folder, path) = try manySegments()
        defer { withExtendedLifetime(folder) {} }
        let refused = try limited(
            "trap '' XFSZ; ulimit -f 64",
            ["query", path, "INSERT INTO t (time, s, v) VALUES ('2024-03-01', 'b', 1)"])
        #expect(refused.code == 1, "\(refused.output) \(refused.error)")
        #expect(refused.error.contains("53100"), "\(refused.error)")
        let count = try Program.run(["query", path, "SELECT count(*) FROM t", "--format", "csv"])
        #expect(count.output.hasSuffix("\n40\n"), "\(count.output) \(count.error)")
        #expect(try Program.run(["check", path]).code == 0)
    }

    @Test("Case 52: the folder of a killed owner opens at once, its rows are there")
    func killedOwner() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/db"
        #expect(
            try Program.run(["query", path, "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, v BIGINT)"])
                .code == 0)
        let owner = Process()
        owner.executableURL = URL(fileURLWithPath: Program.path)
        owner.arguments = ["shell", path]
        let input = Pipe()
        owner.standardInput = input
        let output = Pipe()
        owner.standardOutput = output
        owner.standardError = FileHandle.nullDevice
        try owner.run()
        // It answers once it has the store.
        try input.fileHandleForWriting.write(contentsOf: Data("SELECT 1;\n".utf8))
        #expect(try output.fileHandleForReading.read(upToCount: 1)?.count == 1)
        let name = "process \(owner.processIdentifier) on "
        let refused = try Program.run(["query", path, "CHECKPOINT"])
        #expect(refused.code != 0)
        #expect(refused.error.contains(name), "\(refused.error)")
        kill(owner.processIdentifier, SIGKILL)
        owner.waitUntilExit()
        let next = try Program.run(["query", path, "SELECT count(*) FROM t", "--format", "csv"])
        #expect(next.code == 0, "\(next.error)")
        #expect(next.output.hasSuffix("\n0\n"))
    }

    @Test(
        "Case 29: a segment that may not be read bars writing and names itself",
        .enabled(if: geteuid() != 0 || Tool.isThere("setpriv"), "nobody else to be"))
    func noPermission() throws {
        let (folder, path) = try manySegments()
        let barred = try #require(try segments(path).last)
        let file = path + "/segments/" + barred
        let isRoot = geteuid() == 0
        if isRoot {
            // The store is another user's, but for one file.
            let owned = try Program.run(["-R", "65534", folder.path], of: Tool.path("chown") ?? "")
            #expect(owned.code == 0, "\(owned.error)")
            unsafe chown(file, 0, 0)
        }
        unsafe chmod(file, 0)
        let other =
            isRoot
            ? "exec setpriv --reuid=65534 --regid=65534 --clear-groups"
            : "exec"
        let sql = "SELECT count(*) FROM t"
        let refused = try Program.run(
            ["-c", "\(other) '\(Program.path)' query '\(path)' '\(sql)'"], of: "/bin/sh")
        #expect(refused.code == 1, "\(refused.output) \(refused.error)")
        #expect(refused.error.contains(barred), "\(refused.error)")
        unsafe chmod(file, 0o644)
        let read = try Program.run(["query", path, sql, "--format", "csv"])
        #expect(read.output.hasSuffix("\n40\n"), "\(read.error)")
    }
}
