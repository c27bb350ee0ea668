import BelfryCodecs
import Testing

/// Small strips of every codec, byte for byte as `formats/codecs.md` shows them.
struct GoldenStripTests {
    static let strips: [(name: String, values: StripValues, hex: String)] = [
        ("constant", .integers([7, 7, 7]), ""),
        ("ramp", .integers([10, 20, 30, 40]), ""),
        ("frame", .integers([3, 1, 2, 0, 3, 1, 0, 2]), ""),
        ("decimals", .doubles([21.5, 21.6, 21.4, 21.5, 22.0, 21.9, 20.8, 21.1]), ""),
        ("booleans", .booleans([true, false, true, true]), ""),
        (
            "dictionary",
            .texts(
                offsets: [0, 2, 7, 9, 11, 16], bytes: Array("OKALARMOKOKALARM".utf8)), ""
        ),
    ]

    @Test(arguments: strips.indices)
    func encodesAsDocumented(index: Int) {
        let (name, values, hex) = Self.strips[index]
        var strip = StripEncoder.encode(values, validity: nil)
        strip.seal(salt: 0, offset: 0)
        let found = strip.bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: " ")
        #expect(found == hex, "\(name)")
    }
}
