import BelfryCore

/// The last time of each series, or a time not before it; filled when first needed.
///
/// A row after this time is new for certain, so it need not be looked up. Times stand by series
/// number in pages of 4,096, and a page comes into being with the first of its series.
struct LastTimes: Sendable {
    private static let pageCount = 4096
    private var pages: [[Int64]] = []
    /// Series below this are older than this opening of the store.
    private let unknownBelow: UInt32

    private static let none = Int64.min
    /// The series is older than this opening of the store, and nobody asked yet.
    private static let unknown = Int64.max

    init(unknownBelow: UInt32 = 0) { self.unknownBelow = unknownBelow }

    subscript(_ series: UInt32) -> Int64 {
        let page = Int(series) / Self.pageCount
        guard page < pages.count, !pages[page].isEmpty else {
            return series < unknownBelow ? Self.unknown : Self.none
        }
        return pages[page][Int(series) % Self.pageCount]
    }

    /// Notes what a write brought.
    mutating func note(_ rows: SortedRows) { note(rows.extents, rows.times) }

    /// Notes what the log brought back.
    mutating func note(_ run: Run) { note(run.extents, run.times) }

    private mutating func note(_ extents: [Extent], _ times: [Int64]) {
        var end = 0
        for extent in extents {
            end += extent.rowCount
            let last = times[end - 1]
            if last > self[extent.series] { set(extent.series, last) }
        }
    }

    /// Asks the snapshot for the series of these rows of which nothing is known yet: one scan of
    /// times, from the first time of the rows on.
    mutating func complete(
        _ rows: SortedRows, starts: [Int], table: TableSchema, snapshot: Snapshot
    ) throws(StorageError) {
        var first = Int64.max
        var asked: [UInt32] = []
        for (index, extent) in rows.extents.enumerated()
        where self[extent.series] == Self.unknown {
            asked.append(extent.series)
            first = min(first, rows.times[starts[index]])
        }
        if asked.isEmpty { return }
        guard let timeIndex = table.timeIndex else {
            for series in asked { set(series, 0) }
            return
        }
        var request = ScanRequest(table: table, columns: [timeIndex])
        request.times.start = Timestamp(nanoseconds: first)
        request.latest = 1
        let scan = try snapshot.scan(request, series: SeriesSet(ascending: asked))
        var answers: [UInt32: Int64] = [:]
        while let batch = try scan.next() {
            guard case .integers(let found)? = batch.vectors.first?.storage else { continue }
            var end = 0
            for extent in batch.extents {
                end += extent.rowCount
                answers[extent.series] = max(answers[extent.series] ?? .min, found[end - 1])
            }
        }
        // Where nothing is found, everything lies before.
        let before = first == .min ? first : first - 1
        for series in asked { set(series, answers[series] ?? before) }
    }

    private mutating func set(_ series: UInt32, _ time: Int64) {
        let page = Int(series) / Self.pageCount
        while pages.count <= page { pages.append([]) }
        if pages[page].isEmpty {
            let first = page * Self.pageCount
            pages[page] = (first..<(first + Self.pageCount)).map {
                $0 < Int(unknownBelow) ? Self.unknown : Self.none
            }
        }
        pages[page][Int(series) % Self.pageCount] = time
    }
}
