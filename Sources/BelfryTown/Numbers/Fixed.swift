/// Fixed-point arithmetic with 16 bits behind the point, on `Int`.
///
/// Curves come from tables with straight lines between the entries, so that no bit of the town
/// depends on a platform's mathematics library. Shifts round down, for negative numbers too.
enum Fixed {
    static let one = 65_536

    @inline(__always)
    static func multiply(_ left: Int, _ right: Int) -> Int { (left * right) >> 16 }

    /// The quotient of two numbers, neither negative, the lower one above zero.
    @inline(__always)
    static func divide(_ upper: Int, _ lower: Int) -> Int { (upper << 16) / lower }

    @inline(__always)
    static func clamp(_ value: Int, _ low: Int, _ high: Int) -> Int {
        value < low ? low : (value > high ? high : value)
    }

    /// The sine of a part of a full turn, of which one is 65,536.
    static func sine(_ turn: Int) -> Int {
        let quadrant = (turn >> 14) & 3
        let position = turn & 16_383
        let along = quadrant & 1 == 0 ? position : 16_384 - position
        let entry = along >> 8
        let low = sines[entry]
        let value = entry == 64 ? low : low + ((sines[entry + 1] - low) * (along & 255)) >> 8
        return quadrant < 2 ? value : -value
    }

    static func cosine(_ turn: Int) -> Int { sine(turn + 16_384) }

    /// Two to the power of a number between -16 and 16.
    static func powerOfTwo(_ exponent: Int) -> Int {
        let whole = exponent >> 16
        let part = exponent & 65_535
        let entry = part >> 11
        let low = powers[entry]
        let value = low + ((powers[entry + 1] - low) * (part & 2_047)) >> 11
        return whole >= 0 ? value << whole : value >> -whole
    }

    /// The square root of a number that is not negative: the root of 4.0 is 2.0.
    static func root(_ value: Int) -> Int { wholeRoot(value << 16) }

    /// The greatest whole number whose square is at most `value`.
    static func wholeRoot(_ value: Int) -> Int {
        guard value > 0 else { return 0 }
        var bit = 1 << ((63 - value.leadingZeroBitCount) & ~1)
        var rest = value
        var root = 0
        while bit != 0 {
            if rest >= root + bit {
                rest -= root + bit
                root = (root >> 1) + bit
            } else {
                root >>= 1
            }
            bit >>= 2
        }
        return root
    }

    /// The floor of a quotient, the divisor being above zero.
    @inline(__always)
    static func floor(_ value: Int, by divisor: Int) -> Int {
        let quotient = value / divisor
        return value < 0 && quotient * divisor != value ? quotient - 1 : quotient
    }

    /// `value / 2^16` to the nearest whole number.
    @inline(__always)
    static func rounded(_ value: Int) -> Int { (value + 32_768) >> 16 }

    /// The quarter wave in 64 steps.
    private static let sines: [Int] = [
        0, 1608, 3216, 4821, 6424, 8022, 9616, 11204, 12785, 14359, 15924, 17479, 19024, 20557,
        22078, 23586, 25080, 26558, 28020, 29466, 30893, 32303, 33692, 35062, 36410, 37736, 39040,
        40320, 41576, 42806, 44011, 45190, 46341, 47464, 48559, 49624, 50660, 51665, 52639, 53581,
        54491, 55368, 56212, 57022, 57798, 58538, 59244, 59914, 60547, 61145, 61705, 62228, 62714,
        63162, 63572, 63944, 64277, 64571, 64827, 65043, 65220, 65358, 65457, 65516, 65536,
    ]

    /// One octave of powers of two in 32 steps.
    private static let powers: [Int] = [
        65536, 66971, 68438, 69936, 71468, 73032, 74632, 76266, 77936, 79642, 81386, 83169, 84990,
        86851, 88752, 90696, 92682, 94711, 96785, 98905, 101070, 103283, 105545, 107856, 110218,
        112631, 115098, 117618, 120194, 122825, 125515, 128263, 131072,
    ]
}
