import Foundation
import Testing

@testable import BelfryCodecs

/// Every example of `formats/codecs.md`, taken from the text itself, is what the encoder writes
/// and decodes to the values the text names.
struct FormatExampleTests {
    private static let examples: [String: (StripValues, IntegerEncoder.Forms)] = [
        "Constant": (.integers([7, 7, 7]), .all),
        "Ramp": (.integers((0..<3000).map { 100 + $0 * 5 }), .all),
        "Frame": (.integers([10, 4_000_000_010, 2_500_000_010, 3_000_000_011]), .frame),
        "Delta with a divisor and a patch": (
            .integers((0..<40).map { $0 < 25 ? $0 * 300 : $0 * 300 + 9000 }), .all
        ),
        "Scaled": (
            .integers((0..<1100).map { 5_000_000_000 * ($0 < 500 ? $0 : $0 + 1) }), .all
        ),
        "Second delta": (.integers((0..<40).map { 1000 * $0 * $0 + 7000 * $0 }), .all),
        "Runs": (
            .integers(
                [Int64](repeating: 5, count: 12) + [Int64](repeating: 900, count: 8)
                    + [Int64](repeating: 5, count: 4)), .all
        ),
        "Decimals": (.doubles([20.5, 20.7, 20.6, 21.2]), .all),
        "Exceptions": (.doubles([20.5, 20.7, -0.0, 21.2, 20.5, 20.6]), .all),
        "Division": (.doubles([5_000_000_000.27, 5_000_000_000.27]), .all),
        "Ordered bits": (.doubles([.infinity, .infinity]), .all),
        "Decimals of floats": (
            .doubles([Float(20.5), 20.7, 20.6, 21.2].map { Double($0) }), .all
        ),
        "Stretches of one double": (.doubles(codes), .all),
        "XOR": (.doubles([1.5, 1.5, 2.5]), .all),
        "Booleans": (.booleans([true, false, true, true, true]), .all),
        "Rows without a value": (.integers([3, 0, 4, 5]), .all),
        "Slots for values alone": (.integers([0, 3, 0, 0, 0, 4, 6, 0, 0]), .all),
        "Plain texts": (texts(["ab", "cde", ""]), .all),
        "Dictionary": (texts(["off", "on", "off", "on", "on"]), .all),
    ]

    /// Two doubles that are no decimals, for a vector and for two.
    private static let codes: [Double] = (0..<2500).map { $0 < 1024 ? 0.1 + 0.2 : 1.0 / 3 }

    private static func texts(_ texts: [String]) -> StripValues {
        var offsets: [UInt32] = [0]
        for text in texts { offsets.append(offsets[offsets.count - 1] + UInt32(text.utf8.count)) }
        return .texts(offsets: offsets, bytes: Array(texts.joined().utf8))
    }

    /// The bytes below each bold heading behind "## Examples": what comes first in a line.
    private static func documented() throws -> [String: [UInt8]] {
        let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../formats/codecs.md").standardized
        let text = try String(contentsOf: place, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Examples\n").last)
        var found: [String: [UInt8]] = [:]
        var name = ""
        var isInside = false
        for line in section.split(separator: "\n") {
            if line.hasPrefix("```") {
                isInside.toggle()
            } else if line.hasPrefix("**") {
                name = String(line.dropFirst(2).prefix { $0 != "." && $0 != "*" })
            } else if isInside {
                for word in line.split(separator: " ") {
                    guard word.count == 2, let byte = UInt8(word, radix: 16) else { break }
                    found[name, default: []].append(byte)
                }
            }
        }
        return found
    }

    /// Too few rows for the encoder to code.
    private static let coded = "Coded residuals"

    @Test func codedResidualsOfTheTextDecode() throws {
        let example = try #require(try Self.documented()[Self.coded])
        let directoryByteCount = 8 + Int(example[0]) + 8
        var bytes = Array(example[..<(directoryByteCount - 8)]) + [UInt8](repeating: 0, count: 8)
        bytes += example[(directoryByteCount - 8)...] + [UInt8](repeating: 0, count: 8)
        Strip.seal(&bytes, directoryByteCount: directoryByteCount, salt: 0, offset: 0)
        let decoder = try StripDecoder(
            bytes: bytes, kind: .integers, rowCount: 6, salt: 0, offset: 0)
        #expect(try decoder.decodeIntegers(0) == [10, 13, 10, 27, 10, 13])
        let summary = IntegerSummary(min: 10, max: 27, sum: 83)
        #expect(
            decoder.statistics(of: 0) == VectorStatistics(count: 6, numbers: .integers(summary)))
    }

    @Test func textAndEncoderAgree() throws {
        let documented = try Self.documented()
        #expect(Set(documented.keys) == Set(Self.examples.keys).union([Self.coded]))
        for (name, (values, forms)) in Self.examples {
            let validities: [String: [UInt64]] = [
                "Rows without a value": [0b1101], "Slots for values alone": [0b0110_0010],
            ]
            let validity = validities[name]
            let trip: RoundTrip
            switch values {
            case .integers(let integers):
                trip = try RoundTrip.check(integers, validity, forms: forms)
            case .doubles(let doubles):
                trip = try RoundTrip.check(doubles, gorilla: name == "XOR", forms: forms)
            case .booleans(let booleans): trip = try RoundTrip.check(booleans)
            case .texts: trip = try RoundTrip(values, nil)
            }
            let bytes = trip.strip.bytes
            let directoryEnd = trip.strip.directoryByteCount - 8
            let payload = bytes[trip.strip.directoryByteCount..<(bytes.count - 8)]
            let found = Array(bytes[..<directoryEnd]) + payload
            #expect(documented[name] == found, "\(name): \(hexadecimal(found))")
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
