import BelfrySQL
import Testing

/// Literals and binding powers, seen through canonical SQL.
@Suite struct PrintedExpressionTests {
    static let expressions: [(String, String)] = [
        // Literals.
        ("null", "NULL"), ("true", "TRUE"), ("False", "FALSE"),
        ("12", "12"), ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"), ("-1", "-1"),
        ("-9223372036854775808", "(-9223372036854775808)"),
        ("1.50", "1.50"), (".5", ".5"), ("5.", "5."), ("1e3", "1e3"), ("1.5E-7", "1.5E-7"),
        ("'it''s'", "'it''s'"), ("'a'\n  'b'", "'ab'"), ("''", "''"),
        (#"E'a\n\'\x41\101\u00e9\\'"#, "'a\n''AAé\\'"), (#"'\n'"#, #"'\n'"#),
        ("$$it's$$", "'it''s'"), ("$x$ $$ $x$", "' $$ '"),
        ("interval '5 minutes'", "INTERVAL '5 minutes'"), ("INTERVAL '5' DAY", "INTERVAL '5 day'"),
        ("timestamptz '2024-01-01'", "TIMESTAMPTZ '2024-01-01'"),
        ("TIMESTAMP WITH TIME ZONE 'x'", "TIMESTAMPTZ 'x'"), ("timestamp 'x'", "TIMESTAMP 'x'"),
        ("DATE '2024-01-01'", "DATE '2024-01-01'"), ("double precision '1'", "DOUBLE '1'"),
        ("$1", "$1"), (":name", ":name"), (":a::int", ":a::INTEGER"),
        // Names.
        ("A.b", "a.b"), ("public.t.c", "public.t.c"), ("\"T\".\"c d\"", "\"T\".\"c d\""),
        ("übung", "übung"), ("a$1", "a$1"),
        // Binding powers.
        ("1 + 2 * 3", "1 + 2 * 3"), ("(1 + 2) * 3", "(1 + 2) * 3"), ("1 - (2 - 3)", "1 - (2 - 3)"),
        ("(1 - 2) - 3", "1 - 2 - 3"), ("2 ^ 3 ^ 4", "2 ^ 3 ^ 4"), ("2 ^ (3 ^ 4)", "2 ^ (3 ^ 4)"),
        ("-2 ^ 2", "-2 ^ 2"), ("-(2 ^ 2)", "-(2 ^ 2)"), ("- -1", "-(-1)"), ("+a", "+a"),
        ("-a::int", "-a::INTEGER"), ("(-a)::int", "(-a)::INTEGER"), ("7 % 4 / 2", "7 % 4 / 2"),
        ("a or b and c", "a OR b AND c"), ("(a or b) and c", "(a OR b) AND c"),
        ("a AND (b AND c)", "a AND b AND c"), ("NOT a = b", "NOT a = b"),
        ("(NOT a) = b", "(NOT a) = b"), ("NOT NOT a", "NOT NOT a"),
        ("NOT a AND b", "NOT a AND b"), ("NOT (a AND b)", "NOT (a AND b)"),
        ("a = b IS NULL", "a = b IS NULL"), ("a = (b IS NULL)", "a = (b IS NULL)"),
        ("a IS NOT TRUE OR b IS UNKNOWN", "a IS NOT TRUE OR b IS UNKNOWN"),
        ("a IS DISTINCT FROM b + 1", "a IS DISTINCT FROM b + 1"),
        ("a is not distinct from null", "a IS NOT DISTINCT FROM NULL"),
        ("(a < b) = c", "(a < b) = c"), ("a != b", "a <> b"), ("a<-1", "a < -1"),
        ("a || b + c", "a || b + c"), ("(a || b) + c", "(a || b) + c"),
        ("a ~ 'x' AND b !~* 'y'", "a ~ 'x' AND b !~* 'y'"),
        ("x BETWEEN 1 AND 2 AND y", "x BETWEEN 1 AND 2 AND y"),
        ("x NOT BETWEEN SYMMETRIC a + 1 AND b", "x NOT BETWEEN SYMMETRIC a + 1 AND b"),
        ("x IN (1, 2)", "x IN (1, 2)"),
        (
            "x + 1 NOT IN (SELECT y FROM t)",
            "x + 1 NOT IN (SELECT y FROM t)"
        ),
        ("x IN ((SELECT 1))", "x IN ((SELECT 1))"), ("(x IN (1)) = y", "x IN (1) = y"),
        ("x LIKE 'a%' ESCAPE '!'", "x LIKE 'a%' ESCAPE '!'"), ("x NOT ILIKE y", "x NOT ILIKE y"),
        ("a AT TIME ZONE 'UTC' AT TIME ZONE z", "a AT TIME ZONE 'UTC' AT TIME ZONE z"),
        ("a + b AT TIME ZONE 'UTC'", "a + b AT TIME ZONE 'UTC'"),
        ("(a + b) AT TIME ZONE 'UTC'", "(a + b) AT TIME ZONE 'UTC'"),
        ("a::date::text || 'x'", "a::DATE::TEXT || 'x'"),
        ("CAST(a + b AS int)", "(a + b)::INTEGER"),
        ("x = ANY (ARRAY[1, 2])", "x = ANY (ARRAY[1, 2])"),
        ("x > ALL (SELECT 1)", "x > ALL (SELECT 1)"), ("ARRAY[]", "ARRAY[]"),
        ("(1, 2)", "ROW(1, 2)"), ("ROW(1)", "ROW(1)"), ("(SELECT 1) + 1", "(SELECT 1) + 1"),
        ("((SELECT 1) UNION (SELECT 2))", "((SELECT 1) UNION (SELECT 2))"),
        ("EXISTS (SELECT FROM t)", "EXISTS (SELECT FROM t)"),
        ("NOT EXISTS (SELECT 1)", "NOT EXISTS (SELECT 1)"),
        // CASE and calls.
        (
            "CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END",
            "CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END"
        ),
        ("case x when 1 then 'a' end", "CASE x WHEN 1 THEN 'a' END"),
        ("f()", "f()"), ("F(a, b)", "f(a, b)"), ("count(*)", "count(*)"),
        ("count(t.*)", "count(t.*)"), ("count(DISTINCT a)", "count(DISTINCT a)"),
        ("string_agg(a, ',' ORDER BY b DESC)", "string_agg(a, ',' ORDER BY b DESC)"),
        (
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)",
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)"
        ),
        ("sum(a) FILTER (WHERE b > 1) * 2", "sum(a) FILTER (WHERE b > 1) * 2"),
        ("avg(x) FILL PREV + 1", "avg(x) FILL PREV + 1"),
        ("(avg(x) FILL 0)::int", "(avg(x) FILL 0)::INTEGER"),
        ("extract(hour FROM t)", "EXTRACT('hour' FROM t)"),
        ("substring(a FROM 2 FOR 3)", "substring(a, 2, 3)"),
        ("position('a' IN b)", "strpos(b, 'a')"),
        ("trim(a)", "btrim(a)"), ("trim(LEADING 'x' FROM a)", "ltrim(a, 'x')"),
        ("trim(both from a)", "btrim(a)"), ("left(a, 2)", "left(a, 2)"),
        ("current_timestamp", "current_timestamp()"), ("pg_catalog.f(1)", "pg_catalog.f(1)"),
        ("time_bucket('1 day', time)", "time_bucket('1 day', time)"),
        ("a /* one /* two */ */ + -- three\n b", "a + b"),
    ]

    @Test(arguments: expressions)
    func expression(_ pair: (String, String)) throws {
        let printed = SQLText.of(try Parser.parseExpression(pair.0))
        #expect(printed == pair.1)
        #expect(SQLText.of(try Parser.parseExpression(printed)) == printed)
    }

    @Test func spans() throws {
        guard case .binary(let sum) = try Parser.parseExpression("ab + f(c , d)") else {
            Issue.record("not a sum")
            return
        }
        #expect(sum.span == SourceSpan(0, 13))
        #expect(sum.operatorSpan == SourceSpan(3, 4))
        #expect(sum.right.span == SourceSpan(5, 13))
    }

    @Test func longChainsOfLogicAreShallow() throws {
        let text = Array(repeating: "a", count: 100_000).joined(separator: " OR ")
        #expect(SQLText.of(try Parser.parseExpression(text)) == text)
    }
}
