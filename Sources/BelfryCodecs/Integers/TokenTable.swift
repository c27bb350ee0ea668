import BelfryCore

/// The table by which a strip of the COLD tier codes its residuals: tokens by tANS, low bits as
/// they are.
///
/// A residual near 0 is a token of its own; farther off, a token stands for a quarter of a power
/// of two (or half of one, and a sign), and the bits below follow apart. Tokens are coded by a
/// state machine of 2,048 states (Duda, "Asymmetric numeral systems", arXiv 1311.2540), four of
/// them in turn.
///
/// Format: `formats/codecs.md`, "Coded residuals".
struct TokenTable: Hashable, Sendable {
    static let logSize = 11
    static let size = 1 << logSize
    /// In place of a width: the residuals are coded.
    static let codedWidth: UInt8 = 65
    static let tokenCount = 256
    /// Residuals below are tokens of their own.
    static let literalCount: UInt64 = 16

    /// Residuals are distances from a centre; else distances from the least.
    let isSigned: Bool
    /// Residuals without sign are zig-zag distances from a centre: read, no longer written.
    let isZigzag: Bool
    /// By token, how many of the states it has.
    let counts: [UInt16]
    /// By state: in how many bits the next state follows (6 bits), how many low bits the token has
    /// (6), from where the next state counts (11), and the residual with all low bits 0, signed;
    /// in a wide table the token in place of it.
    let transitions: [UInt64]
    /// The most low bits of any token there is.
    let lowWidthLimit: Int

    /// Whether residuals may be larger than transitions have room for.
    var isWide: Bool { lowWidthLimit > 36 }

    init(isSigned: Bool, isZigzag: Bool = false, counts: [UInt16]) {
        self.isSigned = isSigned
        self.isZigzag = isZigzag
        self.counts = counts
        let tokens = Self.spread(counts)
        let lowWidthLimit =
            counts.lastIndex { $0 > 0 }.map { Self.lowWidth(of: UInt8($0)) } ?? 0
        self.lowWidthLimit = lowWidthLimit
        let isWide = lowWidthLimit > 36
        var next = counts.map { Int($0) }
        transitions = tokens.map { token in
            let position = next[Int(token)]
            next[Int(token)] += 1
            let bits = Self.logSize + 1 - bitCount(UInt64(position))
            let from = UInt64((position << bits) - Self.size)
            let base = isWide ? UInt64(token) : Self.base(of: token, isSigned: isSigned)
            return UInt64(bits) | UInt64(Self.lowWidth(of: token)) << 6 | from << 12 | base << 23
        }
    }

    /// The token of each state: all states of a token lie far apart.
    static func spread(_ counts: [UInt16]) -> [UInt8] {
        var tokens = [UInt8](repeating: 0, count: size)
        var place = 0
        let step = size / 2 + size / 8 + 3
        for (token, count) in counts.enumerated() {
            for _ in 0..<count {
                tokens[place] = UInt8(token)
                place = (place + step) & (size - 1)
            }
        }
        return tokens
    }

    // MARK: Tokens

    /// How many bits follow a token.
    @inline(__always)
    static func lowWidth(of token: UInt8) -> Int {
        token < UInt8(literalCount) ? 0 : Int((token &- UInt8(literalCount)) >> 2) &+ 2
    }

    /// Of a residual without sign: above the literal ones, its three highest bits.
    @inline(__always)
    static func token(of residual: UInt64) -> UInt8 {
        let bits = UInt64(truncatingIfNeeded: bitCount(residual | literalCount))
        let quarter = residual &>> (bits &- 3) & 3
        let large = literalCount &+ (bits &- 5) &* 4 &+ quarter
        return UInt8(truncatingIfNeeded: residual < literalCount ? residual : large)
    }

    /// Of a residual with sign: -8 to 7 zig-zag, above them the two highest bits of its magnitude
    /// and the sign.
    @inline(__always)
    static func signedToken(of residual: UInt64) -> UInt8 {
        let sign = residual &>> 63
        let magnitude = residual ^ (0 &- sign)
        let bits = UInt64(truncatingIfNeeded: bitCount(magnitude | literalCount / 2))
        let half = magnitude &>> (bits &- 2) & 1
        let large = literalCount &+ (bits &- 4) &* 4 &+ half &* 2 &+ sign
        let small = magnitude &* 2 &+ sign
        return UInt8(truncatingIfNeeded: magnitude < literalCount / 2 ? small : large)
    }

    /// The residual of a token, all low bits 0, as it wraps in 64 bits; low bits add to it.
    static func base(of token: UInt8, isSigned: Bool) -> UInt64 {
        let number = UInt64(token)
        guard number >= literalCount else {
            return isSigned ? (number >> 1) ^ (0 &- (number & 1)) : number
        }
        let width = UInt64(lowWidth(of: token))
        if !isSigned { return (4 | number & 3) << width }
        let top = 2 | number >> 1 & 1
        return number & 1 == 0 ? top << width : 0 &- ((top + 1) << width)
    }

    // MARK: The directory

    /// Whether residuals are signed, then the counts up to the last that is not 0; after a 0, how
    /// many more 0 follow.
    func write(_ writer: inout ByteWriter) {
        writer.writeUInt8(isSigned ? 2 : 0)
        let end = (counts.lastIndex { $0 > 0 } ?? -1) + 1
        writer.writeCount(end)
        var token = 0
        while token < end {
            writer.writeCount(Int(counts[token]))
            if counts[token] == 0 {
                var zeros = 0
                while counts[token + 1 + zeros] == 0 { zeros += 1 }
                writer.writeCount(zeros)
                token += zeros
            }
            token += 1
        }
    }

    static func read(_ reader: inout ByteReader) throws(FormatError) -> TokenTable {
        let start = reader.offset
        let form = try reader.readUInt8()
        guard form <= 2 else { throw FormatError("form of residuals \(form)", at: start) }
        let end = try reader.readCount(limit: tokenCount, "tokens")
        var counts = [UInt16](repeating: 0, count: tokenCount)
        var sum = 0
        var token = 0
        while token < end {
            let count = try reader.readCount(limit: size - sum, "states of a token")
            counts[token] = UInt16(count)
            sum += count
            if count == 0 { token += try reader.readCount(limit: end - token - 1, "tokens") }
            token += 1
        }
        guard sum == size else {
            throw FormatError("tokens of \(sum) states, \(size) expected", at: start)
        }
        return TokenTable(isSigned: form == 2, isZigzag: form == 1, counts: counts)
    }
}
