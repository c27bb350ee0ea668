import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Integers whole steps apart are written as counts of steps, and come back as they were.
struct ScaledIntegerTests {
    private static let second: Int64 = 1_000_000_000

    /// A grid of five minutes with gaps.
    private static func times(_ count: Int, seed: UInt64, unit: Int64 = 300 * second) -> [Int64] {
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 1_400_000_000 * second
        return (0..<count).map { _ in
            let isGap = Int.random(in: 0..<60, using: &random) == 0
            time += unit * (isGap ? Int64.random(in: 2...9, using: &random) : 1)
            return time
        }
    }

    private func scale(_ trip: RoundTrip, _ count: Int) throws -> IntegerScale? {
        try StripDirectory(
            bytes: trip.strip.bytes, kind: .integers, rowCount: count, salt: RoundTrip.salt,
            offset: RoundTrip.offset
        ).scale
    }

    @Test(arguments: [1023, 1024, 1025, 2047, 2048, 2049, 5000], [false, true])
    func roundTrip(count: Int, cold: Bool) throws {
        let trip = try RoundTrip.check(Self.times(count, seed: UInt64(count)), cold: cold)
        let scale = try scale(trip, count)
        #expect((scale != nil) == (count > 1024))
        if let scale { #expect(scale.unit == UInt64(300 * Self.second)) }
    }

    @Test func negativeAndDescending() throws {
        for sign: Int64 in [1, -1] {
            let values = Self.times(3000, seed: 4).map { (1_399_999_000 * Self.second - $0) * sign }
            let trip = try RoundTrip.check(values)
            #expect(
                try scale(trip, 3000)?.unit == UInt64(100 * Self.second) * 3
                    || scale(trip, 3000)?.unit == UInt64(100 * Self.second))
        }
    }

    /// Slots of rows without a value hold anything, and do not tell the unit.
    @Test(arguments: [0xFFFF_FFFF_FFFF_FF0F as UInt64, 0x0101_0101_0101_0101])
    func rowsWithoutValue(word: UInt64) throws {
        var values = Self.times(3072, seed: 5)
        var random = SeededGenerator(seed: 6)
        for row in 0..<3072 where word >> UInt64(row % 64) & 1 == 0 {
            values[row] = Int64(bitPattern: random.next())
        }
        let trip = try RoundTrip.check(values, [UInt64](repeating: word, count: 48))
        #expect(try scale(trip, 3072) != nil || word == 0x0101_0101_0101_0101)
    }

    /// Where a distance might overflow, and where steps say nothing, integers stay as they are.
    @Test func notScaled() throws {
        var far = Self.times(2000, seed: 7)
        far[1700] = Int64.max - 807
        let ramp = (0..<2500).map { Int64($0) * 60 * Self.second }
        let fine = Self.times(2000, seed: 8, unit: 999)
        for values in [far, ramp, fine, [Int64](repeating: Self.second, count: 4000)] {
            #expect(try scale(RoundTrip.check(values), values.count) == nil)
        }
    }

    @Test(arguments: IntegerSample.allCases)
    func everyShape(sample: IntegerSample) throws {
        let values = sample.values(2100, seed: 9).map { $0 >> 24 }.map { $0 * 1_000_003 }
        try RoundTrip.check(values)
        try RoundTrip.check(values, cold: true)
    }

    /// What a gap in a grid costs is its patch, not the vector's parameters.
    @Test func entriesAreShort() throws {
        let trip = try RoundTrip.check(Self.times(65_536, seed: 10))
        #expect(trip.bitsPerValue < 0.45)
    }

    /// Units below 2, divisors that overflow with the unit, raw vectors, scaled maps.
    @Test func forged() throws {
        func directory(_ body: [UInt8], kind: UInt8 = 0x40) -> [UInt8] {
            var strip = EncodedStrip(
                directory: [kind, 2] + body, payload: [], statistics: .empty)
            strip.seal(salt: RoundTrip.salt, offset: RoundTrip.offset)
            return strip.bytes
        }
        func open(_ bytes: [UInt8]) throws {
            _ = try StripDecoder(
                bytes: bytes, kind: .integers, rowCount: 2, salt: RoundTrip.salt,
                offset: RoundTrip.offset)
        }
        let unit: [UInt8] = [0xE8, 0x07, 0x00]
        try open(directory(unit + [0, 0, 14]))
        let half: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x00]
        for body: [UInt8] in [
            [0, 0, 0, 0, 14], [1, 0, 0, 0, 14],
            unit + [0, 6, 0, 0, 0],
            half + [0, 0x0A, 0, 4, 0, 0, 0, 0],
            [UInt8](repeating: 0xFF, count: 9) + [1, 0, 0, 0, 14],
        ] {
            #expect(throws: FormatError.self, "\(body)") { try open(directory(body)) }
        }
        for kind: UInt8 in [0x41, 0x42, 0x43, 0x60, 0xC0] {
            #expect(throws: FormatError.self) {
                try open(directory(unit + [0, 0, 14], kind: kind))
            }
        }
    }
}
