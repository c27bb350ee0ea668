import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryCodecs

/// Strips of every form are read by the second reader as what was encoded, bit for bit, and no form
/// is left out.
@Suite(.enabled(if: PythonReader.isThere, "\(PythonReader.lack)"))
struct ReaderStripTests {
    @Test func everyFormIsReadAsItWasWritten() throws {
        var strips = StripFile()
        addSamples(&strips)
        addShapes(&strips)
        addScales(&strips)
        addOthers(&strips)
        addMaps(&strips)
        let path = NSTemporaryDirectory() + "belfry-strips-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(strips.bytes).write(to: URL(fileURLWithPath: path))
        let forms = path + ".forms"
        defer { try? FileManager.default.removeItem(atPath: forms) }
        let printed = try PythonReader.run(["--file", path, "--forms-to", forms])
        let found = printed.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        #expect(found.count == strips.lines.count)
        for (index, (line, expected)) in zip(found, strips.lines).enumerated()
        where !line.elementsEqual(expected) {
            Issue.record("strip \(index), \(strips.names[index]), is read as something else")
        }
        let occurring = Set(
            try String(contentsOfFile: forms, encoding: .utf8).split(separator: "\n")
                .map(String.init))
        let missing =
            Self.required.subtracting(occurring).sorted() + Self.missingFlags(occurring)
        #expect(missing.isEmpty, "forms that no strip of this test has: \(missing)")
    }

    // MARK: What is read

    /// Whatever the encoder makes of hostile values, in both tiers.
    private func addSamples(_ strips: inout StripFile) {
        let lengths = [1, 1025, 700, 33, 2100, 64, 1500]
        var round = 0
        func options(_ round: Int) -> StripOptions {
            var options = StripOptions()
            options.isCold = round % 2 == 1
            return options
        }
        for validity in [ValiditySample.all, .mostly, .rarely, .runs, .emptyVectors, .none] {
            for sample in IntegerSample.allCases {
                round += 1
                let length = lengths[round % lengths.count]
                strips.add(
                    .integers(sample.values(length, seed: UInt64(round))),
                    validity.words(length, seed: 3), options(round), "\(sample) \(validity)")
            }
            for sample in DoubleSample.allCases {
                round += 1
                let length = lengths[round % lengths.count]
                strips.add(
                    .doubles(sample.values(length, seed: UInt64(round))),
                    validity.words(length, seed: 4), options(round), "\(sample) \(validity)")
            }
            for sample in TextSample.allCases {
                round += 1
                let length = lengths[round % lengths.count]
                strips.add(
                    .texts(sample.values(length, seed: UInt64(round))),
                    validity.words(length, seed: 5), options(round), "\(sample) \(validity)")
            }
            for bits in ValiditySample.allCases {
                let length = lengths[round % lengths.count] + 900
                let words = bits.words(length, seed: 8)
                strips.add(
                    .booleans((0..<length).map { isValid(words, $0) }),
                    validity.words(length, seed: 6), StripOptions(), "bits \(bits) \(validity)")
            }
        }
        for sample in [DoubleSample.smooth, .patterns, .specials, .steps, .zeros] {
            var options = StripOptions()
            options.useGorilla = true
            strips.add(.doubles(sample.values(1400, seed: 1)), nil, options, "XOR \(sample)")
        }
        for cold in [false, true] {
            var options = StripOptions()
            options.isCold = cold
            strips.add(
                .doubles(ColdTests.skewed(3000, seed: 5)), nil, options, "skewed doubles")
            strips.add(.integers(ColdTests.walk(3000, seed: 6)), nil, options, "walk")
            strips.add(
                .integers(IntegerSample.smooth.values(4000, seed: 7)), nil, options, "smooth")
        }
        strips.add(
            .integers((0..<900).map { 1000 * $0 * $0 + 7000 * $0 }), nil, StripOptions(),
            "squares")
        strips.add(
            .integers((0..<1100).map { 5_000_000_000 * ($0 < 500 ? $0 : $0 + 1) }), nil,
            StripOptions(), "steps with a gap")
        strips.add(
            .doubles([Double](repeating: 5_000_000_000.27, count: 70)), nil, StripOptions(),
            "division")
        for forms in [IntegerEncoder.Forms.delta, .secondDelta] {
            strips.add(
                .integers(IntegerSample.wide.values(1100, seed: 9)), nil, StripOptions(),
                "wide", forms: forms)
        }
    }

