import BelfryCore

/// Runs and blocks of a table merged by (series, time), the newest write winning; what scan,
/// flush and compaction have in common.
///
/// 1. The lowest series of all cursors is the next one; those that have it are active.
/// 2. The active cursor with the earliest row gives all its rows before any other's earliest;
///    a cursor alone gives chunks whole. So disjoint sources cost nothing but their order.
/// 3. Rows of one time are folded: newest first, each column takes the first value it meets, up
///    to and with a replace, or up to a delete. Rows of APPEND tables are never folded, but a
///    replace or delete hides what was written before it.
///
/// Threads: one at a time.
final class SeriesMerge {
    enum Purpose {
        /// Rows as a reader sees them: no deletes, kinds forgotten.
        case reading
        /// Rows for a new segment, with their kinds and with deletes: older rows may be elsewhere.
        case rewriting
    }

    let columns: MergeColumns
    private let cursors: [SourceCursor]
    private let times: Range<Int64>
    private let purpose: Purpose
    private let wanted: SeriesSet?
    private let seriesRange: ClosedRange<UInt32>

    private var isAppend: Bool { columns.isAppend }
    private(set) var series: UInt32 = 0
    private(set) var active: [SourceCursor] = []
    private var opened: [SourceCursor] = []
    /// The times of their next rows, where they are more than one; empty until they are needed.
    private var heads: [Int64] = []
    /// The lowest series of the cursors that are not active.
    private var otherSeries = UInt32.max
    /// Room for the rows of one time, and for those that a folded row is made of.
    private var parts: [(chunk: RowChunk, row: Int, kind: RowKind)] = []
    private var contributors: [(chunk: RowChunk, row: Int)] = []
    private var isStarted = false

    /// Rows given to the merge that did not come out: folded into others, hidden or deleted.
    var droppedRowCount: UInt64 {
        cursors.reduce(foldedRowCount) { $0 + $1.hiddenRowCount }
    }
    private var foldedRowCount: UInt64 = 0

    /// What leaves out rows where no other source has a say, and what takes them as summaries.
    var filter: ScanFilter?
    var summarizer: ScanSummarizer?

    /// - Parameters:
    ///   - cursors: oldest source first.
    ///   - wanted: the series that matter; nil for all.
    init(
        _ columns: MergeColumns, _ cursors: [SourceCursor], times: Range<Int64>,
        purpose: Purpose, wanted: SeriesSet? = nil,
        seriesRange: ClosedRange<UInt32> = 0...(UInt32.max - 1)
    ) {
        self.columns = columns
        self.cursors = cursors
        self.times = times
        self.purpose = purpose
        self.wanted = wanted
        self.seriesRange = seriesRange
    }

    /// Adds rows until there are enough for a batch of `limit`, or until a summary has to be given
    /// before any more; false at the end.
    func fill(_ rows: inout RowAssembler, limit: Int) throws(StorageError) -> Bool {
        while !rows.isFull(limit) {
            if let summarizer {
                if summarizer.mustStop { return true }
                let isPending = summarizer.request.isBySeries && summarizer.isPending
                guard try advance(&rows) else { return false }
                if isPending && !rows.isEmpty { summarizer.close() }
            } else {
                guard try advance(&rows) else { return false }
            }
        }
        return true
    }

    /// The next step; false at the end.
    private func advance(_ rows: inout RowAssembler) throws(StorageError) -> Bool {
        if opened.isEmpty {
            guard try nextSeries() else { return false }
            if try !giveManySeries(&rows) { try openSeries(times) }
        } else {
            try step(&rows)
        }
        return true
    }

    /// Where one source alone has the next series, gives as many of them at once as it can; false
    /// where they have to be looked at one by one.
    private func giveManySeries(_ rows: inout RowAssembler) throws(StorageError) -> Bool {
        guard active.count == 1, wanted == nil else { return false }
        let limit = min(otherSeries, seriesRange.upperBound + 1)
        guard
            let last = try active[0].giveSeries(below: limit, to: &rows, filter, summarizer)
        else {
            return false
        }
        series = last
        return true
    }

