import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

@testable import BelfryQuery

@Suite("Group table")
struct GroupTableTests {
    @Test("numbers groups as a search from the start would", arguments: 0..<40)
    func againstModel(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let types = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            RandomVectors.types.randomElement(using: &generator) ?? .bigint
        }
        var table = GroupTable(types: types)
        var model: [[Value]] = []
        for _ in 0..<4 {
            let count = Int.random(in: 0...60, using: &generator)
            let columns = types.map {
                RandomVectors.column($0, count: count, using: &generator)
            }
            let vectors = zip(columns, types).map { values, type in
                type == .text && Bool.random(using: &generator)
                    ? RandomVectors.dictionaryVector(values)
                    : RandomVectors.vector(values, type)
            }
            let groups = table.group(vectors, rowCount: count).perRow(count)
            for row in 0..<count {
                let key = columns.map { $0[row] }
                let expected = Self.number(of: key, in: &model)
                #expect(Int(groups[row]) == expected)
            }
            let found = table.find(vectors, rowCount: count, nullsMatch: true).perRow(count)
            #expect(found == groups)
            let strict = table.find(vectors, rowCount: count, nullsMatch: false).perRow(count)
            for row in 0..<count {
                let hasNull = columns.contains { $0[row].isNull }
                #expect(strict[row] == (hasNull ? .max : groups[row]))
            }
        }
        let keys = table.keys(0..<table.count)
        #expect(table.count == model.count)
        for group in 0..<table.count {
            for index in types.indices {
                #expect(ValueOrder.isSame(keys[index].value(group), model[group][index]))
            }
        }
    }

    private static func number(of key: [Value], in model: inout [[Value]]) -> Int {
        let known = model.firstIndex { zip($0, key).allSatisfy { ValueOrder.isSame($0, $1) } }
        if let known { return known }
        model.append(key)
        return model.count - 1
    }

    @Test("a text that was never seen is found nowhere")
    func strangers() {
        var table = GroupTable(types: [.text])
        _ = table.group([RandomVectors.vector([.text("a")], .text)], rowCount: 1)
        let probe = RandomVectors.vector([.text("b"), .text("a"), .null], .text)
        let found = table.find([probe], rowCount: 3, nullsMatch: true).perRow(3)
        #expect(found == [.max, 0, .max])
        #expect(table.count == 1)
    }

    @Test("without keys all rows are one group")
    func noKeys() {
        var table = GroupTable(types: [])
        #expect(table.find([], rowCount: 2, nullsMatch: false).groups == [.max])
        #expect(table.group([], rowCount: 2).perRow(2) == [0, 0])
        #expect(table.find([], rowCount: 2, nullsMatch: false).perRow(2) == [0, 0])
    }

    @Test("many keys take several mask words")
    func manyKeys() {
        let types = [DataType](repeating: .bigint, count: 130)
        var table = GroupTable(types: types)
        var vectors = types.map { _ in Vector(integers: [1, 1, 1]) }
        vectors[129] = RandomVectors.vector([.integer(1), .null, .integer(1)], .bigint)
        #expect(table.group(vectors, rowCount: 3).perRow(3) == [0, 1, 0])
    }
}

@Suite("Sort keys")
struct SortKeysTests {
    @Test("orders as PostgreSQL does, and stably", arguments: 0..<40)
    func againstModel(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let types = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            RandomVectors.types.randomElement(using: &generator) ?? .bigint
        }
        let keys = types.indices.map {
            SortNode.Key(
                expression: .column($0, types[$0]),
                isDescending: Bool.random(using: &generator),
                nullsFirst: Bool.random(using: &generator))
        }
        let count = Int.random(in: 0...80, using: &generator)
        let columns = types.map { RandomVectors.column($0, count: count, using: &generator) }
        let vectors = zip(columns, types).map { values, type in
            type == .text && Bool.random(using: &generator)
                ? RandomVectors.dictionaryVector(values) : RandomVectors.vector(values, type)
        }
        let sorted = SortKeys(vectors, keys: keys, rowCount: count).sortedRows().map { Int($0) }
        let expected = (0..<count).sorted { left, right in
            for index in keys.indices {
                let a = columns[index][left]
                let b = columns[index][right]
                if a.isNull != b.isNull { return a.isNull == keys[index].nullsFirst }
                if a.isNull || ValueOrder.isSame(a, b) { continue }
                return ValueOrder.isLess(a, b) != keys[index].isDescending
            }
            return left < right
        }
        #expect(sorted == expected)
    }
}

@Suite("Groups in runs")
struct GroupRunTests {
    /// Many small series over several days; the same question in a form that streams and in one
    /// that hashes.
    @Test("streaming and hashing give the same groups", arguments: [1, 2])
    func streaming(workers: Int) throws {
        var settings = QuerySettings()
        settings.workers = workers
        let shell = try Shell(options: .tiny, settings: settings)
        try shell.values(
            "CREATE TABLE r (time TIMESTAMPTZ TIME KEY, a TEXT TAG, b TEXT TAG, x BIGINT)")
        try shell.values(
            """
            INSERT INTO r SELECT '2024-01-01'::timestamptz + n * INTERVAL '17 minutes',
              CASE WHEN n % 3 > 0 THEN 's' || (n % 3)::text END, 'b' || (n % 2)::text, n
              FROM generate_series(0, 999) n
            """)
        let streamed =
            "SELECT a, b, time_bucket('6 hours', time) AS h, count(*), sum(x) FROM r GROUP BY 1, 2, 3"
        let hashed =
            "SELECT a, b, time_bucket('6 hours', time + INTERVAL '0') AS h, count(*), sum(x) "
            + "FROM r GROUP BY 1, 2, 3"
        let order = " ORDER BY 1, 2, 3"
        #expect(try shell.rows(streamed + order) == shell.rows(hashed + order))
        #expect(
            try shell.rows("SELECT sum(n) FROM (SELECT count(*) AS n FROM (\(streamed)) s) t")
                == shell.rows("SELECT count(*) FROM (\(hashed)) s"))
    }
}
