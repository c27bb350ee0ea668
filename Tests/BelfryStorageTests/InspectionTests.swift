import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// `inspect` on files of every kind, whole and damaged: it tells what is there, never traps, and
/// overlooks nothing.
struct InspectionTests {
    /// A store with a segment of two blocks, a log of two records and a manifest.
    private static func written() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 20
        options.runsUpkeep = false
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 31)
        for index in 0..<3 {
            _ = try store.write(
                [ModelTable.batch(generator.storeRows(12), table: table)], rule: nil,
                isCounted: false)
            if index == 0 { try store.flush() }
        }
        try store.close()
        return fileSystem
    }

    private static let kinds = ["IDENTITY", "MANIFEST-", "log/", "segments/"]

    private static func path(_ kind: String, _ fileSystem: SimulatedFileSystem) throws -> String {
        try #require(fileSystem.paths.last { $0.hasPrefix(kind) })
    }

    private static func problems(
        _ bytes: [UInt8], _ path: String, _ fileSystem: SimulatedFileSystem
    ) throws -> Int {
        fileSystem.put(bytes, at: path)
        var options = InspectionOptions()
        options.isBrief = true
        let count = try PageExample.listing(path, in: fileSystem, options).problemCount
        // Every field takes longer; the walk is the same.
        if bytes.count % 8 != 0 && count > 0 { return count }
        options.isBrief = false
        #expect(try PageExample.listing(path, in: fileSystem, options).problemCount == count)
        return count
    }

    @Test(arguments: kinds)
    func wholeFilesHaveNoProblem(kind: String) throws {
        let fileSystem = try Self.written()
        let path = try Self.path(kind, fileSystem)
        let bytes = try #require(fileSystem.bytes(path))
        #expect(try Self.problems(bytes, path, fileSystem) == 0)
    }

    /// Every byte of a file is shown, but for runs of zeros and the copy of a manifest.
    @Test(arguments: ["IDENTITY", "log/", "segments/"])
    func everyByteIsListed(kind: String) throws {
        let fileSystem = try Self.written()
        let path = try Self.path(kind, fileSystem)
        let bytes = try #require(fileSystem.bytes(path))
        var options = InspectionOptions()
        options.byteLimit = .max
        options.isBrief = false
        var listed: [UInt8] = []
        for line in try PageExample.listing(path, in: fileSystem, options).lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let offset = Int(parts[0], radix: 16) else { continue }
            while listed.count < offset { listed.append(0) }
            for pair in parts[1].dropFirst().prefix(47).split(separator: " ") {
                if let byte = UInt8(pair, radix: 16), pair.count == 2 { listed.append(byte) }
            }
        }
        while listed.count < bytes.count { listed.append(0) }
        #expect(listed == bytes)
    }

    @Test(arguments: kinds)
    func everyChangedByteIsAProblem(kind: String) throws {
        let fileSystem = try Self.written()
        let path = try Self.path(kind, fileSystem)
        let bytes = try #require(fileSystem.bytes(path))
        var random = SeededGenerator(seed: 32)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= UInt8.random(in: 1...255, using: &random)
            fileSystem.put(changed, at: path)
            var options = InspectionOptions()
            options.isBrief = index % 16 != 0
            #expect(
                try PageExample.listing(path, in: fileSystem, options).problemCount > 0,
                "byte \(index)")
        }
    }

    @Test(arguments: kinds)
    func everyTruncationIsListed(kind: String) throws {
        let fileSystem = try Self.written()
        let path = try Self.path(kind, fileSystem)
        let bytes = try #require(fileSystem.bytes(path))
        for count in bytes.indices {
            let problems = try Self.problems(Array(bytes[..<count]), path, fileSystem)
            // A log may end behind any record.
            if kind != "log/" { #expect(problems > 0, "cut to \(count) bytes") }
        }
    }

    /// What stands before the cut is told all the same.
    @Test func aCutSegmentTellsItsBlocks() throws {
        let fileSystem = try Self.written()
        let path = try Self.path("segments/", fileSystem)
        let bytes = try #require(fileSystem.bytes(path))
        var options = InspectionOptions()
        options.isBrief = true
        let whole = try PageExample.listing(path, in: fileSystem, options).lines
        fileSystem.put(Array(bytes.dropLast(5)), at: path)
        let cut = try PageExample.listing(path, in: fileSystem, options).lines
        func blocks(_ lines: [String]) -> Int {
            lines.count { $0.contains(": block ") && $0.contains(" rows, ") }
        }
        #expect(blocks(whole) > 1)
        #expect(blocks(cut) == blocks(whole))
        #expect(cut.contains { $0.contains("footer") || $0.contains("Footer") })
    }

    @Test func oneBlockAlone() throws {
        let fileSystem = try Self.written()
        let path = try Self.path("segments/", fileSystem)
        var options = InspectionOptions()
        options.block = 1
        let (lines, problemCount) = try PageExample.listing(path, in: fileSystem, options)
        #expect(problemCount == 0)
        #expect(lines.contains("Block 1: header"))
        #expect(!lines.contains("Block 0: header"))
        #expect(!lines.contains("Footer"))
        options.block = 1000
        #expect(try PageExample.listing(path, in: fileSystem, options).problemCount == 1)
    }

    /// The record behind damaged bytes is found and listed.
    @Test func aLogGoesOnBehindDamage() throws {
        let fileSystem = try Self.written()
        let path = try Self.path("log/", fileSystem)
        var bytes = try #require(fileSystem.bytes(path))
        bytes[120] ^= 1
        fileSystem.put(bytes, at: path)
        var options = InspectionOptions()
        options.isBrief = true
        let (lines, problemCount) = try PageExample.listing(path, in: fileSystem, options)
        #expect(problemCount == 1)
        #expect(lines.last == "1 whole record")
    }

    @Test("Case 26: inspect on garbage of every kind ends with a problem, and never traps")
    func garbage() throws {
        let fileSystem = SimulatedFileSystem()
        var random = SeededGenerator(seed: 33)
        let magics = [
            StoreIdentity.magic, ManifestFile.magic, LogFormat.magic, SegmentFormat.magicBytes, [],
        ]
        for magic in magics {
            for _ in 0..<60 {
                let count = Int.random(in: 0...3000, using: &random)
                var bytes = magic
                for _ in 0..<count { bytes.append(UInt8.random(in: 0...255, using: &random)) }
                #expect(try Self.problems(bytes, "x", fileSystem) > 0)
            }
        }
    }
}