    /// Goes to the next series that any cursor has and that is wanted; false where there is none.
    func nextSeries() throws(StorageError) -> Bool {
        var target = seriesRange.lowerBound
        if isStarted {
            // The end of the range is below UInt32.max, so this does not overflow.
            target = series + 1
        }
        isStarted = true
        while true {
            if target > seriesRange.upperBound { return false }
            if let wanted {
                guard let next = wanted.first(atOrAfter: target) else { return false }
                target = next
                if target > seriesRange.upperBound { return false }
            }
            var lowest = UInt32.max
            otherSeries = .max
            for cursor in cursors {
                if cursor.series < target { try cursor.seek(target) }
                if cursor.series < lowest {
                    otherSeries = lowest
                    lowest = cursor.series
                } else if cursor.series < otherSeries, cursor.series != lowest {
                    otherSeries = cursor.series
                }
            }
            if lowest == .max || lowest > seriesRange.upperBound { return false }
            if let wanted, lowest != target, !wanted.contains(lowest) {
                target = lowest
                continue
            }
            series = lowest
            active.removeAll(keepingCapacity: true)
            for cursor in cursors where cursor.series == lowest { active.append(cursor) }
            return true
        }
    }

    /// Opens the active cursors for `times`; may be done again for other times.
    func openSeries(_ times: Range<Int64>) throws(StorageError) {
        opened.removeAll(keepingCapacity: true)
        heads.removeAll(keepingCapacity: true)
        for cursor in active {
            try cursor.open(times)
            if cursor.isOpen { opened.append(cursor) }
        }
    }

    /// All rows of the current series that were opened.
    func fillSeries(_ rows: inout RowAssembler) throws(StorageError) {
        while !opened.isEmpty { try step(&rows) }
    }

    private func step(_ rows: inout RowAssembler) throws(StorageError) {
        if opened.count == 1 {
            let cursor = opened[0]
            let end = cursor.isPlain ? cursor.end : try plainEnd(cursor, cursor.end)
            if end > cursor.position {
                try give(cursor, end, &rows)
            } else {
                try fold(try cursor.head(), &rows)
            }
            if !cursor.isOpen { opened.removeAll(keepingCapacity: true) }
            return
        }
        if heads.count != opened.count {
            heads.removeAll(keepingCapacity: true)
            for cursor in opened { heads.append(try cursor.head()) }
        }
        var first = 0
        var tied = 0
        var tieCount = 1
        var firstTime = heads[0]
        var otherTime = Int64.max
        for index in 1..<heads.count {
            let time = heads[index]
            if time < firstTime {
                otherTime = firstTime
                firstTime = time
                first = index
                tieCount = 1
            } else if time == firstTime {
                tied = index
                tieCount += 1
            } else if time < otherTime {
                otherTime = time
            }
        }
        if tieCount == 1 {
            let cursor = opened[first]
            var end = cursor.end
            if try cursor.last() >= otherTime {
                if try cursor.takeApart() { return }
                end = try cursor.lowerBound(otherTime)
            }
            if !cursor.isPlain { end = try plainEnd(cursor, end) }
            if end > cursor.position {
                try give(cursor, end, &rows)
                try refresh(first)
                return
            }
        } else if try takeAllApart() {
            return
        } else if tieCount == 2, !isAppend, try foldPair(first, tied, otherTime, &rows) {
            // The later one first, or the earlier one's going would move it.
            try refresh(tied)
            try refresh(first)
            return
        }
        try fold(firstTime, &rows)
        opened.removeAll { !$0.isOpen }
        heads.removeAll(keepingCapacity: true)
    }

    /// Rows are about to be folded, which takes their vectors; whether any cursor changed.
    private func takeAllApart() throws(StorageError) -> Bool {
        var isChanged = false
        for cursor in opened where try cursor.takeApart() { isChanged = true }
        return isChanged
    }

    /// After a cursor went on: its new head, or none.
    private func refresh(_ index: Int) throws(StorageError) {
        if opened[index].isOpen {
            heads[index] = try opened[index].head()
        } else {
            opened.remove(at: index)
            heads.remove(at: index)
        }
    }

    /// Folds the rows of two cursors as long as they have the same times, before any third; false
    /// where a row kind or a time that comes twice wants a closer look.
    private func foldPair(
        _ older: Int, _ newer: Int, _ limit: Int64, _ rows: inout RowAssembler
    ) throws(StorageError) -> Bool {
        let older = opened[older]
        let newer = opened[newer]
        guard let olderChunk = older.chunk, let newerChunk = newer.chunk,
            try olderChunk.kinds() == nil, try newerChunk.kinds() == nil
        else { return false }
        let olderTimes = try olderChunk.times()
        let newerTimes = try newerChunk.times()
        let start = (older: older.position, newer: newer.position)
        let most = min(older.end - start.older, newer.end - start.newer)
        var count = 0
        while count < most {
            let time = newerTimes[start.newer + count]
            guard time < limit, olderTimes[start.older + count] == time else { break }
            // A time that comes twice within a source.
            let next = (older: start.older + count + 1, newer: start.newer + count + 1)
            if next.older < older.end && olderTimes[next.older] == time { break }
            if next.newer < newer.end && newerTimes[next.newer] == time { break }
            count += 1
        }
        if count == 0 { return false }
        contributors.removeAll(keepingCapacity: true)
        contributors.append((newerChunk, start.newer))
        contributors.append((olderChunk, start.older))
        rows.appendFold(
            contributors[...], count: count, time: newerTimes[start.newer], kind: .merge,
            series: series)
        foldedRowCount += UInt64(count)
        try older.advance(to: start.older + count)
        try newer.advance(to: start.newer + count)
        return true
    }

