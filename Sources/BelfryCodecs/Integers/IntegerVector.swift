import BelfryCore

/// The parameters of one vector of integers as they stand in the directory; with them its payload
/// decodes.
///
/// All arithmetic wraps, so that the extremes of `Int64` need no case of their own.
struct IntegerVector: Hashable, Sendable {
    var shape: IntegerShape
    /// Constant: the value. Ramp, delta, second delta: the first value. Frame: what offsets add to.
    /// Runs: what the values of runs add to.
    var base: Int64 = 0
    /// Ramp: the step. Delta, second delta: what residuals add to.
    var step: Int64 = 0
    /// Second delta: the first difference.
    var firstDelta: Int64 = 0
    /// What residuals are multiplied by; those of runs only where the strip's integers are scaled.
    var divisor: UInt64 = 1
    var width = 0
    var patches: Patches?
    /// Runs: how many, and the bits of a length less one.
    var runCount = 0
    var lengthWidth = 0
    /// Frame, delta, second delta of the COLD tier: residuals as tokens in place of lanes.
    var coded: CodedResiduals?
    /// Gorilla: the stream's bytes.
    var streamByteCount = 0

    /// The payload's bytes, from the parameters alone.
    func byteCount(rowCount: Int) -> Int {
        switch shape {
        case .constant, .ramp: 0
        case .frame, .delta, .secondDelta:
            coded?.byteCount
                ?? LaneLayout.byteCount(width: width, count: rowCount) + (patches?.byteCount ?? 0)
        case .runs: BitWriter.byteCount(bits: runCount * (width + lengthWidth))
        case .raw: rowCount * 8
        case .gorilla: streamByteCount
        }
    }

    /// A number that divides the distance of every value from the base; statistics are written as
    /// multiples of it.
    var unit: UInt64 {
        switch shape {
        case .constant, .ramp, .runs, .raw, .gorilla: 1
        case .frame: divisor
        case .delta: Divisor.gcd(divisor, step.magnitude)
        case .secondDelta:
            Divisor.gcd(Divisor.gcd(divisor, step.magnitude), firstDelta.magnitude)
        }
    }

    /// Whether the next vector's base is written as the distance from this one's.
    var hasBase: Bool { shape != .raw && shape != .gorilla }

    // MARK: The directory

    /// Parameters behind the tag; bases are written as the distance from `reference`, the base of
    /// the vector before.
    func write(_ writer: inout ByteWriter, reference: Int64) {
        switch shape {
        case .constant:
            writer.writeSignedVarint(base &- reference)
        case .ramp:
            writer.writeSignedVarint(base &- reference)
            writer.writeSignedVarint(step)
        case .frame, .delta, .secondDelta:
            writer.writeSignedVarint(base &- reference)
            if shape != .frame { writer.writeSignedVarint(step) }
            if shape == .secondDelta { writer.writeSignedVarint(firstDelta) }
            if divisor > 1 { writer.writeVarint(divisor) }
            if let coded {
                writer.writeUInt8(TokenTable.codedWidth)
                coded.write(&writer)
            } else {
                writer.writeUInt8(UInt8(width))
                patches?.write(&writer)
            }
        case .runs:
            writer.writeSignedVarint(base &- reference)
            writer.writeUInt8(UInt8(width))
            writer.writeUInt8(UInt8(lengthWidth))
            writer.writeCount(runCount)
        case .raw:
            break
        case .gorilla:
            writer.writeCount(streamByteCount)
        }
    }

    /// The tag's bits for these parameters.
    var tag: VectorTag {
        var tag = VectorTag(shape)
        if divisor > 1 { tag.set(VectorTag.divided) }
        if patches != nil { tag.set(VectorTag.patchedOrRepeated) }
        return tag
    }

    /// - Parameter mayBeCoded: whether the strip has a table of tokens.
    static func read(
        _ reader: inout ByteReader, tag: VectorTag, reference: Int64, rowCount: Int,
        mayBeCoded: Bool
    ) throws(FormatError) -> IntegerVector {
        var vector = IntegerVector(shape: tag.shape)
        let start = reader.offset
        switch tag.shape {
        case .constant:
            vector.base = reference &+ (try reader.readSignedVarint())
        case .ramp:
            vector.base = reference &+ (try reader.readSignedVarint())
            vector.step = try reader.readSignedVarint()
        case .frame, .delta, .secondDelta:
            vector.base = reference &+ (try reader.readSignedVarint())
            if tag.shape != .frame { vector.step = try reader.readSignedVarint() }
            if tag.shape == .secondDelta { vector.firstDelta = try reader.readSignedVarint() }
            if tag.has(VectorTag.divided) {
                vector.divisor = try reader.readVarint()
                if vector.divisor < 2 {
                    throw FormatError("divisor \(vector.divisor)", at: start)
                }
            }
            let widthLimit = mayBeCoded ? Int(TokenTable.codedWidth) : 64
            vector.width = try reader.readWidth(limit: widthLimit, "bits of a value")
            if vector.width == Int(TokenTable.codedWidth) {
                guard !tag.has(VectorTag.patchedOrRepeated) else {
                    throw FormatError("tag \(tag.byte) with coded residuals", at: start)
                }
                vector.coded = try CodedResiduals.read(&reader, rowCount: rowCount)
                vector.width = 0
            }
            if tag.has(VectorTag.patchedOrRepeated) {
                vector.patches = try Patches.read(&reader, rowCount: rowCount)
            }
        case .runs:
            vector.base = reference &+ (try reader.readSignedVarint())
            vector.width = try reader.readWidth(limit: 64, "bits of a value")
            vector.lengthWidth = try reader.readWidth(limit: 10, "bits of a run's length")
            vector.runCount = try reader.readCount(limit: rowCount, "runs")
        case .raw:
            break
        case .gorilla:
            // Five bits of leading zeros, six of length, two of control, 64 of value at most.
            vector.streamByteCount = try reader.readCount(
                limit: rowCount * 10 + 16, "bytes of an XOR stream")
        }
        let divided = tag.shape == .frame || tag.shape == .delta || tag.shape == .secondDelta
        if tag.has(VectorTag.divided) && !divided {
            throw FormatError("tag \(tag.byte) with a divisor but no residuals", at: start)
        }
        return vector
    }