    /// Each shape with each of its flags, in each thing that has integers.
    private func addShapes(_ strips: inout StripFile) {
        for shape in ShapeSample.all {
            let integers = shape.values(2048 + 700)
            func add(_ values: StripValues, _ what: String, cold: Bool = false) {
                var options = StripOptions()
                options.isCold = cold
                strips.add(values, nil, options, "\(shape.forms) \(what)", forms: shape.forms)
            }
            add(.integers(integers), "integers")
            add(.integers(integers), "cold integers", cold: true)
            let lowest = integers.min() ?? 0
            for isDivided in [false, true] {
                let base: Int64 = isDivided ? 1 << 40 : 100_000
                var doubles = integers.map { Double($0 &- lowest &+ base) / 100 }
                add(.doubles(doubles), "decimals of \(base)")
                for row in stride(from: 5, to: doubles.count, by: 211) { doubles[row] = .nan }
                add(.doubles(doubles), "decimals of \(base) with exceptions")
            }
            let first = OrderedBits.map(Int64(bitPattern: 0x3FF3_C083_126E_978D))
            let ordered = integers.map {
                Double(bitPattern: UInt64(bitPattern: OrderedBits.map(first &+ $0 &- lowest)))
            }
            add(.doubles(ordered), "ordered bits")
            add(.doubles((0..<2048).map { Double($0 % 700) / 10 } + ordered[..<700]), "both")
            let codes = integers.map { Int(truncatingIfNeeded: $0 &- lowest) }
            add(.texts(codes.map { Array("text \(10_000_000_000 + $0)".utf8) }), "texts")
            add(
                .texts(codes.map { [UInt8](repeating: UInt8($0 & 0x3F) + 32, count: $0 & 0xFF) }),
                "lengths")
            add(.doubles(codes.map { (Double($0) / 3).squareRoot() }), "distinct doubles")
            let few = integers.map { Int($0 & 0xFF) }
            add(.doubles(few.map { (Double($0) / 3).squareRoot() }), "few distinct doubles")
        }
    }

    /// Decimals and corrected decimals of each scale.
    private func addScales(_ strips: inout StripFile) {
        var random = SeededGenerator(seed: 12)
        var power = 1.0
        for scale in 0...18 {
            let ranges: [Range<Int64>] = [10..<(1 << 30), (1 << 33)..<(1 << 50)]
            for range in ranges {
                var values = (0..<1300).map { _ in
                    Double(Int64.random(in: range, using: &random) | 1) / power
                }
                strips.add(.doubles(values), nil, StripOptions(), "scale \(scale)")
                for row in values.indices {
                    values[row] = Double(
                        bitPattern: values[row].bitPattern &+ UInt64(row % 5))
                }
                strips.add(.doubles(values), nil, StripOptions(), "scale \(scale) corrected")
            }
            power *= 10
        }
    }

    /// Decimals of floats, cut patterns, and long stretches of one value.
    private func addOthers(_ strips: inout StripFile) {
        let samples: [DoubleSample] = [.fewSingles, .radians, .stretches, .strangeStretches]
        for sample in samples {
            for cold in [false, true] {
                var options = StripOptions()
                options.isCold = cold
                strips.add(.doubles(sample.values(7500, seed: 14)), nil, options, "\(sample)")
            }
        }
        // Small codes are frequent, large ones not.
        var random = SeededGenerator(seed: 15)
        let codes = (0..<7500).map { _ in
            min(random.next().leadingZeroBitCount, 12) * 4 + Int.random(in: 0..<4, using: &random)
        }
        var options = StripOptions()
        options.isCold = true
        strips.add(
            .texts(codes.map { Array("state \(100 + $0)".utf8) }), nil, options, "frequent texts")
    }

    /// Each kind as a function of another.
    private func addMaps(_ strips: inout StripFile) {
        var random = SeededGenerator(seed: 13)
        let codes = (0..<2500).map { _ in Int64.random(in: 0..<90, using: &random) }
        let source = strips.add(
            .doubles(codes.map { Double($0) / 2 }), nil, StripOptions(), "source")
        let targets: [StripValues] = [
            .integers(codes.map { $0 == 7 ? .max : $0 * 1_000_003 }),
            .doubles(codes.map { Double($0 * $0) / 10 }),
            .doubles(codes.map { ($0 == 8 ? .nan : Double($0 / 2)) }),
            .doubles(codes.map { (Double($0) / 3).squareRoot() }),
            .texts(codes.map { Array("state \($0)".utf8) }),
        ]
        let many = (0..<2500).map { _ in Int64.random(in: 0..<2000, using: &random) }
        let other = strips.add(.integers(many), nil, StripOptions(), "other source")
        strips.add(
            .doubles(many.map { Double($0) / 10 }), mappedFrom: other, cold: false, "decimals")
        for (index, target) in targets.enumerated() {
            for cold in [false, true] {
                strips.add(target, mappedFrom: source, cold: cold, "map \(index)")
            }
        }
    }

