import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// The COLD tier: residuals as tokens, never larger than LIGHT, each vector decoded alone.
struct ColdTests {
    /// Few small values and seldom large ones: what entropy coding is for.
    static func skewed(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            var value = 0.0
            while value < 400, Int.random(in: 0..<3, using: &random) > 0 { value += 1 }
            return Int.random(in: 0..<40, using: &random) == 0 ? value * 177 : value
        }
    }

    /// Steps of both signs, small ones more often.
    static func walk(_ count: Int, seed: UInt64) -> [Int64] {
        var random = SeededGenerator(seed: seed)
        var level: Int64 = 1 << 40
        return (0..<count).map { _ in
            let reach = Int64(1) << Int64.random(in: 0...9, using: &random)
            level += Int64.random(in: -reach...reach, using: &random)
            return level
        }
    }

    private func isCoded(_ trip: RoundTrip) throws -> Bool {
        try trip.entries.contains { $0.integers.coded != nil }
    }

    @Test func smallerThanLight() throws {
        let values = Self.skewed(65_536, seed: 5)
        let cold = try RoundTrip.check(values, cold: true)
        #expect(try isCoded(cold))
        #expect(cold.strip.bytes.count * 100 < (try RoundTrip.check(values)).strip.bytes.count * 92)
        let steps = Self.walk(65_536, seed: 6)
        let coldSteps = try RoundTrip.check(steps, cold: true)
        #expect(try isCoded(coldSteps))
        #expect(
            coldSteps.strip.bytes.count * 100 < (try RoundTrip.check(steps)).strip.bytes.count * 92)
    }

    /// Noise has nothing to save.
    @Test func noiseStaysLight() throws {
        var random = SeededGenerator(seed: 9)
        let values = (0..<20_000).map { _ in Int64.random(in: 0...1023, using: &random) }
        #expect(try !isCoded(RoundTrip.check(values, cold: true)))
    }

    @Test(arguments: DoubleSample.allCases)
    func doublesOfEveryShape(sample: DoubleSample) throws {
        for length in [1, 511, 512, 1025, 3000] {
            let values = sample.values(length, seed: UInt64(length))
            try RoundTrip.check(values, cold: true)
            try RoundTrip.check(values, ValiditySample.mostly.words(length, seed: 2), cold: true)
        }
    }

    @Test(arguments: IntegerSample.allCases)
    func integersOfEveryShape(sample: IntegerSample) throws {
        for length in [2, 513, 1024, 2500] {
            let values = sample.values(length, seed: UInt64(length))
            try RoundTrip.check(values, cold: true)
            try RoundTrip.check(values, ValiditySample.rarely.words(length, seed: 2), cold: true)
        }
    }

    @Test(arguments: TextSample.allCases)
    func textsOfEveryShape(sample: TextSample) throws {
        try RoundTrip.check(sample.values(1500, seed: 3), cold: true)
    }

    /// Residuals of all widths, those past 32 bits among them.
    @Test func residualsOfEveryWidth() throws {
        var random = SeededGenerator(seed: 77)
        for bits in 1...62 {
            let values = (0..<1200).map { _ in
                Int.random(in: 0..<6, using: &random) == 0
                    ? Int64.random(in: 0...(1 << Int64(bits)), using: &random)
                    : Int64.random(in: 0...3, using: &random)
            }
            try RoundTrip.check(values, cold: true)
        }
    }

    @Test func tokensStandForAllResiduals() {
        for bits in 0..<64 {
            for offset: UInt64 in [0, 1, 2] {
                let residual = (UInt64(1) << UInt64(bits)) &+ offset &- 1
                let token = TokenTable.token(of: residual)
                let width = TokenTable.lowWidth(of: token)
                let low = width == 0 ? 0 : residual & ((1 << UInt64(width)) - 1)
                #expect(TokenTable.base(of: token, isSigned: false) &+ low == residual)
                for residual in [residual, 0 &- residual] {
                    let token = TokenTable.signedToken(of: residual)
                    let width = TokenTable.lowWidth(of: token)
                    let low = width == 0 ? 0 : residual & ((1 << UInt64(width)) - 1)
                    #expect(TokenTable.base(of: token, isSigned: true) &+ low == residual)
                }
            }
        }
    }
}
