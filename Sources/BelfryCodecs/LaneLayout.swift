/// Unsigned integers of one width side by side in lanes, so that unpacking is one shift for 32
/// neighbours and output comes out in natural order.
///
/// Widths 1 to 32: 32 lanes of 32-bit words; value `i` sits in row `i / 32`, lane `i % 32`, and row
/// `r` of a lane begins at bit `r * width`, lowest bit first. Widths 33 to 64: 16 lanes of 64-bit
/// words likewise. Words are stored row by row: word 0 of all lanes, word 1 of all lanes, and so
/// on. With fewer values than lanes there are only so many lanes. Width 0 takes no bytes.
///
/// Format: `formats/codecs.md`, "Lanes".
enum LaneLayout {
    /// Values are written in whole rows of lanes; room for them is needed beyond the count.
    static func paddedCount(_ count: Int) -> Int { (count + 31) & ~31 }

    static func byteCount(width: Int, count: Int) -> Int {
        if width == 0 || count == 0 { return 0 }
        let laneCount = width <= 32 ? 32 : 16
        let wordBitCount = width <= 32 ? 32 : 64
        let lanes = min(laneCount, count)
        let rows = (count + laneCount - 1) / laneCount
        let words = (rows * width + wordBitCount - 1) / wordBitCount
        return words * lanes * wordBitCount / 8
    }

    // MARK: Packing

    /// Appends the low `width` bits of each value.
    static func pack(_ values: Span<UInt64>, width: Int, into payload: inout [UInt8]) {
        let count = values.count
        if width == 0 || count == 0 { return }
        if width <= 32 {
            append(narrowWords(values, width: width), to: &payload)
        } else {
            append(wideWords(values, width: width), to: &payload)
        }
    }

    private static func append<Word: FixedWidthInteger & BitwiseCopyable>(
        _ words: [Word], to payload: inout [UInt8]
    ) {
        unsafe words.withUnsafeBytes { unsafe payload.append(contentsOf: $0) }
    }

    private static func narrowWords(_ values: Span<UInt64>, width: Int) -> [UInt32] {
        let count = values.count
        let lanes = min(32, count)
        let rows = (count + 31) / 32
        var words = [UInt32](repeating: 0, count: (rows * width + 31) / 32 * lanes)
        var span = words.mutableSpan
        let mask = width == 32 ? UInt32.max : (UInt32(1) &<< UInt32(width)) &- 1
        var row = 0
        while row < rows {
            let bit = row &* width
            let shift = UInt32(truncatingIfNeeded: bit & 31)
            let place = (bit &>> 5) &* lanes
            let first = row &* 32
            let used = min(lanes, count &- first)
            let spills = Int(shift) &+ width > 32
            // `place + lanes + lane` stays within the words when the row spills, for then its last
            // bit lies in the next word.
            var lane = 0
            if spills {
                let back = 32 &- shift
                while lane < used {
                    let low = UInt32(truncatingIfNeeded: unsafe values[unchecked: first &+ lane])
                    let value = low & mask
                    unsafe span[unchecked: place &+ lane] |= value &<< shift
                    unsafe span[unchecked: place &+ lanes &+ lane] |= value &>> back
                    lane &+= 1
                }
            } else {
                while lane < used {
                    let low = UInt32(truncatingIfNeeded: unsafe values[unchecked: first &+ lane])
                    unsafe span[unchecked: place &+ lane] |= (low & mask) &<< shift
                    lane &+= 1
                }
            }
            row &+= 1
        }
        return words
    }

    private static func wideWords(_ values: Span<UInt64>, width: Int) -> [UInt64] {
        let count = values.count
        let lanes = min(16, count)
        let rows = (count + 15) / 16
        var words = [UInt64](repeating: 0, count: (rows * width + 63) / 64 * lanes)
        var span = words.mutableSpan
        let mask = width == 64 ? UInt64.max : (UInt64(1) &<< UInt64(width)) &- 1
        for row in 0..<rows {
            let bit = row * width
            let shift = UInt64(bit & 63)
            let place = (bit >> 6) * lanes
            let first = row * 16
            let spills = Int(shift) + width > 64
            for lane in 0..<min(lanes, count - first) {
                let value = unsafe values[unchecked: first &+ lane] & mask
                unsafe span[unchecked: place &+ lane] |= value &<< shift
                if spills {
                    unsafe span[unchecked: place &+ lanes &+ lane] |= value &>> (64 &- shift)
                }
            }
        }
        return words
    }

