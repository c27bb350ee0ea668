import BelfryTestSupport

/// Shapes of doubles that codecs meet, the hostile ones included.
enum DoubleSample: String, CaseIterable, Sendable {
    case zeros, counts, tenths, cents, tenDigits, large, nearLimit, beyondLimit, randoms, patterns
    case specials, fewSpecials, someSpecials, manySpecials, onlyNaN, negativeZeros, subnormals
    case smooth, singles, ulps, averages, ramp, steps, infiniteFirst, changing
    case miles, floats, corrected, fewPatterns
    case radians, fewSingles, stretches, strangeStretches

    func values(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        var values: [Double] = []
        values.reserveCapacity(count)
        var state = 20.0
        for row in 0..<count { values.append(value(row, &state, &random)) }
        return values
    }

    /// NaNs with payloads of both signs and kinds, infinities, both zeros, the ends of the scale.
    static let specialPatterns: [UInt64] = [
        0x7FF8_0000_0000_0000, 0x7FF8_0000_0000_1234, 0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001,
        0xFFF0_DEAD_BEEF_0001, 0xFFFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x8000_0000_0000_0000, 0, 1, 0x8000_0000_0000_0001, 0x000F_FFFF_FFFF_FFFF,
        0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, 0x4320_0000_0000_0000, 0x4330_0000_0000_0000,
        0x4338_0000_0000_0000, 0xC320_0000_0000_0000, 0x41F0_0000_0000_0000, 0x43E0_0000_0000_0000,
    ]

    private func special(_ random: inout SeededGenerator) -> Double {
        Double(
            bitPattern: Self.specialPatterns[
                Int.random(in: 0..<Self.specialPatterns.count, using: &random)])
    }

    private func value(
        _ row: Int, _ state: inout Double, _ random: inout SeededGenerator
    ) -> Double {
        func whole(_ range: ClosedRange<Int64>, _ random: inout SeededGenerator) -> Double {
            Double(Int64.random(in: range, using: &random))
        }
        func mixed(_ one: Int, _ random: inout SeededGenerator) -> Double {
            Int.random(in: 0..<one, using: &random) == 0
                ? special(&random) : whole(0...9999, &random) / 100
        }
        switch self {
        case .zeros: return 0
        case .counts: return whole(0...120, &random)
        case .tenths: return whole(-300...400, &random) / 10
        case .cents: return whole(0...9_999_999, &random) / 100
        case .tenDigits: return whole(-9_999_999_999...9_999_999_999, &random) / 1e10
        case .large: return whole(0...999_999_999_999, &random) / 100
        case .nearLimit: return whole((1 << 51) - 500...(1 << 51) - 1, &random)
        case .beyondLimit: return whole((1 << 51) - 500...(1 << 51) + 500, &random)
        case .randoms: return Double.random(in: -1...1, using: &random)
        case .patterns: return Double(bitPattern: random.next())
        case .specials: return special(&random)
        case .fewSpecials: return mixed(200, &random)
        case .someSpecials: return mixed(12, &random)
        case .manySpecials: return mixed(3, &random)
        case .onlyNaN: return Double(bitPattern: 0x7FF4_0000_0000_0042)
        case .negativeZeros: return row % 3 == 0 ? -0.0 : 0
        case .subnormals: return Double(bitPattern: random.next() >> 13)
        case .smooth:
            state += Double.random(in: -0.001...0.001, using: &random)
            return state
        case .singles: return Double(Float.random(in: 0...1, using: &random))
        case .ulps:
            let pattern = (whole(0...99_999, &random) / 1000).bitPattern
            return Double(bitPattern: pattern &+ UInt64.random(in: 0..<4, using: &random))
        case .averages: return whole(0...100_000, &random) / 7
        case .ramp: return Double(row) / 4
        case .steps: return Double(row / 300) + 0.5
        case .miles: return whole(0...40, &random) * 18.52 / 10
        case .floats: return Double(Float(whole(-50...300, &random)) / 10)
        case .corrected:
            let pattern = (whole(1...99_999, &random) / 100).bitPattern
            let step = whole(0...50, &random) == 0 ? 900 : whole(0...4, &random)
            return Double(bitPattern: pattern &+ UInt64(step))
        case .fewPatterns:
            return row % 7 == 0 ? special(&random) : Double(row % 11) / 3
        case .radians:
            return whole(-1_800_000...1_800_000, &random) / 10_000 * 0.017453292519943295
        case .fewSingles:
            let float = Float(whole(-9_999_999...9_999_999, &random)) / 1000
            return Int.random(in: 0..<60, using: &random) == 0 ? special(&random) : Double(float)
        case .stretches: return Double(row / 2500 % 3) * 1e9 / 7 + (row % 9000 == 0 ? 0.1 : 0)
        case .strangeStretches:
            let pattern = Self.specialPatterns[row / 2100 % Self.specialPatterns.count]
            return row % 5000 == 77 ? Double(row) / 3 : Double(bitPattern: pattern)
        case .infiniteFirst: return row == 0 ? .infinity : whole(0...999, &random) / 10
        case .changing:
            let parts = Self.allCases.filter {
                $0 != .changing && $0 != .fewPatterns && $0 != .strangeStretches
            }
            return parts[row / 1024 % parts.count].value(row, &state, &random)
        }
    }
}

/// Shapes of text columns.
enum TextSample: String, CaseIterable, Sendable {
    case empties, states, names, distinct, long, bytes, sameLength, oneLong, manyNames, zeros

    func values(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { row in value(row, &random) }
    }

    private func value(_ row: Int, _ random: inout SeededGenerator) -> [UInt8] {
        switch self {
        case .empties: return []
        case .states: return Array((row / 40 % 3 == 0 ? "open" : "closed").utf8)
        case .names: return Array("Straße \(Int.random(in: 0..<30, using: &random))".utf8)
        case .distinct: return Array("\(random.next())".utf8)
        case .long:
            let word = "the quick brown fox "
            return Array(
                String(repeating: word, count: Int.random(in: 0..<20, using: &random)).utf8)
        case .bytes:
            return (0..<Int.random(in: 0..<9, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
        case .sameLength: return Array("\(100_000 + row)".utf8)
        case .oneLong: return row == 3 ? [UInt8](repeating: 65, count: 70_000) : [66]
        case .manyNames: return Array("sensor-\(Int.random(in: 0..<700, using: &random))".utf8)
        case .zeros: return [UInt8](repeating: 0, count: row % 3)
        }
    }
}
