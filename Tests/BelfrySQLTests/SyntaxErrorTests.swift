import BelfrySQL
import Testing

/// What a wrong statement is told, and where the carets stand.
@Suite struct SyntaxErrorTests {
    private func rendered(_ sql: String) -> String {
        do {
            _ = try Parser.parse(sql)
            return "no error"
        } catch {
            return error.rendered(in: sql)
        }
    }

    static let cases: [(String, String)] = [
        (
            "SELECT a FORM t",
            """
            did not expect "t" after "FORM"
            line 1: SELECT a FORM t
                             ^^^^
            hint: did you mean FROM?
            """
        ),
        (
            "SELECT a\nFROM t\nWHRE x = 1",
            """
            did not expect "x" after "WHRE"
            line 3: WHRE x = 1
                    ^^^^
            hint: did you mean WHERE?
            """
        ),
        (
            "SELEC 1",
            """
            expected a statement, found "SELEC"
            line 1: SELEC 1
                    ^^^^^
            hint: did you mean SELECT?
            """
        ),
        (
            "SELECT a FROM t GROUP YB b",
            """
            expected BY, found "YB"
            line 1: SELECT a FROM t GROUP YB b
                                          ^^
            hint: did you mean BY?
            """
        ),
        (
            "SELECT a FROM t WHERE a = 1 GROP BY b",
            """
            expected the end of the statement, found "GROP"
            line 1: SELECT a FROM t WHERE a = 1 GROP BY b
                                                ^^^^
            hint: did you mean GROUP?
            """
        ),
        (
            "SELECT a FROM t SAMPEL BY '1 h'",
            """
            did not expect BY after "SAMPEL"
            line 1: SELECT a FROM t SAMPEL BY '1 h'
                                    ^^^^^^
            hint: did you mean SAMPLE?
            """
        ),
        (
            "SELECT a, FROM t",
            """
            expected an expression, found FROM
            line 1: SELECT a, FROM t
                              ^^^^
            """
        ),
        (
            "SELECT",
            """
            expected an expression, found the end of the text
            line 1: SELECT
                          ^
            """
        ),
        (
            "SELECT (1 + 2",
            """
            expected an operator, "," or ")", found the end of the text
            line 1: SELECT (1 + 2
                                 ^
            """
        ),
        (
            "SELECT 'abc",
            """
            this string is never closed
            line 1: SELECT 'abc
                           ^
            """
        ),
        (
            "SELECT 1 /* x",
            """
            this comment is never closed
            line 1: SELECT 1 /* x
                             ^^
            """
        ),
        (
            "SELECT 12ab",
            """
            "12ab" is neither a number nor a name
            line 1: SELECT 12ab
                           ^^^^
            hint: a name that starts with a digit needs double quotes
            """
        ),
        (
            "SELECT a # b",
            """
            the character "#" has no meaning here
            line 1: SELECT a # b
                             ^
            """
        ),
        (
            "SELECT 1 < 2 < 3",
            """
            comparisons do not chain
            line 1: SELECT 1 < 2 < 3
                                 ^
            hint: join two of them with AND
            """
        ),
        (
            "SELECT a::strng FROM t",
            """
            there is no type "strng"
            line 1: SELECT a::strng FROM t
                              ^^^^^
            hint: did you mean STRING?
            """
        ),
        (
            "CREATE TABLE t (a TEXT UNIQUE)",
            """
            UNIQUE is not supported
            line 1: CREATE TABLE t (a TEXT UNIQUE)
                                           ^^^^^^
            """
        ),
        (
            "CREATE TABLE order (a TEXT)",
            """
            expected a table's name, found ORDER
            line 1: CREATE TABLE order (a TEXT)
                                 ^^^^^
            hint: ORDER is a reserved word; as a name it needs double quotes: "order"
            """
        ),
        (
            "CREATE TABLE t (a TEXT TAGG)",
            """
            expected "," or ")", found "TAGG"
            line 1: CREATE TABLE t (a TEXT TAGG)
                                           ^^^^
            hint: did you mean TAG?
            """
        ),
        (
            "SELECT 1 FROM a JOIN b WHERE c",
            """
            expected ON or USING, found WHERE
            line 1: SELECT 1 FROM a JOIN b WHERE c
                                           ^^^^^
            """
        ),
        (
            "SELECT 1 FROM a NEAREST 1 JOIN b BY d",
            """
            NEAREST JOIN is not supported yet
            line 1: SELECT 1 FROM a NEAREST 1 JOIN b BY d
                                    ^^^^^^^
            """
        ),
        (
            "SELECT 1 FROM t SEGMENT BY GAP '1 h'",
            """
            SEGMENT BY is not supported yet
            line 1: SELECT 1 FROM t SEGMENT BY GAP '1 h'
                                    ^^^^^^^
            """
        ),
        (
            "SELECT 1 FROM t FOR valid AS OF now()",
            """
            FOR … AS OF is not supported yet
            line 1: SELECT 1 FROM t FOR valid AS OF now()
                                    ^^^
            """
        ),
        (
            "SELECT 1 FROM t SAMPLE BY '1 h' GROUP BY a",
            """
            expected HAVING or the end of the query, found GROUP
            line 1: SELECT 1 FROM t SAMPLE BY '1 h' GROUP BY a
                                                    ^^^^^
            hint: GROUP BY stands before SAMPLE BY
            """
        ),
        (
            "SELECT avg(x) FILL FROM t",
            """
            expected NULL, PREV, NEXT, LINEAR or a literal, found FROM
            line 1: SELECT avg(x) FILL FROM t
                                       ^^^^
            """
        ),
        (
            "SELECT 1 FROM a ALIGN JOIN b ON a.x = b.x",
            """
            ALIGN JOIN takes USING, not ON
            line 1: SELECT 1 FROM a ALIGN JOIN b ON a.x = b.x
                                                 ^^
            hint: name the keys that both sides share: USING (district)
            """
        ),
        (
            "VALUES (1, 2), (3)",
            """
            this row has 1 values, the first one has 2
            line 1: VALUES (1, 2), (3)
                                   ^^^
            """
        ),
        (
            "INSERT INTO t VALUSE (1)",
            """
            expected "(", VALUES or SELECT, found "VALUSE"
            line 1: INSERT INTO t VALUSE (1)
                                  ^^^^^^
            hint: did you mean VALUES?
            """
        ),
        (
            "SELECT *\nFROM t WHERE ä = 'é' AND ( ;",
            """
            expected an expression, found ";"
            line 2: FROM t WHERE ä = 'é' AND ( ;
                                               ^
            """
        ),
        (
            "\tSELECT\t@",
            """
            the character "@" has no meaning here
            line 1:  SELECT @
                            ^
            """
        ),
        (
            "COPY t FROM 'f'",
            """
            COPY is not supported yet
            line 1: COPY t FROM 'f'
                    ^^^^
            hint: belfry import reads files
            """
        ),
    ]

