/// What a table's rows must add up to, series by series, noted as the readings are taken: in the
/// order of their times, whatever the order in which they arrive, and each once.
struct SeriesTruth: Sendable {
    /// One field of one series.
    struct Figures: Sendable {
        var count = 0
        var sum = 0
        var least = Int.max
        var most = Int.min
        var first = 0
        var last = 0
        /// Of a counter: what it grew by, each fall counted as a restart from zero.
        var growth = 0
        var falls = 0
    }

    /// Why readings are missing or late.
    struct Gap: Sendable {
        var name: String
        var cause: String
        var from: Int
        var to: Int
        var rows: Int
    }

    let table: TownTable
    let sites: [Site]
    private(set) var figures: [Figures]
    private(set) var firstTimes: [Int]
    private(set) var lastTimes: [Int]
    private(set) var rows: [Int]
    private(set) var lostRows: [Int]
    private(set) var silentRows = 0
    private(set) var gaps: [Gap] = []
    /// By sensor: its latest silence in `gaps`.
    private var openGap: [Int?]

    init(table: TownTable, sites: [Site]) {
        self.table = table
        self.sites = sites
        figures = [Figures](repeating: Figures(), count: sites.count * table.fields.count)
        firstTimes = [Int](repeating: 0, count: sites.count)
        lastTimes = firstTimes
        rows = firstTimes
        lostRows = firstTimes
        openGap = [Int?](repeating: nil, count: sites.count)
    }

    var rowCount: Int { rows.reduce(0, +) }
    var lostCount: Int { lostRows.reduce(0, +) }

    mutating func record(_ sensor: Int, _ time: Int, _ row: ArraySlice<Int>) {
        if rows[sensor] == 0 { firstTimes[sensor] = time }
        lastTimes[sensor] = time
        rows[sensor] += 1
        var place = sensor * row.count
        for value in row {
            if value != ReadingChunk.empty { figures[place].add(value) }
            place += 1
        }
    }

    mutating func lost(_ sensor: Int) { lostRows[sensor] += 1 }

    mutating func silent(_ sensor: Int, _ range: Range<Int>) {
        silentRows += 1
        if let open = openGap[sensor], gaps[open].from == range.lowerBound {
            gaps[open].rows += 1
            return
        }
        openGap[sensor] = gaps.count
        gaps.append(
            Gap(
                name: String(decoding: sites[sensor].name, as: UTF8.self), cause: "silence",
                from: range.lowerBound, to: range.upperBound, rows: 1))
    }

    mutating func outage(_ outage: Outages.Outage, from: Int, to: Int, rows: Int) {
        gaps.append(
            Gap(
                name: "gateway \(outage.gateway)",
                cause: "outage, then \(outage.order.rawValue)",
                from: from, to: to, rows: rows))
    }
}

extension SeriesTruth.Figures {
    @inline(__always)
    mutating func add(_ value: Int) {
        if count == 0 {
            first = value
        } else if value < last {
            growth += value
            falls += 1
        } else {
            growth += value - last
        }
        count += 1
        sum += value
        least = min(least, value)
        most = max(most, value)
        last = value
    }
}
