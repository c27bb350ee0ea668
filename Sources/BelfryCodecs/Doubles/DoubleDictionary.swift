/// The sorted distinct doubles of a strip, by bit pattern, and the code of each row.
///
/// It pays where a sensor takes few values that are no dense decimals: steps of a converter, units
/// converted from coarser ones, floats widened to doubles.
struct DoubleDictionary {
    /// In the order of `OrderedBits`.
    private(set) var values: [Double]
    private(set) var codes: [Int64]

    /// Nil where there turn out to be more distinct values than the limit. Rows without a value
    /// take the code of the row before.
    static func find(
        _ values: Span<Double>, validity: [UInt64]?, limit: Int
    ) -> DoubleDictionary? {
        let rowCount = values.count
        var distinct = DistinctPatterns(countLimit: limit)
        var codes = [Int64](repeating: 0, count: rowCount)
        var codeSpan = codes.mutableSpan
        var code: Int64 = 0
        var previous: UInt64?
        for row in 0..<rowCount {
            let pattern = unsafe values[unchecked: row].bitPattern
            if pattern != previous && isValid(row, validity) {
                code = Int64(distinct.number(of: pattern))
                if distinct.patterns.count > limit { return nil }
                previous = pattern
            }
            unsafe codeSpan[unchecked: row] = code
        }
        return sorted(distinct.patterns, codes)
    }

    private static func isValid(_ row: Int, _ validity: [UInt64]?) -> Bool {
        validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
    }

    private static func sorted(_ patterns: [UInt64], _ codes: [Int64]) -> DoubleDictionary {
        let ordered = patterns.map { OrderedBits.map(Int64(bitPattern: $0)) }
        let order = ordered.indices.sorted { ordered[$0] < ordered[$1] }
        var ranks = [Int64](repeating: 0, count: order.count)
        for (rank, number) in order.enumerated() { ranks[number] = Int64(rank) }
        var sorted = codes
        if !ranks.isEmpty {
            var span = sorted.mutableSpan
            let rankSpan = ranks.span
            for row in 0..<span.count {
                unsafe span[unchecked: row] = rankSpan[Int(span[unchecked: row])]
            }
        }
        return DoubleDictionary(
            values: order.map { Double(bitPattern: patterns[$0]) }, codes: sorted)
    }
}

/// Numbers for bit patterns in the order they come, by an open hash.
struct DistinctPatterns {
    private(set) var patterns: [UInt64] = []
    private var keys: [UInt64]
    /// A number plus one; 0 is free.
    private var slots: [Int32]
    private let shift: UInt64

    /// - Parameter countLimit: one more may be entered, and no more than that.
    init(countLimit: Int) {
        let bits = max(4, bitCount(UInt64(countLimit + 1)) + 1)
        slots = [Int32](repeating: 0, count: 1 << bits)
        keys = [UInt64](repeating: 0, count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    mutating func number(of pattern: UInt64) -> Int {
        let mixed = (pattern ^ (pattern >> 29)) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(mixed &>> shift)
        let mask = slots.count - 1
        while slots[slot] != 0 {
            if keys[slot] == pattern { return Int(slots[slot]) - 1 }
            slot = (slot + 1) & mask
        }
        patterns.append(pattern)
        slots[slot] = Int32(patterns.count)
        keys[slot] = pattern
        return patterns.count - 1
    }
}
