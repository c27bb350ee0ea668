import BelfryCore
import BelfrySQL
import BelfryStorage
import BelfryTestSupport
import Testing

@testable import BelfryQuery

/// Random tables against the simplest thing that gives the same rows.
@Suite("Operators against naive versions")
struct OperatorModelTests {
    /// Rows of (key, number, text), some NULL; in the store and here.
    struct Rows {
        var values: [[Value]] = []

        init(count: Int, using generator: inout SeededGenerator) {
            for _ in 0..<count {
                values.append([
                    RandomVectors.value(.text, using: &generator),
                    RandomVectors.value(.bigint, using: &generator),
                    RandomVectors.value(.double, using: &generator),
                ])
            }
        }

        func insert(into table: String, of shell: Shell) throws {
            try shell.values("CREATE TABLE \(table) (k TEXT, n BIGINT, x DOUBLE)")
            if values.isEmpty { return }
            let rows = values.indices.map { row in
                "($\(row * 3 + 1), $\(row * 3 + 2), $\(row * 3 + 3))"
            }
            var parameters: [ParameterReference.Key: Value] = [:]
            for (index, value) in values.joined().enumerated() {
                parameters[.position(index + 1)] = value
            }
            try shell.values(
                "INSERT INTO \(table) VALUES \(rows.joined(separator: ", "))", parameters)
        }
    }

    /// A batch of few rows, so that every edge between batches is met.
    static func shell(_ generator: inout SeededGenerator) throws -> Shell {
        var settings = QuerySettings()
        settings.batchRowCount = Int.random(in: 1...7, using: &generator)
        return try Shell(options: .tiny, settings: settings)
    }

    static func sorted(_ rows: [[Value]]) -> [String] {
        rows.map { $0.map(Shell.text).joined(separator: "|") }.sorted()
    }

    @Test("GROUP BY", arguments: 0..<15)
    func groups(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let shell = try Self.shell(&generator)
        let rows = Rows(count: Int.random(in: 0...60, using: &generator), using: &generator)
        try rows.insert(into: "t", of: shell)
        var groups: [(key: [Value], rows: [[Value]])] = []
        for row in rows.values {
            let key = [row[0], row[1]]
            if let known = groups.firstIndex(where: {
                zip($0.key, key).allSatisfy { ValueOrder.isSame($0, $1) }
            }) {
                groups[known].rows.append(row)
            } else {
                groups.append((key, [row]))
            }
        }
        let expected = groups.map { group in
            let numbers = group.rows.compactMap { row -> Int64? in
                if case .integer(let number) = row[1] { return number }
                return nil
            }
            return group.key + [
                .integer(Int64(group.rows.count)),
                .integer(Int64(group.rows.filter { !$0[2].isNull }.count)),
                numbers.isEmpty ? .null : .integer(numbers.reduce(0, +)),
            ]
        }
        let found = try shell.values(
            "SELECT k, n, count(*), count(x), sum(n) FROM t GROUP BY k, n")
        #expect(Self.sorted(found) == Self.sorted(expected))
        let distinct = try shell.values("SELECT DISTINCT k, n FROM t")
        #expect(Self.sorted(distinct) == Self.sorted(groups.map(\.key)))
    }

    @Test("joins", arguments: 0..<20)
    func joins(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let shell = try Self.shell(&generator)
        let left = Rows(count: Int.random(in: 0...25, using: &generator), using: &generator)
        let right = Rows(count: Int.random(in: 0...25, using: &generator), using: &generator)
        try left.insert(into: "a", of: shell)
        try right.insert(into: "b", of: shell)
        let hasResidual = Bool.random(using: &generator)
        func matches(_ a: [Value], _ b: [Value]) -> Bool {
            if a[0].isNull || b[0].isNull || !ValueOrder.isSame(a[0], b[0]) { return false }
            guard hasResidual else { return true }
            return !a[1].isNull && !b[1].isNull && ValueOrder.isLess(a[1], b[1])
        }
        let nothing = [Value.null, .null, .null]
        for kind in ["INNER", "LEFT", "RIGHT", "FULL"] {
            var expected: [[Value]] = []
            for a in left.values {
                let partners = right.values.filter { matches(a, $0) }
                expected += partners.map { a + $0 }
                if partners.isEmpty && (kind == "LEFT" || kind == "FULL") {
                    expected.append(a + nothing)
                }
            }
            if kind == "RIGHT" || kind == "FULL" {
                for b in right.values where !left.values.contains(where: { matches($0, b) }) {
                    expected.append(nothing + b)
                }
            }
            let condition = hasResidual ? "a.k = b.k AND a.n < b.n" : "a.k = b.k"
            let found = try shell.values("SELECT * FROM a \(kind) JOIN b ON \(condition)")
            #expect(Self.sorted(found) == Self.sorted(expected), "\(kind)")
        }
    }

