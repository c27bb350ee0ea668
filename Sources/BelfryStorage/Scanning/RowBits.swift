/// Rows of a vector as bits: bit `i % 64` of word `i / 64` for row `i`, none beyond the last row.
enum RowBits {
    static func all(_ count: Int) -> [UInt64] { range(0..<count, of: count) }

    /// The rows of a range, of so many.
    static func range(_ rows: Range<Int>, of count: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (count + 63) / 64)
        if rows.isEmpty { return words }
        for index in (rows.lowerBound / 64)...((rows.upperBound - 1) / 64) {
            var word = UInt64.max
            if index == rows.lowerBound / 64 { word <<= UInt64(rows.lowerBound % 64) }
            let rest = rows.upperBound - index * 64
            if rest < 64 { word &= (1 << UInt64(rest)) - 1 }
            words[index] = word
        }
        return words
    }

    /// Those in both; nil stands for all rows.
    static func both(_ left: [UInt64]?, _ right: [UInt64]?) -> [UInt64]? {
        guard var words = left else { return right }
        guard let right else { return words }
        for index in words.indices { words[index] &= right[index] }
        return words
    }

    static func count(_ words: [UInt64]) -> Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The numbers of the rows, `shift` added, of those in a range.
    static func append(
        _ words: [UInt64], _ range: Range<Int>, shift: Int, to rows: inout [Int32]
    ) {
        if range.isEmpty { return }
        for index in (range.lowerBound / 64)...((range.upperBound - 1) / 64) {
            var word = words[index]
            while word != 0 {
                let row = index * 64 + word.trailingZeroBitCount
                word &= word &- 1
                if row >= range.lowerBound && row < range.upperBound {
                    rows.append(Int32(truncatingIfNeeded: row + shift))
                }
            }
        }
    }
}
