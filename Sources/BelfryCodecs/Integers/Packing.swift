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
        let count = residuals.count
        let center = median(of: residuals, skipping: skipped)
        var upward = [Int](repeating: 0, count: 65)
        var around = [Int](repeating: 0, count: 65)
        var upwardSpan = upward.mutableSpan
        var aroundSpan = around.mutableSpan
        for row in skipped..<max(skipped, count) {
            let residual = unsafe residuals[unchecked: row]
            let apart = Int64(bitPattern: residual &- center)
            let distance = UInt64(bitPattern: apart &<< 1 ^ apart &>> 63)
            unsafe upwardSpan[unchecked: bitCount(residual)] &+= 1
            unsafe aroundSpan[unchecked: bitCount(distance)] &+= 1
        }
        var best = Packing(base: 0, width: 64, bits: Int.max)
        consider(upward, count: count, center: nil, best: &best)
        consider(around, count: count, center: center, best: &best)
        return best
    }

    private static func consider(
        _ histogram: [Int], count: Int, center: UInt64?, best: inout Packing
    ) {
        guard let top = histogram.lastIndex(where: { $0 > 0 }) else {
            best = Packing()
            return
        }
        var over = 0
        for width in stride(from: top, through: 0, by: -1) {
            var bits = LaneLayout.byteCount(width: width, count: count) * 8
            if over > 0 { bits += over * (patchBits + top - width + 1) + patchHeaderBits }
            if bits < best.bits {
                var base: Int64 = 0
                if let center {
                    let half: UInt64 = width == 0 ? 0 : 1 << UInt64(width - 1)
                    base = Int64(bitPattern: center &- half)
                }
                best = Packing(base: base, width: width, bits: bits, isPatched: over > 0)
            }
            over += histogram[width]
        }
    }

    /// The median of up to fifteen residuals spread over the vector.
    static func median(of residuals: Span<UInt64>, skipping skipped: Int) -> UInt64 {
        middle(of: residuals, skipping: skipped, sampleCount: 15).median
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
