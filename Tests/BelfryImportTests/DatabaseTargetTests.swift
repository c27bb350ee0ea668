import Belfry
import BelfryImport
import Testing

/// Imports into a database: reference tables, and the same file twice.
@Suite struct DatabaseTargetTests {
    private func report(
        _ text: String, _ table: String, into database: Database,
        tags: [String] = []
    ) throws -> ImportReport {
        var options = ImportOptions(table: table)
        options.tagNames = tags
        return try withTemporaryFile(Array(text.utf8)) { path in
            try Importer(options: options, target: DatabaseTarget(database)).run(paths: [path])
        }
    }

    @Test func referenceTableTwice() throws {
        let database = try Database.inMemory()
        try database.run(
            "CREATE TABLE garage (code TEXT PRIMARY KEY, street TEXT, number TEXT, lat DOUBLE)")
        let text = "code,street,number,lat\nNORREPORT,Kærlighedsstien,\"\",56.16184\nB,x,25,56\n"
        #expect(try report(text, "garage", into: database).storedCount == 2)
        #expect(try report(text, "garage", into: database).duplicateCount == 2)
        let rows = try database.run("SELECT street, number, lat FROM garage ORDER BY code").rows()
        #expect(
            rows == [
                [.text("x"), .text("25"), .double(56)],
                [.text("Kærlighedsstien"), .text(""), .double(56.16184)],
            ])
    }

    @Test func readingsTwice() throws {
        let database = try Database.inMemory()
        let text = "time,sensor,speed\n2014-08-01,a,1\n2014-08-01,b,\n2014-08-02,a,2\n"
        #expect(try report(text, "traffic", into: database, tags: ["sensor"]).storedCount == 3)
        #expect(try report(text, "traffic", into: database, tags: ["sensor"]).duplicateCount == 3)
        let rows = try database.run("SELECT count(*), sum(speed) FROM traffic").rows()
        #expect(rows == [[.integer(3), .integer(3)]])
    }
}
