import BelfryCore

/// The series table on disk, as of a sequence; disposable.
///
/// It holds every series that a segment can have of those that are listed in it, so that an opening
/// reads the dictionaries of the others alone. What is wrong with it costs the reading of all
/// dictionaries, and a note.
///
/// Format: `formats/series.md`.
struct SeriesCheckpoint {
    /// A segment whose series are all in the table: its number alone could be another file's after
    /// a restore.
    struct Covered: Hashable, Sendable {
        let fileID: UInt64
        let salt: UInt64
    }

    static let magic: UInt64 = 0x0A_58_53_59_46_4C_45_42
    static let version: UInt16 = 1
    static let headerByteCount = 40
    private static let checksumByteCount = 8

    /// The last write whose segments were known.
    var sequence: UInt64
    var covered: [Covered]
    var tables: [TableSeries]

    // MARK: Writing

    /// - Parameter limit: series from this number on are left out: a crash may hand their numbers
    ///   to others.
    func encoded(below limit: UInt32, databaseID: [UInt8], salt: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 4096 + tables.reduce(0) { $0 + $1.count * 24 })
        writer.writeUInt64(Self.magic)
        writer.writeUInt16(Self.version)
        writer.writeUInt16(UInt16(Self.headerByteCount))
        writer.writeUInt32(0)
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        writer.writeVarint(sequence)
        writer.writeCount(covered.count)
        for segment in covered {
            writer.writeVarint(segment.fileID)
            writer.writeUInt64(segment.salt)
        }
        writer.writeCount(tables.count)
        for table in tables { Self.write(table, table.count(below: limit), to: &writer) }
        let sum = unsafe Checksum.of(writer.bytes.span.bytes, salt: salt, offset: 0)
        writer.writeUInt64(sum)
        return writer.bytes
    }

    private static func write(_ table: TableSeries, _ count: Int, to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(table.table))
        writer.writeCount(count)
        var last: UInt32 = 0
        for number in table.numbers.array(count) {
            writer.writeVarint(UInt64(number - last))
            last = number
        }
        writer.writeCount(table.columns.count)
        for column in table.columns {
            writer.writeVarint(UInt64(column.number))
            writer.writeCount(column.texts.count)
            for value in 0..<column.texts.count {
                let place = column.texts.range(value)
                writer.writeCount(place.count)
                writer.writeBytes(column.texts.bytes[place])
            }
            for code in column.codes.array(count) { writer.writeVarint(UInt64(code)) }
        }
        let irregular = table.irregular.keys.filter { $0 < count }.sorted()
        writer.writeCount(irregular.count)
        for ordinal in irregular {
            writer.writeVarint(UInt64(ordinal))
            writer.writeCountedBytes(table.irregular[ordinal]?.bytes ?? [])
        }
    }

    // MARK: Reading

    /// - Parameter limit: numbers from this on were never handed out.
    static func decode(
        _ bytes: [UInt8], databaseID: [UInt8], below limit: UInt32
    ) throws(FormatError) -> SeriesCheckpoint {
        let end = bytes.count - checksumByteCount
        guard end >= headerByteCount else { throw FormatError("cut short", at: bytes.count) }
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readUInt64() == magic else {
            throw FormatError("no checkpoint of a series table", at: 0)
        }
        let version = try reader.readUInt16()
        guard version == Self.version, try reader.readUInt16() == UInt16(headerByteCount),
            try reader.readUInt32() == 0
        else { throw FormatError("checkpoint version \(version)", at: 8) }
        guard try reader.readBytes(16) == databaseID else {
            throw FormatError("the checkpoint of another store", at: 16)
        }
        let salt = try reader.readUInt64()
        var tail = unsafe ByteReader(bytes.span.bytes.extracting(end..<bytes.count))
        guard
            unsafe try tail.readUInt64()
                == Checksum.of(bytes.span.bytes.extracting(0..<end), salt: salt, offset: 0)
        else { throw FormatError("the checksum differs", at: end) }
        var body = unsafe ByteReader(bytes.span.bytes.extracting(headerByteCount..<end))
        let sequence = try body.readVarint()
        let coveredCount = try body.readCount(limit: body.remaining / 9, "segment count")
        var covered: [Covered] = []
        for _ in 0..<coveredCount {
            covered.append(
                Covered(fileID: try body.readVarint(), salt: try body.readUInt64()))
        }
        let tableCount = try body.readCount(limit: body.remaining / 3, "table count")
        var tables: [TableSeries] = []
        for _ in 0..<tableCount { tables.append(try readTable(&body, below: limit)) }
        guard body.isAtEnd, Set(tables.map(\.table)).count == tables.count else {
            throw FormatError("bytes after the end, or a table twice", at: headerByteCount)
        }
        return SeriesCheckpoint(sequence: sequence, covered: covered, tables: tables)
    }

    private static func readTable(
        _ reader: inout ByteReader, below limit: UInt32
    ) throws(FormatError) -> TableSeries {
        let table = try reader.readCount(limit: Int(UInt32.max), "table number")
        let count = try reader.readCount(limit: reader.remaining, "series count")
        var numbers: [UInt32] = []
        numbers.reserveCapacity(count)
        var last: UInt64 = 0
        for _ in 0..<count {
            let step = try reader.readVarint()
            guard step > 0, step < UInt64(limit), last + step < UInt64(limit) else {
                throw FormatError("series numbers out of order or range", at: reader.offset)
            }
            last += step
            numbers.append(UInt32(last))
        }
        let columnCount = try reader.readCount(limit: reader.remaining, "column count")
        var columns: [TagColumn] = []
        for _ in 0..<columnCount {
            let column = try readColumn(&reader, count)
            guard columns.last.map({ $0.number < column.number }) ?? true else {
                throw FormatError("columns out of order", at: reader.offset)
            }
            columns.append(column)
        }
        let irregularCount = try reader.readCount(limit: count, "key count")
        var irregular: [UInt32: SeriesKey] = [:]
        for _ in 0..<irregularCount {
            let ordinal = try reader.readCount(limit: count - 1, "ordinal")
            let key = SeriesKey(
                bytes: try reader.readCountedBytes(
                    limit: SeriesKey.byteCountLimit, "key byte count"))
            try SeriesTable.check(key)
            irregular[UInt32(ordinal)] = key
        }
        return TableSeries(
            UInt32(table), numbers: numbers, columns: columns, irregular: irregular)
    }

    private static func readColumn(
        _ reader: inout ByteReader, _ count: Int
    ) throws(FormatError) -> TagColumn {
        let number = try reader.readCount(limit: Int(UInt32.max), "column number")
        let valueCount = try reader.readCount(limit: reader.remaining, "value count")
        var texts = TextStorage()
        for _ in 0..<valueCount {
            texts.append(
                try reader.readCountedBytes(limit: SeriesKey.byteCountLimit, "tag byte count"))
        }
        var column = TagColumn(UInt32(number), texts: texts)
        for ordinal in 0..<count {
            let code = try reader.readCount(limit: valueCount, "code")
            if code > 0 { column.set(UInt32(code - 1), ordinal: ordinal) }
        }
        return column
    }
}
