import BelfryCore

/// A walk through one source of a table: series by ascending number, and within the current
/// series its rows by time, a chunk at a time.
///
/// Invariants, while `isOpen`: rows `position..<end` of `chunk` are the current series' next ones
/// and there is at least one. Cursors of a merge are compared by series, then by `head()`.
class SourceCursor {
    /// The current series; `UInt32.max` behind the last.
    final var series: UInt32 = 0
    final var isAtEnd = false

    final var isOpen = false
    final var chunk: RowChunk?
    final var position = 0
    final var end = 0
    /// No row is a delete and no two of the current series have the same time.
    final var isPlain = true
    /// What is known without decoding, else found when asked.
    final var knownHead: Int64?
    final var knownLast: Int64?

    /// What hides rows of this source; nil most often.
    final let mask: TombstoneMask?
    /// The hidden times of the current series, as far as they matter here.
    final var hidden: [Range<Int64>] = []
    /// Rows passed over because they are hidden.
    final var hiddenRowCount: UInt64 = 0
    /// The end of the loaded rows, where `end` stands before hidden ones.
    private var loadedEnd = 0

    init(mask: TombstoneMask?) { self.mask = mask }

    /// Goes to the first series that is not below `series`; never backwards.
    func seek(_ series: UInt32) throws(StorageError) {}

    /// Loads the first rows of the current series within `times`, hidden or not.
    func load(_ times: Range<Int64>) throws(StorageError) {}

    /// Loads the next chunk of the current series, or closes.
    func loadNext() throws(StorageError) {}

    /// Opens the rows of the current series within `times`, from the first on; may be called
    /// again. Leaves `isOpen` false where there is none.
    final func open(_ times: Range<Int64>) throws(StorageError) {
        guard let mask else {
            try load(times)
            return
        }
        hidden = mask.ranges(of: series)
        try load(times)
        try hide()
    }

    /// The time of the `count`-th row from the end of the current series within `times`; nil
    /// where it has no such row. Does not move.
    func timeFromEnd(_ count: Int, _ times: Range<Int64>) throws(StorageError) -> Int64? { nil }

    /// Gives the rows of the current series and of those that follow below `limit`, as many as are
    /// at hand, and stays at the last of them; nil where any of them has to be looked at alone.
    ///
    /// Rows that the filter drops are left out, and those that the summarizer takes.
    func giveSeries(
        below limit: UInt32, to rows: inout RowAssembler, _ filter: ScanFilter?,
        _ summarizer: ScanSummarizer?
    ) throws(StorageError) -> UInt32? { nil }

    /// Goes on vector by vector where the chunk is a whole block; whether it was.
    func takeApart() throws(StorageError) -> Bool { false }

    /// How many rows series below `series` have, and the series at about every so many rows; what
    /// scan parts are cut by.
    func rowCounts() throws(StorageError) -> [(lastSeries: UInt32, rowCount: Int)] { [] }

    final func times() throws(StorageError) -> [Int64] {
        guard let chunk else { return [] }
        return try chunk.times()
    }

    /// The time of the next row.
    final func head() throws(StorageError) -> Int64 {
        if let knownHead { return knownHead }
        let time = try times()[position]
        knownHead = time
        return time
    }

    /// The time of the last row before `end`.
    final func last() throws(StorageError) -> Int64 {
        if let knownLast { return knownLast }
        let time = try times()[end - 1]
        knownLast = time
        return time
    }

    final func advance(to next: Int) throws(StorageError) {
        position = next
        knownHead = nil
        if position < end { return }
        if hidden.isEmpty {
            try loadNext()
            return
        }
        if end < loadedEnd {
            end = loadedEnd
            knownLast = nil
        } else {
            try loadNext()
        }
        try hide()
    }

    /// Passes over hidden rows at the front of what is loaded, and ends before the next ones.
    private func hide() throws(StorageError) {
        while isOpen && !hidden.isEmpty {
            loadedEnd = end
            let first = try head()
            let last = try last()
            guard let range = hidden.first(where: { $0.upperBound > first }),
                range.lowerBound <= last
            else { return }
            if first < range.lowerBound {
                end = try lowerBound(range.lowerBound)
                knownLast = nil
                return
            }
            let next = range.upperBound > last ? end : try lowerBound(range.upperBound)
            hiddenRowCount += UInt64(next - position)
            position = next
            knownHead = nil
            if position == end { try loadNext() }
        }
    }

