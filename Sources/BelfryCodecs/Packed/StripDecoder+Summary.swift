package import BelfryCore

/// Count, extremes and sum of some rows of a vector, as far as its form allows from the integers.
///
/// Counts and extremes are those of the decoded values bit by bit. Sums are exact where integers
/// or decimals are summed, scaled once at the end; else in two doubles, NaN and infinities apart.
extension StripDecoder {
    /// Of the rows whose bit is set and that have a value, of all that have one where there are no
    /// bits. Booleans and texts are only counted.
    /// - Precondition: as many words as the vector's rows take.
    package func summary(
        of vector: Int, rows: [UInt64]?
    ) throws(FormatError) -> VectorStatistics {
        let place = directory.vectors[vector]
        guard var selected = rows else { return place.statistics }
        let rowCount = rowCount(of: vector)
        precondition(selected.count == EncodedBits.wordCount(rows: rowCount), "a bit a row")
        RowBits.clearBeyond(&selected, rowCount)
        let validity = try validity(of: vector)
        if let validity { RowBits.intersect(&selected, validity) }
        let count = RowBits.count(selected)
        if count == place.statistics.count { return place.statistics }
        if count == 0 { return .empty }
        if let validity, place.rowCount < place.validityRowCount {
            selected = RowBits.gather(selected, validity, slotCount: place.rowCount)
        }
        return VectorStatistics(
            count: count, numbers: try numbers(vector, slots: selected, count: count))
    }

    /// Of all rows with a value, from the values: what the header should say, but for the last bits
    /// of the sum of doubles. For checking and measuring.
    package func computedSummary(of vector: Int) throws(FormatError) -> VectorStatistics {
        let place = directory.vectors[vector]
        let count = place.validity.setCount
        if count == 0 { return .empty }
        var slots: [UInt64]?
        if place.rowCount == place.validityRowCount { slots = try validity(of: vector) }
        return VectorStatistics(
            count: count, numbers: try numbers(vector, slots: slots, count: count))
    }

    /// - Parameter slots: which of them, one at least; nil: all.
    private func numbers(
        _ vector: Int, slots: [UInt64]?, count: Int
    ) throws(FormatError) -> VectorStatistics.Numbers {
        switch kind {
        case .booleans, .texts: return .none
        case .integers: return .integers(try integerSummary(vector, slots))
        case .doubles: break
        }
        let place = directory.vectors[vector]
        guard case .decimals(let scale) = directory.doubles?.stage,
            !place.tag.has(VectorTag.ordered), place.exceptionCount == 0
        else {
            let values = try slotDoubles(vector)
            return .doubles(DoubleSummary(values.span, validity: slots))
        }
        let decoder = DecimalDecoder(
            scale: scale, isDivided: place.tag.has(VectorTag.division))
        return decoder.numbers(try integerSummary(vector, slots))
    }

    private func integerSummary(
        _ vector: Int, _ slots: [UInt64]?
    ) throws(FormatError) -> IntegerSummary {
        let values = try stageBIntegers(vector)
        return IntegerSummary(selected: slots, of: values.span)
    }
}

extension DecimalDecoder {
    /// The summary of decimals as such where readers find the right extremes by division, else as
    /// doubles.
    func numbers(_ summary: IntegerSummary) -> VectorStatistics.Numbers {
        let low = double(summary.min)
        let high = double(summary.max)
        if low == Decimal.quotient(summary.min, scale: scale)
            && high == Decimal.quotient(summary.max, scale: scale)
        {
            return .decimals(summary, scale: scale)
        }
        var doubles = DoubleSummary(summary, scale: scale)
        doubles.min = low
        doubles.max = high
        return .doubles(doubles)
    }
}

extension IntegerSummary {
    /// Of the values whose bit is set, one at least; of all where there are no bits.
    init(selected: [UInt64]?, of values: Span<Int64>) {
        var low = Int64.max
        var high = Int64.min
        // Two sums of halves: exact without a carry, for there are few rows.
        var lowHalves: UInt64 = 0
        var highHalves: Int64 = 0
        @inline(__always)
        func add(_ value: Int64) {
            low = Swift.min(low, value)
            high = Swift.max(high, value)
            lowHalves &+= UInt64(UInt32(truncatingIfNeeded: value))
            highHalves &+= value &>> 32
        }
        if let selected {
            precondition(selected.count * 64 >= values.count, "a bit for each value")
            for (index, word) in selected.enumerated() {
                var rest = word
                while rest != 0 {
                    add(values[index &* 64 &+ rest.trailingZeroBitCount])
                    rest &= rest &- 1
                }
            }
        } else {
            var sum: Int64 = 0
            for row in 0..<values.count {
                let value = unsafe values[unchecked: row]
                low = Swift.min(low, value)
                high = Swift.max(high, value)
                sum &+= value
            }
            // So many of so few bits cannot wrap.
            let limit: Int64 = 1 << 51
            if low > -limit && high < limit && values.count <= 2_048 {
                self.init(min: low, max: high, sum: Int128(sum))
                return
            }
            for row in 0..<values.count { unsafe add(values[unchecked: row]) }
        }
        self.init(min: low, max: high, sum: Int128(highHalves) << 32 + Int128(lowHalves))
    }
}
