import BelfryCodecs
import BelfryTestSupport

/// Columns that try every codec, by name: what sensors send, and what only a tester would.
enum StripSamples {
    static let lengths = [0, 1, 2, 3, 63, 64, 65, 1023, 1024, 1025, 2048, 3000]

    static func integers(_ count: Int, _ random: inout SeededGenerator) -> [(String, [Int64])] {
        let start: Int64 = 1_406_851_200_000_000_000
        let step: Int64 = 300_000_000_000
        var gaps: [Int64] = []
        var time = start
        for _ in 0..<count {
            gaps.append(time)
            time += step * (Int.random(in: 0..<50, using: &random) == 0 ? 7 : 1)
        }
        var walk: [Int64] = []
        var level: Int64 = 0
        for _ in 0..<count {
            walk.append(level)
            level += Int64.random(in: -3...3, using: &random)
        }
        func each(_ make: (Int) -> Int64) -> [Int64] { (0..<count).map(make) }
        let extremes: [Int64] = [.min, .max, 0, -1, 1, .min + 1, .max - 1]
        return [
            ("constant", each { _ in 42 }),
            ("constant extreme", each { _ in .min }),
            ("ramp", each { start + Int64($0) * step }),
            ("falling ramp", each { -Int64($0) * 7 }),
            ("wrapping ramp", each { Int64.max &- 5 &+ Int64($0) &* (Int64.max / 3) }),
            ("times with gaps", gaps),
            (
                "jittered times",
                each { start + Int64($0) * step + Int64.random(in: 0...2_000, using: &random) }
            ),
            ("small", each { _ in Int64.random(in: 0..<100, using: &random) }),
            ("walk", walk),
            ("squares", each { Int64($0) * Int64($0) }),
            ("runs", each { Int64($0 / 37 % 5) }),
            (
                "outliers",
                each {
                    $0 % 97 == 0
                        ? Int64.random(in: -1_000_000...1_000_000, using: &random)
                        : Int64.random(in: 0..<8, using: &random)
                }
            ),
            ("extremes", each { extremes[$0 % extremes.count] }),
            ("noise", each { _ in Int64(bitPattern: random.next()) }),
            ("multiples", each { _ in Int64.random(in: -50...50, using: &random) * 1_000 + 17 }),
        ]
    }

    static func doubles(_ count: Int, _ random: inout SeededGenerator) -> [(String, [Double])] {
        func each(_ make: (Int) -> Double) -> [Double] { (0..<count).map(make) }
        func decimal(_ digits: Int, _ range: ClosedRange<Int>) -> [Double] {
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            return each { _ in Double(Int.random(in: range, using: &random)) / scale }
        }
        let odd: [Double] = [
            .nan, .signalingNaN, -.nan, Double(bitPattern: 0x7FF8_0000_DEAD_BEEF),
            Double(bitPattern: 0xFFF0_0000_0000_0001), .infinity, -.infinity, 0.0, -0.0,
            .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
            .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e300, .pi,
        ]
        return [
            ("constant", each { _ in 21.5 }),
            ("constant NaN", each { _ in Double(bitPattern: 0x7FF8_0000_0000_1234) }),
            ("whole", decimal(0, 0...200)),
            ("tenths", decimal(1, -300...400)),
            ("hundredths", decimal(2, 90_000...110_000)),
            ("micro degrees", decimal(6, 56_000_000...56_300_000)),
            ("large decimals", decimal(3, 0...9_000_000_000_000)),
            ("counter", each { Double($0) * 0.25 + 1e6 }),
            ("smooth", each { (Double($0) / 100).squareRoot() * 17 }),
            ("odd ones", each { odd[$0 % odd.count] }),
            (
                "decimals with odd ones",
                each {
                    $0 % 50 == 3
                        ? odd[$0 % odd.count]
                        : Double(Int.random(in: 0..<1_000, using: &random)) / 10
                }
            ),
            ("any bits", each { _ in Double(bitPattern: random.next()) }),
            ("negative zeros", each { $0 % 2 == 0 ? 0.0 : -0.0 }),
        ]
    }

    static func texts(_ count: Int, _ random: inout SeededGenerator) -> [(String, [[UInt8]])] {
        let states = ["OK", "WARN", "", "ALARM", "Søftenvej", "e\u{301}", "\u{E9}"]
        return [
            ("constant", (0..<count).map { _ in Array("driving".utf8) }),
            ("states", (0..<count).map { Array(states[$0 / 11 % states.count].utf8) }),
            ("distinct", (0..<count).map { Array("row number \($0) of a log".utf8) }),
            ("empty", (0..<count).map { _ in [] }),
            (
                "any bytes",
                (0..<count).map { _ in
                    (0..<Int.random(in: 0..<20, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                }
            ),
        ]
    }

    static func booleans(_ count: Int, _ random: inout SeededGenerator) -> [(String, [Bool])] {
        [
            ("true", (0..<count).map { _ in true }),
            ("false", (0..<count).map { _ in false }),
            ("runs", (0..<count).map { $0 / 100 % 2 == 0 }),
            ("noise", (0..<count).map { _ in Bool.random(using: &random) }),
        ]
    }

    /// Which rows have a value: all, none, few without, few with, in runs.
    static func validities(_ count: Int, _ random: inout SeededGenerator) -> [[UInt64]?] {
        func words(_ isValid: (Int) -> Bool) -> [UInt64] {
            var words = [UInt64](repeating: 0, count: (count + 63) / 64)
            for row in 0..<count where isValid(row) { words[row / 64] |= 1 << UInt64(row % 64) }
            return words
        }
        if count == 0 { return [nil] }
        return [
            nil, words { _ in false }, words { _ in Int.random(in: 0..<20, using: &random) > 0 },
            words { _ in Int.random(in: 0..<20, using: &random) == 0 },
            words { $0 / 300 % 2 == 0 },
        ]
    }
}
