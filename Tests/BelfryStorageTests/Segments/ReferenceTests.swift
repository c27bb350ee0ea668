import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryCodecs
@testable import BelfryStorage

/// Strips that are stored once: columns that equal an earlier one, and times that several series
/// share.
struct ReferenceTests {
    typealias Place = BlockHeader.StripPlace

    /// Tables of some columns of doubles, whole numbers and texts over rows of some series.
    struct Rows {
        var series: [UInt32] = []
        var times: [Int64] = []
        var columns: [Vector] = []

        func run(sequence: UInt64) -> Run {
            var extents: [Extent] = []
            for series in series {
                if extents.last?.series == series {
                    extents[extents.count - 1].rowCount += 1
                } else {
                    extents.append(Extent(series: series, rowCount: 1))
                }
            }
            return Run(
                table: 7, sequences: sequence...sequence, extents: extents, times: times,
                kinds: .all(.merge),
                columns: columns.enumerated().map {
                    PointBatch.Column(number: UInt32(17 + $0.offset), values: $0.element)
                }, byteCount: times.count * 32)
        }
    }

    static func fixture(_ types: [DataType], rowsPerVector: Int = 8) throws -> SegmentFixture {
        var options = StoreOptions()
        options.rowsPerVector = rowsPerVector
        options.vectorsPerBlock = 4
        var fixture = try SegmentFixture(options: options)
        fixture.table.columns.removeLast(3)
        for (index, type) in types.enumerated() {
            fixture.table.columns.append(
                ColumnSchema(
                    number: UInt32(17 + index), name: "c\(17 + index)", type: type, role: .field))
        }
        fixture.table.nextColumn = UInt32(17 + types.count)
        return fixture
    }

    static func flush(_ rows: Rows, _ fixture: inout SegmentFixture) throws -> SegmentReader {
        fixture.runs.append(rows.run(sequence: fixture.nextSequence))
        fixture.nextSequence += 1
        try fixture.flush()
        return try #require(fixture.segments.last).reader()
    }

