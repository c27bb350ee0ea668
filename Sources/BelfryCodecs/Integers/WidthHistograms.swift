/// How many residuals take how many bits: from zero upwards, and as signed distances from a center.
///
/// Each is counted in four parts, for neighbours of the same width would wait for each other.
struct WidthHistograms: ~Copyable {
    /// Four parts a width, upwards, then around the center.
    private var counts = [UInt32](repeating: 0, count: 520)
    private static let half = 260

    init() {}

    @inline(__always)
    func upwards(_ width: Int) -> Int { count(4 * width) }

    @inline(__always)
    func around(_ width: Int) -> Int { count(Self.half + 4 * width) }

    @inline(__always)
    private func count(_ place: Int) -> Int {
        Int(counts[place] &+ counts[place + 1] &+ counts[place + 2] &+ counts[place + 3])
    }

    /// Counts all residuals but the first ones.
    mutating func fill(_ residuals: Span<UInt64>, skipping skipped: Int, center: UInt64) {
        let count = residuals.count
        var span = counts.mutableSpan
        var seen: UInt64 = 0
        var row = skipped
        while row &+ 4 <= count {
            seen |= Self.count(unsafe residuals[unchecked: row], center, 0, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 1], center, 1, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 2], center, 2, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 3], center, 3, &span)
            row &+= 4
        }
        if Int64(bitPattern: seen) < 0 {
            // Short widths were wrong.
            for index in 0..<span.count { span[index] = 0 }
            row = skipped
        }
        while row < count {
            let one = unsafe residuals[unchecked: row]
            span[4 * bitCount(one)] += 1
            span[Self.half + 4 * bitCount(Self.zigzag(one &- center))] += 1
            row &+= 1
        }
    }

    @inline(__always)
    private static func count(
        _ residual: UInt64, _ center: UInt64, _ part: Int, _ span: inout MutableSpan<UInt32>
    ) -> UInt64 {
        let distance = zigzag(residual &- center)
        unsafe span[unchecked: 4 &* shortWidth(residual) &+ part] &+= 1
        unsafe span[unchecked: half &+ 4 &* shortWidth(distance) &+ part] &+= 1
        return residual | distance
    }

    /// The bit count of what has less than 64, without a case for zero; anything up to 64 else.
    @inline(__always)
    private static func shortWidth(_ value: UInt64) -> Int {
        63 &- (value &<< 1 | 1).leadingZeroBitCount
    }

    @inline(__always)
    private static func zigzag(_ distance: UInt64) -> UInt64 {
        distance &<< 1 ^ UInt64(bitPattern: Int64(bitPattern: distance) &>> 63)
    }
}
