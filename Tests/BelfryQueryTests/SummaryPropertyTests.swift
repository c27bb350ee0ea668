import BelfryCore
import BelfrySQL
import BelfryStorage
import BelfryTestSupport
import Testing

@testable import BelfryQuery

/// Aggregates with and without statistics and packed vectors, against the naive answer: random
/// tables of long and short series, written late, twice and with gaps, deleted from, flushed and
/// compacted at random.
struct SummaryPropertyTests {
    private struct Row {
        var series: Int
        var time: Int64
        var x: Double?
        var n: Int64?
        var t: String?
        var f: Bool?
    }

    private static let minute: Int64 = 60_000_000_000
    private static let start: Int64 = 1_700_000_000_000_000_000
    private static let words = ["calm", "dry", "fog", "rain", "snow"]

    // MARK: The table

    /// What the doubles of one write look like: every form that they are stored in.
    private static func double(_ kind: Int, _ row: Int, _ random: inout SeededGenerator) -> Double?
    {
        switch kind {
        case 0: return Double(Int.random(in: 0...400, using: &random)) / 10
        case 1: return Double.random(in: -1e6...1e6, using: &random)
        case 2: return Double(row % 7)
        case 3:
            // Decimals that are a few doubles off.
            let decimal = Double(Int.random(in: -9_000...9_000, using: &random)) / 100
            return Bool.random(using: &random) ? decimal.nextUp : decimal
        case 4: return 21.5
        default:
            switch Int.random(in: 0..<40, using: &random) {
            case 0: return .nan
            case 1: return Double(bitPattern: 0xfff8_0000_0000_0001)
            case 2: return -0.0
            case 3: return 0.0
            case 4 where kind == 5: return .infinity
            case 5 where kind == 6: return -.infinity
            case 6: return .leastNonzeroMagnitude
            default: return Double(Int.random(in: -30...30, using: &random)) / 4
            }
        }
    }

    private static func write(
        _ rows: [Row], to store: Store, _ table: TableSchema
    ) throws {
        var x = VectorBuilder(.double)
        var n = VectorBuilder(.bigint)
        var t = VectorBuilder(.text)
        var f = VectorBuilder(.boolean)
        for row in rows {
            x.append(row.x.map { .double($0) } ?? .null)
            n.append(row.n.map { .integer($0) } ?? .null)
            t.append(row.t.map { .text($0) } ?? .null)
            f.append(row.f.map { .boolean($0) } ?? .null)
        }
        let names = (0..<8).map { Array("s\($0)".utf8) }
        let batch = PointBatch(
            table: table,
            keys: names.map {
                SeriesKey(
                    table: table.number, parts: [(column: table.columns[1].number, value: $0)])
            },
            keyIndexes: rows.map { UInt32($0.series) }, times: rows.map(\.time),
            columns: zip(2..<6, [x.finish(), n.finish(), t.finish(), f.finish()]).map {
                PointBatch.Column(number: table.columns[$0].number, values: $1)
            })
        _ = try store.write([batch], rule: nil, isCounted: false)
    }

