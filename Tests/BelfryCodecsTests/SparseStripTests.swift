import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Strips in which fewer than half of the rows have a value: the others take no slots.
struct SparseStripTests {
    /// One row in `interval`, and none in the second vector.
    private func validity(_ rowCount: Int, interval: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: rowCount))
        for row in stride(from: interval / 2, to: rowCount, by: interval)
        where row / Strip.vectorRowCount != 1 {
            words[row / 64] |= 1 << UInt64(row % 64)
        }
        return words
    }

    private static let lengths = [3, 64, 1024, 1025, 2048, 3500]

    @Test(arguments: IntegerSample.allCases, [3, 40])
    func integers(sample: IntegerSample, interval: Int) throws {
        for length in Self.lengths {
            let values = sample.values(length, seed: UInt64(length))
            let words = validity(length, interval: interval)
            try RoundTrip.check(values, words)
            try RoundTrip.check(values, words, cold: true)
        }
    }

    @Test(arguments: DoubleSample.allCases, [3, 40])
    func doubles(sample: DoubleSample, interval: Int) throws {
        for length in Self.lengths {
            let values = sample.values(length, seed: UInt64(length))
            let words = validity(length, interval: interval)
            try RoundTrip.check(values, words)
            try RoundTrip.check(values, words, cold: true)
        }
    }

    @Test(arguments: TextSample.allCases, [3, 40])
    func texts(sample: TextSample, interval: Int) throws {
        for length in Self.lengths {
            let values = sample.values(length, seed: UInt64(length))
            try RoundTrip.check(values, validity(length, interval: interval))
        }
    }

    /// A reading a row in ten takes what it takes without the nine, and the bitmap.
    @Test func slotsAreForValuesAlone() throws {
        var random = SeededGenerator(seed: 5)
        let dense = (0..<6_500).map { _ in Int64.random(in: 0...4095, using: &random) }
        var sparse = [Int64](repeating: 0, count: 65_000)
        var words = [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: sparse.count))
        for (index, value) in dense.enumerated() {
            let row = 10 * index + Int(value) % 10
            sparse[row] = value
            words[row / 64] |= 1 << UInt64(row % 64)
        }
        let byteCount = try RoundTrip.check(sparse, words).strip.bytes.count
        let denseByteCount = try RoundTrip.check(dense).strip.bytes.count
        #expect(byteCount < denseByteCount + 65_000 / 8 + 64 * 60)
    }
}
