/// The readings that wait in one gateway for its line to come back.
struct Backlog: Sendable {
    private(set) var times: [Int] = []
    private(set) var sensors: [Int32] = []
    private(set) var values: [Int] = []

    var count: Int { times.count }

    mutating func hold(_ time: Int, _ sensor: Int, _ row: ArraySlice<Int>) {
        times.append(time)
        sensors.append(Int32(sensor))
        values.append(contentsOf: row)
    }

    /// Hands all of it over, in the order of the outage, and is empty.
    mutating func release(
        _ order: Outages.Order, shuffle: Draws, fields: Int, into chunk: inout ReadingChunk
    ) {
        var rows = Array(times.indices)
        switch order {
        case .oldestFirst:
            rows.sort { (times[$0], $0) < (times[$1], $1) }
        case .newestFirst:
            rows.sort { (times[$1], $1) < (times[$0], $0) }
        case .shuffled:
            for last in rows.indices.reversed() {
                rows.swapAt(last, shuffle(times[0], last).below(last + 1))
            }
        }
        for row in rows {
            chunk.append(
                times[row], sensors[row], values[row * fields..<(row + 1) * fields],
                .late)
        }
        self = Backlog()
    }
}
