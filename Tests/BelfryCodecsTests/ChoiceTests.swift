import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// What the encoder picks for columns as cities have them, and what they then cost, all headers,
/// statistics and checksums counted.
struct ChoiceTests {
    private var random = SeededGenerator(seed: 2024)

    private mutating func whole(_ range: ClosedRange<Int64>) -> Int64 {
        Int64.random(in: range, using: &random)
    }

    private static let fiveMinutes: Int64 = 300_000_000_000
    private static let start: Int64 = 1_393_632_000_000_000_000

    @Test func regularTimes() throws {
        let times = (0..<65_536).map { Self.start + Int64($0) * Self.fiveMinutes }
        let trip = try RoundTrip.check(times)
        #expect(try trip.shapes.allSatisfy { $0 == .ramp })
        #expect(trip.bitsPerValue < 0.01)
    }

    @Test mutating func regularTimesWithGaps() throws {
        var time = Self.start
        let times = (0..<65_536).map { _ in
            let steps = whole(0...99) == 0 ? whole(2...300) : 1
            time += steps * Self.fiveMinutes
            return time
        }
        let trip = try RoundTrip.check(times)
        #expect(try trip.shapes.allSatisfy { $0 == .delta || $0 == .ramp })
        #expect(trip.bitsPerValue < 1)
    }

    @Test mutating func timesWithJitter() throws {
        let times = (0..<20_000).map {
            Self.start + Int64($0) * 1_000_000_000 + whole(-500...500) * 1_000_000
        }
        let trip = try RoundTrip.check(times)
        // A thousand milliseconds are ten bits; differences would take eleven.
        #expect(trip.bitsPerValue < 11.8)
    }

    @Test mutating func smallCountsAsDoubles() throws {
        let values = (0..<65_536).map { _ in Double(whole(0...127)) }
        let trip = try RoundTrip.check(values)
        #expect(try trip.shapes.allSatisfy { $0 == .frame })
        #expect(trip.bitsPerValue < 7.15)
    }

    @Test(arguments: [1, 2, 3]) mutating func decimals(digits: Int) throws {
        let values = (0..<30_000).map { _ in
            Decimal.quotient(whole(-2048...2047), scale: digits)
        }
        let trip = try RoundTrip.check(values)
        #expect(try trip.shapes.allSatisfy { $0 == .frame })
        #expect(try trip.entries.allSatisfy { $0.exceptionCount == 0 })
        #expect(trip.bitsPerValue < 12.2)
    }

    @Test mutating func slowDecimals() throws {
        var tenths: Int64 = 150
        let values = (0..<30_000).map { _ in
            tenths += whole(-3...3)
            return Decimal.quotient(tenths, scale: 1)
        }
        let trip = try RoundTrip.check(values)
        #expect(try trip.shapes.allSatisfy { $0 == .delta })
        #expect(trip.bitsPerValue < 3.2)
    }

    @Test mutating func decimalsWithSomeNaN() throws {
        let values = (0..<10_240).map { _ in
            whole(0...99) == 0 ? Double.nan : Decimal.quotient(whole(0...999), scale: 1)
        }
        let trip = try RoundTrip.check(values)
        #expect(try trip.entries.allSatisfy { !$0.tag.has(VectorTag.ordered) })
        #expect(trip.bitsPerValue < 11.5)
    }

    /// One infinity does not make all others pay the price of a division.
    @Test func infinitiesAskForNoDivision() throws {
        var values = DoubleSample.tenths.values(1024, seed: 1)
        values[7] = .infinity
        values[8] = -1e300
        let place = try #require(try RoundTrip.check(values).entries.first)
        #expect(!place.tag.has(VectorTag.division))
        #expect(place.exceptionCount == 2)
    }

    @Test func trueDoublesTakeTheirBits() throws {
        let values = DoubleSample.randoms.values(10_240, seed: 4)
        #expect(try RoundTrip.check(values).bitsPerValue < 62)
        let patterns = try RoundTrip.check(DoubleSample.patterns.values(10_240, seed: 4))
        #expect(try patterns.stage == .patterns)
        #expect(try patterns.entries.allSatisfy { $0.tag.has(VectorTag.ordered) })
        #expect(patterns.bitsPerValue < 64.6)
    }

    /// Whole miles an hour as kilometres with one digit: few of the decimals there are.
    @Test mutating func sparseDecimalsAreADictionary() throws {
        let values = (0..<65_536).map { _ in
            Decimal.quotient(Int64((Double(whole(0...31)) * 18.52).rounded()), scale: 1)
        }
        let trip = try RoundTrip.check(values)
        #expect(try trip.stage == .dictionary)
        #expect(trip.bitsPerValue < 5.2)
    }

    /// Floats widened to doubles are no decimals, but of decimals they are made.
    @Test mutating func widenedFloatsAreDecimals() throws {
        let values = (0..<65_536).map { _ in Double(Float(whole(0...255)) / 10) }
        let trip = try RoundTrip.check(values)
        #expect(try trip.stage == .singles(scale: 1))
        #expect(trip.bitsPerValue < 8.5)
        // A sensor that takes few of them needs no arithmetic.
        let few = (0..<65_536).map { _ in Double(Float(whole(0...20)).squareRoot()) }
        let dictionary = try RoundTrip.check(few)
        #expect(try dictionary.stage == .dictionary)
        #expect(dictionary.bitsPerValue < 5.5)
    }