    // MARK: What must occur

    private static func hex(_ byte: UInt8) -> String {
        "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// Every form that there is, by the names that the reader gives them.
    private static var required: Set<String> {
        var forms: Set<String> = []
        for kind in StripKind.allCases {
            forms.insert("\(kind) validity form 0")
            forms.insert("\(kind) validity form 1")
            if kind != .booleans { forms.insert("\(kind) validity form 2") }
        }
        for byte in UInt8.min...UInt8.max {
            switch DoubleStage(byte: byte) {
            case .corrected(let scale) where scale != 4: continue
            case .singles(let scale) where scale != 3: continue
            case .cut(let width) where width != 48: continue
            default: break
            }
            if DoubleStage(byte: byte) != nil { forms.insert("doubles stage \(hex(byte))") }
            if TextStage(rawValue: byte) != nil { forms.insert("texts stage \(hex(byte))") }
            if EncodedBits.Form(rawValue: byte) != nil {
                forms.insert("validity bits form \(byte)")
                forms.insert("booleans bits form \(byte)")
            }
        }
        for shape in ["frame", "delta", "second delta"] {
            for width in ["no lanes", "lanes of 32", "lanes of 64", "coded residuals"] {
                forms.insert("integers \(shape) \(width)")
            }
        }
        forms.formUnion([
            "integers", "integers scaled", "booleans", "integers tokens signed",
            "integers tokens unsigned",
            "doubles tokens signed", "doubles tokens unsigned", "texts tokens unsigned",
            "doubles exceptions", "doubles statistics doubles", "doubles statistics based",
            "doubles statistics plain", "codes of doubles statistics plain",
            "codes of doubles statistics doubles", "integers statistics based",
            "integers statistics plain", "distinct doubles statistics doubles",
            "plain texts empty", "plain texts zstd", "plain texts as they are",
            "distinct texts zstd", "distinct texts as they are", "integers mapped",
            "doubles stage 0x00 mapped", "doubles stage 0x40 mapped", "texts stage 0x01 mapped",
        ])
        return forms
    }

    /// What has integers, and the flags that it may have.
    private static let flags: [(String, UInt8)] = [
        ("integers", VectorTag.divided | VectorTag.patchedOrRepeated),
        ("doubles", .max), ("codes of doubles", 0), ("codes of texts", 0), ("texts", 0),
    ]

    /// Shapes with flags that may be and that no tag among the forms has.
    private static func missingFlags(_ forms: Set<String>) -> [String] {
        var missing: [String] = []
        for (what, allowed) in flags {
            let tags = forms.filter { $0.hasPrefix(what + " tag 0x") }
                .compactMap { UInt8($0.suffix(2), radix: 16) }
            for shape in IntegerShape.allCases where shape != .gorilla || what == "doubles" {
                // Codes and lengths that are a ramp: the encoder has better for such columns.
                if shape == .ramp, allowed == 0 { continue }
                let own = tags.filter { $0 & 7 == shape.rawValue }
                if own.isEmpty { missing.append("\(what) \(shape)") }
                for flag in flags(of: shape) where flag & allowed != 0 {
                    if !own.contains(where: { $0 & flag != 0 }) {
                        missing.append("\(what) \(shape) with \(hex(flag))")
                    }
                }
            }
        }
        return missing
    }

    private static func flags(of shape: IntegerShape) -> [UInt8] {
        let ofDoubles = [VectorTag.division, VectorTag.ordered, VectorTag.exceptions]
        switch shape {
        case .constant: return ofDoubles + [VectorTag.patchedOrRepeated]
        case .ramp: return [VectorTag.division, VectorTag.patchedOrRepeated]
        case .frame, .delta, .secondDelta:
            return ofDoubles + [VectorTag.divided, VectorTag.patchedOrRepeated]
        case .runs, .raw: return ofDoubles
        case .gorilla: return [VectorTag.ordered]
        }
    }
}

/// Strips behind each other as `read.py --file` takes them, and what it must print of each.
private struct StripFile {
    var bytes: [UInt8] = []
    var lines: [[UInt8]] = []
    var names: [String] = []
    private var values: [StripValues] = []
    private var strips: [EncodedStrip] = []

