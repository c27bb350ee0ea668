/// Values of a strip that stand for all of it: up to 2,048, in pieces of 256 neighbours.
struct StripSample {
    private(set) var values: [Double] = []
    /// The vectors they make, none empty.
    private(set) var pieces: [Range<Int>] = []
    /// Finite values, none of them -0.0, from all over the sample: what scales are tried on.
    private(set) var plain: [Double] = []

    private static let pieceCount = 8
    private static let pieceRowCount = 256
    private static let plainCount = 256

    /// Rows without a value are left out.
    init(_ strip: Span<Double>, validity: [UInt64]?) {
        let count = strip.count
        let isWhole = count <= Self.pieceCount * Self.pieceRowCount
        let length = isWhole ? Strip.vectorRowCount : Self.pieceRowCount
        let pieceCount = isWhole ? (count + length - 1) / length : Self.pieceCount
        values.reserveCapacity(min(count, Self.pieceCount * Self.pieceRowCount))
        for piece in 0..<pieceCount {
            let start = isWhole ? piece * length : piece * (count - length) / (pieceCount - 1)
            for row in start..<min(count, start + length) {
                if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
                values.append(strip[row])
            }
        }
        // Whole vectors: short ones waste bits of their lanes.
        for start in Swift.stride(from: 0, to: values.count, by: Strip.vectorRowCount) {
            pieces.append(start..<min(values.count, start + Strip.vectorRowCount))
        }
        let stride = max(1, values.count / Self.plainCount)
        for row in Swift.stride(from: 0, to: values.count, by: stride) {
            let value = values[row]
            if value.isFinite && (value != 0 || value.sign == .plus) { plain.append(value) }
        }
    }

    /// The distinct values, ascending as ordered bits, and how many of them came once and twice;
    /// nil where there are more than the limit.
    func distinct(limit: Int) -> (values: [Double], onceCount: Int, twiceCount: Int)? {
        var numbers = DistinctPatterns(countLimit: limit)
        var counts = [Int32](repeating: 0, count: limit + 1)
        for value in values {
            counts[numbers.number(of: value.bitPattern)] += 1
            if numbers.patterns.count > limit { return nil }
        }
        var onceCount = 0
        var twiceCount = 0
        for count in counts {
            if count == 1 { onceCount += 1 }
            if count == 2 { twiceCount += 1 }
        }
        let ordered = numbers.patterns.map { OrderedBits.map(Int64(bitPattern: $0)) }.sorted()
        let distinct = ordered.map {
            Double(bitPattern: UInt64(bitPattern: OrderedBits.map($0)))
        }
        return (distinct, onceCount, twiceCount)
    }

    /// For each value its place among the distinct ones.
    func codes(among distinct: [Double]) -> [Int64] {
        var numbers = DistinctPatterns(countLimit: distinct.count)
        for value in distinct { _ = numbers.number(of: value.bitPattern) }
        return values.map { Int64(numbers.number(of: $0.bitPattern)) }
    }
}
