import Belfry
import BelfryStorage
import BelfryTestSupport
import Foundation
import Testing

/// Random INSERT, UPDATE and DELETE against a naive model that judges every row by three-valued
/// logic of its own, over conditions of tags, times and fields under AND, OR and NOT; with flushes,
/// compactions and reopenings of the session between. What a statement says it changed, and what
/// is there afterwards, is what the model says.
///
/// `BELFRY_WRITE_SEEDS=n` runs n seeds instead of the few of the fast suite.
@Suite struct WritePropertyTests {
    struct Row: Hashable {
        var time: Int64
        var tag: String?
        var second: String?
        var number: Int64?
        var text: String?

        var key: [String?] { ["\(time)", tag, second] }
    }

    /// A condition, as SQL and as what it is of a row; nil is unknown.
    private indirect enum Condition {
        case test(String, @Sendable (Row) -> Bool?)
        case and(Condition, Condition)
        case or(Condition, Condition)
        case not(Condition)

        var sql: String {
            switch self {
            case .test(let sql, _): sql
            case .and(let left, let right): "(\(left.sql) AND \(right.sql))"
            case .or(let left, let right): "(\(left.sql) OR \(right.sql))"
            case .not(let inner): "NOT (\(inner.sql))"
            }
        }

        func holds(_ row: Row) -> Bool? {
            switch self {
            case .test(_, let test): return test(row)
            case .and(let left, let right):
                let (one, other) = (left.holds(row), right.holds(row))
                if one == false || other == false { return false }
                return one == nil || other == nil ? nil : true
            case .or(let left, let right):
                let (one, other) = (left.holds(row), right.holds(row))
                if one == true || other == true { return true }
                return one == nil || other == nil ? nil : false
            case .not(let inner): return inner.holds(row).map { !$0 }
            }
        }
    }

    private static let tags = ["a", "b", "c", "ab"]
    private static let seconds = ["p", "q"]
    private static let start = "'2024-01-01'::timestamptz"

    private static func instant(_ second: Int64) -> String {
        "(\(start) + \(second) * INTERVAL '1 second')"
    }

    /// Instants as literals go into ranges, instants as sums are folded first: both are asked.
    private static func literal(_ second: Int64) -> String {
        let minute = second / 60
        return "'2024-01-01 00:\(minute < 10 ? "0" : "")\(minute):"
            + "\(second % 60 < 10 ? "0" : "")\(second % 60)+00'"
    }

    private func test(_ random: inout SeededGenerator) -> Condition {
        let tag = Self.tags.randomElement(using: &random) ?? "a"
        let second = Int64.random(in: 0..<40, using: &random)
        let number = Int64.random(in: -3...6, using: &random)
        let time =
            Bool.random(using: &random) ? Self.literal(second) : Self.instant(second)
        switch Int.random(in: 0..<19, using: &random) {
        case 0: return .test("s = '\(tag)'") { $0.tag.map { $0 == tag } }
        case 1: return .test("s <> '\(tag)'") { $0.tag.map { $0 != tag } }
        case 2: return .test("s IS NULL") { $0.tag == nil }
        case 3: return .test("u IS NOT NULL") { $0.second != nil }
        case 4: return .test("s IN ('a', '\(tag)')") { $0.tag.map { $0 == "a" || $0 == tag } }
        case 5:
            return .test("s NOT IN ('a', NULL)") { row in
                row.tag.flatMap { $0 == "a" ? false : nil }
            }
        case 6: return .test("s LIKE 'a%'") { $0.tag.map { $0.hasPrefix("a") } }
        case 7: return .test("u >= 'q'") { $0.second.map { $0 >= "q" } }
        case 8:
            return .test("s < u") { row in
                row.tag.flatMap { tag in row.second.map { tag < $0 } }
            }
        case 9: return .test("time < \(time)") { $0.time < second }
        case 10: return .test("time >= \(time)") { $0.time >= second }
        case 11: return .test("time = \(time)") { $0.time == second }
        case 12: return .test("time <> \(time)") { $0.time != second }
        case 13:
            return .test("time BETWEEN \(time) AND \(Self.literal(second + 9))") {
                $0.time >= second && $0.time <= second + 9
            }
        case 14: return .test("n > \(number)") { $0.number.map { $0 > number } }
        case 15: return .test("n IS NULL") { $0.number == nil }
        case 16: return .test("n = \(number)") { $0.number.map { $0 == number } }
        case 17: return .test("t = 'x'") { $0.text.map { $0 == "x" } }
        default:
            let truth = [true, false, nil].randomElement(using: &random) ?? nil
            return .test(truth.map { $0 ? "TRUE" : "FALSE" } ?? "NULL::boolean") { _ in truth }
        }
    }

