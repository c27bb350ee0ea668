/// Puts the doubles of a vector into integers as the strip's stage says, or into ordered bits where
/// that does not pay.
struct DoubleEncoder {
    let form: DoubleForm
    let useGorilla: Bool
    var integers = IntegerEncoder()
    /// Corrections keep to lanes: the table of the COLD tier is the integers'.
    private var corrections = IntegerEncoder()
    private let dictionary: DoubleDictionary?
    /// Whether the values are a dictionary's: any of them may become an extreme of a vector.
    private let isOfDictionary: Bool
    /// The dictionary's values as integers of its own scale.
    private var distinctIntegers: [Int64] = []

    private var whole: [Int64] = []
    private var ordered: [Int64] = []
    private let cut: CutPatterns?
    private var misses: [Int] = []

    /// With this many exceptions both ways are tried.
    private static let exceptionThreshold = 32

    init(
        stage: DoubleStage, dictionary: DoubleDictionary? = nil, dictionaryScale: Int? = nil,
        cut: CutPatterns? = nil, useGorilla: Bool = false, isOfDictionary: Bool = false
    ) {
        self.isOfDictionary = isOfDictionary
        form = DoubleForm(stage, dictionaryScale: dictionaryScale)
        self.dictionary = dictionary
        self.cut = cut
        self.useGorilla = useGorilla
        if let dictionary, let dictionaryScale {
            var misses: [Int] = []
            _ = Decimal.integers(
                of: dictionary.values.span, scale: dictionaryScale, into: &distinctIntegers,
                misses: &misses, keepsMisses: true)
        }
    }

