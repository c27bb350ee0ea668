import BelfryCore
import Testing

@testable import BelfryQuery

@Suite("Optimizer")
struct OptimizerTests {
    let shell: Shell

    init() throws {
        shell = try Shell()
        try shell.values(
            """
            CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, speed DOUBLE,
              vehicles BIGINT);
            CREATE TABLE place (sensor TEXT PRIMARY KEY, district TEXT);
            """)
    }

    @Test("times, tags and plain comparisons become the scan's own")
    func narrowing() throws {
        #expect(
            try shell.explain(
                "SELECT speed FROM traffic WHERE time >= '2024-01-01' AND time < '2024-01-02' "
                    + "AND sensor IN ('a', 'b') AND speed > 5 AND vehicles + 1 > 2") == [
                    "project speed",
                    "  filter ((vehicles + 1) > 2)",
                    "    scan traffic",
                    "      | times from 2024-01-01 00:00:00+00 before 2024-01-02 00:00:00+00",
                    "      | tags sensor in ('a', 'b')",
                    "      | speed > 5.0",
                    "      | columns speed, vehicles",
                ])
    }

    @Test("count(*) reads no column")
    func counting() throws {
        #expect(
            try shell.explain("SELECT count(*) FROM traffic") == [
                "project count", "  aggregate count(*)", "    scan traffic",
                "      | row counts alone",
            ])
    }

    @Test("conditions reach both sides of a join through its keys")
    func joins() throws {
        let plan = try shell.explain(
            "SELECT district, speed FROM traffic t JOIN place p USING (sensor) "
                + "WHERE t.sensor = 'a' AND district = 'north'")
        #expect(plan.contains { $0.hasSuffix("| tags sensor = 'a'") })
        #expect(plan.contains { $0.hasSuffix("| district = 'north'") })
        #expect(plan.contains { $0.hasSuffix("| sensor = 'a'") })
    }

    @Test("a condition stays above the side that an outer join may leave empty")
    func outerJoins() throws {
        let plan = try shell.explain(
            "SELECT * FROM place p LEFT JOIN traffic t USING (sensor) WHERE t.speed IS NULL")
        #expect(plan[1] == "  filter speed is null")
    }

    @Test("a limit reaches the sort")
    func topRows() throws {
        let plan = try shell.explain(
            "SELECT speed FROM traffic ORDER BY speed DESC LIMIT 5 OFFSET 2")
        #expect(plan.contains { $0.contains("sort first 7 by speed desc") })
    }

    @Test("conditions pass groups by their keys alone")
    func groups() throws {
        let plan = try shell.explain(
            "SELECT * FROM (SELECT sensor, count(*) AS n FROM traffic GROUP BY sensor) x "
                + "WHERE sensor LIKE 'a%' AND n > 3")
        #expect(plan.contains { $0.hasSuffix("| tags sensor like 'a%'") })
        #expect(plan.contains { $0.hasSuffix("filter (count > 3)") })
    }

    @Test("a join that multiplies readings is said to do so")
    func manyToMany() throws {
        func hasNote(_ sql: String) throws -> Bool {
            try shell.explain(sql).contains { $0.hasPrefix("note: ") }
        }
        #expect(try hasNote("SELECT 1 FROM traffic a JOIN traffic b USING (sensor)"))
        #expect(try !hasNote("SELECT 1 FROM traffic a JOIN traffic b USING (sensor, time)"))
        #expect(try !hasNote("SELECT 1 FROM traffic a JOIN place p USING (sensor)"))
    }
}
