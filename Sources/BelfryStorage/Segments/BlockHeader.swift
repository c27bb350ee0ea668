import BelfryCodecs
import BelfryCore

/// Whose rows a block holds, and where each column's strip is.
///
/// Invariants:
/// 1. Extents have ascending series numbers, none is empty, and they add up to the row count.
/// 2. Strips follow the header without gaps, by ascending column number; the first is time.
struct BlockHeader: Sendable, Hashable {
    struct StripPlace: Sendable, Hashable {
        var column: UInt32
        var kind: StripKind
        /// Counted from the end of the header.
        var offset: Int
        var byteCount: Int
        /// Rows with a value.
        var valueCount: Int
    }

    var table: UInt32
    var rowCount: Int
    var minTime: Int64
    var maxTime: Int64
    var sequences: ClosedRange<UInt64>
    var extents: [Extent]
    var strips: [StripPlace]

    var isSolo: Bool { extents.count == 1 }

    func strip(of column: UInt32) -> StripPlace? {
        strips.first { $0.column == column }
    }

    /// All but the checksum, which depends on the place.
    func encoded() -> ByteWriter {
        var writer = ByteWriter(capacity: 64 + extents.count * 3 + strips.count * 8)
        writer.writeVarint(UInt64(table))
        writer.writeCount(rowCount)
        writer.writeInt64(minTime)
        writer.writeInt64(maxTime)
        writer.writeVarint(sequences.lowerBound)
        writer.writeVarint(sequences.upperBound - sequences.lowerBound)
        writer.writeCount(extents.count)
        var series: UInt32 = 0
        for extent in extents {
            writer.writeVarint(UInt64(extent.series &- series))
            writer.writeCount(extent.rowCount)
            series = extent.series
        }
        writer.writeCount(strips.count)
        var column: UInt32 = 0
        for strip in strips {
            writer.writeVarint(UInt64(strip.column &- column))
            writer.writeUInt8(strip.kind.rawValue)
            writer.writeCount(strip.byteCount)
            writer.writeCount(strip.valueCount)
            column = strip.column
        }
        return writer
    }

    /// Reads a header whose strips take `stripByteCount` bytes in all.
    static func decode(
        _ bytes: [UInt8], salt: UInt64, offset: UInt64, stripByteCount: Int
    ) throws(FormatError) -> BlockHeader {
        let end = try SealedBytes.verify(bytes, salt: salt, offset: offset, "a block's header")
        var reader = unsafe ByteReader(bytes.span.bytes.extracting(0..<end))
        let table = UInt32(try reader.readCount(limit: Int(UInt32.max), "table number"))
        let rowCount = try reader.readCount(limit: Strip.rowCountLimit, "row count")
        let minTime = try reader.readInt64()
        let maxTime = try reader.readInt64()
        let firstSequence = try reader.readVarint()
        let (lastSequence, overflow) = try firstSequence.addingReportingOverflow(
            reader.readVarint())
        guard rowCount > 0, minTime <= maxTime, !overflow else {
            throw FormatError("a block without rows, or with turned bounds", at: reader.offset)
        }
        let extents = try readExtents(&reader, rowCount: rowCount)
        let strips = try readStrips(&reader, rowCount: rowCount, stripByteCount: stripByteCount)
        guard reader.isAtEnd else {
            throw FormatError("bytes behind a block's strips", at: reader.offset)
        }
        return BlockHeader(
            table: table, rowCount: rowCount, minTime: minTime, maxTime: maxTime,
            sequences: firstSequence...lastSequence, extents: extents, strips: strips)
    }

    private static func readExtents(
        _ reader: inout ByteReader, rowCount: Int
    ) throws(FormatError) -> [Extent] {
        let extentCount = try reader.readCount(limit: rowCount, "extent count")
        // Each takes two bytes at least.
        guard extentCount > 0, extentCount <= reader.remaining / 2 else {
            throw FormatError("\(extentCount) extents do not fit", at: reader.offset)
        }
        var extents: [Extent] = []
        extents.reserveCapacity(extentCount)
        var series: UInt64 = 0
        var rows = 0
        for index in 0..<extentCount {
            let step = try reader.readVarint()
            let count = try reader.readCount(limit: rowCount - rows, "rows of a series")
            guard count > 0, step <= UInt64(UInt32.max) - series, index == 0 || step > 0 else {
                throw FormatError("series out of order or empty", at: reader.offset)
            }
            series += step
            rows += count
            extents.append(Extent(series: UInt32(series), rowCount: count))
        }
        guard rows == rowCount else {
            throw FormatError("\(rows) rows in extents, \(rowCount) in all", at: reader.offset)
        }
        return extents
    }

    private static func readStrips(
        _ reader: inout ByteReader, rowCount: Int, stripByteCount: Int
    ) throws(FormatError) -> [StripPlace] {
        let count = try reader.readCount(limit: SegmentFormat.stripCountLimit, "strip count")
        var strips: [StripPlace] = []
        var column: UInt64 = 0
        var offset = 0
        for index in 0..<count {
            let step = try reader.readVarint()
            let kindByte = try reader.readUInt8()
            let byteCount = try reader.readCount(
                limit: stripByteCount - offset, "strip byte count")
            let valueCount = try reader.readCount(limit: rowCount, "value count")
            guard let kind = StripKind(rawValue: kindByte),
                step <= UInt64(UInt32.max) - column, index == 0 ? step == 0 : step > 0
            else { throw FormatError("strips out of order", at: reader.offset) }
            column += step
            strips.append(
                StripPlace(
                    column: UInt32(column), kind: kind, offset: offset, byteCount: byteCount,
                    valueCount: valueCount))
            offset += byteCount
        }
        guard offset == stripByteCount, let first = strips.first, first.kind == .integers,
            first.valueCount == rowCount
        else { throw FormatError("strips do not fill their block", at: reader.offset) }
        return strips
    }
}
