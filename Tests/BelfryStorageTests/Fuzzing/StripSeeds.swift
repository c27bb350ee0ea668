@testable import BelfryCodecs

/// Strips to begin with of the forms that files of small stores do not have: the COLD tier,
/// doubles by a dictionary and corrected ones. Each with the three bytes ahead that
/// `FuzzTargets.strip` takes.
enum StripSeeds {
    static func all() -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for sample in Sample.allCases {
            for isCold in [false, true] {
                for hasGaps in [false, true] {
                    seeds.append(seed(sample, isCold: isCold, hasGaps: hasGaps))
                }
            }
        }
        return seeds
    }

    /// SplitMix64: the same seeds in every run.
    private struct RandomBits: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    enum Sample: CaseIterable {
        case counts, skewed, steps, walk, miles, thirds, corrected, codes

        func values(_ count: Int) -> StripValues {
            var random = RandomBits(state: 7)
            func whole(_ range: ClosedRange<Int64>) -> Int64 {
                Int64.random(in: range, using: &random)
            }
            func small() -> Int64 {
                var value: Int64 = 0
                while value < 400, whole(0...2) > 0 { value += 1 }
                return whole(0...39) == 0 ? value * 177 : value
            }
            var level: Int64 = 1 << 40
            let rows = 0..<count
            switch self {
            case .counts: return .integers(rows.map { _ in small() })
            case .skewed: return .doubles(rows.map { _ in Double(small()) / 10 })
            case .steps:
                return .integers(
                    rows.map { _ in
                        level += small() * (whole(0...1) == 0 ? -1 : 1)
                        return level
                    })
            case .walk:
                return .integers(
                    rows.map { _ in
                        level += whole(0...20) == 0 ? whole(0...1 << 40) : small()
                        return level
                    })
            case .miles: return .doubles(rows.map { _ in Double(whole(0...40)) * 18.52 / 10 })
            case .thirds:
                return .doubles(
                    rows.map { row in
                        row % 7 == 0 ? [.nan, -0.0, .infinity][row % 3] : Double(row % 11) / 3
                    })
            case .corrected:
                return .doubles(
                    rows.map { _ in
                        let pattern = (Double(whole(1...99_999)) / 100).bitPattern
                        let step = whole(0...50) == 0 ? 900 : whole(0...4)
                        return Double(bitPattern: pattern &+ UInt64(step))
                    })
            case .codes: return .doubles(rows.map { _ in Double(small() * small()) / 7 })
            }
        }
    }

    /// - Parameter count: past `coldRowCount`, and more than one vector.
    static func strip(
        _ sample: Sample, isCold: Bool, hasGaps: Bool, count: Int = 1_500
    ) -> (values: StripValues, bytes: [UInt8]) {
        let values = sample.values(count)
        let words = (0..<((count + 63) / 64)).map { UInt64($0) &* 0x9E37_79B9 | 0xFFFF_0F0F << 32 }
        var options = StripOptions()
        options.isCold = isCold
        let bytes = StripEncoder.encode(
            values, validity: hasGaps ? words : nil, salt: 0, offset: 0, options: options)
        return (values, bytes)
    }

    private static func seed(_ sample: Sample, isCold: Bool, hasGaps: Bool) -> [UInt8] {
        let (values, bytes) = strip(sample, isCold: isCold, hasGaps: hasGaps)
        return [
            values.kind.rawValue, UInt8(truncatingIfNeeded: values.count),
            UInt8(truncatingIfNeeded: values.count >> 8),
        ] + bytes
    }
}