    @Test(arguments: cases)
    func error(_ pair: (String, String)) {
        #expect(rendered(pair.0) == pair.1)
    }

    @Test func longLinesAreCut() {
        let sql = "SELECT " + String(repeating: "a, ", count: 100) + "# b"
        let lines = rendered(sql).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("line 1: …") && lines[1].hasSuffix("a, # b"))
        #expect(lines[2].count == lines[1].count - 2)
    }

    static let codes: [(String, String)] = [
        ("SELECT 1 FROM t FOR valid AS OF x", "0A000"),
        ("CREATE VIEW v AS SELECT 1", "0A000"),
        ("CREATE TABLE t (a nonsense)", "42704"),
        ("SELECT $0", "42P02"),
        (#"SELECT E'\uZZZZ'"#, "22025"),
        (#"SELECT E'\xff'"#, "22021"),
        ("SELECT " + String(repeating: "a", count: 1 << 20), "54000"),
        ("SELECT a a a", "42601"),
    ]

    @Test(arguments: codes)
    func code(_ pair: (String, String)) throws {
        let error = #expect(throws: SyntaxError.self) { try Parser.parse(pair.0) }
        #expect(error?.sqlState == pair.1)
    }

    private static func repeated(_ text: String, _ count: Int = 100_000) -> String {
        String(repeating: text, count: count)
    }

    static let tooDeep: [String] = [
        "SELECT " + repeated("(") + "1" + repeated(")"),
        "SELECT " + repeated("("),
        "SELECT " + repeated("NOT "),
        "SELECT " + repeated("- ") + "1",
        "SELECT 1" + repeated(" + 1"),
        "SELECT 1" + repeated("::int"),
        "SELECT 1" + repeated(" IS NULL"),
        "SELECT " + repeated("f("),
        "SELECT " + repeated("CASE WHEN ", 50_000),
        "SELECT " + repeated("ARRAY["),
        "SELECT " + repeated("1 + ("),
        "SELECT " + repeated("1 OR 1 AND 1 = 1 || 1 + 1 * 1 ^ (", 20_000),
        "SELECT " + repeated("x IN (SELECT ", 50_000),
        "SELECT 1 FROM t" + repeated(" CROSS JOIN t", 50_000),
        "SELECT 1 FROM " + repeated("(") + "t",
        "SELECT 1 FROM " + repeated("(SELECT 1 FROM ", 50_000),
        "SELECT 1" + repeated(" UNION SELECT 1", 50_000),
        "VALUES (1)" + repeated(" INTERSECT VALUES (1)", 40_000),
        repeated("(") + "SELECT 1" + repeated(")"),
        repeated("WITH a AS (", 50_000),
    ]

    @Test(arguments: tooDeep.indices)
    func depthIsAnError(_ index: Int) throws {
        let error = #expect(throws: SyntaxError.self) { try Parser.parse(Self.tooDeep[index]) }
        #expect(
            error?.sqlState == "54001", "\(error?.message ?? "") \(Self.tooDeep[index].prefix(60))")
    }

    @Test func depthWithinTheLimitIsFine() throws {
        let parentheses = Self.repeated("(", 250) + "1" + Self.repeated(")", 250)
        #expect(SQLText.of(try Parser.parseExpression(parentheses)) == "1")
        let deep = Self.repeated("1 + (", 250) + "1 + 1" + Self.repeated(")", 250)
        #expect(SQLText.of(try Parser.parseExpression(deep)) == deep)
        let queries = Self.repeated("(SELECT ", 60) + "1" + Self.repeated(")", 60)
        #expect(SQLText.of(try Parser.parseExpression(queries)) == queries)
    }
}
