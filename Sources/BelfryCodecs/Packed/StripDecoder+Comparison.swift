package import BelfryCore

/// Comparisons with a constant on the packed form: which rows of a vector pass, without their
/// values.
///
/// The constant becomes a range of the vector's integers. Statistics tell whether all of them are
/// in it or none; frames compare residuals; what else there is decodes as far as integers. Answers
/// are those of comparing the decoded values, bit by bit.
extension StripDecoder {
    /// Which rows have a value that compares so with the constant: one bit a row, none for rows
    /// without a value.
    /// - Precondition: a strip of integers.
    package func rows(
        of vector: Int, _ comparison: PackedComparison, _ constant: Int64
    ) throws(FormatError) -> [UInt64]? {
        precondition(kind == .integers, "the strip holds integers")
        let range = PackedRange(comparison, constant)
        let place = directory.vectors[vector]
        if case .integers(let summary) = place.statistics.numbers,
            let isWithin = range.covers(summary.min, summary.max)
        {
            return try validRows(vector, isWithin != range.isNegated)
        }
        return try passing(vector, range)
    }

    /// The same with doubles: NaN equals NaN and is above all numbers, zeros are equal. Nil where
    /// the values of the vector have to be looked at one by one.
    /// - Precondition: a strip of doubles.
    package func rows(
        of vector: Int, _ comparison: PackedComparison, _ constant: Double
    ) throws(FormatError) -> [UInt64]? {
        precondition(kind == .doubles, "the strip holds doubles")
        let place = directory.vectors[vector]
        let ordered = PackedRange(ordered: comparison, constant)
        if let isWithin = Self.covers(ordered, place.statistics) {
            return try validRows(vector, isWithin != ordered.isNegated)
        }
        if place.tag.has(VectorTag.ordered) {
            if place.integers.shape == .gorilla { return nil }
            return try passing(vector, ordered)
        }
        switch directory.doubles?.stage {
        case .decimals(let scale):
            let range = PackedRange(
                comparison, constant, scale: scale,
                isDivided: place.tag.has(VectorTag.division))
            return try passing(vector, range, exceptions: ordered)
        case .dictionary:
            let range = PackedRange(codesOf: ordered, among: distinctPatterns)
            return try passing(vector, range)
        default: return nil
        }
    }

    /// The same with texts, by their bytes; nil where the strip has no dictionary.
    /// - Precondition: a strip of texts.
    package func rows(
        of vector: Int, _ comparison: PackedComparison, text: ArraySlice<UInt8>
    ) throws(FormatError) -> [UInt64]? {
        guard let dictionary else { return nil }
        let first = dictionary.count(ahead: text, orEqual: false)
        let end = dictionary.count(ahead: text, orEqual: true)
        let codes =
            switch comparison.plain {
            case .less: 0..<first
            case .equal: first..<end
            default: 0..<end
            }
        return try rows(of: vector, codes: codes, isNegated: comparison.isNegated)
    }

    /// Which rows have a text with one of these codes, or with `isNegated` one of the others; nil
    /// where the strip has no dictionary. Codes beyond the dictionary are not looked for.
    /// - Precondition: a strip of texts.
    package func rows(
        of vector: Int, codes: Range<Int>, isNegated: Bool = false
    ) throws(FormatError) -> [UInt64]? {
        precondition(kind == .texts, "the strip holds texts")
        guard let dictionary else { return nil }
        let range = PackedRange(
            low: Int64(codes.lowerBound), high: Int64(codes.upperBound) - 1, isNegated: isNegated)
        let isWithin = range.covers(0, Int64(dictionary.count) - 1)
        if let isWithin { return try validRows(vector, isWithin != isNegated) }
        return try passing(vector, range)
    }

    // MARK: What all do

    /// Whether all values lie within or none; nil where statistics do not tell.
    private static func covers(_ range: PackedRange, _ statistics: VectorStatistics) -> Bool? {
        switch statistics.numbers {
        case .none: return statistics.count == 0 ? false : nil
        case .integers: return nil
        case .decimals(let summary, let scale):
            return range.covers(
                PackedRange.ordered(Decimal.quotient(summary.min, scale: scale)),
                PackedRange.ordered(Decimal.quotient(summary.max, scale: scale)))
        case .doubles(let summary):
            if range == PackedRange(low: .min, high: .max, isNegated: range.isNegated) {
                return true
            }
            // All other ranges are of numbers, NaN lies outside.
            if summary.min.isNaN { return false }
            let numbers = range.covers(
                PackedRange.ordered(summary.min), PackedRange.ordered(summary.max))
            return summary.nanCount > 0 && numbers == true ? nil : numbers
        }
    }