    static func bytes(_ fixture: SegmentFixture) throws -> [UInt8] {
        try fixture.fileSystem.readAll(#require(fixture.segments.last).path)
    }

    /// All times and values of a scan, in order.
    static func scanned(_ fixture: SegmentFixture) throws -> Rows {
        let fields = fixture.table.fieldIndexes
        var builders = fields.map { VectorBuilder(fixture.table.columns[$0].type) }
        var rows = Rows()
        let scan = try fixture.scan([0] + fields)
        while let batch = try scan.next() {
            for extent in batch.extents {
                rows.series += [UInt32](repeating: extent.series, count: extent.rowCount)
            }
            for row in 0..<batch.rowCount {
                if case .timestamptz(let time) = batch.vectors[0].value(row) {
                    rows.times.append(time.nanoseconds)
                }
                for index in fields.indices {
                    builders[index].append(batch.vectors[1 + index].value(row))
                }
            }
        }
        for index in builders.indices { rows.columns.append(builders[index].finish()) }
        return rows
    }

    static func expectSame(_ found: Rows, _ expected: Rows) {
        #expect(found.series == expected.series)
        #expect(found.times == expected.times)
        for (found, expected) in zip(found.columns, expected.columns) {
            #expect(found.count == expected.count)
            for row in 0..<min(found.count, expected.count) {
                let (one, other) = (found.value(row), expected.value(row))
                if case (.double(let one), .double(let other)) = (one, other) {
                    #expect(one.bitPattern == other.bitPattern)
                } else {
                    #expect(one == other)
                }
            }
        }
    }

    // MARK: Columns

    @Test("A column that equals an earlier one is stored once, in every kind")
    func equalColumns() throws {
        var random = SeededGenerator(seed: 370)
        let doubles = (0..<20).map { _ in
            Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
        }
        let validity = Validity((0..<20).map { $0 % 3 != 1 })
        let integers = (0..<20).map { Int64($0 * $0 % 7) }
        let texts = (0..<20).map { "text \($0 % 5)" }
        func texted(_ texts: [String]) -> Vector {
            var builder = VectorBuilder(.text)
            for text in texts { builder.append(.text(text)) }
            return builder.finish()
        }
        var rows = Rows()
        rows.series = [UInt32](repeating: 3, count: 20)
        rows.times = (0..<20).map { 1_000 + Int64($0) * 10 + Int64($0 * $0 % 7) }
        rows.columns = [
            Vector(doubles: doubles, validity: validity),
            Vector(.bigint, .integers(integers), validity: Validity(words: nil)),
            texted(texts),
            Vector(doubles: doubles, validity: validity),
            Vector(.bigint, .integers(integers), validity: Validity(words: nil)),
            texted(texts),
            // The same but for the last row.
            Vector(
                .bigint, .integers(integers.dropLast() + [99]), validity: Validity(words: nil)),
            Vector(doubles: doubles, validity: Validity(words: nil)),
            Vector(.bigint, .integers(rows.times), validity: Validity(words: nil)),
        ]
        var fixture = try Self.fixture([
            .double, .bigint, .text, .double, .bigint, .text, .bigint, .double, .bigint,
        ])
        let reader = try Self.flush(rows, &fixture)
        let header = try reader.header(0, nil)
        let references = header.strips.map(\.reference)
        #expect(
            references == [
                nil, nil, nil, nil, .column(17), .column(18), .column(19), nil, nil, .column(0),
            ])
        try SegmentVerification.verify(reader)
        Self.expectSame(try Self.scanned(fixture), rows)

        var options = InspectionOptions()
        options.isBrief = true
        let listing = try PageExample.listing(
            #require(fixture.segments.first).path, in: fixture.fileSystem, options)
        #expect(listing.problemCount == 0)
        let text = listing.lines.joined(separator: "\n")
        #expect(text.contains("as column 17 c17"))
        #expect(text.contains("as column 0 time"))
    }

    @Test("Damage in a strip that two columns share is told of both")
    func damageOfShared() throws {
        var rows = Rows()
        rows.series = [UInt32](repeating: 3, count: 9)
        rows.times = (0..<9).map { Int64($0 * $0) }
        let values = Vector(
            doubles: (0..<9).map { Double($0 * $0 % 5) }, validity: Validity(words: nil))
        rows.columns = [values, values]
        var fixture = try Self.fixture([.double, .double])
        let reader = try Self.flush(rows, &fixture)
        let header = try reader.header(0, nil)
        let place = try #require(header.strip(of: 17))
        let entry = reader.index.entries[0]
        let path = try #require(fixture.segments.first).path
        let offset = entry.offset + UInt64(entry.headerByteCount + place.offset + 12)
        let file = try fixture.fileSystem.open(path, .update)
        try file.write([try file.read(at: offset, count: 1)[0] ^ 1], at: offset)
        var bytesRead = 0
        let error = try #require(throws: StorageError.self) {
            _ = try reader.strip(0, column: 18, nil, bytesRead: &bytesRead)
        }
        for part in ["block 0", "column c18", "stored as column c17", "byte"] {
            #expect(error.description.contains(part), "\(error.description)")
        }
    }

    // MARK: Times

    /// Eight series: six on one axis, the fourth on another, the last one row longer.
    private static func sharedAxis() -> Rows {
        var random = SeededGenerator(seed: 371)
        let axis = (0..<24).map { Int64($0) * 1_000 + Int64.random(in: 0..<50, using: &random) }
        let other = axis.map { $0 + 7 * ($0 % 3) }
        var rows = Rows()
        for series in UInt32(1)...8 {
            var times = series == 4 ? other : axis
            if series == 8 { times.append(100_000) }
            rows.times += times
            rows.series += [UInt32](repeating: series, count: times.count)
        }
        rows.columns = [
            Vector(
                doubles: rows.times.map { _ in
                    Double.random(in: 0...9, using: &random)
                }, validity: Validity(words: nil))
        ]
        return rows
    }

    @Test("Series on one time axis store it once a segment")
    func sharedTimes() throws {
        let rows = Self.sharedAxis()
        var fixture = try Self.fixture([.double])
        let reader = try Self.flush(rows, &fixture)
        let references = try reader.index.entries.indices.map {
            try reader.header($0, nil).strips[0].reference
        }
        #expect(
            references == [
                nil, .earlierBlock(distance: 1), .earlierBlock(distance: 2), nil,
                .earlierBlock(distance: 4), .earlierBlock(distance: 5), .earlierBlock(distance: 6),
                nil,
            ])
        try SegmentVerification.verify(reader)
        Self.expectSame(try Self.scanned(fixture), rows)

