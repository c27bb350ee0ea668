import BelfryCore

/// What stands at the end of a segment: the definitions of its tables, its ranges, and where its
/// parts are. With it, `recover` needs no manifest.
struct SegmentFooter: Sendable {
    var fileID: UInt64
    /// Nil in a wide segment.
    var table: UInt32?
    var partition: TimeRange?
    var sequences: ClosedRange<UInt64>
    /// Both ends are times of rows.
    var minTime: Int64
    var maxTime: Int64
    var rowCount: UInt64
    var tables: [TableSchema]
    /// Those that still hid rows of older sources when it was written.
    var tombstones: [Tombstone] = []
    /// The segments whose rows this one took over.
    var replacedFileIDs: [UInt64]
    var pages: [SegmentDictionary.PagePlace]
    var indexOffset: UInt64
    var indexByteCount: Int

    func encoded() -> ByteWriter {
        var writer = ByteWriter(capacity: 256)
        writer.writeUInt64(fileID)
        if let table, let partition {
            writer.writeUInt8(1)
            writer.writeVarint(UInt64(table))
            writer.writeInt64(partition.start.nanoseconds)
            writer.writeInt64(partition.end.nanoseconds)
        } else {
            writer.writeUInt8(0)
        }
        writer.writeVarint(sequences.lowerBound)
        writer.writeVarint(sequences.upperBound - sequences.lowerBound)
        writer.writeInt64(minTime)
        writer.writeInt64(maxTime)
        writer.writeVarint(rowCount)
        writer.writeCount(tables.count)
        for table in tables { TableDefinition.write(table, to: &writer) }
        writer.writeCount(tombstones.count)
        for tombstone in tombstones { tombstone.write(to: &writer) }
        writer.writeCount(replacedFileIDs.count)
        for fileID in replacedFileIDs { writer.writeVarint(fileID) }
        writer.writeCount(pages.count)
        for page in pages {
            writer.writeVarint(UInt64(page.table))
            writer.writeVarint(UInt64(page.firstSeries))
            writer.writeVarint(UInt64(page.lastSeries - page.firstSeries))
            writer.writeCount(page.count)
            writer.writeVarint(page.offset)
            writer.writeCount(page.byteCount)
        }
        writer.writeVarint(indexOffset)
        writer.writeCount(indexByteCount)
        return writer
    }

    /// Reads a footer that stands at `offset`, where everything it points to has ended.
    static func decode(
        _ bytes: [UInt8], salt: UInt64, offset: UInt64, version: UInt16
    ) throws(FormatError) -> SegmentFooter {
        let end = try SealedBytes.verify(bytes, salt: salt, offset: offset, "the footer")
        var reader = unsafe ByteReader(bytes.span.bytes.extracting(0..<end))
        let fileID = try reader.readUInt64()
        var table: UInt32?
        var partition: TimeRange?
        if try reader.readUInt8() != 0 {
            table = UInt32(try reader.readCount(limit: Int(UInt32.max), "table number"))
            let start = try reader.readInt64()
            partition = TimeRange(
                start: Timestamp(nanoseconds: start),
                end: Timestamp(nanoseconds: try reader.readInt64()))
        }
        let first = try reader.readVarint()
        let (last, overflow) = try first.addingReportingOverflow(reader.readVarint())
        let minTime = try reader.readInt64()
        let maxTime = try reader.readInt64()
        let rowCount = try reader.readVarint()
        guard !overflow, minTime <= maxTime else {
            throw FormatError("turned bounds in the footer", at: reader.offset)
        }
        let tableCount = try reader.readCount(
            limit: min(SegmentFormat.tableCountLimit, reader.remaining), "table count")
        var tables: [TableSchema] = []
        for _ in 0..<tableCount {
            tables.append(try TableDefinition.read(&reader, version: version))
        }
        let tombstones = try Tombstone.readAll(&reader)
        let replacedCount = try reader.readCount(limit: reader.remaining, "replaced file count")
        var replaced: [UInt64] = []
        for _ in 0..<replacedCount { replaced.append(try reader.readVarint()) }
        let pages = try readPages(&reader, limit: offset)
        let indexOffset = try reader.readVarint()
        let indexByteCount = try reader.readCount(
            limit: SegmentFormat.indexByteCountLimit, "index byte count")
        guard reader.isAtEnd, indexOffset >= UInt64(SegmentFormat.headerByteCount),
            indexOffset <= offset, UInt64(indexByteCount) == offset - indexOffset
        else { throw FormatError("the block index does not end at the footer", at: reader.offset) }
        if let lastPage = pages.last {
            guard lastPage.offset + UInt64(lastPage.byteCount) == indexOffset else {
                throw FormatError("the pages do not end at the index", at: reader.offset)
            }
        }
        return SegmentFooter(
            fileID: fileID, table: table, partition: partition, sequences: first...last,
            minTime: minTime, maxTime: maxTime, rowCount: rowCount, tables: tables,
            tombstones: tombstones, replacedFileIDs: replaced, pages: pages,
            indexOffset: indexOffset,
            indexByteCount: indexByteCount)
    }

