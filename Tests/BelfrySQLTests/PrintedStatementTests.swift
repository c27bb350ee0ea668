import BelfrySQL
import Testing

/// What the parser makes of a statement, seen through canonical SQL; and that parsing what was
/// printed prints the same.
@Suite struct PrintedStatementTests {
    static let queries: [(String, String)] = [
        ("select 1", "SELECT 1"),
        ("SELECT a, b AS c, d e FROM t", "SELECT a, b AS c, d AS e FROM t"),
        ("SELECT A, \"A\", \"a b\"\"c\" FROM T", "SELECT a, \"A\", \"a b\"\"c\" FROM t"),
        (
            "SELECT *, t.*, * EXCLUDE (a, b), * EXCLUDE c FROM t",
            "SELECT *, t.*, * EXCLUDE (a, b), * EXCLUDE (c) FROM t"
        ),
        ("SELECT DISTINCT a FROM t", "SELECT DISTINCT a FROM t"),
        ("SELECT ALL a FROM t", "SELECT a FROM t"),
        ("SELECT DISTINCT ON (a, b) c FROM t", "SELECT DISTINCT ON (a, b) c FROM t"),
        ("SELECT FROM t", "SELECT FROM t"),
        ("SELECT a AS select FROM t AS x (y, z)", "SELECT a AS select FROM t AS x(y, z)"),
        ("SELECT 1 FROM public.t u, v", "SELECT 1 FROM public.t AS u, v"),
        ("SELECT 1 FROM (SELECT 2) s(x)", "SELECT 1 FROM (SELECT 2) AS s(x)"),
        (
            "SELECT 1 FROM (VALUES (1, 'a'), (2, 'b')) v(n, t)",
            "SELECT 1 FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, t)"
        ),
        (
            "SELECT 1 FROM generate_series(0, 180, 15) s(minutes)",
            "SELECT 1 FROM generate_series(0, 180, 15) AS s(minutes)"
        ),
        (
            "SELECT 1 FROM a CROSS JOIN LATERAL (SELECT a.x) l",
            "SELECT 1 FROM a CROSS JOIN LATERAL (SELECT a.x) AS l"
        ),
        ("SELECT 1 FROM ((a JOIN b USING (x)) t)", "SELECT 1 FROM ((a JOIN b USING (x)) AS t)"),
        (
            "SELECT 1 FROM ((SELECT 1) a JOIN b ON true) t",
            "SELECT 1 FROM ((SELECT 1) AS a JOIN b ON TRUE) AS t"
        ),
        (
            "SELECT 1 FROM a INNER JOIN b ON a.x = b.x LEFT OUTER JOIN c USING (x, y)",
            "SELECT 1 FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x, y)"
        ),
        (
            "SELECT 1 FROM a RIGHT JOIN b USING (x) FULL OUTER JOIN c USING (x) "
                + "NATURAL LEFT JOIN d",
            "SELECT 1 FROM a RIGHT JOIN b USING (x) FULL JOIN c USING (x) NATURAL LEFT JOIN d"
        ),
        ("SELECT 1 FROM a ASOF JOIN b", "SELECT 1 FROM a ASOF JOIN b"),
        (
            "SELECT 1 FROM a ASOF LEFT JOIN b USING (k) TOLERANCE '10 minutes' WHERE true",
            "SELECT 1 FROM a ASOF JOIN b USING (k) TOLERANCE '10 minutes' WHERE TRUE"
        ),
        (
            "SELECT 1 FROM a ASOF INNER JOIN b ON a.k = b.k AND a.t >= b.t "
                + "TOLERANCE INTERVAL '1' HOUR IGNORE NULLS STRICT MATCH NEAREST",
            "SELECT 1 FROM a ASOF INNER JOIN b ON a.k = b.k AND a.t >= b.t MATCH NEAREST "
                + "STRICT IGNORE NULLS TOLERANCE INTERVAL '1 hour'"
        ),
        (
            "SELECT 1 FROM a ASOF JOIN b ON f(a.x) = g(b.x) TOLERANCE UNLIMITED",
            "SELECT 1 FROM a ASOF JOIN b ON f(a.x) = g(b.x) TOLERANCE UNLIMITED"
        ),
        (
            "SELECT 1 FROM a ASOF JOIN b ON f(b.x) TOLERANCE '1 h'",
            "SELECT 1 FROM a ASOF JOIN b ON f(b.x) TOLERANCE '1 h'"
        ),
        (
            "SELECT 1 FROM (a JOIN r USING (s)) t ALIGN JOIN b USING (district) ALIGN JOIN w",
            "SELECT 1 FROM (a JOIN r USING (s)) AS t ALIGN JOIN b USING (district) ALIGN JOIN w"
        ),
        ("SELECT a FROM t WHERE x LATEST BY (a)", "SELECT a FROM t WHERE x LATEST BY (a)"),
        (
            "SELECT a FROM t LATEST 3 BY (a, t.b) QUALIFY c > 1",
            "SELECT a FROM t LATEST 3 BY (a, t.b) QUALIFY c > 1"
        ),
        ("SELECT a FROM t GROUP BY ALL", "SELECT a FROM t GROUP BY ALL"),
        (
            "SELECT a FROM t GROUP BY 1, b + 1 HAVING count(*) > 3",
            "SELECT a FROM t GROUP BY 1, b + 1 HAVING count(*) > 3"
        ),
        ("SELECT 1 FROM t SAMPLE BY '1 day'", "SELECT 1 FROM t SAMPLE BY '1 day'"),
        (
            "SELECT 1 FROM t GROUP BY s SAMPLE BY :w EVERY '5 minutes' TIME ZONE 'UTC' "
                + "ORIGIN '2000-01-03' FROM now() TO :b FILL PREV TOLERANCE '1 hour' HAVING true",
            "SELECT 1 FROM t GROUP BY s SAMPLE BY :w EVERY '5 minutes' TIME ZONE 'UTC' "
                + "ORIGIN '2000-01-03' FROM now() TO :b FILL PREV TOLERANCE '1 hour' HAVING TRUE"
        ),
        (
            "SELECT 1 FROM t SAMPLE BY '1 h' FROM a() TO b() FILL NULL",
            "SELECT 1 FROM t SAMPLE BY '1 h' FROM a() TO b() FILL NULL"
        ),
        (
            "SELECT avg(x) FILL LINEAR AS a, sum(y) FILLED FROM t SAMPLE BY '1 h' FILL -1",
            "SELECT avg(x) FILL LINEAR AS a, sum(y) AS filled FROM t SAMPLE BY '1 h' FILL -1"
        ),
        (
            "SELECT avg(x) FILTER (WHERE ok) FILL 0 + 1 FROM t",
            "SELECT avg(x) FILTER (WHERE ok) FILL 0 + 1 FROM t"
        ),
        (
            "SELECT time_avg(free = 0) TOLERANCE '1 hour' AS s, last(m) FILL PREV TOLERANCE :t",
            "SELECT time_avg(free = 0) TOLERANCE '1 hour' AS s, last(m) FILL PREV TOLERANCE :t"
        ),
        (
            "SELECT increase(e) TOLERANCE UNLIMITED FILL NEXT TOLERANCE '2 h' FROM t",
            "SELECT increase(e) TOLERANCE UNLIMITED FILL NEXT TOLERANCE '2 h' FROM t"
        ),
        (
            "SELECT a FROM t ORDER BY a DESC, b ASC NULLS FIRST, c NULLS LAST LIMIT 5 "
                + "OFFSET 2 ROWS",
            "SELECT a FROM t ORDER BY a DESC, b NULLS FIRST, c NULLS LAST LIMIT 5 OFFSET 2"
        ),
        ("SELECT a FROM t OFFSET 2 FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t LIMIT 3 OFFSET 2"),
        ("SELECT a FROM t FETCH NEXT ROW ONLY", "SELECT a FROM t LIMIT 1"),
        ("SELECT a FROM t LIMIT ALL", "SELECT a FROM t"),
        (
            "WITH a AS (SELECT 1), b(x) AS MATERIALIZED (SELECT 2) SELECT * FROM a, b",
            "WITH a AS (SELECT 1), b (x) AS (SELECT 2) SELECT * FROM a, b"
        ),
        (
            "SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4 ORDER BY 1",
            "SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4 ORDER BY 1"
        ),
        (
            "(SELECT 1 LIMIT 1) UNION ALL (SELECT 2 UNION DISTINCT SELECT 3)",
            "(SELECT 1 LIMIT 1) UNION ALL (SELECT 2 UNION SELECT 3)"
        ),
        ("((SELECT 1))", "((SELECT 1))"),
        ("VALUES (1, 2), (3, 4) ORDER BY 1", "VALUES (1, 2), (3, 4) ORDER BY 1"),
        (
            "SELECT row_number() OVER (PARTITION BY a, b ORDER BY c DESC) FROM t",
            "SELECT row_number() OVER (PARTITION BY a, b ORDER BY c DESC) FROM t"
        ),
        (
            "SELECT sum(x) OVER w, avg(x) OVER (w ROWS 3 PRECEDING) FROM t "
                + "WINDOW w AS (ORDER BY time RANGE BETWEEN INTERVAL '1 h' PRECEDING AND "
                + "1 FOLLOWING "
                + "EXCLUDE TIES)",
            "SELECT sum(x) OVER w, avg(x) OVER (w ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) "
                + "FROM t WINDOW w AS (ORDER BY time RANGE BETWEEN INTERVAL '1 h' PRECEDING AND "
                + "1 FOLLOWING EXCLUDE TIES)"
        ),
        ("SELECT sum(x) OVER () FROM t", "SELECT sum(x) OVER () FROM t"),
        // Belfry's words are ordinary names.
        (
            "SELECT time, day, status, name, start, sample, latest, fill, tolerance, match FROM t",
            "SELECT time, day, status, name, start, sample, latest, fill, tolerance, match FROM t"
        ),
        (
            "SELECT sample.fill AS align FROM latest AS sample",
            "SELECT sample.fill AS align FROM latest AS sample"
        ),
        ("SELECT g.at, t.order FROM g", "SELECT g.at, t.order FROM g"),
    ]

