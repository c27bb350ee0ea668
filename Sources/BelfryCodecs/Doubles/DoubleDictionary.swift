/// The sorted distinct doubles of a strip, by bit pattern, and the code of each row.
///
/// It pays where a sensor takes few values that are no dense decimals: steps of a converter, units
/// converted from coarser ones, floats widened to doubles.
struct DoubleDictionary {
    /// In the order of `OrderedBits`.
    private(set) var values: [Double]
    private(set) var codes: [Int64]

    /// Rows that are looked at before all are.
    private static let sampleCount = 1024

    /// Nil where a dictionary cannot pay: a sample is mostly distinct or takes most decimals of
    /// its range, or there turn out to be too many values. Rows without a value take the code of
    /// the row before.
    static func find(
        _ values: Span<Double>, validity: [UInt64]?, scale: Int?
    ) -> DoubleDictionary? {
        let rowCount = values.count
        let limit = min(Strip.distinctCountLimit, rowCount / 4)
        guard limit > 1, looksSparse(values, validity: validity, scale: scale) else { return nil }
        var distinct = DistinctPatterns(countLimit: limit)
        var codes = [Int64](repeating: 0, count: rowCount)
        var code = 0
        var previous: UInt64?
        for row in 0..<rowCount {
            if isValid(row, validity) {
                let pattern = values[row].bitPattern
                if pattern != previous {
                    code = distinct.number(of: pattern)
                    if distinct.patterns.count > limit { return nil }
                    previous = pattern
                }
            }
            codes[row] = Int64(code)
        }
        return sorted(distinct.patterns, codes)
    }

    private static func isValid(_ row: Int, _ validity: [UInt64]?) -> Bool {
        validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
    }

    private static func looksSparse(
        _ values: Span<Double>, validity: [UInt64]?, scale: Int?
    ) -> Bool {
        let stride = max(1, values.count / sampleCount)
        var distinct = DistinctPatterns(countLimit: sampleCount * 2)
        var sampled = 0
        var low = Double.infinity
        var high = -Double.infinity
        for row in Swift.stride(from: 0, to: values.count, by: stride)
        where isValid(row, validity) {
            let value = values[row]
            _ = distinct.number(of: value.bitPattern)
            sampled += 1
            low = min(low, value)
            high = max(high, value)
        }
        guard distinct.patterns.count > 1, distinct.patterns.count * 2 <= sampled else {
            return false
        }
        guard let scale else { return true }
        let places = (high - low) * Decimal.powers[scale] + 1
        return !(places <= Double(3 * distinct.patterns.count))
    }

    private static func sorted(_ patterns: [UInt64], _ codes: [Int64]) -> DoubleDictionary {
        let ordered = patterns.map { OrderedBits.map(Int64(bitPattern: $0)) }
        let order = ordered.indices.sorted { ordered[$0] < ordered[$1] }
        var ranks = [Int64](repeating: 0, count: order.count)
        for (rank, number) in order.enumerated() { ranks[number] = Int64(rank) }
        return DoubleDictionary(
            values: order.map { Double(bitPattern: patterns[$0]) },
            codes: codes.map { $0 < ranks.count ? ranks[Int($0)] : 0 })
    }
}

/// Numbers for bit patterns in the order they come, by an open hash.
private struct DistinctPatterns {
    private(set) var patterns: [UInt64] = []
    /// A number plus one; 0 is free.
    private var slots: [Int32]
    private let shift: UInt64

    /// - Parameter countLimit: one more may be entered, and no more than that.
    init(countLimit: Int) {
        let bits = max(4, bitCount(UInt64(countLimit + 1)) + 1)
        slots = [Int32](repeating: 0, count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    mutating func number(of pattern: UInt64) -> Int {
        let mixed = (pattern ^ (pattern >> 29)) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(mixed >> shift)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if patterns[number] == pattern { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        patterns.append(pattern)
        slots[slot] = Int32(patterns.count)
        return patterns.count - 1
    }
}
