import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs
@testable import BelfryStorage

/// Statistics of doubles against the values: right for columns of every shape, and wrong ones are
/// found though the checksums are right.
struct DoubleCheckTests {
    private static func verify(_ values: [Double], _ validity: [UInt64]? = nil) throws {
        let bytes = StripEncoder.encode(.doubles(values), validity: validity, salt: 0, offset: 0)
        let strip = try StripDecoder(
            bytes: bytes, kind: .doubles, rowCount: values.count, salt: 0, offset: 0)
        var count = 0
        for vector in 0..<strip.vectorCount {
            count += Validity(words: try strip.validity(of: vector))
                .validCount(of: strip.rowCount(of: vector))
        }
        _ = try SegmentVerification.verify(strip, valueCount: count)
    }

    /// Decimals that decode to another double than their quotient, which extremes are read as.
    private static func misrounded(_ count: Int, _ random: inout SeededGenerator) -> [Double] {
        var values: [Double] = []
        while values.count < count {
            let scale = Int.random(in: 1...9, using: &random)
            let (high, low) = Decimal.split(scale)
            let whole = Int64.random(in: (1 << 40)...(1 << 50), using: &random)
            let value = Double(whole) * high + Double(whole) * low
            if value != Decimal.quotient(whole, scale: scale) || values.count % 7 == 3 {
                values.append(value)
            }
        }
        return values
    }

    @Test(arguments: 0..<40)
    func rightOnesOfEveryShapeAreBelieved(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let odd = Self.misrounded(1 + seed * 2, &random)
        for shape in 0..<9 {
            let count = [3, 700, 2500, 6000][(seed + shape) % 4]
            let values: [Double] = (0..<count).map { row in
                switch shape {
                case 0: Double(random.below(4000)) / 10
                case 1: Double(bitPattern: random.next())
                case 2: Double.random(in: -1...1, using: &random)
                case 3: odd[random.below(odd.count)]
                case 4: row % 3 == 0 ? -0.0 : 0
                case 5: [.nan, .infinity, -.infinity, 1.5][random.below(4)]
                case 6: Double(random.below(40)) * 18.52 / 10
                case 7: (random.below(2) == 0 ? 1 : -1) * 1e300
                default: Double(Int64(random.next() >> 14)) / 1e6
                }
            }
            try Self.verify(values)
            let words = (0..<((count + 63) / 64)).map { _ in random.next() | random.next() }
            try Self.verify(values, words)
        }
    }

    /// One bit of an extreme or of the sum, with the checksum put right.
    @Test func wrongOnesAreFound() throws {
        var random = SeededGenerator(seed: 5)
        let values = (0..<900).map { _ in Double.random(in: 1...2, using: &random) }
        let bytes = StripEncoder.encode(.doubles(values), validity: nil, salt: 0, offset: 0)
        let summary = try StripDecoder(
            bytes: bytes, kind: .doubles, rowCount: 900, salt: 0, offset: 0
        ).statistics.doubleSummary
        let found = try #require(summary)
        for (value, bit) in [(found.min, 0), (found.max, 0), (found.sum, 3)] as [(Double, Int)] {
            var forged = bytes
            let pattern = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            let place = try #require(
                (0..<(forged.count - 8)).first { Array(forged[$0..<($0 + 8)]) == pattern })
            forged[place] ^= 1 << UInt8(bit)
            ChecksumRepair.strip(&forged)
            let strip = try StripDecoder(
                bytes: forged, kind: .doubles, rowCount: 900, salt: 0, offset: 0)
            #expect(throws: FormatError.self) {
                _ = try SegmentVerification.verify(strip, valueCount: 900)
            }
        }
    }
}
