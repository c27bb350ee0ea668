/// How many residuals take how many bits, and how many lie in each of 64 equal steps.
///
/// Each is counted in four parts, for neighbours of the same width would wait for each other.
struct WidthHistograms: ~Copyable {
    /// Four parts a width, then four parts a step, the last for all beyond the steps.
    private var counts = [UInt32](repeating: 0, count: 520)
    private static let half = 260
    static let stepCount = 64

    init() {}

    @inline(__always)
    func upwards(_ width: Int) -> Int { count(4 * width) }

    /// How many lie in a step, once all are counted.
    @inline(__always)
    func inStep(_ step: Int) -> Int { Int(counts[Self.half + step]) }

    @inline(__always)
    private func count(_ place: Int) -> Int {
        Int(counts[place] &+ counts[place + 1] &+ counts[place + 2] &+ counts[place + 3])
    }

    /// Counts all residuals but the first ones; steps are `1 << shift` wide, the first at `low`.
    mutating func fill(_ residuals: Span<UInt64>, skipping skipped: Int, low: UInt64, shift: Int) {
        let count = residuals.count
        var span = counts.mutableSpan
        let wide = UInt64(shift)
        var seen: UInt64 = 0
        var row = skipped
        while row &+ 4 <= count {
            seen |= Self.count(unsafe residuals[unchecked: row], low, wide, 0, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 1], low, wide, 1, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 2], low, wide, 2, &span)
            seen |= Self.count(unsafe residuals[unchecked: row &+ 3], low, wide, 3, &span)
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
            span[Self.half + 4 * Self.step(one, low, wide)] += 1
            row &+= 1
        }
        for step in 0...Self.stepCount {
            let place = Self.half + 4 * step
            span[Self.half + step] =
                span[place] &+ span[place + 1] &+ span[place + 2] &+ span[place + 3]
        }
    }

    @inline(__always)
    private static func count(
        _ residual: UInt64, _ low: UInt64, _ shift: UInt64, _ part: Int,
        _ span: inout MutableSpan<UInt32>
    ) -> UInt64 {
        unsafe span[unchecked: 4 &* shortWidth(residual) &+ part] &+= 1
        unsafe span[unchecked: half &+ 4 &* step(residual, low, shift) &+ part] &+= 1
        return residual
    }

    @inline(__always)
    private static func step(_ residual: UInt64, _ low: UInt64, _ shift: UInt64) -> Int {
        Int(min((residual &- low) &>> shift, UInt64(stepCount)))
    }

    /// The bit count of what has less than 64, without a case for zero; anything up to 64 else.
    @inline(__always)
    private static func shortWidth(_ value: UInt64) -> Int {
        63 &- (value &<< 1 | 1).leadingZeroBitCount
    }
}
