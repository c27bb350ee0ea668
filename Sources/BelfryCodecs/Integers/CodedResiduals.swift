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

    /// Appends both streams; nil, and nothing is appended, where a token has no state.
    static func encode(
        _ residuals: Span<UInt64>, _ table: TokenEncoder, into payload: inout [UInt8]
    ) -> CodedResiduals? {
        let count = residuals.count
        var tokens = [UInt8](repeating: 0, count: count)
        guard find(&tokens, of: residuals, table) else { return nil }
        let start = payload.count
        writeTokens(tokens.span, table, into: &payload)
        let middle = payload.count
        writeLowBits(residuals, tokens.span, into: &payload)
        return CodedResiduals(
            tokenByteCount: middle - start, lowByteCount: payload.count - middle)
    }

    /// Whether all tokens have states.
    private static func find(
        _ tokens: inout [UInt8], of residuals: Span<UInt64>, _ table: TokenEncoder
    ) -> Bool {
        var span = tokens.mutableSpan
        let counts = table.counts.span
        precondition(
            span.count == residuals.count && counts.count == TokenTable.tokenCount,
            "a token for every residual")
        var isCoded = true
        if table.table.isSigned {
            for row in 0..<residuals.count {
                let token = TokenTable.signedToken(of: unsafe residuals[unchecked: row])
                unsafe span[unchecked: row] = token
                isCoded = unsafe isCoded && counts[unchecked: Int(token)] > 0
            }
        } else {
            for row in 0..<residuals.count {
                let token = TokenTable.token(of: unsafe residuals[unchecked: row])
                unsafe span[unchecked: row] = token
                isCoded = unsafe isCoded && counts[unchecked: Int(token)] > 0
            }
        }
        return isCoded
    }

    /// From the last token to the first, so that readers go from the first to the last.
    private static func writeTokens(
        _ tokens: Span<UInt8>, _ table: TokenEncoder, into payload: inout [UInt8]
    ) {
        let widthSteps = table.widthSteps.span
        let stateSteps = table.stateSteps.span
        let states = table.states.span
        precondition(
            widthSteps.count == TokenTable.tokenCount
                && stateSteps.count == TokenTable.tokenCount
                && states.count == TokenTable.size, "a whole table")
        @inline(__always)
        func step(_ state: inout UInt32, _ row: Int, _ bits: inout UInt64, _ width: inout UInt64) {
            let token = unsafe Int(tokens[unchecked: row])
            let wide = (state &+ (unsafe widthSteps[unchecked: token])) &>> 16
            bits = bits &<< UInt64(wide) | UInt64(state & ((1 &<< wide) &- 1))
            width &+= UInt64(wide)
            let place = Int(state &>> wide) &+ (unsafe Int(stateSteps[unchecked: token]))
            // Within the states of the token: `state >> wide` lies between its count and twice it.
            state = unsafe UInt32(states[unchecked: place & (TokenTable.size &- 1)])
        }
        // By group of four rows, the bits that its steps give, and their number in the upper eight.
        let count = tokens.count
        var chunks = [UInt64](repeating: 0, count: (count + 3) / 4)
        var chunkSpan = chunks.mutableSpan
        var a = UInt32(TokenTable.size)
        var b = a
        var c = a
        var d = a
        var group = chunkSpan.count &- 1
        while group >= 0 {
            let row = group &* 4
            var bits: UInt64 = 0
            var width: UInt64 = 0
            if row &+ 3 < count { step(&d, row &+ 3, &bits, &width) }
            if row &+ 2 < count { step(&c, row &+ 2, &bits, &width) }
            if row &+ 1 < count { step(&b, row &+ 1, &bits, &width) }
            step(&a, row, &bits, &width)
            unsafe chunkSpan[unchecked: group] = bits | width &<< 56
            group &-= 1
        }
        var writer = BitWriter(appendingTo: &payload)
        for state in [a, b, c, d] {
            writer.write(UInt64(state) - UInt64(TokenTable.size), width: TokenTable.logSize)
        }
        for group in 0..<chunkSpan.count {
            let chunk = unsafe chunkSpan[unchecked: group]
            writer.write(chunk, width: Int(chunk &>> 56))
        }
        payload = writer.finish()
    }

    private static func writeLowBits(
        _ residuals: Span<UInt64>, _ tokens: Span<UInt8>, into payload: inout [UInt8]
    ) {
        var writer = BitWriter(appendingTo: &payload)
        var pending: UInt64 = 0
        var count = 0
        for row in 0..<residuals.count {
            let width = TokenTable.lowWidth(of: unsafe tokens[unchecked: row])
            let residual = unsafe residuals[unchecked: row]
            if count &+ width > 64 {
                writer.write(pending, width: count)
                pending = 0
                count = 0
            }
            // No token has more than 62 low bits.
            pending |= (residual & ((1 &<< UInt64(width)) &- 1)) &<< UInt64(count & 63)
            count &+= width
        }
        writer.write(pending, width: count)
        payload = writer.finish()
    }

    // MARK: Decoding

    /// What becomes of residuals as they are decoded.
    struct Use {
        /// Each is multiplied by it, and the step added.
        var factor: Int64
        var step: Int64
        /// Whether what comes out is the sum up to there, from the start on.
        var isSum: Bool
        var start: Int64
    }

    /// Writes what the residuals are used for.
    func decode(
        _ bytes: RawSpan, at offset: Int, table: TokenTable, rowCount: Int, use: Use,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        if table.isZigzag {
            let plain = Use(factor: 1, step: 0, isSum: false, start: 0)
            try decodePlain(bytes, at: offset, table: table, rowCount: rowCount, plain, &output)
            var total = use.isSum ? use.start : 0
            for row in 0..<rowCount {
                let code = UInt64(bitPattern: output[row])
                let value = Varint.unzigzag(code) &* use.factor &+ use.step
                total = use.isSum ? total &+ value : value
                output[row] = total
            }
            return
        }
        try decodePlain(bytes, at: offset, table: table, rowCount: rowCount, use, &output)
    }

    private func decodePlain(
        _ bytes: RawSpan, at offset: Int, table: TokenTable, rowCount: Int, _ use: Use,
        _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        // The low bits of four rows are one load where they are few; those of one, where the
        // table has room for what they add to.
        if table.lowWidthLimit <= 14 {
            try decode(
                bytes, at: offset, table, rowCount, isNarrow: true, use, &output)
        } else if !table.isWide {
            try decode(
                bytes, at: offset, table, rowCount, isNarrow: false, use, &output)
        } else {
            try decodeWide(bytes, at: offset, table, rowCount, use, &output)
        }
    }

    /// Four states in turn; the tokens of four rows take 44 bits at most, one load.
    @inline(__always)
    private func decode(
        _ bytes: RawSpan, at offset: Int, _ table: TokenTable, _ rowCount: Int, isNarrow: Bool,
        _ use: Use, _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        let transitions = table.transitions.span
        precondition(
            offset >= 0 && offset + byteCount + 8 <= bytes.byteCount
                && transitions.count == TokenTable.size && output.count >= rowCount,
            "the streams lie within the bytes, with a checksum behind them")
        var bit = offset &* 8
        let limit = (offset + tokenByteCount) * 8
        guard limit - bit >= 4 * TokenTable.logSize else {
            throw .truncated(at: offset, needed: 6, available: tokenByteCount)
        }
        var lowBit = limit
        let lowLimit = limit + lowByteCount * 8
        let mask = UInt64(TokenTable.size - 1)
        let factor = use.factor
        let step = use.step
        let isSum = use.isSum
        var total = isSum ? use.start : 0

        @inline(__always)
        func load(_ bit: Int) -> UInt64 {
            unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: bit &>> 3, as: UInt64.self) &>> UInt64(bit & 7)
        }
        // Shifts take the lowest six bits of a transition: how many bits the state takes.
        @inline(__always)
        func advance(_ state: inout UInt64, _ window: inout UInt64) -> UInt64 {
            let transition = unsafe transitions[unchecked: Int(state)]
            let bits = window & ~(UInt64.max &<< transition)
            window = window &>> transition
            state = (transition &>> 12 &+ bits) & mask
            return transition
        }
        @inline(__always)
        func value(_ transition: UInt64, _ window: inout UInt64) -> Int64 {
            let width = transition &>> 6
            let low = window & ~(UInt64.max &<< width)
            window = window &>> width
            let base = Int64(bitPattern: transition) &>> 23
            return (base &+ Int64(bitPattern: low)) &* factor &+ step
        }
        @inline(__always)
        func put(_ row: Int, _ value: Int64, _ output: inout MutableSpan<Int64>) {
            total = isSum ? total &+ value : value
            unsafe output[unchecked: row] = total
        }

        let first = load(bit)
        var a = first & mask
        var b = first &>> 11 & mask
        var c = first &>> 22 & mask
        var d = first &>> 33 & mask
        bit &+= 4 &* TokenTable.logSize
        var row = 0
        while row &+ 4 <= rowCount {
            guard bit <= limit && lowBit <= lowLimit else {
                throw .truncated(at: bit / 8, needed: 1, available: 0)
            }
            var window = load(bit)
            let one = advance(&a, &window)
            let two = advance(&b, &window)
            let three = advance(&c, &window)
            let four = advance(&d, &window)
            if isNarrow {
                // The widths of four add up within their six bits each.
                let sum = one &+ two &+ three &+ four
                var low = load(lowBit)
                bit &+= Int(sum & 63)
                lowBit &+= Int(sum &>> 6 & 63)
                put(row, value(one, &low), &output)
                put(row &+ 1, value(two, &low), &output)
                put(row &+ 2, value(three, &low), &output)
                put(row &+ 3, value(four, &low), &output)
            } else {
                bit &+= Int(one & 63 &+ two & 63 &+ three & 63 &+ four & 63)
                let second = lowBit &+ Int(one &>> 6 & 63)
                let third = second &+ Int(two &>> 6 & 63)
                let fourth = third &+ Int(three &>> 6 & 63)
                guard fourth <= lowLimit else {
                    throw .truncated(at: lowBit / 8, needed: 1, available: 0)
                }
                var low = load(lowBit)
                put(row, value(one, &low), &output)
                low = load(second)
                put(row &+ 1, value(two, &low), &output)
                low = load(third)
                put(row &+ 2, value(three, &low), &output)
                low = load(fourth)
                put(row &+ 3, value(four, &low), &output)
                lowBit = fourth &+ Int(four &>> 6 & 63)
            }
            row &+= 4
        }
        while row < rowCount {
            guard bit <= limit && lowBit <= lowLimit else {
                throw .truncated(at: bit / 8, needed: 1, available: 0)
            }
            var window = load(bit)
            let transition = advance(&a, &window)
            (a, b, c, d) = (b, c, d, a)
            bit &+= Int(transition & 63)
            var low = load(lowBit)
            lowBit &+= Int(transition &>> 6 & 63)
            put(row, value(transition, &low), &output)
            row &+= 1
        }
        // The encoder began in the first state of each.
        guard bit <= limit, limit - bit < 8, lowBit <= lowLimit, a | b | c | d == 0 else {
            throw FormatError("tokens that do not end where they began", at: offset)
        }
    }

    /// Tokens first, then their low bits: where there are many of these.
    private func decodeWide(
        _ bytes: RawSpan, at offset: Int, _ table: TokenTable, _ rowCount: Int, _ use: Use,
        _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        var tokens = BitReader(bytes, offset: offset, byteCount: tokenByteCount)
        var low = BitReader(bytes, offset: offset + tokenByteCount, byteCount: lowByteCount)
        var states: [Int] = []
        for _ in 0..<4 { states.append(Int(try tokens.read(width: TokenTable.logSize))) }
        var total = use.isSum ? use.start : 0
        for row in 0..<rowCount {
            let transition = table.transitions[states[row & 3]]
            let bits = Int(try tokens.read(width: Int(transition & 63)))
            states[row & 3] = (Int(transition &>> 12) + bits) & (TokenTable.size - 1)
            let token = UInt8(truncatingIfNeeded: transition &>> 23)
            let rest = try low.read(width: TokenTable.lowWidth(of: token))
            let residual = TokenTable.base(of: token, isSigned: table.isSigned) &+ rest
            let value = Int64(bitPattern: residual) &* use.factor &+ use.step
            total = use.isSum ? total &+ value : value
            unsafe output[unchecked: row] = total
        }
        guard tokens.remainingBitCount < 8, states.allSatisfy({ $0 == 0 }) else {
            throw FormatError("tokens that do not end where they began", at: offset)
        }
    }
}

