import BelfryCore
import BelfryTestSupport
import Testing

/// The text forms of times: what is read, what is refused, what is written.
@Suite struct TimestampTextTests {
    static let second: Int64 = 1_000_000_000

    @Test(arguments: [
        ("1970-01-01", 0),
        ("2014-08-01T07:50:00", 1_406_879_400_000_000_000),
        ("2014-08-01 07:50", 1_406_879_400_000_000_000),
        ("2014-08-01t07:50:00z", 1_406_879_400_000_000_000),
        ("  2014-08-01 07:50:00Z  ", 1_406_879_400_000_000_000),
        ("2014-08-01 09:50:00+02", 1_406_879_400_000_000_000),
        ("2014-08-01 09:50:00 +02:00", 1_406_879_400_000_000_000),
        ("2014-08-01 09:50:00+0200", 1_406_879_400_000_000_000),
        ("2014-08-01 04:20:00-03:30", 1_406_879_400_000_000_000),
        ("2014-08-01 07:50:00 UTC", 1_406_879_400_000_000_000),
        ("2014-8-1 7:50 AM", 1_406_879_400_000_000_000),
        ("2014-08-01 12:00:00 AM", 1_406_851_200_000_000_000),
        ("2014-07-31 24:00:00", 1_406_851_200_000_000_000),
        ("2014-05-22 09:09:04.145", 1_400_749_744_145_000_000),
        ("2014-05-22 09:09:04,145", 1_400_749_744_145_000_000),
        ("2014-05-22 09:09:04.123456789", 1_400_749_744_123_456_789),
        ("2014-05-22 09:09:04.12345678999", 1_400_749_744_123_456_789),
        ("1969-12-31 23:59:59.5", -500_000_000),
        ("infinity", Int64.max), ("-infinity", Int64.min), ("INFINITY", Int64.max),
        ("9999-01-01", Int64.max), ("0001-01-01", Int64.min), ("epoch", 0),
        ("1677-09-21 00:12:43.145224193", Int64.min + 1),
        ("2262-04-11 23:47:16.854775806", Int64.max - 1),
        ("2262-04-11 23:47:16.854775808", Int64.max),
    ])
    func reads(_ text: String, _ nanoseconds: Int64) throws {
        let time = try #require(Timestamp(text))
        #expect(time.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", " ", "x", "2014", "2014-13-01", "2014-02-29", "2014-00-01", "2014-01-32",
        "2014-08-01T", "2014-08-01T7", "2014-08-01 25:00", "2014-08-01 24:00:01",
        "2014-08-01 07:60", "2014-08-01 07:50:61", "2014-08-01 07:50:00.", "2014-08-01 07:50:00+",
        "2014-08-01 07:50:00+99", "2014-08-01 07:50:00 nowhere", "14-08-01", "2014-08-01x",
        "2014-08-01 13:00 PM", "1406879400", "\u{0}", "2014-08-01\u{0}",
    ])
    func refuses(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func writesAsPostgreSQL() throws {
        let zone = try #require(TimeZoneRules(fixed: "+05:30"))
        let time = try #require(Timestamp("2014-05-22 09:09:04.145"))
        #expect(time.description == "2014-05-22 09:09:04.145+00")
        #expect(time.text(in: zone) == "2014-05-22 14:39:04.145+05:30")
        #expect(Timestamp.infinity.description == "infinity")
        #expect(Timestamp.negativeInfinity.text(in: zone) == "-infinity")
        let odd = TimeZoneRules(name: "LMT", offsetSeconds: -(53 * 60 + 28))
        #expect(Timestamp(nanoseconds: 0).text(in: odd) == "1969-12-31 23:06:32-00:53:28")
    }

    @Test func readsWhatItWrites() throws {
        var generator = SeededGenerator(seed: 7)
        let zones = ["+00", "+02:00", "-09:30"].compactMap { TimeZoneRules(fixed: $0) }
        #expect(zones.count == 3)
        for round in 0..<5_000 {
            var nanoseconds = Int64(bitPattern: generator.next())
            if round % 2 == 0 { nanoseconds >>= Int64.random(in: 0..<40, using: &generator) }
            let time = Timestamp(nanoseconds: nanoseconds)
            #expect(Timestamp(time.text(in: zones[round % 3])) == time)
        }
    }

    @Test func fastReaderEqualsTheFullOne() {
        var generator = SeededGenerator(seed: 8)
        var reader = TimeTextReader()
        let alphabet = Array("0123456789-: T.Z+".utf8)
        for round in 0..<20_000 {
            let wall = Int64(bitPattern: generator.next()) >> Int64(round % 30)
            var bytes: [UInt8] = []
            Timestamp.appendText(ofWall: wall / 1_000_000_000 * 1_000_000_000, to: &bytes)
            if round % 3 == 0 { bytes.append(contentsOf: ".25+01".utf8) }
            if round % 4 != 0, !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = alphabet.randomElement(using: &generator) ?? 0
            }
            let expected = TimeText(bytes.span)
            #expect(
                reader.read(bytes.span) == expected, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
