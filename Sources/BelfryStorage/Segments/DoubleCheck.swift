import BelfryCodecs
import BelfryCore

/// Doubles against the statistics that are kept of them: counts, extremes that are attained bit by
/// bit, and a sum within the bound that `VectorStatistics` promises.
enum DoubleCheck {
    /// 2^-52 of the sum of magnitudes, and a little for what is rounded here.
    private static let tolerance = 0x1p-52 * (1 + 0x1p-10)

    static func agrees(
        _ values: [Double], _ validity: Validity, _ statistics: VectorStatistics
    ) -> Bool {
        guard let summary = statistics.doubleSummary else { return statistics.count == 0 }
        var nanCount = 0
        var positiveInfinityCount = 0
        var negativeInfinityCount = 0
        var low = Double.nan
        var high = Double.nan
        var sum = ExactSum()
        for row in values.indices where validity.isValid(row) {
            let value = values[row]
            if value.isNaN {
                nanCount += 1
                continue
            }
            if low.isNaN || precedes(value, low) { low = value }
            if high.isNaN || precedes(high, value) { high = value }
            if value.isInfinite {
                if value > 0 { positiveInfinityCount += 1 } else { negativeInfinityCount += 1 }
            } else {
                sum.add(value)
            }
        }
        guard nanCount == summary.nanCount,
            positiveInfinityCount == summary.positiveInfinityCount,
            negativeInfinityCount == summary.negativeInfinityCount,
            isSame(low, summary.min), isSame(high, summary.max)
        else { return false }
        // Past the greatest double there is no sum to compare.
        guard sum.magnitude.isFinite else { return true }
        let difference = (summary.sum - sum.high) + (summary.sumRest - sum.low)
        return difference.magnitude <= sum.magnitude * tolerance
    }

    /// The order of extremes: -0.0 is below 0.0.
    private static func precedes(_ one: Double, _ other: Double) -> Bool {
        one < other || (one == other && one.sign == .minus && other.sign == .plus)
    }

    private static func isSame(_ found: Double, _ stated: Double) -> Bool {
        found.isNaN ? stated.isNaN : found.bitPattern == stated.bitPattern
    }

    /// A sum in two doubles, by Knuth's exact addition: off by 2^-80 of the magnitudes at most for
    /// as many values as a vector has.
    private struct ExactSum {
        private(set) var high = 0.0
        private(set) var low = 0.0
        private(set) var magnitude = 0.0

        mutating func add(_ value: Double) {
            let total = high + value
            let kept = total - high
            low += (high - (total - kept)) + (value - kept)
            high = total
            magnitude += value.magnitude
        }
    }
}
