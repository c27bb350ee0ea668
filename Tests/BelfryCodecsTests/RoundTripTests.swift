import BelfryCodecs
import BelfryCore
import BelfryTestSupport
import Testing

/// Encode, then decode, is identity, bit for bit, for every codec.
struct RoundTripTests {
    private static let salt: UInt64 = 0x5A17
    private static let offset: UInt64 = 4096

    private func decoder(
        _ values: StripValues, _ validity: [UInt64]?, options: StripOptions = StripOptions()
    ) throws -> StripDecoder {
        var strip = StripEncoder.encode(values, validity: validity, options: options)
        strip.seal(salt: Self.salt, offset: Self.offset)
        let decoder = try StripDecoder(
            bytes: strip.bytes, kind: values.kind, rowCount: values.count, salt: Self.salt,
            offset: Self.offset)
        #expect(decoder.vectorCount == (values.count + 1023) / 1024)
        // By their texts: a minimum may be NaN, which equals nothing.
        #expect("\(decoder.statistics)" == "\(strip.statistics)")
        return decoder
    }

    private func isValid(_ validity: [UInt64]?, _ row: Int) -> Bool {
        validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
    }

    /// Rows of a vector with their place in the strip, those with a value.
    private func forEachRow(
        _ decoder: StripDecoder, _ validity: [UInt64]?, _ name: String,
        _ body: (_ vector: Int, _ row: Int, _ place: Int) throws -> Void
    ) throws {
        for vector in 0..<decoder.vectorCount {
            let words = try decoder.validity(of: vector)
            var count = 0
            for row in 0..<decoder.rowCount(of: vector) {
                let place = vector * 1024 + row
                #expect(isValid(words, row) == isValid(validity, place), "\(name) row \(place)")
                if isValid(validity, place) {
                    count += 1
                    try body(vector, row, place)
                }
            }
            #expect(decoder.statistics(of: vector).count == count, "\(name)")
        }
    }

    @Test(arguments: StripSamples.lengths)
    func integers(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        for validity in StripSamples.validities(count, &random) {
            for (name, values) in StripSamples.integers(count, &random) {
                let decoder = try decoder(.integers(values), validity)
                let decoded = try (0..<decoder.vectorCount).map { try decoder.decodeIntegers($0) }
                var mismatches = 0
                try forEachRow(decoder, validity, name) { vector, row, place in
                    if decoded[vector][row] != values[place] { mismatches += 1 }
                }
                #expect(mismatches == 0, "\(name), \(count) rows")
                try expectStatistics(decoder, values, validity, name)
            }
        }
    }

    private func expectStatistics(
        _ decoder: StripDecoder, _ values: [Int64], _ validity: [UInt64]?, _ name: String
    ) throws {
        for vector in 0..<decoder.vectorCount {
            let rows = (vector * 1024..<min(values.count, vector * 1024 + 1024))
                .filter { isValid(validity, $0) }
            guard case .integers(let summary) = decoder.statistics(of: vector).numbers else {
                #expect(rows.isEmpty, "\(name) has statistics")
                continue
            }
            #expect(summary.min == rows.map { values[$0] }.min(), "\(name)")
            #expect(summary.max == rows.map { values[$0] }.max(), "\(name)")
            #expect(summary.sum == rows.reduce(Int128(0)) { $0 + Int128(values[$1]) }, "\(name)")
        }
    }

    @Test(arguments: StripSamples.lengths, [false, true])
    func doubles(count: Int, gorilla: Bool) throws {
        var random = SeededGenerator(seed: UInt64(count) + 99)
        var options = StripOptions()
        options.useGorilla = gorilla
        for validity in StripSamples.validities(count, &random) {
            for (name, values) in StripSamples.doubles(count, &random) {
                let decoder = try decoder(.doubles(values), validity, options: options)
                let decoded = try (0..<decoder.vectorCount).map { try decoder.decodeDoubles($0) }
                var mismatches = 0
                try forEachRow(decoder, validity, name) { vector, row, place in
                    if decoded[vector][row].bitPattern != values[place].bitPattern {
                        mismatches += 1
                    }
                }
                #expect(mismatches == 0, "\(name), \(count) rows")
                for vector in 0..<decoder.vectorCount {
                    let numbers = (vector * 1024..<min(count, vector * 1024 + 1024))
                        .filter { isValid(validity, $0) }.map { values[$0] }
                        .filter { !$0.isNaN }
                    guard let summary = decoder.statistics(of: vector).doubleSummary,
                        let least = numbers.min(), let most = numbers.max()
                    else { continue }
                    #expect(summary.min == least && summary.max == most, "\(name)")
                }
            }
        }
    }

