import BelfryCodecs
import BelfryCore

/// Strips of real columns: bits a value, and values encoded and decoded a second on one core.
///
/// `FOLDER/columns` is what `Benchmarks/columns.py` writes, and what the other codecs are measured
/// on. A column is cut into blocks of 65,536 rows, as compaction does, whatever its series; doubles
/// that are all whole numbers are measured as integers too, which is how an import stores them.
/// Every figure is the best of several runs, after all values came back bit for bit. Columns of a
/// few thousand rows are not timed.
struct ColumnBench {
    let folder: String
    private let harness = Harness()

    func run(_ names: [String]) {
        let copied = Self.copySpeeds()
        Self.report("memory", "copy", "L1", copied.cached)
        Self.report("memory", "copy", "DRAM", copied.memory)
        for name in names {
            guard let words = BinaryFile.words(folder + "/columns/" + Self.fileName(name)) else {
                continue
            }
            if name.hasSuffix(" ts") || name.hasSuffix(" Int64") || name.hasSuffix(" times") {
                measure(name, "int", .integers(words))
                continue
            }
            let doubles = words.map { Double(bitPattern: UInt64(bitPattern: $0)) }
            measure(name, "double", .doubles(doubles))
            if let whole = Self.whole(doubles) { measure(name, "int", .integers(whole)) }
        }
    }

    private static func fileName(_ name: String) -> String {
        String(name.map { $0 == " " ? "." : $0 })
    }

    /// Nil unless all are whole numbers that an integer column would hold; NaN stands for NULL.
    private static func whole(_ doubles: [Double]) -> [Int64]? {
        var whole: [Int64] = []
        whole.reserveCapacity(doubles.count)
        for value in doubles {
            if value.isNaN {
                whole.append(0)
                continue
            }
            guard let integer = Int64(exactly: value), value != 0 || value.sign == .plus else {
                return nil
            }
            whole.append(integer)
        }
        return whole
    }

    // MARK: One column

    private struct Block {
        var values: StripValues
        var validity: [UInt64]?
    }

    /// Rows whose double is NaN have no value: the readings of Aarhus hold no other NaN.
    private static func blocks(of values: StripValues, validity: [Bool]?) -> [Block] {
        stride(from: 0, to: values.count, by: Strip.rowCountLimit).map { start in
            let rows = start..<min(values.count, start + Strip.rowCountLimit)
            let words = validity.map { valid in
                var words = [UInt64](repeating: 0, count: (rows.count + 63) / 64)
                for row in rows where valid[row] {
                    words[(row - start) / 64] |= 1 << UInt64((row - start) % 64)
                }
                return words
            }
            switch values {
            case .integers(let all):
                return Block(values: .integers(Array(all[rows])), validity: words)
            case .doubles(let all):
                return Block(values: .doubles(Array(all[rows])), validity: words)
            case .booleans(let all):
                return Block(values: .booleans(Array(all[rows])), validity: words)
            case .texts: preconditionFailure("columns of numbers only")
            }
        }
    }

    private func measure(_ name: String, _ kind: String, _ values: StripValues) {
        var validity: [Bool]?
        if case .doubles(let doubles) = values, doubles.contains(where: \.isNaN) {
            validity = doubles.map { !$0.isNaN }
        }
        let blocks = Self.blocks(of: values, validity: validity)
        for tier in ["LIGHT", "COLD"] {
            var options = StripOptions()
            options.isCold = tier == "COLD"
            do {
                try measure(name, "\(tier) \(kind)", values.count, blocks, options)
            } catch {
                print("{\"error\":\"\(name) \(tier): \(error)\"}")
            }
        }
    }

    private func measure(
        _ name: String, _ variant: String, _ rowCount: Int, _ blocks: [Block],
        _ options: StripOptions
    ) throws {
        func encode() -> [[UInt8]] {
            blocks.map {
                StripEncoder.encode(
                    $0.values, validity: $0.validity, salt: 1, offset: 2, options: options)
            }
        }
        let strips = encode()
        let byteCount = strips.reduce(0) { $0 + $1.count }
        Self.report(name, "bits", variant, Double(byteCount * 8) / Double(rowCount))
        let decoders = try zip(strips, blocks).map {
            try StripDecoder(
                bytes: $0, kind: $1.values.kind, rowCount: $1.values.count, salt: 1, offset: 2)
        }
        for (decoder, block) in zip(decoders, blocks) {
            guard try Self.isEqual(decoder, block) else {
                print("{\"error\":\"\(name) \(variant): other values come back\"}")
                return
            }
        }
        guard rowCount > 100_000 else { return }
        let encoding = harness.fastest(of: options.isCold ? 3 : 5) {
            precondition(encode().count == strips.count, "as many strips each time")
        }
        Self.report(name, "encode", variant, Double(rowCount) / encoding)
        let decoding = try harness.fastest(of: options.isCold ? 5 : 9) {
            var count = 0
            for decoder in decoders {
                for vector in 0..<decoder.vectorCount {
                    count += try Self.decode(decoder, vector)
                }
            }
            precondition(count == rowCount, "all rows come back")
        }
        Self.report(name, "decode", variant, Double(rowCount) / decoding)
    }

    private static func decode(_ strip: StripDecoder, _ vector: Int) throws -> Int {
        switch strip.kind {
        case .integers: try strip.decodeIntegers(vector).count
        case .doubles: try strip.decodeDoubles(vector).count
        case .booleans: try strip.decodeBooleans(vector).count
        case .texts: try strip.decodeTexts(vector).count
        }
    }

    private static func isEqual(_ strip: StripDecoder, _ block: Block) throws -> Bool {
        func isValid(_ row: Int) -> Bool {
            block.validity.map { $0[row / 64] >> UInt64(row % 64) & 1 == 1 } ?? true
        }
        let vectors = 0..<strip.vectorCount
        switch block.values {
        case .integers(let expected):
            let decoded = try vectors.flatMap { try strip.decodeIntegers($0) }
            return decoded.count == expected.count
                && decoded.indices.allSatisfy { !isValid($0) || decoded[$0] == expected[$0] }
        case .doubles(let expected):
            let decoded = try vectors.flatMap { try strip.decodeDoubles($0) }
            return decoded.count == expected.count
                && decoded.indices.allSatisfy {
                    !isValid($0) || decoded[$0].bitPattern == expected[$0].bitPattern
                }
        case .booleans, .texts: return false
        }
    }

    // MARK: Beside it

    /// Values of eight bytes copied a second: 8 KiB again and again, and 64 MiB.
    private static func copySpeeds() -> (cached: Double, memory: Double) {
        let harness = Harness()
        func speed(_ count: Int, repeats: Int) -> Double {
            let source = (0..<count).map { UInt64(truncatingIfNeeded: $0) }
            var target = [UInt64](repeating: 1, count: count)
            let seconds = harness.fastest(of: 7) {
                for _ in 0..<repeats {
                    unsafe target.withUnsafeMutableBytes { to in
                        unsafe source.withUnsafeBytes { unsafe to.copyMemory(from: $0) }
                    }
                }
            }
            precondition(target == source, "it is copied")
            return Double(count * repeats) / seconds
        }
        return (speed(1024, repeats: 20_000), speed(8 << 20, repeats: 1))
    }

    private static func report(_ column: String, _ what: String, _ variant: String, _ value: Double)
    {
        print(
            "{\"peer\":\"belfry\",\"column\":\"\(column)\",\"what\":\"\(what)\","
                + "\"variant\":\"\(variant)\",\"value\":\(value)}")
    }
}
