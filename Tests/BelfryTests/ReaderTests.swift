import Belfry
import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

/// `tools/reader`, the second reader, which knows the formats from their text alone, prints of a
/// closed database what the engine answers, bit for bit.
@Suite(.enabled(if: PythonReader.isThere, "\(PythonReader.lack)"))
struct ReaderTests {
    @Test func theGoldenDatabase() throws {
        let path = NSTemporaryDirectory() + "belfry-read-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.copyItem(
            atPath: GoldenDatabaseTests.folder.appendingPathComponent("version-1").path,
            toPath: path)
        try compare(path, tables: ["events", "readings", "roads", "sites", "steps"])
    }

    /// Both tiers, wide and partitioned segments, packed and solo blocks, references and maps,
    /// every type, every stage that the engine chooses, rows replaced and deleted, tombstones of
    /// both kinds, changed tables, and all kinds of rows in the log.
    @Test func aDatabaseWithEverything() throws {
        let path = NSTemporaryDirectory() + "belfry-read-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let database = try Database.open(path)
        try ReaderSample.fill(database)
        try database.close()
        let forms = try compare(path, tables: ["events", "r", "replaced", "sites"])
        let missing = ReaderSample.required.filter { form in
            form.hasSuffix("*")
                ? !forms.contains { $0.hasPrefix(form.dropLast()) } : !forms.contains(form)
        }
        #expect(missing.isEmpty, "forms that the database does not have: \(missing)")
    }

    /// The engine opens a copy, for opening writes.
    /// - Returns: the forms that the second reader finds in the database.
    @discardableResult
    private func compare(_ path: String, tables: Set<String>) throws -> Set<String> {
        let copy = path + "-copy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let forms = path + "-forms"
        defer { try? FileManager.default.removeItem(atPath: forms) }
        let printed = String(
            decoding: try PythonReader.run([path, "--bits", "--forms-to", forms]), as: UTF8.self)
        let found = Self.tables(printed)
        #expect(Set(found.map(\.0)) == tables)
        var options = DatabaseOptions()
        options.isReadOnly = true
        let database = try Database.open(copy, options: options)
        defer { try? database.close() }
        for (name, lines) in found {
            let answer = try database.run("SELECT * FROM \"\(name)\"").rows()
            let expected = answer.map { $0.map(Self.text).joined(separator: "\t") }
            #expect(lines.count == expected.count, "\(name)")
            let pairs = zip(lines.sorted(), expected.sorted())
            if let (line, other) = pairs.first(where: { $0 != $1 }) {
                Issue.record("\(name): \(line) is read where the engine has \(other)")
            }
        }
        return Set(
            try String(contentsOfFile: forms, encoding: .utf8).split(separator: "\n")
                .map(String.init))
    }

    /// Each table's lines, without the one that names it.
    private static func tables(_ printed: String) -> [(String, [String])] {
        var tables: [(String, [String])] = []
        for line in printed.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("# ") {
                tables.append((String(line.dropFirst(2).prefix { $0 != "\t" }), []))
            } else {
                tables[tables.count - 1].1.append(String(line))
            }
        }
        return tables
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .null: return "\\N"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value), .date(let value): return String(value)
        case .timestamptz(let time), .timestamp(let time): return String(time.nanoseconds)
        case .double(let value):
            let digits = String(value.bitPattern, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        case .text(let text):
            var escaped = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\t": escaped += "\\t"
                case "\n": escaped += "\\n"
                case "\r": escaped += "\\r"
                case "\\": escaped += "\\\\"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        case .interval: return "no column has this type"
        }
    }
}

