import BelfryCore

/// What a strip's residuals would cost as tokens: first of a sample in every form, then of all in
/// the form that was cheapest, so that the COLD tier finds its form and table.
struct TokenModel {
    private struct Form {
        let shape: IntegerShape
        let isSigned: Bool
        var histogram = [Int](repeating: 0, count: TokenTable.tokenCount)

        /// Bits by the entropy of the tokens.
        var bits: Double {
            let total = histogram.reduce(0, +)
            if total == 0 { return .infinity }
            var bits = 0.0
            for (token, count) in histogram.enumerated() where count > 0 {
                let low = Double(TokenTable.lowWidth(of: UInt8(token)))
                bits += Double(count) * (binaryLogarithm(Double(total) / Double(count)) + low)
            }
            return bits
        }
    }

    private var forms: [Form] = [IntegerShape.frame, .delta, .secondDelta].flatMap {
        [Form(shape: $0, isSigned: false), Form(shape: $0, isSigned: true)]
    }
    /// The middle of the strip's differences, and of its second differences.
    private(set) var centers: [IntegerShape: Int64] = [:]
    /// Those of the sample.
    private var sampled: [IntegerShape: [Int64]] = [:]
    private(set) var isSettled = false
    /// Residuals so far.
    private(set) var residualCount = 0

    /// Whether residuals of this shape are wanted.
    func wants(_ shape: IntegerShape) -> Bool { forms.contains { $0.shape == shape } }

    /// Ends the sample: from here on only the cheapest form is counted, from the start.
    mutating func settle() {
        isSettled = true
        for (shape, differences) in sampled where !differences.isEmpty {
            centers[shape] = differences.sorted()[differences.count / 2]
        }
        sampled = [:]
        guard let best = forms.min(by: { $0.bits < $1.bits }), best.bits.isFinite else { return }
        forms = [Form(shape: best.shape, isSigned: best.isSigned)]
        residualCount = 0
    }

    /// Enters differences of the sample.
    mutating func sample(_ shape: IntegerShape, _ difference: Int64) {
        sampled[shape, default: []].append(difference)
    }

    /// Enters a vector: its residuals above the least, by shape.
    mutating func add(
        _ shape: IntegerShape, _ residuals: Span<UInt64>, center: UInt64, skipping skipped: Int
    ) {
        for index in forms.indices where forms[index].shape == shape {
            residualCount += residuals.count
            let isSigned = forms[index].isSigned
            var histogram: [Int] = []
            swap(&histogram, &forms[index].histogram)
            var counts = histogram.mutableSpan
            precondition(counts.count == TokenTable.tokenCount, "a count for every token")
            if isSigned {
                for row in skipped..<max(skipped, residuals.count) {
                    let token = TokenTable.signedToken(
                        of: unsafe residuals[unchecked: row] &- center)
                    unsafe counts[unchecked: Int(token)] &+= 1
                }
            } else {
                for row in skipped..<max(skipped, residuals.count) {
                    let token = TokenTable.token(of: unsafe residuals[unchecked: row])
                    unsafe counts[unchecked: Int(token)] &+= 1
                }
            }
            counts[0] += min(skipped, residuals.count)
            swap(&histogram, &forms[index].histogram)
        }
    }

    /// Bits of the form of fewest, infinite where nothing was entered.
    var leastBits: Double { forms.map(\.bits).min() ?? .infinity }

    /// The form of fewest bits with its table; nil where nothing was entered.
    func best() -> (encoder: TokenEncoder, bits: Double)? {
        guard let best = forms.min(by: { $0.bits < $1.bits }), best.bits.isFinite else {
            return nil
        }
        let table = TokenTable(
            isSigned: best.isSigned, counts: Self.normalized(best.histogram))
        return (
            TokenEncoder(table, shape: best.shape, center: centers[best.shape]), best.bits
        )
    }

    /// Shares of the states in proportion, one at least for each token there is.
    private static func normalized(_ histogram: [Int]) -> [UInt16] {
        let total = histogram.reduce(0, +)
        var counts = histogram.map { count in
            count == 0 ? 0 : max(1, count * TokenTable.size / total)
        }
        var rest = TokenTable.size - counts.reduce(0, +)
        while rest != 0 {
            // What changes the size least: the token whose share is farthest from its due.
            let step = rest > 0 ? 1 : -1
            var best: (token: Int, loss: Double)?
            for token in counts.indices where counts[token] > (step < 0 ? 1 : 0) {
                let changed = Double(counts[token] + step)
                let loss =
                    Double(histogram[token])
                    * binaryLogarithm(Double(counts[token]) / changed)
                if best.map({ loss < $0.loss }) ?? true { best = (token, loss) }
            }
            guard let best else { break }
            counts[best.token] += step
            rest -= step
        }
        return counts.map { UInt16($0) }
    }

}

/// The binary logarithm of a number above 0, good to nine digits, by sums and products alone: the
/// same in every library and on every machine, so that files are the same too.
private func binaryLogarithm(_ value: Double) -> Double {
    let part = (value.significand - 1) / (value.significand + 1)
    let square = part * part
    var term = part
    var sum = part
    for odd in stride(from: 3, through: 21, by: 2) {
        term = term * square
        sum = sum + term / Double(odd)
    }
    return Double(value.exponent) + sum * 2.885_390_081_777_927
}
