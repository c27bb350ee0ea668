import BelfryCore

/// The table by which a strip of the COLD tier codes its residuals: tokens by tANS, low bits as
/// they are.
///
/// A residual below 16 is a token of its own; above, a token stands for a quarter of a power of
/// two, and the bits below follow apart. Tokens are coded by a state machine of 2,048 states
/// (Duda, "Asymmetric numeral systems", arXiv 1311.2540), four of them in turn.
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

    /// Residuals are zig-zag distances from a centre; else distances from the least.
    let isSigned: Bool
    /// By token, how many of the states it has.
    let counts: [UInt16]
    /// By state: the token (8 bits), in how many bits the next state follows (4), from where it
    /// counts (11), and how many low bits the token has (6).
    let transitions: [UInt32]
    /// By token, its residual with all low bits 0.
    let bases: [UInt64]
    /// The most low bits of any token there is.
    let lowWidthLimit: Int

    init(isSigned: Bool, counts: [UInt16]) {
        self.isSigned = isSigned
        self.counts = counts
        bases = (0..<Self.tokenCount).map { token in
            UInt64(token) < Self.literalCount
                ? UInt64(token) : Self.residual(UInt8(token), low: 0)
        }
        let tokens = Self.spread(counts)
        lowWidthLimit =
            counts.lastIndex { $0 > 0 }.map { Self.lowWidth(of: UInt8($0)) } ?? 0
        var next = counts.map { Int($0) }
        transitions = tokens.map { token in
            let position = next[Int(token)]
            next[Int(token)] += 1
            let bits = Self.logSize + 1 - bitCount(UInt64(position))
            let base = (position << bits) - Self.size
            return UInt32(token) | UInt32(bits) << 8 | UInt32(base) << 12
                | UInt32(Self.lowWidth(of: token)) << 23
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

    @inline(__always)
    static func token(of residual: UInt64) -> UInt8 {
        if residual < literalCount { return UInt8(truncatingIfNeeded: residual) }
        let bits = bitCount(residual)
        let quarter = residual &>> UInt64(bits &- 3) & 3
        return UInt8(truncatingIfNeeded: literalCount &+ UInt64(bits &- 5) &* 4 &+ quarter)
    }

    /// The residual of a token with low bits.
    @inline(__always)
    static func residual(_ token: UInt8, low: UInt64) -> UInt64 {
        let quarter = UInt64((token &- UInt8(literalCount)) & 3)
        return (4 | quarter) &<< UInt64(lowWidth(of: token)) | low
    }

    // MARK: The directory

    /// Whether residuals are signed, then the counts up to the last that is not 0; after a 0, how
    /// many more 0 follow.
    func write(_ writer: inout ByteWriter) {
        writer.writeUInt8(isSigned ? 1 : 0)
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
        let isSigned = try reader.readUInt8()
        guard isSigned <= 1 else { throw FormatError("form of residuals \(isSigned)", at: start) }
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
        return TokenTable(isSigned: isSigned == 1, counts: counts)
    }
}