/// A database with every form that the engine writes by itself.
private enum ReaderSample {
    static func fill(_ database: Database) throws {
        for statement in [
            """
            CREATE TABLE r (
              time TIMESTAMPTZ TIME KEY, site TEXT TAG, sensor TEXT TAG,
              d1 DOUBLE, d2 DOUBLE, d3 DOUBLE, d4 DOUBLE, d5 DOUBLE, d6 DOUBLE, d7 DOUBLE,
              d8 DOUBLE, d9 DOUBLE, d10 DOUBLE, same DOUBLE, twin DOUBLE,
              follows DOUBLE, rare DOUBLE,
              i1 BIGINT, i2 BIGINT, i3 INTEGER, i4 SMALLINT, fine BOOLEAN, state TEXT, note TEXT,
              seen TIMESTAMPTZ, local TIMESTAMP, day DATE, spare BIGINT, wider BIGINT, wide BIGINT,
              late BIGINT, root DOUBLE, label TEXT, never BOOLEAN, always BOOLEAN, shift BOOLEAN
            ) HORIZON '36500 days'
            """,
            """
            CREATE TABLE replaced (time TIMESTAMPTZ TIME KEY, s TEXT TAG, a BIGINT, b TEXT)
            ON DUPLICATE REPLACE HORIZON '36500 days'
            """,
            """
            CREATE TABLE events (time TIMESTAMPTZ TIME KEY, s TEXT TAG, n INTEGER, t TEXT)
            ON DUPLICATE APPEND HORIZON '36500 days'
            """,
            """
            CREATE TABLE sites (site TEXT, floor BIGINT, height DOUBLE, PRIMARY KEY (site, floor))
            """,
            """
            INSERT INTO sites VALUES
              ('north', 1, 56.15), ('north', -2, 0.1), ('tab\t\\n', 0, NULL), ('west', 7, 1e300)
            """,
        ] { try database.run(statement) }
        try append(database, rows: 0..<2300, sensors: 0..<3)
        try append(database, rows: 0..<40, sensors: 10..<40)
        try events(database, 0..<700)
        try database.run("CHECKPOINT")
        try database.compact()
        try append(database, rows: 2300..<3400, sensors: 0..<2)
        try database.run("CHECKPOINT")
        try database.compact(tier: .cold)
        try change(database)
        try append(database, rows: 3400..<4000, sensors: 0..<3)
        try database.run("CHECKPOINT")
        try database.run("ALTER TABLE r DROP COLUMN spare")
        try database.run("ALTER TABLE r ADD COLUMN spare TEXT")
        try database.run("ALTER TABLE r ADD COLUMN later DOUBLE")
        try database.run("UPDATE r SET spare = 'new', d1 = NULL WHERE i1 % 101 = 7")
        try database.run("CHECKPOINT")
        // What follows stays in the log.
        try events(database, 650..<800)
        try database.run("DELETE FROM r WHERE sensor = 's2' AND time >= '2024-01-25'")
        try database.run("DELETE FROM events WHERE time < '2024-01-01 00:10'")
        try database.run("DELETE FROM r WHERE i1 % 97 = 11")
        try database.run("UPDATE r SET note = NULL, later = 0.1 WHERE i1 % 89 = 3")
        try database.run("INSERT INTO replaced VALUES ('2024-01-01', 'a', 5, NULL)")
        try database.run("UPDATE sites SET height = 3.5 WHERE site = 'west'")
        try database.run("DELETE FROM sites WHERE floor = -2")
    }

    /// Deletions of both kinds, rows replaced, updated and written late.
    private static func change(_ database: Database) throws {
        for statement in [
            "DELETE FROM r WHERE sensor = 's2' AND time < '2024-01-03'",
            "DELETE FROM r WHERE i1 % 53 = 7",
            "UPDATE r SET d1 = NULL, note = 'mended' WHERE i1 % 59 = 11",
            """
            INSERT INTO replaced VALUES
              ('2024-01-01', 'a', 1, 'x'), ('2024-01-01', 'a', NULL, 'y'),
              ('2024-01-02', 'b', 2, NULL)
            """,
            "DELETE FROM replaced WHERE b = 'nobody' OR a = 2",
            "DELETE FROM events WHERE n % 31 = 5",
            "DELETE FROM events WHERE time >= '2024-01-01 00:15' AND time < '2024-01-01 00:20'",
        ] { try database.run(statement) }
    }

