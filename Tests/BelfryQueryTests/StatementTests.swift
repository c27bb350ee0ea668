import BelfryCore
import Testing

@testable import BelfryQuery

@Suite("Statements")
struct StatementTests {
    let shell: Shell

    init() throws { shell = try Shell() }

    @Test("CREATE TABLE checks roles, kinds and options")
    func definitions() throws {
        try shell.values(
            """
            CREATE TABLE m (time TIMESTAMPTZ TIME KEY, meter TEXT TAG,
              energy DOUBLE COUNTER UNIT 'kWh', n BIGINT DELTA PER '5 minutes', mode TEXT STATE,
              level DOUBLE DEFAULT 1 + 1)
              PARTITION BY DAY RETAIN '400 days' STALE AFTER '15 minutes' ON DUPLICATE KEEP
            """)
        #expect(shell.commandTag == "CREATE TABLE")
        #expect(
            try shell.rows("DESCRIBE m") == [
                "time|TIMESTAMPTZ|time key|-|-|f|-", "meter|TEXT|tag|-|-|t|-",
                "energy|DOUBLE|field|counter|kWh|t|-",
                "n|BIGINT|field|delta per 00:05:00|-|t|-", "mode|TEXT|field|state|-|t|-",
                "level|DOUBLE|field|gauge|-|t|1 + 1",
            ])
        #expect(shell.error("CREATE TABLE m (a TEXT)")?.code == "42P07")
        try shell.values("CREATE TABLE IF NOT EXISTS m (a TEXT)")
        #expect(shell.warnings.count == 1)
        for (sql, code) in [
            ("CREATE TABLE x (a TEXT, A TEXT)", "42701"),
            ("CREATE TABLE x (time TIMESTAMP TIME KEY)", "42804"),
            ("CREATE TABLE x (time TIMESTAMPTZ TIME KEY, s BIGINT TAG)", "42804"),
            ("CREATE TABLE x (s TEXT TAG)", "42P16"),
            ("CREATE TABLE x (a TEXT COUNTER, t TIMESTAMPTZ TIME KEY)", "42804"),
            ("CREATE TABLE x (t TIMESTAMPTZ TIME KEY) STALE AFTER '1 month'", "22023"),
            ("CREATE TABLE x (t TIMESTAMPTZ TIME KEY) RETAIN 'soon'", "22007"),
            ("CREATE TABLE x (a INTERVAL)", "0A000"),
            ("CREATE TABLE x (a TEXT, PRIMARY KEY (b))", "42703"),
        ] {
            #expect(shell.error(sql)?.code == code, "\(sql)")
        }
    }

    @Test("INSERT casts, fills in defaults and refuses NULL where it may not be")
    func insertions() throws {
        try shell.values(
            """
            CREATE TABLE r (time TIMESTAMPTZ TIME KEY, s TEXT TAG, x DOUBLE, n SMALLINT NOT NULL,
              d BIGINT DEFAULT 7)
            """)
        try shell.values("INSERT INTO r (n, time, x) VALUES (1, '2024-01-01', 2)")
        #expect(shell.commandTag == "INSERT 1")
        #expect(try shell.rows("SELECT * FROM r") == ["2024-01-01 00:00:00+00|-|2.0|1|7"])
        try shell.values(
            "INSERT INTO r SELECT time + INTERVAL '1 hour', 'a', 3, 2, NULL FROM r")
        #expect(
            try shell.rows("SELECT s, x, n, d FROM r ORDER BY time") == ["-|2.0|1|7", "a|3.0|2|-"])
        #expect(shell.error("INSERT INTO r (time, x) VALUES ('2024-01-01', 1)")?.code == "23502")
        #expect(shell.error("INSERT INTO r (n) VALUES (1)")?.code == "23502")
        #expect(
            shell.error("INSERT INTO r (time, n) VALUES ('2024-01-01', 99999)")?.code == "22003")
        #expect(shell.error("INSERT INTO r (time, n) VALUES ('soon', 1)")?.code == "22007")
        #expect(shell.error("INSERT INTO r (time, q) VALUES ('2024-01-01', 1)")?.code == "42703")
        #expect(shell.error("INSERT INTO r (time, n) VALUES ('2024-01-01')")?.code == "42601")
        #expect(try shell.rows("SELECT count(*) FROM r") == ["2"])
    }

    @Test("ON CONFLICT is a rule for duplicates")
    func conflicts() throws {
        try shell.values("CREATE TABLE r (time TIMESTAMPTZ TIME KEY, x BIGINT, y BIGINT)")
        try shell.values("INSERT INTO r VALUES ('2024-01-01', 1, 1)")
        try shell.values("INSERT INTO r VALUES ('2024-01-01', 2, 2) ON CONFLICT DO NOTHING")
        #expect(shell.commandTag == "INSERT 0")
        #expect(try shell.rows("SELECT x, y FROM r") == ["1|1"])
        try shell.values(
            "INSERT INTO r (time, x) VALUES ('2024-01-01', 3) "
                + "ON CONFLICT (time) DO UPDATE SET x = EXCLUDED.x")
        #expect(try shell.rows("SELECT x, y FROM r") == ["3|1"])
        try shell.values(
            "INSERT INTO r VALUES ('2024-01-01', 3) ON CONFLICT DO UPDATE SET x = r.x + 1")
        #expect(try shell.rows("SELECT x, y FROM r") == ["4|1"])
    }

    @Test("a reference table refuses a second row of a key")
    func references() throws {
        try shell.values("CREATE TABLE p (id BIGINT PRIMARY KEY, name TEXT)")
        try shell.values("INSERT INTO p VALUES (1, 'a'), (2, 'b')")
        #expect(shell.error("INSERT INTO p VALUES (1, 'c')")?.code == "23505")
        #expect(shell.error("INSERT INTO p VALUES (NULL, 'c')")?.code == "23502")
        try shell.values(
            "INSERT INTO p VALUES (1, 'c') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name")
        #expect(try shell.rows("SELECT * FROM p ORDER BY id") == ["1|c", "2|b"])
        try shell.values("CREATE TABLE q (name TEXT); INSERT INTO q VALUES ('x'), ('x')")
        #expect(try shell.rows("SELECT count(*) FROM q") == ["2"])
    }

    @Test("tables come and go")
    func tables() throws {
        try shell.values("CREATE TABLE a AS SELECT 1 AS n, 'x' AS t UNION ALL SELECT 2, NULL")
        #expect(shell.commandTag == "SELECT 2")
        #expect(try shell.rows("SELECT * FROM a ORDER BY n") == ["1|x", "2|-"])
        #expect(try shell.rows("SHOW TABLES").map { $0.prefix(13) } == ["a|reference|2"])
        try shell.values("DROP TABLE a")
        #expect(shell.error("DROP TABLE a")?.code == "42P01")
        try shell.values("DROP TABLE IF EXISTS a")
    }

    @Test("settings are set, shown and reset")
    func settings() throws {
        try shell.values("SET TIME ZONE 'Europe/Copenhagen'")
        #expect(try shell.rows("SHOW timezone") == ["Europe/Copenhagen"])
        try shell.values("SET memory_limit = '64MB'; SET statement_timeout = '5 seconds'")
        #expect(try shell.rows("SHOW memory_limit") == ["67108864"])
        #expect(try shell.rows("SHOW statement_timeout") == ["5000"])
        try shell.values("RESET ALL")
        #expect(try shell.rows("SHOW TimeZone") == ["UTC"])
        #expect(shell.error("SET wrong = 1")?.code == "42704")
        #expect(shell.error("SET TimeZone = 'Nowhere/Else'")?.code == "22023")
    }

    @Test("limits end a statement with a clear error")
    func limits() throws {
        try shell.values("SET max_result_rows = 10")
        #expect(shell.error("SELECT * FROM generate_series(1, 11)")?.code == "54000")
        try shell.values("RESET ALL; SET memory_limit = '64KiB'")
        #expect(
            shell.error("SELECT DISTINCT n FROM generate_series(1, 100000) n")?.code == "53200")
        #expect(
            shell.error("SELECT n FROM generate_series(1, 100000) n ORDER BY n")?.code == "53200")
        try shell.values("RESET ALL; SET statement_timeout = 1")
        #expect(
            shell.error("SELECT count(*) FROM generate_series(1, 100000000) n")?.code == "57014")
    }

    @Test("SUMMARIZE tells counts, extremes and means")
    func summaries() throws {
        try shell.values("CREATE TABLE v (n BIGINT, t TEXT, b BOOLEAN)")
        try shell.values("INSERT INTO v VALUES (1, 'b', true), (3, 'a', NULL), (NULL, 'a', true)")
        #expect(
            try shell.rows("SUMMARIZE v") == [
                "n|BIGINT|2|1|2|1|3|2.0", "t|TEXT|3|0|2|a|b|-", "b|BOOLEAN|2|1|1|-|-|-",
            ])
    }
}
