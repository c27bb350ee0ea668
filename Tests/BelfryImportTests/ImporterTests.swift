import BelfryCore
import BelfryImport
import BelfryTestSupport
import Testing

/// Whole imports of small texts: every rule of the CSV form, and what goes wrong.
@Suite struct ImporterTests {
    func run(
        _ text: String, into target: MemoryTarget = MemoryTarget(), name: String = "readings.csv",
        _ configure: (inout ImportOptions) -> Void = { _ in }
    ) throws -> (report: ImportReport, lines: [String]) {
        var options = ImportOptions(table: "readings")
        configure(&options)
        let report = try withTemporaryFile(Array(text.utf8), name: name) { path in
            try Importer(options: options, target: target).run(paths: [path])
        }
        #expect(
            report.readCount == report.storedCount + report.updatedCount + report.duplicateCount
                + report.rejectedCount)
        return (report, target.lines)
    }

    private func failure(
        _ text: String, into target: MemoryTarget = MemoryTarget(),
        _ configure: (inout ImportOptions) -> Void = { _ in }
    ) -> String {
        do {
            _ = try run(text, into: target, configure)
            return ""
        } catch {
            return "\(error)"
        }
    }

    static func table(_ columns: [ColumnSchema]) -> TableSchema {
        TableSchema(
            name: "readings",
            columns: [ColumnSchema(name: "time", type: .timestamptz, role: .time)] + columns)
    }

    @Test func makesATableWithSettledTypes() throws {
        let target = MemoryTarget()
        let (report, lines) = try run(
            """
            time,sensor,whole,half,word,silent
            2014-08-01T07:50:00,a,1,2,x,
            2014-08-01 07:55:00,b,,2.5,7,

            """, into: target
        ) { $0.tagNames = ["sensor"] }
        #expect(
            lines == [
                "a|2014-08-01 07:50:00+00|1|2.0|'x'|NULL",
                "b|2014-08-01 07:55:00+00|NULL|2.5|'7'|NULL",
            ])
        #expect(report.readCount == 2)
        #expect(report.storedCount == 2)
        let types = try #require(report.createdTable).columns.map(\.type)
        #expect(types == [.timestamptz, .text, .bigint, .double, .text, .double])
    }

    @Test(arguments: [",", ";", "\t"], ["\n", "\r\n"])
    func delimitersAndLineEnds(_ delimiter: String, _ lineEnd: String) throws {
        let rows = [
            ["time", "value", "note"], ["2014-08-01", "1", "x"], ["2014-08-02", "2", ""],
        ]
        let text = rows.map { $0.joined(separator: delimiter) }.joined(separator: lineEnd)
        for ending in ["", lineEnd, lineEnd + lineEnd] {
            for mark in ["", "\u{feff}"] {
                let (_, lines) = try run(mark + text + ending)
                #expect(
                    lines == ["|2014-08-01 00:00:00+00|1|'x'", "|2014-08-02 00:00:00+00|2|NULL"])
            }
        }
    }

    @Test func quotes() throws {
        let (_, lines) = try run(
            "time,value,note,\"street, number\"\r\n"
                + "2014-08-01,\"1\",\"two\r\nlines, \"\"quoted\"\"\",\"\"\r\n"
                + "2014-08-02,2,5\" pipe,\r\n" + "\"2014-08-03\",\"\",plain,\"x\"\r\n")
        #expect(
            lines == [
                "|2014-08-01 00:00:00+00|1|'two\r\nlines, \"quoted\"'|''",
                "|2014-08-02 00:00:00+00|2|'5\" pipe'|NULL",
                "|2014-08-03 00:00:00+00|NULL|'plain'|'x'",
            ])
    }

    @Test(arguments: [
        ("1406879400", "2014-08-01 07:50:00+00"), ("1406879400.25", "2014-08-01 07:50:00.25+00"),
        ("1406879400123", "2014-08-01 07:50:00.123+00"),
        ("1406879400123456", "2014-08-01 07:50:00.123456+00"),
        ("1406879400123456789", "2014-08-01 07:50:00.123456789+00"),
        ("2014-08-01T07:50:00Z", "2014-08-01 07:50:00+00"),
        ("2014-08-01 09:50:00+02:00", "2014-08-01 07:50:00+00"),
        ("2014-05-22 09:09:04.145", "2014-05-22 09:09:04.145+00"),
        ("2014-08-01", "2014-08-01 00:00:00+00"), (" 2014-08-01 07:50 ", "2014-08-01 07:50:00+00"),
        ("\"2014-08-01 07:50 AM\"", "2014-08-01 07:50:00+00"),
    ])
    func timeForms(_ text: String, _ expected: String) throws {
        let (_, lines) = try run("time,value\n\(text),1\n")
        #expect(lines == ["|\(expected)|1"])
    }

    @Test func zoneWithJumps() throws {
        let zone = try TimeZoneDatabase().rules(named: "Europe/Copenhagen")
        let (report, lines) = try run(
            """
            time,s,v
            2014-08-01 09:50:00,a,1
            2014-03-30 02:30:00,a,2
            2014-10-26 01:30:00,a,3
            2014-10-26 02:30:00,a,4
            2014-10-26 02:30:00,b,5
            2014-10-26 02:10:00,a,6
            2014-10-26 02:40:00,a,7
            2014-10-26 02:40:00,b,8
            2014-10-26 03:00:00,a,9
            2014-08-01 09:50:00Z,a,10
            """
        ) {
            $0.zone = zone
            $0.tagNames = ["s"]
        }
        #expect(
            lines == [
                "a|2014-08-01 07:50:00+00|1", "a|2014-08-01 09:50:00+00|10",
                "a|2014-10-25 23:30:00+00|3", "a|2014-10-26 00:30:00+00|4",
                "b|2014-10-26 00:30:00+00|5", "b|2014-10-26 00:40:00+00|8",
                "a|2014-10-26 01:10:00+00|6", "a|2014-10-26 01:40:00+00|7",
                "a|2014-10-26 02:00:00+00|9",
            ])
        #expect(report.rejectedCount == 1)
        let problem = try #require(report.problems.first)
        #expect(problem.line == 3)
        #expect(problem.column == "time")
        #expect(problem.message.contains("does not exist in Europe/Copenhagen"))
    }

    @Test func mapsSkipsAndTags() throws {
        let target = MemoryTarget()
        let (report, _) = try run(
            "when,where,what,why\n2014-08-01,a,1,x\n", into: target
        ) {
            $0.timeName = "when"
            $0.tagNames = ["where"]
            $0.columnNames = [("where", "sensor"), ("what", "speed")]
            $0.skippedNames = ["why"]
        }
        #expect(
            try #require(report.createdTable).columns.map(\.name) == ["time", "sensor", "speed"])
        #expect(target.lines == ["a|2014-08-01 00:00:00+00|1"])
    }

    @Test func tagsHoldEmptyAndLongValues() throws {
        let long = String(repeating: "ø", count: 40)
        let (_, lines) = try run(
            "time,a,b,v\n1,x,,1\n2,,y,2\n3,x,y,3\n4,\(long),\(long)1,4\n5,,,5\n6,x,,6\n"
        ) { $0.tagNames = ["a", "b"] }
        #expect(
            lines.map { $0.split(separator: "|", omittingEmptySubsequences: false)[0] } == [
                "x", "y", "x,y", "\(long),\(long)1", "", "x",
            ])
    }

    @Test func declaredTypes() throws {
        let target = MemoryTarget(
            table: Self.table([
                ColumnSchema(name: "small", type: .smallint, role: .field),
                ColumnSchema(name: "flag", type: .boolean, role: .field),
                ColumnSchema(name: "at", type: .timestamptz, role: .field),
                ColumnSchema(name: "day", type: .date, role: .field),
                ColumnSchema(name: "level", type: .double, role: .field),
            ]))
        let (report, lines) = try run(
            """
            TIME,small,flag,at,day,level
            1,32767,true,2014-08-01 07:50:00+02,1970-01-11,1
            2,32768,maybe,noon,1970,x
            3,1.5,f,,,nan
            """, into: target)
        #expect(
            lines == [
                "|1970-01-01 00:00:01+00|32767|true|2014-08-01 05:50:00+00|day 10|1.0",
                "|1970-01-01 00:00:02+00|NULL|NULL|NULL|NULL|NULL",
                "|1970-01-01 00:00:03+00|NULL|false|NULL|NULL|nan",
            ])
        #expect(report.rejectedCount == 0)
        #expect(report.rejectedFieldCount == 6)
        #expect(report.problems.count == 6)
        #expect(report.problems.contains { $0.line == 4 && $0.column == "small" })
    }

    @Test func countsAddUp() throws {
        let target = MemoryTarget()
        let text = "time,s,v,w\n1,a,1,1\n1,a,1,1\n1,a,2,1\n2,a\nx,a,1,1\n,a,1,1\n3,a,1,1,1\n4,a,,\n"
        let (report, _) = try run(text, into: target) { $0.tagNames = ["s"] }
        #expect(report.readCount == 8)
        #expect(report.storedCount == 2)
        #expect(report.updatedCount == 1)
        #expect(report.duplicateCount == 1)
        #expect(report.rejectedCount == 4)
        #expect(report.problems.map(\.line).sorted() == [5, 6, 7, 8])
        let messages = report.problems.map(\.description).joined(separator: "\n")
        #expect(messages.contains("line 5: 2 fields, 4 expected"))
        #expect(messages.contains("line 6: column time: \"x\" is no count of seconds"))
        #expect(messages.contains("line 7: column time: no time"))
        #expect(messages.contains("line 8: 5 fields, 4 expected"))
        let (again, _) = try run(
            "time,s,v,w\n1,a,2,1\n4,a,,\n", into: target
        ) { $0.tagNames = ["s"] }
        #expect(again.duplicateCount == 2)
    }

    @Test func mistakes() throws {
        do {
            _ = try Importer(options: ImportOptions(table: "t"), target: MemoryTarget())
                .run(paths: ["/nowhere/traffic.csv"])
            Issue.record("there is no such file")
        } catch {
            #expect(error.description == "/nowhere/traffic.csv: cannot be opened: no such file")
        }
        #expect(
            failure("time,speed\n1,2\n") { $0.tagNames = ["sensr"] }
                .contains("line 1: no column \"sensr\" (--tag); the file has time, speed"))
        #expect(failure("a,b\n1,2\n").contains("no column with the time; the file has a, b"))
        #expect(failure("time,a,a\n1,2,3\n").contains("two columns are named \"a\""))
        #expect(failure("").contains("is empty; a header line expected"))
        let target = MemoryTarget(
            table: Self.table([ColumnSchema(name: "speed", type: .double, role: .field)]))
        let message = failure("time,sped\n1,2\n", into: target)
        #expect(message.contains("line 1: table readings has no column for \"sped\""))
        #expect(message.contains("--skip sped"))
        #expect(
            failure("time,speed\n1,2\n", into: target) { $0.tagNames = ["speed"] }
                .contains("is no tag"))
        #expect(
            failure("time,a\nx\nx\nx\n") { $0.rejectedCountLimit = 2 }
                .contains("more than 2 records refused"))
        #expect(
            failure("time,a\n1,2\n", into: MemoryTarget(failingWrite: 1)) == "the disk is full")
    }

    @Test func unclosedQuoteAndTextBehindOne() throws {
        let (report, lines) = try run("time,a\n1,\"x\"y\n2,z\n3,\"open\n4,w\n")
        #expect(lines == ["|1970-01-01 00:00:02+00|'z'"])
        #expect(report.rejectedCount == 2)
        #expect(
            report.problems.map(\.message) == [
                "text after a closing quote", "a quoted field that does not end",
            ])
        #expect(report.problems.map(\.line) == [2, 4])
    }

    @Test func laterFailuresReachTheCaller() throws {
        var text = "time,v\n"
        for row in 0..<1_000 { text += "\(row),1\n" }
        let message = failure(text, into: MemoryTarget(failingWrite: 2)) {
            $0.batchRowCount = 10
            $0.bufferByteCount = 64
        }
        #expect(message == "the disk is full")
    }

    /// Random files of all awkward kinds, read with random buffer sizes, give the rows that a
    /// byte-by-byte reader finds.
    @Test(arguments: 0..<60)
    func equalsTheNaiveReader(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let delimiter = [",", ";", "\t"].randomElement(using: &generator) ?? ","
        let lineEnd = seed % 2 == 0 ? "\n" : "\r\n"
        var text = ["time", "a", "b", "c"].joined(separator: delimiter) + lineEnd
        var expected: [String] = []
        let pieces = ["x", "yy", "\"", delimiter, lineEnd, "ø", "0123456789012345678901234", " "]
        for row in 0..<Int.random(in: 1...400, using: &generator) {
            var fields = ["\(row)"]
            var shown: [String] = []
            for _ in 0..<3 {
                var value = ""
                for _ in 0..<Int.random(in: 0...5, using: &generator) {
                    value += pieces.randomElement(using: &generator) ?? ""
                }
                let needsQuotes =
                    value.contains("\"") || value.contains(delimiter) || value.contains(lineEnd)
                if needsQuotes || generator.next() % 4 == 0 {
                    fields.append(
                        "\""
                            + value.split(separator: "\"", omittingEmptySubsequences: false)
                            .joined(separator: "\"\"") + "\"")
                    shown.append("'\(value)'")
                } else {
                    fields.append(value)
                    shown.append(value.isEmpty ? "NULL" : "'\(value)'")
                }
            }
            text += fields.joined(separator: delimiter) + lineEnd
            if generator.next() % 16 == 0 { text += lineEnd }
            let time = Timestamp(seconds: Int64(row))
            expected.append("|\(time)|" + shown.joined(separator: "|"))
        }
        let (report, lines) = try run(
            text,
            into: MemoryTarget(
                table: Self.table(
                    ["a", "b", "c"].map { ColumnSchema(name: $0, type: .text, role: .field) }))
        ) {
            $0.bufferByteCount = Int.random(in: 40...3_000, using: &generator)
            $0.batchRowCount = Int.random(in: 1...500, using: &generator)
        }
        #expect(lines == expected)
        #expect(report.problems.isEmpty)
    }

    @Test func compressedFiles() throws {
        // The same three lines by gzip and zstd: "time,v\n1,1\n2,2\n".
        let target = MemoryTarget()
        for (bytes, name) in [(Self.gzip, "a.csv.gz"), (Self.zstd, "a.csv.zst")] {
            let report = try withTemporaryFile(bytes, name: name) { path in
                try Importer(options: ImportOptions(table: "t"), target: target)
                    .run(paths: [path])
            }
            #expect(report.readCount == 2)
            #expect(target.lines == ["|1970-01-01 00:00:01+00|1", "|1970-01-01 00:00:02+00|2"])
            for count in 5..<bytes.count - 1 {
                #expect(throws: ImportError.self) {
                    try withTemporaryFile(Array(bytes.prefix(count)), name: name) { path in
                        try Importer(options: ImportOptions(table: "t"), target: MemoryTarget())
                            .run(paths: [path])
                    }
                }
            }
        }
    }

    @Test func anyBytesGiveRowsOrErrors() throws {
        var generator = SeededGenerator(seed: 99)
        let alphabet = Array("time,v\n\r\";\t01-:{}[]\\u \u{0}é".utf8) + [0xff, 0x1f, 0x8b]
        for round in 0..<300 {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let head = round % 2 == 0 ? Array("time,v\n".utf8) : Array("{\"time\":1,\"v\":".utf8)
            try withTemporaryFile(head + bytes, name: round % 2 == 0 ? "a.csv" : "a.ndjson") {
                path in
                var options = ImportOptions(table: "t")
                options.bufferByteCount = 50
                _ = try? Importer(options: options, target: MemoryTarget()).run(paths: [path])
            }
        }
    }
}