    private func give(
        _ cursor: SourceCursor, _ end: Int, _ rows: inout RowAssembler
    ) throws(StorageError) {
        if let chunk = cursor.chunk {
            let verdict = try filter?.verdict(chunk)
            if verdict?.isNone != true {
                switch try offer(chunk, cursor, end, verdict, isBehindRows: !rows.isEmpty) {
                case .taken: break
                case .mustWait: return
                case .refused:
                    if try cursor.takeApart() { return }
                    rows.append(chunk, cursor.position..<end, series: series)
                }
            }
        }
        try cursor.advance(to: end)
    }

    /// Offers rows of one series that count as they stand to the summarizer.
    private func offer(
        _ chunk: RowChunk, _ cursor: SourceCursor, _ end: Int, _ verdict: ScanVerdict?,
        isBehindRows: Bool
    ) throws(StorageError) -> ScanSummarizer.Outcome {
        guard let summarizer else { return .refused }
        return try summarizer.offer(
            chunk, cursor.position..<end, series: series, verdict, isBehindRows: isBehindRows
        ) { () throws(StorageError) in
            let last = end == cursor.end ? try cursor.last() : try chunk.times()[end - 1]
            return (try cursor.head(), last)
        }
    }

    /// The end of the rows from the cursor's position on that need no look at other rows: no
    /// deletes, and none of the time of the next.
    private func plainEnd(_ cursor: SourceCursor, _ limit: Int) throws(StorageError) -> Int {
        guard let chunk = cursor.chunk else { return limit }
        let times = try chunk.times()
        let kinds = try chunk.kinds()
        let delete = RowKind.delete.rawValue
        let merge = RowKind.merge.rawValue
        var row = cursor.position
        while row < limit {
            if let kinds, kinds[row] == delete { break }
            if row + 1 < cursor.end {
                if times[row + 1] == times[row] {
                    guard isAppend, kinds.map({ $0[row + 1] == merge }) ?? true else { break }
                }
            } else if isAppend && kinds != nil {
                // The next chunk may go on with this time.
                break
            }
            row += 1
        }
        // In an APPEND table rows of one time stay together before a row that hides them.
        if isAppend {
            while row > cursor.position, row < cursor.end, times[row - 1] == times[row] { row -= 1 }
        }
        return row
    }

    /// The rows of one time, of all cursors that have any.
    private func fold(_ time: Int64, _ rows: inout RowAssembler) throws(StorageError) {
        parts.removeAll(keepingCapacity: true)
        for cursor in opened {
            while cursor.isOpen, try cursor.head() == time {
                // A block may go on with the time that the one before it ended with.
                _ = try cursor.takeApart()
                guard let chunk = cursor.chunk else { break }
                let raw = try chunk.kinds()?[cursor.position] ?? 0
                parts.append((chunk, cursor.position, RowKind(rawValue: raw) ?? .merge))
                try cursor.advance(to: cursor.position + 1)
            }
        }
        foldedRowCount += UInt64(parts.count)
        if isAppend {
            keepAll(&rows)
        } else {
            foldAll(time, &rows)
        }
    }

    private var keepsDeletes: Bool { purpose == .rewriting }

    private func keepAll(_ rows: inout RowAssembler) {
        let start = parts.lastIndex { $0.kind != .merge } ?? 0
        for part in parts[start...] {
            if part.kind == .delete && !keepsDeletes { continue }
            rows.append(part.chunk, part.row..<(part.row + 1), series: series)
            foldedRowCount -= 1
        }
    }

    private func foldAll(_ time: Int64, _ rows: inout RowAssembler) {
        contributors.removeAll(keepingCapacity: true)
        var kind = RowKind.merge
        for part in parts.reversed() {
            if part.kind == .delete {
                kind = contributors.isEmpty ? .delete : .replace
                break
            }
            contributors.append((part.chunk, part.row))
            if part.kind == .replace {
                kind = .replace
                break
            }
        }
        if kind == .delete && !keepsDeletes { return }
        rows.appendFold(contributors[...], time: time, kind: kind, series: series)
        foldedRowCount -= 1
    }
}
