import BelfryCore

/// Distinct texts and their numbers, in order of first appearance.
///
/// Texts are compared as bytes. An open table of numbers beside the texts; a number once given
/// stays.
struct TextIntern: Sendable {
    private(set) var texts = TextStorage()
    /// A number and one, by hash; 0 is empty.
    private var slots = [UInt32](repeating: 0, count: 64)

    var count: Int { texts.count }

    var byteCount: Int { texts.bytes.count + texts.offsets.count * 4 + slots.count * 4 }

    /// The number of a text, new if it was not there.
    mutating func number(of bytes: ArraySlice<UInt8>) -> UInt32 {
        if (texts.count + 1) * 2 > slots.count { grow() }
        let slot = slot(of: bytes)
        if slots[slot] != 0 { return slots[slot] - 1 }
        texts.append(bytes)
        slots[slot] = UInt32(truncatingIfNeeded: texts.count)
        return UInt32(truncatingIfNeeded: texts.count - 1)
    }

    func existingNumber(of bytes: ArraySlice<UInt8>) -> UInt32? {
        let slot = slot(of: bytes)
        return slots[slot] == 0 ? nil : slots[slot] - 1
    }

    /// Where a text is, or the empty slot where it would go.
    private func slot(of bytes: ArraySlice<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: Self.hash(bytes)) & mask
        while slots[slot] != 0 {
            let known = texts.range(Int(slots[slot] - 1))
            if known.count == bytes.count && texts.bytes[known] == bytes { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        slots = [UInt32](repeating: 0, count: mask + 1)
        for number in 0..<texts.count {
            var slot = Int(truncatingIfNeeded: Self.hash(texts[number])) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(truncatingIfNeeded: number + 1)
        }
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return mixed(hash)
    }
}

/// Spreads the bits of a word over all of it.
@inline(__always)
func mixed(_ word: UInt64) -> UInt64 {
    var bits = (word ^ (word >> 32)) &* 0x9E37_79B9_7F4A_7C15
    bits ^= bits >> 29
    return bits
}