    private static func readPages(
        _ reader: inout ByteReader, limit: UInt64
    ) throws(FormatError) -> [SegmentDictionary.PagePlace] {
        // A place takes six bytes at least.
        let count = try reader.readCount(limit: reader.remaining / 6, "page count")
        var pages: [SegmentDictionary.PagePlace] = []
        pages.reserveCapacity(count)
        for _ in 0..<count {
            let table = try reader.readCount(limit: Int(UInt32.max), "table number")
            let first = try reader.readCount(limit: Int(UInt32.max), "series number")
            let span = try reader.readCount(limit: Int(UInt32.max) - first, "series span")
            let seriesCount = try reader.readCount(
                limit: SegmentFormat.seriesPerPage, "series count")
            let offset = try reader.readVarint()
            let byteCount = try reader.readCount(
                limit: SegmentFormat.pageByteCountLimit, "page byte count")
            let (end, overflow) = offset.addingReportingOverflow(UInt64(byteCount))
            guard !overflow, end <= limit, offset >= UInt64(SegmentFormat.headerByteCount) else {
                throw FormatError("a page outside the file", at: reader.offset)
            }
            if let last = pages.last {
                guard last.offset + UInt64(last.byteCount) == offset else {
                    throw FormatError("a page is not behind the last", at: reader.offset)
                }
            }
            pages.append(
                SegmentDictionary.PagePlace(
                    table: UInt32(table), firstSeries: UInt32(first),
                    lastSeries: UInt32(first + span), count: seriesCount, offset: offset,
                    byteCount: byteCount))
        }
        return pages
    }

    /// The bytes that end the file: where the footer is.
    static func trailer(offset: UInt64, byteCount: Int, salt: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: SegmentFormat.trailerByteCount)
        writer.writeUInt64(offset)
        writer.writeUInt64(UInt64(byteCount))
        SealedBytes.seal(&writer, salt: salt, offset: offset &+ UInt64(byteCount))
        writer.writeUInt64(SegmentFormat.endMagic)
        return writer.bytes
    }

    /// Where the footer of a file of `fileByteCount` bytes is, by its trailer.
    static func place(
        _ trailer: [UInt8], salt: UInt64, fileByteCount: UInt64
    ) throws(FormatError) -> (offset: UInt64, byteCount: Int) {
        let base = fileByteCount - UInt64(SegmentFormat.trailerByteCount)
        var reader = unsafe ByteReader(trailer.span.bytes)
        let offset = try reader.readUInt64()
        let byteCount = try reader.readUInt64()
        let stored = try reader.readUInt64()
        guard try reader.readUInt64() == SegmentFormat.endMagic else {
            throw FormatError("no end of a segment: the file is cut or is no segment", at: 24)
        }
        let sum = unsafe Checksum.of(
            trailer.span.bytes.extracting(0..<16), salt: salt, offset: base)
        guard stored == sum else { throw FormatError("the trailer's checksum differs", at: 16) }
        guard offset >= UInt64(SegmentFormat.headerByteCount), offset <= base,
            byteCount == base - offset, byteCount <= UInt64(SegmentFormat.footerByteCountLimit)
        else { throw FormatError("the footer lies outside the file", at: 0) }
        return (offset, Int(byteCount))
    }
}
