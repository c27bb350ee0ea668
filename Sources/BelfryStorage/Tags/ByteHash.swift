import BelfryCore

/// An open hash from keys to numbers that leaves the keys where they are: whoever asks compares.
///
/// A slot holds a number and the 32 bits of the hash that place it, so that a comparison is nearly
/// always a hit and growing needs no key. Linear probing; at most three quarters full.
struct ByteHash: Sendable {
    /// The upper half is the hash, the lower the number plus one; 0 is free.
    private var slots = [UInt64](repeating: 0, count: 16)
    private var count = 0

    /// Room for so many from the start.
    init(capacity: Int = 0) {
        var slotCount = 16
        while slotCount * 3 < capacity * 4 { slotCount *= 2 }
        slots = [UInt64](repeating: 0, count: slotCount)
    }

    static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let hash = unsafe Checksum.xxh64(bytes.span.bytes.extracting(range), seed: 0x42_45_4c_46)
        return UInt32(truncatingIfNeeded: hash >> 32)
    }

    static func hash(_ bytes: [UInt8]) -> UInt32 { hash(bytes, 0..<bytes.count) }

    @inline(__always)
    func find(_ hash: UInt32, _ isEqual: (UInt32) -> Bool) -> UInt32? {
        let mask = slots.count - 1
        var index = Int(hash) & mask
        while slots[index] != 0 {
            let slot = slots[index]
            if UInt32(truncatingIfNeeded: slot >> 32) == hash {
                let number = UInt32(truncatingIfNeeded: slot) &- 1
                if isEqual(number) { return number }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// - Precondition: the key of this hash is not in the table.
    mutating func insert(_ number: UInt32, hash: UInt32) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        count += 1
        place(UInt64(hash) << 32 | UInt64(number &+ 1))
    }

    /// Gives every number another one.
    mutating func renumber(_ change: (UInt32) -> UInt32) {
        for index in slots.indices where slots[index] != 0 {
            let number = UInt32(truncatingIfNeeded: slots[index]) &- 1
            slots[index] = (slots[index] >> 32) << 32 | UInt64(change(number) &+ 1)
        }
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for slot in old where slot != 0 { place(slot) }
    }

    private mutating func place(_ slot: UInt64) {
        let mask = slots.count - 1
        var index = Int(slot >> 32) & mask
        while slots[index] != 0 { index = (index + 1) & mask }
        slots[index] = slot
    }
}
