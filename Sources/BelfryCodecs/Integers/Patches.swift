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
        // Without a branch, for which rows they are is nobody's guess.
        let count = residuals.count
        var rows = [Int](repeating: 0, count: count + 1)
        var rowSpan = rows.mutableSpan
        var patchCount = 0
        var highBits: UInt64 = 0
        for row in 0..<count {
            let high = Int64(bitPattern: unsafe residuals[unchecked: row]) &>> Int64(width)
            unsafe rowSpan[unchecked: patchCount] = row
            patchCount &+= oneIfNonzero(UInt64(bitPattern: high))
            highBits |= UInt64(bitPattern: (high &<< 1) ^ (high &>> 63))
        }
        if patchCount == 0 { return nil }
        let highWidth = bitCount(highBits)
        let (gapWidth, stones) = bestGapWidth(rows[..<patchCount], highWidth: highWidth)
        let patches = Patches(
            count: patchCount + stones, gapWidth: gapWidth, highWidth: highWidth)
        // Where a gap is wider than that, patches of zero are stepping stones.
        let limit = 1 << gapWidth - 1
        var writer = BitWriter(bitCount: patches.count * (gapWidth + highWidth))
        var next = 0
        for index in 0..<patchCount {
            while rows[index] - next > limit {
                writer.write(UInt64(limit), width: gapWidth)
                next += limit + 1
            }
            writer.write(UInt64(rows[index] - next), width: gapWidth)
            next = rows[index] + 1
        }
        next = 0
        for index in 0..<patchCount {
            for _ in 0..<((rows[index] - next) >> gapWidth) { writer.write(0, width: highWidth) }
            let high = Int64(bitPattern: residuals[rows[index]]) >> Int64(width)
            writer.write(Varint.zigzag(high), width: highWidth)
            next = rows[index] + 1
        }
        return (patches, writer.finish())
    }

    /// The width of gaps that takes fewest bits, and how many patches of zero then stand where
    /// gaps are wider.
    private static func bestGapWidth(
        _ rows: ArraySlice<Int>, highWidth: Int
    ) -> (width: Int, stones: Int) {
        var next = 0
        var all = 0
        var gaps: [Int] = []
        gaps.reserveCapacity(rows.count)
        for row in rows {
            gaps.append(row - next)
            all |= row - next
            next = row + 1
        }
        var width = bitCount(UInt64(all))
        var best = (width: width, stones: 0)
        var leastBits = rows.count * (width + highWidth)
        while width > 0 {
            width -= 1
            var stones = 0
            for gap in gaps { stones &+= gap &>> width }
            if stones > rows.count / 4 { break }
            // Each is decoded as any other.
            let bits = (rows.count + stones) * (width + highWidth) + 4 * stones
            if bits < leastBits {
                best = (width, stones)
                leastBits = bits
            }
        }
        return best
    }

    /// Adds `high << width`, times the divisor, to the patched rows.
    func apply(
        _ bytes: RawSpan, at offset: Int, width: Int, divisor: Int64, rowCount: Int,
        to output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(output.count >= rowCount, "the rows were unpacked before")
        precondition(
            offset >= 0 && offset + byteCount + 8 <= bytes.byteCount,
            "the stream lies within the bytes, with a checksum behind it")
        let gapMask = BitReader.mask(gapWidth)
        let highMask = BitReader.mask(highWidth)
        var gapBit = offset * 8
        var highBit = gapBit + count * gapWidth
        var row = 0
        for _ in 0..<count {
            let gap = BitReader.bits(bytes, at: gapBit, width: gapWidth, mask: gapMask)
            row &+= Int(truncatingIfNeeded: gap)
            guard row < rowCount else {
                throw FormatError("a patch for row \(row) of \(rowCount)", at: offset)
            }
            let bits = BitReader.bits(bytes, at: highBit, width: highWidth, mask: highMask)
            let high = Int64(bitPattern: (bits &>> 1) ^ (0 &- (bits & 1)))
            let part = width >= 64 ? 0 : high &<< Int64(width)
            unsafe output[unchecked: row] &+= part &* divisor
            row &+= 1
            gapBit &+= gapWidth
            highBit &+= highWidth
        }
    }
}

/// 1 for any number but zero, by arithmetic: comparisons become branches.
@inline(__always)
func oneIfNonzero(_ value: UInt64) -> Int {
    Int(truncatingIfNeeded: (value | (0 &- value)) &>> 63)
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
