import BelfryCore

/// How residuals go into lanes: what is taken off them, the width, and the bits that come out,
/// patches included.
///
/// Two placements are tried by a histogram of widths each: from zero upwards, where only large
/// residuals are patched, and around the median, where patches take the outliers of both sides.
struct Packing {
    var base: Int64 = 0
    var width = 0
    var bits = 0
    var isPatched = false

    /// A patch's place takes about nine bits; decoding one costs what four more bits do.
    private static let patchBits = 13
    private static let patchHeaderBits = 24

    /// Rows before `skipped` hold nothing.
    static func best(of residuals: Span<UInt64>, skipping skipped: Int) -> Packing {
        let center = median(of: residuals, skipping: skipped)
        var histograms = WidthHistograms()
        histograms.fill(residuals, skipping: skipped, center: center)
        var best = Packing(base: 0, width: 64, bits: Int.max)
        let count = residuals.count
        consider({ histograms.upwards($0) }, count: count, center: nil, best: &best)
        consider({ histograms.around($0) }, count: count, center: center, best: &best)
        return best
    }

    @inline(__always)
    private static func consider(
        _ histogram: (Int) -> Int, count: Int, center: UInt64?, best: inout Packing
    ) {
        var top = 64
        while top >= 0 && histogram(top) == 0 { top -= 1 }
        guard top >= 0 else {
            best = Packing()
            return
        }
        var over = 0
        var width = top
        while width >= 0 {
            let patches =
                over > 0 ? over * (patchBits + top - width + 1) + patchHeaderBits : 0
            // Narrower lanes only leave more and longer patches.
            if patches >= best.bits { break }
            let bits = LaneLayout.byteCount(width: width, count: count) * 8 + patches
            if bits < best.bits {
                var base: Int64 = 0
                if let center {
                    let half: UInt64 = width == 0 ? 0 : 1 << UInt64(width - 1)
                    base = Int64(bitPattern: center &- half)
                }
                best = Packing(base: base, width: width, bits: bits, isPatched: over > 0)
            }
            over += histogram(width)
            width -= 1
        }
    }

    /// The median of up to fifteen residuals spread over the vector.
    static func median(of residuals: Span<UInt64>, skipping skipped: Int) -> UInt64 {
        let count = residuals.count - skipped
        guard count >= 15 else {
            return middle(of: residuals, skipping: skipped, sampleCount: 15).median
        }
        var room = [UInt64](repeating: 0, count: 15)
        var sample = room.mutableSpan
        for index in 0..<15 {
            let value = residuals[skipped + index * count / 15]
            var place = index
            while place > 0 && sample[place - 1] > value {
                sample[place] = sample[place - 1]
                place -= 1
            }
            sample[place] = value
        }
        return sample[7]
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