    /// Floats that are no decimals leave 29 bits of a double alone.
    @Test mutating func floatsTakeTheirOwnBits() throws {
        let values = (0..<65_536).map { _ in
            Double(Float(1) + Float(whole(0...(1 << 22))) / Float(1 << 23))
        }
        #expect(try RoundTrip.check(values).bitsPerValue < 24)
    }

    /// Measured angles: exponents and signs of many kinds, digits that are noise.
    @Test mutating func radiansAreCut() throws {
        let values = DoubleSample.radians.values(65_536, seed: 8)
        let trip = try RoundTrip.check(values)
        guard case .cut = try trip.stage else {
            Issue.record("\(String(describing: try trip.stage))")
            return
        }
        #expect(trip.bitsPerValue < 56.4)
        try RoundTrip.check(values, cold: true)
    }

    /// Long stretches of one value cost about nothing, whatever the strip's stage is.
    @Test mutating func stretchesOfOneValueAreOneEntry() throws {
        var values = [Double](repeating: 0, count: 65_536)
        for row in 0..<2048 { values[row] = Double(whole(0...40)) * 1_234.56 }
        #expect(try RoundTrip.check(values).bitsPerValue < 0.35)
        for row in 0..<2048 { values[row] = Double(whole(0...40)) / 7 }
        let odd = try RoundTrip.check(values)
        #expect(odd.bitsPerValue < 0.35)
        for row in 2048..<65_536 { values[row] = .nan }
        #expect(try RoundTrip.check(values).bitsPerValue < 0.35)
        for row in 0..<2048 { values[row] = Double.random(in: 0...1, using: &random) }
        #expect(try RoundTrip.check(values).bitsPerValue < 2.2)
    }

    @Test mutating func choiceIsExplained() throws {
        let miles = (0..<65_536).map { _ in
            Decimal.quotient(Int64((Double(whole(0...31)) * 18.52).rounded()), scale: 1)
        }
        let report = StripEncoder.explain(.doubles(miles), validity: nil)
        #expect(report.taken.name == "dictionary of 32 distinct values")
        #expect(report.others.map(\.name) == ["decimals with 1 digit"])
        #expect(report.taken.bitsPerValue < 5.2)
        #expect("\(report)".hasPrefix("dictionary of 32 distinct values: 5."))
        #expect("\(report)".contains(", against 10."))
        let counts = StripEncoder.explain(.integers([1, 2, 3]), validity: nil)
        #expect(counts.taken.name == "1 ramp" && counts.others.isEmpty)
    }

    /// Decimals that arithmetic left a few doubles off: means, sums, conversions.
    @Test mutating func decimalsWithRoundingErrorsAreCorrected() throws {
        let values = (0..<30_000).map { _ in
            let exact = Decimal.quotient(whole(0...1_000_000), scale: 3)
            let pattern = Int64(bitPattern: exact.bitPattern) &+ whole(-2...2)
            return Double(bitPattern: UInt64(bitPattern: pattern))
        }
        let trip = try RoundTrip.check(values)
        #expect(try trip.stage == .corrected(scale: 3))
        #expect(trip.bitsPerValue < 24)
    }

    /// A dictionary serves no column whose values are all different.
    @Test mutating func distinctDecimalsStayDecimals() throws {
        let values = (0..<65_536).map { _ in Decimal.quotient(whole(0...9_999_999), scale: 2) }
        #expect(try RoundTrip.check(values).stage == .decimals(scale: 2))
        let dense = (0..<65_536).map { _ in Decimal.quotient(whole(0...40), scale: 1) }
        #expect(try RoundTrip.check(dense).stage == .decimals(scale: 1))
    }

    @Test func constants() throws {
        #expect(try RoundTrip.check([Double](repeating: 21.5, count: 65_536)).bitsPerValue < 0.01)
        #expect(try RoundTrip.check([Int64](repeating: .min, count: 65_536)).bitsPerValue < 0.01)
        #expect(try RoundTrip.check([Bool](repeating: true, count: 65_536)).bitsPerValue < 0.02)
        let texts = [[UInt8]](repeating: Array("open".utf8), count: 4096)
        #expect(try RoundTrip.check(texts).bitsPerValue < 0.15)
    }

    @Test mutating func fewTextsAreADictionary() throws {
        let texts = (0..<20_000).map { _ in Array("Aarhus street \(whole(0...199))".utf8) }
        let trip = try RoundTrip.check(texts)
        #expect(trip.decoder.dictionary?.count == 200)
        #expect(trip.bitsPerValue < 8.6)
        let distinct = (0..<4096).map { Array("vehicle \($0) \(whole(0...Int64.max))".utf8) }
        #expect(try RoundTrip.check(distinct).decoder.dictionary == nil)
    }

    @Test func states() throws {
        let values = (0..<20_480).map { Int64($0 / 173 % 7) * 1000 }
        let trip = try RoundTrip.check(values)
        #expect(trip.bitsPerValue < 0.4)
    }

    @Test mutating func rowsWithoutValueCostLittle() throws {
        let count = 20_480
        let values = (0..<count).map { _ in whole(0...255) }
        let sparse = ValiditySample.rarely.words(count, seed: 1)
        #expect(try RoundTrip.check(values, sparse).bitsPerValue < 9.6)
        let runs = ValiditySample.runs.words(count, seed: 1)
        #expect(try RoundTrip.check(values, runs).bitsPerValue < 8.6)
    }

    @Test mutating func unitsAreFound() throws {
        let values = (0..<4096).map { _ in whole(0...100) * 5_000_000 + 3 }
        #expect(try RoundTrip.check(values).bitsPerValue < 7.3)
    }
}
