import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// The lanes against the layout as the format text tells it, bit by bit.
struct LaneLayoutTests {
    /// Bit `bit` of value `index`, looked up in the words by the rule.
    private func bit(_ bytes: [UInt8], _ index: Int, _ bit: Int, width: Int, count: Int) -> UInt64 {
        let laneCount = width <= 32 ? 32 : 16
        let wordBits = width <= 32 ? 32 : 64
        let lanes = min(laneCount, count)
        let inLane = index / laneCount * width + bit
        let word = inLane / wordBits * lanes + index % laneCount
        let place = word * wordBits + inLane % wordBits
        return UInt64(bytes[place / 8] >> UInt8(place % 8) & 1)
    }

    @Test(arguments: 0...64)
    func everyWidth(width: Int) {
        var random = SeededGenerator(seed: UInt64(width) &+ 1)
        for count in [1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 1000, 1023, 1024] {
            let values = (0..<count).map { _ in
                width == 0 ? 0 : random.next() >> UInt64(64 - width)
            }
            // Bits beyond the width are not packed.
            let noisy = values.map { width == 64 ? $0 : $0 | random.next() << UInt64(width) }
            var payload: [UInt8] = [0xAA]
            LaneLayout.pack(noisy.span, width: width, into: &payload)
            let size = LaneLayout.byteCount(width: width, count: count)
            #expect(payload.count == 1 + size)

            let packed = Array(payload.dropFirst())
            for index in [0, count / 2, count - 1] {
                var value: UInt64 = 0
                for place in 0..<width {
                    value |= bit(packed, index, place, width: width, count: count) << UInt64(place)
                }
                #expect(value == values[index])
            }

            for base in [0, -17, Int64.max] {
                var output = [Int64](repeating: -1, count: LaneLayout.paddedCount(count))
                var span = output.mutableSpan
                unsafe LaneLayout.unpack(
                    payload.span.bytes, at: 1, width: width, count: count, base: base, into: &span)
                #expect(
                    output.prefix(count).elementsEqual(
                        values.map { base &+ Int64(bitPattern: $0) }))
            }
        }
    }

    @Test(arguments: 0..<20)
    func bitStreams(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let pieces = (0..<200).map { _ in
            (random.next(), Int.random(in: 0...64, using: &random))
        }
        var writer = BitWriter()
        for (value, width) in pieces { writer.write(value, width: width) }
        let stream = writer.finish()
        let bitCount = pieces.reduce(0) { $0 + $1.1 }
        #expect(stream.count == BitWriter.byteCount(bits: bitCount))
        let padded = [7, 7] + stream + [UInt8](repeating: 0xFF, count: 8)
        var reader = unsafe BitReader(padded.span.bytes, offset: 2, byteCount: stream.count)
        for (value, width) in pieces {
            let kept = width == 64 ? value : value & ((1 << UInt64(width)) - 1)
            let found = try reader.read(width: width)
            #expect(found == kept)
        }
        let rest = stream.count * 8 - bitCount
        do {
            _ = try reader.read(width: rest + 1)
            Issue.record("a bit beyond the stream was read")
        } catch {}
    }

    @Test func divisors() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<2000 {
            let divisor = max(1, random.next() >> UInt64.random(in: 0..<64, using: &random))
            let number = random.next() >> UInt64.random(in: 0..<64, using: &random)
            let tested = Divisor(divisor)
            #expect(tested.divides(number) == (number % divisor == 0))
            let multiple = number / divisor * divisor
            #expect(tested.divides(multiple))
            #expect(tested.quotient(multiple) == number / divisor)
        }
        #expect(Divisor.common(of: ([0, 0] as [UInt64]).span).value == 1)
        #expect(Divisor.common(of: ([0, 12, 0, 18] as [UInt64]).span).value == 6)
        #expect(Divisor.common(of: ([UInt64.max] as [UInt64]).span).value == .max)
    }
}
