import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryCodecs

/// Strips that are not what was written: never a trap, never more memory than a strip may take.
struct DamageTests {
    /// A small strip of every kind and form.
    struct Sample: Sendable, CustomTestStringConvertible {
        var name: String
        var kind: StripKind
        var rowCount: Int
        var bytes: [UInt8]
        var directoryByteCount: Int

        var testDescription: String { name }

        init(
            _ name: String, _ values: StripValues, _ validity: ValiditySample = .all,
            gorilla: Bool = false, cold: Bool = false, forms: IntegerEncoder.Forms = .all
        ) {
            var options = StripOptions()
            options.useGorilla = gorilla
            options.isCold = cold
            var strip = StripEncoder.encode(
                values, validity: validity.words(values.count, seed: 3), options: options,
                forms: forms)
            strip.seal(salt: RoundTrip.salt, offset: RoundTrip.offset)
            self.name = name
            kind = values.kind
            rowCount = values.count
            bytes = strip.bytes
            directoryByteCount = strip.directoryByteCount
        }
    }

    static let samples: [Sample] = {
        let walk = IntegerSample.walk.values(70, seed: 1)
        let outliers = IntegerSample.outliers.values(120, seed: 2)
        var samples = [
            Sample("empty", .integers([])),
            Sample("constant", .integers([Int64](repeating: 5, count: 2000)), .runs),
            Sample("ramp", .integers(IntegerSample.ramp.values(2500, seed: 1))),
            Sample("frame", .integers(walk), forms: .frame),
            Sample("patched", .integers(outliers), forms: .frame),
            Sample("ticks", .integers(IntegerSample.ticks.values(60, seed: 1))),
            Sample("delta", .integers(walk), forms: .delta),
            Sample("gaps", .integers(IntegerSample.gaps.values(300, seed: 1))),
            Sample("scaled", .integers(IntegerSample.gaps.values(1100, seed: 1)), .mostly),
            Sample("second delta", .integers(walk), forms: .secondDelta),
            Sample("runs", .integers(IntegerSample.runs.values(300, seed: 1)), forms: .runs),
            Sample("raw", .integers(walk), forms: .raw),
            Sample("wide", .integers(IntegerSample.wide.values(40, seed: 1)), .mostly),
            Sample("decimals", .doubles(DoubleSample.cents.values(80, seed: 1))),
            Sample("division", .doubles(DoubleSample.tenDigits.values(80, seed: 1))),
            Sample("exceptions", .doubles(DoubleSample.fewSpecials.values(500, seed: 1)), .mostly),
            Sample("ordered", .doubles(DoubleSample.smooth.values(40, seed: 1))),
            Sample("steps", .doubles(DoubleSample.steps.values(2100, seed: 1))),
            Sample("corrected", .doubles(DoubleSample.corrected.values(400, seed: 1)), .mostly),
            Sample("floats", .doubles(DoubleSample.fewSingles.values(300, seed: 1)), .mostly),
            Sample("cut", .doubles(DoubleSample.radians.values(1500, seed: 1)), .mostly),
            Sample("stretches", .doubles(DoubleSample.stretches.values(9300, seed: 1))),
            Sample(
                "strange stretches", .doubles(DoubleSample.strangeStretches.values(6500, seed: 1))),
            Sample("distinct decimals", .doubles(DoubleSample.miles.values(600, seed: 1))),
            Sample("distinct patterns", .doubles(DoubleSample.fewPatterns.values(900, seed: 1))),
            Sample(
                "coded", .doubles(ColdTests.skewed(1300, seed: 1)), .mostly, cold: true),
            Sample(
                "coded differences", .integers(ColdTests.walk(600, seed: 2)), cold: true),
            Sample("XOR", .doubles(DoubleSample.cents.values(60, seed: 1)), gorilla: true),
            Sample("bits", .booleans((0..<90).map { $0 % 3 == 0 }), .mostly),
            Sample("runs of bits", .booleans((0..<1100).map { $0 / 300 % 2 == 0 }), .runs),
        ]
        for sample in [TextSample.names, .distinct, .long, .bytes, .states] {
            var offsets: [UInt32] = [0]
            var bytes: [UInt8] = []
            for text in sample.values(90, seed: 6) {
                bytes += text
                offsets.append(UInt32(bytes.count))
            }
            samples.append(
                Sample("texts: \(sample)", .texts(offsets: offsets, bytes: bytes), .mostly))
        }
        return samples
    }()

