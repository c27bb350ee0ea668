import BelfryTestSupport

/// Shapes of whole numbers that codecs meet, the hostile ones included.
enum IntegerSample: String, CaseIterable, Sendable {
    case zeros, greatest, ramp, rampDown, wrappingRamp, small, negative, wide, everything
    case extremes, outliers, bothSides, walk, smooth, runs, ticks, gaps, jitter, sparse
    case lowEdge, highEdge, lastOne, farBase, changing

    func values(_ count: Int, seed: UInt64) -> [Int64] {
        var random = SeededGenerator(seed: seed)
        var values: [Int64] = []
        values.reserveCapacity(count)
        var state: Int64 = Int64.random(in: -1000...1000, using: &random)
        var speed: Int64 = 0
        for row in 0..<count {
            values.append(value(row, &state, &speed, &random))
        }
        return values
    }

    private func value(
        _ row: Int, _ state: inout Int64, _ speed: inout Int64, _ random: inout SeededGenerator
    ) -> Int64 {
        let index = Int64(row)
        switch self {
        case .zeros: return 0
        case .greatest: return .max
        case .ramp: return 1_700_000_000_000_000_000 + index * 300_000_000_000
        case .rampDown: return 50 - index * 7
        case .wrappingRamp: return Int64.max - 100 &+ index &* 3
        case .small: return Int64.random(in: 0..<200, using: &random)
        case .negative: return Int64.random(in: -5_000_000 ... -4_000_000, using: &random)
        case .wide: return Int64.random(in: 0..<(1 << 45), using: &random)
        case .everything: return Int64(bitPattern: random.next())
        case .extremes: return Bool.random(using: &random) ? .min : .max
        case .outliers:
            let isOutlier = UInt8.random(in: 0..<50, using: &random) == 0
            return isOutlier
                ? Int64(bitPattern: random.next()) : Int64.random(in: 0..<16, using: &random)
        case .bothSides:
            let isOutlier = UInt8.random(in: 0..<30, using: &random) == 0
            let range: ClosedRange<Int64> = isOutlier ? -900_000...900_000 : -4...4
            return 70_000_000 + Int64.random(in: range, using: &random)
        case .walk:
            state += Int64.random(in: -20...20, using: &random)
            return state
        case .smooth:
            speed += Int64.random(in: -2...2, using: &random)
            state += speed
            return state
        case .runs:
            if UInt8.random(in: 0..<40, using: &random) == 0 {
                state = Int64.random(in: -100_000...100_000, using: &random)
            }
            return state
        case .ticks: return 17 + 1000 * Int64.random(in: 0..<5000, using: &random)
        case .gaps:
            let isGap = UInt8.random(in: 0..<100, using: &random) == 0
            state += 300_000_000_000 * (isGap ? Int64.random(in: 2...100, using: &random) : 1)
            return state
        case .jitter:
            return 1_600_000_000_000_000_000 + index * 1_000_000_000
                + Int64.random(in: -5_000_000...5_000_000, using: &random)
        case .sparse:
            return UInt8.random(in: 0..<100, using: &random) == 0
                ? Int64.random(in: 1...1_000_000, using: &random) : 0
        case .lowEdge: return .min + Int64.random(in: 0...5, using: &random)
        case .highEdge: return .max - Int64.random(in: 0...5, using: &random)
        case .lastOne: return row % 1024 == 1023 ? .min : 0
        case .farBase:
            return (1 << 61) - 3 - Int64.random(in: 0..<1000, using: &random) * 6
        case .changing:
            let parts = Self.allCases.filter { $0 != .changing }
            return parts[row / 1024 % parts.count].value(row, &state, &speed, &random)
        }
    }
}

/// Which rows have a value.
enum ValiditySample: String, CaseIterable, Sendable {
    case all, allWritten, none, alternating, mostly, rarely, runs, first, last, emptyVectors

    func words(_ count: Int, seed: UInt64) -> [UInt64]? {
        if self == .all { return nil }
        var random = SeededGenerator(seed: seed &* 77)
        var words = [UInt64](repeating: 0, count: (count + 63) / 64)
        var isSet = false
        for row in 0..<count {
            switch self {
            case .all, .allWritten: isSet = true
            case .none: isSet = false
            case .alternating: isSet = row % 2 == 1
            case .mostly: isSet = UInt8.random(in: 0..<20, using: &random) > 0
            case .rarely: isSet = UInt8.random(in: 0..<20, using: &random) == 0
            case .runs: if UInt8.random(in: 0..<100, using: &random) == 0 { isSet.toggle() }
            case .first: isSet = row == 0
            case .last: isSet = row == count - 1
            case .emptyVectors: isSet = row / 1024 % 2 == 1
            }
            if isSet { words[row / 64] |= 1 << UInt64(row % 64) }
        }
        // What stands beyond the rows must not matter.
        if self != .none, count % 64 != 0, let last = words.indices.last {
            words[last] |= UInt64.max << UInt64(count % 64)
        }
        return words
    }
}

func isValid(_ validity: [UInt64]?, _ row: Int) -> Bool {
    validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
}
