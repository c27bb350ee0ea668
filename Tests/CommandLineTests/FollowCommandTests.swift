import Foundation
import Testing

/// Two real processes at one folder: one writes, others read and copy.
struct FollowCommandTests {
    /// A shell that keeps the database open for writing and is told statement after statement.
    private final class Writer {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()
        private var count = 0

        init(_ database: String) throws {
            process.executableURL = URL(fileURLWithPath: Program.path)
            process.arguments = ["shell", database, "--format", "csv"]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        /// Returns when the statements are done: an answer to one behind them shows it.
        func run(_ sql: String) {
            count += 1
            input.fileHandleForWriting.write(Data("\(sql)\nSELECT 'done \(count)';\n".utf8))
            var answer = ""
            while !answer.contains("done \(count)") {
                let part = output.fileHandleForReading.availableData
                if part.isEmpty { return }
                answer += String(decoding: part, as: UTF8.self)
            }
        }

        func end() throws {
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    private static func answer(_ database: String, _ sql: String) throws -> String {
        let outcome = try Program.run(["query", database, sql, "--format", "csv"])
        #expect(outcome.code == 0, "\(outcome.error)")
        return outcome.output
    }

    @Test("Case 49: a second process reads beside the writer and sees what it wrote")
    func readsBesideTheWriter() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        let writer = try Writer(database)
        writer.run("CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT);")
        for round in 1...3 {
            writer.run(
                "INSERT INTO t SELECT TIMESTAMPTZ '2024-01-0\(round)' + n * INTERVAL '1 minute', "
                    + "'s' || (n % 7), n FROM generate_series(1, 500) g(n);")
            #expect(
                try Self.answer(database, "SELECT count(*), sum(v) FROM t")
                    == "count,sum\n\(round * 500),\(round * 125_250)\n")
        }
        let sizes = try Program.run(["sizes", database, "--format", "json"])
        #expect(sizes.code == 0 && sizes.output.contains("\"log_rows\":1500"), "\(sizes.error)")
        let refused = try Program.run(["query", database, "INSERT INTO t VALUES (now(), 'x', 1)"])
        #expect(refused.code == 1 && refused.error.contains("process"), "\(refused.error)")
        let onlyReading = try Program.run(
            ["query", database, "INSERT INTO t VALUES (now(), 'x', 1)", "--read-only"])
        #expect(onlyReading.code == 1 && onlyReading.error.contains("25006"))
        let shell = try Program.run(
            ["shell", database, "--format", "csv"], input: "SELECT count(*) FROM t;\n")
        #expect(shell.output == "count\n1500\n" && shell.error.contains("reading only"))
        try writer.end()
        #expect(try Program.run(["check", database]).code == 0)
    }

    @Test(
        "Case 86: a backup beside the writer is restored elsewhere, verifies and answers the same")
    func backupAndRestore() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        let backups = folder.path + "/backups"
        let writer = try Writer(database)
        writer.run("CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT);")
        let insertion =
            "INSERT INTO t SELECT TIMESTAMPTZ '2024-01-01' + n * INTERVAL '1 minute', "
            + "'s' || (n % 7), n FROM generate_series"
        writer.run(insertion + "(1, 3000) g(n);")
        let first = try Program.run(["backup", database, backups])
        #expect(first.code == 0, "\(first.error)")
        #expect(first.output.contains("BACKUP-000000000001"))
        writer.run(insertion + "(3001, 4000) g(n);")
        #expect(try Program.run(["backup", database, backups]).code == 0)
        writer.run("DELETE FROM t;")
        try writer.end()

        let sql = "SELECT count(*), sum(v) FROM t"
        for (name, source, rows) in [
            ("one", backups + "/BACKUP-000000000001", 3000), ("two", backups, 4000),
        ] {
            #expect(
                try Self.answer(rows == 4000 ? backups + "/BACKUP-000000000002" : source, sql)
                    == "count,sum\n\(rows),\(rows * (rows + 1) / 2)\n")
            let target = folder.path + "/" + name
            let restored = try Program.run(["restore", source, target])
            #expect(restored.code == 0, "\(restored.error)")
            #expect(try Program.run(["check", target]).code == 0)
            #expect(
                try Self.answer(target, sql) == "count,sum\n\(rows),\(rows * (rows + 1) / 2)\n")
            #expect(
                try Program.run(["query", target, "INSERT INTO t VALUES (now(), 'x', 1)"]).code == 0
            )
            let again = try Program.run(["restore", source, target])
            #expect(again.code == 1 && again.error.contains("empty"))
        }
        let written = try Program.run(
            ["query", backups + "/BACKUP-000000000001", "INSERT INTO t VALUES (now(), 'x', 1)"])
        #expect(written.code == 1 && written.error.contains("restore"), "\(written.error)")
        #expect(try Program.run(["restore", database, folder.path + "/no"]).code == 1)
        #expect(try Program.run(["backup", database, database]).code == 1)
    }
}
