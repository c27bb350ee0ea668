import Glibc

/// The C library's functions of real numbers, under names that say what they are.
enum Mathematics {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
    static func exponential(_ value: Double) -> Double { exp(value) }
    static func naturalLogarithm(_ value: Double) -> Double { Glibc.log(value) }
    static func decimalLogarithm(_ value: Double) -> Double { log10(value) }
    static func binaryLogarithm(_ value: Double) -> Double { log2(value) }
    static func cubeRoot(_ value: Double) -> Double { cbrt(value) }
    static func sine(_ value: Double) -> Double { sin(value) }
    static func cosine(_ value: Double) -> Double { cos(value) }
    static func tangent(_ value: Double) -> Double { tan(value) }
    static func arcSine(_ value: Double) -> Double { asin(value) }
    static func arcCosine(_ value: Double) -> Double { acos(value) }
    static func arcTangent(_ value: Double) -> Double { atan(value) }
    static func arcTangent(_ y: Double, over x: Double) -> Double { atan2(y, x) }

    /// Rounded to so many digits behind the point, halves away from zero, as PostgreSQL rounds
    /// its decimals: what is rounded is the number that is written, not the nearest double.
    static func rounded(_ value: Double, digits: Int, isTruncated: Bool = false) -> Double {
        guard value.isFinite else { return value }
        let rule: FloatingPointRoundingRule = isTruncated ? .towardZero : .toNearestOrAwayFromZero
        if digits == 0 { return value.rounded(rule) }
        if digits > 300 || digits < -308 { return digits > 0 ? value : 0 }
        let scale = scales[Int(digits.magnitude)]
        if digits < 0 { return (value / scale).rounded(rule) * scale }
        let scaled = value * scale
        guard scaled.isFinite && scaled.magnitude < 4_503_599_627_370_496 else { return value }
        var whole = scaled.rounded(rule)
        // 1.005 is a little below its text; a product within an ulp or two of a half (or of the
        // next whole number, when cutting) counts as reaching it.
        let slack = scaled.magnitude.ulp * 2
        let moved = (scaled.magnitude + slack).rounded(rule)
        if moved > whole.magnitude { whole = scaled < 0 ? -moved : moved }
        return whole / scale
    }

    private static let scales = (0...308).map { pow(10, Double($0)) }

    /// Metres between two places, on a sphere of 6371008.8 m.
    static func distance(
        latitude1: Double, longitude1: Double, latitude2: Double, longitude2: Double
    ) -> Double {
        let radians = Double.pi / 180
        let halfLatitude = sin((latitude2 - latitude1) * radians / 2)
        let halfLongitude = sin((longitude2 - longitude1) * radians / 2)
        let chord =
            halfLatitude * halfLatitude
            + cos(latitude1 * radians) * cos(latitude2 * radians) * halfLongitude * halfLongitude
        return 2 * 6_371_008.8 * asin(min(1, chord.squareRoot()))
    }
}
