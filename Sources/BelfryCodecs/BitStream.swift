import BelfryCore

/// Bits one after the other, lowest first: for what is too irregular for lanes, namely patches,
/// runs and Gorilla's stream.
struct BitWriter {
    private(set) var bytes: [UInt8]
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init() { bytes = [] }

    /// With room for so many bits.
    init(bitCount: Int) {
        bytes = []
        bytes.reserveCapacity(Self.byteCount(bits: bitCount) + 8)
    }

    /// Takes over bytes that `finish` gives back with the stream behind them.
    init(appendingTo payload: inout [UInt8]) {
        bytes = payload
        payload = []
    }

    /// Appends the low `width` bits of `value`, 0 to 64 of them.
    mutating func write(_ value: UInt64, width: Int) {
        if width == 0 { return }
        let kept = width == 64 ? value : value & ((1 << UInt64(width)) - 1)
        pending |= kept << UInt64(pendingCount)
        if pendingCount + width < 64 {
            pendingCount += width
            return
        }
        unsafe withUnsafeBytes(of: pending.littleEndian) {
            unsafe bytes.append(contentsOf: $0)
        }
        let taken = 64 - pendingCount
        pending = taken == 64 ? 0 : kept >> UInt64(taken)
        pendingCount = width - taken
    }

    /// The bytes, the last one filled up with zeros.
    consuming func finish() -> [UInt8] {
        var rest = pending
        var count = pendingCount
        while count > 0 {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
            count -= 8
        }
        return bytes
    }

    static func byteCount(bits: Int) -> Int { (bits + 7) / 8 }
}

/// The reading side. It never looks beyond its limit, and reading there throws.
struct BitReader: ~Copyable, ~Escapable {
    private let bytes: RawSpan
    private var bit: Int
    private let limit: Int

    /// - Precondition: the range lies within `bytes`, and eight bytes follow it there.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, offset: Int, byteCount: Int) {
        precondition(
            offset >= 0 && byteCount >= 0 && offset + byteCount + 8 <= bytes.byteCount,
            "the stream lies within the bytes, with a checksum behind it")
        self.bytes = bytes
        bit = offset * 8
        limit = (offset + byteCount) * 8
    }

    /// The bits at a place, 0 to 64 of them, of a stream whose length was checked.
    /// - Precondition: they lie within `bytes`, and eight bytes follow them there.
    @inline(__always)
    static func bits(_ bytes: RawSpan, at bit: Int, width: Int, mask: UInt64) -> UInt64 {
        let place = bit &>> 3
        let shift = UInt64(truncatingIfNeeded: bit & 7)
        var value =
            unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: place, as: UInt64.self) &>> shift
        if width > 57 && Int(truncatingIfNeeded: shift) &+ width > 64 {
            let next = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: place &+ 8, as: UInt8.self)
            value |= UInt64(next) &<< (64 &- shift)
        }
        return value & mask
    }

    /// The lowest bits, 0 to 64 of them.
    static func mask(_ width: Int) -> UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }

    var remainingBitCount: Int { limit - bit }

    mutating func skip(bits count: Int) throws(FormatError) {
        guard count >= 0, limit - bit >= count else {
            throw .truncated(
                at: bit / 8, needed: (count + 7) / 8, available: (limit - bit) / 8)
        }
        bit += count
    }

    /// The next `width` bits, 0 to 64 of them.
    mutating func read(width: Int) throws(FormatError) -> UInt64 {
        guard limit - bit >= width else {
            throw .truncated(
                at: bit / 8, needed: (width + 7) / 8, available: (limit - bit) / 8)
        }
        if width == 0 { return 0 }
        let place = bit &>> 3
        let shift = UInt64(bit & 7)
        // Eight bytes from any byte of the stream are there, for eight follow it.
        var value =
            unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: place, as: UInt64.self) &>> shift
        if Int(shift) &+ width > 64 {
            let next = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: place &+ 8, as: UInt8.self)
            value |= UInt64(next) &<< (64 &- shift)
        }
        bit &+= width
        return width == 64 ? value : value & ((1 &<< UInt64(width)) &- 1)
    }
}
