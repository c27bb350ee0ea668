import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

/// Predicates on tags against rows tested one by one; identity of tags as bytes.
struct TagTests {
    private static let schema = TableSchema(
        name: "things",
        columns: [
            ColumnSchema(name: "time", type: .timestamptz, role: .time),
            ColumnSchema(name: "a", type: .text, role: .tag),
            ColumnSchema(name: "b", type: .text, role: .tag),
            ColumnSchema(name: "v", type: .bigint, role: .field),
        ])

    private typealias Tags = (a: [UInt8]?, b: [UInt8]?)

    /// A table with a series for each pair of tags, numbered in this order.
    private func store(_ tags: [Tags]) throws -> (Store, TableSchema) {
        var options = StoreOptions()
        options.runsUpkeep = false
        let store = try Store.inMemory(options: options)
        let table = try store.createTable(Self.schema, ifNotExists: false)
        for pair in tags {
            var parts: [(column: UInt32, value: [UInt8])] = []
            if let a = pair.a { parts.append((table.columns[1].number, a)) }
            if let b = pair.b { parts.append((table.columns[2].number, b)) }
            _ = try store.write(
                [
                    PointBatch(
                        table: table, keys: [SeriesKey(table: table.number, parts: parts)],
                        keyIndexes: [0], times: [1],
                        columns: [
                            PointBatch.Column(
                                number: table.columns[3].number, values: Vector(integers: [1]))
                        ])
                ], rule: nil, isCounted: false)
        }
        return (store, table)
    }

    @Test func canonicallyEqualTextsAreTwoSeries() throws {
        let composed = Array("caf\u{e9}".utf8)
        let decomposed = Array("cafe\u{301}".utf8)
        let (store, table) = try store([(composed, nil), (decomposed, nil), (composed, nil)])
        let snapshot = store.snapshot()
        #expect(snapshot.seriesCount(table) == 2)
        let number = table.columns[1].number
        let found = snapshot.seriesNumbers(table, .isIn(column: number, values: [decomposed]))
        #expect(found.numbers == [2])
    }

    /// Three truths: nil is unknown.
    private static func truth(
        _ predicate: TagPredicate, _ value: (UInt32) -> [UInt8]?
    ) -> Bool? {
        switch predicate {
        case .all: return true
        case .none: return false
        case .isIn(let column, let values): return value(column).map { values.contains($0) }
        case .like(let column, let pattern, let isCaseInsensitive):
            return value(column).map {
                isLike(
                    fold($0, isCaseInsensitive)[...], fold(pattern, isCaseInsensitive)[...])
            }
        case .less(let column, let bound, let orEqual):
            return value(column).map {
                $0.lexicographicallyPrecedes(bound) || (orEqual && $0 == bound)
            }
        case .greater(let column, let bound, let orEqual):
            return value(column).map {
                bound.lexicographicallyPrecedes($0) || (orEqual && $0 == bound)
            }
        case .isNull(let column): return value(column) == nil
        case .and(let parts):
            let truths = parts.map { truth($0, value) }
            return truths.contains(false) ? false : truths.contains(nil) ? nil : true
        case .or(let parts):
            let truths = parts.map { truth($0, value) }
            return truths.contains(true) ? true : truths.contains(nil) ? nil : false
        case .not(let part): return truth(part, value).map { !$0 }
        }
    }

    private static func fold(_ bytes: [UInt8], _ isFolding: Bool) -> [UInt8] {
        isFolding ? Array(String(decoding: bytes, as: UTF8.self).lowercased().utf8) : bytes
    }

    /// LIKE by recursion, over ASCII.
    private static func isLike(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case UInt8(ascii: "%"):
            return isLike(text, rest) || (!text.isEmpty && isLike(text.dropFirst(), pattern))
        case UInt8(ascii: "_"): return !text.isEmpty && isLike(text.dropFirst(), rest)
        case UInt8(ascii: "\\") where !rest.isEmpty:
            return text.first == rest.first && isLike(text.dropFirst(), rest.dropFirst())
        default: return text.first == first && isLike(text.dropFirst(), rest)
        }
    }

    private static func text(_ generator: inout SeededGenerator, _ letters: String) -> [UInt8] {
        let alphabet = Array(letters.utf8)
        return (0..<generator.below(5)).map { _ in alphabet[generator.below(alphabet.count)] }
    }

    private static func predicate(
        _ generator: inout SeededGenerator, _ columns: [UInt32], _ depth: Int
    ) -> TagPredicate {
        let column = columns[generator.below(columns.count)]
        switch generator.below(depth > 0 ? 8 : 5) {
        case 0:
            return .isIn(
                column: column,
                values: (0..<generator.below(4)).map { _ in text(&generator, "abA") })
        case 1:
            return .like(
                column: column, pattern: text(&generator, "ab%%_\\A"),
                isCaseInsensitive: generator.below(2) == 0)
        case 2:
            return .less(
                column: column, than: text(&generator, "ab"), orEqual: generator.below(2) == 0)
        case 3:
            return .greater(
                column: column, than: text(&generator, "ab"), orEqual: generator.below(2) == 0)
        case 4: return .isNull(column: column)
        case 5: return .not(predicate(&generator, columns, depth - 1))
        case 6:
            return .and(
                (0..<generator.below(4)).map { _ in predicate(&generator, columns, depth - 1) })
        default:
            return .or(
                (0..<generator.below(4)).map { _ in predicate(&generator, columns, depth - 1) })
        }
    }

    @Test func predicatesAgreeWithRowsTestedOneByOne() throws {
        var generator = SeededGenerator(seed: 17)
        var tags: [Tags] = []
        var seen: Set<[[UInt8]?]> = []
        for _ in 0..<150 {
            let pair: Tags = (
                generator.below(5) == 0 ? nil : Self.text(&generator, "abA"),
                generator.below(5) == 0 ? nil : Self.text(&generator, "abA")
            )
            if seen.insert([pair.a, pair.b]).inserted { tags.append(pair) }
        }
        let (store, table) = try store(tags)
        let snapshot = store.snapshot()
        let columns = [table.columns[1].number, table.columns[2].number]
        for round in 0..<600 {
            let predicate = Self.predicate(&generator, columns, 3)
            let expected = tags.indices.filter { index in
                Self.truth(predicate) { $0 == columns[0] ? tags[index].a : tags[index].b } == true
            }.map { UInt32($0 + 1) }
            let found = snapshot.seriesNumbers(table, predicate)
            #expect(found.numbers == expected, "round \(round): \(predicate)")
            #expect(found.count == expected.count)
        }
    }

    @Test func setsAgreeWithArrays() {
        var generator = SeededGenerator(seed: 23)
        for density in [1, 2, 40, 1000] {
            var numbers: [UInt32] = []
            for number in UInt32(1)..<3000 where generator.below(density) == 0 {
                numbers.append(number)
            }
            let set = SeriesSet(ascending: numbers)
            #expect(set.numbers == numbers)
            let members = Set(numbers)
            for number in stride(from: UInt32(0), to: 3200, by: 7) {
                #expect(set.contains(number) == members.contains(number))
                #expect(set.first(atOrAfter: number) == numbers.first { $0 >= number })
                let end = number + UInt32(generator.below(100))
                #expect(
                    set.overlaps(number...end) == numbers.contains { number...end ~= $0 })
            }
        }
    }
}
