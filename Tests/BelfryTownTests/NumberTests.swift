import Foundation
import Testing

@testable import BelfryTown

/// The tables are near the functions they stand for, and chance is even.
@Suite struct NumberTests {
    @Test func sineIsNear() {
        for turn in stride(from: -70_000, through: 140_000, by: 37) {
            let exact = sin(Double(turn) / 65_536 * 2 * .pi) * 65_536
            #expect(abs(Double(Fixed.sine(turn)) - exact) < 8)
        }
    }

    @Test func powersAreNear() {
        for exponent in stride(from: -4 * 65_536, through: 10 * 65_536, by: 997) {
            let exact = exp2(Double(exponent) / 65_536) * 65_536
            #expect(abs(Double(Fixed.powerOfTwo(exponent)) - exact) < exact * 0.0002 + 2)
        }
    }

    @Test func rootsAreFloors() {
        for value in [0, 1, 2, 3, 4, 15, 16, 17, 99_999, 1 << 40, (1 << 31) * (1 << 30) - 1] {
            let root = Fixed.wholeRoot(value)
            #expect(root * root <= value && (root + 1) * (root + 1) > value)
        }
    }

    @Test func bellsHaveTheirWidth() {
        let draws = Mixer(seed: 5).draws(.trafficNoise, 9)
        let bells = (0..<20_000).map { Double(draws($0).bell) / 65_536 }
        let mean = bells.reduce(0, +) / 20_000
        let variance = bells.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        #expect(abs(mean) < 0.03)
        #expect(abs(variance - 1) < 0.03)
    }

    @Test func noiseIsSmoothAndBounded() {
        let noise = OctaveNoise(
            draws: Mixer(seed: 5).draws(.cloud),
            octaves: [.init(period: 3_600, reach: 1_000), .init(period: 7_200, reach: 500)])
        var last = noise(1_759_700_000)
        for step in 1..<5_000 {
            let next = noise(1_759_700_000 + step * 60)
            #expect(abs(next) <= 1_502)
            #expect(abs(next - last) < 120)
            last = next
        }
    }

    @Test func decimalsAreWritten() {
        func text(_ value: Int, _ decimals: Int) -> String {
            var buffer = TextBuffer()
            buffer.decimal(value, decimals: decimals)
            return String(decoding: buffer.bytes, as: UTF8.self)
        }
        #expect(text(0, 0) == "0")
        #expect(text(0, 1) == "0.0")
        #expect(text(-5, 1) == "-0.5")
        #expect(text(1_234, 2) == "12.34")
        #expect(text(-1_234_567, 0) == "-1234567")
        #expect(text(10_200_000, 6) == "10.200000")
    }
}
