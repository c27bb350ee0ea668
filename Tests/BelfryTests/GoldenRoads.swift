import Belfry
import BelfryCore
import BelfryTestSupport
import Testing

/// Columns that are stored through others: equal ones, functions of another, and times that series
/// share.
extension GoldenMaker {
    func fillRoads(_ database: Database) throws {
        try database.run(
            """
            CREATE TABLE roads (
              time TIMESTAMPTZ TIME KEY, road TEXT TAG, seconds DOUBLE, median DOUBLE,
              speed DOUBLE, flow TEXT, class BIGINT
            ) PARTITION BY YEAR
            """)
        var random = SeededGenerator(seed: 77)
        var time: Int64 = 1_704_067_200_000_000_000
        let times = (0..<2_200).map { _ in
            time += Int64.random(in: 290...310, using: &random) * 1_000_000_000
            return time
        }
        for (road, length) in [("a", 3_000), ("b", 5_200), ("c", 1_700)] {
            let seconds = times.map { _ in Int.random(in: 90...700, using: &random) }
            let isThere = Validity(times.indices.map { $0 % 53 != 7 })
            let speeds = seconds.map { second in
                Int.random(in: 0..<400, using: &random) == 0
                    ? -0.0 : Double(length * 36 / second) / 10
            }
            var flows = TextStorage()
            for second in seconds {
                flows.append(Array((second < 200 ? "free" : second < 450 ? "dense" : "jam").utf8))
            }
            let measured = Vector(doubles: seconds.map { Double($0) })
            try database.appender(for: "roads").append([
                ("time", Vector(integers: times, type: .timestamptz)),
                ("road", Vector.constant(.text(road), .text, count: times.count)),
                ("seconds", measured), ("median", measured),
                ("speed", Vector(doubles: speeds, validity: isThere)),
                ("flow", Vector(.text, .texts(flows))),
                ("class", Vector(integers: seconds.map { Int64(700 - $0) / 7 }, type: .bigint)),
            ])
        }
    }
}
