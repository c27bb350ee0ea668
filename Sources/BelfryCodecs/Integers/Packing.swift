import BelfryCore

/// How residuals go into lanes: what is taken off them, the width, and the bits that come out,
/// patches included.
///
/// Two placements are tried: from zero upwards, by a histogram of widths, where only large
/// residuals are patched; and for each width the window that holds most of the residuals around
/// the median, by a histogram of 64 equal steps, where patches take the outliers of both sides.
struct Packing {
    var base: Int64 = 0
    var width = 0
    var bits = 0
    var isPatched = false

    /// Decoding a patch costs what so many bits do.
    private static let patchPenalty = 5
    private static let patchHeaderBits = 24

    /// Rows before `skipped` hold nothing.
    static func best(of residuals: Span<UInt64>, skipping skipped: Int) -> Packing {
        let count = residuals.count
        let middle = middle(of: residuals, skipping: skipped, sampleCount: 31)
        // The half in the middle takes four to eight steps.
        let shift = max(0, bitCount(middle.half.upperBound - middle.half.lowerBound) - 3)
        let reach = UInt64(WidthHistograms.stepCount / 2) << UInt64(min(shift, 57))
        let low = middle.median > reach ? middle.median - reach : 0
        var histograms = WidthHistograms()
        histograms.fill(residuals, skipping: skipped, low: low, shift: shift)
        var top = 64
        while top >= 0 && histograms.upwards(top) == 0 { top -= 1 }
        guard top >= 0 else { return Packing() }
        var best = Packing(base: 0, width: 64, bits: Int.max)
        var over = 0
        for width in stride(from: top, through: 0, by: -1) {
            best.consider(base: 0, width: width, over: over, top: top, count: count)
            over += histograms.upwards(width)
        }
        if shift >= 58 { return best }
        for wide in 0..<min(6, max(1, top - shift)) {
            let window = 1 << wide
            var held = 0
            for step in 0..<window { held += histograms.inStep(step) }
            var (most, place) = (held, 0)
            for step in 0..<(WidthHistograms.stepCount - window) {
                held = held &- histograms.inStep(step) &+ histograms.inStep(step &+ window)
                if held > most { (most, place) = (held, step + 1) }
            }
            let base = low + UInt64(place) << UInt64(shift)
            best.consider(
                base: base, width: shift + wide, over: max(0, count - skipped) - most, top: top,
                count: count)
        }
        return best
    }

    /// Takes a base and a width where fewer bits come out, with so many residuals patched.
    private mutating func consider(base: UInt64, width: Int, over: Int, top: Int, count: Int) {
        var bits = LaneLayout.byteCount(width: width, count: count) * 8
        if over > 0 {
            let highest = top == 64 ? UInt64.max : 1 &<< UInt64(top) &- 1
            let farthest = max(base, highest &- base) >> UInt64(width)
            let gapBits = min(10, bitCount(UInt64(count / over)) + 1)
            bits += over * (gapBits + bitCount(farthest) + 1 + Self.patchPenalty)
            bits += Self.patchHeaderBits
        }
        if bits < self.bits {
            self = Packing(
                base: Int64(bitPattern: base), width: width, bits: bits, isPatched: over > 0)
        }
    }

    /// The median of so many residuals spread over the vector, and where half of them lie.
    static func middle(
        of residuals: Span<UInt64>, skipping skipped: Int, sampleCount limit: Int
    ) -> (median: UInt64, half: ClosedRange<UInt64>) {
        let count = residuals.count - skipped
        if count <= 0 { return (0, 0...0) }
        let sampleCount = min(limit, count)
        var sample = [UInt64](repeating: 0, count: sampleCount)
        for index in 0..<sampleCount {
            sample[index] = residuals[skipped + index * count / sampleCount]
        }
        sample.sort()
        return (
            sample[sampleCount / 2], sample[sampleCount / 4]...sample[(3 * sampleCount - 1) / 4]
        )
    }
}
