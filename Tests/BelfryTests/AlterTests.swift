import Belfry
import BelfryStorage
import Foundation
import Testing

/// Definitions that change under those who use them: open results, appenders, prepared statements,
/// batches that were made before.
@Suite struct AlterTests {
    private func database(_ options: DatabaseOptions = DatabaseOptions(.tiny)) throws -> Database {
        let database = try Database.inMemory(options: options)
        try database.run(
            """
            CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, a BIGINT, b BIGINT);
            INSERT INTO t SELECT '2024-01-01'::timestamptz + n * INTERVAL '1 second', 's' || n % 3,
              n, n * 10 FROM generate_series(0, 99) g(n)
            """)
        return database
    }

    private func column(_ name: String, _ values: Int64...) -> (name: String, values: Vector) {
        (name, Vector(integers: values))
    }

    private func time(_ values: Int64...) -> (name: String, values: Vector) {
        ("time", Vector(integers: values, type: .timestamptz))
    }

    private func code(_ body: () throws -> Void) -> String? {
        #expect(throws: BelfryError.self) { try body() }?.code
    }

    @Test("an open result keeps the definition and the rows of its snapshot")
    func openResults() throws {
        let database = try database()
        try database.flush()
        let result = try database.run("SELECT a, b, s FROM t ORDER BY a")
        try database.run("ALTER TABLE t DROP COLUMN a")
        try database.run("ALTER TABLE t ADD COLUMN a TEXT")
        try database.run("UPDATE t SET a = 'new', b = NULL")
        try database.run("ALTER TABLE t RENAME COLUMN b TO c")
        try database.run("DELETE FROM t WHERE s = 's1'")
        try database.compact()
        let rows = try result.rows()
        #expect(rows.count == 100)
        #expect(rows[7] == [.integer(7), .integer(70), .text("s1")])
        let now = try database.run("SELECT count(*), count(a), count(c) FROM t").rows()
        #expect(now == [[.integer(67), .integer(67), .integer(0)]])
    }

    @Test("an appender goes by the names of now")
    func appenders() throws {
        let database = try database()
        let appender = try database.appender(for: "t")
        try database.run("ALTER TABLE t RENAME COLUMN a TO n; ALTER TABLE t DROP COLUMN b")
        #expect(code { try appender.append([time(1), column("a", 1)]) } == "42703")
        #expect(code { try appender.append([time(1), column("b", 1)]) } == "42703")
        try appender.append([time(1), column("n", 5)])
        // Whole numbers go into a column that became DOUBLE.
        try database.run("ALTER TABLE t ALTER n TYPE DOUBLE")
        try appender.append([time(2), column("n", 6)])
        try database.run("ALTER TABLE t RENAME TO u; ALTER TABLE u ADD COLUMN m BIGINT")
        try appender.append([time(3), column("n", 7), column("m", 8)])
        #expect(appender.table.name == "u")
        let rows = try database.run(
            "SELECT n, m FROM u WHERE time < '2000-01-01' ORDER BY time"
        ).rows()
        #expect(
            rows == [
                [.double(5), .null], [.double(6), .null], [.double(7), .integer(8)],
            ])
        try database.run("DROP TABLE u")
        #expect(code { try appender.append([time(4), column("n", 1)]) } == "42P01")
    }

    @Test("rows made for an older definition are refused where a column of theirs is gone")
    func oldBatches() throws {
        let database = try database()
        let appender = try database.appender(for: "t")
        let old = appender.table
        func batch(_ columns: [String]) throws -> PointBatch {
            PointBatch(
                table: old, keys: [SeriesKey(table: old.number, parts: [])], keyIndexes: [0],
                times: [1],
                columns: try columns.map { name in
                    let column = try #require(old.columns.first { $0.name == name })
                    return PointBatch.Column(
                        number: column.number, values: Vector(integers: [1]))
                })
        }
        try database.run("ALTER TABLE t ADD COLUMN c BIGINT; ALTER TABLE t RENAME a TO x")
        _ = try appender.append(try batch(["a", "b"]))
        try database.run("ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b BIGINT")
        #expect(code { _ = try appender.append(try batch(["a", "b"])) } == "42703")
        _ = try appender.append(try batch(["a"]))
        let rows = try database.run("SELECT x, b, c FROM t WHERE time < '2000-01-01'").rows()
        #expect(rows == [[.integer(1), .null, .null]])
    }

    @Test("prepared statements are bound to the definition of when they run")
    func preparedStatements() throws {
        let database = try database()
        let session = database.session()
        let insert = try session.prepare("INSERT INTO t (time, s, a) VALUES ($1, $2, $3)")
        let update = try session.prepare("UPDATE t SET a = a + $1 WHERE s = $2 AND a < $3")
        let delete = try session.prepare("DELETE FROM t WHERE s = :tag AND time >= :from")
        #expect(
            try update.run([.integer(1000), .text("s1"), .integer(10)]).commandTag == "UPDATE 3")
        try database.run("ALTER TABLE t ALTER a TYPE DOUBLE; ALTER TABLE t DROP COLUMN b")
        #expect(
            try update.run([.double(0.5), .text("s1"), .integer(20)]).commandTag == "UPDATE 4")
        try insert.run([
            .timestamptz(Timestamp(seconds: 1_700_000_000)), .text("s9"), .double(1.5),
        ])
        #expect(
            try delete.run(named: [
                "tag": .text("s9"), "from": .timestamptz(Timestamp(seconds: 1_700_000_000)),
            ]).commandTag == "DELETE 1")
        try database.run("ALTER TABLE t RENAME COLUMN a TO z")
        let error = #expect(throws: BelfryError.self) {
            try update.run([.integer(1), .text("s1"), .integer(10)])
        }
        #expect(error?.code == "42703")
        let rows = try database.run("SELECT sum(z) FROM t WHERE s = 's1'").rows()
        // 1, 4, …, 97; 1,000 added to three, 0.5 to four more.
        #expect(rows == [[.double(1617 + 3000 + 2)]])
    }

    @Test("definitions survive closing, and check finds nothing wrong")
    func reopening() throws {
        let folder = "/tmp/belfry-alter-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let database = try Database.open(folder, options: DatabaseOptions(.tiny))
            try database.run(
                """
                CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, a BIGINT, b DOUBLE);
                INSERT INTO t VALUES ('2024-01-01', 'x', 1, 1.5), ('2024-01-02', 'y', 2, 2.5)
                """)
            try database.flush()
            try database.run(
                """
                ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a TEXT;
                ALTER TABLE t RENAME COLUMN b TO speed;
                INSERT INTO t (time, s, a) VALUES ('2024-01-02', 'y', 'new');
                UPDATE t SET speed = NULL WHERE s = 'x'; DELETE FROM t WHERE speed > 100
                """)
            try database.close()
        }
        for _ in 0..<2 {
            let database = try Database.open(folder, options: DatabaseOptions(.tiny))
            let rows = try database.run("SELECT a, speed FROM t ORDER BY time").rows()
            #expect(rows == [[.null, .null], [.text("new"), .double(2.5)]])
            try database.compact()
            try database.close()
        }
    }
}