/// A table as the encoder needs it: by token, the states that stand for it.
struct TokenEncoder: Sendable {
    let table: TokenTable
    let shape: IntegerShape
    /// Differences are told from it where it is in the middle of a vector's.
    let center: Int64?
    /// By token, how many states it has.
    let counts: [UInt16]
    /// By token, what added to a state gives, 16 bits up, how many bits leave it.
    let widthSteps: [UInt32]
    /// By token, what added to the state without those bits gives a place in `states`.
    let stateSteps: [Int32]
    /// The next states, those of a token side by side.
    let states: [UInt16]

    init(_ table: TokenTable, shape: IntegerShape, center: Int64?) {
        self.table = table
        self.center = center
        self.shape = shape
        counts = table.counts
        var widthSteps = [UInt32](repeating: 0, count: TokenTable.tokenCount)
        var stateSteps = [Int32](repeating: 0, count: TokenTable.tokenCount)
        var starts = [Int](repeating: 0, count: TokenTable.tokenCount)
        var sum = 0
        for token in starts.indices {
            starts[token] = sum
            let count = Int(counts[token])
            guard count > 0 else { continue }
            // States of twice the count and more, as they are shifted, give one bit more.
            let width = TokenTable.logSize + 1 - bitCount(UInt64(count))
            widthSteps[token] = UInt32(truncatingIfNeeded: width << 16 - count << width)
            stateSteps[token] = Int32(sum - count)
            sum += count
        }
        self.widthSteps = widthSteps
        self.stateSteps = stateSteps
        var states = [UInt16](repeating: 0, count: TokenTable.size)
        for (state, token) in TokenTable.spread(table.counts).enumerated() {
            states[starts[Int(token)]] = UInt16(TokenTable.size + state)
            starts[Int(token)] += 1
        }
        self.states = states
    }
}
