import BelfryCore

/// An open hash from bytes to numbers that leaves the bytes where they are: whoever asks compares.
///
/// Slots hold a number and 32 bits of the hash, so that a comparison is nearly always a hit.
/// Linear probing; at most half full.
struct ByteHash: Sendable {
    /// The upper half is a piece of the hash, the lower the number plus one; 0 is free.
    private var slots = [UInt64](repeating: 0, count: 16)
    private var count = 0

    static func hash(_ bytes: [UInt8]) -> UInt64 { Checksum.xxh64(bytes, seed: 0x42_45_4c_46) }

    func find(_ bytes: [UInt8], _ isEqual: (UInt32) -> Bool) -> UInt32? {
        let hash = Self.hash(bytes)
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != 0 {
            let slot = slots[index]
            if slot >> 32 == hash >> 32 {
                let number = UInt32(truncatingIfNeeded: slot) &- 1
                if isEqual(number) { return number }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// - Precondition: the bytes of this hash are not in the table.
    mutating func insert(_ number: UInt32, hash: UInt64) {
        if (count + 1) * 2 > slots.count { grow() }
        count += 1
        hashes.append(hash)
        numbers.append(number)
        place(number, hash)
    }

    // The low halves of the hashes, needed again only when the table doubles.
    private var hashes: [UInt64] = []
    private var numbers: [UInt32] = []

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        for index in hashes.indices { place(numbers[index], hashes[index]) }
    }

    private mutating func place(_ number: UInt32, _ hash: UInt64) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != 0 { index = (index + 1) & mask }
        slots[index] = (hash >> 32) << 32 | UInt64(number &+ 1)
    }
}
