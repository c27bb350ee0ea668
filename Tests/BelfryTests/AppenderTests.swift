import Belfry
import Testing

/// The appender: columns in, what becomes of their rows, and what it refuses.
@Suite struct AppenderTests {
    private func database() throws -> Database {
        let database = try Database.inMemory()
        try database.run(
            "CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, speed DOUBLE)")
        return database
    }

    private func texts(_ values: [String]) -> Vector {
        var builder = VectorBuilder(.text)
        for value in values { builder.append(.text(value)) }
        return builder.finish()
    }

    private func columns(_ times: [Int64], _ speeds: [Double]) -> [(name: String, values: Vector)] {
        [
            ("time", Vector(integers: times, type: .timestamptz)),
            ("sensor", texts(times.map { _ in "a" })), ("speed", Vector(doubles: speeds)),
        ]
    }

    @Test func tellsNewFromUpdatedAndDuplicate() throws {
        let database = try database()
        let appender = try database.appender(for: "traffic", isCounted: true)
        #expect(try appender.append(columns([1, 2, 3], [10, 20, 30])).stored == 3)
        let outcome = try appender.append(columns([2, 3, 4], [20, 31, 40]))
        #expect(outcome.stored == 1)
        #expect(outcome.updated == 1)
        #expect(outcome.duplicate == 1)
        let sum = try database.run("SELECT sum(speed) FROM traffic").rows()
        #expect(sum == [[.double(101)]])
    }

    @Test func refuses() throws {
        let database = try database()
        let appender = try database.appender(for: "traffic")
        #expect(throws: BelfryError.self) { try database.appender(for: "trafic") }
        #expect(throws: BelfryError.self) {
            try appender.append([("sped", Vector(doubles: [1]))])
        }
        #expect(throws: BelfryError.self) {
            try appender.append([("speed", Vector(doubles: [1]))])
        }
        #expect(throws: BelfryError.self) { try appender.append(columns([1, 2], [1])) }
        #expect(try database.run("SELECT count(*) FROM traffic").rows() == [[.integer(0)]])
    }
}
