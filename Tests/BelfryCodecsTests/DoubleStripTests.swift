import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Doubles through strips, compared by bit pattern.
struct DoubleStripTests {
    @Test(arguments: DoubleSample.allCases)
    func everyLength(sample: DoubleSample) throws {
        for length in IntegerStripTests.lengths {
            let values = sample.values(length, seed: UInt64(length))
            try RoundTrip.check(values)
            try RoundTrip.check(values, gorilla: true)
        }
    }

    @Test(arguments: [
        DoubleSample.changing, .cents, .ramp, .patterns, .fewSpecials, .radians, .stretches,
        .strangeStretches,
    ])
    func fullStrips(sample: DoubleSample) throws {
        let trip = try RoundTrip.check(sample.values(Strip.rowCountLimit, seed: 11))
        #expect(trip.decoder.vectorCount == 64)
    }

    @Test(arguments: ValiditySample.allCases)
    func rowsWithoutValue(validity: ValiditySample) throws {
        let samples: [DoubleSample] = [
            .cents, .specials, .fewSpecials, .ramp, .randoms, .large, .onlyNaN, .changing,
        ]
        for length in [1, 2, 65, 1024, 1025, 3100] {
            let words = validity.words(length, seed: UInt64(length))
            for sample in samples {
                try RoundTrip.check(sample.values(length, seed: 3), words)
                try RoundTrip.check(sample.values(length, seed: 3), words, gorilla: true)
            }
        }
    }

    @Test(arguments: DoubleSample.allCases)
    func forcedForms(sample: DoubleSample) throws {
        let forced: [IntegerEncoder.Forms] = [
            .constant, .ramp, .frame, .delta, .secondDelta, .runs, .raw,
        ]
        for length in [1, 2, 33, 1100] {
            let values = sample.values(length, seed: UInt64(length) &+ 41)
            for forms in forced { try RoundTrip.check(values, forms: forms) }
        }
    }

    /// Every magnitude and number of digits, near the limits of exact products.
    @Test(arguments: 0...Decimal.scaleLimit)
    func decimalsOfEveryScale(scale: Int) throws {
        var random = SeededGenerator(seed: UInt64(scale))
        for bits in [4, 20, 31, 32, 33, 40, 50, 51, 52] {
            let limit = Int64(1) << Int64(bits)
            let values = (0..<1030).map { _ in
                Decimal.quotient(Int64.random(in: -limit...limit, using: &random), scale: scale)
            }
            try RoundTrip.check(values)
        }
    }

    /// All bit patterns at and around the exponents' ends, both signs.
    @Test func classesOfPatterns() throws {
        var values: [Double] = []
        for exponent in UInt64(0)..<2048 {
            for fraction: UInt64 in [0, 1, (1 << 52) - 1, 1 << 51] {
                let pattern = exponent << 52 | fraction
                values.append(Double(bitPattern: pattern))
                values.append(Double(bitPattern: pattern | 1 << 63))
            }
        }
        try RoundTrip.check(values)
        try RoundTrip.check(values, gorilla: true)
        try RoundTrip.check(values.shuffled(seed: 4))
    }

    @Test(arguments: 0..<30)
    func randomMixtures(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &* 0xABCD_EF01)
        let length = Int.random(in: 1...3000, using: &random)
        let first = DoubleSample.allCases.randomElement(using: &random) ?? .cents
        let second = DoubleSample.allCases.randomElement(using: &random) ?? .cents
        let share = Int.random(in: 1...200, using: &random)
        let left = first.values(length, seed: random.next())
        let right = second.values(length, seed: random.next())
        let values = (0..<length).map {
            Int.random(in: 0..<share, using: &random) == 0 ? right[$0] : left[$0]
        }
        let validity = ValiditySample.allCases.randomElement(using: &random) ?? .all
        try RoundTrip.check(values, validity.words(length, seed: UInt64(seed)))
    }
}

extension Array {
    func shuffled(seed: UInt64) -> [Element] {
        var random = SeededGenerator(seed: seed)
        return shuffled(using: &random)
    }
}
