import BelfryCore
import BelfrySQL
import BelfryStorage
import Testing

@testable import BelfryQuery

@Suite("SELECT")
struct SelectTests {
    let shell: Shell

    init() throws {
        shell = try Shell(options: .tiny)
        try shell.values(
            """
            CREATE TABLE traffic (time TIMESTAMPTZ TIME KEY, sensor TEXT TAG, speed DOUBLE,
              vehicles BIGINT);
            CREATE TABLE place (sensor TEXT PRIMARY KEY, district TEXT, lat DOUBLE);
            INSERT INTO traffic VALUES
              ('2024-01-01 00:00', 'a', 50, 3), ('2024-01-01 00:10', 'a', 60, 4),
              ('2024-01-01 01:00', 'a', NULL, 5), ('2024-01-01 00:00', 'b', 30, 7),
              ('2024-01-01 00:20', 'b', 40, NULL), ('2024-01-01 00:00', NULL, 10, 1);
            INSERT INTO place VALUES ('a', 'north', 56.1), ('b', 'south', 56.2), ('c', 'north', 56.3);
            """)
    }

    @Test("lists, stars, aliases and exclusions")
    func lists() throws {
        #expect(try shell.rows("SELECT 1, 'x' AS y, NULL") == ["1|x|-"])
        #expect(shell.columns.map(\.name) == ["?column?", "y", "?column?"])
        #expect(
            try shell.rows("SELECT * EXCLUDE (time) FROM traffic WHERE sensor = 'b' ORDER BY 2")
                == ["b|30.0|7", "b|40.0|-"])
        #expect(
            try shell.rows(
                "SELECT t.*, p.district FROM traffic t JOIN place p USING (sensor) "
                    + "WHERE speed > 50") == ["2024-01-01 00:10:00+00|a|60.0|4|north"])
        #expect(
            try shell.rows("SELECT x.b FROM (SELECT 1, 2) x(a, b)") == ["2"])
    }

    @Test("conditions keep what is true, not what is unknown")
    func conditions() throws {
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE speed > 0") == ["5"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE NOT speed > 0") == ["0"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE sensor <> 'a'") == ["2"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE sensor IS NULL") == ["1"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE false") == ["0"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE NULL") == ["0"])
        #expect(
            try shell.rows(
                "SELECT count(*) FROM traffic WHERE time >= '2024-01-01 00:10' "
                    + "AND time < '2024-01-01 01:00'") == ["2"])
    }

    @Test("groups by columns, ordinals, aliases, expressions and ALL")
    func groups() throws {
        let expected = ["-|1|1", "a|3|12", "b|2|7"]
        for grouping in ["sensor", "1", "ALL"] {
            #expect(
                try shell.rows(
                    "SELECT sensor, count(*), sum(vehicles) FROM traffic "
                        + "GROUP BY \(grouping) ORDER BY sensor NULLS FIRST") == expected)
        }
        #expect(
            try shell.rows(
                "SELECT speed > 35 AS fast, count(*) AS n FROM traffic GROUP BY fast "
                    + "ORDER BY fast") == ["f|2", "t|3", "-|1"])
        #expect(
            try shell.rows(
                "SELECT vehicles % 2 + 1, count(*) FROM traffic WHERE vehicles IS NOT NULL "
                    + "GROUP BY vehicles % 2 ORDER BY 1") == ["1|1", "2|4"])
        #expect(
            try shell.rows(
                "SELECT district, avg(speed) FROM traffic JOIN place USING (sensor) "
                    + "GROUP BY district HAVING count(*) > 2 ORDER BY max(speed)")
                == ["north|55.0"])
        #expect(try shell.rows("SELECT count(*) FROM traffic WHERE sensor = 'z'") == ["0"])
        #expect(
            try shell.rows("SELECT sensor, count(*) FROM traffic WHERE sensor = 'z' GROUP BY 1")
                == [])
        #expect(
            try shell.rows(
                "SELECT count(DISTINCT sensor), count(*) FILTER (WHERE speed > 45) FROM traffic")
                == ["2|2"])
    }

    @Test("what is neither key nor aggregate is an error that says so")
    func groupErrors() {
        #expect(shell.error("SELECT speed, count(*) FROM traffic GROUP BY sensor")?.code == "42803")
        #expect(shell.error("SELECT sensor FROM traffic WHERE count(*) > 1")?.code == "42803")
        #expect(shell.error("SELECT sensor, count(*) FROM traffic")?.code == "42803")
        #expect(shell.error("SELECT count(*) FROM traffic GROUP BY 2")?.code == "42P10")
        #expect(shell.error("SELECT count(*) FROM traffic GROUP BY count(*)")?.code == "42803")
    }

    @Test("orders, limits and offsets")
    func orders() throws {
        #expect(
            try shell.rows("SELECT vehicles FROM traffic ORDER BY vehicles")
                == ["1", "3", "4", "5", "7", "-"])
        #expect(
            try shell.rows("SELECT vehicles FROM traffic ORDER BY vehicles DESC LIMIT 2")
                == ["-", "7"])
        #expect(
            try shell.rows("SELECT vehicles FROM traffic ORDER BY speed NULLS LAST OFFSET 4")
                == ["4", "5"])
        #expect(
            try shell.rows(
                "SELECT sensor AS s FROM traffic ORDER BY -vehicles LIMIT 1") == ["b"])
        #expect(shell.error("SELECT 1 ORDER BY 2")?.code == "42P10")
        #expect(shell.error("SELECT 1 LIMIT -1")?.code == "2201W")
    }

    @Test("DISTINCT and DISTINCT ON")
    func distinct() throws {
        #expect(
            try shell.rows("SELECT DISTINCT sensor FROM traffic ORDER BY sensor")
                == ["a", "b", "-"])
        #expect(
            try shell.rows(
                "SELECT DISTINCT ON (sensor) sensor, vehicles FROM traffic "
                    + "ORDER BY sensor, time DESC") == ["a|5", "b|-", "-|1"])
        #expect(
            shell.error("SELECT DISTINCT sensor FROM traffic ORDER BY speed")?.code == "42P10")
    }

    @Test("joins of all kinds")
    func joins() throws {
        #expect(
            try shell.rows(
                "SELECT p.sensor, count(t.*), count(t.speed), count(*) "
                    + "FROM place p LEFT JOIN traffic t USING (sensor) "
                    + "GROUP BY p.sensor ORDER BY 1") == ["a|3|2|3", "b|2|2|2", "c|0|0|1"])
        #expect(
            try shell.rows(
                "SELECT t.vehicles, p.district FROM traffic t RIGHT JOIN place p "
                    + "ON t.sensor = p.sensor AND t.vehicles > 4 ORDER BY p.sensor")
                == ["5|north", "7|south", "-|north"])
        #expect(
            try shell.rows(
                "SELECT sensor, count(t.*), count(p.*) FROM traffic t FULL JOIN place p "
                    + "USING (sensor) GROUP BY sensor ORDER BY sensor")
                == ["a|3|3", "b|2|2", "c|0|1", "-|1|0"])
        #expect(try shell.rows("SELECT count(*) FROM traffic, place") == ["18"])
        #expect(try shell.rows("SELECT count(*) FROM traffic CROSS JOIN place") == ["18"])
        #expect(
            try shell.rows("SELECT count(*) FROM traffic NATURAL JOIN place") == ["5"])
        #expect(
            try shell.rows(
                "SELECT count(*) FROM traffic t, place p WHERE t.sensor = p.sensor") == ["5"])
        #expect(
            try shell.rows(
                "SELECT a.sensor, b.sensor FROM place a JOIN place b ON a.lat < b.lat ORDER BY 1, 2"
            )
                == ["a|b", "a|c", "b|c"])
        #expect(
            try shell.rows(
                "SELECT x.district, x.vehicles FROM (traffic JOIN place USING (sensor)) x "
                    + "WHERE x.vehicles = 7") == ["south|7"])
        #expect(shell.error("SELECT * FROM place, place")?.code == "42712")
        #expect(
            shell.error("SELECT sensor FROM traffic t JOIN place p ON true")?.code == "42702")
    }

    @Test("subqueries, CTEs and set operations")
    func queries() throws {
        #expect(
            try shell.rows(
                "WITH busy AS (SELECT sensor, max(vehicles) AS m FROM traffic GROUP BY sensor) "
                    + "SELECT b.sensor FROM busy b WHERE m > (SELECT avg(vehicles) FROM traffic) "
                    + "ORDER BY 1") == ["a", "b"])
        #expect(
            try shell.rows(
                "SELECT sensor FROM place WHERE sensor NOT IN (SELECT sensor FROM traffic "
                    + "WHERE sensor IS NOT NULL)") == ["c"])
        #expect(
            try shell.rows(
                "SELECT count(*) FROM place WHERE sensor NOT IN (SELECT sensor FROM traffic)")
                == ["0"])
        #expect(
            try shell.rows("SELECT 1 IN (SELECT 1), NULL IN (SELECT 1), 1 NOT IN (SELECT NULL)")
                == ["t|-|-"])
        #expect(
            try shell.rows("SELECT EXISTS (SELECT FROM traffic WHERE vehicles > 100)") == ["f"])
        #expect(
            try shell.rows(
                "SELECT sensor FROM traffic UNION SELECT sensor FROM place ORDER BY 1")
                == ["a", "b", "c", "-"])
        #expect(
            try shell.rows("SELECT 1 UNION ALL SELECT 2.5 UNION ALL SELECT 1") == [
                "1.0", "2.5", "1.0",
            ])
        #expect(
            try shell.rows(
                "SELECT sensor FROM place INTERSECT SELECT sensor FROM traffic ORDER BY 1")
                == ["a", "b"])
        #expect(
            try shell.rows("SELECT sensor FROM place EXCEPT SELECT sensor FROM traffic") == ["c"])
        #expect(
            try shell.rows(
                "SELECT sensor FROM traffic EXCEPT ALL SELECT sensor FROM place ORDER BY 1")
                == ["a", "a", "b", "-"])
        #expect(
            try shell.rows("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(n, t) ORDER BY n DESC")
                == ["2|-", "1|a"])
        #expect(
            try shell.rows("SELECT sum(n) FROM generate_series(1, 5000) n") == ["12502500"])
        #expect(
            try shell.rows(
                "SELECT count(*), min(at) FROM generate_series('2024-01-01'::timestamptz, "
                    + "'2024-01-02', '1 hour') g(at)") == ["25|2024-01-01 00:00:00+00"])
        #expect(
            try shell.rows(
                "SELECT (SELECT max(vehicles) FROM traffic t WHERE t.sensor = p.sensor) "
                    + "FROM place p") == ["5", "7", "-"])
        #expect(shell.error("SELECT (SELECT sensor FROM place)")?.code == "21000")
    }

    @Test("unknown names come with advice")
    func advice() {
        let column = shell.error("SELECT sped FROM traffic")
        #expect(column?.code == "42703")
        #expect(column?.hint == "did you mean \"speed\"?")
        #expect(column?.span?.startOffset == 7)
        let table = shell.error("SELECT * FROM trafic")
        #expect(table?.code == "42P01")
        #expect(table?.hint == "did you mean \"traffic\"?")
    }
}