    @Test("joins without equalities", arguments: 0..<8)
    func nestedLoops(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let shell = try Self.shell(&generator)
        let left = Rows(count: Int.random(in: 0...15, using: &generator), using: &generator)
        let right = Rows(count: Int.random(in: 0...15, using: &generator), using: &generator)
        try left.insert(into: "a", of: shell)
        try right.insert(into: "b", of: shell)
        var expected: [[Value]] = []
        for a in left.values {
            let partners = right.values.filter {
                !a[1].isNull && !$0[1].isNull && ValueOrder.isLess(a[1], $0[1])
            }
            expected += partners.isEmpty ? [a + [.null, .null, .null]] : partners.map { a + $0 }
        }
        let found = try shell.values("SELECT * FROM a LEFT JOIN b ON a.n < b.n")
        #expect(Self.sorted(found) == Self.sorted(expected))
        let all = try shell.values("SELECT count(*) FROM a, b")
        #expect(all == [[.integer(Int64(left.values.count * right.values.count))]])
    }

    @Test("ORDER BY with and without LIMIT", arguments: 0..<15)
    func orders(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let shell = try Self.shell(&generator)
        let rows = Rows(count: Int.random(in: 0...60, using: &generator), using: &generator)
        try rows.insert(into: "t", of: shell)
        let expected = rows.values.sorted { left, right in
            // ORDER BY x DESC, k, n: NULLs first, then last, then last.
            for (index, isDescending) in [(2, true), (0, false), (1, false)] {
                let (a, b) = (left[index], right[index])
                if a.isNull != b.isNull { return a.isNull == isDescending }
                if a.isNull || ValueOrder.isSame(a, b) { continue }
                return ValueOrder.isLess(a, b) != isDescending
            }
            return false
        }
        let found = try shell.values("SELECT * FROM t ORDER BY x DESC, k, n")
        #expect(found.map { $0.map(Shell.text) } == expected.map { $0.map(Shell.text) })
        let limit = Int.random(in: 0...20, using: &generator)
        let offset = Int.random(in: 0...5, using: &generator)
        let part = try shell.values(
            "SELECT n FROM t ORDER BY x DESC, k, n LIMIT \(limit) OFFSET \(offset)")
        #expect(
            part.map { $0.map(Shell.text) }
                == expected.dropFirst(offset).prefix(limit).map { [Shell.text($0[1])] })
    }

    @Test("set operations", arguments: 0..<15)
    func setOperations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let shell = try Self.shell(&generator)
        let left = Rows(count: Int.random(in: 0...40, using: &generator), using: &generator)
        let right = Rows(count: Int.random(in: 0...40, using: &generator), using: &generator)
        try left.insert(into: "a", of: shell)
        try right.insert(into: "b", of: shell)
        func counts(_ rows: Rows) -> [Value: Int] {
            rows.values.reduce(into: [:]) { $0[$1[0], default: 0] += 1 }
        }
        let (inLeft, inRight) = (counts(left), counts(right))
        let all = Set(inLeft.keys).union(inRight.keys)
        for (words, count) in [
            ("UNION", { (_: Int, _: Int) in 1 }),
            ("UNION ALL", { $0 + $1 }),
            ("INTERSECT", { $0 > 0 && $1 > 0 ? 1 : 0 }),
            ("INTERSECT ALL", { min($0, $1) }),
            ("EXCEPT", { $0 > 0 && $1 == 0 ? 1 : 0 }),
            ("EXCEPT ALL", { max(0, $0 - $1) }),
        ] as [(String, (Int, Int) -> Int)] {
            let expected = all.flatMap { value in
                [[Value]](
                    repeating: [value],
                    count: count(inLeft[value] ?? 0, inRight[value] ?? 0))
            }
            let found = try shell.values("SELECT k FROM a \(words) SELECT k FROM b")
            #expect(Self.sorted(found) == Self.sorted(expected), "\(words)")
        }
    }
}
