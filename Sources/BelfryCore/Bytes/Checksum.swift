/// XXH64: the checksum of everything on disk, and the hash of series keys.
///
/// On disk the seed is the file's salt plus the offset of the bytes (`formats/README.md`), so that
/// swapped, misdirected and stale bytes fail. Source: Yann Collet, "xxHash fast digest algorithm",
/// the XXH64 part. About 12 GB/s.
package enum Checksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ accumulator: UInt64) -> UInt64 {
        (hash ^ round(0, accumulator)) &* prime1 &+ prime4
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value &<< count) | (value &>> (64 &- count))
    }

    /// The checksum of bytes that stand at `offset` of a file with this salt.
    package static func of(_ bytes: RawSpan, salt: UInt64, offset: UInt64) -> UInt64 {
        xxh64(bytes, seed: salt &+ offset)
    }

    package static func xxh64(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe xxh64($0, seed: seed) }
    }

    package static func xxh64(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe xxh64($0, seed: seed) }
    }

    /// Why not `RawSpan`: its checked loads halve the speed measured on short inputs; the bounds
    /// are proved once per stripe by the loop conditions.
    private static func xxh64(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var offset = 0
        var hash: UInt64
        @inline(__always) func lane(_ at: Int) -> UInt64 {
            unsafe UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        }
        if count >= 32 {
            var a = seed &+ prime1 &+ prime2
            var b = seed &+ prime2
            var c = seed
            var d = seed &- prime1
            while offset <= count - 32 {
                a = round(a, lane(offset))
                b = round(b, lane(offset + 8))
                c = round(c, lane(offset + 16))
                d = round(d, lane(offset + 24))
                offset += 32
            }
            hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
            hash = merge(merge(merge(merge(hash, a), b), c), d)
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(count)
        while offset <= count - 8 {
            hash = rotate(hash ^ round(0, lane(offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset <= count - 4 {
            let word = unsafe UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            hash = rotate(hash ^ (UInt64(word) &* prime1), 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < count {
            let byte = unsafe bytes[offset]
            hash = rotate(hash ^ (UInt64(byte) &* prime5), 11) &* prime1
            offset += 1
        }
        hash ^= hash &>> 33
        hash = hash &* prime2
        hash ^= hash &>> 29
        hash = hash &* prime3
        hash ^= hash &>> 32
        return hash
    }
}
