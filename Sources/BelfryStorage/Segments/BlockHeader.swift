import BelfryCodecs
import BelfryCore

/// Whose rows a block holds, and where each column's strip is.
///
/// Invariants:
/// 1. Extents have ascending series numbers, none is empty, and they add up to the row count.
/// 2. Strips follow the header without gaps, by ascending column number; the first is time.
/// 3. The column that another is mapped from has a strip that stands for itself.
/// 4. A reference leads to a strip of the block that stands for itself; one to an earlier block is
///    a time strip's alone, and only that block's header tells whether it leads anywhere.
struct BlockHeader: Sendable, Hashable {
    /// Where the bytes of a strip are that are not written again.
    enum Reference: Sendable, Hashable {
        /// An earlier column of the block has the same bytes.
        case column(UInt32)
        /// The block so many before this one has the same times.
        case earlierBlock(distance: Int)
    }

    struct StripPlace: Sendable, Hashable {
        var column: UInt32
        var kind: StripKind
        /// Counted from the end of the header.
        var offset: Int
        /// 0 for a reference.
        var byteCount: Int
        /// Rows with a value.
        var valueCount: Int
        var reference: Reference?
        /// Of a mapped strip: the column that it is mapped from.
        var source: UInt32?
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
            column = strip.column
            switch strip.reference {
            case .column(let other):
                writer.writeUInt8(strip.kind.rawValue | SegmentFormat.columnReference)
                writer.writeVarint(UInt64(column &- other))
            case .earlierBlock(let distance):
                writer.writeUInt8(strip.kind.rawValue | SegmentFormat.blockReference)
                writer.writeCount(distance)
            case nil:
                let flag = strip.source == nil ? 0 : SegmentFormat.mappedStrip
                writer.writeUInt8(strip.kind.rawValue | flag)
                writer.writeCount(strip.byteCount)
                writer.writeCount(strip.valueCount)
                if let source = strip.source { writer.writeVarint(UInt64(source)) }
            }
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
            guard step <= UInt64(UInt32.max) - column, index == 0 ? step == 0 : step > 0
            else { throw FormatError("strips out of order", at: reader.offset) }
            column += step
            let strip = try readStrip(
                &reader, UInt32(column), behind: strips, rowCount: rowCount, offset: offset,
                stripByteCount: stripByteCount)
            strips.append(strip)
            offset += strip.byteCount
        }
        try verifySources(strips, at: reader.offset)
        guard offset == stripByteCount, let first = strips.first, first.kind == .integers,
            first.valueCount == rowCount
        else { throw FormatError("strips do not fill their block", at: reader.offset) }
        return strips
    }

    /// What a strip is mapped from is there, by another column, and neither a reference nor mapped.
    private static func verifySources(
        _ strips: [StripPlace], at offset: Int
    ) throws(FormatError) {
        for strip in strips {
            guard let column = strip.source else { continue }
            guard let source = strips.first(where: { $0.column == column }),
                source.reference == nil, source.source == nil
            else {
                throw FormatError(
                    "column \(strip.column) is mapped from column \(column), which has no strip "
                        + "that stands for itself", at: offset)
            }
        }
    }

    /// What follows a strip's column number.
    private static func readStrip(
        _ reader: inout ByteReader, _ column: UInt32, behind strips: [StripPlace], rowCount: Int,
        offset: Int, stripByteCount: Int
    ) throws(FormatError) -> StripPlace {
        let start = reader.offset
        let form = try reader.readUInt8()
        let flags = form & SegmentFormat.stripFlags
        guard let kind = StripKind(rawValue: form & ~SegmentFormat.stripFlags) else {
            throw FormatError("a strip of form \(form), column \(column)", at: start)
        }
        var strip = StripPlace(
            column: column, kind: kind, offset: offset, byteCount: 0, valueCount: 0)
        switch flags {
        case 0, SegmentFormat.mappedStrip:
            strip.byteCount = try reader.readCount(
                limit: stripByteCount - offset, "strip byte count")
            strip.valueCount = try reader.readCount(limit: rowCount, "value count")
            if flags == 0 { break }
            guard column > SegmentFormat.kindColumn else {
                throw FormatError("column \(column) is mapped from another", at: start)
            }
            strip.source = UInt32(try reader.readCount(limit: Int(UInt32.max), "source column"))
        case SegmentFormat.columnReference:
            let distance = try reader.readVarint()
            guard distance > 0, distance <= UInt64(column),
                let target = strips.first(where: { UInt64($0.column) == UInt64(column) - distance })
            else {
                throw FormatError(
                    "column \(column) refers to one that is not before it in the block", at: start)
            }
            guard target.reference == nil, target.kind == kind else {
                throw FormatError(
                    "column \(column) refers to column \(target.column), a strip of another kind "
                        + "or itself a reference", at: start)
            }
            strip.reference = .column(target.column)
            strip.valueCount = target.valueCount
        case SegmentFormat.blockReference:
            let distance = try reader.readCount(limit: Int(UInt32.max), "distance in blocks")
            guard distance > 0, column == SegmentFormat.timeColumn, kind == .integers else {
                throw FormatError("column \(column) refers to another block", at: start)
            }
            strip.reference = .earlierBlock(distance: distance)
            strip.valueCount = rowCount
        default: throw FormatError("a strip of form \(form), column \(column)", at: start)
        }
        return strip
    }
}
