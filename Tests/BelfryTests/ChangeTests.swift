import Belfry
import BelfryStorage
import Foundation
import Testing

/// UPDATE, DELETE and upserts among others of their kind, and beyond what one record holds.
@Suite struct ChangeTests {
    @Test("two UPDATEs of one row do not lose each other's work")
    func updatesTakeTurns() throws {
        let database = try Database.inMemory()
        try database.run("CREATE TABLE p (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
        try database.run("INSERT INTO p VALUES (1, 0), (2, 0)")
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            let session = database.session()
            for _ in 0..<25 {
                do {
                    try session.run("UPDATE p SET n = n + 1 WHERE id = 1")
                    try session.run(
                        "INSERT INTO p VALUES (2, 1) ON CONFLICT DO UPDATE SET n = p.n + EXCLUDED.n"
                    )
                } catch { Issue.record("thread \(thread): \(error)") }
            }
        }
        #expect(
            try database.run("SELECT n FROM p ORDER BY id").rows() == [
                [.integer(100)], [.integer(100)],
            ])
    }

    @Test("waiting for one's turn ends at statement_timeout")
    func waitingEnds() throws {
        let database = try Database.inMemory()
        try database.run("CREATE TABLE p (n BIGINT)")
        let session = database.session()
        try session.run("SET statement_timeout = 20")
        let code = database.store.changes.pass(milliseconds: nil) {
            #expect(throws: BelfryError.self) { try session.run("UPDATE p SET n = 1") }?.code
        }
        #expect(code == "57014")
        try session.run("UPDATE p SET n = 1")
    }

    /// Records of 32 KiB at most, so that statements are several.
    private func smallFrames() -> DatabaseOptions {
        var options = StoreOptions()
        options.frameByteCountLimit = 32 << 10
        return DatabaseOptions(options)
    }

    private func filled(_ rule: String) throws -> Database {
        let database = try Database.inMemory(options: smallFrames())
        try database.run(
            """
            CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, n BIGINT, x TEXT)
              ON DUPLICATE \(rule);
            INSERT INTO t SELECT '2024-01-01'::timestamptz + n * INTERVAL '1 second', 's' || n % 7,
              n, 'text ' || n FROM generate_series(0, 19999) g(n)
            """)
        return database
    }

    @Test(
        "a statement larger than a record is several, and does all the same",
        arguments: [
            "MERGE", "APPEND",
        ])
    func largeStatements(rule: String) throws {
        let database = try filled(rule)
        let before = database.store.snapshot().sequence
        try database.run(
            "UPDATE t SET n = n + 1, x = CASE WHEN n % 2 = 0 THEN x END WHERE n >= 100")
        #expect(database.store.snapshot().sequence > before + 10)
        try database.run("DELETE FROM t WHERE n % 5 = 0")
        let rows = try database.run("SELECT count(*), sum(n), count(x), min(n) FROM t").rows()
        var (count, sum, texts) = (Int64(0), Int64(0), Int64(0))
        for n in Int64(0)..<20_000 {
            let changed = n >= 100 ? n + 1 : n
            if changed % 5 == 0 { continue }
            count += 1
            sum += changed
            if n < 100 || n % 2 == 0 { texts += 1 }
        }
        #expect(rows == [[.integer(count), .integer(sum), .integer(texts), .integer(1)]])
    }

    @Test("an error in the last row of a large statement has changed nothing")
    func errorsChangeNothing() throws {
        let database = try filled("MERGE")
        let before = database.store.snapshot().sequence
        let error = #expect(throws: BelfryError.self) {
            try database.run("UPDATE t SET n = 1 / (19999 - n)")
        }
        #expect(error?.code == "22012")
        #expect(database.store.snapshot().sequence == before)
    }

    @Test("a DELETE by tags and times is one record, however many rows it is for")
    func rangesAreOneRecord() throws {
        let database = try filled("MERGE")
        let before = database.store.snapshot().sequence
        let result = try database.run(
            "DELETE FROM t WHERE s IN ('s1', 's2') AND time < '2024-01-01 05:00'")
        #expect(result.commandTag == "DELETE 5144")
        #expect(database.store.snapshot().sequence == before + 1)
        let rows = try database.run("SELECT count(*) FROM t").rows()
        #expect(rows == [[.integer(20_000 - 5144)]])
        // The same rows, told by a condition that no tombstone can say.
        let second = try filled("MERGE")
        let found = try second.run(
            "DELETE FROM t WHERE (s = 's1' OR s = 's2') AND time < '2024-01-01 05:00' AND n >= 0")
        #expect(found.commandTag == "DELETE 5144")
    }

    @Test("what a statement changes is bounded by memory_limit only in what it holds")
    func memoryIsBounded() throws {
        let database = try filled("MERGE")
        let session = database.session()
        try session.run("SET memory_limit = '256KiB'")
        #expect(try session.run("UPDATE t SET n = n + 1").commandTag == "UPDATE 20000")
        #expect(try session.run("DELETE FROM t WHERE n > 0").commandTag == "DELETE 20000")
    }
}

/// SHOW of partitions, segments and deletions.
@Suite struct StoreReportTests {
    @Test("SHOW tells partitions, segments and deletions, of all tables or of one")
    func parts() throws {
        var options = StoreOptions()
        options.runsUpkeep = false
        let database = try Database.inMemory(options: DatabaseOptions(options))
        try database.run(
            """
            CREATE TABLE r (time TIMESTAMPTZ TIME KEY, s TEXT TAG, n BIGINT) PARTITION BY DAY;
            CREATE TABLE q (time TIMESTAMPTZ TIME KEY, n BIGINT) PARTITION BY MONTH;
            INSERT INTO r VALUES ('2024-01-01 12:00', 'a', 1), ('2024-01-01 13:00', 'b', 2),
              ('2024-01-03', 'a', 3);
            INSERT INTO q VALUES ('2024-02-15', 1);
            CHECKPOINT
            """)
        let wide = try database.run("SHOW SEGMENTS FROM q").rows()
        #expect(wide.count == 1 && wide[0][1] == .null && wide[0][6] == .integer(4))
        try database.compact()
        let day: Int64 = 86_400
        let start: Int64 = 1_704_067_200
        func time(_ second: Int64) -> Value { .timestamptz(Timestamp(seconds: second)) }
        let partitions = try database.run("SHOW PARTITIONS").rows()
        #expect(
            partitions.map { Array($0.prefix(5)) } == [
                [
                    .text("q"), time(start + 31 * day), time(start + 60 * day), .integer(1),
                    .integer(1),
                ],
                [.text("r"), time(start), time(start + day), .integer(1), .integer(2)],
                [
                    .text("r"), time(start + 2 * day), time(start + 3 * day), .integer(1),
                    .integer(1),
                ],
            ])
        #expect(try database.run("SHOW PARTITIONS FROM r").rows().count == 2)
        #expect(try database.run("SHOW SEGMENTS FROM r").rows().count == 2)
        try database.run("DELETE FROM r WHERE s = 'a' AND time < '2024-01-02'")
        let tombstones = try database.run("SHOW TOMBSTONES").rows()
        #expect(tombstones.count == 1)
        #expect(tombstones[0][0] == .text("r") && tombstones[0][1] == .integer(1))
        #expect(tombstones[0][3] == time(start + day))
        #expect(try database.run("SHOW TOMBSTONES FROM q").rows().isEmpty)
    }
}
