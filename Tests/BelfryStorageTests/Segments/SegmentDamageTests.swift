import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// A small segment cut at each byte, and with each byte changed: an error that names the place,
/// never a trap and never other rows.
struct SegmentDamageTests {
    private static func fixture() throws -> SegmentFixture {
        var options = StoreOptions()
        options.vectorsPerBlock = 1
        options.rowsPerVector = 8
        var fixture = try SegmentFixture(options: options)
        var rows: [ModelRow] = []
        for row in 0..<20 {
            rows.append(
                ModelRow(
                    series: 2, time: Int64(row) * 1_000_000_000, double: Double(row) / 10,
                    integer: row % 3 == 0 ? nil : Int64(row), text: row < 4 ? "ab" : nil))
        }
        for series in [UInt32(5), 6, 9] {
            rows.append(
                ModelRow(series: series, time: 77, kind: .replace, double: .nan, text: "x"))
        }
        fixture.write(rows)
        try fixture.flush()
        return fixture
    }

    private static func bytes(_ fixture: SegmentFixture) throws -> [UInt8] {
        let file = try fixture.fileSystem.open(fixture.segments[0].path, .read)
        return try file.read(at: 0, count: Int(file.byteCount()))
    }

    /// Opens and reads all of a file of these bytes.
    private static func verify(_ bytes: [UInt8], _ summary: SegmentSummary) throws {
        let fileSystem = MemoryFileSystem()
        let file = try fileSystem.open("x.seg", .create)
        try file.write(bytes, at: 0)
        let reader = try SegmentReader.open(
            summary, path: "x.seg", databaseID: [UInt8](repeating: 0xdb, count: 16),
            in: fileSystem)
        try SegmentVerification.verify(reader)
    }

    @Test func wholeFileVerifies() throws {
        let fixture = try Self.fixture()
        try Self.verify(Self.bytes(fixture), fixture.segments[0].summary)
    }

    @Test func everyTruncationIsRefused() throws {
        let fixture = try Self.fixture()
        let bytes = try Self.bytes(fixture)
        for count in bytes.indices {
            do {
                try Self.verify(Array(bytes[..<count]), fixture.segments[0].summary)
                Issue.record("cut to \(count) bytes, and nobody noticed")
            } catch let error as StorageError {
                #expect(error.code == .damaged)
                #expect(error.file == "x.seg")
            }
        }
    }

    @Test func everyChangedByteIsFound() throws {
        let fixture = try Self.fixture()
        let bytes = try Self.bytes(fixture)
        var random = SeededGenerator(seed: 4)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= UInt8.random(in: 1...255, using: &random)
            do {
                try Self.verify(changed, fixture.segments[0].summary)
                Issue.record("byte \(index) was changed, and nobody noticed")
            } catch let error as StorageError {
                #expect(error.code == .damaged)
                #expect(error.file == "x.seg")
            }
        }
    }

    /// A scan over a damaged strip names table, block and column; scans that do not touch it go
    /// on; once failed, a scan fails for good.
    @Test func damageNamesItsPlace() throws {
        let fixture = try Self.fixture()
        let summary = fixture.segments[0].summary
        let reader = try fixture.segments[0].reader()
        let header = try reader.header(0, nil)
        let place = try #require(header.strip(of: 17))
        let entry = reader.index.entries[0]
        let offset =
            entry.offset + UInt64(entry.headerByteCount + place.offset + place.byteCount - 9)
        let file = try fixture.fileSystem.open(fixture.segments[0].path, .update)
        let old = try file.read(at: offset, count: 1)
        try file.write([old[0] ^ 0x40], at: offset)

        var fresh = fixture
        fresh.segments = [SegmentHandle(summary, in: fixture.fileSystem)]
        let scan = try fresh.scan([0, 2])
        for _ in 0..<2 {
            do {
                while try scan.next() != nil {}
                Issue.record("the damage was not seen")
            } catch {
                #expect(error.code == .damaged)
                #expect(error.description.contains("readings"))
                #expect(error.description.contains("block 0"))
                #expect(error.description.contains("level"))
                #expect(error.description.contains("000000000001.seg"))
            }
        }
        let other = try fresh.scan([0, 3])
        var rowCount = 0
        while let batch = try other.next() { rowCount += batch.rowCount }
        #expect(rowCount == 23)
    }

    @Test func anotherFilesBytesAreRefused() throws {
        var fixture = try Self.fixture()
        fixture.write([ModelRow(series: 2, time: 5, double: 1)])
        try fixture.flush()
        let bytes = try Self.bytes(fixture)
        #expect(throws: StorageError.self) {
            try Self.verify(bytes, fixture.segments[1].summary)
        }
    }

    /// Bytes at random behind a valid beginning and end.
    @Test func garbageNeverTraps() throws {
        let fixture = try Self.fixture()
        let bytes = try Self.bytes(fixture)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            var garbage = (0..<Int.random(in: 0...600, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { garbage = Array(bytes[..<80]) + garbage }
            if Bool.random(using: &random) { garbage += bytes.suffix(32) }
            #expect(throws: StorageError.self) {
                try Self.verify(garbage, fixture.segments[0].summary)
            }
        }
    }
}
