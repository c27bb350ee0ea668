import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryCodecs

/// Strips that are mapped from another column: they decode to what the column's own strip decodes
/// to, statistics included, and forged ones are errors.
struct MapTests {
    private struct Pair {
        var source: StripValues
        var target: StripValues
        var sourceValidity: [UInt64]?
        var targetValidity: [UInt64]?
        var rowCount: Int { source.count }
    }

    private static func encode(
        _ values: StripValues, _ validity: [UInt64]?, _ isCold: Bool
    ) -> EncodedStrip {
        var options = StripOptions()
        options.isCold = isCold
        return StripEncoder.encode(values, validity: validity, options: options)
    }

    private static func open(
        _ strip: EncodedStrip, _ kind: StripKind, _ rowCount: Int, _ source: StripDecoder? = nil
    ) throws -> StripDecoder {
        var sealed = strip
        sealed.seal(salt: 3, offset: 40)
        return try StripDecoder(
            bytes: sealed.bytes, kind: kind, rowCount: rowCount, salt: 3, offset: 40,
            source: source)
    }

    /// Whether two strips are the same to every reader; slots of rows without a value apart.
    private static func isSame(_ one: StripDecoder, _ other: StripDecoder) throws -> Bool {
        guard one.vectorCount == other.vectorCount,
            RoundTrip.isSame(one.statistics, other.statistics)
        else { return false }
        for vector in 0..<one.vectorCount {
            let words = try one.validity(of: vector)
            guard words == (try other.validity(of: vector)),
                RoundTrip.isSame(one.statistics(of: vector), other.statistics(of: vector))
            else { return false }
            let rows = (0..<one.rowCount(of: vector)).filter { row in
                words.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
            }
            var isEqual = true
            switch one.kind {
            case .integers:
                let (left, right) = try (
                    one.decodeIntegers(vector), other.decodeIntegers(vector)
                )
                isEqual = rows.allSatisfy { left[$0] == right[$0] }
            case .doubles:
                let (left, right) = try (one.decodeDoubles(vector), other.decodeDoubles(vector))
                isEqual = rows.allSatisfy { left[$0].bitPattern == right[$0].bitPattern }
            case .texts:
                let (left, right) = try (one.decodeTexts(vector), other.decodeTexts(vector))
                isEqual = rows.allSatisfy { Array(left[$0]) == Array(right[$0]) }
            case .booleans: isEqual = false
            }
            if !isEqual { return false }
        }
        return true
    }

    /// Writes the pair's target as a map whether or not that pays; nil where it cannot be one.
    private static func map(
        _ pair: Pair, isCold: Bool
    ) throws -> (own: EncodedStrip, mapped: EncodedStrip, source: StripDecoder)? {
        let source = encode(pair.source, pair.sourceValidity, isCold)
        let own = encode(pair.target, pair.targetValidity, isCold)
        guard
            let sourceColumn = MapColumn(source, pair.source.kind, rowCount: pair.rowCount),
            let column = MapColumn(own, pair.target.kind, rowCount: pair.rowCount), column.mayMap,
            let mapped = MappedStripEncoder.encode(column, from: sourceColumn)
        else { return nil }
        return (own, mapped, try open(source, pair.source.kind, pair.rowCount))
    }

    // MARK: Round trips

    private static let lengths = [1, 2, 31, 33, 1023, 1024, 1025, 2048, 2500, 5000]

    private static func validity(
        _ rowCount: Int, _ share: Int, _ random: inout SeededGenerator
    ) -> [UInt64]? {
        if share == 0 { return nil }
        var words = [UInt64](repeating: 0, count: (rowCount + 63) / 64)
        for row in 0..<rowCount where Int.random(in: 0..<100, using: &random) >= share {
            words[row / 64] |= 1 << UInt64(row % 64)
        }
        return words
    }

