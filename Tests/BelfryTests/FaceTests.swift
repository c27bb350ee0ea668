import Belfry
import Foundation
import Testing

/// What the library's face refuses, with which code; and that SQL and the appender name the rows
/// of a reference table alike.
struct FaceTests {
    private func readings() throws -> Database {
        let database = try Database.inMemory()
        try database.run("CREATE TABLE t (time TIMESTAMPTZ TIME KEY, s TEXT TAG, v BIGINT)")
        return database
    }

    private func code(_ columns: [(name: String, values: Vector)]) throws -> String? {
        let appender = try readings().appender(for: "t")
        return #expect(throws: BelfryError.self) { try appender.append(columns) }?.code
    }

    private let time = (
        name: "time", values: Vector(integers: [1, 2], type: .timestamptz)
    )

    @Test func appenderRefusesWithCodes() throws {
        #expect(try code([time, ("nosuch", Vector(integers: [1, 2]))]) == "42703")
        #expect(try code([time, ("v", Vector(booleans: [true, false]))]) == "42804")
        #expect(try code([time, ("v", Vector(integers: [1]))]) == "22023")
        #expect(try code([("v", Vector(integers: [1, 2]))]) == "23502")
        #expect(
            try code([("time", Vector.nulls(.timestamptz, count: 2))]) == "23502")
        #expect(
            try code([("time", Vector(integers: [.max], type: .timestamptz))]) == "22008")
    }

    @Test(arguments: [
        (DataType.bigint, "-7", Value.integer(-7)),
        (.double, "-0.0", .double(-0.0)), (.double, "0.1", .double(0.1)),
        (.double, "1e20", .double(1e20)), (.text, "'é'", .text("é")),
        (
            .timestamptz, "'2024-02-29 12:00:00.5+00'",
            .timestamptz(Timestamp(nanoseconds: 1_709_208_000_500_000_000))
        ),
        (.date, "'1969-12-31'", .date(-1)), (.boolean, "true", .boolean(true)),
    ])
    func insertedAndAppendedKeysAreOne(type: DataType, literal: String, value: Value) throws {
        let database = try Database.inMemory()
        try database.run("CREATE TABLE r (k \(type.name) PRIMARY KEY, v BIGINT)")
        try database.run("INSERT INTO r VALUES (\(literal)::\(type.name), 1)")
        let appender = try database.appender(for: "r", rule: .merge, isCounted: true)
        let row = [
            (name: "k", values: Vector.constant(value, type, count: 1)),
            (name: "v", values: Vector(integers: [1])),
        ]
        #expect(try appender.append(row).duplicate == 1, "\(literal)")
        #expect(try database.run("SELECT count(*) FROM r").rows() == [[.integer(1)]])
    }

    @Test func oneFolderHasOneWriterAndClosedMeansClosed() throws {
        let path = NSTemporaryDirectory() + "belfry-face-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let database = try Database.open(path)
        try database.run("CREATE TABLE t (time TIMESTAMPTZ TIME KEY, v BIGINT)")
        let second = #expect(throws: BelfryError.self) { try Database.open(path) }
        #expect(second?.code == "55006")
        let appender = try database.appender(for: "t")
        try database.close()
        #expect(throws: BelfryError.self) {
            try appender.append([
                ("time", Vector(integers: [1], type: .timestamptz)),
                ("v", Vector(integers: [1])),
            ])
        }
        try database.close()
        try Database.open(path).close()
    }
}
