/// Distinct texts and their codes, in order of first appearance: tag values as they come in.
///
/// Open addressing over eight bytes a step, with the last text remembered, since most rows repeat
/// the tag of the row before. Code 0 stands for no value.
struct ByteInterner {
    /// The texts as words, zero behind the last byte; text `c` from `wordStarts[c]`.
    private var words: [UInt64] = []
    private var wordStarts: [Int] = [0, 0]
    private var byteCounts: [Int] = [0]
    private var hashes: [UInt64] = [0]
    /// Codes by hash, 0 where free; a power of two, at most half full.
    private var slots: [UInt32] = [UInt32](repeating: 0, count: 256)

    private var lastByteCount = -1
    private var lastWord: UInt64 = 0
    private var lastCode: UInt32 = 0

    /// One more than the highest code.
    var count: Int { byteCounts.count }

    @inline(__always)
    mutating func code(_ text: TextBytes, _ start: Int, _ end: Int) -> UInt32 {
        let byteCount = end - start
        let word = Self.word(text, start, byteCount)
        if byteCount == lastByteCount, byteCount <= 8, word == lastWord { return lastCode }
        let code = find(text, start, byteCount)
        lastByteCount = byteCount
        lastWord = word
        lastCode = code
        return code
    }

    /// The first eight bytes, zero behind the text.
    @inline(__always)
    private static func word(_ text: TextBytes, _ start: Int, _ byteCount: Int) -> UInt64 {
        let word = text.word(start)
        return byteCount >= 8 ? word : word & ((1 << (UInt64(byteCount) &* 8)) &- 1)
    }

    private mutating func find(_ text: TextBytes, _ start: Int, _ byteCount: Int) -> UInt32 {
        let wordCount = (byteCount + 7) / 8
        var hash = UInt64(byteCount) &* 0x9E37_79B9_7F4A_7C15
        for index in 0..<wordCount {
            hash ^= Self.word(text, start + index * 8, byteCount - index * 8)
            hash = hash &* 0xC2B2_AE3D_27D4_EB4F
            hash ^= hash >> 29
        }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let code = Int(slots[slot])
            if hashes[code] == hash, byteCounts[code] == byteCount {
                var isEqual = true
                for index in 0..<wordCount {
                    let word = Self.word(text, start + index * 8, byteCount - index * 8)
                    if words[wordStarts[code] + index] != word { isEqual = false }
                }
                if isEqual { return UInt32(code) }
            }
            slot = (slot + 1) & mask
        }
        let code = UInt32(count)
        slots[slot] = code
        for index in 0..<wordCount {
            words.append(Self.word(text, start + index * 8, byteCount - index * 8))
        }
        wordStarts.append(words.count)
        byteCounts.append(byteCount)
        hashes.append(hash)
        if count * 2 > slots.count { growSlots() }
        return code
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for code in 1..<count {
            var slot = Int(truncatingIfNeeded: hashes[code]) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(code)
        }
    }

    /// The text of a code; nil for code 0.
    func bytes(_ code: UInt32) -> [UInt8]? {
        guard code != 0 else { return nil }
        let start = wordStarts[Int(code)]
        return (0..<byteCounts[Int(code)]).map { index in
            UInt8(truncatingIfNeeded: words[start + index / 8] >> (UInt64(index % 8) * 8))
        }
    }
}

/// Distinct pairs of codes and their own codes, in order of first appearance.
struct PairInterner {
    private var codes: [UInt64: UInt32] = [:]
    private var lastPair: UInt64?
    private var lastCode: UInt32 = 0

    @inline(__always)
    mutating func code(_ first: UInt32, _ second: UInt32) -> UInt32 {
        let pair = UInt64(first) << 32 | UInt64(second)
        if pair == lastPair { return lastCode }
        lastPair = pair
        lastCode = codes[pair] ?? insert(pair)
        return lastCode
    }

    private mutating func insert(_ pair: UInt64) -> UInt32 {
        let code = UInt32(codes.count)
        codes[pair] = code
        return code
    }
}
