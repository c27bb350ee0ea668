import Belfry
import BelfryStorage
import BelfryTestSupport
import Testing

/// Every as-of join equals the naive quadratic one, over random rows with ties, gaps and NULLs.
struct AsofPropertyTests {
    private struct Row {
        var time: Int64
        var key: String?
        var value: Int64?
    }

    private enum Mode: String, CaseIterable {
        case backward = "BACKWARD"
        case forward = "FORWARD"
        case nearest = "NEAREST"
    }

    private func rows(_ count: Int, _ random: inout SeededGenerator) -> [Row] {
        var seen = Set<String>()
        var rows: [Row] = []
        for _ in 0..<count {
            let key = ["a", "b", "c", nil].randomElement(using: &random) ?? nil
            let time = Int64.random(in: 0..<60, using: &random)
            // One row a series and time: the table's rule would merge them.
            guard seen.insert("\(key ?? "-")/\(time)").inserted else { continue }
            let value = Int.random(in: 0..<4, using: &random) == 0 ? nil : Int64(rows.count)
            rows.append(Row(time: time, key: key, value: value))
        }
        return rows
    }

    private func insert(_ rows: [Row], into table: String, _ database: Database) throws {
        let appender = try database.appender(for: table)
        var keys = VectorBuilder(.text)
        var values = VectorBuilder(.bigint)
        for row in rows {
            keys.append(row.key.map { .text($0) } ?? .null)
            values.append(row.value.map { .integer($0) } ?? .null)
        }
        try appender.append([
            ("time", Vector(integers: rows.map { $0.time * 1_000_000_000 }, type: .timestamptz)),
            ("k", keys.finish()), ("v", values.finish()),
        ])
    }

    /// The right row that a left row finds, by looking at all of them.
    private func match(
        _ left: Row, _ right: [Row], usesKey: Bool, _ mode: Mode, isStrict: Bool,
        tolerance: Int64?, needsValue: Bool
    ) -> Row? {
        let candidates = right.filter { row in
            if usesKey && (row.key == nil || row.key != left.key) { return false }
            if needsValue && row.value == nil { return false }
            if isStrict && row.time == left.time { return false }
            if let tolerance, abs(row.time - left.time) > tolerance { return false }
            switch mode {
            case .backward: return row.time <= left.time
            case .forward: return row.time >= left.time
            case .nearest: return true
            }
        }
        // At one time the greater key wins; equal distances take the earlier time.
        return candidates.max { a, b in
            let distanceA = abs(a.time - left.time)
            let distanceB = abs(b.time - left.time)
            if distanceA != distanceB { return distanceA > distanceB }
            if a.time != b.time { return a.time > b.time }
            return (a.key ?? "") < (b.key ?? "")
        }
    }

    @Test(arguments: UInt64(1)...12)
    func equalsTheNaiveJoin(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let database = try Database.inMemory(
            options: seed % 2 == 0 ? DatabaseOptions(.tiny) : DatabaseOptions())
        for table in ["l", "r"] {
            try database.run(
                "CREATE TABLE \(table) (time TIMESTAMPTZ TIME KEY, k TEXT TAG, v BIGINT)")
        }
        let left = rows(40, &random)
        let right = rows(50, &random)
        try insert(left, into: "l", database)
        try insert(right, into: "r", database)
        for mode in Mode.allCases {
            for isStrict in [false, true] {
                for tolerance in [nil, Int64(0), 5] as [Int64?] {
                    for usesKey in [true, false] {
                        for ignoresNulls in [false, true] {
                            let sql =
                                "SELECT l.k, l.time, r.v, r.time AS found FROM l ASOF JOIN r "
                                + (usesKey ? "USING (k) " : "") + "MATCH \(mode.rawValue) "
                                + (isStrict ? "STRICT " : "")
                                + (ignoresNulls ? "IGNORE NULLS " : "")
                                + (tolerance.map { "TOLERANCE '\($0) seconds'" } ?? "")
                            let found = try database.run(sql).rows().map { "\($0)" }.sorted()
                            let expected = left.map { row -> String in
                                func find(_ needsValue: Bool) -> Row? {
                                    match(
                                        row, right, usesKey: usesKey, mode, isStrict: isStrict,
                                        tolerance: tolerance, needsValue: needsValue)
                                }
                                func time(_ seconds: Int64) -> Value {
                                    .timestamptz(Timestamp(seconds: seconds))
                                }
                                let cells: [Value] = [
                                    row.key.map { .text($0) } ?? .null, time(row.time),
                                    find(ignoresNulls)?.value.map { .integer($0) } ?? .null,
                                    find(false).map { time($0.time) } ?? .null,
                                ]
                                return "\(cells)"
                            }.sorted()
                            #expect(found == expected, "seed \(seed): \(sql)")
                        }
                    }
                }
            }
        }
    }
}
