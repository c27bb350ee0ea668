import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Texts and booleans through strips.
struct TextStripTests {
    @Test(arguments: TextSample.allCases)
    func everyLength(sample: TextSample) throws {
        for length in IntegerStripTests.lengths {
            try RoundTrip.check(sample.values(length, seed: UInt64(length)))
        }
    }

    @Test(arguments: ValiditySample.allCases)
    func rowsWithoutValue(validity: ValiditySample) throws {
        for length in [1, 65, 1024, 1025, 2100] {
            let words = validity.words(length, seed: UInt64(length))
            for sample in [TextSample.states, .distinct, .names, .bytes, .empties] {
                try RoundTrip.check(sample.values(length, seed: 3), words)
            }
        }
    }

    @Test(arguments: [TextSample.names, .sameLength])
    func fullStrips(sample: TextSample) throws {
        try RoundTrip.check(sample.values(Strip.rowCountLimit, seed: 2))
    }

    /// Whatever stands in slots without a value is not kept.
    @Test func slotsWithoutValueCostNothing() throws {
        let texts = TextSample.distinct.values(1000, seed: 1)
        let none = ValiditySample.none.words(1000, seed: 1)
        #expect(try RoundTrip.check(texts, none).strip.bytes.count < 64)
    }

    @Test(arguments: [0, 1, 2, 15, 16, 17, 63, 64, 65, 1000, 1023, 1024, 1025, 5000])
    func booleans(length: Int) throws {
        var random = SeededGenerator(seed: UInt64(length))
        let shapes: [[Bool]] = [
            [Bool](repeating: false, count: length), [Bool](repeating: true, count: length),
            (0..<length).map { _ in Bool.random(using: &random) },
            (0..<length).map { $0 / 200 % 2 == 0 }, (0..<length).map { $0 / 200 % 2 == 1 },
            (0..<length).map { $0 == length - 1 },
        ]
        for values in shapes {
            for validity in ValiditySample.allCases {
                try RoundTrip.check(values, validity.words(length, seed: 9))
            }
        }
    }
}
