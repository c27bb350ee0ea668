import BelfryTown
import Foundation
import Testing

/// What the truth files say is what a plain count over the lines finds.
@Suite struct TruthTests {
    private let town = TownText.small.text

    @Test(arguments: readingTables)
    func countsAddUp(_ table: String) throws {
        let truth = try #require(town.rows("truth/counts.csv").first { $0[0] == table })
        let rows = town.rows("\(table).csv")
        var seen: Set<String> = []
        var series: Set<String> = []
        var again = 0
        var late = 0
        var newest = ""
        for row in rows {
            if !seen.insert("\(row[0]) \(row[1])").inserted { again += 1 }
            series.insert(row[1])
            if row[0] < newest { late += 1 }
            newest = max(newest, row[0])
        }
        #expect(truth[1] == "\(series.count)")
        #expect(truth[2] == "\(rows.count)")
        #expect(truth[3] == "\(seen.count)")
        #expect(truth[4] == "\(again)")
        #expect(truth[5] == "\(late)")
        #expect(again > 0)
        #expect(late > 0)
    }

    /// Second deliveries are the same line, and nothing else shares a series and a time.
    @Test(arguments: readingTables)
    func duplicatesAreEqual(_ table: String) {
        var lines: [String: [String]] = [:]
        for row in town.rows("\(table).csv") {
            let key = "\(row[0]) \(row[1])"
            if let earlier = lines[key] { #expect(earlier == row) }
            lines[key] = row
        }
    }

    @Test(arguments: readingTables)
    func seriesAddUp(_ table: String) {
        let header = town.header("\(table).csv")
        var columns: [String: [String: Naive]] = [:]
        var seen: Set<String> = []
        for row in town.rows("\(table).csv").sorted(by: { $0[0] < $1[0] })
        where seen.insert("\(row[0]) \(row[1])").inserted {
            for (field, text) in zip(header, row).dropFirst(2) where !text.isEmpty {
                guard let value = Naive.units(text) else { continue }
                columns[row[1], default: [:]][field, default: Naive()].add(value, text)
            }
        }
        var checked = 0
        for truth in town.rows("truth/series.csv") where truth[0] == table && truth[2] != "time" {
            guard let naive = columns[truth[1]]?[truth[2]] else {
                Issue.record("no values of \(truth)")
                continue
            }
            #expect(truth[3] == "\(naive.count)")
            #expect(Naive.units(truth[4]) == naive.sum)
            #expect(Naive.units(truth[5]) == naive.least)
            #expect(Naive.units(truth[6]) == naive.most)
            #expect(truth[7] == naive.first)
            #expect(truth[8] == naive.last)
            checked += 1
        }
        #expect(checked > 0)
    }

    /// About one value in a thousand is an empty field, and no reading is missing without a cause.
    @Test func nothingIsMissingWithoutACause() throws {
        let expected = [
            "traffic": 16 * 288 * 2, "air": 8 * 288 * 2, "weather": 4 * 1_440 * 2,
            "parking": 8 * 288 * 2, "meter": 400 * 96 * 2,
        ]
        for table in TownText.small.summary.tables {
            guard let readings = expected[table.name] else { continue }
            #expect(table.unique + table.lost + table.silent == readings, "\(table.name)")
            let gaps = town.rows("truth/gaps.csv").filter { $0[0] == table.name }
            let silent = gaps.filter { $0[2] == "silence" }.compactMap { Int($0[5]) }
            #expect(silent.reduce(0, +) == table.silent)
            let held = gaps.filter { $0[2] != "silence" }.compactMap { $0.last.flatMap { Int($0) } }
            #expect(held.reduce(0, +) == table.late)
        }
        let meters = try #require(TownText.small.summary.tables.first { $0.name == "meter" })
        let empty = meters.unique * 2 - meters.values
        #expect(empty > meters.unique / 1_000 && empty < meters.unique * 4 / 1_000)
    }

    @Test func happeningsAreInOrder() {
        for table in ["incident", "city_event"] {
            let times = town.rows("\(table).csv").map { $0[0] }
            #expect(times == times.sorted())
            #expect(!times.isEmpty)
        }
        for row in town.rows("incident.csv") {
            #expect(row[0] < row[4] && row[4] < row[5] && row[5] < row[6])
        }
    }

    /// Every series of a table stands in the table that says where it is.
    @Test func everySensorHasAPlace() {
        let pairs = [
            ("traffic", "road_sensor"), ("air", "air_site"), ("weather", "weather_site"),
            ("parking", "garage"), ("meter", "meter_site"), ("city_event", "venue"),
        ]
        for (table, reference) in pairs {
            let places = Set(town.rows("\(reference).csv").map { $0[0] })
            for row in town.rows("\(table).csv") { #expect(places.contains(row[1])) }
        }
        let roads = Set(town.rows("road_sensor.csv").map { $0[0] })
        for site in town.rows("air_site.csv") { #expect(roads.contains(site[4])) }
    }

    @Test func schemaNamesEveryColumn() {
        let schema = town.text("schema.sql")
        for (name, bytes) in town.files where name.hasSuffix(".csv") && !name.contains("/") {
            let table = name.dropLast(4)
            guard let begin = schema.range(of: "CREATE TABLE \(table) (\n") else {
                Issue.record("no \(table) in the schema")
                continue
            }
            let rest = schema[begin.upperBound...]
            let end = rest.range(of: ";\n")?.lowerBound ?? rest.endIndex
            for column in town.header(name) {
                #expect(rest[..<end].contains("  \(column) "), "\(table).\(column)")
            }
            #expect(!bytes.isEmpty)
        }
    }
}

/// Sums in tenths or ones, from the text: an integer of the digits.
private struct Naive {
    var count = 0
    var sum = 0
    var least = Int.max
    var most = Int.min
    var first = ""
    var last = ""

    mutating func add(_ value: Int, _ text: String) {
        if count == 0 { first = text }
        last = text
        count += 1
        sum += value
        least = min(least, value)
        most = max(most, value)
    }

    static func units(_ text: String) -> Int? {
        Int(String(text.filter { $0 != "." }))
    }
}