    /// Values of a kind for small integers, one and the same for the same integer.
    private static func values(_ kind: Int, _ integers: [Int64]) -> StripValues {
        switch kind {
        case 0: return .integers(integers)
        case 1: return .integers(integers.map { $0 &* 1_000_003 &+ Int64.min / 2 })
        case 2: return .doubles(integers.map { Double($0) / 10 })
        // No dense decimals: a dictionary.
        case 3: return .doubles(integers.map { (Double($0 % 97) / 3).squareRoot() })
        // Exceptions among decimals.
        case 4:
            return .doubles(
                integers.map {
                    $0 % 50 == 7 ? .nan : $0 % 61 == 9 ? -0.0 : Double($0) / 4
                })
        case 5:
            var offsets: [UInt32] = [0]
            var bytes: [UInt8] = []
            for integer in integers {
                bytes += Array("state \(integer % 40)".utf8)
                offsets.append(UInt32(bytes.count))
            }
            return .texts(offsets: offsets, bytes: bytes)
        default: return .integers(integers.map { $0 == 3 ? .max : $0 == 4 ? .min : $0 })
        }
    }

    @Test func whateverIsMappedIsItself() throws {
        var random = SeededGenerator(seed: 41)
        var mappedCount = 0
        var kinds: Set<Int> = []
        for round in 0..<240 {
            let rowCount = Self.lengths[round % Self.lengths.count]
            let range = Int64([1, 4, 90, 700, 30_000][round / 10 % 5])
            let noise = [0, 1, 20, 100][round / 3 % 4]
            var integers: [Int64] = []
            var value: Int64 = 0
            for _ in 0..<rowCount {
                value = max(0, min(range, value + Int64.random(in: -3...3, using: &random)))
                if Int.random(in: 0..<9, using: &random) == 0 {
                    value = Int64.random(in: 0...range, using: &random)
                }
                integers.append(value)
            }
            let noisy = integers.map { integer in
                Int.random(in: 0..<100, using: &random) < noise
                    ? Int64.random(in: -range...range, using: &random) : integer / 3
            }
            let (from, to) = (round % 7, round / 7 % 7)
            let pair = Pair(
                source: Self.values(from, integers), target: Self.values(to, noisy),
                sourceValidity: Self.validity(rowCount, round % 3 * 15, &random),
                targetValidity: Self.validity(rowCount, round % 4 * 12, &random))
            guard let (own, mapped, source) = try Self.map(pair, isCold: round % 2 == 1) else {
                continue
            }
            mappedCount += 1
            kinds.insert(from * 7 + to)
            let found = try Self.open(mapped, pair.target.kind, rowCount, source)
            #expect(try Self.isSame(found, Self.open(own, pair.target.kind, rowCount)))
            #expect(RoundTrip.isSame(mapped.statistics, own.statistics))
        }
        #expect(mappedCount > 100 && kinds.count > 25, "\(mappedCount), \(kinds.count)")
    }

    /// Speed from time: a falling staircase with a few misfits.
    private static func speeds(_ rowCount: Int, misfitsIn share: Int) -> Pair {
        var random = SeededGenerator(seed: 42)
        var seconds: [Double] = []
        var speeds: [Double] = []
        for _ in 0..<rowCount {
            let time = Int.random(in: 60...240, using: &random)
            let isMisfit = share > 0 && Int.random(in: 0..<share, using: &random) == 0
            seconds.append(Double(time))
            speeds.append(isMisfit ? 7 : (3600 / Double(time)).rounded())
        }
        return Pair(source: .doubles(seconds), target: .doubles(speeds))
    }

    @Test func aFunctionOfAnotherColumnCostsNextToNothing() throws {
        for isCold in [false, true] {
            let pair = Self.speeds(16_000, misfitsIn: 500)
            let strips = [
                (Self.encode(pair.source, nil, isCold), StripKind.doubles),
                (Self.encode(pair.target, nil, isCold), .doubles),
            ].map { (strip: $0.0, kind: $0.1) }
            let found = MapFinder.find(strips, rowCount: 16_000)
            #expect(found.map(\.column) == [1] && found.map(\.source) == [0])
            let bits = Double((found.first?.strip.bytes.count ?? .max / 8) * 8) / 16_000
            #expect(bits < 0.25, "\(bits) bits a value")
        }
        // In the other order of columns too.
        let pair = Self.speeds(4_000, misfitsIn: 0)
        let strips = [
            (strip: Self.encode(pair.target, nil, false), kind: StripKind.doubles),
            (strip: Self.encode(pair.source, nil, false), kind: StripKind.doubles),
        ]
        let found = MapFinder.find(strips, rowCount: 4_000)
        #expect(found.map(\.column) == [0] && found.map(\.source) == [1])
    }

