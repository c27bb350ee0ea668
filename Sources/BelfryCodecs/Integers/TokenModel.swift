import BelfryCore

/// What a strip's residuals would cost as tokens, by form: collected while the strip is encoded for
/// the LIGHT tier, so that the COLD one finds its form and table.
struct TokenModel {
    private struct Form {
        let shape: IntegerShape
        let isSigned: Bool
        var histogram = [Int](repeating: 0, count: TokenTable.tokenCount)
        var lowBits = 0

        /// Bits by the entropy of the tokens.
        var bits: Double {
            let total = histogram.reduce(0, +)
            if total == 0 { return .infinity }
            var bits = Double(lowBits)
            for count in histogram where count > 0 {
                bits += Double(count) * binaryLogarithm(Double(total) / Double(count))
            }
            return bits
        }
    }

    private var forms: [Form] = [IntegerShape.frame, .delta, .secondDelta].flatMap {
        [Form(shape: $0, isSigned: false), Form(shape: $0, isSigned: true)]
    }
    private(set) var vectorCount = 0

    /// Enters a vector: its residuals above the least, by shape.
    mutating func add(
        _ shape: IntegerShape, _ residuals: Span<UInt64>, center: UInt64, skipping skipped: Int
    ) {
        if shape == .frame { vectorCount += 1 }
        for index in forms.indices where forms[index].shape == shape {
            let isSigned = forms[index].isSigned
            for row in 0..<residuals.count {
                let residual = Self.residual(
                    residuals[row], center: center, isSigned: isSigned, isSkipped: row < skipped)
                let token = TokenTable.token(of: residual)
                forms[index].histogram[Int(token)] += 1
                forms[index].lowBits += TokenTable.lowWidth(of: token)
            }
        }
    }

    static func residual(
        _ residual: UInt64, center: UInt64, isSigned: Bool, isSkipped: Bool
    ) -> UInt64 {
        if isSkipped { return 0 }
        return isSigned ? Varint.zigzag(Int64(bitPattern: residual &- center)) : residual
    }

    /// The form of fewest bits with its table; nil where nothing was entered.
    func best() -> TokenEncoder? {
        guard let best = forms.min(by: { $0.bits < $1.bits }), best.bits.isFinite else {
            return nil
        }
        let table = TokenTable(
            isSigned: best.isSigned, counts: Self.normalized(best.histogram))
        return TokenEncoder(table, shape: best.shape)
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