    // MARK: Unpacking

    /// Writes `base &+ value` for every packed value, in whole rows of lanes.
    /// - Precondition: the packed bytes lie within `bytes`, and `output` has room for
    ///   `paddedCount(count)` values.
    static func unpack(
        _ bytes: RawSpan, at offset: Int, width: Int, count: Int, base: Int64,
        into output: inout MutableSpan<Int64>
    ) {
        precondition(
            offset >= 0 && width >= 0 && width <= 64
                && bytes.byteCount - offset >= byteCount(width: width, count: count),
            "the packed values lie within the bytes")
        precondition(output.count >= paddedCount(count), "whole rows of lanes find room")
        if width == 0 {
            for index in 0..<count { unsafe output[unchecked: index] = base }
        } else if width <= 32 {
            if count < 32 {
                unpackFew(bytes, at: offset, width: width, count: count, base: base, into: &output)
            } else {
                unpackNarrow(
                    bytes, at: offset, width: width, rows: (count + 31) / 32, base: base,
                    into: &output)
            }
        } else {
            unpackWide(
                bytes, at: offset, width: width, count: count, base: base, into: &output)
        }
    }

    /// One row of fewer lanes than 32: a word each.
    private static func unpackFew(
        _ bytes: RawSpan, at offset: Int, width: Int, count: Int, base: Int64,
        into output: inout MutableSpan<Int64>
    ) {
        let mask = width == 32 ? UInt32.max : (UInt32(1) &<< UInt32(width)) &- 1
        for index in 0..<count {
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset &+ 4 &* index, as: UInt32.self)
            unsafe output[unchecked: index] = base &+ Int64(word & mask)
        }
    }

    private static func unpackNarrow(
        _ bytes: RawSpan, at offset: Int, width: Int, rows: Int, base: Int64,
        into output: inout MutableSpan<Int64>
    ) {
        let mask = width == 32 ? UInt32.max : (UInt32(1) &<< UInt32(width)) &- 1
        var row = 0
        while row < rows {
            let bit = row &* width
            let shift = UInt32(truncatingIfNeeded: bit & 31)
            let place = offset &+ (bit &>> 5) &* 128
            let first = row &* 32
            var lane = 0
            if Int(shift) &+ width > 32 {
                let back = 32 &- shift
                while lane < 32 {
                    let low = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    let high = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 128 &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    let value = ((low &>> shift) | (high &<< back)) & mask
                    store(value, base, at: first &+ lane, into: &output)
                    lane &+= 4
                }
            } else {
                while lane < 32 {
                    let low = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    store((low &>> shift) & mask, base, at: first &+ lane, into: &output)
                    lane &+= 4
                }
            }
            row &+= 1
        }
    }

    @inline(__always)
    private static func store(
        _ value: SIMD4<UInt32>, _ base: Int64, at index: Int,
        into output: inout MutableSpan<Int64>
    ) {
        unsafe output[unchecked: index] = base &+ Int64(value[0])
        unsafe output[unchecked: index &+ 1] = base &+ Int64(value[1])
        unsafe output[unchecked: index &+ 2] = base &+ Int64(value[2])
        unsafe output[unchecked: index &+ 3] = base &+ Int64(value[3])
    }

    private static func unpackWide(
        _ bytes: RawSpan, at offset: Int, width: Int, count: Int, base: Int64,
        into output: inout MutableSpan<Int64>
    ) {
        let lanes = min(16, count)
        let rows = (count + 15) / 16
        let mask = width == 64 ? UInt64.max : (UInt64(1) &<< UInt64(width)) &- 1
        for row in 0..<rows {
            let bit = row &* width
            let shift = UInt64(truncatingIfNeeded: bit & 63)
            let place = offset &+ (bit &>> 6) &* lanes &* 8
            let first = row &* 16
            let back = 64 &- shift
            if Int(shift) &+ width > 64 {
                for lane in 0..<lanes {
                    let low = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 8 &* lane, as: UInt64.self)
                    let high = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 8 &* (lanes &+ lane), as: UInt64.self)
                    let value = ((low &>> shift) | (high &<< back)) & mask
                    unsafe output[unchecked: first &+ lane] = base &+ Int64(bitPattern: value)
                }
            } else {
                for lane in 0..<lanes {
                    let low = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 8 &* lane, as: UInt64.self)
                    let value = (low &>> shift) & mask
                    unsafe output[unchecked: first &+ lane] = base &+ Int64(bitPattern: value)
                }
            }
        }
    }
}
