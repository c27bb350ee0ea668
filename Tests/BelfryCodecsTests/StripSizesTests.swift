import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Every byte of a strip is for something, and counted once.
struct StripSizesTests {
    private static func sizes(_ values: StripValues, _ validity: [UInt64]?, isCold: Bool) throws
        -> (sizes: StripSizes, trip: RoundTrip, directory: StripDirectory)
    {
        let trip = try RoundTrip(values, validity, cold: isCold)
        let strip = trip.strip
        let directory = try StripDirectory(
            bytes: Array(strip.bytes.prefix(strip.directoryByteCount)), kind: values.kind,
            rowCount: values.count, salt: RoundTrip.salt, offset: RoundTrip.offset)
        let sizes = directory.sizes(kind: values.kind)
        #expect(sizes.byteCount == strip.bytes.count)
        #expect(sizes.parts.values.allSatisfy { $0 >= 0 })
        #expect(sizes.byteCount(of: .frame) == 24)
        // What is said once is a few bytes and the counts of dictionaries.
        #expect((3...80).contains(sizes.byteCount(of: .form)), "\(sizes.parts)")
        let vectors = Strip.vectorCount(rows: values.count)
        for shares in [sizes.stages, sizes.shapes] {
            #expect(shares.values.reduce(0) { $0 + $1.vectorCount } == vectors)
            let own: [StripSizes.Part] = [
                .parameters, .values, .patches, .corrections, .exceptions, .texts,
            ]
            #expect(
                shares.values.reduce(0) { $0 + $1.byteCount }
                    == own.reduce(0) { $0 + sizes.byteCount(of: $1) })
        }
        return (sizes, trip, directory)
    }

    private static func validities(_ count: Int, _ random: inout SeededGenerator) -> [[UInt64]?] {
        func words(_ share: Int) -> [UInt64] {
            var words = [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: count))
            for row in 0..<count where Int.random(in: 0..<100, using: &random) < share {
                words[row / 64] |= 1 << UInt64(row % 64)
            }
            return words
        }
        return [nil, words(95), words(10)]
    }

    @Test(arguments: [false, true]) func partsOfNumbersAddUp(isCold: Bool) throws {
        var random = SeededGenerator(seed: 71)
        for sample in IntegerSample.allCases {
            let values = sample.values(3000, seed: random.next())
            for validity in Self.validities(values.count, &random) {
                _ = try Self.sizes(.integers(values), validity, isCold: isCold)
            }
        }
        for sample in DoubleSample.allCases {
            let values = sample.values(3000, seed: random.next())
            for validity in Self.validities(values.count, &random) {
                _ = try Self.sizes(.doubles(values), validity, isCold: isCold)
            }
        }
    }

    @Test func partsOfBooleansAndTextsAddUp() throws {
        var random = SeededGenerator(seed: 72)
        let booleans = (0..<3000).map { _ in Bool.random(using: &random) }
        for distinct in [1, 5, 3000] {
            var offsets: [UInt32] = [0]
            var bytes: [UInt8] = []
            for _ in 0..<3000 {
                bytes += Array("station \(Int.random(in: 0..<distinct, using: &random))".utf8)
                offsets.append(UInt32(bytes.count))
            }
            for validity in Self.validities(3000, &random) {
                _ = try Self.sizes(.booleans(booleans), validity, isCold: false)
                let texts = StripValues.texts(offsets: offsets, bytes: bytes)
                for isCold in [false, true] {
                    let found = try Self.sizes(texts, validity, isCold: isCold)
                    #expect(
                        (found.directory.dictionaryEntryCount == nil)
                            == (found.sizes.stages["texts plain"] != nil))
                }
            }
        }
    }

    @Test func noRowsAndNoValues() throws {
        _ = try Self.sizes(.integers([]), nil, isCold: false)
        _ = try Self.sizes(.doubles([0, 1]), [0], isCold: false)
    }

    @Test func codecsAreNamed() throws {
        let ramp = try Self.sizes(.integers(Array(0..<5000)), nil, isCold: false).sizes
        #expect(ramp.shapes["ramp"]?.vectorCount == 5)
        #expect(ramp.stages["integers"]?.vectorCount == 5)
        #expect(ramp.byteCount(of: .statistics) == 0)
        let decimals = try Self.sizes(
            .doubles((0..<2048).map { Double(($0 * 7919) % 1000) / 10 }), nil, isCold: false
        ).sizes
        #expect(decimals.stages.keys.contains { $0.hasPrefix("decimals") || $0 == "dictionary" })
        #expect(decimals.codedByteCount < decimals.byteCount - 24)
    }
}