    private func validRows(_ vector: Int, _ areAll: Bool) throws(FormatError) -> [UInt64] {
        let rowCount = rowCount(of: vector)
        if !areAll { return RowBits.none(rowCount) }
        return try validity(of: vector) ?? RowBits.all(rowCount)
    }

    /// The rows with a value that passes.
    /// - Parameter exceptions: what the patterns of exceptions must lie within, as ordered bits.
    private func passing(
        _ vector: Int, _ range: PackedRange, exceptions: PackedRange = .everything
    ) throws(FormatError) -> [UInt64] {
        let place = directory.vectors[vector]
        let validity = try validity(of: vector)
        var words = try slots(vector, within: range)
        for index in 0..<place.exceptionCount {
            let (row, pattern) = try exception(index, of: place)
            RowBits.set(&words, row, exceptions.isWithin(OrderedBits.map(pattern)))
        }
        if range.isNegated { RowBits.invert(&words, place.rowCount) }
        guard let validity else { return words }
        if place.rowCount < place.validityRowCount { return RowBits.spread(words, validity) }
        RowBits.intersect(&words, validity)
        return words
    }

    /// Which slots hold an integer of the range, whatever is asked.
    private func slots(
        _ vector: Int, within range: PackedRange
    ) throws(FormatError) -> [UInt64] {
        let place = directory.vectors[vector]
        if range.isEmpty { return RowBits.none(place.rowCount) }
        if mapping == nil, let residuals = place.integers.residuals(within: range) {
            return laneSlots(place, residuals)
        }
        let integers = try stageBIntegers(vector)
        return RowBits.marked(integers.span, low: range.low, high: range.high)
    }

    @inline(never)
    private func laneSlots(
        _ place: StripDirectory.Place, _ residuals: IntegerVector.ResidualRange
    ) -> [UInt64] {
        var words = RowBits.none(place.rowCount)
        if residuals.isEmpty { return words }
        let width = place.integers.width
        if width == 0 { return RowBits.all(place.rowCount) }
        var span = words.mutableSpan
        unsafe LaneLayout.mark(
            bytes.span.bytes, at: place.valueOffset, width: width, count: place.rowCount,
            low: residuals.low, high: residuals.high, into: &span)
        RowBits.clearBeyond(&words, place.rowCount)
        return words
    }

    /// An exception of decimals: its row and pattern.
    private func exception(
        _ index: Int, of place: StripDirectory.Place
    ) throws(FormatError) -> (row: Int, pattern: Int64) {
        try unsafe directory.exception(bytes.span.bytes, place, index)
    }
}

extension IntegerVector {
    /// Residuals from `low` to `high`, none where `low` is above.
    struct ResidualRange {
        var low: UInt32
        var high: UInt32
        var isEmpty: Bool { low > high }
    }

    /// Which residuals in lanes stand for integers of the range; nil where these are no frame of
    /// up to 32 bits that does without patches and wrapping.
    func residuals(within range: PackedRange) -> ResidualRange? {
        guard shape == .frame, width <= 32, patches == nil, coded == nil else { return nil }
        let widest: UInt64 = (1 << UInt64(width)) - 1
        let (reach, overflow) = widest.multipliedReportingOverflow(by: divisor)
        guard !overflow, reach <= UInt64(Int64.max) else { return nil }
        let (top, wraps) = base.addingReportingOverflow(Int64(reach))
        guard !wraps else { return nil }
        let low = max(range.low, base)
        let high = min(range.high, top)
        if low > high { return ResidualRange(low: 1, high: 0) }
        let fromBase = UInt64(bitPattern: low &- base)
        let toBase = UInt64(bitPattern: high &- base)
        if divisor == 1 { return ResidualRange(low: UInt32(fromBase), high: UInt32(toBase)) }
        // Both are at most `reach`, so that the quotients are at most the widest residual.
        let first = fromBase / divisor + (fromBase % divisor == 0 ? 0 : 1)
        return ResidualRange(low: UInt32(first), high: UInt32(toBase / divisor))
    }
}

extension TextValues {
    /// Of texts in byte order, how many are below this one, or also equal to it.
    func count(ahead text: ArraySlice<UInt8>, orEqual: Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let order = order(middle, text)
            if order < 0 || (orEqual && order == 0) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Below 0 where the text of this number stands ahead of another one, 0 where they are equal.
    private func order(_ number: Int, _ text: ArraySlice<UInt8>) -> Int {
        let start = Int(offsets[number])
        let byteCount = Int(offsets[number + 1]) - start
        for index in 0..<min(byteCount, text.count) {
            let mine = bytes[start + index]
            let other = text[text.startIndex + index]
            if mine != other { return mine < other ? -1 : 1 }
        }
        return byteCount - text.count
    }
}