    private func condition(_ depth: Int, _ random: inout SeededGenerator) -> Condition {
        if depth == 0 || Int.random(in: 0..<5, using: &random) == 0 { return test(&random) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: return .and(condition(depth - 1, &random), condition(depth - 1, &random))
        case 2, 3: return .or(condition(depth - 1, &random), condition(depth - 1, &random))
        default: return .not(condition(depth - 1, &random))
        }
    }

    private func quoted(_ text: String?) -> String { text.map { "'\($0)'" } ?? "NULL" }

    private func randomRow(_ random: inout SeededGenerator) -> Row {
        Row(
            time: Int64.random(in: 0..<40, using: &random),
            tag: (Self.tags + [nil]).randomElement(using: &random) ?? nil,
            second: (Self.seconds + [nil]).randomElement(using: &random) ?? nil,
            number: Int.random(in: 0..<4, using: &random) == 0
                ? nil : Int64.random(in: -3...6, using: &random),
            text: ["x", "y", nil].randomElement(using: &random) ?? nil)
    }

    /// INSERT that says itself what becomes of rows that are there.
    private func upsert(
        _ model: inout [Row], _ database: Database, _ random: inout SeededGenerator
    ) throws {
        var rows: [Row] = []
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            let row = randomRow(&random)
            if !rows.contains(where: { $0.key == row.key }) { rows.append(row) }
        }
        let values = rows.map(sql)
        var action = ""
        var change: (_ old: Row, _ new: Row) -> Row? = { _, _ in nil }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: action = "ON CONFLICT DO NOTHING"
        case 1: action = "ON DUPLICATE KEEP"
        case 2:
            action = "ON DUPLICATE REPLACE"
            change = { $1 }
        case 3:
            action = "ON DUPLICATE MERGE"
            change = { old, new in
                var row = old
                row.number = new.number ?? old.number
                row.text = new.text ?? old.text
                return row
            }
        case 4:
            action = "ON CONFLICT (time, s, u) DO UPDATE SET n = EXCLUDED.n, t = EXCLUDED.t"
            change = { $1 }
        case 5:
            action = "ON CONFLICT DO UPDATE SET t = EXCLUDED.t"
            change = { old, new in
                var row = old
                row.text = new.text
                return row
            }
        default:
            action = "ON CONFLICT DO UPDATE SET n = r.n + EXCLUDED.n WHERE r.t = 'x'"
            change = { old, new in
                if old.text != "x" { return nil }
                var row = old
                row.number = old.number.flatMap { old in new.number.map { old + $0 } }
                return row
            }
        }
        let isReturning = action.contains("CONFLICT") && Bool.random(using: &random)
        let statement =
            "INSERT INTO r VALUES \(values.joined(separator: ", ")) \(action)"
            + (isReturning ? " RETURNING n, t, s, u" : "")
        let result = try database.run(statement)
        var written: [Row] = []
        for row in rows {
            guard let there = model.firstIndex(where: { $0.key == row.key }) else {
                model.append(row)
                written.append(row)
                continue
            }
            if let changed = change(model[there], row) {
                model[there] = changed
                written.append(changed)
            }
        }
        if isReturning {
            expectSame(
                try result.rows(), written.map { [$0.number, $0.text, $0.tag, $0.second] },
                statement)
        }
        #expect(result.commandTag == "INSERT \(written.count)", "\(action)")
    }

    private func sql(_ row: Row) -> String {
        "(\(Self.literal(row.time)), \(quoted(row.tag)), \(quoted(row.second)), "
            + "\(row.number.map { "\($0)" } ?? "NULL"), \(quoted(row.text)))"
    }

    private func insert(
        _ count: Int, _ rule: String, _ model: inout [Row], _ database: Database,
        _ random: inout SeededGenerator
    ) throws {
        var rows: [Row] = []
        for _ in 0..<count {
            let row = randomRow(&random)
            // What two rows of one key in one statement become is another test's matter.
            let isRepeated = rows.contains { $0.key == row.key }
            if rule != "APPEND" && isRepeated { continue }
            rows.append(row)
        }
        try database.run("INSERT INTO r VALUES " + rows.map(sql).joined(separator: ", "))
        for row in rows {
            let there = model.firstIndex { $0.key == row.key }
            guard rule != "APPEND", let there else {
                model.append(row)
                continue
            }
            switch rule {
            case "REPLACE": model[there] = row
            case "KEEP": break
            default:
                model[there].number = row.number ?? model[there].number
                model[there].text = row.text ?? model[there].text
            }
        }
    }

    private func delete(
        _ model: inout [Row], _ database: Database, _ random: inout SeededGenerator
    ) throws {
        let condition = condition(Int.random(in: 0...3, using: &random), &random)
        let gone = model.filter { condition.holds($0) == true }
        let sql = "DELETE FROM r WHERE \(condition.sql)"
        if Bool.random(using: &random) {
            let result = try database.run(sql + " RETURNING n, t, s, u")
            let rows = try result.rows()
            expectSame(
                rows, gone.map { [$0.number, $0.text, $0.tag, $0.second] }, "\(sql)")
        } else {
            let result = try database.run(sql)
            #expect(result.commandTag == "DELETE \(gone.count)", "\(sql)")
        }
        model.removeAll { condition.holds($0) == true }
    }

    private func update(
        _ model: inout [Row], _ database: Database, _ random: inout SeededGenerator
    ) throws {
        let condition = condition(Int.random(in: 0...3, using: &random), &random)
        var change: (Row) -> Row
        let assignments: String
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            assignments = "n = n + 1"
            change = { row in
                var row = row
                row.number = row.number.map { $0 + 1 }
                return row
            }
        case 1:
            assignments = "n = NULL, t = 'y'"
            change = { row in
                var row = row
                (row.number, row.text) = (nil, "y")
                return row
            }
        case 2:
            assignments = "t = s, n = 5"
            change = { row in
                var row = row
                (row.number, row.text) = (5, row.tag)
                return row
            }
        case 3:
            assignments = "n = CASE WHEN t = 'x' THEN n ELSE 0 END"
            change = { row in
                var row = row
                if row.text != "x" { row.number = 0 }
                return row
            }
        default:
            assignments = "t = 'x'"
            change = { row in
                var row = row
                row.text = "x"
                return row
            }
        }
        let sql = "UPDATE r SET \(assignments) WHERE \(condition.sql)"
        let meant = model.indices.filter { condition.holds(model[$0]) == true }
        for index in meant { model[index] = change(model[index]) }
        if Bool.random(using: &random) {
            let rows = try database.run(sql + " RETURNING n, t, s, u").rows()
            let expected = meant.map { model[$0] }
            expectSame(
                rows, expected.map { [$0.number, $0.text, $0.tag, $0.second] }, "\(sql)")
        } else {
            let result = try database.run(sql)
            #expect(result.commandTag == "UPDATE \(meant.count)", "\(sql)")
        }
    }

    /// Compares bags of rows, and tells the rows in which they differ.
    private func expectSame(_ rows: [[Value]], _ expected: [[Any?]], _ what: String) {
        let (found, wanted) = (counted(rows), counted(expected))
        if found == wanted { return }
        let more = found.filter { $0.value > wanted[$0.key] ?? 0 }.keys.sorted()
        let fewer = wanted.filter { $0.value > found[$0.key] ?? 0 }.keys.sorted()
        Issue.record("\(what): too many \(more.prefix(5)), too few \(fewer.prefix(5))")
    }

    /// Rows as a bag of texts.
    private func counted(_ rows: [[Value]]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for row in rows {
            let cells = row.map { value -> String in
                switch value {
                case .null: "-"
                case .integer(let number): "\(number)"
                case .text(let text): text
                case .timestamptz(let time): "\(time.nanoseconds)"
                default: "?"
                }
            }
            counts[cells.joined(separator: "|"), default: 0] += 1
        }
        return counts
    }

    private func counted(_ rows: [[Any?]]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for row in rows {
            counts[row.map { $0.map { "\($0)" } ?? "-" }.joined(separator: "|"), default: 0] += 1
        }
        return counts
    }

    private func check(_ model: [Row], _ database: Database, _ last: String) throws {
        let rows = try database.run("SELECT time, s, u, n, t FROM r").rows()
        let base: Int64 = 1_704_067_200
        let expected = model.map { row -> [Any?] in
            [(row.time + base) * 1_000_000_000, row.tag, row.second, row.number, row.text]
        }
        expectSame(rows, expected, last)
    }

    static let seeds: ClosedRange<UInt64> = 1...(Environment.count("BELFRY_WRITE_SEEDS") ?? 16)

    @Test(arguments: seeds)
    func equalsTheModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rules = ["MERGE", "REPLACE", "KEEP", "APPEND"]
        let rule = rules[Int(seed % 4)]
        let database = try Database.inMemory(
            options: seed % 3 == 0 ? DatabaseOptions() : DatabaseOptions(.tiny))
        try database.run(
            "CREATE TABLE r (time TIMESTAMPTZ TIME KEY, s TEXT TAG, u TEXT TAG, n BIGINT, t TEXT) "
                + "ON DUPLICATE \(rule)")
        var model: [Row] = []
        try insert(60, rule, &model, database, &random)
        for _ in 0..<40 {
            var word = ""
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                word = "insert"
                try insert(
                    Int.random(in: 1...20, using: &random), rule, &model, database, &random)
            case 3 where rule != "APPEND":
                word = "upsert"
                try upsert(&model, database, &random)
            case 3...5:
                word = "update"
                try update(&model, database, &random)
            case 6, 7:
                word = "delete"
                try delete(&model, database, &random)
            case 8:
                word = "flush"
                try database.flush()
            default:
                word = "compact"
                try database.compact()
            }
            try check(model, database, "after \(word), seed \(seed)")
        }
    }

    /// The same statements over a table whose rows are known by a key that stands in them, and one
    /// without any.
    @Test(arguments: UInt64(1)...6)
    func referenceTablesEqualTheModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &* 7919)
        let database = try Database.inMemory(options: DatabaseOptions(.tiny))
        let hasKey = seed % 2 == 0
        try database.run(
            "CREATE TABLE p (id BIGINT\(hasKey ? " PRIMARY KEY" : ""), n BIGINT, t TEXT)")
        var model: [[Int64?]] = []
        for id in 0..<Int64(80) {
            let number = id % 5 == 0 ? nil : id % 7
            model.append([id, number])
            try database.run(
                "INSERT INTO p VALUES (\(id), \(number.map { "\($0)" } ?? "NULL"), 'x')")
        }
        for _ in 0..<25 {
            let bound = Int64.random(in: 0..<80, using: &random)
            let number = Int64.random(in: 0..<7, using: &random)
            let meant: (([Int64?]) -> Bool?) = { row in
                let isLow = (row[0] ?? 0) < bound
                guard let own = row[1] else { return isLow ? nil : false }
                return isLow && own == number
            }
            let condition = "id < \(bound) AND n = \(number)"
            if Bool.random(using: &random) {
                try database.run("DELETE FROM p WHERE \(condition)")
                model.removeAll { meant($0) == true }
            } else {
                try database.run(
                    "UPDATE p SET n = CASE WHEN id % 2 = 0 THEN n + 1 END WHERE \(condition)")
                for index in model.indices where meant(model[index]) == true {
                    model[index][1] =
                        (model[index][0] ?? 0) % 2 == 0 ? model[index][1].map { $0 + 1 } : nil
                }
            }
            if Int.random(in: 0..<6, using: &random) == 0 { try database.compact() }
            let rows = try database.run("SELECT id, n FROM p").rows()
            expectSame(rows, model.map { $0.map { $0.map { $0 as Any } } }, "seed \(seed)")
        }
    }
}

/// What the environment asks of slow tests.
private enum Environment {
    static func count(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
