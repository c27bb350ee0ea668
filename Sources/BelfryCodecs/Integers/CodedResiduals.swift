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
        var tokenSpan = tokens.mutableSpan
        let counts = table.counts.span
        var isCoded = true
        for row in 0..<count {
            let token = TokenTable.token(of: unsafe residuals[unchecked: row])
            unsafe tokenSpan[unchecked: row] = token
            if unsafe counts[unchecked: Int(token)] == 0 { isCoded = false }
        }
        guard isCoded else { return nil }
        let start = payload.count
        writeTokens(tokens.span, table, into: &payload)
        let middle = payload.count
        var low = BitWriter(appendingTo: &payload)
        for row in 0..<count {
            let width = TokenTable.lowWidth(of: tokens[row])
            if width > 0 { low.write(unsafe residuals[unchecked: row], width: width) }
        }
        payload = low.finish()
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
        for row in 0..<residuals.count {
            let token = TokenTable.token(of: unsafe residuals[unchecked: row])
            unsafe span[unchecked: row] = token
            if unsafe counts[unchecked: Int(token)] == 0 { isCoded = false }
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
        // By row, the bits that its step gives: their number in the upper four.
        var chunks = [UInt16](repeating: 0, count: tokens.count)
        var chunkSpan = chunks.mutableSpan
        var current = SIMD4<UInt32>(repeating: UInt32(TokenTable.size))
        var row = tokens.count &- 1
        while row >= 0 {
            let token = unsafe Int(tokens[unchecked: row])
            let state = current[row & 3]
            let width = (state &+ (unsafe widthSteps[unchecked: token])) &>> 16
            let bits = state & ((1 &<< width) &- 1)
            unsafe chunkSpan[unchecked: row] = UInt16(truncatingIfNeeded: bits | width &<< 12)
            let place = Int(state &>> width) &+ (unsafe Int(stateSteps[unchecked: token]))
            // Within the states of the token: `state >> width` lies between its count and twice it.
            current[row & 3] = unsafe UInt32(states[unchecked: place & (TokenTable.size &- 1)])
            row &-= 1
        }
        var writer = BitWriter(appendingTo: &payload)
        for index in 0..<4 {
            writer.write(
                UInt64(current[index]) - UInt64(TokenTable.size), width: TokenTable.logSize)
        }
        for index in 0..<tokens.count {
            let chunk = unsafe UInt64(chunkSpan[unchecked: index])
            writer.write(chunk & 0xFFF, width: Int(chunk &>> 12))
        }
        payload = writer.finish()
    }

    // MARK: Decoding

    /// Writes the residuals, as unsigned numbers.
    func decode(
        _ bytes: RawSpan, at offset: Int, table: TokenTable, rowCount: Int,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        // What a token's low bits are is one load, but for the widest.
        if lowByteCount == 0 && table.lowWidthLimit == 0 {
            try decode(bytes, at: offset, table, rowCount, hasLow: false, &output)
        } else if table.lowWidthLimit <= 56 {
            try decode(bytes, at: offset, table, rowCount, hasLow: true, &output)
        } else {
            try decode(bytes, at: offset, table, rowCount, hasLow: false, &output)
            try addLowBits(bytes, at: offset + tokenByteCount, rowCount, &output)
        }
    }

    /// Four states in turn; a group of four takes 44 bits at most, one load. Without low bits the
    /// output is tokens.
    @inline(__always)
    private func decode(
        _ bytes: RawSpan, at offset: Int, _ table: TokenTable, _ rowCount: Int, hasLow: Bool,
        _ output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        let transitions = table.transitions.span
        let bases = table.bases.span
        precondition(
            offset >= 0 && offset + tokenByteCount + lowByteCount + 8 <= bytes.byteCount
                && transitions.count == TokenTable.size && bases.count == TokenTable.tokenCount
                && output.count >= rowCount,
            "the streams lie within the bytes, with a checksum behind them")
        var bit = offset &* 8
        let limit = (offset + tokenByteCount) * 8
        guard limit - bit >= 4 * TokenTable.logSize else {
            throw .truncated(at: offset, needed: 6, available: tokenByteCount)
        }
        var lowBit = limit
        let lowLimit = limit + lowByteCount * 8
        let mask = UInt64(TokenTable.size - 1)

        @inline(__always)
        func load(_ bit: Int) -> UInt64 {
            unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: bit &>> 3, as: UInt64.self) &>> UInt64(bit & 7)
        }
        @inline(__always)
        func step(_ state: inout UInt64, _ window: inout UInt64, _ used: inout Int) -> UInt64 {
            let transition = unsafe UInt64(transitions[unchecked: Int(state)])
            let width = transition &>> 8 & 15
            state = (transition &>> 12 & 2047 &+ window & ((1 &<< width) &- 1)) & mask
            window = window &>> width
            used &+= Int(width)
            return transition
        }
        @inline(__always)
        func value(_ transition: UInt64, _ place: inout Int) -> Int64 {
            let token = Int(transition & 255)
            if !hasLow { return Int64(token) }
            let width = transition &>> 23
            let low = load(place) & ((1 &<< width) &- 1)
            place &+= Int(width)
            return Int64(bitPattern: unsafe bases[unchecked: token] | low)
        }

        let first = load(bit)
        var a = first & mask
        var b = first &>> 11 & mask
        var c = first &>> 22 & mask
        var d = first &>> 33 & mask
        bit &+= 4 &* TokenTable.logSize
        var row = 0
        while row &+ 4 <= rowCount {
            guard bit <= limit else {
                throw .truncated(at: bit / 8, needed: 1, available: 0)
            }
            var window = load(bit)
            var used = 0
            let one = step(&a, &window, &used)
            let two = step(&b, &window, &used)
            let three = step(&c, &window, &used)
            let four = step(&d, &window, &used)
            bit &+= used
            if hasLow {
                let width = Int(one &>> 23 &+ two &>> 23 &+ three &>> 23 &+ four &>> 23)
                guard lowLimit &- lowBit >= width else {
                    throw .truncated(at: lowBit / 8, needed: 1, available: 0)
                }
            }
            unsafe output[unchecked: row] = value(one, &lowBit)
            unsafe output[unchecked: row &+ 1] = value(two, &lowBit)
            unsafe output[unchecked: row &+ 2] = value(three, &lowBit)
            unsafe output[unchecked: row &+ 3] = value(four, &lowBit)
            row &+= 4
        }
        if row < rowCount {
            guard bit <= limit else {
                throw .truncated(at: bit / 8, needed: 1, available: 0)
            }
            var window = load(bit)
            var used = 0
            var rest = (step(&a, &window, &used), UInt64(0), UInt64(0))
            if row &+ 1 < rowCount { rest.1 = step(&b, &window, &used) }
            if row &+ 2 < rowCount { rest.2 = step(&c, &window, &used) }
            bit &+= used
            if hasLow {
                let width = Int(rest.0 &>> 23 &+ rest.1 &>> 23 &+ rest.2 &>> 23)
                guard lowLimit &- lowBit >= width else {
                    throw .truncated(at: lowBit / 8, needed: 1, available: 0)
                }
            }
            unsafe output[unchecked: row] = value(rest.0, &lowBit)
            if row &+ 1 < rowCount { unsafe output[unchecked: row &+ 1] = value(rest.1, &lowBit) }
            if row &+ 2 < rowCount { unsafe output[unchecked: row &+ 2] = value(rest.2, &lowBit) }
        }
        // The encoder began in the first state of each.
        guard bit <= limit, limit - bit < 8, a | b | c | d == 0 else {
            throw FormatError("tokens that do not end where they began", at: offset)
        }
    }

    /// Tokens become residuals.
    private func addLowBits(
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
