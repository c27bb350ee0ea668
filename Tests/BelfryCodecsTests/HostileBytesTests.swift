import BelfryCodecs
import BelfryCore
import BelfryTestSupport
import Testing

/// Bytes that are no strip are answered with an error: never a trap, never more than the limit.
struct HostileBytesTests {
    private func samples() -> [(StripValues, [UInt64]?)] {
        var random = SeededGenerator(seed: 11)
        var all: [(StripValues, [UInt64]?)] = []
        for count in [5, 70, 1100] {
            let validity = StripSamples.validities(count, &random)
            for (index, sample) in StripSamples.integers(count, &random).enumerated() {
                all.append((.integers(sample.1), validity[index % validity.count]))
            }
            for (index, sample) in StripSamples.doubles(count, &random).enumerated() {
                all.append((.doubles(sample.1), validity[index % validity.count]))
            }
            for (_, texts) in StripSamples.texts(count, &random) {
                var offsets: [UInt32] = [0]
                for text in texts {
                    offsets.append(offsets[offsets.count - 1] + UInt32(text.count))
                }
                all.append((.texts(offsets: offsets, bytes: texts.flatMap { $0 }), nil))
            }
            for (_, values) in StripSamples.booleans(count, &random) {
                all.append((.booleans(values), validity[2]))
            }
        }
        return all
    }

    /// Decodes everything there is; whether that gave no error.
    private func decodes(_ bytes: [UInt8], _ kind: StripKind, rowCount: Int) -> Bool {
        do throws(FormatError) {
            let decoder = try StripDecoder(
                bytes: bytes, kind: kind, rowCount: rowCount, salt: 1, offset: 0)
            for vector in 0..<decoder.vectorCount {
                _ = try decoder.validity(of: vector)
                _ = decoder.statistics(of: vector).doubleSummary
                switch kind {
                case .integers: _ = try decoder.decodeIntegers(vector)
                case .doubles: _ = try decoder.decodeDoubles(vector)
                case .booleans: _ = try decoder.decodeBooleans(vector)
                case .texts:
                    _ = try decoder.decodeCodes(vector)
                    _ = try decoder.decodeTexts(vector)
                }
            }
            return true
        } catch { return false }
    }

    @Test func everyFlippedBitAndEveryCutIsFound() {
        for (values, validity) in samples() where values.count == 70 {
            var strip = StripEncoder.encode(values, validity: validity)
            strip.seal(salt: 1, offset: 0)
            #expect(decodes(strip.bytes, values.kind, rowCount: values.count))
            for index in strip.bytes.indices {
                var damaged = strip.bytes
                damaged[index] ^= 1 << UInt8(index % 8)
                #expect(!decodes(damaged, values.kind, rowCount: values.count), "byte \(index)")
            }
            for length in strip.bytes.indices {
                #expect(
                    !decodes(
                        Array(strip.bytes[..<length]), values.kind, rowCount: values.count))
            }
            // The same bytes at another place of the file.
            #expect(throws: FormatError.self) {
                try StripDecoder(
                    bytes: strip.bytes, kind: values.kind, rowCount: values.count, salt: 1,
                    offset: 64)
            }
        }
    }

    /// With checksums that fit, only the format itself defends.
    @Test func sealedNonsenseNeverTraps() {
        var random = SeededGenerator(seed: 12)
        var survivors = 0
        for (values, validity) in samples() {
            let strip = StripEncoder.encode(values, validity: validity)
            for _ in 0..<400 {
                var bytes = strip.bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    // Mostly in the directory, where numbers mean something.
                    let end =
                        Bool.random(using: &random) ? strip.directoryByteCount : bytes.count
                    let index = Int.random(in: 8..<max(9, end), using: &random)
                    bytes[min(index, bytes.count - 1)] = UInt8.random(in: 0...255, using: &random)
                }
                reseal(&bytes, directoryByteCount: strip.directoryByteCount)
                if decodes(bytes, values.kind, rowCount: values.count) { survivors += 1 }
            }
        }
        #expect(survivors > 0, "some changes give other values, which is fine")
    }

    @Test func wrongCallsAreErrors() throws {
        var strip = StripEncoder.encode(.integers([1, 2, 3]), validity: nil)
        strip.seal(salt: 1, offset: 0)
        #expect(!decodes(strip.bytes, .integers, rowCount: 4))
        #expect(!decodes(strip.bytes, .doubles, rowCount: 3))
        #expect(!decodes([], .integers, rowCount: 0))
        #expect(!decodes(strip.bytes, .integers, rowCount: 1 << 40))
    }

    /// Both checksums as `EncodedStrip.seal` writes them.
    private func reseal(_ bytes: inout [UInt8], directoryByteCount: Int) {
        let ranges = [
            (0..<(directoryByteCount - 8), UInt64(0)),
            (directoryByteCount..<(bytes.count - 8), UInt64(directoryByteCount)),
        ]
        for (range, offset) in ranges {
            let sum = Checksum.xxh64(Array(bytes[range]), seed: 1 &+ offset)
            for index in 0..<8 {
                bytes[range.upperBound + index] = UInt8(
                    truncatingIfNeeded: sum >> UInt64(8 * index))
            }
        }
    }
}
