import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs
@testable import BelfryStorage

/// `inspect` on what a plain store of one flush has not: checkpoints, small files, every section of
/// a manifest, deletions in every kind of file, strips of the COLD tier.
struct InspectionPartTests {
    private static func lines(
        _ path: String, _ fileSystem: any FileSystem, isBrief: Bool = false
    ) throws -> (lines: [String], problemCount: Int) {
        var options = InspectionOptions()
        options.isBrief = isBrief
        return try PageExample.listing(path, in: fileSystem, options)
    }

    private static func has(_ lines: [String], _ text: String) -> Bool {
        lines.contains { $0.contains(text) }
    }

    /// Thirty series in a segment and a checkpoint, deletions of all and of some series.
    private static func store() throws -> (Store, SimulatedFileSystem) {
        let fileSystem = SimulatedFileSystem()
        var options = DeleteTests.options
        options.checkpointSeriesCount = 1
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try DeleteTests.write(
            store, table,
            (0..<30).map { StoreRow(sensor: $0, time: Int64($0) * DeleteTests.day, count: 1) })
        try store.flush()
        try store.checkpointSeries(isClosing: true)
        try store.delete(RangeDeletion(table: table, times: DeleteTests.days(3..<5)))
        return (store, fileSystem)
    }

    @Test func checkpointsAreListedAndEveryChangedByteIsAProblem() throws {
        let (store, fileSystem) = try Self.store()
        try store.close()
        let path = try #require(fileSystem.paths.first { $0.hasSuffix(".idx") })
        let bytes = try #require(fileSystem.bytes(path))
        for isBrief in [true, false] {
            let (lines, problemCount) = try Self.lines(path, fileSystem, isBrief: isBrief)
            #expect(problemCount == 0)
            #expect(Self.has(lines, "30 series"))
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x21
            fileSystem.put(changed, at: path)
            #expect(try Self.lines(path, fileSystem, isBrief: true).problemCount > 0)
            fileSystem.put(Array(bytes[..<index]), at: path)
            #expect(try Self.lines(path, fileSystem, isBrief: true).problemCount > 0)
        }
        // What no field shows, the engine's own reader refuses: a number past all others.
        var forged = bytes
        forged[10] = 41
        ChecksumRepair.series(&forged)
        fileSystem.put(forged, at: path)
        #expect(try Self.lines(path, fileSystem).problemCount == 1)
    }

    @Test func smallFilesAreToldInASentence() throws {
        let fileSystem = SimulatedFileSystem()
        fileSystem.put([UInt8](repeating: 0, count: 5000), at: "RESERVE")
        fileSystem.put(Array("process 7 on hill\n".utf8), at: "LOCK")
        fileSystem.put(Array("log/1.log: no one's\n".utf8), at: "quarantine/MANIFEST-1.seg-3.why")
        let backup = BackupFile(
            databaseID: [UInt8](repeating: 3, count: 16), salt: 9, manifestNumber: 4,
            sequence: 77, time: Timestamp(nanoseconds: 1_700_000_000_000_000_000)
        ).encode()
        for name in ["BACKUP", "RESTORE"] { fileSystem.put(backup, at: name) }
        for (path, text) in [
            ("RESERVE", "5000 bytes"), ("LOCK", "process 7 on hill"),
            ("quarantine/MANIFEST-1.seg-3.why", "log/1.log: no one's"),
            ("BACKUP", "all writes up to 77"), ("RESTORE", "2023-11-14"),
        ] {
            for isBrief in [true, false] {
                let (lines, problemCount) = try Self.lines(path, fileSystem, isBrief: isBrief)
                #expect(problemCount == 0 && Self.has(lines, text), "\(path): \(lines)")
            }
        }
        fileSystem.put([], at: "LOCK")
        #expect(try Self.lines("LOCK", fileSystem).problemCount == 0)
        for index in backup.indices {
            var changed = backup
            changed[index] ^= 0x10
            fileSystem.put(changed, at: "BACKUP")
            #expect(try Self.lines("BACKUP", fileSystem).problemCount > 0)
        }
        fileSystem.put(backup + [0], at: "BACKUP")
        #expect(try Self.lines("BACKUP", fileSystem).problemCount == 1)
    }

    @Test func deletionsAreListedInLogManifestAndFooter() throws {
        let (store, fileSystem) = try Self.store()
        let log = try #require(fileSystem.paths.last { $0.hasPrefix("log/") })
        let inLog = try Self.lines(log, fileSystem)
        #expect(inLog.problemCount == 0)
        try store.flush()
        let manifest = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let inManifest = try Self.lines(manifest, fileSystem)
        #expect(inManifest.problemCount == 0)
        #expect(Self.has(inManifest.lines, ": tombstones"))
        for lines in [inLog.lines, inManifest.lines] {
            #expect(Self.has(lines, "times from 1970-01-04 00:00:00+00 to before 1970-01-06"))
            #expect(Self.has(lines, "all series"))
        }
        // A footer has what compaction applied, where others are still under it.
        for path in fileSystem.paths where path.hasSuffix(".seg") {
            #expect(try Self.lines(path, fileSystem).problemCount == 0)
        }
    }

