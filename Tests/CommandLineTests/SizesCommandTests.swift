import Foundation
import Testing

/// `belfry sizes`: tables for people, JSON and CSV for programs, the same numbers as the files'.
struct SizesCommandTests {
    private struct Database {
        let folder: TemporaryFolder
        var path: String { folder.path + "/db" }

        init() throws {
            folder = try TemporaryFolder()
            var lines = ["time,sensor,speed,same,mode"]
            for row in 0..<5000 {
                let speed = (row * 7919) % 90
                let second = row % 3600
                lines.append(
                    "2024-01-01T\(row / 3600 + 10):\(String(format: "%02d", second / 60)):"
                        + "\(String(format: "%02d", second % 60))Z,s\(row % 2),\(speed).5,"
                        + "\(speed).5,\(row % 7 == 0 ? "" : "on")")
            }
            let file = try folder.write(lines.joined(separator: "\n") + "\n", to: "traffic.csv")
            let outcome = try Program.run(
                ["import", path, file, "--table", "traffic", "--tag", "sensor"])
            #expect(outcome.code == 0, "\(outcome.error)")
        }

        func json(_ more: [String] = []) throws -> [String: Any] {
            let outcome = try Program.run(["sizes", path, "--format", "json"] + more)
            #expect(outcome.code == 0, "\(outcome.error)")
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
            return try #require(object as? [String: Any])
        }
    }

    private static func sum(_ parts: Any?) -> Int {
        ((parts as? [String: Int]) ?? [:]).values.reduce(0, +)
    }

    private static func check(_ sizes: [String: Any], tier: String) throws {
        let tables = try #require(sizes["tables"] as? [[String: Any]])
        var all = Self.sum(sizes["shared"])
        for table in tables {
            let columns = try #require(table["columns"] as? [[String: Any]])
            let bytes = try #require(table["bytes"] as? Int)
            let strips = columns.reduce(0) { $0 + (($1["bytes"] as? Int) ?? 0) }
            #expect(bytes == strips + Self.sum(table["parts"]))
            all += bytes
            for column in columns {
                #expect(column["bytes"] as? Int == Self.sum(column["parts"]))
                let values = try #require(column["values"] as? Int)
                let tiers = ["cold_values", "light_values", "reference_values"]
                #expect(values == tiers.reduce(0) { $0 + ((column[$1] as? Int) ?? 0) })
                let coded = try #require(column["coded_bytes"] as? Int)
                let bits = try #require(column["bits_per_value"] as? Double)
                #expect(abs(bits - Double(coded) * 8 / Double(values)) < 1e-5)
            }
        }
        #expect(sizes["segment_bytes"] as? Int == all, "\(tier)")
        #expect(sizes["bytes"] as? Int == Self.sum(sizes["files"]))
    }

    @Test func partsAddUpToTheFilesBytes() throws {
        let database = try Database()
        try Self.check(database.json(), tier: "as imported")
        for tier in ["light", "cold"] {
            #expect(try Program.run(["compact", database.path, "--tier", tier]).code == 0)
            let sizes = try database.json()
            try Self.check(sizes, tier: tier)
            let tables = try #require(sizes["tables"] as? [[String: Any]])
            let columns = try #require(tables.first?["columns"] as? [[String: Any]])
            #expect(columns.map { $0["column"] as? String } == ["time", "speed", "same", "mode"])
            #expect(columns[0]["values"] as? Int == 5000)
            #expect(columns[3]["values"] as? Int == 5000 - 715)
            #expect(columns[2]["reference_values"] as? Int == 5000)
            #expect(columns[2]["bytes"] as? Int == 0)
            #expect(tables[0]["cold_rows"] as? Int == (tier == "cold" ? 5000 : 0))
        }
        // The live files, as the file system has them.
        let sizes = try database.json()
        let folder = database.path + "/segments"
        var live = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let file = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            live += (file[.size] as? Int) ?? 0
        }
        let files = try #require(sizes["files"] as? [String: Int])
        #expect(live == (files["segments"] ?? 0) + (files["retired_segments"] ?? 0))
        #expect(sizes["segment_bytes"] as? Int == files["segments"])
    }

    @Test func tableAndLinesForEachColumn() throws {
        let database = try Database()
        let early = try Program.run(["sizes", database.path])
        #expect(early.output.hasPrefix("traffic: 0 rows, 5,000 more in the log"))
        #expect(try Program.run(["compact", database.path]).code == 0)
        let text = try Program.run(["sizes", database.path])
        #expect(text.code == 0 && text.output.hasPrefix("traffic: 5,000 rows"), "\(text.error)")
        #expect(text.output.contains("same as another 100 %"))
        #expect(text.output.contains("bytes a row"))
        let lines = try Program.run(["sizes", database.path, "--format", "csv"])
        let rows = lines.output.split(separator: "\n").map { $0.split(separator: ",") }
        #expect(rows.count == 5)
        #expect(rows[0].starts(with: ["table", "column", "type", "values"]))
        #expect(rows[1].starts(with: ["traffic", "time", "TIMESTAMPTZ", "5000"]))
        let why = try Program.run(["sizes", database.path, "--explain"])
        #expect(why.code == 0 && why.output.contains("  why speed: "), "\(why.output)")
        let inSQL = try Program.run(
            ["query", database.path, "SHOW SIZES FROM traffic", "--format", "csv"])
        #expect(inSQL.output.split(separator: "\n").count == 5, "\(inSQL.error)")
        #expect(inSQL.output.contains("traffic,time,5000,0,"))
    }

    @Test func mistypedPathsAndTablesMakeNothing() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run(["sizes", folder.path + "/nothing"])
        #expect(outcome.code == 1 && outcome.error.contains("no store is here"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/nothing"))
        let database = try Database()
        let table = try Program.run(["sizes", database.path, "--table", "trafic"])
        #expect(table.code == 1 && table.error.contains("trafic"))
        #expect(try Program.run(["sizes", database.path, "--table", "traffic"]).code == 0)
    }
}
