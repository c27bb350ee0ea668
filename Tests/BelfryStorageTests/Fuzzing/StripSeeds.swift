@testable import BelfryCodecs

/// Strips to begin with of the forms that files of small stores do not have: the COLD tier,
/// doubles by a dictionary, corrected ones, those of floats and cut ones. Each with the three bytes ahead that
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
        for isCold in [false, true] {
            for kind in [StripKind.integers, .doubles, .texts] {
                seeds.append(mapped(kind, isCold: isCold))
            }
        }
        return seeds
    }

    private static func mapIntegers(_ rowCount: Int) -> [Int64] {
        (0..<rowCount).map { Int64($0 * $0 % 83) }
    }

    private static func mapStrip(_ rowCount: Int) -> EncodedStrip {
        StripEncoder.encode(.integers(mapIntegers(rowCount)), validity: nil)
    }

    /// What the mapped strips here are mapped from; nil where there can be none.
    static func mapSource(_ rowCount: Int) -> StripDecoder? {
        var strip = mapStrip(rowCount)
        strip.seal(salt: 0, offset: 0)
        return try? StripDecoder(
            bytes: strip.bytes, kind: .integers, rowCount: rowCount, salt: 0, offset: 0)
    }

    private static func mapped(_ kind: StripKind, isCold: Bool) -> [UInt8] {
        let rowCount = 1_500
        let integers = mapIntegers(rowCount).enumerated().map { row, integer in
            row % 70 == 9 ? integer + Int64(row % 11) : integer / 2
        }
        let values: StripValues
        switch kind {
        case .doubles:
            values = .doubles(integers.map { $0 == 7 ? .infinity : Double($0) / 10 })
        case .texts:
            values = .texts(
                offsets: (0...rowCount).map { UInt32($0) },
                bytes: integers.map { UInt8(truncatingIfNeeded: 33 + $0) })
        case .integers, .booleans: values = .integers(integers)
        }
        var options = StripOptions()
        options.isCold = isCold
        let own = StripEncoder.encode(values, validity: nil, options: options)
        guard let column = MapColumn(own, values.kind, rowCount: rowCount),
            let source = MapColumn(mapStrip(rowCount), .integers, rowCount: rowCount),
            var strip = MappedStripEncoder.encode(column, from: source)
        else { return [] }
        strip.seal(salt: 0, offset: 0)
        return [
            values.kind.rawValue, UInt8(truncatingIfNeeded: rowCount),
            UInt8(truncatingIfNeeded: rowCount >> 8),
        ] + strip.bytes
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
        case floats, radians, stretches

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
            case .floats:
                return .doubles(
                    rows.map { row in
                        row % 97 == 3
                            ? .infinity : Double(Float(whole(-9_999_999...9_999_999)) / 1000)
                    })
            case .radians:
                return .doubles(rows.map { _ in Double(whole(-1_800_000...1_800_000)) / 572_958 })
            case .stretches:
                return .doubles(rows.map { Double($0 < 100 ? $0 % 9 : 3) * 1.7 / 3 })
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
