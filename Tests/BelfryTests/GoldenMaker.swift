import Belfry
import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

/// Makes `formats/golden/version-1` anew, with everything the format has: all codecs of both tiers,
/// wide and partitioned segments, tombstones, deleted and updated rows, changed tables, reference
/// and APPEND rows, and a log that was not flushed.
///
/// Runs only with `BELFRY_MAKE_GOLDEN=1`: once at the end of work on a version, never after its
/// release. `BELFRY_GOLDEN=1` then writes the answers that `GoldenDatabaseTests` compares.
struct GoldenMaker {
    private static let isWanted = ProcessInfo.processInfo.environment["BELFRY_MAKE_GOLDEN"] != nil

    @Test(.enabled(if: isWanted)) func make() throws {
        let folder = GoldenDatabaseTests.folder.appendingPathComponent("version-1").path
        try? FileManager.default.removeItem(atPath: folder)
        let database = try Database.open(folder)
        try define(database)
        try fill(database, rows: 0..<2600, sensors: 3)
        try fillSteps(database)
        try fillRoads(database)
        try database.run("CHECKPOINT")
        try fill(database, rows: 2600..<2700, sensors: 12)
        try database.run("CHECKPOINT")
        try database.compact(tier: .cold)
        // Two wide segments on top, with deletions of both kinds and rows that came late.
        try database.run("DELETE FROM readings WHERE sensor = 's2' AND time < '2024-04-01'")
        try database.run("DELETE FROM readings WHERE amount = 7")
        try database.run("UPDATE readings SET level = NULL, note = 'mended' WHERE amount = 11")
        try fill(database, rows: 100..<140, sensors: 2)
        try database.run("CHECKPOINT")
        try database.run("ALTER TABLE readings DROP COLUMN spare")
        try database.run("ALTER TABLE readings ADD COLUMN spare TEXT")
        try database.run("ALTER TABLE readings RENAME COLUMN fine TO isFine")
        try database.run(
            "INSERT INTO readings (time, sensor, site, spare) VALUES ('2024-04-20 12:00+00', 's1', 'north', 'new')"
        )
        try database.run("CHECKPOINT")
        // What follows stays in the log.
        try database.run("DELETE FROM readings WHERE sensor = 's3' AND time >= '2024-04-08'")
        try fill(database, rows: 2700..<2710, sensors: 2, hasSpare: false)
        try database.run("UPDATE sites SET height = 3.5 WHERE site = 'west'")
        try database.close()
        for name in ["LOCK", "RESERVE"] {
            try? FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }

    private func define(_ database: Database) throws {
        for statement in [
            """
            CREATE TABLE readings (
              time TIMESTAMPTZ TIME KEY, site TEXT TAG, sensor TEXT TAG,
              level DOUBLE GAUGE UNIT '°C', amount BIGINT COUNTER, state TEXT STATE, note TEXT,
              fine BOOLEAN, seen TIMESTAMPTZ, day DATE, spare BIGINT
            ) STALE AFTER '15 minutes' HORIZON '3650 days'
            """,
            """
            CREATE TABLE steps (
              time TIMESTAMPTZ TIME KEY, kind TEXT TAG, value DOUBLE
            ) PARTITION BY YEAR ON DUPLICATE REPLACE
            """,
            "CREATE TABLE events (time TIMESTAMPTZ TIME KEY, kind TEXT TAG, size INTEGER) ON DUPLICATE APPEND",
            "CREATE TABLE sites (site TEXT PRIMARY KEY, height DOUBLE, since DATE)",
            "INSERT INTO sites VALUES ('north', 56.15, '2001-02-03'), ('south', 56.1, NULL), ('west', 1, '2024-02-29')",
            """
            INSERT INTO events (time, kind, size) VALUES
              ('2024-01-01', 'fair', 1), ('2024-01-01', 'fair', 1), ('2024-01-02', 'storm', NULL)
            """,
        ] { try database.run(statement) }
    }

    /// Rows every five minutes from before a change to summer time on, with gaps.
    private func fill(
        _ database: Database, rows: Range<Int>, sensors: Int, hasSpare: Bool = true
    ) throws {
        let start: Int64 = 1_711_836_000_000_000_000
        let site = ["north", "south", "west"]
        for sensor in 0..<sensors {
            var random = SeededGenerator(seed: UInt64(sensor * 10_000 + rows.lowerBound))
            let kept = rows.filter { $0 % 97 != sensor }
            let times = kept.map { start + Int64($0) * 300_000_000_000 }
            func doubles(_ value: (Int) -> Double, _ isThere: (Int) -> Bool) -> Vector {
                Vector(doubles: kept.map(value), validity: Validity(kept.map(isThere)))
            }
            let appender = try database.appender(for: "readings")
            var columns: [(name: String, values: Vector)] = [
                ("time", Vector(integers: times, type: .timestamptz)),
                ("site", Vector.constant(.text(site[sensor % 3]), .text, count: kept.count)),
                ("sensor", Vector.constant(.text("s\(sensor + 1)"), .text, count: kept.count)),
                (
                    "level",
                    doubles(
                        { row in Double((2000 + row * 37 % 900) + sensor) / 100 },
                        { $0 % 11 != 2 })
                ),
                ("amount", Vector(integers: kept.map { Int64($0 * $0 / 500) }, type: .bigint)),
                (
                    "state",
                    texts(kept) { $0 / 200 % 3 == 0 ? "OK" : "ALARM \($0 / 200 % 5)" }
                ),
                (
                    "note",
                    texts(kept, validity: Validity(kept.map { $0 % 3 == 0 })) { "note \($0) é" }
                ),
                (
                    "seen",
                    Vector(
                        integers: times.map {
                            $0 + Int64.random(in: 0..<20, using: &random) * 1_000_000_000
                        },
                        type: .timestamptz)
                ),
                ("day", Vector(integers: kept.map { 19_812 + Int64($0) / 288 }, type: .date)),
            ]
            if hasSpare {
                columns.append(
                    ("spare", Vector(integers: kept.map { Int64($0 % 7) }, type: .bigint)))
            }
            try appender.append(columns)
        }
    }

    private func texts(
        _ rows: [Int], validity: Validity = .all, _ text: (Int) -> String
    ) -> Vector {
        var storage = TextStorage()
        for row in rows { storage.append(Array(text(row).utf8)) }
        return Vector(.text, .texts(storage), validity: validity)
    }

    /// A column for each stage of doubles.
    private func fillSteps(_ database: Database) throws {
        var random = SeededGenerator(seed: 4)
        let kinds: [(String, (inout SeededGenerator) -> Double)] = [
            ("distinct", { (Double(Int.random(in: 0..<31, using: &$0)) * 18.52).rounded() / 10 }),
            ("floats", { Double(Float(Int.random(in: 0..<200, using: &$0)) / 10) }),
            (
                "corrected",
                {
                    let exact = Double(Int.random(in: 1..<1_000_000, using: &$0)) / 1000
                    return Double(
                        bitPattern: exact.bitPattern + UInt64.random(in: 0..<4, using: &$0))
                }
            ),
            ("patterns", { Double(bitPattern: $0.next() >> 2) }),
            (
                "skewed",
                {
                    var value = 0.0
                    while value < 400, Int.random(in: 0..<3, using: &$0) > 0 { value += 1 }
                    return value
                }
            ),
            ("special", { Int.random(in: 0..<50, using: &$0) == 0 ? .infinity : -0.0 }),
        ]
        for (kind, value) in kinds {
            let times = (0..<1500).map { 1_704_067_200_000_000_000 + Int64($0) * 60_000_000_000 }
            let values = times.map { _ in value(&random) }
            try database.appender(for: "steps").append([
                ("time", Vector(integers: times, type: .timestamptz)),
                ("kind", Vector.constant(.text(kind), .text, count: times.count)),
                ("value", Vector(doubles: values)),
            ])
        }
    }
}
