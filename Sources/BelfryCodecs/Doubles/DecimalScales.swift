/// The power of ten of decimals, found on a sample of finite values.
enum DecimalScales {
    /// Corrections reach so many doubles in a sample that may take them.
    private static let correctionLimit: UInt64 = 64
    /// Values that show most scales wrong.
    private static let probeCount = 32

    /// The scale that takes the fewest bits on the sample, nil where most values are no decimals,
    /// and how many of the sample it misses.
    static func decimals(_ sample: [Double]) -> (scale: Int?, missCount: Int) {
        if sample.isEmpty { return (0, 0) }
        let stride = max(1, sample.count / probeCount)
        var best: (scale: Int, bits: Double, missCount: Int)?
        for scale in 0...Decimal.scaleLimit {
            // Scales that miss most of a few values are not tried on all.
            var probed = 0
            var probeMisses = 0
            for row in Swift.stride(from: 0, to: sample.count, by: stride) {
                probed += 1
                if !Decimal.isExact(sample[row], scale: scale) { probeMisses += 1 }
            }
            if probeMisses * 4 > probed * 3 { continue }
            var missCount = 0
            for value in sample where !Decimal.isExact(value, scale: scale) { missCount += 1 }
            let bits = Double(missCount * 80) / Double(sample.count) + 3.32 * Double(scale)
            if best.map({ bits < $0.bits }) ?? true { best = (scale, bits, missCount) }
            if missCount == 0 { break }
        }
        guard let best, best.missCount * 5 <= sample.count * 2 else { return (nil, sample.count) }
        return (best.scale, best.missCount)
    }

    /// The least scale at which nearly all of the sample is within a few doubles of a decimal.
    static func corrected(_ sample: [Double]) -> Int? {
        least(sample) {
            // With more digits every double is near a decimal, and corrections save nothing.
            ($0 * Decimal.powers[$1]).magnitude < 0x1p44
                && Decimal.isNear($0, scale: $1, within: correctionLimit)
        }
    }

    /// The least scale at which nearly all of the sample are decimals that went through a float;
    /// nil where they are no floats.
    static func singles(_ sample: [Double]) -> Int? {
        least(sample) { SingleDecimal.isExact($0, scale: $1) }
    }

    private static func least(_ sample: [Double], _ fits: (Double, Int) -> Bool) -> Int? {
        for scale in 0...Decimal.scaleLimit {
            var farCount = 0
            for value in sample where !fits(value, scale) {
                farCount += 1
                if farCount * 100 > sample.count * 3 { break }
            }
            if farCount * 100 <= sample.count * 3 { return scale }
        }
        return nil
    }
}
