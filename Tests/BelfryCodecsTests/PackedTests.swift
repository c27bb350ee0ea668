import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Comparisons and summaries on the packed form against the same of the decoded values.
struct PackedTests {
    private static let lengths = [1, 31, 33, 100, 1024, 1030, 3100]

    private static func isAnswer(_ comparison: PackedComparison, _ order: Int) -> Bool {
        switch comparison {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .equal: order == 0
        case .notEqual: order != 0
        case .greaterOrEqual: order >= 0
        case .greater: order > 0
        }
    }

    /// NaN equals itself and is above all numbers.
    private static func order(_ left: Double, _ right: Double) -> Int {
        if left.isNaN || right.isNaN { return (left.isNaN ? 1 : 0) - (right.isNaN ? 1 : 0) }
        return left < right ? -1 : left > right ? 1 : 0
    }

    /// The rows with a value for which `isMeant` holds, as bits.
    private static func bits(
        _ decoder: StripDecoder, _ vector: Int, _ isMeant: (Int) -> Bool
    ) throws -> [UInt64] {
        let rowCount = decoder.rowCount(of: vector)
        let validity = try decoder.validity(of: vector)
        var words = [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: rowCount))
        for row in 0..<rowCount where isValid(validity, row) && isMeant(row) {
            words[row / 64] |= 1 << UInt64(row % 64)
        }
        return words
    }

    // MARK: Comparisons

    private static func compare(_ decoder: StripDecoder, _ random: inout SeededGenerator) throws {
        for vector in 0..<decoder.vectorCount {
            switch decoder.kind {
            case .integers:
                let values = try decoder.decodeIntegers(vector)
                var constants: [Int64] = [.min, .max, 0]
                for _ in 0..<2 {
                    let value = values.randomElement(using: &random) ?? 0
                    constants += [value &- 1, value, value &+ 1]
                }
                let low = values.min() ?? 0
                let high = values.max() ?? 0
                constants += [low &- 1, low, high, high &+ 1]
                for constant in constants {
                    for comparison in PackedComparison.allCases {
                        let found = try decoder.rows(of: vector, comparison, constant)
                        let expected = try bits(decoder, vector) {
                            let value = values[$0]
                            return isAnswer(
                                comparison, value < constant ? -1 : value > constant ? 1 : 0)
                        }
                        #expect(found == expected, "\(comparison) \(constant)")
                    }
                }
            case .doubles:
                let values = try decoder.decodeDoubles(vector)
                for constant in constants(values, &random) {
                    for comparison in PackedComparison.allCases {
                        guard let found = try decoder.rows(of: vector, comparison, constant)
                        else { continue }
                        let expected = try bits(decoder, vector) {
                            isAnswer(comparison, order(values[$0], constant))
                        }
                        #expect(found == expected, "\(comparison) \(constant)")
                    }
                }
            case .booleans, .texts: break
            }
        }
    }

    private static func constants(
        _ values: [Double], _ random: inout SeededGenerator
    ) -> [Double] {
        var constants: [Double] = [
            .nan, -.nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude,
            .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        ]
        for _ in 0..<2 {
            let value = values.randomElement(using: &random) ?? 0
            constants += [value.nextDown, value, value.nextUp, value * 1.01]
        }
        let numbers = values.filter { !$0.isNaN }
        if let low = numbers.min(), let high = numbers.max() {
            constants += [low.nextDown, low, low.nextUp, high.nextDown, high, high.nextUp]
        }
        return constants
    }

    @Test(arguments: IntegerSample.allCases)
    func integersCompare(sample: IntegerSample) throws {
        var random = SeededGenerator(seed: 41)
        for (index, length) in Self.lengths.enumerated() {
            let values = sample.values(length, seed: UInt64(length))
            let validities: [ValiditySample] = [.all, .mostly, .rarely]
            let words = validities[index % 3].words(length, seed: 3)
            let trip = try RoundTrip(.integers(values), words, cold: index % 2 == 1)
            try Self.compare(trip.decoder, &random)
        }
    }

    @Test(arguments: DoubleSample.allCases)
    func doublesCompare(sample: DoubleSample) throws {
        var random = SeededGenerator(seed: 42)
        for (index, length) in Self.lengths.enumerated() {
            let values = sample.values(length, seed: UInt64(length))
            let validities: [ValiditySample] = [.all, .mostly, .rarely, .runs]
            let words = validities[index % 4].words(length, seed: 3)
            let trip = try RoundTrip(.doubles(values), words, cold: index % 2 == 1)
            try Self.compare(trip.decoder, &random)
        }
    }

    @Test(arguments: TextSample.allCases)
    func textsCompare(sample: TextSample) throws {
        var random = SeededGenerator(seed: 43)
        for length in [1, 100, 2100] {
            let texts = sample.values(length, seed: UInt64(length))
            let words = ValiditySample.mostly.words(length, seed: 4)
            let decoder = try RoundTrip.check(texts, words).decoder
            for vector in 0..<decoder.vectorCount {
                let start = vector * Strip.vectorRowCount
                let one = texts.randomElement(using: &random) ?? []
                for constant in [one, one + [0], [], [255, 255], Array(one.dropLast())] {
                    for comparison in PackedComparison.allCases {
                        let found = try decoder.rows(
                            of: vector, comparison, text: constant[...])
                        guard let found else { continue }
                        let expected = try Self.bits(decoder, vector) {
                            let text = texts[start + $0]
                            let order =
                                text == constant
                                ? 0 : text.lexicographicallyPrecedes(constant) ? -1 : 1
                            return Self.isAnswer(comparison, order)
                        }
                        #expect(found == expected, "\(comparison) \(constant)")
                    }
                }
            }
        }
    }

    /// Around every scale's edges, by the decoder's arithmetic.
    @Test func thresholdsOfDecimals() {
        var random = SeededGenerator(seed: 44)
        for scale in 0...Decimal.scaleLimit {
            for isDivided in [false, true] {
                let decoder = DecimalDecoder(scale: scale, isDivided: isDivided)
                for _ in 0..<200 {
                    let bits = Int.random(in: 0...51, using: &random)
                    let limit: Int64 = (1 << Int64(bits)) - 1
                    let integer = Int64.random(in: -limit...limit, using: &random)
                    let value = decoder.double(integer)
                    for constant in [value.nextDown, value, value.nextUp] {
                        let last = decoder.lastInteger(constant) { $0 <= constant }
                        #expect(last < -limit || decoder.double(last) <= constant)
                        #expect(
                            last == Decimal.magnitudeLimit - 1
                                || decoder.double(last + 1) > constant)
                    }
                }
            }
        }
        let decoder = DecimalDecoder(scale: 2, isDivided: false)
        #expect(decoder.lastInteger(.infinity) { $0 < .infinity } == Decimal.magnitudeLimit - 1)
        #expect(decoder.lastInteger(-.infinity) { $0 <= -.infinity } == -Decimal.magnitudeLimit)
    }

    // MARK: Summaries

    private static func isSame(_ left: Double, _ right: Double) -> Bool {
        left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN)
    }

    private static func describes(_ statistics: VectorStatistics, _ values: [Double]) -> Bool {
        guard let summary = statistics.doubleSummary else {
            return values.isEmpty && statistics.count == 0
        }
        let expected = DoubleSummary(values.span, validity: nil)
        let finite = values.filter(\.isFinite)
        let magnitudes = finite.reduce(0) { $0 + $1.magnitude }
        let isSumRight =
            !magnitudes.isFinite
            || (summary.sum + summary.sumRest - ExactSum.of(finite)).magnitude
                <= magnitudes * 0x1p-52 + Double.leastNonzeroMagnitude
        return statistics.count == values.count && summary.nanCount == expected.nanCount
            && summary.positiveInfinityCount == expected.positiveInfinityCount
            && summary.negativeInfinityCount == expected.negativeInfinityCount
            && isSame(summary.min, expected.min) && isSame(summary.max, expected.max)
            && isSumRight
    }

    private static func describes(_ statistics: VectorStatistics, _ values: [Int64]) -> Bool {
        guard case .integers(let summary) = statistics.numbers else {
            return values.isEmpty && statistics.count == 0
        }
        return statistics.count == values.count && summary.min == values.min()
            && summary.max == values.max()
            && summary.sum == values.reduce(0) { $0 + Int128($1) }
    }

    /// All rows, every other, few, one, a run, none, and what stands beyond the rows.
    private static func selections(
        _ rowCount: Int, _ random: inout SeededGenerator
    ) -> [[UInt64]] {
        let words = EncodedBits.wordCount(rows: rowCount)
        var one = [UInt64](repeating: 0, count: words)
        RowBits.set(&one, Int.random(in: 0..<rowCount, using: &random), true)
        return [
            [UInt64](repeating: .max, count: words), [UInt64](repeating: 0, count: words), one,
            (0..<words).map { _ in random.next() },
            (0..<words).map { _ in random.next() & random.next() & random.next() & random.next() },
            (0..<words).map { $0 % 3 == 1 ? .max : 0 },
        ]
    }

    private static func summarize<Value>(
        _ decoder: StripDecoder, _ random: inout SeededGenerator,
        decode: (Int) throws -> [Value], describes: (VectorStatistics, [Value]) -> Bool
    ) throws {
        for vector in 0..<decoder.vectorCount {
            let values = try decode(vector)
            let validity = try decoder.validity(of: vector)
            let valid = values.indices.filter { isValid(validity, $0) }
            let whole = try decoder.computedSummary(of: vector)
            #expect(describes(whole, valid.map { values[$0] }), "computed")
            #expect(
                try decoder.summary(of: vector, rows: nil) == decoder.statistics(of: vector)
                    || !describes(decoder.statistics(of: vector), []))
            for rows in selections(values.count, &random) {
                let found = try decoder.summary(of: vector, rows: rows)
                let expected = valid.filter { isValid(rows, $0) }.map { values[$0] }
                #expect(describes(found, expected), "vector \(vector)")
            }
        }
    }

    @Test(arguments: IntegerSample.allCases)
    func integersSummarize(sample: IntegerSample) throws {
        var random = SeededGenerator(seed: 45)
        for (index, length) in Self.lengths.enumerated() {
            let values = sample.values(length, seed: UInt64(length))
            let validities: [ValiditySample] = [.all, .mostly, .rarely]
            let words = validities[index % 3].words(length, seed: 3)
            let trip = try RoundTrip(.integers(values), words, cold: index % 2 == 1)
            try Self.summarize(
                trip.decoder, &random, decode: trip.decoder.decodeIntegers,
                describes: { Self.describes($0, $1) })
        }
    }

    @Test(arguments: DoubleSample.allCases)
    func doublesSummarize(sample: DoubleSample) throws {
        var random = SeededGenerator(seed: 46)
        for (index, length) in Self.lengths.enumerated() {
            let values = sample.values(length, seed: UInt64(length))
            let validities: [ValiditySample] = [.all, .mostly, .rarely, .runs]
            let words = validities[index % 4].words(length, seed: 3)
            let trip = try RoundTrip(.doubles(values), words, cold: index % 2 == 1)
            try Self.summarize(
                trip.decoder, &random, decode: trip.decoder.decodeDoubles,
                describes: { Self.describes($0, $1) })
        }
    }
}
