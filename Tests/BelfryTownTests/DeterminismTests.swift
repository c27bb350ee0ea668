import BelfryTown
import Testing

/// The same seed is the same town, whichever part of it is asked for.
@Suite struct DeterminismTests {
    @Test func sameSeedSameBytes() {
        let again = TownText.make(TownOptions())
        #expect(again.text.files == TownText.small.text.files)
    }

    @Test func anotherSeedIsAnotherTown() {
        let other = TownText.make(TownOptions(seed: 20))
        for table in readingTables {
            #expect(
                other.text.digest(table, "file") != TownText.small.text.digest(table, "file"))
        }
    }

    /// These change only when the town is meant to change; a platform must not change them.
    @Test(arguments: pinnedDigests)
    func digestsAreWhatTheyWere(_ pinned: (table: String, digest: String)) {
        #expect(TownText.small.text.digest(pinned.table, "file") == pinned.digest)
    }

    @Test func summaryCarriesTheFileDigests() {
        for table in TownText.small.summary.tables {
            let text = String(table.digest, radix: 16)
            let padded = String(repeating: "0", count: 16 - text.count) + text
            #expect(TownText.small.text.digest(table.name, "file") == padded)
        }
    }

    /// A day alone has the rows of that day in a longer run, but for registers, which carry on.
    @Test func aDayAloneIsThatDayOfTheRun() {
        let alone = TownText.make(
            TownOptions(firstDay: TownOptions.defaultFirstDay + 1, days: 1))
        for table in ["traffic", "air", "weather", "parking", "incident", "city_event"] {
            let day = alone.text.digest(table, "2025-10-07")
            #expect(day != nil)
            #expect(day == TownText.small.text.digest(table, "2025-10-07"), "\(table)")
        }
    }

    /// The 23-hour and the 25-hour day too.
    @Test(arguments: [("2025-10-25", 1), ("2026-03-28", 1)])
    func aDayAloneAcrossAClockChange(_ run: (start: String, change: Int)) throws {
        let first = try #require(TownOptions.firstDay(from: run.start))
        let long = TownText.make(TownOptions(firstDay: first, days: 2))
        let alone = TownText.make(TownOptions(firstDay: first + run.change, days: 1))
        for table in ["traffic", "air", "weather", "parking", "incident"] {
            for line in alone.text.text("truth/digest.txt").split(separator: "\n")
            where line.hasPrefix(table + " ") && !line.contains(" file ") {
                #expect(long.text.text("truth/digest.txt").contains(line), "\(line)")
            }
        }
    }

    /// A larger profile holds the smaller one's sensors where they were.
    @Test func sensorsStayInLargerProfiles() {
        let small = Town(options: TownOptions(profile: .small))
        let large = Town(options: TownOptions(profile: .medium))
        for domain in TownDomain.allCases {
            let few = small.series(of: domain)
            #expect(large.series(of: domain).starts(with: few))
            #expect(few.count >= 2)
        }
    }

    @Test func chunksAreTheRowsOfTheFile() {
        let town = Town(options: TownOptions(days: 1))
        let text = TownText.make(town.options).text
        let rows = text.rows("traffic.csv")
        let names = town.series(of: .traffic).map { String(decoding: $0, as: UTF8.self) }
        var place = 0
        town.forEachChunk(of: .traffic) { chunk in
            for row in 0..<chunk.count {
                #expect(rows[place][1] == names[Int(chunk.sensors[row])])
                let vehicles = chunk.values[row * chunk.fieldCount]
                #expect(rows[place][2] == (vehicles == ReadingChunk.empty ? "" : "\(vehicles)"))
                place += 1
            }
        }
        #expect(place == rows.count)
    }

    @Test func piecesAreSmall() {
        #expect(TownText.small.text.largestPiece < 1 << 18)
    }
}