    /// The first row at or behind `position` and before `end` whose time is not before `time`.
    final func lowerBound(_ time: Int64) throws(StorageError) -> Int {
        try times().lowerBound(time, in: position..<end)
    }
}

extension [Int64] {
    /// The first index of `range` whose value is not below `value`; values ascend.
    func lowerBound(_ value: Int64, in range: Range<Int>) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) >> 1
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The walk through a run.
final class RunCursor: SourceCursor {
    private let run: Run
    private let rows: RunChunk
    private let hasKinds: Bool
    private let isAppend: Bool
    private let times: Range<Int64>
    private var extent = 0
    /// Whether all rows of the run lie in the scan's times and none has to be folded; found when
    /// first asked, by one look at all times.
    private var isWhole: Bool?

    init(
        _ run: Run, _ columns: MergeColumns, times: Range<Int64>, mask: TombstoneMask? = nil
    ) {
        self.run = run
        self.times = times
        rows = RunChunk(run, columns)
        isAppend = columns.isAppend
        if case .all(.merge) = run.kinds { hasKinds = false } else { hasKinds = true }
        super.init(mask: mask)
        place()
    }

    private func place() {
        isAtEnd = extent >= run.extents.count
        series = isAtEnd ? .max : run.extents[extent].series
    }

    override func seek(_ series: UInt32) {
        isOpen = false
        if isAtEnd || self.series >= series { return }
        // Most often it is the next one.
        extent += 1
        if extent < run.extents.count && run.extents[extent].series < series {
            var low = extent + 1
            var high = run.extents.count
            while low < high {
                let middle = (low + high) >> 1
                if run.extents[middle].series < series { low = middle + 1 } else { high = middle }
            }
            extent = low
        }
        place()
    }

    override func load(_ times: Range<Int64>) {
        let all = run.starts[extent]..<run.starts[extent + 1]
        position = run.times.lowerBound(times.lowerBound, in: all)
        end = run.times.lowerBound(times.upperBound, in: position..<all.upperBound)
        isOpen = position < end
        chunk = rows
        isPlain = !hasKinds && end - position == 1
        knownHead = isOpen ? run.times[position] : nil
        knownLast = isOpen ? run.times[end - 1] : nil
    }

    override func loadNext() { isOpen = false }

    override func timeFromEnd(_ count: Int, _ times: Range<Int64>) -> Int64? {
        let all = run.starts[extent]..<run.starts[extent + 1]
        let low = run.times.lowerBound(times.lowerBound, in: all)
        let high = run.times.lowerBound(times.upperBound, in: low..<all.upperBound)
        return high - count >= low ? run.times[high - count] : nil
    }

    override func giveSeries(
        below limit: UInt32, to rows: inout RowAssembler, _ filter: ScanFilter?,
        _ summarizer: ScanSummarizer?
    ) throws(StorageError) -> UInt32? {
        if isWhole == nil { isWhole = findsWhole() }
        guard isWhole == true else { return nil }
        var end = extent
        let firstRow = run.starts[extent]
        // Enough for a batch; a long series is one extent and comes whole.
        while end < run.extents.count, run.extents[end].series < limit,
            run.starts[end] - firstRow < Vector.capacity
        {
            end += 1
        }
        guard end > extent else { return nil }
        rows.appendPiece(self.rows, firstRow..<run.starts[end])
        rows.appendExtents(run.extents[extent..<end])
        extent = end - 1
        place()
        return series
    }

    private func findsWhole() -> Bool {
        if hasKinds { return false }
        if let mask, let first = run.extents.first, let last = run.extents.last,
            mask.touches(first.series...last.series, Int64.min...Int64.max)
        {
            return false
        }
        for (index, extent) in run.extents.enumerated() {
            let first = run.starts[index]
            let last = first + extent.rowCount - 1
            guard run.times[first] >= times.lowerBound, run.times[last] < times.upperBound else {
                return false
            }
            if !isAppend {
                for row in first..<last where run.times[row] == run.times[row + 1] {
                    return false
                }
            }
        }
        return true
    }

    override func rowCounts() -> [(lastSeries: UInt32, rowCount: Int)] {
        run.extents.map { ($0.series, $0.rowCount) }
    }
}