        // Through the cache the axis is read once.
        let cache = BlockCache(byteCountLimit: 1 << 20)
        var bytesRead = 0
        for block in [5, 1, 0, 6] {
            let strip = try #require(
                try reader.strip(block, column: 0, cache, bytesRead: &bytesRead))
            #expect(try strip.decodeIntegers(0) == Array(rows.times[..<24]))
        }
        #expect(bytesRead == (try reader.header(0, nil).strips[0].byteCount))

        var options = InspectionOptions()
        options.isBrief = true
        let listing = try PageExample.listing(
            #require(fixture.segments.first).path, in: fixture.fileSystem, options)
        #expect(listing.problemCount == 0)
        #expect(listing.lines.contains { $0.contains("as the time strip of block 0") })

        // A reader without the block that has the axis still reads the others.
        let partial = reader.without([0, 4])
        for block in partial.index.entries.indices {
            let strip = try #require(
                try partial.strip(block, column: 0, nil, bytesRead: &bytesRead))
            let times = try strip.decodeIntegers(0)
            #expect(times.count == partial.index.entries[block].rowCount)
        }
    }

    @Test("A damaged shared axis is told of every block that has it")
    func damageOfAxis() throws {
        var fixture = try Self.fixture([.double])
        let reader = try Self.flush(Self.sharedAxis(), &fixture)
        let entry = reader.index.entries[0]
        let path = try #require(fixture.segments.first).path
        let offset = entry.offset + UInt64(entry.headerByteCount + 20)
        let file = try fixture.fileSystem.open(path, .update)
        try file.write([try file.read(at: offset, count: 1)[0] ^ 1], at: offset)
        var failed: [Int] = []
        for block in reader.index.entries.indices {
            do throws(StorageError) {
                try SegmentVerification.verify(block, reader)
            } catch {
                failed.append(block)
                #expect(error.description.contains("block \(block)"))
                if block > 0 { #expect(error.description.contains("stored in block 0")) }
            }
        }
        #expect(failed == [0, 1, 2, 4, 5, 6])
    }

    // MARK: Forged headers

    private static func header(_ strips: [[UInt8]], rows: UInt64 = 4) -> [UInt8] {
        var writer = ByteWriter()
        for number: UInt64 in [7, rows] { writer.writeVarint(number) }
        writer.writeInt64(0)
        writer.writeInt64(10)
        for number: UInt64 in [1, 0, 1, 1, rows] { writer.writeVarint(number) }
        writer.writeCount(strips.count)
        for strip in strips { writer.writeBytes(strip) }
        SealedBytes.seal(&writer, salt: 1, offset: 80)
        return writer.bytes
    }

    private static func decode(
        _ strips: [[UInt8]], stripByteCount: Int
    ) throws(FormatError) -> BlockHeader {
        try BlockHeader.decode(
            header(strips), salt: 1, offset: 80, stripByteCount: stripByteCount)
    }

    @Test("Forged references are refused with the column's number")
    func forgedHeaders() throws {
        let time: [UInt8] = [0, 0, 40, 4]
        let right = try Self.decode([time, [17, 1, 30, 3], [1, 0x11, 1]], stripByteCount: 70)
        #expect(right.strips[2].reference == .column(17))
        #expect(right.strips[2].valueCount == 3)
        #expect(
            right.encoded().bytes
                == Self.header([time, [17, 1, 30, 3], [1, 0x11, 1]]).dropLast(8))
        let times = try Self.decode([[0, 0x20, 3], [17, 1, 30, 3]], stripByteCount: 30)
        #expect(times.strips[0].reference == .earlierBlock(distance: 3))
        #expect(times.strips[0].valueCount == 4)
        let wrong: [(what: String, strips: [[UInt8]], byteCount: Int)] = [
            ("to itself", [time, [17, 1, 30, 3], [1, 0x11, 0]], 70),
            ("to a column that is not there", [time, [17, 1, 30, 3], [1, 0x11, 2]], 70),
            (
                "forward, past 64 bits",
                [time, [17, 0x11] + [UInt8](repeating: 255, count: 9) + [1]], 40
            ),
            ("before the first", [time, [17, 0x11, 18]], 40),
            ("to another kind", [time, [17, 1, 30, 3], [1, 0x10, 1]], 70),
            ("to a reference", [time, [17, 1, 30, 3], [1, 0x11, 1], [1, 0x11, 1]], 70),
            ("to a reference to a block", [[0, 0x20, 1], [17, 0x10, 17]], 0),
            ("a field to a block", [time, [17, 0x20, 1]], 40),
            ("no distance", [[0, 0x20, 0]], 0),
            ("times of doubles", [[0, 0x21, 1]], 0),
            ("both flags", [[0, 0x30, 1]], 0),
            ("an unknown flag", [time, [17, 0x81, 30, 3]], 70),
            ("a kind that is none", [time, [17, 4, 30, 3]], 70),
            ("the first column to a column", [[0, 0x10, 1]], 0),
        ]
        for forged in wrong {
            let error = #expect(throws: FormatError.self, "\(forged.what)") {
                try Self.decode(forged.strips, stripByteCount: forged.byteCount)
            }
            #expect(error?.message.contains("column") == true || forged.strips.count == 1)
        }
    }

    /// The bytes in `formats/segment.md` are the header's of these strips.
    @Test func documentedStrips() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../formats/segment.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "In bytes, column number step"))
        let block = text[start.upperBound...].components(separatedBy: "```")[1]
        let strips = block.split(separator: "\n").map { line in
            line.prefix(30).split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
        let header = try Self.decode(strips, stripByteCount: 39)
        #expect(header.strips.map(\.column) == [0, 17, 18, 19])
        #expect(
            header.strips.map(\.reference) == [.earlierBlock(distance: 3), nil, .column(17), nil])
        #expect(header.strips.map(\.source) == [nil, nil, nil, 17])
        #expect(header.strips.map(\.byteCount) == [0, 30, 0, 9])
        #expect(header.strips.map(\.offset) == [0, 0, 30, 30])
        #expect(header.encoded().bytes == Self.header(strips).dropLast(8))
    }

    /// Replaces the header of a block by one whose time strip has another distance.
    private static func forge(
        _ block: Int, distance: Int, in bytes: [UInt8], _ reader: SegmentReader
    ) throws -> [UInt8] {
        let entry = reader.index.entries[block]
        var header = try reader.header(block, nil)
        header.strips[0].reference = .earlierBlock(distance: distance)
        var writer = header.encoded()
        SealedBytes.seal(&writer, salt: reader.salt, offset: entry.offset)
        #expect(writer.count == entry.headerByteCount)
        var forged = bytes
        let start = Int(entry.offset)
        forged.replaceSubrange(start..<(start + writer.count), with: writer.bytes)
        return forged
    }

    @Test("References to blocks that cannot be meant are refused, block and column named")
    func forgedDistances() throws {
        var fixture = try Self.fixture([.double])
        var rows = Self.sharedAxis()
        // A ninth series on the axis, behind the longer one.
        rows.times += rows.times[..<24]
        rows.series += [UInt32](repeating: 9, count: 24)
        rows.columns = [
            Vector(doubles: rows.times.map { Double($0 % 10) }, validity: Validity(words: nil))
        ]
        let reader = try Self.flush(rows, &fixture)
        let bytes = try Self.bytes(fixture)
        let summary = try #require(fixture.segments.first).summary
        // Block 8 refers to block 0, eight before it.
        let cases = [
            (9, "not there"), (100, "not there"), (1, "another row count"), (2, "none of its own"),
        ]
        for (distance, part) in cases {
            let fileSystem = MemoryFileSystem()
            try fileSystem.open("x.seg", .create).write(
                Self.forge(8, distance: distance, in: bytes, reader), at: 0)
            let forged = try SegmentReader.open(
                summary, path: "x.seg", databaseID: nil, in: fileSystem)
            let error = try #require(throws: StorageError.self) {
                try SegmentVerification.verify(8, forged)
            }
            for part in [part, "block 8", "column time"] {
                #expect(error.description.contains(part), "\(error.description)")
            }
            // Whole but for that block.
            try SegmentVerification.verify(7, forged)
        }
        // Another axis of the same length is bytes that are right and times that are not.
        let fileSystem = MemoryFileSystem()
        try fileSystem.open("x.seg", .create).write(
            Self.forge(8, distance: 5, in: bytes, reader), at: 0)
        let forged = try SegmentReader.open(
            summary, path: "x.seg", databaseID: nil, in: fileSystem)
        #expect(throws: StorageError.self) { try SegmentVerification.verify(8, forged) }
    }

    // MARK: Maps

    /// Speeds that follow from times, statuses from speeds, in two series; compacted.
    private static func mapped(
        rowCount: Int = 3_000
    ) throws -> (fixture: SegmentFixture, rows: Rows) {
        var random = SeededGenerator(seed: 375)
        var fixture = try Self.fixture([.double, .double, .text, .double], rowsPerVector: 256)
        fixture.options.vectorsPerBlock = 16
        var rows = Rows()
        var (seconds, speeds): ([Double], [Double]) = ([], [])
        var states = VectorBuilder(.text)
        for series in UInt32(1)...2 {
            for row in 0..<rowCount {
                rows.series.append(series)
                // The second series has the times of the first.
                rows.times.append(
                    series == 2
                        ? rows.times[row]
                        : Int64(row) * 300 + Int64.random(in: 0..<9, using: &random))
                let time = Int.random(in: 30...400, using: &random) * Int(series)
                let isMisfit = Int.random(in: 0..<300, using: &random) == 0
                seconds.append(Double(time))
                speeds.append(isMisfit ? 3 : (36_000 / Double(time)).rounded() / 10)
                states.append(.text(time < 60 ? "free" : time < 200 ? "dense" : "jam"))
            }
        }
        let gaps = Validity((0..<(2 * rowCount)).map { $0 % 41 != 3 })
        rows.columns = [
            Vector(doubles: seconds), Vector(doubles: speeds, validity: gaps), states.finish(),
            Vector(doubles: speeds, validity: gaps),
        ]
        let reader = try Self.flush(rows, &fixture)
        // A flush does without.
        for block in reader.index.entries.indices {
            #expect(try reader.header(block, nil).strips.allSatisfy { $0.source == nil })
        }
        while try fixture.compact(isFinal: true) {}
        return (fixture, rows)
    }

    /// A segment with references of both kinds and maps.
    static func seed() throws -> [UInt8] {
        let (fixture, _) = try mapped(rowCount: 300)
        let reader = try #require(fixture.segments.first).reader()
        let strips = try reader.index.entries.indices.flatMap {
            try reader.header($0, nil).strips
        }
        #expect(strips.contains { $0.source != nil })
        #expect(strips.contains { $0.reference == .earlierBlock(distance: 1) })
        #expect(strips.contains { $0.reference == .column(18) })
        return try bytes(fixture)
    }

    @Test("A column that is a function of another is mapped from it by compaction")
    func maps() throws {
        let (fixture, rows) = try Self.mapped()
        Self.expectSame(try Self.scanned(fixture), rows)
        let reader = try #require(fixture.segments.first).reader()
        try SegmentVerification.verify(reader)
        for block in reader.index.entries.indices {
            let header = try reader.header(block, nil)
            #expect(header.strip(of: 18)?.source == 17)
            #expect(header.strip(of: 19)?.source == 17)
            #expect(header.strip(of: 20)?.reference == .column(18))
            let sizes = header.strips.map(\.byteCount)
            #expect(sizes[2] * 3 < sizes[1] && sizes[3] * 3 < sizes[1], "\(sizes)")
        }
        // Both strips are read, once each, and kept.
        let cache = BlockCache(byteCountLimit: 1 << 20)
        var bytesRead = 0
        for column: UInt32 in [20, 18, 17, 19] {
            _ = try reader.strip(0, column: column, cache, bytesRead: &bytesRead)
        }
        let sizes = try reader.header(0, nil).strips.map(\.byteCount)
        #expect(bytesRead == sizes[1] + sizes[2] + sizes[3])

        for isBrief in [true, false] {
            var options = InspectionOptions()
            options.isBrief = isBrief
            let listing = try PageExample.listing(
                #require(fixture.segments.first).path, in: fixture.fileSystem, options)
            #expect(listing.problemCount == 0)
            let text = listing.lines.joined(separator: "\n")
            #expect(text.contains("from column 17"))
            #expect(text.contains(isBrief ? "a map of" : "keys, vector 0"))
            #expect(text.contains("as column 18"))
        }
    }

    @Test("Damage in a strip that others are mapped from is told of them too")
    func damageOfSource() throws {
        let (fixture, _) = try Self.mapped()
        let reader = try #require(fixture.segments.first).reader()
        let place = try #require(try reader.header(1, nil).strip(of: 17))
        let entry = reader.index.entries[1]
        let path = try #require(fixture.segments.first).path
        let offset = entry.offset + UInt64(entry.headerByteCount + place.offset + 60)
        let file = try fixture.fileSystem.open(path, .update)
        try file.write([try file.read(at: offset, count: 1)[0] ^ 1], at: offset)
        var bytesRead = 0
        for column: UInt32 in [18, 20] {
            let error = try #require(throws: StorageError.self) {
                _ = try reader.strip(1, column: column, nil, bytesRead: &bytesRead)
            }
            for part in ["block 1", "column c17", "column c18 is mapped from it"] {
                #expect(error.description.contains(part), "\(error.description)")
            }
        }
        // The other block is whole.
        try SegmentVerification.verify(0, reader)
    }

    @Test("Forged maps are refused with the column's number")
    func forgedMaps() throws {
        let time: [UInt8] = [0, 0, 40, 4]
        let right = try Self.decode(
            [time, [17, 0x41, 9, 3, 18], [1, 1, 30, 3]], stripByteCount: 79)
        #expect(right.strips[1].source == 18)
        #expect(
            right.encoded().bytes
                == Self.header([time, [17, 0x41, 9, 3, 18], [1, 1, 30, 3]]).dropLast(8))
        let wrong: [(String, [[UInt8]], Int)] = [
            ("from itself", [time, [17, 0x41, 30, 3, 17]], 70),
            ("from nothing", [time, [17, 0x41, 30, 3, 18]], 70),
            ("from a map", [time, [17, 0x41, 9, 3, 18], [1, 0x41, 9, 3, 19], [1, 1, 9, 3]], 67),
            ("from a reference", [time, [17, 1, 30, 3], [1, 0x11, 1], [1, 0x41, 9, 3, 18]], 79),
            ("from a shared axis", [[0, 0x20, 1], [17, 0x41, 9, 3, 0]], 9),
            ("the time", [[0, 0x40, 9, 4, 17], [17, 1, 30, 3]], 39),
            ("the row kinds", [time, [1, 0x40, 9, 4, 17], [16, 1, 30, 3]], 79),
            ("and a reference", [time, [17, 1, 30, 3], [1, 0x51, 1, 17]], 70),
        ]
        for (what, strips, byteCount) in wrong {
            let error = #expect(throws: FormatError.self, "\(what)") {
                try Self.decode(strips, stripByteCount: byteCount)
            }
            #expect(error?.message.contains("column") == true, "\(what)")
        }
    }

    // MARK: Properties

    /// Random columns, some of them copies, over series with some axes in common; flushed,
    /// compacted and scanned.
    @Test("Whatever is shared reads as what was written, flushed and compacted")
    func properties() throws {
        for seed in UInt64(0)..<24 {
            var random = SeededGenerator(seed: 3_700 + seed)
            var fixture = try Self.fixture([.double, .double, .bigint, .double, .bigint])
            if seed % 2 == 1 { fixture.options.flushThreadCount = 3 }
            let axes = (0..<3).map { _ in
                var time = Int64.random(in: 0..<50, using: &random)
                return (0..<Int.random(in: 4...60, using: &random)).map { _ in
                    time += Int64.random(in: 1...4, using: &random)
                    return time
                }
            }
            var expected = Rows()
            for series in UInt32(1)...12 {
                let times = axes[Int.random(in: 0..<3, using: &random)]
                expected.times += times
                expected.series += [UInt32](repeating: series, count: times.count)
            }
            let count = expected.times.count
            let steps = Int64.random(in: 1...40, using: &random)
            let integers = (0..<count).map { _ in Int64.random(in: 0...steps, using: &random) }
            let doubles = integers.map { Double($0) / 10 }
            let gaps = Validity((0..<count).map { _ in Int.random(in: 0..<8, using: &random) > 0 })
            let all = Validity(words: nil)
            expected.columns = [
                Vector(doubles: doubles, validity: gaps),
                Vector(doubles: doubles, validity: Bool.random(using: &random) ? gaps : all),
                Vector(.bigint, .integers(integers), validity: all),
                Vector(doubles: doubles, validity: gaps),
                Vector(
                    .bigint,
                    .integers(Bool.random(using: &random) ? integers : integers.map { $0 * 2 }),
                    validity: all),
            ]
            // In two segments, series by series, so that compaction has blocks to merge.
            let half = expected.series.firstIndex(of: 7) ?? 0
            for range in [0..<half, half..<count] {
                var part = Rows()
                part.times = Array(expected.times[range])
                part.series = Array(expected.series[range])
                part.columns = expected.columns.map { $0.slice(range) }
                let reader = try Self.flush(part, &fixture)
                try SegmentVerification.verify(reader)
            }
            Self.expectSame(try Self.scanned(fixture), expected)
            while try fixture.compact(isFinal: true) {}
            for segment in fixture.segments { try SegmentVerification.verify(segment.reader()) }
            Self.expectSame(try Self.scanned(fixture), expected)
        }
    }
}
