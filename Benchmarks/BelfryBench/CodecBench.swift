import BelfryCodecs
import BelfryCore

/// Speed of strips in memory, one core: values decoded and encoded a second, bits a value, and what
/// part of opening a strip and decoding all of it its checksums take.
///
/// Each column is one whole block of 65,536 rows; a figure is the best of several runs, after the
/// decoded values were compared with what went in.
enum CodecBench {
    static func run() {
        for column in columns() { measure(column) }
    }

    private struct Column {
        var name: String
        var values: StripValues
    }

    private static let rowCount = Strip.rowCountLimit

    /// SplitMix64: the same columns in every run.
    private struct RandomBits: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static func columns() -> [Column] {
        var random = RandomBits(state: 1)
        func whole(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
        func integers(_ value: (Int) -> Int64) -> StripValues {
            .integers((0..<rowCount).map(value))
        }
        func doubles(_ value: (Int) -> Double) -> StripValues {
            .doubles((0..<rowCount).map(value))
        }
        let start: Int64 = 1_700_000_000_000_000_000
        let step: Int64 = 300_000_000_000
        var level: Int64 = 0
        var time = start
        func walk(_ reach: Int64) -> Int64 {
            level += whole(-reach...reach)
            return level
        }
        return [
            Column(name: "integers, frame", values: integers { _ in whole(0...1000) }),
            Column(
                name: "integers, frame of 40 bits", values: integers { _ in whole(0...1 << 40) }),
            Column(name: "integers, delta", values: integers { _ in walk(30) }),
            Column(
                name: "integers, patched",
                values: integers { _ in whole(0...60) == 0 ? whole(0...1 << 30) : whole(0...63) }),
            Column(name: "integers, runs", values: integers { Int64($0 / 37 % 50) * 811 % 97 }),
            Column(name: "times, regular", values: integers { start + Int64($0) * step }),
            Column(
                name: "times, gaps",
                values: integers { _ in
                    time += step * (whole(0...99) == 0 ? whole(2...50) : 1)
                    return time
                }),
            Column(
                name: "times, jitter",
                values: integers { start + Int64($0) * step + whole(0...999_999) }),
            Column(name: "doubles, counts", values: doubles { _ in Double(whole(0...120)) }),
            Column(
                name: "doubles, 2 digits",
                values: doubles { _ in Double(whole(-4000...4000)) / 100 }),
            Column(name: "doubles, 1 digit, slow", values: doubles { _ in Double(walk(3)) / 10 }),
            Column(
                name: "doubles, true",
                values: doubles { _ in Double.random(in: 0...1, using: &random) }),
            Column(
                name: "texts, 200 distinct",
                values: texts { _ in "Aarhus street \(whole(0...199))" }),
            Column(
                name: "texts, distinct", values: texts { "vehicle \($0) \(whole(0...9_999_999))" }),
            Column(
                name: "booleans",
                values: .booleans((0..<rowCount).map { _ in whole(0...3) == 0 })),
        ]
    }

    private static func texts(_ value: (Int) -> String) -> StripValues {
        var offsets: [UInt32] = [0]
        var bytes: [UInt8] = []
        for row in 0..<rowCount {
            bytes.append(contentsOf: value(row).utf8)
            offsets.append(UInt32(bytes.count))
        }
        return .texts(offsets: offsets, bytes: bytes)
    }

    private static func measure(_ column: Column) {
        let harness = Harness()
        let bytes = StripEncoder.encode(column.values, validity: nil, salt: 1, offset: 2)
        let encoding = harness.fastest(of: 7) {
            let strip = StripEncoder.encode(column.values, validity: nil)
            precondition(strip.bytes.count == bytes.count, "the same bytes each time")
        }
        do {
            let strip = try StripDecoder(
                bytes: bytes, kind: column.values.kind, rowCount: rowCount, salt: 1, offset: 2)
            guard try isEqual(strip, column.values) else {
                print("\(column.name): other values come back")
                return
            }
            let opening = try harness.fastest(of: 15) {
                let opened = try StripDecoder(
                    bytes: bytes, kind: column.values.kind, rowCount: rowCount, salt: 1, offset: 2)
                precondition(opened.rowCount == rowCount, "the same strip")
            }
            let repeats = 8
            let decoding = try harness.fastest(of: 15) {
                var count = 0
                for _ in 0..<repeats {
                    for vector in 0..<strip.vectorCount { count += try decode(strip, vector) }
                }
                precondition(count == repeats * rowCount, "all rows come back")
            }
            let repeatsOfSum = 16
            var sum: UInt64 = 0
            let summing = harness.fastest(of: 15) {
                for seed in 0..<repeatsOfSum {
                    sum ^= Checksum.xxh64(bytes, seed: UInt64(seed))
                }
            }
            precondition(sum != 1, "the sums are taken")
            let whole = opening + decoding / Double(repeats)
            report(
                column.name, bits: Double(bytes.count * 8) / Double(rowCount),
                opened: opening * 1e6, decoded: Double(rowCount * repeats) / decoding / 1e9,
                encoded: Double(rowCount) / encoding / 1e6,
                checksum: summing / Double(repeatsOfSum) / whole)
        } catch {
            print("\(column.name): \(error)")
        }
    }

    private static func decode(_ strip: StripDecoder, _ vector: Int) throws -> Int {
        switch strip.kind {
        case .integers: return try strip.decodeIntegers(vector).count
        case .doubles: return try strip.decodeDoubles(vector).count
        case .booleans: return try strip.decodeBooleans(vector).count
        case .texts:
            // A scan hands codes and dictionary on together.
            if let codes = try strip.decodeCodes(vector) { return codes.count }
            return try strip.decodeTexts(vector).count
        }
    }

    private static func isEqual(_ strip: StripDecoder, _ values: StripValues) throws -> Bool {
        let vectors = 0..<strip.vectorCount
        switch values {
        case .integers(let expected):
            return try vectors.flatMap { try strip.decodeIntegers($0) } == expected
        case .doubles(let expected):
            return try vectors.flatMap { try strip.decodeDoubles($0) }.map(\.bitPattern)
                == expected.map(\.bitPattern)
        case .booleans(let expected):
            return try vectors.flatMap { try strip.decodeBooleans($0) } == expected
        case .texts(_, let expected):
            return try vectors.flatMap { try strip.decodeTexts($0).bytes } == expected
        }
    }

    private static func report(
        _ name: String, bits: Double, opened: Double, decoded: Double, encoded: Double,
        checksum: Double
    ) {
        func text(_ number: Double) -> String {
            let hundredths = Int((number * 100).rounded())
            let rest = hundredths % 100
            return "\(hundredths / 100)." + (rest < 10 ? "0\(rest)" : "\(rest)")
        }
        print(
            "\(name): \(text(bits)) bits a value, opened in \(text(opened)) us, "
                + "decoded \(text(decoded)) G/s, encoded \(text(encoded)) M/s, "
                + "checksum \(text(checksum * 100)) % of opening and decoding")
    }
}
