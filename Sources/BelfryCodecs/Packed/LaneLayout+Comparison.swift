/// Comparing packed values without writing them down.
extension LaneLayout {
    /// Marks the packed values from `low` to `high`, one bit each; bits beyond the count are left
    /// as they come.
    /// - Precondition: the packed bytes lie within `bytes`, `width` is 1 to 32, `low <= high`, and
    ///   there is a word for every 64 values.
    static func mark(
        _ bytes: RawSpan, at offset: Int, width: Int, count: Int, low: UInt32, high: UInt32,
        into words: inout MutableSpan<UInt64>
    ) {
        precondition(
            offset >= 0 && width >= 1 && width <= 32
                && bytes.byteCount - offset >= byteCount(width: width, count: count),
            "the packed values lie within the bytes")
        precondition(words.count * 64 >= count && low <= high, "a bit for each value")
        let mask = width == 32 ? UInt32.max : (UInt32(1) &<< UInt32(width)) &- 1
        if count < 32 {
            var found: UInt64 = 0
            for index in 0..<count {
                let word = unsafe bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset &+ 4 &* index, as: UInt32.self)
                let value = word & mask
                if low <= value && value <= high { found |= 1 &<< UInt64(index) }
            }
            if count > 0 { unsafe words[unchecked: 0] = found }
            return
        }
        markRows(
            bytes, at: offset, width: width, rows: (count + 31) / 32, mask: mask, low: low,
            high: high, into: &words)
    }

    private static func markRows(
        _ bytes: RawSpan, at offset: Int, width: Int, rows: Int, mask: UInt32, low: UInt32,
        high: UInt32, into words: inout MutableSpan<UInt64>
    ) {
        // Values are moved so that `low` comes to the least signed number: then one signed
        // comparison, the only one the baseline has, tells what is beyond `high`.
        let shifted = SIMD4<UInt32>(repeating: low &+ 0x8000_0000)
        let limit = SIMD4<Int32>(
            repeating: Int32(bitPattern: (high &- low) ^ 0x8000_0000))
        let masks = SIMD4<UInt32>(repeating: mask)
        var row = 0
        while row < rows {
            let bit = row &* width
            let shift = UInt32(truncatingIfNeeded: bit & 31)
            let place = offset &+ (bit &>> 5) &* 128
            let spills = Int(shift) &+ width > 32
            let back = 32 &- shift
            var outside = SIMD4<Int32>(repeating: 0)
            var bits = SIMD4<Int32>(1, 2, 4, 8)
            var lane = 0
            if spills {
                while lane < 32 {
                    let first = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    let second = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 128 &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    let value = ((first &>> shift) | (second &<< back)) & masks
                    let moved = SIMD4<Int32>(truncatingIfNeeded: value &- shifted)
                    outside |= bits.replacing(with: 0, where: moved .<= limit)
                    bits = bits &<< 4
                    lane &+= 4
                }
            } else {
                while lane < 32 {
                    let first = unsafe bytes.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: place &+ 4 &* lane, as: SIMD4<UInt32>.self)
                    let value = (first &>> shift) & masks
                    let moved = SIMD4<Int32>(truncatingIfNeeded: value &- shifted)
                    outside |= bits.replacing(with: 0, where: moved .<= limit)
                    bits = bits &<< 4
                    lane &+= 4
                }
            }
            let all = UInt32(bitPattern: outside[0] | outside[1] | outside[2] | outside[3])
            let found = UInt64(~all)
            if row & 1 == 0 {
                unsafe words[unchecked: row &>> 1] = found
            } else {
                unsafe words[unchecked: row &>> 1] |= found &<< 32
            }
            row &+= 1
        }
    }
}
