import Foundation
import Testing

/// A log with damage in its middle, at the command line: nobody is left in the belief that all is
/// well.
@Suite struct DamagedLogTests {
    @Test(
        "Case 4: check and recover say by their exit codes that a log is damaged, and a query says it"
    )
    func damageInTheMiddle() throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/db"
        let statements = [
            "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, v BIGINT)",
            "INSERT INTO t VALUES ('2024-01-01', 1)", "INSERT INTO t VALUES ('2024-01-02', 2)",
            "INSERT INTO t VALUES ('2024-01-03', 3)",
        ]
        for sql in statements { #expect(try Program.run(["query", database, sql]).code == 0) }
        let logs = try FileManager.default.contentsOfDirectory(atPath: database + "/log").sorted()
        #expect(logs.count >= 3)
        let url = URL(fileURLWithPath: database + "/log/" + logs[logs.count - 2])
        var bytes = [UInt8](try Data(contentsOf: url))
        bytes[110] ^= 0xff
        try Data(bytes).write(to: url)

        let check = try Program.run(["check", database])
        #expect(check.code == 3 && check.error.contains(logs[logs.count - 2]))
        #expect(!check.output.contains("every promise holds"))
        let query = try Program.run(["query", database, "SELECT count(*) FROM t"])
        #expect(query.code == 0 && query.error.contains("belfry recover"))
        #expect(try Program.run(["query", database, "DELETE FROM t"]).code == 1)

        let recovered = try Program.run(["recover", database])
        #expect(recovered.code == 3 && recovered.error.contains("is lost"))
        #expect(try Program.run(["check", database]).code == 0)
        let rest = try Program.run(["query", database, "SELECT v FROM t", "--format", "csv"])
        #expect(rest.output == "v\n1\n3\n" && rest.error.isEmpty)
    }
}