    /// A manifest whose last field, "0 sections", is replaced.
    private static func manifest(_ sections: [(number: Int, content: [UInt8])]) throws -> [UInt8] {
        let (store, fileSystem) = try store()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        var plain = try ManifestFile.decode(
            Array(bytes[..<(bytes.count / 2)]), databaseID: store.identity.databaseID, offset: 0)
        plain.lastPlausibleClock = 0
        plain.tombstones = []
        for index in plain.segments.indices { plain.segments[index].writtenAt = nil }
        var file = ManifestFile.encode(plain, databaseID: store.identity.databaseID, salt: 3)
        let half = file.count / 2
        var writer = ByteWriter(capacity: 100)
        writer.writeCount(sections.count)
        for section in sections {
            writer.writeCount(section.number)
            writer.writeCountedBytes(section.content)
        }
        for start in [0, half] {
            let end = start + 40 + Int(file.littleEndian(at: start + 12, 4)) - 1
            file.replaceSubrange(end..<(end + writer.count), with: writer.bytes)
            file[start + 12] &+= UInt8(writer.count - 1)
        }
        ChecksumRepair.manifest(&file)
        return file
    }

    @Test func everySectionOfAManifestIsListed() throws {
        var tombstones = ByteWriter(capacity: 64)
        tombstones.writeCount(1)
        Tombstone(
            table: 1, series: SeriesSet(ascending: [2, 9]),
            times: TimeRange(start: Timestamp(nanoseconds: 0), end: Timestamp(nanoseconds: 5)),
            sequence: 1
        ).write(to: &tombstones)
        var clock = ByteWriter(capacity: 8)
        clock.writeInt64(1_700_000_000_000_000_000)
        let known: [(number: Int, content: [UInt8])] = [
            (1, tombstones.bytes), (2, clock.bytes), (3, [1, 1, 1]), (128, [1, 1]),
            (129, [1, 1, 60]),
        ]
        let fileSystem = SimulatedFileSystem()
        func listed(
            _ sections: [(number: Int, content: [UInt8])], isBrief: Bool = false
        ) throws -> (lines: [String], problemCount: Int) {
            fileSystem.put(try Self.manifest(sections), at: "MANIFEST-1")
            return try Self.lines("MANIFEST-1", fileSystem, isBrief: isBrief)
        }
        let all = try listed(known + [(200, [5, 6, 7])])
        #expect(all.problemCount == 0)
        for text in [
            "6 sections", ": tombstones", "2 series: 2, 9", "last plausible clock 2023-11-14",
            "file 1 has those up to sequence 1", "1 segment: files 1",
            "file 1, written by 1970-01-01 00:01:00",
            "section 200 of 3 bytes: of a later version, to be passed over",
        ] { #expect(Self.has(all.lines, text), "\(text)") }
        let brief = try listed(known, isBrief: true)
        #expect(brief.problemCount == 0)
        #expect(Self.has(brief.lines, "in the COLD tier: files 1"))
        // Once in either copy: what the engine's reader refuses.
        for wrong: [(number: Int, content: [UInt8])] in [
            [(9, [1])], [(2, [1, 2])], [(3, [1, 1, 1, 0])], [(128, [1, 1, 1])], [(128, [7])],
            [(2, clock.bytes), (1, tombstones.bytes)], [(3, [1, 1, 100])],
        ] {
            let found = try listed(wrong)
            #expect(found.problemCount > 0 && Self.has(found.lines, "!!!!"), "\(wrong)")
        }
    }

    /// Every byte of a strip has one field, and nothing is left over for "the rest".
    @Test func stripsOfEveryTierAreToldFieldByField() throws {
        var coldCount = 0
        for sample in StripSeeds.Sample.allCases {
            for (isCold, hasGaps) in [(true, true), (true, false), (false, true), (false, false)] {
                let (values, bytes) = StripSeeds.strip(sample, isCold: isCold, hasGaps: hasGaps)
                let directory = try StripDirectory(
                    bytes: bytes, kind: values.kind, rowCount: values.count, salt: 0, offset: 0)
                let fields = directory.fields(bytes, values.kind)
                var next = 0
                for field in fields {
                    #expect(field.range.lowerBound == next)
                    next = field.range.upperBound
                    #expect(field.comment != "directory" && field.comment != "payload")
                }
                #expect(next == bytes.count)
                let isTold = fields.contains { $0.comment.contains("COLD") }
                #expect(isTold == (directory.tokens != nil))
                coldCount += isTold ? 1 : 0
                if isTold {
                    #expect(fields.contains { $0.comment.contains("bytes of tokens") })
                }
                let words = directory.codecs(values.kind)
                if sample == .corrected { #expect(words.contains("corrected")) }
                if sample == .thirds { #expect(words.contains("dictionary of")) }
            }
        }
        #expect(coldCount >= 6)
    }
}
