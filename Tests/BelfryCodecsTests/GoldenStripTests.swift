import BelfryCodecs
import Testing

/// Small strips of every codec, byte for byte as `formats/codecs.md` shows them.
struct GoldenStripTests {
    static let strips: [(name: String, values: StripValues, hex: String)] = [
        (
            "constant", .integers([7, 7, 7]),
            "05 00 00 00 00 00 00 00 00 03 00 00 0e 35 71 c0 b0 34 9b c3 fd f8 42 be "
                + "bc 81 0d b2 bd"
        ),
        (
            "ramp", .integers([10, 20, 30, 40]),
            "06 00 00 00 00 00 00 00 00 04 00 01 14 14 7a e0 05 ca c5 08 d4 cf 5f 7b "
                + "80 73 9a 31 af 9f"
        ),
        (
            "frame", .integers([3, 1, 2, 0, 3, 1, 0, 2]),
            "0b 00 00 00 02 00 00 00 00 08 00 05 00 02 00 08 00 03 0c c9 29 27 21 13 "
                + "52 6b 07 27 87 ff 4f 62 95 a5 9f 05 fc"
        ),
        (
            "decimals", .doubles([21.5, 21.6, 21.4, 21.5, 22.0, 21.9, 20.8, 21.1]),
            "0d 00 00 00 04 00 00 00 01 08 01 00 05 a0 03 04 00 08 00 0c 36 a9 74 87 "
                + "c9 bb df c4 b1 87 76 bc 30 e5 14 b1 a8 00 4c 9c fd"
        ),
        (
            "booleans", .booleans([true, false, true, true]),
            "05 00 00 00 01 00 00 00 02 04 00 02 03 41 d1 8d ee 2d 77 fb 05 0d 8b d0 "
                + "2c 88 37 b3 e6 86"
        ),
        (
            "dictionary",
            .texts(
                offsets: [0, 2, 7, 9, 11, 16], bytes: Array("OKALARMOKOKALARM".utf8)),
            "0c 00 00 00 0a 00 00 00 03 05 01 02 09 09 00 05 00 01 01 04 38 64 7e 3a "
                + "8b 76 ed bb 05 02 41 4c 41 52 4d 4f 4b 45 a2 17 68 dc e7 2e 8b 52"
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
