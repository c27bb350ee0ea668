import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryStorage

/// The worked examples of `formats/README.md`, `log.md` and `manifest.md` are what a store writes,
/// byte for byte; and the golden store of version 0 is read as what it says.
struct FormatPageTests {
    private static var formats: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../formats")
            .standardized
    }

    /// The store of the examples: every random number is the same, one table, one write.
    private static func store(
        checkpointSeriesCount: Int = 4096
    ) throws -> (store: Store, fileSystem: SimulatedFileSystem) {
        let fileSystem = SimulatedFileSystem()
        var options = StoreOptions()
        options.checkpointSeriesCount = checkpointSeriesCount
        options.runsUpkeep = false
        let store = try Store.open(
            // A clock that nobody believes, so that no time stands in the manifest.
            fileSystem, options: options, clock: ManualClock(wall: Timestamp(nanoseconds: 0)),
            random: { 0x0123_4567_89ab_cdef })
        let table = try store.createTable(
            TableSchema(
                name: "air",
                columns: [
                    ColumnSchema(name: "time", type: .timestamptz, role: .time),
                    ColumnSchema(name: "station", type: .text, role: .tag),
                    ColumnSchema(name: "no2", type: .double, role: .field, unit: "µg/m³"),
                ]), ifNotExists: false)
        _ = try store.write(
            [
                PointBatch(
                    table: table,
                    keys: [3, 4].map { number in
                        SeriesKey(
                            table: table.number,
                            parts: [(table.columns[1].number, Array("st-\(number)".utf8))])
                    },
                    keyIndexes: [0, 0, 1],
                    times: [
                        1_700_000_000_000_000_000, 1_700_000_060_000_000_000,
                        1_700_000_000_000_000_000,
                    ],
                    columns: [
                        PointBatch.Column(
                            number: table.columns[2].number,
                            values: Vector(
                                doubles: [20.5, 0, 21], validity: Validity([true, false, true])))
                    ])
            ], rule: nil, isCounted: false)
        return (store, fileSystem)
    }

    @Test func identityIsTheExample() throws {
        let (_, fileSystem) = try Self.store()
        try PageExample.compare("IDENTITY", in: fileSystem, with: "README.md")
    }

    @Test func logIsTheExample() throws {
        let (store, fileSystem) = try Self.store()
        // Closing gives the reserved room back.
        try store.close()
        try PageExample.compare("log/000000000001.log", in: fileSystem, with: "log.md")
    }

    @Test func manifestIsTheExample() throws {
        let (store, fileSystem) = try Self.store()
        try store.flush()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        #expect(path == "MANIFEST-000000000003")
        #expect(bytes.count == 1024)
        // The second copy differs in its checksum alone.
        #expect(bytes[..<504] == Array(bytes[512..<1016])[...])
        try PageExample.compare(path, in: fileSystem, with: "manifest.md")
    }

    @Test func checkpointIsTheExample() throws {
        let (store, fileSystem) = try Self.store(checkpointSeriesCount: 1)
        try store.flush()
        try store.checkpointSeries(isClosing: true)
        try PageExample.compare("series/000000000001.idx", in: fileSystem, with: "series.md")
    }

    // MARK: The golden store

    private static func golden(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: formats.appending(path: "golden/version-0/\(path)")))
    }

    private static func goldenIdentity() throws -> StoreIdentity {
        try StoreIdentity.decode(golden("IDENTITY"), file: "IDENTITY")
    }

    @Test func goldenIdentityIsWrittenAgain() throws {
        #expect(try Self.goldenIdentity().encode() == Self.golden("IDENTITY"))
    }

    @Test(arguments: [10, 11])
    func goldenManifestIsRead(number: UInt64) throws {
        let bytes = try Self.golden(FileNames.manifest(number))
        let manifest = try ManifestFile.decode(
            Array(bytes[..<(bytes.count / 2)]), databaseID: Self.goldenIdentity().databaseID,
            offset: 0)
        #expect(manifest.number == number)
        #expect(manifest.catalog.tables.map(\.name) == ["readings", "events", "sites"])
        #expect(manifest.catalog.tables.allSatisfy { $0.nextColumn > $0.columns.count })
    }

    @Test func goldenLogIsWrittenAgain() throws {
        let path = "log/000000000004.log"
        let bytes = try Self.golden(path)
        let fileSystem = SimulatedFileSystem()
        fileSystem.put(bytes, at: path)
        var reader = try LogReader(
            path: path, databaseID: try Self.goldenIdentity().databaseID, in: fileSystem)
        var written = reader.header.encode()
        while let record = try reader.next() {
            let content = try LogRecord.decode(record.payload)
            var writer = RecordWriter(capacity: 0)
            for rows in content.points { writer.write(rows) }
            writer.write(content.series)
            // What it says of the log's sync stands in the header alone.
            var syncedThrough: UInt64 = 0
            for index in 0..<8 {
                syncedThrough |= UInt64(bytes[written.count + 24 + index]) << UInt64(8 * index)
            }
            written += writer.seal(
                sequence: record.sequence, syncedThrough: syncedThrough, salt: reader.header.salt,
                offset: UInt64(written.count))
        }
        #expect(try reader.end() == .clean)
        #expect(written.count > LogFormat.fileHeaderByteCount)
        #expect(written == Array(bytes[..<written.count]))
    }
}
