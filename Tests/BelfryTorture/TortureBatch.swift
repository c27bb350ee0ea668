import Belfry
import BelfryCore

/// The rows of a batch, which follow from its writer and its number alone; `tools/torture` knows
/// the same rules.
///
/// Batches come from one device each, ahead by 4 ms a batch and a day every 300 batches; every
/// fifth is late by up to forty days. All rows of a batch lie in one day, no two rows of a series
/// have one time, and the last row overwrites the writer's counter.
struct TortureBatch {
    let writer: Int
    let number: Int

    static let schema = [
        """
        CREATE TABLE IF NOT EXISTS torture (time TIMESTAMPTZ TIME KEY, writer TEXT TAG, \
        sensor TEXT TAG, seq BIGINT, idx BIGINT, size BIGINT, value DOUBLE, note TEXT)
        """
    ]

    private static let microsecondsOfDay = 86_400_000_000
    /// 2024-01-01.
    private static let firstDay = 19_723
    /// 2023-06-01, the one time of every counter.
    private static let counterDay = 19_509

    /// Rows without the counter.
    static func size(writer: Int, number: Int) -> Int {
        number % 40 == 39 ? 2_500 : 1 + (writer * 7_919 + number * 104_729) % 97
    }

    var size: Int { Self.size(writer: writer, number: number) }

    private var day: Int {
        let isLate = (number * 31 + writer) % 5 == 0
        return Self.firstDay + number / 300 - (isLate ? 1 + number * 17 % 40 : 0)
    }

    func columns() -> [(name: String, values: Vector)] {
        let size = self.size
        var times: [Int64] = []
        var sensors = VectorBuilder(.text)
        var notes = VectorBuilder(.text)
        var values: [Double] = []
        for row in 0..<size {
            let microsecond = day * Self.microsecondsOfDay + number * 4_000 + row
            times.append(Int64(microsecond) * 1_000)
            sensors.append(.text("s\((number + row) % 5)"))
            values.append(Double(number * 1_000 + row) / 8)
            notes.append(
                (number + row) % 11 == 0 ? .null : .text("note \((number + row) * 13 % 17)"))
        }
        times.append(Int64(Self.counterDay * Self.microsecondsOfDay) * 1_000)
        sensors.append(.text("counter"))
        values.append(0)
        notes.append(.null)
        var writers = VectorBuilder(.text)
        for _ in 0...size { writers.append(.text("w\(writer)")) }
        let numbers = [Int64](repeating: Int64(number), count: size + 1)
        return [
            ("time", Vector(integers: times, type: .timestamptz)),
            ("writer", writers.finish()),
            ("sensor", sensors.finish()),
            ("seq", Vector(integers: numbers, type: .bigint)),
            ("idx", Vector(integers: (0..<size).map { Int64($0) } + [-1], type: .bigint)),
            (
                "size",
                Vector(integers: [Int64](repeating: Int64(size), count: size + 1), type: .bigint)
            ),
            ("value", Vector(doubles: values)), ("note", notes.finish()),
        ]
    }
}