    /// Columns that have nothing to do with each other, and chains: nothing is mapped from what is
    /// mapped itself.
    @Test func mapsAreOneStepDeep() throws {
        var random = SeededGenerator(seed: 43)
        let free = (0..<3).map { _ in
            StripValues.integers((0..<3_000).map { _ in Int64.random(in: 0...400, using: &random) })
        }
        #expect(
            MapFinder.find(
                free.map { (Self.encode($0, nil, false), .integers) }, rowCount: 3_000
            ).isEmpty)
        let first = (0..<3_000).map { _ in Int64.random(in: 0...900, using: &random) }
        let chain = [
            first, first.map { $0 / 2 }, first.map { $0 / 4 }, first.map { $0 / 8 },
            first.map { 900 - $0 },
        ]
        let strips = chain.map {
            (strip: Self.encode(.integers($0), nil, false), kind: StripKind.integers)
        }
        let found = MapFinder.find(strips, rowCount: 3_000)
        #expect(found.count >= 2)
        let mapped = Set(found.map(\.column))
        #expect(mapped.isDisjoint(with: found.map(\.source)))
        for map in found {
            let source = try Self.open(strips[map.source].strip, .integers, 3_000)
            let decoder = try Self.open(map.strip, .integers, 3_000, source)
            #expect(
                try (0..<3).flatMap { try decoder.decodeIntegers($0) } == chain[map.column])
        }
    }

    // MARK: Forged strips

    private static let rows = 40

    private static func sourceStrip() throws -> StripDecoder {
        try open(encode(.integers((0..<40).map { $0 % 7 }), nil, false), .integers, rows)
    }

    /// A mapped strip of 40 integers with these keys and values, and what differs by vector.
    private static func forged(
        kind: UInt8 = 0x20, transforms: [UInt8] = [], count: UInt64 = 2, keys: [UInt8],
        values: [UInt8] = [0, 14], entry: [UInt8] = [0, 0, 0, 4, 100]
    ) -> EncodedStrip {
        var directory = ByteWriter()
        directory.writeUInt8(kind)
        directory.writeVarint(40)
        directory.writeBytes(transforms + [0])
        directory.writeVarint(count)
        directory.writeBytes(keys + values + entry)
        return EncodedStrip(directory: directory.bytes, payload: [], statistics: .empty)
    }

    @Test func forgedMapsAreRefused() throws {
        let source = try Self.sourceStrip()
        // Two keys, 2 and 4, that stand for 7: a ramp and a constant.
        let right = try Self.open(Self.forged(keys: [1, 4, 4]), .integers, Self.rows, source)
        #expect(try right.decodeIntegers(0) == [Int64](repeating: 7, count: 40))
        let wrong: [(String, EncodedStrip)] = [
            ("no keys", Self.forged(count: 0, keys: [])),
            ("too many keys", Self.forged(count: 4_097, keys: [17, 4, 4, 4], values: [16, 0, 4])),
            ("equal keys", Self.forged(keys: [0, 4])),
            ("falling keys", Self.forged(keys: [1, 4, 3])),
            ("keys too far apart", Self.forged(keys: [1, 4, 0x80, 0x80, 0x08])),
            (
                "keys over the end of Int64",
                Self.forged(
                    keys: [1] + [254] + [UInt8](repeating: 255, count: 8) + [1, 2])
            ),
            ("values cut off", Self.forged(keys: [1, 4, 4], values: [], entry: [])),
            ("ordered bits", Self.forged(keys: [1, 4, 4], entry: [0x40, 0, 0, 4, 100])),
            ("repetition beyond", Self.forged(keys: [1, 4, 4], entry: [0x10, 0, 1, 0, 4, 100])),
            ("booleans", Self.forged(kind: 0x22, keys: [1, 4, 4])),
            ("patterns", Self.forged(kind: 0x21, transforms: [0xff], keys: [1, 4, 4])),
            ("corrections", Self.forged(kind: 0x21, transforms: [0x21], keys: [1, 4, 4])),
            ("plain texts", Self.forged(kind: 0x23, transforms: [0], keys: [1, 4, 4])),
        ]
        for (what, strip) in wrong {
            let kind = StripKind(rawValue: strip.bytes[8] & 3) ?? .integers
            #expect(throws: FormatError.self, "\(what)") {
                try Self.open(strip, kind, Self.rows, source)
            }
        }
        // Sources that are none.
        let mapped = Self.forged(keys: [1, 4, 4])
        #expect(throws: FormatError.self) { try Self.open(mapped, .integers, Self.rows) }
        let others: [(StripValues, [UInt64]?)] = [
            (.integers((0..<41).map { $0 }), nil),
            (.booleans((0..<40).map { $0 % 2 == 0 }), nil),
            (.texts(offsets: (0...40).map { $0 }, bytes: (0..<40).map { $0 + 40 }), nil),
            (.integers((0..<40).map { $0 }), [0b101]),
        ]
        for (values, validity) in others {
            let other = try Self.open(
                Self.encode(values, validity, false), values.kind, values.count)
            #expect(throws: FormatError.self) {
                try Self.open(mapped, .integers, Self.rows, other)
            }
        }
        #expect(throws: FormatError.self) { try Self.open(mapped, .integers, Self.rows, right) }
        let plain = Self.encode(.integers([Int64](repeating: 1, count: 40)), nil, false)
        #expect(throws: FormatError.self) { try Self.open(plain, .integers, Self.rows, source) }
    }

    // MARK: The text

    /// The example of "Maps" in `formats/codecs.md`, byte for byte.
    @Test func exampleIsWhatIsWritten() throws {
        let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../formats/codecs.md").standardized
        let text = try String(contentsOf: place, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Maps\n").last)
        let block = section.components(separatedBy: "```")[3]
        let documented = block.split(separator: "\n").flatMap { line in
            line.split(separator: " ").prefix { UInt8($0, radix: 16) != nil && $0.count == 2 }
                .compactMap { UInt8($0, radix: 16) }
        }
        let times: [Int64] = [40, 45, 50, 40, 60, 52, 90, 45, 41, 50]
        let speeds: [Int64] = [90, 80, 72, 90, 60, 72, 40, 80, 90, 12]
        let pair = Pair(source: .integers(times), target: .integers(speeds))
        let (_, mapped, source) = try #require(try Self.map(pair, isCold: false))
        let end = mapped.directoryByteCount - 8
        let found = Array(
            mapped.bytes[..<end]
                + mapped.bytes[mapped.directoryByteCount..<(mapped.bytes.count - 8)])
        #expect(
            documented == found,
            "\(found.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) })")
        let decoder = try Self.open(mapped, .integers, 10, source)
        #expect(try decoder.decodeIntegers(0) == speeds)
        let directory = try StripDirectory(
            bytes: decoderBytes(mapped), kind: .integers, rowCount: 10, salt: 3, offset: 40)
        #expect(directory.codecs(.integers).contains("a map of"))
        var next = 0
        for field in directory.fields(decoderBytes(mapped), .integers) {
            #expect(field.range.lowerBound == next)
            next = field.range.upperBound
            #expect(field.comment != "directory" && field.comment != "payload")
        }
        #expect(next == mapped.bytes.count)
    }

    private func decoderBytes(_ strip: EncodedStrip) -> [UInt8] {
        var sealed = strip
        sealed.seal(salt: 3, offset: 40)
        return sealed.bytes
    }
}