    @Test(arguments: StripSamples.lengths)
    func texts(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count) + 7)
        for validity in StripSamples.validities(count, &random) {
            for (name, texts) in StripSamples.texts(count, &random) {
                var offsets: [UInt32] = [0]
                var bytes: [UInt8] = []
                for text in texts {
                    bytes += text
                    offsets.append(UInt32(bytes.count))
                }
                let decoder = try decoder(.texts(offsets: offsets, bytes: bytes), validity)
                let decoded = try (0..<decoder.vectorCount).map { try decoder.decodeTexts($0) }
                let codes = try (0..<decoder.vectorCount).map { try decoder.decodeCodes($0) }
                var mismatches = 0
                try forEachRow(decoder, validity, name) { vector, row, place in
                    let range =
                        Int(decoded[vector].offsets[row])..<Int(decoded[vector].offsets[row + 1])
                    if Array(decoded[vector].bytes[range]) != texts[place] { mismatches += 1 }
                    if let code = codes[vector]?[row], let dictionary = decoder.dictionary {
                        let entry =
                            Int(
                                dictionary.offsets[Int(code)])..<Int(
                                dictionary.offsets[Int(code) + 1])
                        if Array(dictionary.bytes[entry]) != texts[place] { mismatches += 1 }
                    }
                }
                #expect(mismatches == 0, "\(name), \(count) rows")
            }
        }
    }

    @Test(arguments: StripSamples.lengths)
    func booleans(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count) + 3)
        for validity in StripSamples.validities(count, &random) {
            for (name, values) in StripSamples.booleans(count, &random) {
                let decoder = try decoder(.booleans(values), validity)
                let decoded = try (0..<decoder.vectorCount).map { try decoder.decodeBooleans($0) }
                try forEachRow(decoder, validity, name) { vector, row, place in
                    #expect(decoded[vector][row] == values[place], "\(name)")
                }
            }
        }
    }

    @Test func theLongestStrip() throws {
        var random = SeededGenerator(seed: 1)
        for (name, values) in StripSamples.integers(65_536, &random) {
            let decoder = try decoder(.integers(values), nil)
            let decoded = try (0..<64).flatMap { try decoder.decodeIntegers($0) }
            #expect(decoded == values, "\(name)")
        }
    }

    /// What the chooser makes of columns as sensors send them, in bits a value.
    @Test func sensorsTakeFewBits() {
        var random = SeededGenerator(seed: 2)
        let count = 65_536
        var expected: [String: Double] = [
            "ramp": 0.02, "constant": 0.02, "times with gaps": 1.2, "small": 7.3, "walk": 3.4,
            "runs": 0.8, "multiples": 7.3,
        ]
        for (name, values) in StripSamples.integers(count, &random) {
            guard let limit = expected.removeValue(forKey: name) else { continue }
            let strip = StripEncoder.encode(.integers(values), validity: nil)
            #expect(Double(strip.bytes.count * 8) / Double(count) < limit, "\(name)")
        }
        #expect(expected.isEmpty)
        var doubles: [String: Double] = ["whole": 8.3, "tenths": 10.3, "hundredths": 15.4]
        for (name, values) in StripSamples.doubles(count, &random) {
            guard let limit = doubles.removeValue(forKey: name) else { continue }
            let strip = StripEncoder.encode(.doubles(values), validity: nil)
            #expect(Double(strip.bytes.count * 8) / Double(count) < limit, "\(name)")
        }
        #expect(doubles.isEmpty)
    }
}