extension ImporterTests {
    static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xc9, 0xcc, 0x4d, 0xd5,
        0x29, 0xe3, 0x32, 0xd4, 0x31, 0xe4, 0x32, 0xd2, 0x31, 0xe2, 0x02, 0x00, 0x4b, 0xf1, 0x95,
        0xc0, 0x0f, 0x00, 0x00, 0x00,
    ]

    static let zstd: [UInt8] = [
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x79, 0x00, 0x00, 0x74, 0x69, 0x6d, 0x65, 0x2c, 0x76,
        0x0a, 0x31, 0x2c, 0x31, 0x0a, 0x32, 0x2c, 0x32, 0x0a, 0xf6, 0x79, 0x46, 0x44,
    ]
}

extension ImporterTests {
    /// Line numbers stay right far into a file, through lines within quotes and many buffers.
    @Test func lineNumbersFarIn() throws {
        var text = "time,v\n"
        for row in 0..<20_000 { text += row % 7 == 0 ? "\(row),\"a\nb\"\n" : "\(row),a\n" }
        text += "x,a\n"
        let line = text.utf8.count { $0 == 10 }
        for byteCount in [300, 5_000, 1 << 20] {
            let (report, _) = try run(text) { $0.bufferByteCount = byteCount }
            #expect(report.problems.map(\.line) == [line])
            #expect(report.storedCount == 20_000)
        }
    }
}
