import BelfrySQL
import BelfryTestSupport
import Testing

/// Any text gives a tree or an error, and whatever parses prints to something that parses and
/// prints the same.
@Suite struct ParserFuzzTests {
    private static let soup: [String] =
        [
            "SELECT", "FROM", "WHERE", "GROUP", "BY", "SAMPLE", "LATEST", "JOIN", "ASOF", "ALIGN",
            "ON", "USING", "FILL", "NULL", "PREV", "TOLERANCE", "UNLIMITED", "ORDER", "LIMIT",
            "UNION", "ALL", "WITH", "AS", "VALUES", "INSERT", "INTO", "CREATE", "TABLE", "TIME",
            "KEY", "TAG", "NOT", "IN", "IS", "BETWEEN", "AND", "OR", "LIKE", "CASE", "WHEN",
            "THEN", "END", "CAST", "EXTRACT", "EXISTS", "OVER", "PARTITION", "FILTER", "DISTINCT",
            "EXCLUDE", "INTERVAL", "TIMESTAMP", "AT", "ZONE", "DOUBLE", "TEXT", "ANY", "ARRAY",
            "ROW", "SET", "UPDATE", "DELETE", "EXPLAIN", "a", "b", "t", "f", "count", "\"Q\"",
            "1", "2.5", "'s'", "E'\\n'", "$$d$$", "$1", ":p", "(", ")", "(", ")", "[", "]", ",",
            ".", "*", "+", "-", "/", "%", "^", "||", "=", "<>", "<", ">=", "::", "~", ";", "'",
            "\"", "/*", "--", "$", "@", "é", "\n",
        ]

    private func check(_ sql: String, seed: UInt64) {
        do {
            for statement in try Parser.parse(sql) {
                let printed = SQLText.of(statement.statement)
                do {
                    let again = SQLText.of(try Parser.parseStatement(printed).statement)
                    #expect(again == printed, "seed \(seed): \(sql)")
                } catch {
                    Issue.record("seed \(seed): \(sql)\nprinted as \(printed)\n\(error.message)")
                }
            }
        } catch {
            // An error's place is in the text, and it can be shown.
            #expect(error.span.endOffset <= sql.utf8.count, "seed \(seed): \(sql)")
            #expect(!error.rendered(in: sql).isEmpty)
        }
    }

    @Test func tokenSoup() {
        for seed in UInt64(1)...4_000 {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 1...24, using: &generator)
            var words =
                ["SELECT", "", "INSERT INTO t", "CREATE TABLE t ("].randomElement(
                    using: &generator) ?? ""
            for _ in 0..<count {
                words += " " + (Self.soup.randomElement(using: &generator) ?? "")
            }
            check(words, seed: seed)
        }
    }

    /// Valid statements with words dropped, doubled, swapped or replaced.
    @Test func mutatedStatements() {
        let statements = (PrintedStatementTests.queries + PrintedStatementTests.others).map(\.0)
        for seed in UInt64(1)...8_000 {
            var generator = SeededGenerator(seed: seed)
            let text = statements.randomElement(using: &generator) ?? ""
            var words = text.split(separator: " ").map(String.init)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !words.isEmpty {
                let place = Int.random(in: words.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: words.remove(at: place)
                case 1: words.insert(words[place], at: place)
                case 2: words.swapAt(place, Int.random(in: words.indices, using: &generator))
                default: words[place] = Self.soup.randomElement(using: &generator) ?? ""
                }
            }
            check(words.joined(separator: " "), seed: seed)
        }
    }

    /// Bytes cut, changed and inserted anywhere, inside of characters too.
    @Test func mutatedBytes() {
        let statements = (PrintedStatementTests.queries + PrintedStatementTests.others).map(\.0)
        for seed in UInt64(1)...4_000 {
            var generator = SeededGenerator(seed: seed)
            var bytes = Array((statements.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                default: bytes.insert(UInt8.random(in: 32...126, using: &generator), at: place)
                }
            }
            check(String(decoding: bytes, as: UTF8.self), seed: seed)
        }
    }
}