    static let others: [(String, String)] = [
        ("explain select 1", "EXPLAIN SELECT 1"),
        ("EXPLAIN ANALYZE VALUES (1)", "EXPLAIN ANALYZE VALUES (1)"),
        (
            "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, "
                + "speed DOUBLE PRECISION GAUGE UNIT 'km/h', n int8 DELTA PER '5 minutes', "
                + "e float8 COUNTER NOT NULL DEFAULT 1 + 2 UNIT 'kWh', m varchar(20) STATE) "
                + "ON DUPLICATE MERGE STALE AFTER '15 minutes' RETAIN INTERVAL '400 days' "
                + "PARTITION BY DAY HORIZON '2 days'",
            "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, "
                + "speed DOUBLE GAUGE UNIT 'km/h', n BIGINT DELTA PER '5 minutes', "
                + "e DOUBLE COUNTER UNIT 'kWh' NOT NULL DEFAULT 1 + 2, m VARCHAR(20) STATE) "
                + "PARTITION BY DAY RETAIN '400 days' STALE AFTER '15 minutes' HORIZON '2 days' "
                + "ON DUPLICATE MERGE"
        ),
        (
            "CREATE TABLE IF NOT EXISTS public.s (id TEXT PRIMARY KEY, "
                + "at timestamp with time zone, "
                + "l timestamp without time zone, n numeric(10, 2), PRIMARY KEY (id, at))",
            "CREATE TABLE IF NOT EXISTS public.s (id TEXT PRIMARY KEY, at TIMESTAMPTZ, "
                + "l TIMESTAMP, n NUMERIC(10, 2), PRIMARY KEY (id, at))"
        ),
        (
            "CREATE TABLE t (a bool, b smallint, c integer, d bigint, e real, f double, g text, "
                + "h bytea, i date, j time, k uuid, l jsonb, m character varying(3), n int[])",
            "CREATE TABLE t (a BOOLEAN, b SMALLINT, c INTEGER, d BIGINT, e REAL, f DOUBLE, "
                + "g TEXT, h BYTEA, i DATE, j TIME, k UUID, l JSON, m VARCHAR(3), n INTEGER[])"
        ),
        ("CREATE TABLE t AS SELECT 1 AS a", "CREATE TABLE t AS SELECT 1 AS a"),
        ("DROP TABLE IF EXISTS a, b", "DROP TABLE IF EXISTS a, b"),
        ("ALTER TABLE t ADD x DOUBLE GAUGE", "ALTER TABLE t ADD COLUMN x DOUBLE GAUGE"),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS x INTEGER"
        ),
        ("ALTER TABLE t DROP COLUMN IF EXISTS x", "ALTER TABLE t DROP COLUMN IF EXISTS x"),
        ("ALTER TABLE t RENAME a TO b", "ALTER TABLE t RENAME COLUMN a TO b"),
        ("ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME TO u"),
        ("ALTER TABLE t ALTER energy SET COUNTER", "ALTER TABLE t ALTER COLUMN energy SET COUNTER"),
        ("ALTER TABLE t ALTER e SET UNIT 'kWh'", "ALTER TABLE t ALTER COLUMN e SET UNIT 'kWh'"),
        ("ALTER TABLE t ALTER e DROP UNIT", "ALTER TABLE t ALTER COLUMN e DROP UNIT"),
        ("ALTER TABLE t SET RETAIN '30 days'", "ALTER TABLE t SET RETAIN '30 days'"),
        ("ALTER TABLE t ALTER e TYPE DOUBLE", "ALTER TABLE t ALTER COLUMN e TYPE DOUBLE"),
        ("ALTER TABLE t ALTER e SET DATA TYPE INT8", "ALTER TABLE t ALTER COLUMN e TYPE BIGINT"),
        (
            "ALTER TABLE t ALTER e SET DEFAULT 1 + 1",
            "ALTER TABLE t ALTER COLUMN e SET DEFAULT 1 + 1"
        ),
        ("ALTER TABLE t ALTER e DROP DEFAULT", "ALTER TABLE t ALTER COLUMN e DROP DEFAULT"),
        ("ALTER TABLE t ALTER e SET NOT NULL", "ALTER TABLE t ALTER COLUMN e SET NOT NULL"),
        ("ALTER TABLE t ALTER e DROP NOT NULL", "ALTER TABLE t ALTER COLUMN e DROP NOT NULL"),
        (
            "ALTER TABLE t RESET HORIZON, PARTITION BY, STALE AFTER, RETAIN",
            "ALTER TABLE t RESET HORIZON, PARTITION BY, STALE AFTER, RETAIN"
        ),
        ("ALTER TABLE t DROP partition", "ALTER TABLE t DROP COLUMN partition"),
        (
            "ALTER TABLE t DROP PARTITION '2024-01-01', :b",
            "ALTER TABLE t DROP PARTITION '2024-01-01', :b"
        ),
        (
            "ALTER TABLE t DROP PARTITION BEFORE now() - INTERVAL '1 day'",
            "ALTER TABLE t DROP PARTITION BEFORE now() - INTERVAL '1 day'"
        ),
        ("TRUNCATE TABLE t", "TRUNCATE t"),
        ("INSERT INTO t VALUES (1, 'a'), (2, NULL)", "INSERT INTO t VALUES (1, 'a'), (2, NULL)"),
        (
            "INSERT INTO t (a, b) SELECT c, d FROM u ON CONFLICT DO NOTHING",
            "INSERT INTO t (a, b) SELECT c, d FROM u ON CONFLICT DO NOTHING"
        ),
        (
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (a, b) DO UPDATE SET "
                + "b = EXCLUDED.b, c = DEFAULT",
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (a, b) DO UPDATE SET b = excluded.b, "
                + "c = DEFAULT"
        ),
        (
            "INSERT INTO t SELECT 1 FROM a ASOF JOIN b ON CONFLICT DO NOTHING",
            "INSERT INTO t SELECT 1 FROM a ASOF JOIN b ON CONFLICT DO NOTHING"
        ),
        (
            "INSERT INTO t AS x VALUES (1) ON CONFLICT DO UPDATE SET n = x.n + EXCLUDED.n "
                + "WHERE x.n < 5 RETURNING *, n + 1 AS m",
            "INSERT INTO t AS x VALUES (1) ON CONFLICT DO UPDATE SET n = x.n + excluded.n "
                + "WHERE x.n < 5 RETURNING *, n + 1 AS m"
        ),
        (
            "INSERT INTO t SELECT 1 FROM a ON DUPLICATE KEEP RETURNING a",
            "INSERT INTO t SELECT 1 FROM a ON DUPLICATE KEEP RETURNING a"
        ),
        ("INSERT INTO t (SELECT 1)", "INSERT INTO t (SELECT 1)"),
        ("INSERT INTO t DEFAULT VALUES", "INSERT INTO t DEFAULT VALUES"),
        (
            "UPDATE t SET a = a + 1, b = DEFAULT WHERE c",
            "UPDATE t SET a = a + 1, b = DEFAULT WHERE c"
        ),
        ("UPDATE t x SET a = 1", "UPDATE t AS x SET a = 1"),
        ("DELETE FROM t WHERE time < '2024-01-01'", "DELETE FROM t WHERE time < '2024-01-01'"),
        ("DELETE FROM t x RETURNING x.*", "DELETE FROM t AS x RETURNING x.*"),
        (
            "UPDATE t SET a = 1 WHERE b RETURNING a, b",
            "UPDATE t SET a = 1 WHERE b RETURNING a, b"
        ),
        ("SHOW PARTITIONS", "SHOW PARTITIONS"),
        ("SHOW SEGMENTS FROM t", "SHOW SEGMENTS FROM t"),
        ("SHOW TOMBSTONES", "SHOW TOMBSTONES"),
        ("SHOW HEALTH", "SHOW HEALTH"),
        ("SHOW RECOVERY", "SHOW RECOVERY"),
        ("SHOW EVENTS", "SHOW EVENTS"),
        ("CHECKPOINT", "CHECKPOINT"),
        ("confirm clock", "CONFIRM CLOCK"),
        ("SET TimeZone = 'Europe/Copenhagen'", "SET timezone = 'Europe/Copenhagen'"),
        ("SET TIME ZONE 'UTC'", "SET timezone = 'UTC'"),
        ("SET memory_limit TO DEFAULT", "SET memory_limit = DEFAULT"),
        ("SET x = on", "SET x = 'on'"),
        ("SET max_grid_cells TO 100", "SET max_grid_cells = 100"),
        ("RESET ALL", "RESET ALL"),
        ("RESET TIME ZONE", "RESET timezone"),
        ("SHOW TABLES", "SHOW TABLES"),
        ("SHOW TimeZone", "SHOW timezone"),
        ("DESCRIBE t", "DESCRIBE t"),
        ("DESC t", "DESCRIBE t"),
        ("SUMMARIZE t", "SUMMARIZE t"),
        ("BEGIN TRANSACTION", "BEGIN"),
        ("START TRANSACTION", "BEGIN"),
        ("COMMIT", "COMMIT"),
        ("ROLLBACK WORK", "ROLLBACK"),
    ]

    @Test(arguments: queries + others)
    func statement(_ pair: (String, String)) throws {
        let printed = SQLText.of(try Parser.parseStatement(pair.0).statement)
        #expect(printed == pair.1)
        #expect(SQLText.of(try Parser.parseStatement(printed).statement) == printed)
    }

    @Test func corpus() throws {
        let later = ["NEAREST ", "SEGMENT BY", "FOR valid", "FOR VERSION"]
        var splitter = StatementSplitter()
        splitter.append(Corpus.city + Corpus.suites + Corpus.crossDomain)
        var count = 0
        while let text = splitter.next() {
            count += 1
            if later.contains(where: text.contains) {
                let error = #expect(throws: SyntaxError.self) { try Parser.parse(text) }
                #expect(error?.sqlState == "0A000", "\(text)")
                continue
            }
            let printed = SQLText.of(try Parser.parseStatement(text).statement)
            #expect(SQLText.of(try Parser.parseStatement(printed).statement) == printed)
        }
        #expect(count == 29)
        #expect(StatementSplitter.isBlank(splitter.rest))
    }

    @Test func script() throws {
        let text = "SELECT :b, $2; ;\n-- nothing\nSELECT :a + :b + :a;"
        let statements = try Parser.parse(text)
        #expect(statements.count == 2)
        #expect(statements[0].parameters.map(\.key) == [.name("b"), .position(2)])
        #expect(statements[1].parameters.map(\.key) == [.name("a"), .name("b")])
        let bytes = Array(text.utf8)
        let spans = statements.map { statement in
            let range = statement.span.startOffset..<statement.span.endOffset
            return String(decoding: bytes[range], as: UTF8.self)
        }
        #expect(spans == ["SELECT :b, $2", "SELECT :a + :b + :a"])
        #expect(try Parser.parse(" -- nothing").isEmpty)
    }
}
