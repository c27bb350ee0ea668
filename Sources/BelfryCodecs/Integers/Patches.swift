import BelfryCore

/// The few values of a vector that need more bits than the rest.
///
/// Their low bits stay in the lanes; a patch adds the rest. On disk, as one bit stream: the gaps
/// between patched rows (the first counts from row 0, each later one from the row behind its
/// predecessor), then the high parts, zig-zag.
struct Patches: Hashable, Sendable {
    var count: Int
    var gapWidth: Int
    var highWidth: Int

    var byteCount: Int { BitWriter.byteCount(bits: count * (gapWidth + highWidth)) }

    static func read(
        _ reader: inout ByteReader, rowCount: Int
    ) throws(FormatError) -> Patches {
        let count = try reader.readCount(limit: rowCount, "patches")
        let gapWidth = try reader.readWidth(limit: 10, "bits of a patch's gap")
        let highWidth = try reader.readWidth(limit: 64, "bits of a patch")
        return Patches(count: count, gapWidth: gapWidth, highWidth: highWidth)
    }

    func write(_ writer: inout ByteWriter) {
        writer.writeCount(count)
        writer.writeUInt8(UInt8(gapWidth))
        writer.writeUInt8(UInt8(highWidth))
    }

    /// The patches of residuals that do not fit `width` bits, and their bits.
    static func encode(_ residuals: Span<UInt64>, width: Int) -> (Patches, [UInt8])? {
        if width >= 64 { return nil }
        var rows: [Int] = []
        var highs: [UInt64] = []
        for row in 0..<residuals.count {
            let high = Int64(bitPattern: unsafe residuals[unchecked: row]) >> Int64(width)
            if high != 0 {
                rows.append(row)
                highs.append(Varint.zigzag(high))
            }
        }
        if rows.isEmpty { return nil }
        var gaps: [UInt64] = []
        var next = 0
        for row in rows {
            gaps.append(UInt64(row - next))
            next = row + 1
        }
        let patches = Patches(
            count: rows.count, gapWidth: bitCount(gaps.reduce(0, |)),
            highWidth: bitCount(highs.reduce(0, |)))
        var writer = BitWriter()
        for gap in gaps { writer.write(gap, width: patches.gapWidth) }
        for high in highs { writer.write(high, width: patches.highWidth) }
        return (patches, writer.finish())
    }

    /// Adds `high << width`, times the divisor, to the patched rows.
    func apply(
        _ bytes: RawSpan, at offset: Int, width: Int, divisor: Int64, rowCount: Int,
        to output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(output.count >= rowCount, "the rows were unpacked before")
        var gaps = BitReader(bytes, offset: offset, byteCount: byteCount)
        var highs = BitReader(bytes, offset: offset, byteCount: byteCount)
        try highs.skip(bits: count * gapWidth)
        var row = 0
        for _ in 0..<count {
            row &+= Int(truncatingIfNeeded: try gaps.read(width: gapWidth))
            guard row < rowCount else {
                throw FormatError("a patch for row \(row) of \(rowCount)", at: offset)
            }
            let high = Varint.unzigzag(try highs.read(width: highWidth))
            let part = width >= 64 ? 0 : high &<< Int64(width)
            unsafe output[unchecked: row] &+= part &* divisor
            row &+= 1
        }
    }
}

/// How many bits a number takes; none for zero.
@inline(__always)
func bitCount(_ value: UInt64) -> Int { 64 &- value.leadingZeroBitCount }

extension ByteReader {
    /// One byte that says how many bits something takes.
    mutating func readWidth(limit: Int, _ what: String) throws(FormatError) -> Int {
        let start = offset
        let width = Int(try readUInt8())
        guard width <= limit else {
            throw FormatError("\(what): \(width), at most \(limit) expected", at: start)
        }
        return width
    }
}
