/// Puts the doubles of a vector into decimals of the strip's scale, or into ordered bits where too
/// many are no such decimals.
struct DoubleEncoder {
    /// The power of ten of the strip; nil where its values are no decimals.
    let scale: Int?
    let useGorilla: Bool
    var integers = IntegerEncoder()

    private var whole: [Int64] = []
    private var ordered: [Int64] = []
    private var misses: [Int] = []

    /// With this many exceptions both ways are tried.
    private static let exceptionThreshold = 32

    init(scale: Int?, useGorilla: Bool) {
        self.scale = scale
        self.useGorilla = useGorilla
    }

    /// The scale that takes the fewest bits on a sample; nil where most values are no decimals.
    static func scale(of values: Span<Double>, validity: [UInt64]?) -> Int? {
        var sample: [Double] = []
        let stride = max(1, values.count / 256)
        for row in Swift.stride(from: 0, to: values.count, by: stride) {
            if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
            let value = values[row]
            // These are exceptions at any scale.
            if !value.isFinite || (value == 0 && value.sign == .minus) { continue }
            sample.append(value)
        }
        if sample.isEmpty { return 0 }
        var best: (scale: Int, bits: Double, missCount: Int)?
        for scale in 0...Decimal.scaleLimit {
            var missCount = 0
            for value in sample where !Decimal.isExact(value, scale: scale) { missCount += 1 }
            let bits = Double(missCount * 80) / Double(sample.count) + 3.32 * Double(scale)
            if best.map({ bits < $0.bits }) ?? true { best = (scale, bits, missCount) }
            if missCount == 0 { break }
        }
        guard let best, best.missCount * 5 <= sample.count * 2 else { return nil }
        return best.scale
    }

    /// Appends the payload of the values, one at least, and returns their entry with statistics.
    mutating func encode(
        _ values: Span<Double>, validity: [UInt64]?, validCount: Int, into payload: inout [UInt8]
    ) -> VectorEntry {
        guard let scale, !useGorilla else {
            return encodeOrdered(values, validity, validCount, into: &payload)
        }
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
        if !misses.isEmpty || !isQuotient(low, outcome, scale) || !isQuotient(high, outcome, scale)
        {
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
        ordered.removeAll(keepingCapacity: true)
        for row in 0..<values.count {
            let pattern = Int64(bitPattern: values[row].bitPattern)
            ordered.append(useGorilla ? pattern : OrderedBits.map(pattern))
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
        if validCount > 0 {
            entry.statistics = VectorStatistics(
                count: validCount, numbers: .doubles(DoubleSummary(values, validity: validity)))
        }
        return entry
    }
}