    private static func filled(_ seed: UInt64) throws -> Shell {
        var random = SeededGenerator(seed: seed)
        var options = StoreOptions()
        options.vectorsPerBlock = Int.random(in: 1...3, using: &random)
        if Int.random(in: 0..<3, using: &random) == 0 { options.rowsPerVector = 100 }
        options.wideSegmentCountLimit = 2
        let shell = try Shell(options: options)
        let isAppend = Int.random(in: 0..<4, using: &random) == 0
        try shell.values(
            "CREATE TABLE r (time TIMESTAMPTZ TIME KEY, s TEXT TAG, x DOUBLE, n BIGINT, t TEXT, "
                + "f BOOLEAN)" + (isAppend ? " ON DUPLICATE APPEND" : ""))
        let store = shell.session.store
        guard let table = store.snapshot().catalog.table(named: "r") else { return shell }
        for _ in 0..<Int.random(in: 3...9, using: &random) {
            let kind = Int.random(in: 0..<7, using: &random)
            let nulls = [0, 0, 3, 40].randomElement(using: &random) ?? 0
            var rows: [Row] = []
            func add(_ series: Int, _ minutes: Int, _ row: Int) {
                func isNull() -> Bool {
                    nulls > 0 && Int.random(in: 0..<nulls, using: &random) == 0
                }
                rows.append(
                    Row(
                        series: series, time: start + Int64(minutes) * minute,
                        x: isNull() ? nil : double(kind, row, &random),
                        n: isNull() ? nil : Int64.random(in: -1000...1000, using: &random),
                        t: isNull() ? nil : words[(row / 700 + kind) % words.count],
                        f: isNull() ? nil : row % 3 == 0))
            }
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                // A long stretch of two series.
                let from = Int.random(in: 0...8_000, using: &random)
                for series in [1, 5] {
                    for row in 0..<Int.random(in: 900...3_300, using: &random) {
                        add(series, from + row, row)
                    }
                }
            case 1:
                for series in 0..<8 {
                    let from = Int.random(in: 0...9_000, using: &random)
                    for row in 0..<Int.random(in: 1...400, using: &random) {
                        add(series, from + row * 3, row)
                    }
                }
            case 2:
                for row in 0..<Int.random(in: 1...30, using: &random) {
                    add(
                        Int.random(in: 0..<8, using: &random),
                        Int.random(in: 0...10_000, using: &random), row)
                }
            default:
                let low = start + Int64.random(in: 0...9_000, using: &random) * minute
                let high = low + Int64.random(in: 1...2_000, using: &random) * minute
                let who = Bool.random(using: &random) ? " AND s = 's1'" : ""
                try shell.values(
                    "DELETE FROM r WHERE time >= '\(Timestamp(nanoseconds: low).text(in: .utc))' "
                        + "AND time < '\(Timestamp(nanoseconds: high).text(in: .utc))'" + who)
            }
            if !rows.isEmpty { try write(rows, to: store, table) }
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1: try store.flush()
            case 2: try store.compact(isCold: Bool.random(using: &random))
            default: break
            }
        }
        return shell
    }

    // MARK: The naive answer

    private static func rows(_ shell: Shell) throws -> [Row] {
        try shell.values("SELECT s, time, x, n, t, f FROM r").map { cells in
            var row = Row(series: 0, time: 0)
            if case .text(let name) = cells[0] { row.series = Int(name.dropFirst()) ?? -1 }
            if case .timestamptz(let time) = cells[1] { row.time = time.nanoseconds }
            if case .double(let x) = cells[2] { row.x = x }
            if case .integer(let n) = cells[3] { row.n = n }
            if case .text(let t) = cells[4] { row.t = t }
            if case .boolean(let f) = cells[5] { row.f = f }
            return row
        }
    }

    private static func isLess(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN || right.isNaN { return !left.isNaN && right.isNaN }
        return left < right || (left == right && left.sign == .minus && right.sign == .plus)
    }

    /// The sum in two doubles, and that of magnitudes; what is no number decides alone.
    private static func sum(_ values: [Double]) -> (sum: Double, magnitudes: Double) {
        if values.contains(where: \.isNaN)
            || (values.contains(.infinity)
                && values.contains(-.infinity))
        {
            return (.nan, 0)
        }
        if let infinite = values.first(where: \.isInfinite) { return (infinite, 0) }
        var high = 0.0
        var low = 0.0
        for value in values.sorted(by: { $0.magnitude < $1.magnitude }) {
            let total = high + value
            let part = total - high
            low += (high - (total - part)) + (value - part)
            high = total
        }
        return (high + low, values.reduce(0) { $0 + $1.magnitude })
    }

    private static func expect(_ found: Value, sumOf values: [Double], _ count: Int?) -> Bool {
        guard !values.isEmpty else { return found == .null }
        guard case .double(let got) = found else { return false }
        var (sum, magnitudes) = Self.sum(values)
        if let count {
            sum /= Double(count)
            magnitudes /= Double(count)
        }
        if sum.isNaN || sum.isInfinite {
            return got.bitPattern == sum.bitPattern || got.isNaN && sum.isNaN
        }
        return (got - sum).magnitude <= magnitudes * 0x1p-52 + (count == nil ? 0 : sum.ulp)
    }

    private static func matches(_ found: Value, _ aggregate: String, _ rows: [Row]) -> Bool {
        func integer(_ value: Int64?) -> Bool { found == (value.map { .integer($0) } ?? .null) }
        let numbers = rows.compactMap(\.n)
        let doubles = rows.compactMap(\.x)
        switch aggregate {
        case "count(*)": return integer(Int64(rows.count))
        case "count(x)": return integer(Int64(doubles.count))
        case "count(n)": return integer(Int64(numbers.count))
        case "count(t)": return integer(Int64(rows.compactMap(\.t).count))
        case "count(f)": return integer(Int64(rows.compactMap(\.f).count))
        case "sum(n)": return integer(numbers.isEmpty ? nil : numbers.reduce(0, +))
        case "min(n)": return integer(numbers.min())
        case "max(n)": return integer(numbers.max())
        case "avg(n)":
            let sum = numbers.reduce(0, +)
            return found
                == (numbers.isEmpty ? .null : .double(Double(sum) / Double(numbers.count)))
        case "sum(x)": return expect(found, sumOf: doubles, nil)
        case "avg(x)": return expect(found, sumOf: doubles, doubles.count)
        case "min(x)", "max(x)":
            let best =
                aggregate == "min(x)" ? doubles.min(by: isLess) : doubles.max(by: isLess)
            guard let best else { return found == .null }
            guard case .double(let got) = found else { return false }
            return got.bitPattern == (best.isNaN ? Double.nan : best).bitPattern
        case "min(time)", "max(time)":
            let times = rows.map(\.time)
            guard let best = aggregate == "min(time)" ? times.min() : times.max() else {
                return found == .null
            }
            return found == .timestamptz(Timestamp(nanoseconds: best))
        default: return false
        }
    }

    // MARK: Queries

    private static let aggregates = [
        "count(*)", "count(x)", "count(n)", "count(t)", "count(f)", "sum(n)", "min(n)", "max(n)",
        "avg(n)", "sum(x)", "avg(x)", "min(x)", "max(x)", "min(time)", "max(time)",
    ]

    private struct Condition {
        var sql: String
        var holds: (Row) -> Bool
    }

    private static func condition(_ random: inout SeededGenerator) -> Condition {
        /// NaN is above all numbers.
        func compare(_ x: Double, _ c: Double) -> Int { x.isNaN || x > c ? 1 : x < c ? -1 : 0 }
        let c = Double(Int.random(in: -40...120, using: &random)) / 4
        let k = Int64.random(in: -900...900, using: &random)
        let word = words.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<16, using: &random) {
        case 0:
            let low = start + Int64.random(in: -100...9_000, using: &random) * minute
            return Condition(sql: "time >= '\(Timestamp(nanoseconds: low).text(in: .utc))'") {
                $0.time >= low
            }
        case 1:
            let high = start + Int64.random(in: 0...12_000, using: &random) * minute
            return Condition(sql: "time < '\(Timestamp(nanoseconds: high).text(in: .utc))'") {
                $0.time < high
            }
        case 2: return Condition(sql: "s = 's5'") { $0.series == 5 }
        case 3: return Condition(sql: "s IN ('s1', 's2')") { $0.series == 1 || $0.series == 2 }
        case 4:
            return Condition(sql: "x > \(c)::DOUBLE") { $0.x.map { compare($0, c) > 0 } ?? false }
        case 5:
            return Condition(sql: "x <= \(c)::DOUBLE") { $0.x.map { compare($0, c) <= 0 } ?? false }
        case 6:
            return Condition(sql: "x < \(c)::DOUBLE") { $0.x.map { compare($0, c) < 0 } ?? false }
        case 7:
            return Condition(sql: "x BETWEEN -2.0::DOUBLE AND \(c)::DOUBLE") {
                $0.x.map { compare($0, -2) >= 0 && compare($0, c) <= 0 } ?? false
            }
        case 8:
            return Condition(sql: "x IN (0.0::DOUBLE, \(c)::DOUBLE, 3.0::DOUBLE)") {
                $0.x.map { $0 == 0 || $0 == c || $0 == 3 } ?? false
            }
        case 9: return Condition(sql: "x <> 21.5::DOUBLE") { $0.x.map { $0 != 21.5 } ?? false }
        case 10: return Condition(sql: "n >= \(k)") { $0.n.map { $0 >= k } ?? false }
        case 11: return Condition(sql: "n = \(k)") { $0.n == k }
        case 12: return Condition(sql: "x IS NOT NULL") { $0.x != nil }
        case 13: return Condition(sql: "t = '\(word)'") { $0.t == word }
        case 14: return Condition(sql: "t <> '\(word)'") { $0.t.map { $0 != word } ?? false }
        default: return Condition(sql: "t >= '\(word)'") { $0.t.map { $0 >= word } ?? false }
        }
    }

    private static let groupings: [(sql: [String], key: @Sendable (Row) -> [Int64])] = [
        ([], { _ in [] }), ([], { _ in [] }),
        (["s"], { [Int64($0.series)] }),
        (
            ["time_bucket(INTERVAL '1 day', time)"],
            { [Calendar.floorQuotient($0.time, 86_400_000_000_000)] }
        ),
        (
            ["s", "date_trunc('month', time)"],
            { row in
                let date = Calendar.date(ofDay: Calendar.day(ofWall: row.time))
                return [Int64(row.series), Int64(date.year * 12 + date.month)]
            }
        ),
        (
            ["s", "time_bucket(INTERVAL '6 hours', time)"],
            { [Int64($0.series), Calendar.floorQuotient($0.time, 21_600_000_000_000)] }
        ),
    ]

    private static let settings = [
        "SET use_statistics = 'off'; SET use_packed = 'off'",
        "SET use_statistics = 'off'; SET use_packed = 'on'",
        "SET use_statistics = 'on'; SET use_packed = 'off'",
        "SET use_statistics = 'on'; SET use_packed = 'on'",
    ]

    @Test("every plan gives the naive answer", arguments: UInt64(0)..<24)
    func everyPlan(seed: UInt64) throws {
        let shell = try Self.filled(seed)
        try shell.values(Self.settings[0])
        let rows = try Self.rows(shell)
        var random = SeededGenerator(seed: seed &+ 1_000_000)
        for _ in 0..<30 {
            let conditions = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                Self.condition(&random)
            }
            let chosen = Array(
                Self.aggregates.shuffled(using: &random)
                    .prefix(Int.random(in: 1...4, using: &random)))
            guard let grouping = Self.groupings.randomElement(using: &random) else { continue }
            let met = rows.filter { row in conditions.allSatisfy { $0.holds(row) } }
            var groups = Dictionary(grouping: met, by: grouping.key)
            if grouping.sql.isEmpty && groups.isEmpty { groups[[]] = [] }
            let place =
                conditions.isEmpty
                ? "" : " WHERE " + conditions.map(\.sql).joined(separator: " AND ")
            let by =
                grouping.sql.isEmpty ? "" : " GROUP BY " + grouping.sql.joined(separator: ", ")
            let order =
                grouping.sql.isEmpty
                ? ""
                : " ORDER BY "
                    + (1...grouping.sql.count)
                    .map(String.init).joined(separator: ", ")
            let sql =
                "SELECT " + (grouping.sql + chosen).joined(separator: ", ")
                + " FROM r\(place)\(by)\(order)"
            let keys = groups.keys.sorted { $0.lexicographicallyPrecedes($1) }
            for setting in Self.settings {
                try shell.values(setting)
                let found = try shell.values(sql)
                guard found.count == keys.count else {
                    Issue.record("seed \(seed), \(setting): \(sql): \(found.count) groups")
                    continue
                }
                for (cells, key) in zip(found, keys) {
                    for (index, aggregate) in chosen.enumerated() {
                        let cell = cells[grouping.sql.count + index]
                        if !Self.matches(cell, aggregate, groups[key] ?? []) {
                            Issue.record("seed \(seed), \(setting): \(sql): \(key) \(cell)")
                        }
                    }
                }
            }
        }
    }
}
