import BelfryCore
import BelfryImport
import Testing

/// Lines of JSON: nesting, escapes, types over all records, what is refused.
@Suite struct JSONLinesTests {
    private func run(
        _ text: String, into target: MemoryTarget = MemoryTarget(),
        _ configure: (inout ImportOptions) -> Void = { _ in }
    ) throws -> (report: ImportReport, lines: [String]) {
        var options = ImportOptions(table: "readings")
        configure(&options)
        let report = try withTemporaryFile(Array(text.utf8), name: "readings.ndjson") { path in
            try Importer(options: options, target: target).run(paths: [path])
        }
        return (report, target.lines)
    }

    @Test func typesAndPaths() throws {
        let (report, lines) = try run(
            #"""
            {"time":"2014-08-01T07:50:00Z","device":{"id":"a","on":true},"speed":50}
            {"speed": 50.5, "time": "2014-08-01T07:55:00Z", \#
            "note": "x\u00f8\n\"q\" \ud83d\ude00", "gateways":[{"id":"]"}, 1]}

            {"time":"2014-08-01T08:00:00Z","device":{"id":"b","on":null},"speed":null,"empty":{}}
            """#
        ) { $0.tagNames = ["device.id"] }
        #expect(
            try #require(report.createdTable).columns.map(\.name) == [
                "time", "device.id", "device.on", "speed", "note", "gateways",
            ])
        #expect(
            lines == [
                "a|2014-08-01 07:50:00+00|true|50.0|NULL|NULL",
                "|2014-08-01 07:55:00+00|NULL|50.5|'xø\n\"q\" 😀'|'[{\"id\":\"]\"}, 1]'",
                "b|2014-08-01 08:00:00+00|NULL|NULL|NULL|NULL",
            ])
        #expect(report.storedCount == 3)
    }

    @Test func declaredTableIgnoresOtherMembers() throws {
        let target = MemoryTarget(
            table: ImporterTests.table([
                ColumnSchema(name: "speed", type: .double, role: .field),
                ColumnSchema(name: "raw", type: .text, role: .field),
            ]))
        let (report, lines) = try run(
            #"""
            {"ts":1406879400000,"data":{"speed":"50.5"},"extra":1,"raw":{"a":[1,"}"]}}
            """#, into: target
        ) {
            $0.timeName = "ts"
            $0.columnNames = [("data.speed", "speed")]
        }
        #expect(lines == ["|2014-08-01 07:50:00+00|50.5|'{\"a\":[1,\"}\"]}'"])
        #expect(report.ignoredNames == ["extra"])
    }

    @Test func refusedRecords() throws {
        let (report, _) = try run(
            #"""
            {"time":1,"v":1}
            [1]
            {"time":2,"v":}
            {"time":3,"v":1} x
            {"time":4,"v":"open
            {"time":5 "v":1}
            {"time":6,"v":tru}
            {"v":1}
            """#)
        #expect(report.readCount == 8)
        #expect(report.storedCount == 1)
        #expect(report.rejectedCount == 7)
        #expect(report.problems.map(\.line) == [2, 3, 4, 5, 6, 7, 8])
        #expect(report.problems[0].message == "character 1: a JSON object expected")
        #expect(report.problems[1].message == "character 15: a JSON value expected")
        #expect(report.problems[6].message == "no time")
    }

    @Test func deepNestingIsRefused() throws {
        let deep = String(repeating: "{\"a\":", count: 5_000)
        let (report, _) = try run("{\"time\":1,\"v\":1}\n{\"time\":2,\"x\":\(deep)\n")
        #expect(report.rejectedCount == 1)
    }
}
