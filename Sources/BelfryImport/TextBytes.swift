/// The bytes of a piece of input, borrowed without their bounds: what the row loops read.
///
/// Why not `Span`: a span cannot be kept beside the tables that point into it, and its checks are
/// paid per byte. Places come from tokenizers, which never go past the buffer; in debug builds
/// each is asserted. Readable bytes follow the last one, so that a word may be loaded at any place,
/// and behind them lies room where texts are written without their escapes.
@safe
struct TextBytes {
    static let paddingByteCount = 64

    private let base: UnsafeMutableRawPointer
    let count: Int

    /// - Precondition: `count` bytes and `paddingByteCount` more are readable and writable, for as
    ///   long as this value is used.
    @inline(__always)
    init(base: UnsafeMutableRawPointer, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    @inline(__always)
    func store(_ byte: UInt8, at index: Int) {
        precondition(index >= 0 && index < count, "a place in the buffer")
        unsafe base.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }

    func span(_ start: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeRawBufferPointer(slice(start, end)).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    subscript(index: Int) -> UInt8 {
        assert(index >= 0 && index < count + Self.paddingByteCount, "a place in the buffer")
        return unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The eight bytes from a place, the first one lowest.
    @inline(__always)
    func word(_ index: Int) -> UInt64 {
        assert(index >= 0 && index + 8 <= count + Self.paddingByteCount, "a place in the buffer")
        return unsafe UInt64(
            littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    @inline(__always)
    func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + start, count: end - start)
    }

    /// How many of the bytes are line ends: a counter a byte, added up before one can overflow.
    func lineEndCount(_ start: Int, _ end: Int) -> Int {
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        var count = 0
        var index = start
        while index + 8 <= end {
            let stop = min(end - 7, index + 255 * 8)
            var counters: UInt64 = 0
            while index < stop {
                let word = self.word(index) ^ 0x0a0a_0a0a_0a0a_0a0a
                counters &+= ~(((word & low) &+ low) | word | low) &>> 7
                index &+= 8
            }
            // Pairs of bytes first: eight times 255 does not fit into one.
            let pairs =
                (counters & 0x00ff_00ff_00ff_00ff) &+ ((counters &>> 8) & 0x00ff_00ff_00ff_00ff)
            count += Int(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) &>> 48)
        }
        while index < end {
            if self[index] == 10 { count += 1 }
            index += 1
        }
        return count
    }

    func array(_ start: Int, _ end: Int) -> [UInt8] {
        unsafe [UInt8](slice(start, end))
    }

    func string(_ start: Int, _ end: Int) -> String {
        unsafe String(decoding: slice(start, end), as: UTF8.self)
    }

    /// Whether the bytes are UTF-8: eight ASCII bytes a step, the rest by its own rules.
    func isUTF8(_ start: Int, _ end: Int) -> Bool {
        var index = start
        while index < end {
            if end - index >= 8, word(index) & 0x8080_8080_8080_8080 == 0 {
                index += 8
                continue
            }
            let lead = self[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let width = lead >= 0xf0 ? 4 : (lead >= 0xe0 ? 3 : 2)
            guard lead >= 0xc2, lead <= 0xf4, index + width <= end else { return false }
            for place in 1..<width where self[index + place] & 0xc0 != 0x80 { return false }
            // Overlong forms, surrogates and what lies past the last scalar.
            let second = self[index + 1]
            switch lead {
            case 0xe0: if second < 0xa0 { return false }
            case 0xed: if second > 0x9f { return false }
            case 0xf0: if second < 0x90 { return false }
            case 0xf4: if second > 0x8f { return false }
            default: break
            }
            index += width
        }
        return true
    }
}
