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
    private var isStarted = false

    /// Rows given to the merge that did not come out: folded into others, hidden or deleted.
    private(set) var droppedRowCount: UInt64 = 0

    /// What tells whether a chunk's rows can be left out where no other source has a say.
    var canSkip: ((RowChunk) throws(StorageError) -> Bool)?

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

    /// Adds rows until there are enough for a batch of `limit`; false at the end.
    func fill(_ rows: inout RowAssembler, limit: Int) throws(StorageError) -> Bool {
        while !rows.isFull(limit) {
            if opened.isEmpty {
                guard try nextSeries() else { return false }
                try openSeries(times)
                continue
            }
            try step(&rows)
        }
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
            for cursor in cursors {
                if cursor.series < target { try cursor.seek(target) }
                if cursor.series < lowest { lowest = cursor.series }
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
        var first = 0
        var firstTime = try opened[0].head()
        var otherTime = Int64.max
        for index in 1..<opened.count {
            let time = try opened[index].head()
            if time < firstTime {
                otherTime = firstTime
                firstTime = time
                first = index
            } else if time < otherTime {
                otherTime = time
            }
        }
        let cursor = opened[first]
        if firstTime < otherTime {
            var end = cursor.end
            if try cursor.last() >= otherTime { end = try cursor.lowerBound(otherTime) }
            if !cursor.isPlain { end = try plainEnd(cursor, end) }
            if end > cursor.position {
                try give(cursor, end, &rows)
                if !cursor.isOpen { opened.remove(at: first) }
                return
            }
        }
        try fold(firstTime, &rows)
        opened.removeAll { !$0.isOpen }
    }

    private func give(
        _ cursor: SourceCursor, _ end: Int, _ rows: inout RowAssembler
    ) throws(StorageError) {
        if let chunk = cursor.chunk {
            var isSkipped = false
            if let canSkip { isSkipped = try canSkip(chunk) }
            if !isSkipped { rows.append(chunk, cursor.position..<end, series: series) }
        }
        try cursor.advance(to: end)
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
        var parts: [(chunk: RowChunk, row: Int, kind: RowKind)] = []
        for cursor in opened {
            while cursor.isOpen, let chunk = cursor.chunk, try cursor.head() == time {
                let raw = try chunk.kinds()?[cursor.position] ?? 0
                parts.append((chunk, cursor.position, RowKind(rawValue: raw) ?? .merge))
                try cursor.advance(to: cursor.position + 1)
            }
        }
        droppedRowCount += UInt64(parts.count)
        if isAppend {
            keepAll(parts, time, &rows)
        } else {
            foldAll(parts, time, &rows)
        }
    }

    private var keepsDeletes: Bool { purpose == .rewriting }

    private func keepAll(
        _ parts: [(chunk: RowChunk, row: Int, kind: RowKind)], _ time: Int64,
        _ rows: inout RowAssembler
    ) {
        let start = parts.lastIndex { $0.kind != .merge } ?? 0
        for part in parts[start...] {
            if part.kind == .delete && !keepsDeletes { continue }
            rows.append(part.chunk, part.row..<(part.row + 1), series: series)
            droppedRowCount -= 1
        }
    }

    private func foldAll(
        _ parts: [(chunk: RowChunk, row: Int, kind: RowKind)], _ time: Int64,
        _ rows: inout RowAssembler
    ) {
        var contributors: [(chunk: RowChunk, row: Int)] = []
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
        if contributors.isEmpty {
            guard kind == .delete, keepsDeletes else { return }
            rows.append(RowAssembler.Fold(parts: [], time: time, kind: .delete), series: series)
        } else {
            rows.append(
                RowAssembler.Fold(parts: contributors, time: time, kind: kind), series: series)
        }
        droppedRowCount -= 1
    }
}
