import BelfryCore

/// From the payload of a strip of doubles to bit patterns.
extension StripDirectory {
    /// The patterns that codes stand for, in their order; empty where the strip has no codes.
    func decodeDistinctDoubles(_ bytes: RawSpan) throws(FormatError) -> [Int64] {
        guard let distinct = distinctDoubles.first else { return [] }
        var patterns: [Int64] = []
        patterns.reserveCapacity(distinct.rowCount)
        var vector = [Int64](repeating: 0, count: Strip.vectorRowCount)
        for place in distinct.vectors {
            var span = vector.mutableSpan
            try distinct.decodePatterns(bytes, place, distinct: [], into: &span)
            patterns.append(contentsOf: vector[..<place.rowCount])
        }
        return patterns
    }

    /// - Precondition: `span` has room for whole rows of lanes.
    /// - Parameter expected: of a mapped strip, what is added to the vector's integers.
    func decodePatterns(
        _ bytes: RawSpan, _ place: Place, distinct: [Int64], expected: [Int64] = [],
        into span: inout MutableSpan<Int64>
    ) throws(FormatError) {
        let rowCount = place.rowCount
        try place.integers.decode(
            bytes, at: place.valueOffset, rowCount: rowCount, tokens: tokens,
            into: &span)
        if place.tag.has(VectorTag.ordered) {
            if place.integers.shape != .gorilla { OrderedBits.map(&span, rowCount: rowCount) }
            return
        }
        span.add(expected)
        switch doubles?.stage {
        case .decimals(let scale):
            Decimal.decode(
                &span, rowCount: rowCount, scale: scale,
                isDivided: place.tag.has(VectorTag.division))
            try applyExceptions(bytes, place, to: &span)
        case .corrected(let scale):
            Decimal.decode(
                &span, rowCount: rowCount, scale: scale,
                isDivided: place.tag.has(VectorTag.division))
            try applyCorrections(bytes, place, to: &span)
        case .singles(let scale):
            Decimal.decode(&span, rowCount: rowCount, scale: scale, isDivided: false)
            SingleDecimal.round(&span, rowCount: rowCount)
            try applyExceptions(bytes, place, to: &span)
        case .cut:
            try Self.lookUp(leftParts, place, in: &span)
            try addRightParts(bytes, place, to: &span)
        case .dictionary:
            try Self.lookUp(distinct, place, in: &span)
        case .patterns, nil: return
        }
    }

    private func applyExceptions(
        _ bytes: RawSpan, _ place: Place, to span: inout MutableSpan<Int64>
    ) throws(FormatError) {
        for index in 0..<place.exceptionCount {
            let (row, pattern) = try exception(bytes, place, index)
            span[row] = pattern
        }
    }

    /// The row and the pattern of an exception.
    func exception(
        _ bytes: RawSpan, _ place: Place, _ index: Int
    ) throws(FormatError) -> (row: Int, pattern: Int64) {
        let rowsOffset = place.valueOffset + place.integers.byteCount(rowCount: place.rowCount)
        let patternsOffset = rowsOffset + 2 * place.exceptionCount
        let row = unsafe Int(
            bytes.unsafeLoadUnaligned(
                fromByteOffset: rowsOffset + 2 * index, as: UInt16.self))
        guard row < place.rowCount else {
            throw FormatError("an exception for row \(row) of \(place.rowCount)", at: rowsOffset)
        }
        let pattern = unsafe bytes.unsafeLoadUnaligned(
            fromByteOffset: patternsOffset + 8 * index, as: Int64.self)
        return (row, pattern)
    }

    /// Moves each double by as many doubles as its correction says.
    private func applyCorrections(
        _ bytes: RawSpan, _ place: Place, to span: inout MutableSpan<Int64>
    ) throws(FormatError) {
        guard let corrections = place.corrections else { return }
        if corrections.shape == .constant && corrections.base == 0 { return }
        let rowCount = place.rowCount
        var steps = [Int64](repeating: 0, count: LaneLayout.paddedCount(rowCount))
        var stepSpan = steps.mutableSpan
        let offset = place.valueOffset + place.integers.byteCount(rowCount: rowCount)
        try corrections.decode(bytes, at: offset, rowCount: rowCount, into: &stepSpan)
        precondition(span.count >= rowCount, "the rows were unpacked before")
        for row in 0..<rowCount {
            let ordered = unsafe OrderedBits.map(span[unchecked: row])
            let moved = unsafe ordered &+ stepSpan[unchecked: row]
            unsafe span[unchecked: row] = OrderedBits.map(moved)
        }
    }

    /// Completes left parts to patterns.
    private func addRightParts(
        _ bytes: RawSpan, _ place: Place, to span: inout MutableSpan<Int64>
    ) throws(FormatError) {
        guard let rights = place.corrections else { return }
        let rowCount = place.rowCount
        var parts = [Int64](repeating: 0, count: LaneLayout.paddedCount(rowCount))
        var partSpan = parts.mutableSpan
        let offset = place.valueOffset + place.integers.byteCount(rowCount: rowCount)
        try rights.decode(bytes, at: offset, rowCount: rowCount, into: &partSpan)
        span.add(parts.span, rowCount: rowCount)
    }

    /// Codes become the patterns they stand for.
    private static func lookUp(
        _ distinct: [Int64], _ place: Place, in span: inout MutableSpan<Int64>
    ) throws(FormatError) {
        let limit = UInt64(distinct.count)
        let patterns = distinct.span
        precondition(span.count >= place.rowCount, "the rows were unpacked before")
        // Without a branch a row: codes beyond stand for the first pattern until it is known.
        var isBeyond = limit == 0 && place.rowCount > 0
        if !isBeyond {
            var beyond: UInt64 = 0
            for row in 0..<place.rowCount {
                let code = unsafe UInt64(bitPattern: span[unchecked: row])
                let isWithin = code < limit
                beyond |= isWithin ? 0 : 1
                let index = isWithin ? Int(truncatingIfNeeded: code) : 0
                unsafe span[unchecked: row] = patterns[unchecked: index]
            }
            isBeyond = beyond != 0
        }
        if isBeyond {
            throw FormatError("a code beyond the \(limit) there are", at: place.valueOffset)
        }
    }
}

extension MutableSpan where Element == Int64 {
    fileprivate mutating func add(_ other: Span<Int64>, rowCount: Int) {
        precondition(count >= rowCount && other.count >= rowCount, "the rows were unpacked before")
        for row in 0..<rowCount {
            unsafe self[unchecked: row] = self[unchecked: row] &+ other[unchecked: row]
        }
    }
}