    // MARK: Decoding

    /// Writes the vector's values. Rows beyond the count may be written too, up to a whole row of
    /// lanes.
    /// - Precondition: the payload lies within `bytes` with eight bytes behind it, and `output` has
    ///   room for `LaneLayout.paddedCount(rowCount)` values.
    func decode(
        _ bytes: RawSpan, at offset: Int, rowCount: Int, tokens: TokenTable? = nil,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        precondition(output.count >= LaneLayout.paddedCount(rowCount), "room for whole lanes")
        switch shape {
        case .constant: Ramp.fill(&output, rowCount: rowCount, first: base, step: 0)
        case .ramp: Ramp.fill(&output, rowCount: rowCount, first: base, step: step)
        case .frame, .delta, .secondDelta:
            if let coded, let tokens {
                try decodeTokens(coded, bytes, at: offset, rowCount, tokens, into: &output)
            } else {
                try unpack(bytes, at: offset, rowCount: rowCount, into: &output)
            }
        case .runs:
            try Runs.decode(
                bytes, at: offset, vector: self, rowCount: rowCount, into: &output)
        case .raw:
            let source = bytes.extracting(offset..<(offset + 8 * rowCount))
            for row in 0..<rowCount {
                unsafe output[unchecked: row] = source.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: 8 &* row, as: Int64.self)
            }
        case .gorilla:
            try Gorilla.decode(
                bytes, at: offset, byteCount: streamByteCount, rowCount: rowCount, into: &output)
        }
    }

    /// What comes ahead of a second delta's first difference, so that its sums arrive at that in
    /// row 1 and at the first value in row 0: the residuals of both rows are zero.
    private var beforeFirst: Int64 { firstDelta &- step }

    private func unpack(
        _ bytes: RawSpan, at offset: Int, rowCount: Int, into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        try unpackResiduals(
            bytes, at: offset, rowCount: rowCount, base: shape == .frame ? base : step,
            into: &output)
        if shape == .delta {
            Differences.sum(&output, rowCount: rowCount, start: base &- step)
        } else if shape == .secondDelta {
            Differences.sum(&output, rowCount: rowCount, start: beforeFirst &- step)
            Differences.sum(&output, rowCount: rowCount, start: base &- beforeFirst)
        }
    }

    private func decodeTokens(
        _ coded: CodedResiduals, _ bytes: RawSpan, at offset: Int, _ rowCount: Int,
        _ tokens: TokenTable, into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        var use = CodedResiduals.Use(
            factor: Int64(bitPattern: divisor), step: step, isSum: true, start: base &- step)
        if shape == .frame {
            use.step = base
            use.isSum = false
        }
        if shape == .secondDelta { use.start = beforeFirst &- step }
        try coded.decode(
            bytes, at: offset, table: tokens, rowCount: rowCount, use: use, into: &output)
        if shape == .secondDelta {
            Differences.sum(&output, rowCount: rowCount, start: base &- beforeFirst)
        }
    }

    /// `base` plus the divisor times each residual, patches included.
    private func unpackResiduals(
        _ bytes: RawSpan, at offset: Int, rowCount: Int, base: Int64,
        into output: inout MutableSpan<Int64>
    ) throws(FormatError) {
        let factor = Int64(bitPattern: divisor)
        if divisor == 1 {
            LaneLayout.unpack(
                bytes, at: offset, width: width, count: rowCount, base: base, into: &output)
        } else {
            LaneLayout.unpack(
                bytes, at: offset, width: width, count: rowCount, base: 0, into: &output)
            for row in 0..<rowCount {
                unsafe output[unchecked: row] = base &+ output[unchecked: row] &* factor
            }
        }
        if let patches {
            let place = offset + LaneLayout.byteCount(width: width, count: rowCount)
            try patches.apply(
                bytes, at: place, width: width, divisor: factor, rowCount: rowCount, to: &output)
        }
    }
}
