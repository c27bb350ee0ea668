import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryCodecs

/// Strips whose checksums are right and whose content is nonsense: values or an error.
struct ForgedStripTests {
    private struct Outcome {
        var valueCount = 0
        var errorCount = 0
    }

    /// What a strip may take once decoded: its rows, and its texts, each vector for itself.
    private static let sizeLimit = 65 * Strip.textBlobByteCountLimit

    @Test("Case 36: forged strips with right checksums", arguments: DamageTests.samples)
    func mutations(sample: DamageTests.Sample) {
        var random = SeededGenerator(seed: UInt64(sample.bytes.count) &* 0x51_7CC1_B727)
        var outcome = Outcome()
        for _ in 0..<2500 {
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, &random) }
            Self.open(bytes, sample, &random, &outcome)
        }
        // Mutations that pass every check show that the checksums were put right.
        #expect(outcome.valueCount > 0 || sample.rowCount == 0)
        #expect(outcome.errorCount > 20)
    }

    /// Directories of random bytes, tags and widths among them.
    @Test("Case 34: invented directories with right checksums", arguments: StripKind.allCases)
    func inventions(kind: StripKind) {
        var random = SeededGenerator(seed: UInt64(kind.rawValue) + 100)
        var outcome = Outcome()
        for _ in 0..<6000 {
            let rowCount = Int.random(in: 1...1100, using: &random)
            var directory = ByteWriter()
            directory.writeUInt8(kind.rawValue)
            directory.writeCount(rowCount)
            if kind == .doubles {
                let stages: [UInt8] = [
                    0xFF, 0x40, 0x22, 0x61, 0x80, UInt8.random(in: 0...20, using: &random),
                ]
                directory.writeUInt8(stages.randomElement(using: &random) ?? 0)
            }
            if kind == .texts { directory.writeUInt8(UInt8.random(in: 0...1, using: &random)) }
            directory.writeUInt8(0)
            for _ in 0..<Int.random(in: 2...40, using: &random) {
                let small = UInt8.random(in: 0...12, using: &random)
                directory.writeUInt8(
                    Bool.random(using: &random) ? small : UInt8(truncatingIfNeeded: random.next()))
            }
            let strip = EncodedStrip(
                directory: directory.bytes, payload: [], statistics: .empty)
            var sample = DamageTests.samples[0]
            sample.kind = kind
            sample.rowCount = rowCount
            Self.open(strip.bytes, sample, &random, &outcome)
        }
        // Random lengths hardly ever add up to the bytes of texts.
        #expect((outcome.valueCount > 0 || kind == .texts) && outcome.errorCount > 0)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        if bytes.count <= 24 { return }
        let directoryEnd = min(bytes.count - 16, 8 + directoryByteCount(bytes))
        let isDirectory = Int.random(in: 0..<4, using: &random) > 0
        let end = isDirectory ? directoryEnd : bytes.count - 8
        if end <= 8 { return }
        let index = Int.random(in: 8..<end, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: bytes[index] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes[index] = 0xFF
        case 3: bytes[index] = 0
        case 4: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 5: bytes[index] = UInt8.random(in: 0...66, using: &random)
        case 6 where isDirectory:
            bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
            setCount(&bytes, directoryByteCount(bytes) + 1, at: 0)
        case 7 where isDirectory:
            bytes.remove(at: index)
            setCount(&bytes, directoryByteCount(bytes) - 1, at: 0)
        default: bytes[index] &+= 1
        }
    }

    private static func directoryByteCount(_ bytes: [UInt8]) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    }

    private static func setCount(_ bytes: inout [UInt8], _ count: Int, at offset: Int) {
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: count >> (8 * index))
        }
    }

    /// Seals and opens; where only a length is wrong, puts that right and tries again.
    private static func open(
        _ forged: [UInt8], _ sample: DamageTests.Sample, _ random: inout SeededGenerator,
        _ outcome: inout Outcome
    ) {
        var bytes = forged
        let payloadStart = 8 + directoryByteCount(bytes) + 8
        guard payloadStart + 8 <= bytes.count else { return }
        Strip.seal(
            &bytes, directoryByteCount: payloadStart, salt: RoundTrip.salt,
            offset: RoundTrip.offset)
        do throws(FormatError) {
            let size = try DamageTests.decodeAll(
                bytes, sample.kind, rowCount: sample.rowCount)
            #expect(size <= sizeLimit)
            outcome.valueCount += 1
        } catch {
            outcome.errorCount += 1
            if let extra = number(error, " bytes behind the directory") {
                let directoryEnd = payloadStart - 8
                bytes.removeSubrange((directoryEnd - extra)..<directoryEnd)
                setCount(&bytes, directoryEnd - extra - 8, at: 0)
                open(bytes, sample, &random, &outcome)
            }
            guard let wanted = number(error, " bytes in a payload of"), wanted < 1 << 20
            else { return }
            let payload = Array(bytes[payloadStart..<(bytes.count - 8)])
            var longer = Array(bytes[..<payloadStart]) + payload.prefix(wanted)
            while longer.count < payloadStart + wanted {
                longer.append(UInt8(truncatingIfNeeded: random.next()))
            }
            longer += [UInt8](repeating: 0, count: 8)
            setCount(&longer, wanted, at: 4)
            if longer != forged { open(longer, sample, &random, &outcome) }
        }
    }

    /// The number ahead of these words.
    private static func number(_ error: FormatError, _ words: String) -> Int? {
        guard let place = error.message.range(of: words) else { return nil }
        return error.message[..<place.lowerBound].split(separator: " ").last.flatMap { Int($0) }
    }

    /// One long text named by every row would be terabytes: the limit is kept while they are
    /// written out.
    @Test("Case 35: texts that would grow beyond any limit are refused")
    func textsOfOneLongEntry() throws {
        var offsets: [UInt32] = [0]
        var bytes = [UInt8](repeating: 65, count: 1 << 20)
        offsets.append(UInt32(bytes.count))
        for _ in 1..<1024 {
            bytes.append(66)
            offsets.append(UInt32(bytes.count))
        }
        var strip = StripEncoder.encode(
            .texts(offsets: offsets, bytes: bytes), validity: nil)
        strip.seal(salt: RoundTrip.salt, offset: RoundTrip.offset)
        var forged = strip.bytes
        let place = try #require(
            try StripDirectory(
                bytes: forged, kind: .texts, rowCount: 1024, salt: RoundTrip.salt,
                offset: RoundTrip.offset
            ).vectors.first)
        #expect(place.texts == nil, "the strip has a dictionary")
        // The form of the codes stays; residuals of zero all name the first text, the long one.
        for index in place.offset..<(forged.count - 8) { forged[index] = 0 }
        Strip.seal(
            &forged, directoryByteCount: strip.directoryByteCount, salt: RoundTrip.salt,
            offset: RoundTrip.offset)
        #expect(throws: FormatError.self) {
            try DamageTests.decodeAll(forged, .texts, rowCount: 1024)
        }
    }
}