    private static func events(_ database: Database, _ rows: Range<Int>) throws {
        let start: Int64 = 1_704_067_200_000_000_000
        try database.appender(for: "events").append([
            (
                "time",
                Vector(
                    integers: rows.map { start + Int64($0 / 3) * 10_000_000_000 },
                    type: .timestamptz)
            ),
            ("s", Vector.constant(.text("e"), .text, count: rows.count)),
            ("n", Vector(integers: rows.map { Int64($0) }, type: .integer)),
            ("t", texts(Array(rows)) { "event \($0 % 5)" }),
        ])
    }

    private static func append(
        _ database: Database, rows: Range<Int>, sensors: Range<Int>
    ) throws {
        let start: Int64 = 1_704_067_200_000_000_000
        for sensor in sensors {
            var random = SeededGenerator(seed: UInt64(sensor * 100_000 + rows.lowerBound))
            let kept = rows.filter { $0 % 97 != sensor % 7 / 2 }
            let times = kept.map { start + Int64($0) * 600_000_000_000 }
            func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
            func doubles(_ value: (Int) -> Double) -> Vector { Vector(doubles: kept.map(value)) }
            func integers(_ type: DataType, _ value: (Int) -> Int64) -> Vector {
                Vector(integers: kept.map(value), type: type)
            }
            func booleans(_ value: (Int) -> Bool) -> Vector {
                Vector(.boolean, .booleans(kept.map(value)))
            }
            var walk: Int64 = 0
            let speeds = kept.map { _ in Double(draw(0...90)) }
            let times2 = speeds.map { ($0 * 7).truncatingRemainder(dividingBy: 64) / 2 }
            let isRare = Validity(kept.map { $0 % 9 == 4 })
            let isKnown = Validity(kept.map { $0 % 11 != 2 })
            let columns: [(name: String, values: Vector)] = [
                ("time", Vector(integers: times, type: .timestamptz)),
                ("site", Vector.constant(.text("site \(sensor % 3)"), .text, count: kept.count)),
                ("sensor", Vector.constant(.text("s\(sensor)"), .text, count: kept.count)),
                (
                    "d1",
                    Vector(doubles: kept.map { Double($0 * 37 % 900) / 100 }, validity: isKnown)
                ),
                ("d2", doubles { _ in Double(draw(0...30)) * 18.52 / 10 }),
                ("d3", doubles { _ in Double(Float(draw(0...999_999)) / 1000) }),
                (
                    "d4",
                    doubles { _ in
                        let exact = Double(draw(1...1_000_000)) / 1000
                        return Double(bitPattern: exact.bitPattern + UInt64(draw(0...3)))
                    }
                ),
                ("d5", doubles { _ in Double(bitPattern: random.next()) }),
                (
                    "d6",
                    doubles {
                        $0 % 50 == 3 ? .nan : $0 % 61 == 4 ? -0.0 : Double(draw(0...4000)) / 10
                    }
                ),
                ("d7", doubles { _ in Double(draw(1 << 33...1 << 40)) / 100 }),
                (
                    "d8",
                    doubles { _ in
                        Double(draw(-1_800_000...1_800_000)) / 10_000 * 0.017453292519943295
                    }
                ),
                ("d9", doubles { _ in Double(draw(-3...3) << 20 + draw(0...60)) * 1.1 }),
                (
                    "d10",
                    doubles { _ in [0.1, 99_999.5, -1_234_567.8, 7.7, 5e5][Int(draw(0...4))] }
                ),
                ("same", Vector(doubles: speeds)), ("twin", Vector(doubles: speeds)),
                ("follows", Vector(doubles: times2)),
                ("rare", Vector(doubles: kept.map { Double($0) / 4 }, validity: isRare)),
                ("i1", integers(.bigint) { Int64($0) }),
                (
                    "i2",
                    integers(.bigint) { _ in
                        walk += draw(-20...20) * (draw(0...40) == 0 ? 300 : 1)
                        return walk
                    }
                ),
                ("i3", integers(.integer) { Int64($0 * $0 / 500) }),
                ("i4", integers(.smallint) { _ in draw(0...9) * draw(0...9) / 60 }),
                ("fine", Vector(.boolean, .booleans(kept.map { $0 % 7 < 3 }), validity: isKnown)),
                ("state", texts(kept) { $0 / 200 % 3 == 0 ? "OK" : "ALARM \($0 / 20 % 5)" }),
                ("note", texts(kept, isRare) { "note \($0) \u{e9}" }),
                (
                    "seen",
                    Vector(
                        integers: times.map { $0 + draw(0...20) * 1_000_000_000 },
                        type: .timestamptz)
                ),
                ("local", Vector(integers: times.map { $0 + 3_600_000_000_000 }, type: .timestamp)),
                ("day", integers(.date) { 19_812 + Int64($0) / 288 }),
                ("spare", integers(.bigint) { Int64($0 % 7) }),
                ("wider", integers(.bigint) { _ in Int64(bitPattern: random.next()) }),
                ("wide", integers(.bigint) { _ in draw(0...1 << 40) }),
                (
                    "late",
                    Vector(
                        integers: kept.map { Int64($0 * $0 % 300) }, type: .bigint,
                        validity: Validity(kept.map { $0 >= 1500 }))
                ),
                ("root", Vector(doubles: speeds.map { ($0 / 3).squareRoot() })),
                ("label", texts(Array(kept.indices)) { "level \(Int(speeds[$0]) / 3)" }),
                ("never", booleans { _ in false }), ("always", booleans { _ in true }),
                ("shift", booleans { $0 / 150 % 2 == 0 }),
            ]
            let appender = try database.appender(for: "r")
            try appender.append(columns)
        }
    }

