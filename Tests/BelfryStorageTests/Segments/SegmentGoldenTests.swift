import BelfryCore
import Testing

@testable import BelfryStorage

/// The worked example of `formats/segment.md` is what the writer writes, byte for byte, and reads
/// as what it says.
struct SegmentGoldenTests {
    /// The segment of the example: two series, three rows, two columns of the same doubles.
    private static func example() throws -> (bytes: [UInt8], fixture: SegmentFixture) {
        var fixture = try SegmentFixture(options: StoreOptions())
        fixture.table = TableSchema(
            number: 1, version: 1, name: "air",
            columns: [
                ColumnSchema(number: 0, name: "time", type: .timestamptz, role: .time),
                ColumnSchema(number: 16, name: "station", type: .text, role: .tag),
                ColumnSchema(number: 17, name: "no2", type: .double, role: .field, unit: "µg/m³"),
                ColumnSchema(number: 18, name: "peak", type: .double, role: .field),
            ])
        let values = Vector(doubles: [20.5, 0, 21], validity: Validity([true, false, true]))
        let run = Run(
            table: 1, sequences: 5...6,
            extents: [Extent(series: 3, rowCount: 2), Extent(series: 4, rowCount: 1)],
            times: [
                1_700_000_000_000_000_000, 1_700_000_060_000_000_000, 1_700_000_000_000_000_000,
            ],
            kinds: .all(.merge),
            columns: [
                PointBatch.Column(number: 17, values: values),
                PointBatch.Column(number: 18, values: values),
            ], byteCount: 0)
        let summary = try #require(
            try Flush.write(
                [run], catalog: fixture.catalog, to: fixture.place,
                as: SegmentIdentity(fileID: 9, salt: 0x0123_4567_89ab_cdef),
                key: { (series) throws(StorageError) in
                    SeriesKey(table: 1, parts: [(16, Array("st-\(series)".utf8))])
                }))
        fixture.add(summary)
        let file = try fixture.fileSystem.open(FileNames.segment(9), .read)
        return (try file.read(at: 0, count: Int(file.byteCount())), fixture)
    }

    @Test func writerWritesTheExample() throws {
        let (_, fixture) = try Self.example()
        try PageExample.compare(
            FileNames.segment(9), in: fixture.fileSystem, with: "segment.md")
    }

    @Test func exampleReads() throws {
        let (_, fixture) = try Self.example()
        let reader = try fixture.segments[0].reader()
        try SegmentVerification.verify(reader)
        #expect(reader.footer.tables == [fixture.table])
        #expect(try reader.series().map(\.number) == [3, 4])
        #expect(
            try reader.series().map(\.key.bytes) == [
                [1, 16, 4] + Array("st-3".utf8), [1, 16, 4] + Array("st-4".utf8),
            ])
        let scan = try fixture.scan([0, 2])
        let batch = try #require(try scan.next())
        #expect(batch.extents == [Extent(series: 3, rowCount: 2), Extent(series: 4, rowCount: 1)])
        #expect(batch.vectors[1].value(0) == .double(20.5))
        #expect(batch.vectors[1].value(1) == .null)
        #expect(batch.vectors[1].value(2) == .double(21))
        #expect(try scan.next()?.rowCount == nil)
    }
}