    /// - Returns: the strip's place.
    @discardableResult
    mutating func add(
        _ values: StripValues, _ validity: [UInt64]?, _ options: StripOptions, _ name: String,
        forms: IntegerEncoder.Forms = .all
    ) -> Int {
        let strip = StripEncoder.encode(
            values, validity: validity, options: options, forms: forms)
        append(strip, source: 0, values, validity, name)
        return strips.count - 1
    }

    /// As a map from the strip at a place, where it can be one.
    mutating func add(_ target: StripValues, mappedFrom place: Int, cold: Bool, _ name: String) {
        var options = StripOptions()
        options.isCold = cold
        let own = StripEncoder.encode(target, validity: nil, options: options)
        guard
            let source = MapColumn(
                strips[place], values[place].kind, rowCount: values[place].count),
            let column = MapColumn(own, target.kind, rowCount: target.count), column.mayMap,
            let mapped = MappedStripEncoder.encode(column, from: source)
        else {
            Issue.record("\(name) is not mapped")
            return
        }
        append(mapped, source: place + 1, target, nil, name)
    }

    private mutating func append(
        _ strip: EncodedStrip, source: Int, _ values: StripValues, _ validity: [UInt64]?,
        _ name: String
    ) {
        var sealed = strip
        sealed.seal(salt: 0, offset: 0)
        bytes.append(values.kind.rawValue)
        for number in [source, values.count, sealed.bytes.count] {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(number >> shift & 0xFF)) }
        }
        bytes += sealed.bytes
        strips.append(strip)
        self.values.append(values)
        names.append(name)
        lines.append(Self.line(values, validity))
    }

    private static func line(_ values: StripValues, _ validity: [UInt64]?) -> [UInt8] {
        var line: [UInt8] = []
        for row in 0..<values.count {
            if row > 0 { line.append(0x09) }
            guard isValid(validity, row) else {
                line += "\\N".utf8
                continue
            }
            switch values {
            case .integers(let integers): line += String(integers[row]).utf8
            case .doubles(let doubles):
                let digits = String(doubles[row].bitPattern, radix: 16)
                line += [UInt8](repeating: 0x30, count: 16 - digits.utf8.count)
                line += digits.utf8
            case .booleans(let booleans): line += (booleans[row] ? "true" : "false").utf8
            case .texts(let offsets, let bytes):
                for byte in bytes[Int(offsets[row])..<Int(offsets[row + 1])] {
                    switch byte {
                    case 0x09: line += "\\t".utf8
                    case 0x0A: line += "\\n".utf8
                    case 0x0D: line += "\\r".utf8
                    case 0x5C: line += "\\\\".utf8
                    default: line.append(byte)
                    }
                }
            }
        }
        return line
    }
}

extension StripValues {
    fileprivate static func texts(_ texts: [[UInt8]]) -> StripValues {
        var offsets: [UInt32] = [0]
        var bytes: [UInt8] = []
        for text in texts {
            bytes += text
            offsets.append(UInt32(bytes.count))
        }
        return .texts(offsets: offsets, bytes: bytes)
    }
}

/// Integers that a shape with some of its flags is made for.
private struct ShapeSample {
    let forms: IntegerEncoder.Forms
    var isDivided = false
    var isPatched = false

    static let all: [ShapeSample] =
        [
            ShapeSample(forms: .constant), ShapeSample(forms: .ramp), ShapeSample(forms: .runs),
            ShapeSample(forms: .raw),
        ]
        + [IntegerEncoder.Forms.frame, .delta, .secondDelta].flatMap { forms in
            [false, true].flatMap { isDivided in
                [false, true].map {
                    ShapeSample(forms: forms, isDivided: isDivided, isPatched: $0)
                }
            }
        }

    func values(_ count: Int) -> [Int64] {
        var random = SeededGenerator(seed: UInt64(forms.rawValue))
        if forms == .constant { return [Int64](repeating: 30, count: count) }
        if forms == .ramp { return (0..<Int64(count)).map { 7 + 3 * $0 } }
        if forms == .runs { return (0..<Int64(count)).map { $0 / 19 * 7 % 90 } }
        var values: [Int64] = []
        var value: Int64 = 0
        var difference: Int64 = 0
        for row in 0..<count {
            var residual = Int64.random(in: 0..<6, using: &random)
            if isPatched, row % 90 == 40 { residual += 500 }
            if isPatched, row % 90 == 41 { residual -= 500 }
            if isDivided { residual *= 36 }
            switch forms {
            case .delta: value += residual - (value > 3000 ? 100 : 0)
            case .secondDelta:
                difference += residual - (isDivided ? 90 : 2)
                value += difference
            default: value = residual
            }
            values.append(value)
        }
        return values
    }
}
