import Foundation
import Testing

/// What each subcommand prints, where it prints it, and how it ends.
struct CommandLineTests {
    @Test func versionAndHelp() throws {
        let version = try Program.run(["--version"])
        #expect(version.code == 0)
        #expect(version.output.split(separator: ".").count == 3)
        let help = try Program.run(["--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("EXAMPLES"))
        for command in [
            "shell", "query", "import", "generate", "check", "inspect", "recover", "compact",
        ] {
            let own = try Program.run([command, "--help"])
            #expect(own.code == 0 && own.output.contains("USAGE"), "\(command)")
        }
    }

    @Test func wrongCallsEndWithTwo() throws {
        let unknown = try Program.run(["frobnicate"])
        #expect(unknown.code == 2 && unknown.output.isEmpty && !unknown.error.isEmpty)
        #expect(try Program.run(["query"]).code == 2)
        #expect(try Program.run(["query", "x", "SELECT 1", "--format", "xml"]).code == 2)
    }

    @Test func formats() throws {
        let folder = try TemporaryFolder()
        let sql = "SELECT 1 AS n, 'a,\"b' AS t, NULL::text AS x, 1.5 AS d"
        func answer(_ format: String) throws -> String {
            let outcome = try Program.run(["query", folder.path + "/db", sql, "--format", format])
            #expect(outcome.code == 0, "\(outcome.error)")
            return outcome.output
        }
        #expect(try answer("csv") == "n,t,x,d\n1,\"a,\"\"b\",,1.5\n")
        #expect(try answer("ndjson") == "{\"n\":1,\"t\":\"a,\\\"b\",\"x\":null,\"d\":1.5}\n")
        #expect(try answer("json") == "[\n{\"n\":1,\"t\":\"a,\\\"b\",\"x\":null,\"d\":1.5}\n]\n")
        #expect(
            try answer("markdown")
                == "| n | t | x | d |\n| ---: | --- | --- | ---: |\n| 1 | a,\"b | NULL | 1.5 |\n")
        #expect(try answer("table").contains("(1 row)"))
    }

    @Test func errorsPointIntoTheStatement() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run(["query", folder.path + "/db", "SELECT 1 +\n  nonsense"])
        #expect(outcome.code == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("42703"))
        #expect(outcome.error.contains("line 2:   nonsense"))
        #expect(outcome.error.contains("^^^^^^^^"))
    }

    @Test func statementsFromStandardInputAndShell() throws {
        let folder = try TemporaryFolder()
        let script = """
            -- a comment first
            CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT);
            INSERT INTO t VALUES ('2024-01-01', 'a', 1), ('2024-01-02', 'a', 2);
            SELECT sum(v) FROM t;
            """
        let piped = try Program.run(
            ["query", folder.path + "/db", "-", "--format", "csv"], input: script)
        #expect(piped.code == 0 && piped.output == "sum\n3\n", "\(piped.error)")
        let shell = try Program.run(
            ["shell", folder.path + "/db", "--format", "csv"],
            input: ".tables\nSELECT count(*)\n  FROM t;\n.nonsense\n")
        #expect(shell.output.contains("count\n2\n"))
        #expect(shell.code == 1 && shell.error.contains(".nonsense"))
    }