    /// Appends the payload of these rows of the strip, one at least, and returns their entry with
    /// statistics.
    mutating func encode(
        _ strip: Span<Double>, rows: Range<Int>, validity: [UInt64]?, validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        let values = strip.extracting(rows)
        if !mayKeepConstants && !useGorilla && Self.isConstant(values) {
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
        switch form.stage {
        case .decimals(let scale):
            return encodeDecimals(values, scale, validity, validCount, into: &payload)
        case .corrected(let scale):
            return encodeCorrected(values, scale, validity, validCount, into: &payload)
        case .dictionary:
            return encodeCodes(values, rows, validity, validCount, into: &payload)
        case .singles(let scale):
            return encodeSingles(values, scale, validity, validCount, into: &payload)
        case .cut:
            return encodeCut(values, validity, validCount, into: &payload)
        case .patterns:
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
    }

    /// Where constants cost least in the strip's own stage; elsewhere they are ordered bits, whose
    /// statistics follow.
    private var mayKeepConstants: Bool {
        switch form.stage {
        case .decimals, .dictionary: true
        case .corrected, .singles, .cut, .patterns: false
        }
    }

    private static func isConstant(_ values: Span<Double>) -> Bool {
        let first = values[0].bitPattern
        for row in 0..<values.count where values[row].bitPattern != first { return false }
        return true
    }

    /// As decimals of floats with exceptions, or as ordered bits where those come out smaller.
    private mutating func encodeSingles(
        _ values: Span<Double>, _ scale: Int, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        SingleDecimal.integers(of: values, scale: scale, into: &whole, misses: &misses)
        if misses.count > values.count / 4 {
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
        let wholes = whole
        var entry = VectorEntry(integers.encode(wholes.span, mayRamp: false, into: &payload))
        entry.isDerivable = false
        if !misses.isEmpty {
            entry.exceptionCount = misses.count
            entry.tag.set(VectorTag.exceptions)
            appendExceptions(values, into: &payload)
        }
        summarize(&entry, values, validity, validCount)
        return entry
    }

    /// As left and right parts, or as ordered bits where there is a left part of its own.
    private mutating func encodeCut(
        _ values: Span<Double>, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        guard let cut, cut.split(values, into: &whole, &ordered) else {
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
        let start = payload.count
        let model = integers.model
        let lefts = whole
        let rights = ordered
        var entry = VectorEntry(integers.encode(lefts.span, mayRamp: false, into: &payload))
        entry.isDerivable = false
        entry.corrections = corrections.encode(rights.span, mayRamp: false, into: &payload)
        let byteCount = payload.count - start
        if byteCount > values.count * (cut.rightWidth + 4) / 8 {
            // Many left parts that are rare elsewhere.
            var orderedPayload: [UInt8] = []
            integers.model = model
            let orderedEntry = encodeOrdered(values, validity, validCount, into: &orderedPayload)
            if orderedPayload.count < byteCount {
                payload.removeSubrange(start...)
                payload.append(contentsOf: orderedPayload)
                return orderedEntry
            }
        }
        summarize(&entry, values, validity, validCount)
        return entry
    }

    /// As decimals, or as ordered bits where those come out smaller.
    private mutating func encodeDecimals(
        _ values: Span<Double>, _ scale: Int, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        let outcome = Decimal.integers(
            of: values, scale: scale, into: &whole, misses: &misses)
        if outcome.missCount > values.count / 2 {
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
        if outcome.missCount <= Self.exceptionThreshold {
            return encodeDecimals(
                values, outcome, scale, validity, validCount, into: &payload)
        }
        var decimalPayload: [UInt8] = []
        let decimalEntry = encodeDecimals(
            values, outcome, scale, validity, validCount, into: &decimalPayload)
        var orderedPayload: [UInt8] = []
        let orderedEntry = encodeOrdered(values, validity, validCount, into: &orderedPayload)
        if orderedPayload.count < decimalPayload.count {
            payload.append(contentsOf: orderedPayload)
            return orderedEntry
        }
        payload.append(contentsOf: decimalPayload)
        return decimalEntry
    }

    /// As decimals and corrections, or as ordered bits where those come out smaller.
    private mutating func encodeCorrected(
        _ values: Span<Double>, _ scale: Int, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        let outcome = Decimal.integers(
            of: values, scale: scale, into: &whole, misses: &misses, keepsMisses: true)
        var decoded = whole
        var span = decoded.mutableSpan
        Decimal.decode(
            &span, rowCount: values.count, scale: scale, isDivided: outcome.isDivided)
        OrderedBits.map(values, into: &ordered)
        OrderedBits.subtract(decoded.span, from: &ordered)
        let wholes = whole
        let steps = ordered
        var correctedPayload: [UInt8] = []
        // Constants stand in ordered bits, so there is no ramp without corrections either.
        var entry = VectorEntry(
            integers.encode(wholes.span, mayRamp: validity == nil, into: &correctedPayload))
        if outcome.isDivided { entry.tag.set(VectorTag.division) }
        entry.corrections = corrections.encode(
            steps.span, mayRamp: false, into: &correctedPayload)
        if correctedPayload.count > values.count * 4 {
            var orderedPayload: [UInt8] = []
            let orderedEntry = encodeOrdered(values, validity, validCount, into: &orderedPayload)
            if orderedPayload.count < correctedPayload.count {
                payload.append(contentsOf: orderedPayload)
                return orderedEntry
            }
        }
        payload.append(contentsOf: correctedPayload)
        entry.isDerivable = false
        summarize(&entry, values, validity, validCount)
        return entry
    }

    private mutating func encodeCodes(
        _ values: Span<Double>, _ rows: Range<Int>, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        guard let dictionary else { preconditionFailure("codes come with their dictionary") }
        let codes = dictionary.codes.span.extracting(rows)
        var entry = VectorEntry(integers.encode(codes, mayRamp: false, into: &payload))
        entry.isDerivable = false
        entry.isCode = true
        guard let scale = form.summaryScale, validCount > 0 else {
            summarize(&entry, values, validity, validCount)
            return entry
        }
        Self.gather(codes, distinctIntegers, into: &whole)
        // The dictionary ascends.
        var low = distinctIntegers[Int(integers.extremes.min)]
        var high = distinctIntegers[Int(integers.extremes.max)]
        if let validity {
            (low, high) = (Int64.max, Int64.min)
            for row in 0..<codes.count where validity[row / 64] >> UInt64(row % 64) & 1 == 1 {
                low = min(low, whole[row])
                high = max(high, whole[row])
            }
        }
        let summary = IntegerSummary(
            whole.span, validity: validity, count: validCount, min: low, max: high)
        entry.statistics = VectorStatistics(
            count: validCount, numbers: .decimals(summary, scale: scale))
        return entry
    }

    private func summarize(
        _ entry: inout VectorEntry, _ values: Span<Double>, _ validity: [UInt64]?,
        _ validCount: Int
    ) {
        if validCount == 0 { return }
        let mayFollow = entry.isCode || entry.tag.has(VectorTag.ordered)
        if entry.integers.shape == .constant && mayFollow {
            entry.statistics = .double(values[0], repeated: validCount)
            return
        }
        entry.statistics = VectorStatistics(
            count: validCount, numbers: .doubles(DoubleSummary(values, validity: validity)))
    }

    private mutating func encodeDecimals(
        _ values: Span<Double>, _ outcome: Decimal.Outcome, _ scale: Int, _ validity: [UInt64]?,
        _ validCount: Int, into payload: inout [UInt8]
    ) -> VectorEntry {
        let wholes = whole
        let vector = integers.encode(
            wholes.span, mayRamp: validity == nil && misses.isEmpty, into: &payload)
        var entry = VectorEntry(vector)
        if outcome.isDivided { entry.tag.set(VectorTag.division) }
        entry.exceptionCount = misses.count
        let (low, high) = integers.extremes
        // Readers take the extremes from their integers by division: where that is not what the
        // vector decodes to, they get doubles.
        let areQuotients =
            isQuotient(low, outcome, scale) && isQuotient(high, outcome, scale)
            && (!isOfDictionary || wholes.allSatisfy { isQuotient($0, outcome, scale) })
        if !misses.isEmpty || !areQuotients {
            entry.tag.set(VectorTag.exceptions)
            appendExceptions(values, into: &payload)
            entry.statistics = VectorStatistics(
                count: validCount, numbers: .doubles(DoubleSummary(values, validity: validity)))
        } else if validCount > 0 {
            let summary = IntegerSummary(
                whole.span, validity: validity, count: validCount, min: low, max: high)
            entry.statistics = VectorStatistics(
                count: validCount, numbers: .decimals(summary, scale: scale))
        }
        return entry
    }

    private func isQuotient(_ integer: Int64, _ outcome: Decimal.Outcome, _ scale: Int) -> Bool {
        if outcome.isDivided { return true }
        let (high, low) = Decimal.split(scale)
        let value = Double(integer)
        return value * high + value * low == Decimal.quotient(integer, scale: scale)
    }

    /// Places in two bytes each, then the patterns.
    private func appendExceptions(_ values: Span<Double>, into payload: inout [UInt8]) {
        for row in misses {
            payload.append(UInt8(truncatingIfNeeded: row))
            payload.append(UInt8(truncatingIfNeeded: row >> 8))
        }
        for row in misses {
            let pattern = values[row].bitPattern
            for index in 0..<8 {
                payload.append(UInt8(truncatingIfNeeded: pattern >> UInt64(8 * index)))
            }
        }
    }

    private mutating func encodeOrdered(
        _ values: Span<Double>, _ validity: [UInt64]?, _ validCount: Int,
        into payload: inout [UInt8]
    ) -> VectorEntry {
        if useGorilla {
            Self.patterns(values, into: &ordered)
        } else {
            OrderedBits.map(values, into: &ordered)
        }
        var vector = IntegerVector(shape: .gorilla)
        if useGorilla {
            let stream = Gorilla.encode(ordered.span)
            vector.streamByteCount = stream.count
            payload.append(contentsOf: stream)
        } else {
            let patterns = ordered
            vector = integers.encode(patterns.span, mayRamp: false, into: &payload)
        }
        var entry = VectorEntry(vector)
        entry.tag.set(VectorTag.ordered)
        summarize(&entry, values, validity, validCount)
        return entry
    }

    private static func patterns(_ values: Span<Double>, into output: inout [Int64]) {
        if output.count != values.count { output = [Int64](repeating: 0, count: values.count) }
        for row in 0..<values.count { output[row] = Int64(bitPattern: values[row].bitPattern) }
    }

    private static func gather(
        _ codes: Span<Int64>, _ integers: [Int64], into output: inout [Int64]
    ) {
        if output.count != codes.count { output = [Int64](repeating: 0, count: codes.count) }
        var span = output.mutableSpan
        let source = integers.span
        for row in 0..<codes.count {
            unsafe span[unchecked: row] = source[Int(codes[unchecked: row])]
        }
    }
}
