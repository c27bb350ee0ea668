import BelfryCore

/// Doubles that are integers over a power of ten.
///
/// An integer `i` stands for `Double(i) * high[k] + Double(i) * low[k]`, each operation rounded by
/// itself, where `high` is 10^-k cut to 21 significant bits and `low` the double nearest to the
/// rest. `i * high` is exact below 2^32, so the sum is the correctly rounded quotient nearly
/// always; the encoder compares bits and sets apart what differs. A vector with larger magnitudes
/// is divided, `Double(i) / 10^k`, where that leaves fewer apart; its tag says so.
///
/// Integers stay below 2^51 in magnitude, which lets both conversions run on the bit pattern of
/// `1.5 * 2^52 + i`.
enum Decimal {
    static let scaleLimit = 18
    static let magnitudeLimit: Int64 = 1 << 51
    /// From here on the product with `high` is no longer exact.
    static let divisionLimit: Int64 = 1 << 32

    /// 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits.
    private static let magic = 6_755_399_441_055_744.0
    private static let magicBits = Int64(bitPattern: 0x4338_0000_0000_0000)

    static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18,
    ]

    /// Bit patterns of `high` and `low` for each scale.
    static let splitPowers: [(UInt64, UInt64)] = [
        (0x3FF0_0000_0000_0000, 0x0000_0000_0000_0000),
        (0x3FB9_9999_0000_0000, 0x3E63_3333_3333_3333),
        (0x3F84_7AE1_0000_0000, 0x3E21_EB85_1EB8_51EC),
        (0x3F50_624D_0000_0000, 0x3E0A_5E35_3F7C_ED91),
        (0x3F1A_36E2_0000_0000, 0x3DCD_6388_6594_AF4F),
        (0x3EE4_F8B5_0000_0000, 0x3D91_1C6D_1E10_8C3F),
        (0x3EB0_C6F7_0000_0000, 0x3D64_16BD_B1A6_D699),
        (0x3E7A_D7F2_0000_0000, 0x3D23_5795_E90A_F0F5),
        (0x3E45_798E_0000_0000, 0x3CFC_4611_873B_F3F7),
        (0x3E11_2E0B_0000_0000, 0x3CCD_04DA_D296_5CC6),
        (0x3DDB_7CDF_0000_0000, 0x3C8B_3AF7_B756_FAD6),
        (0x3DA5_FD7F_0000_0000, 0x3C5C_2F2C_92AB_FBDE),
        (0x3D71_9799_0000_0000, 0x3C20_25BD_4223_2FE5),
        (0x3D3C_25C2_0000_0000, 0x3BDA_125D_A070_9943),
        (0x3D06_849B_0000_0000, 0x3BB0_D425_7360_3D4E),
        (0x3CD2_03AF_0000_0000, 0x3B83_DCEA_C2B3_643E),
        (0x3C9C_D2B2_0000_0000, 0x3B42_FB11_3785_6D31),
        (0x3C67_0EF5_0000_0000, 0x3B01_91B5_25A2_484E),
        (0x3C32_725D_0000_0000, 0x3AEA_3A48_7574_1CEC),
    ]

    static func split(_ scale: Int) -> (high: Double, low: Double) {
        let (high, low) = splitPowers[scale]
        return (Double(bitPattern: high), Double(bitPattern: low))
    }

    /// The double nearest to the decimal.
    static func quotient(_ integer: Int64, scale: Int) -> Double {
        Double(integer) / powers[scale]
    }

    /// What multiplying decodes an integer to.
    static func product(_ integer: Int64, scale: Int) -> Double {
        let (high, low) = split(scale)
        return Double(integer) * high + Double(integer) * low
    }

    // MARK: Encoding

    /// What came of turning doubles into integers.
    struct Outcome {
        var missCount: Int
        /// The vector needs division.
        var isDivided: Bool
    }

    /// Writes the integer of each value; rows that are no decimal of this scale are listed in
    /// `misses` and get their predecessor's, or with `keepsMisses` the integer nearest to them.
    static func integers(
        of values: Span<Double>, scale: Int, into output: inout [Int64], misses: inout [Int],
        keepsMisses: Bool = false
    ) -> Outcome {
        let count = values.count
        if output.count != count { output = [Int64](repeating: 0, count: count) }
        misses.removeAll(keepingCapacity: true)
        let power = powers[scale]
        let (high, low) = split(scale)
        var span = output.mutableSpan
        // Within 2^51 the shifted number has the exponent of 2^52.
        var wrong: UInt64 = 0
        for row in 0..<count {
            let value = unsafe values[unchecked: row]
            let shifted = value * power + magic
            let whole = shifted - magic
            unsafe span[unchecked: row] = Int64(bitPattern: shifted.bitPattern) &- magicBits
            let decoded = whole * high + whole * low
            wrong |= decoded.bitPattern ^ value.bitPattern
            wrong |= (shifted.bitPattern ^ 0x4330_0000_0000_0000) &>> 52
        }
        if wrong == 0 { return Outcome(missCount: 0, isDivided: false) }
        var largest = 0.0
        for row in 0..<count {
            let whole = values[row] * power + magic - magic
            if whole.magnitude < 0x1p51 { largest = max(largest, whole.magnitude) }
        }
        findMisses(values, scale, isDivided: false, &misses)
        // Misses at large magnitudes are what division is for.
        var isDivided = false
        if largest >= 0x1p32 {
            var divided: [Int] = []
            findMisses(values, scale, isDivided: true, &divided)
            if divided.count < misses.count {
                misses = divided
                isDivided = true
            }
        }
        if keepsMisses {
            for row in misses where !isWithin(output[row]) { output[row] = 0 }
        } else {
            fillMisses(&output, misses)
        }
        return Outcome(missCount: misses.count, isDivided: isDivided)
    }

    private static func findMisses(
        _ values: Span<Double>, _ scale: Int, isDivided: Bool, _ misses: inout [Int]
    ) {
        let power = powers[scale]
        let (high, low) = split(scale)
        for row in 0..<values.count {
            let value = values[row]
            let whole = value * power + magic - magic
            let decoded = isDivided ? whole / power : whole * high + whole * low
            if decoded.bitPattern == value.bitPattern && whole.magnitude < 0x1p51 { continue }
            misses.append(row)
        }
    }

    private static func isWithin(_ integer: Int64) -> Bool {
        integer > -magnitudeLimit && integer < magnitudeLimit
    }

    static func fillMisses(_ output: inout [Int64], _ misses: [Int]) {
        // Leading misses take the first integer there is.
        var firstExact = 0
        for row in misses {
            if row != firstExact { break }
            firstExact += 1
        }
        let first = firstExact < output.count ? output[firstExact] : 0
        for row in misses { output[row] = row == 0 ? first : output[row - 1] }
    }

    /// Whether a value is exactly a decimal of this scale.
    static func isExact(_ value: Double, scale: Int) -> Bool {
        let power = powers[scale]
        let whole = value * power + magic - magic
        guard whole.magnitude < 0x1p51 else { return false }
        if (whole / power).bitPattern == value.bitPattern { return true }
        let (high, low) = split(scale)
        return (whole * high + whole * low).bitPattern == value.bitPattern
    }

    /// Whether a value is within so many doubles of a decimal of this scale.
    static func isNear(_ value: Double, scale: Int, within limit: UInt64) -> Bool {
        let whole = value * powers[scale] + magic - magic
        guard whole.magnitude < 0x1p51 else { return false }
        let near = OrderedBits.map(Int64(bitPattern: (whole / powers[scale]).bitPattern))
        let here = OrderedBits.map(Int64(bitPattern: value.bitPattern))
        return (here &- near).magnitude <= limit
    }

    // MARK: Decoding

    /// Turns integers into the bit patterns of their doubles, in place. Integers out of range give
    /// other doubles, but nothing traps.
    static func decode(
        _ output: inout MutableSpan<Int64>, rowCount: Int, scale: Int, isDivided: Bool
    ) {
        precondition(output.count >= rowCount, "the rows were unpacked before")
        if isDivided {
            let power = powers[scale]
            for row in 0..<rowCount {
                let bits = unsafe output[unchecked: row] &+ magicBits
                let whole = Double(bitPattern: UInt64(bitPattern: bits)) - magic
                unsafe output[unchecked: row] = Int64(bitPattern: (whole / power).bitPattern)
            }
            return
        }
        let (high, low) = split(scale)
        for row in 0..<rowCount {
            let bits = unsafe output[unchecked: row] &+ magicBits
            let whole = Double(bitPattern: UInt64(bitPattern: bits)) - magic
            let value = whole * high + whole * low
            unsafe output[unchecked: row] = Int64(bitPattern: value.bitPattern)
        }
    }
}
