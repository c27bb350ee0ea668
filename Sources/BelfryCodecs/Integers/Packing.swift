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
        // By bits, how many residuals take so many: upwards, then around the median; each twice,
        // for neighbours in the same place would wait for each other.
        var histograms = [Int](repeating: 0, count: 4 * 65)
        var span = histograms.mutableSpan
        var row = skipped
        while row &+ 1 < count {
            let one = unsafe residuals[unchecked: row]
            let two = unsafe residuals[unchecked: row &+ 1]
            unsafe span[unchecked: bitCount(one)] &+= 1
            unsafe span[unchecked: 65 &+ bitCount(two)] &+= 1
            unsafe span[unchecked: 130 &+ bitCount(zigzag(one &- center))] &+= 1
            unsafe span[unchecked: 195 &+ bitCount(zigzag(two &- center))] &+= 1
            row &+= 2
        }
        if row < count {
            let one = unsafe residuals[unchecked: row]
            span[bitCount(one)] += 1
            span[130 + bitCount(zigzag(one &- center))] += 1
        }
        var best = Packing(base: 0, width: 64, bits: Int.max)
        consider(span, at: 0, count: count, center: nil, best: &best)
        consider(span, at: 130, count: count, center: center, best: &best)
        return best
    }

    @inline(__always)
    private static func zigzag(_ distance: UInt64) -> UInt64 {
        distance &<< 1 ^ UInt64(bitPattern: Int64(bitPattern: distance) &>> 63)
    }

    private static func consider(
        _ histograms: borrowing MutableSpan<Int>, at place: Int, count: Int, center: UInt64?,
        best: inout Packing
    ) {
        var top = 64
        while top >= 0 && histograms[place + top] + histograms[place + 65 + top] == 0 { top -= 1 }
        guard top >= 0 else {
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
            over += histograms[place + width] + histograms[place + 65 + width]
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
