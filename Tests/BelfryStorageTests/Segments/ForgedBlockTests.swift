import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs
@testable import BelfryStorage

/// Parts with right checksums that claim what cannot be: refused before anything is allocated.
struct ForgedBlockTests {
    private static func sealed(_ writer: ByteWriter) -> [UInt8] {
        var writer = writer
        SealedBytes.seal(&writer, salt: 1, offset: 80)
        return writer.bytes
    }

    private static func blockHeader(rows: UInt64, extentRows: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(1)
        writer.writeVarint(rows)
        writer.writeInt64(0)
        writer.writeInt64(10)
        for number: UInt64 in [1, 0, 1, 1, extentRows, 1, 0] { writer.writeVarint(number) }
        writer.writeUInt8(0)
        writer.writeVarint(40)
        writer.writeVarint(rows)
        return sealed(writer)
    }

    @Test("Case 34: four billion rows over forty bytes are refused before anything is allocated")
    func billionsOfRows() throws {
        for rows: UInt64 in [4_000_000_000, 65_537, 1 << 63, .max] {
            #expect(throws: FormatError.self) {
                try BlockHeader.decode(
                    Self.blockHeader(rows: rows, extentRows: rows), salt: 1, offset: 80,
                    stripByteCount: 40)
            }
            var directory = ByteWriter()
            directory.writeUInt8(0)
            directory.writeVarint(rows)
            for byte: UInt8 in [0, 0, 14] { directory.writeUInt8(byte) }
            var strip = EncodedStrip(
                directory: directory.bytes, payload: [], statistics: .empty)
            strip.seal(salt: 1, offset: 80)
            let bytes = strip.bytes
            for expected in [1, 65_536, Int(clamping: rows)] {
                #expect(throws: FormatError.self) {
                    try StripDecoder(
                        bytes: bytes, kind: .integers, rowCount: expected, salt: 1, offset: 80)
                }
            }
            var record = ByteWriter()
            record.writeUInt8(LogFormat.Section.points)
            for number: UInt64 in [1, 1, rows] { record.writeVarint(number) }
            record.writeUInt8(0)
            record.writeVarint(rows)
            record.pad(to: 8)
            let payload = record.bytes
            #expect(throws: FormatError.self) { try LogRecord.decode(payload) }
        }
        // One whose numbers are right reads.
        _ = try BlockHeader.decode(
            Self.blockHeader(rows: 3, extentRows: 3), salt: 1, offset: 80, stripByteCount: 40)
    }

    private static func texts(_ byteCount: UInt64, _ payload: [UInt8]) -> [UInt8] {
        var directory = ByteWriter()
        for byte: UInt8 in [3, 1, 1, 1] { directory.writeUInt8(byte) }
        directory.writeVarint(byteCount)
        directory.writeCount(payload.count)
        for byte: UInt8 in [0, 0, 0] { directory.writeUInt8(byte) }
        var strip = EncodedStrip(
            directory: directory.bytes, payload: payload, statistics: .empty)
        strip.seal(salt: 1, offset: 80)
        return strip.bytes
    }

    @Test(
        "Case 35: texts that claim two gibibytes, or another length than their frame, are refused")
    func decompressionBombs() throws {
        // A frame of zstd that announces 65 bytes, and one that announces 2 GiB.
        let frame: [UInt8] = [
            0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x41, 0x45, 0x00, 0x00, 0x10, 0x40, 0x61, 0x01, 0x00,
            0x94, 0x00, 0x16,
        ]
        var bomb = frame
        bomb.replaceSubrange(4..<6, with: [0xA0, 0, 0, 0, 0x80])
        for (claimed, payload): (UInt64, [UInt8]) in [
            (2 << 30, frame), (2 << 30, bomb), (1 << 62, frame), (.max, frame), (64, frame),
            (66, frame), (65, bomb), (16, frame),
        ] {
            let bytes = Self.texts(claimed, payload)
            #expect(throws: FormatError.self, "\(claimed)") {
                try StripDecoder(bytes: bytes, kind: .texts, rowCount: 1, salt: 1, offset: 80)
            }
        }
        let whole = try StripDecoder(
            bytes: Self.texts(65, frame), kind: .texts, rowCount: 1, salt: 1, offset: 80)
        #expect(try whole.decodeTexts(0).bytes == [UInt8](repeating: 0x61, count: 64))
    }

    @Test("Case 37: differences that run over the end of Int64 are no trap, and no times in order")
    func overflowingDifferences() throws {
        for (base, step, first): (Int64, Int64, Int64) in [
            (.max - 5, 3, 2), (.max, .max, .max), (.min, .min, -1), (0, .max / 2, .max),
        ] {
            var directory = ByteWriter()
            directory.writeUInt8(0)
            directory.writeCount(40)
            directory.writeUInt8(0)
            // Second delta with a width of 0; statistics of a walk that never wraps.
            directory.writeUInt8(4)
            directory.writeSignedVarint(base)
            directory.writeSignedVarint(step)
            directory.writeSignedVarint(first)
            directory.writeUInt8(0)
            for byte: UInt8 in [0, 39, 0] { directory.writeUInt8(byte) }
            var strip = EncodedStrip(
                directory: directory.bytes, payload: [], statistics: .empty)
            strip.seal(salt: 1, offset: 80)
            let bytes = strip.bytes
            #expect(throws: FormatError.self) {
                let decoder = try StripDecoder(
                    bytes: bytes, kind: .integers, rowCount: 40, salt: 1, offset: 80)
                // What wrapped is not what its statistics say: verification is what finds it.
                _ = try SegmentVerification.verify(decoder, valueCount: 40)
            }
        }
    }

    @Test("Case 38: every bit pattern comes back, through log, flush and compaction")
    func everyBitPattern() throws {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: options)
        var schema = ModelTable.schema
        // No time is too far ahead.
        schema.options.horizon = Interval(months: 12 * 300, days: 0, nanoseconds: 0)
        let table = try store.createTable(schema, ifNotExists: false)
        let patterns: [UInt64] = [
            0, 1 << 63, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8 << 48, 0xfff8_0000_0000_0001,
            0x7ff0_0000_0000_0001, 0x7fff_ffff_ffff_ffff, 1, 0x000f_ffff_ffff_ffff,
            0x800f_ffff_ffff_ffff, 0x3ff0 << 48, 0x7fef_ffff_ffff_ffff,
        ]
        let integers: [Int64] = [.min, .max, 0, -1, 1, .min + 1, .max - 1]
        let times: [Int64] = [.min + 1, -1, 0, 1, .max - 2, .max - 1]
        var rows: [StoreRow] = []
        for (index, time) in times.enumerated() {
            for sensor in 0..<3 {
                let pattern = patterns[(index * 3 + sensor) % patterns.count]
                rows.append(
                    StoreRow(
                        sensor: sensor, time: time, level: Double(bitPattern: pattern),
                        count: integers[(index + sensor) % integers.count]))
            }
        }
        _ = try store.write(
            [ModelTable.batch(rows, table: table)], rule: .replace, isCounted: false)
        let expected = Set(rows.map(Self.bits))
        for step in 0..<4 {
            #expect(Set(try ModelTable.scan(store.snapshot()).map(Self.bits)) == expected)
            switch step {
            case 0:
                try store.close()
                store = try Store.open(fileSystem, options: options)
            case 1: try store.flush()
            case 2: try store.compact()
            default: break
            }
        }
        #expect(store.check().problems.isEmpty)
    }

    private struct Bits: Hashable {
        let sensor: Int
        let time: Int64
        let level: UInt64?
        let count: Int64?
    }

    private static func bits(_ row: StoreRow) -> Bits {
        Bits(
            sensor: row.sensor, time: row.time, level: row.level?.bitPattern, count: row.count)
    }
}