    @Test func importsAndTheirMistakes() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        let file = try folder.write(
            "time,sensor,speed\r\n2024-01-01T00:00:00Z,a,10\r\n2024-01-01T00:05:00Z,a,\r\n",
            to: "traffic.csv")
        let arguments = ["import", database, file, "--table", "traffic", "--tag", "sensor"]
        let first = try Program.run(arguments)
        #expect(first.code == 0, "\(first.error)")
        #expect(
            first.output
                == "traffic: read 2, stored 2, updated 0, duplicate 0, rejected 0\n")
        let second = try Program.run(arguments)
        #expect(
            second.output
                == "traffic: read 2, stored 0, updated 0, duplicate 2, rejected 0\n")

        let missing = try Program.run(["import", database, folder.path + "/no.csv", "--table", "t"])
        #expect(missing.code == 1 && missing.error.contains("no.csv"))
        let wrong = try Program.run(
            ["import", database, file, "--table", "other", "--time", "moment"])
        #expect(wrong.code == 1 && wrong.error.contains("moment"))
        let ragged = try folder.write(
            "time,sensor,speed\n2024-02-01,a,1\n2024-02-02,a\nnoon,a,3\n", to: "ragged.csv")
        let partly = try Program.run(
            ["import", database, ragged, "--table", "traffic", "--tag", "sensor"])
        #expect(partly.output.contains("read 3, stored 1"))
        #expect(partly.output.contains("rejected 2"))
        #expect(partly.error.contains("line 3") && partly.error.contains("line 4"))
    }

    /// A mistyped path leaves nothing behind.
    @Test func nothingIsMadeInVain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none"
        for arguments in [
            ["check", path], ["compact", path], ["sizes", path], ["upgrade", path],
            ["query", path, "SELECT * FROM t"], ["query", path, "SELEC 1"],
            ["import", path, "no.csv", "--table", "t"],
        ] {
            let outcome = try Program.run(arguments)
            #expect(outcome.code == 1 && !outcome.error.isEmpty, "\(arguments)")
            #expect(!FileManager.default.fileExists(atPath: path), "\(arguments)")
        }
    }

    @Test func checkFindsAFlippedBit() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        let rows = (0..<3000).map { "2024-01-01T00:00:00Z,s\($0 % 7),\($0)\n" }.joined()
        let file = try folder.write("time,s,v\n" + rows, to: "t.csv")
        #expect(
            try Program.run(["import", database, file, "--table", "t", "--tag", "s"]).code == 0)
        #expect(try Program.run(["compact", database]).code == 0)
        let sound = try Program.run(["check", database])
        #expect(sound.code == 0, "\(sound.error)")

        let segments = database + "/segments"
        // What compaction replaced is gone.
        let names = try FileManager.default.contentsOfDirectory(atPath: segments)
        #expect(names.count == 1)
        let name = try #require(names.max())
        let path = segments + "/" + name
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count / 3] ^= 4
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let damaged = try Program.run(["check", database])
        #expect(damaged.code == 3)
        #expect(damaged.error.contains(name) && damaged.error.contains("byte"))
        let json = try Program.run(["check", database, "--format", "json"])
        #expect(json.code == 3 && json.output.hasPrefix("{\"ok\":false,"))
        let inspected = try Program.run(["inspect", path, "--summary"])
        #expect(inspected.code == 3)
        #expect(inspected.output.contains("!!!! byte") && inspected.output.contains("block 0"))
        let identity = try Program.run(["inspect", database + "/IDENTITY"])
        #expect(identity.code == 0 && identity.output.hasPrefix("0000: 42 45 4c 46 52 59 44 42"))

        // A query that touches the damage fails, unless it is told to go on without.
        let sql = "SELECT time, s, v FROM t"
        let failed = try Program.run(["query", database, sql])
        #expect(failed.code == 1 && failed.error.contains("XX001") && failed.error.contains(name))
        let skipped = try Program.run(
            ["query", database, "SET on_corrupt = 'skip'; " + sql, "--format", "csv"])
        #expect(skipped.code == 0 && skipped.error.contains("notice: damaged data"))
        let rowCount = skipped.output.split(separator: "\n").count - 1
        #expect(rowCount < 3000)

        // Recovery keeps the rest.
        let plan = try Program.run(["recover", database, "--dry-run"])
        #expect(plan.code == 3 && plan.output.contains("would do"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bytes))
        let recovered = try Program.run(["recover", database])
        #expect(recovered.code == 3 && recovered.error.contains("table t"))
        #expect(try Program.run(["check", database]).code == 0)
        let rest = try Program.run(["query", database, sql, "--format", "csv"])
        #expect(rest.code == 0)
        #expect(rest.output.split(separator: "\n").count - 1 == rowCount)
    }

    @Test func twoWritersAreRefused() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        #expect(try Program.run(["query", database, "SELECT 1"]).code == 0)
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: Program.path)
        holder.arguments = ["shell", database]
        let input = Pipe()
        let output = Pipe()
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        // An answer shows that the shell has the store open.
        input.fileHandleForWriting.write(Data("SELECT 'open';\n".utf8))
        _ = output.fileHandleForReading.availableData
        let second = try Program.run([
            "query", database, "CREATE TABLE t (time TIMESTAMPTZ TIME KEY)",
        ])
        #expect(second.code == 1)
        #expect(second.error.contains("process \(holder.processIdentifier)"), "\(second.error)")
        let reading = try Program.run(["query", database, "SELECT 1 AS n", "--format", "csv"])
        #expect(reading.code == 0 && reading.output == "n\n1\n", "\(reading.error)")
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        #expect(try Program.run(["query", database, "SELECT 1"]).code == 0)
    }

    @Test func aClosedPipeIsNoError() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c",
            "set -o pipefail; \"$0\" query /dev/shm/belfry-pipe-$$ "
                + "'SELECT * FROM generate_series(1, 1000000) g(n)' --format csv | head -1 "
                + "> /dev/null; code=$?; rm -rf /dev/shm/belfry-pipe-$$; exit $code",
            Program.path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