    private static func texts(
        _ rows: [Int], _ validity: Validity = .all, _ text: (Int) -> String
    ) -> Vector {
        var storage = TextStorage()
        for row in rows { storage.append(Array(text(row).utf8)) }
        return Vector(.text, .texts(storage), validity: validity)
    }

    /// Forms by the names that the reader gives them; a star stands for any end. XOR is missing:
    /// no database has it, for the engine never chooses it; `ReaderStripTests` reads it in strips
    /// by themselves, with all else that no ordinary column makes the encoder choose.
    static let required: [String] = [
        "segment wide", "segment of a partition", "segment cold", "block solo", "block packed",
        "block of several vectors", "strip flag 0x00", "strip flag 0x10", "strip flag 0x20",
        "strip flag 0x40", "strip of column 0", "strip of column 1",
        "manifest tombstone of some series", "manifest tombstone of all series",
        "log tombstone of some series", "log tombstone of all series", "log row merge",
        "log row replace", "log row delete",

        "integers validity form 0", "integers validity form 1", "doubles validity form 1",
        "doubles validity form 2", "booleans validity form 1", "texts validity form 2",
        "validity bits form 0", "validity bits form 1", "validity bits form 2",
        "validity bits form 3", "booleans bits form 0", "booleans bits form 1",
        "booleans bits form 2", "booleans bits form 3",

        "integers", "integers scaled", "integers mapped", "integers constant", "integers ramp",
        "integers raw", "integers runs", "integers frame no lanes", "integers frame lanes of 32",
        "integers frame lanes of 64", "integers frame coded residuals",
        "integers delta lanes of 32", "integers delta coded residuals", "integers second delta*",
        "integers tag 0x1*", "integers tokens signed", "integers tokens unsigned",
        "integers statistics based", "integers statistics plain",

        "doubles stage 0x00", "doubles stage 0x01", "doubles stage 0x02", "doubles stage 0x2*",
        "doubles stage 0x40", "doubles stage 0x6*", "doubles stage 0x8*", "doubles stage 0xff",
        "doubles stage 0x01 mapped", "doubles stage 0x40 mapped", "doubles exceptions",
        "doubles frame lanes of 64", "doubles tokens unsigned", "corrections frame*",
        "codes of doubles frame*", "distinct doubles stage*", "doubles statistics based",
        "doubles statistics plain", "doubles statistics doubles",
        "codes of doubles statistics plain", "codes of doubles statistics doubles",

        "texts stage 0x00", "texts stage 0x01", "texts stage 0x01 mapped", "codes of texts runs",
        "codes of texts frame*", "plain texts zstd", "distinct texts as they are",
        "distinct texts zstd", "map tag*",
    ]
}
