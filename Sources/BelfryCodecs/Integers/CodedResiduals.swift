import BelfryCore

/// The residuals of a vector as a stream of tokens and a stream of low bits.
struct CodedResiduals: Hashable, Sendable {
    var tokenByteCount: Int
    var lowByteCount: Int

    var byteCount: Int { tokenByteCount + lowByteCount }

    /// The bytes of four states ahead of a vector's tokens, and of the longest tokens.
    static func byteCountLimit(rows: Int) -> Int { (TokenTable.logSize * (rows + 4) + 7) / 8 }

    func write(_ writer: inout ByteWriter) {
        writer.writeCount(tokenByteCount)
        writer.writeCount(lowByteCount)
    }

    static func read(
        _ reader: inout ByteReader, rowCount: Int
    ) throws(FormatError) -> CodedResiduals {
        let tokens = try reader.readCount(limit: byteCountLimit(rows: rowCount), "bytes of tokens")
        return CodedResiduals(
            tokenByteCount: tokens,
            lowByteCount: try reader.readCount(limit: 8 * rowCount, "bytes of low bits"))
    }

    // MARK: Encoding

    /// Both streams; nil where a token has no state.
    static func encode(
        _ residuals: [UInt64], _ table: TokenEncoder
    ) -> (coded: CodedResiduals, bytes: [UInt8])? {
        var low = BitWriter()
        for row in 0..<residuals.count {
            let residual = residuals[row]
            let token = TokenTable.token(of: residual)
            guard table.counts[Int(token)] > 0 else { return nil }
            low.write(residual, width: TokenTable.lowWidth(of: token))
        }
        // From the last value to the first, so that readers go from the first to the last.
        var chunks: [(bits: UInt64, width: Int)] = []
        chunks.reserveCapacity(residuals.count)
        var states = [Int](repeating: TokenTable.size, count: 4)
        for row in stride(from: residuals.count - 1, through: 0, by: -1) {
            let token = Int(TokenTable.token(of: residuals[row]))
            let state = states[row & 3]
            let count = table.counts[token]
            var width = TokenTable.logSize + 1 - bitCount(UInt64(count))
            if state >> width < count { width -= 1 }
            chunks.append((UInt64(state), width))
            states[row & 3] = table.states[table.starts[token] + (state >> width) - count]
        }
        var tokens = BitWriter()
        for state in states {
            tokens.write(UInt64(state - TokenTable.size), width: TokenTable.logSize)
        }
        for chunk in chunks.reversed() { tokens.write(chunk.bits, width: chunk.width) }
        let tokenBytes = tokens.finish()
        let lowBytes = low.finish()
        return (
            CodedResiduals(tokenByteCount: tokenBytes.count, lowByteCount: lowBytes.count),
            tokenBytes + lowBytes
        )
    }

    // MARK: Decoding

    /// Writes the residuals, zig-zag distances already undone where the table says so.
    func decode(
        _ bytes: RawSpan, at offset: Int, table: TokenTable, rowCount: Int,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        try decodeTokens(bytes, at: offset, table.transitions.span, rowCount, &output)
        if lowByteCount > 0 {
            try decodeLowBits(bytes, at: offset + tokenByteCount, rowCount, &output)
        } else {
            for row in 0..<rowCount where output[row] >= Int64(TokenTable.literalCount) {
                throw FormatError("low bits are missing", at: offset)
            }
        }
        if table.isSigned {
            for row in 0..<rowCount {
                let residual = unsafe UInt64(bitPattern: output[unchecked: row])
                unsafe output[unchecked: row] = Varint.unzigzag(residual)
            }
        }
    }

    /// Four states in turn; a group of four takes 44 bits at most, one load.
    private func decodeTokens(
        _ bytes: RawSpan, at offset: Int, _ transitions: Span<UInt32>, _ rowCount: Int,
        _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(
            offset >= 0 && offset + tokenByteCount + 8 <= bytes.byteCount
                && transitions.count == TokenTable.size
                && output.count >= LaneLayout.paddedCount(rowCount),
            "the stream lies within the bytes, with a checksum behind it")
        var bit = offset * 8
        let limit = (offset + tokenByteCount) * 8
        guard limit - bit >= 4 * TokenTable.logSize else {
            throw .truncated(at: offset, needed: 6, available: tokenByteCount)
        }
        let mask = UInt64(TokenTable.size - 1)
        let first = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
        var a = first & mask
        var b = first &>> 11 & mask
        var c = first &>> 22 & mask
        var d = first &>> 33 & mask
        bit &+= 4 &* TokenTable.logSize
        @inline(__always)
        func step(
            _ state: inout UInt64, _ window: inout UInt64, _ used: inout Int
        ) -> Int64 {
            let transition = unsafe UInt64(transitions[unchecked: Int(state)])
            let width = transition &>> 8 & 15
            state = (transition &>> 16 &+ window & ((1 &<< width) &- 1)) & mask
            window = window &>> width
            used &+= Int(width)
            return Int64(transition & 255)
        }
        var row = 0
        while row < rowCount {
            guard bit <= limit else {
                throw .truncated(at: bit / 8, needed: 1, available: 0)
            }
            var window =
                unsafe bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: bit &>> 3, as: UInt64.self) &>> UInt64(bit & 7)
            var used = 0
            unsafe output[unchecked: row] = step(&a, &window, &used)
            if row &+ 1 < rowCount {
                unsafe output[unchecked: row &+ 1] = step(&b, &window, &used)
            }
            if row &+ 2 < rowCount {
                unsafe output[unchecked: row &+ 2] = step(&c, &window, &used)
            }
            if row &+ 3 < rowCount {
                unsafe output[unchecked: row &+ 3] = step(&d, &window, &used)
            }
            bit &+= used
            row &+= 4
        }
        // The encoder began in the first state of each.
        guard bit <= limit, limit - bit < 8, a | b | c | d == 0 else {
            throw FormatError("tokens that do not end where they began", at: offset)
        }
    }

    private func decodeLowBits(
        _ bytes: RawSpan, at offset: Int, _ rowCount: Int, _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        var reader = BitReader(bytes, offset: offset, byteCount: lowByteCount)
        for row in 0..<rowCount {
            let token = unsafe UInt8(truncatingIfNeeded: output[unchecked: row])
            if UInt64(token) < TokenTable.literalCount { continue }
            let low = try reader.read(width: TokenTable.lowWidth(of: token))
            unsafe output[unchecked: row] = Int64(
                bitPattern: TokenTable.residual(token, low: low))
        }
    }
}

/// A table as the encoder needs it: by token, the states that stand for it.
struct TokenEncoder: Sendable {
    let table: TokenTable
    let shape: IntegerShape
    /// By token.
    let counts: [Int]
    /// By token, where its states begin in `states`.
    let starts: [Int]
    let states: [Int]

    init(_ table: TokenTable, shape: IntegerShape) {
        self.table = table
        self.shape = shape
        counts = table.counts.map { Int($0) }
        var starts = [Int](repeating: 0, count: TokenTable.tokenCount)
        var sum = 0
        for token in starts.indices {
            starts[token] = sum
            sum += counts[token]
        }
        self.starts = starts
        var states = [Int](repeating: 0, count: TokenTable.size)
        var filled = starts
        for (state, token) in TokenTable.spread(table.counts).enumerated() {
            states[filled[Int(token)]] = TokenTable.size + state
            filled[Int(token)] += 1
        }
        self.states = states
    }
}
