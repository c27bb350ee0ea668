import BelfryCore
import BelfryTestSupport
import Testing

/// Zones: offsets, abbreviations, gaps and folds, years past the file, damaged files, names.
@Suite struct TimeZoneRulesTests {
    let database = TimeZoneDatabase()

    private func time(_ text: String) throws -> Timestamp {
        try #require(Timestamp(text))
    }

    private func wall(_ text: String) throws -> Int64 {
        try #require(TimeText(text)).wall
    }

    @Test func copenhagen() throws {
        let zone = try database.rules(named: "Europe/Copenhagen")
        let summer = zone.period(at: try time("2014-08-01"))
        #expect(summer.offsetSeconds == 7200)
        #expect(summer.isDaylight)
        #expect(summer.abbreviation == "CEST")
        #expect(summer.end == Timestamp("2014-10-26 01:00:00"))
        #expect(zone.offsetSeconds(at: try time("2014-12-01")) == 3600)
        // Past the last change in the file the rule of its last line goes on.
        #expect(zone.offsetSeconds(at: try time("2150-07-01")) == 7200)
        #expect(zone.offsetSeconds(at: try time("2261-12-01")) == 3600)
        #expect(
            zone.reading(ofWall: try wall("2014-10-26 02:30:00"))
                == .twice(
                    first: try time("2014-10-26 00:30:00"), second: try time("2014-10-26 01:30:00"))
        )
        #expect(
            zone.reading(ofWall: try wall("2014-03-30 02:30:00"))
                == .missing(
                    jump: try time("2014-03-30 01:00:00"), shifted: try time("2014-03-30 01:30:00"))
        )
        #expect(
            zone.reading(ofWall: try wall("2014-03-30 03:00:00"))
                == .unique(try time("2014-03-30 01:00:00")))
        #expect(
            zone.reading(ofWall: try wall("2014-03-30 02:00:00"))
                == .missing(
                    jump: try time("2014-03-30 01:00:00"), shifted: try time("2014-03-30 01:00:00"))
        )
        #expect(zone.reading(ofWall: .max) == .unique(.infinity))
    }

    @Test func skippedDay() throws {
        let zone = try database.rules(named: "Pacific/Apia")
        guard case .missing(let jump, _) = zone.reading(ofWall: try wall("2011-12-30 12:00"))
        else {
            Issue.record("2011-12-30 does not exist in Apia")
            return
        }
        #expect(jump == Timestamp("2011-12-30 10:00:00Z"))
    }

    @Test func fixedOffsets() throws {
        #expect(TimeZoneRules(fixed: "UTC")?.fixedOffsetSeconds == 0)
        #expect(TimeZoneRules(fixed: "+02:00")?.fixedOffsetSeconds == 7200)
        #expect(TimeZoneRules(fixed: "-0330")?.fixedOffsetSeconds == -12_600)
        #expect(TimeZoneRules(fixed: "02:00") == nil)
        #expect(TimeZoneRules(fixed: "") == nil)
        let zone = try #require(TimeZoneRules(fixed: "+02:00"))
        #expect(zone.instant(ofWall: try wall("2014-08-01 09:50")) == Timestamp("2014-08-01 07:50"))
        #expect(try database.rules(named: "Etc/GMT+3").fixedOffsetSeconds == -10_800)
    }

    @Test(arguments: [
        "/etc/passwd", "../passwd", "Europe/../../x", "", "a\u{0}b", "Europe//x", ".",
    ])
    func refusesPaths(_ name: String) {
        #expect(throws: TimeZoneError.self) { try database.rules(named: name) }
    }

    @Test func suggests() {
        do throws(TimeZoneError) {
            _ = try database.rules(named: "Europe/Kopenhagen")
            Issue.record("there is no such zone")
        } catch {
            #expect(error.suggestions == ["Europe/Copenhagen"])
            #expect(error.description.contains("did you mean \"Europe/Copenhagen\"?"))
        }
        #expect(throws: TimeZoneError.self) {
            try TimeZoneDatabase(folder: "/nowhere").rules(named: "Europe/Paris")
        }
    }

    @Test func caseDoesNotMatter() throws {
        #expect(try database.rules(named: "europe/copenhagen").name == "Europe/Copenhagen")
    }

    /// Every zone: readings and instants are inverse, at random and around changes.
    @Test func readingsInvertInstants() throws {
        var generator = SeededGenerator(seed: 11)
        let names = database.names
        #expect(names.count > 300)
        for name in names {
            let zone = try database.rules(named: name)
            var times = (0..<20).map { _ in
                Timestamp(nanoseconds: Int64(bitPattern: generator.next()) >> 1)
            }
            for change in zone.changes.filter({ _ in generator.next() % 16 == 0 }) {
                for step in [-3_600_000_000_000, -1, 0, 1, 1_800_000_000_000] as [Int64] {
                    times.append(change.advanced(byNanoseconds: step))
                }
            }
            for time in times {
                let wall = time.wallNanoseconds(in: zone)
                switch zone.reading(ofWall: wall) {
                case .unique(let found): #expect(found == time, "\(name) \(time)")
                case .twice(let first, let second):
                    #expect(first < second)
                    #expect(first == time || second == time, "\(name) \(time)")
                case .missing: Issue.record("\(name) \(time) is read and yet missing")
                }
            }
        }
    }

    @Test func damagedFilesAreErrors() throws {
        // Version 1, one change, two clocks: enough of the format to cut and flip.
        var file = Array("TZif".utf8) + [0] + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, 0, 1, 2, 8] as [UInt8] { file += [0, 0, 0, count] }
        file += [0x40, 0, 0, 0, 1]
        file += [0, 0, 0x0e, 0x10, 0, 0] + [0, 0, 0x1c, 0x20, 1, 4]
        file += Array("CET\u{0}CST\u{0}".utf8)
        let zone = try TimeZoneRules(name: "test", tzif: file)
        #expect(zone.changes == [Timestamp(seconds: 0x4000_0000)])
        #expect(zone.period(at: .infinity).abbreviation == "CST")
        for count in 0..<file.count {
            #expect(throws: FormatError.self) {
                try TimeZoneRules(name: "test", tzif: Array(file.prefix(count)))
            }
        }
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var damaged = file
            let place = Int.random(in: 0..<file.count, using: &generator)
            damaged[place] = UInt8(truncatingIfNeeded: generator.next())
            damaged[4] = [0, 50, 51][Int(generator.next() % 3)]
            _ = try? TimeZoneRules(name: "test", tzif: damaged)
        }
    }

    @Test(arguments: [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2030-07-01", 7200, "CEST"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2030-03-31 00:59:59", 3600, "CET"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2030-03-31 01:00:00", 7200, "CEST"),
        ("<+0330>-3:30", "2030-07-01", 12_600, "+0330"),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2030-12-01", 0, "GMT"),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2030-01-01", 39_600, "AEDT"),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31 00:59:59", -7200, "-02"),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31 01:00:00", -3600, "-01"),
        ("AAA0BBB,J60,J300", "2024-02-29 12:00:00", 0, "AAA"),
        ("AAA0BBB,J60,J300", "2024-03-01 12:00:00", 3600, "BBB"),
        ("AAA0BBB,59,300", "2024-02-29 12:00:00", 3600, "BBB"),
    ])
    func footers(_ rule: String, _ text: String, _ offset: Int32, _ name: String) throws {
        var file: [UInt8] = []
        for _ in 0..<2 {
            file += Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, 0, 1, 4] as [UInt8] { file += [0, 0, 0, count] }
            file += [0, 0, 0, 0, 0, 0] + Array("UTC\u{0}".utf8)
        }
        file += Array("\n\(rule)\n".utf8)
        let zone = try TimeZoneRules(name: "test", tzif: file)
        let period = zone.period(at: try time(text))
        #expect(period.offsetSeconds == offset)
        if zone.fixedOffsetSeconds == nil { #expect(period.abbreviation == name) }
    }
}
