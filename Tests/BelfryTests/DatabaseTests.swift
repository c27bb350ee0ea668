import Belfry
import Testing

/// The library's face, used as an application would.
@Suite struct DatabaseTests {
    private let database: Database

    init() throws {
        database = try Database.inMemory()
        try database.run(
            "CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, x DOUBLE, n BIGINT)")
    }

    @Test func columnsGoInAndRowsComeOut() throws {
        let appender = try database.appender(for: "T", isCounted: true)
        let times: [Int64] = [0, 60_000_000_000, 120_000_000_000]
        let outcome = try appender.append([
            ("time", Vector(integers: times, type: .timestamptz)),
            ("x", Vector(doubles: [1.5, 2.5, .nan])),
        ])
        #expect(outcome.stored == 3)
        let again = try appender.append([
            ("time", Vector(integers: Array(times.prefix(2)), type: .timestamptz)),
            ("x", Vector(doubles: [1.5, 9])),
        ])
        #expect(again.duplicate == 1)
        #expect(again.updated == 1)
        let result = try database.run("SELECT s, x FROM t ORDER BY time LIMIT 2")
        #expect(result.columns.map(\.name) == ["s", "x"])
        #expect(result.columns.map(\.type) == [.text, .double])
        #expect(try result.rows() == [[.null, .double(1.5)], [.null, .double(9)]])
        #expect(result.commandTag == "SELECT 2")
    }

    @Test func parametersByNumberAndName() throws {
        let session = database.session()
        #expect(
            try session.run("SELECT $2, $1 + 1", parameters: [.integer(1), .text("b")]).rows()
                == [[.text("b"), .integer(2)]])
        let insert = try session.prepare("INSERT INTO t (time, s, n) VALUES (:at, :s, :n)")
        for number in Int64(1)...3 {
            let result = try insert.run(named: [
                "at": .timestamptz(Timestamp(seconds: number)), "s": .text("a"),
                "n": .integer(number),
            ])
            #expect(result.commandTag == "INSERT 1")
        }
        #expect(try session.run("SELECT sum(n) FROM t").rows() == [[.integer(6)]])
        let missing = #expect(throws: BelfryError.self) { try session.run("SELECT :nothing") }
        #expect(missing?.range == 7..<15)
    }

    @Test func settingsBelongToASession() throws {
        let one = database.session()
        let other = database.session()
        try one.run("SET TimeZone = 'Europe/Copenhagen'")
        #expect(try one.run("SHOW TimeZone").rows() == [[.text("Europe/Copenhagen")]])
        #expect(try other.run("SHOW TimeZone").rows() == [[.text("UTC")]])
    }

    @Test func errorsHaveCodePlaceAndHint() throws {
        let error = #expect(throws: BelfryError.self) {
            try database.run("SELECT time,\n  spede FROM t WHERE x > 1")
        }
        #expect(error?.code == "42703")
        #expect(error?.range == 15..<20)
        #expect(error?.description.contains("line 2:   spede FROM t") == true)
        #expect(throws: BelfryError.self) { try database.appender(for: "missing") }
        let last = #expect(throws: BelfryError.self) { try database.run("SELECT 1; SELEC 2") }
        #expect(last?.hint == "did you mean SELECT?")
    }

    @Test func batchesAreBoundedAndCanBeCancelled() throws {
        let result = try database.run("SELECT n FROM generate_series(1, 5000) g(n)")
        var rowCount = 0
        while let batch = try result.nextBatch() {
            #expect(batch.rowCount <= Vector.capacity)
            rowCount += batch.rowCount
        }
        #expect(rowCount == 5000)
        let endless = try database.run("SELECT n FROM generate_series(1, 1000000000) g(n)")
        _ = try endless.nextBatch()
        endless.cancel()
        let error = #expect(throws: BelfryError.self) { try endless.nextBatch() }
        #expect(error?.code == "57014")
    }

    @Test func scriptsGiveEachResult() throws {
        var tags: [String] = []
        try database.session().run(
            script: "INSERT INTO t (time) VALUES ('2024-01-01'); SELECT 1; SHOW TABLES;"
        ) { result throws(BelfryError) in
            _ = try result.rows()
            tags.append(result.commandTag)
        }
        #expect(tags.count == 3)
        #expect(tags.prefix(2) == ["INSERT 1", "SELECT 1"])
    }
}
