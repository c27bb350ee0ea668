import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// The arithmetic of decimals and the summaries of doubles.
struct DecimalTests {
    /// `high` has 21 significant bits and lies right below 10^-k; both together are 10^-k.
    @Test(arguments: 0...Decimal.scaleLimit)
    func constants(scale: Int) {
        let (high, low) = Decimal.split(scale)
        #expect(high.bitPattern & 0xFFFF_FFFF == 0)
        #expect(high + low == 1 / Decimal.powers[scale])
        #expect(low >= 0 && low < high * 0x1p-20)
        #expect(Decimal.powers[scale] == (0..<scale).reduce(1.0) { power, _ in power * 10 })
    }

    /// The product in two parts is the quotient, nearly always; the encoder sees to the rest.
    @Test(arguments: 0...12)
    func productsAreQuotients(scale: Int) {
        var random = SeededGenerator(seed: UInt64(scale))
        var missCount = 0
        for _ in 0..<20_000 {
            let integer = Int64.random(in: -(1 << 32)...(1 << 32), using: &random)
            var values = [integer]
            var span = values.mutableSpan
            Decimal.decode(&span, rowCount: 1, scale: scale, isDivided: false)
            let quotient = Decimal.quotient(integer, scale: scale)
            if values[0] != Int64(bitPattern: quotient.bitPattern) { missCount += 1 }
        }
        #expect(missCount == 0)
    }

    @Test func orderedBitsKeepTheOrder() {
        let values = [
            -Double.infinity, -1e300, -1, -Double.leastNonzeroMagnitude, -0.0, 0,
            Double.leastNonzeroMagnitude, 1, 1e300, .infinity,
        ]
        let mapped = values.map { OrderedBits.map(Int64(bitPattern: $0.bitPattern)) }
        #expect(mapped == mapped.sorted())
        #expect(Set(mapped).count == values.count)
        for (value, integer) in zip(values, mapped) {
            #expect(OrderedBits.map(integer) == Int64(bitPattern: value.bitPattern))
        }
    }

    /// Sums of vectors add up to the sum of all, in whatever order.
    @Test func sumsAddUp() {
        var random = SeededGenerator(seed: 12)
        let values = (0..<4096).map { _ in Double.random(in: -1e9...1e9, using: &random) }
        var total = DoubleSummary()
        for start in stride(from: 0, to: 4096, by: 512).reversed() {
            let part = Array(values[start..<(start + 512)])
            total = total.adding(DoubleSummary(part.span, validity: nil))
        }
        let magnitudes = values.reduce(0) { $0 + $1.magnitude }
        #expect((total.total - ExactSum.of(values)).magnitude <= magnitudes * 0x1p-52)
        #expect(total.min == values.min() && total.max == values.max())
    }

    @Test func whatIsNoNumberIsCountedApart() {
        let values = [Double.nan, 1, .infinity, -0.0, 0]
        let summary = DoubleSummary(values.span, validity: nil)
        #expect(summary.nanCount == 1 && summary.positiveInfinityCount == 1)
        #expect(summary.min.sign == .minus && summary.min == 0 && summary.max == .infinity)
        #expect(summary.sum == 1 && summary.total.isNaN)
        let without = DoubleSummary(values.span, validity: [0b11110])
        #expect(without.total == .infinity)
        let empty = DoubleSummary().adding(without)
        #expect(empty == without)
    }

    @Test func decimalSumsAreScaledOnce() {
        let summary = DoubleSummary(
            IntegerSummary(min: -5, max: 12_345, sum: 10_000_000_000_000_003), scale: 2)
        #expect(summary.min == -0.05 && summary.max == 123.45)
        #expect(summary.total == 100_000_000_000_000.03)
    }

    @Test func wideNumbers() throws {
        var random = SeededGenerator(seed: 3)
        for shift in 0..<128 {
            let value = UInt128(truncatingIfNeeded: random.next()) << 64 | UInt128(random.next())
            for number in [value >> UInt128(shift), UInt128.max >> UInt128(shift)] {
                var writer = ByteWriter()
                writer.writeWideVarint(number)
                var reader = unsafe ByteReader(writer.bytes.span.bytes)
                let found = try reader.readWideVarint()
                #expect(found == number)
                let isAtEnd = reader.isAtEnd
                #expect(isAtEnd)
            }
        }
    }
}