    /// Opens and decodes everything there is; gives how many bytes came out.
    @discardableResult
    static func decodeAll(
        _ bytes: [UInt8], _ kind: StripKind, rowCount: Int, salt: UInt64 = RoundTrip.salt,
        offset: UInt64 = RoundTrip.offset
    ) throws(FormatError) -> Int {
        let strip = try StripDecoder(
            bytes: bytes, kind: kind, rowCount: rowCount, salt: salt, offset: offset)
        var size = strip.dictionary?.bytes.count ?? 0
        _ = strip.statistics.doubleSummary?.total
        for vector in 0..<strip.vectorCount {
            _ = strip.statistics(of: vector).doubleSummary?.total
            size += (try strip.validity(of: vector)?.count ?? 0) * 8
            switch kind {
            case .integers: size += try strip.decodeIntegers(vector).count * 8
            case .doubles: size += try strip.decodeDoubles(vector).count * 8
            case .booleans: size += try strip.decodeBooleans(vector).count
            case .texts:
                let codes = try strip.decodeCodes(vector)
                if let codes, let dictionary = strip.dictionary {
                    #expect(codes.allSatisfy { Int($0) < dictionary.count })
                }
                let texts = try strip.decodeTexts(vector)
                #expect(texts.offsets.last.map { Int($0) } == texts.bytes.count)
                size += texts.bytes.count
            }
        }
        return size
    }

    @Test(arguments: samples)
    func wholeIsRead(sample: Sample) throws {
        try Self.decodeAll(sample.bytes, sample.kind, rowCount: sample.rowCount)
    }

    @Test(arguments: samples)
    func everyByteCounts(sample: Sample) {
        var random = SeededGenerator(seed: 5)
        for index in sample.bytes.indices {
            for change: UInt8 in [1, 0x80, UInt8.random(in: 1...255, using: &random)] {
                var bytes = sample.bytes
                bytes[index] ^= change
                expectError(bytes, sample)
            }
        }
    }

    @Test(arguments: samples)
    func everyTruncation(sample: Sample) {
        for count in sample.bytes.indices { expectError(Array(sample.bytes[..<count]), sample) }
        expectError(sample.bytes + [0], sample)
        expectError(sample.bytes + [UInt8](repeating: 0, count: 8), sample)
    }

    /// Swapped, misdirected or stale bytes are found out.
    @Test(arguments: samples)
    func anotherPlace(sample: Sample) {
        let places: [(UInt64, UInt64)] = [
            (RoundTrip.salt, RoundTrip.offset + 1), (RoundTrip.salt + 1, RoundTrip.offset), (0, 0),
        ]
        for (salt, offset) in places {
            #expect(throws: FormatError.self) {
                try Self.decodeAll(
                    sample.bytes, sample.kind, rowCount: sample.rowCount, salt: salt,
                    offset: offset)
            }
        }
        expectError(sample.bytes, sample, rowCount: sample.rowCount + 1)
        expectError(sample.bytes, sample, rowCount: Strip.rowCountLimit + 1)
        expectError(sample.bytes, sample, rowCount: -1)
        for kind in StripKind.allCases where kind != sample.kind {
            #expect(throws: FormatError.self) {
                try Self.decodeAll(sample.bytes, kind, rowCount: sample.rowCount)
            }
        }
    }

    private func expectError(_ bytes: [UInt8], _ sample: Sample, rowCount: Int? = nil) {
        #expect(throws: FormatError.self) {
            try Self.decodeAll(bytes, sample.kind, rowCount: rowCount ?? sample.rowCount)
        }
    }
}
