import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Integers through strips: chosen and forced forms, every length, every pattern of NULL.
struct IntegerStripTests {
    static let lengths = [0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2100]

    @Test(arguments: IntegerSample.allCases)
    func everyLength(sample: IntegerSample) throws {
        for length in Self.lengths {
            try RoundTrip.check(sample.values(length, seed: UInt64(length)))
        }
    }

    @Test(arguments: [IntegerSample.changing, .everything, .gaps, .ramp, .greatest])
    func fullStrips(sample: IntegerSample) throws {
        let trip = try RoundTrip.check(sample.values(Strip.rowCountLimit, seed: 7))
        #expect(trip.decoder.vectorCount == 64)
    }

    @Test(arguments: ValiditySample.allCases)
    func rowsWithoutValue(validity: ValiditySample) throws {
        for length in [1, 2, 64, 65, 1000, 1024, 1025, 3100] {
            let words = validity.words(length, seed: UInt64(length))
            for sample in [IntegerSample.walk, .ramp, .everything, .greatest, .ticks, .changing] {
                try RoundTrip.check(sample.values(length, seed: 3), words)
            }
        }
    }

    @Test(arguments: IntegerSample.allCases)
    func forcedForms(sample: IntegerSample) throws {
        let forced: [IntegerEncoder.Forms] = [
            .constant, .ramp, .frame, .delta, .secondDelta, .runs, .raw,
        ]
        for length in [1, 2, 3, 15, 16, 17, 33, 1024, 1100] {
            let values = sample.values(length, seed: UInt64(length) &+ 99)
            let gaps = ValiditySample.mostly.words(length, seed: 5)
            for forms in forced {
                try RoundTrip.check(values, forms: forms)
                try RoundTrip.check(values, gaps, forms: forms)
            }
        }
    }

    /// What was asked for is what is tested.
    @Test func forcedFormsAreTaken() throws {
        let values = IntegerSample.walk.values(1024, seed: 1)
        let expected: [(IntegerEncoder.Forms, IntegerShape)] = [
            (.frame, .frame), (.delta, .delta), (.secondDelta, .secondDelta), (.runs, .runs),
            (.raw, .raw),
        ]
        for (forms, shape) in expected {
            #expect(try RoundTrip.check(values, forms: forms).shapes == [shape])
        }
    }

    /// A constant and a ramp over many vectors stand once in the directory.
    @Test func repetition() throws {
        let ramp = try RoundTrip.check(IntegerSample.ramp.values(65_536, seed: 0))
        #expect(ramp.strip.bytes.count < 64)
        let constant = try RoundTrip.check([Int64](repeating: -5, count: 65_000))
        #expect(constant.strip.bytes.count < 48)
        let gaps = ValiditySample.emptyVectors.words(5000, seed: 0)
        try RoundTrip.check([Int64](repeating: 9, count: 5000), gaps)
        // The step goes on, the statistics with it, up to the last row of a short vector.
        try RoundTrip.check((0..<2049).map { Int64($0) * -3 })
        // The same step again, but not from where the vector before ended.
        try RoundTrip.check((0..<2048).map { Int64($0 % 1024) })
    }

    /// Random mixtures of width, base, divisor, outliers and length.
    @Test(arguments: 0..<40)
    func randomShapes(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &* 0x1234_5678_9ABC)
        for _ in 0..<12 {
            let length = Int.random(in: 1...1500, using: &random)
            let width = UInt64.random(in: 0...64, using: &random)
            let base = Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random))
            let factor = Int64.random(in: 1...5000, using: &random)
            let outlier = Int.random(in: 2...300, using: &random)
            let isSum = Bool.random(using: &random)
            var total = base
            let values = (0..<length).map { _ in
                let bits = Int.random(in: 0..<outlier, using: &random) == 0 ? 64 : width
                let residual = bits == 0 ? 0 : random.next() >> (64 - bits)
                let value = base &+ Int64(bitPattern: residual) &* factor
                total = total &+ Int64(bitPattern: residual) &* factor
                return isSum ? total : value
            }
            let sample = ValiditySample.allCases.randomElement(using: &random) ?? .all
            try RoundTrip.check(values, sample.words(length, seed: UInt64(seed)))
        }
    }
}
