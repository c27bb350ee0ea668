import BelfryCodecs
import BelfryCore

/// The walk through the blocks that a segment has of one table.
///
/// Blocks whose times lie outside the scan's are passed over by the index alone. A chunk is a
/// vector; for a solo block its time bounds come from the index and the strip's statistics, so
/// that rows which overlap nothing are passed on without decoding their times.
final class SegmentCursor: SourceCursor {
    private let reader: SegmentReader
    private let columns: MergeColumns
    private let times: Range<Int64>
    private let blocks: Range<Int>
    /// The block where the current series begins.
    private var block: Int
    /// Of that block.
    private var lastSeries: UInt32 = 0
    /// Whether all times of that block are the scan's.
    private var isInside = false
    /// Whether a tombstone may hide rows of that block.
    private var isTouched = false
    private var extent = 0
    private var extents: [Extent] = []
    /// The row at which each extent of a packed block starts, and the end.
    private var starts: [Int] = []
    /// The block opened last; kept from series to series.
    private var opened: OpenBlock?
    private var lastChunk: SegmentChunk?
    /// The one before: a search for the ends of a time range looks at two.
    private var priorChunk: SegmentChunk?

    // Where the open series stands.
    private var openIndex = 0
    private var openRows = 0..<0
    private var openTimes: Range<Int64> = 0..<0

    init(
        _ reader: SegmentReader, _ columns: MergeColumns, times: Range<Int64>,
        mask: TombstoneMask? = nil
    ) throws(StorageError) {
        self.reader = reader
        self.columns = columns
        self.times = times
        blocks = reader.index.blocks(of: columns.table)
        block = blocks.lowerBound
        super.init(mask: mask)
        try enter()
    }

    /// Whole extents of a packed block that needs no look at its rows: about a vector at a time, or
    /// more where they may be summarised whosever they are.
    override func giveSeries(
        below limit: UInt32, to rows: inout RowAssembler, _ filter: ScanFilter?,
        _ summarizer: ScanSummarizer?
    ) throws(StorageError) -> UInt32? {
        guard !extents.isEmpty, isInside, !isTouched else { return nil }
        let block = opening(self.block)
        guard try block.isPlain else { return nil }
        let summarizer = summarizer.flatMap { $0.request.isBySeries ? nil : $0 }
        let most = summarizer == nil ? Vector.capacity : Strip.rowCountLimit
        var end = extent
        let firstRow = starts[extent]
        while end < extents.count, extents[end].series < limit, starts[end] - firstRow < most {
            end += 1
        }
        guard end > extent else { return nil }
        let wanted = firstRow..<starts[end]
        if try !giveWhole(block, wanted, filter, summarizer) {
            if columns.isCounting {
                rows.appendPiece(wholeChunk(block), wanted)
                rows.appendExtents(extents[extent..<end])
            } else {
                for vector in Self.vectors(wanted) {
                    try give(vector, of: block, wanted, to: &rows, filter, summarizer)
                }
            }
        }
        extent = end - 1
        series = extents[extent].series
        return series
    }

    /// Whether rows of a packed block are done with by what is known of the block as a whole.
    private func giveWhole(
        _ block: OpenBlock, _ wanted: Range<Int>, _ filter: ScanFilter?,
        _ summarizer: ScanSummarizer?
    ) throws(StorageError) -> Bool {
        guard columns.isCounting || columns.givesWholeBlocks && wanted.count == block.rowCount
        else { return false }
        let chunk = wholeChunk(block)
        let verdict = try filter?.verdict(chunk)
        if verdict?.isNone == true {
            columns.statistics.blocksSkipped += 1
            return true
        }
        guard let summarizer else { return false }
        let entry = entry(block.block)
        let isWhole = wanted.count == block.rowCount
        return try summarizer.offer(
            chunk, wanted, series: series, verdict, isBehindRows: false,
            bounds: { isWhole ? (entry.minTime, entry.maxTime) : nil }) == .taken
    }

    /// Gives those of the wanted rows of a packed block that lie in one vector.
    private func give(
        _ vector: Int, of block: OpenBlock, _ wanted: Range<Int>, to rows: inout RowAssembler,
        _ filter: ScanFilter?, _ summarizer: ScanSummarizer?
    ) throws(StorageError) {
        let chunk = vectorChunk(block, vector)
        let start = vector * Strip.vectorRowCount
        let part =
            max(0, wanted.lowerBound - start)..<min(chunk.rowCount, wanted.upperBound - start)
        let verdict = try filter?.verdict(chunk)
        if verdict?.isNone == true { return }
        if let summarizer {
            let outcome = try summarizer.offer(
                chunk, part, series: series, verdict, isBehindRows: false,
                bounds: { () throws(StorageError) in
                    part.count == chunk.rowCount ? try block.timeBounds(vector: vector) : nil
                })
            if outcome == .taken { return }
        }
        rows.appendPiece(chunk, part)
        var row = start + part.lowerBound
        var place = starts.partitioningIndex { $0 > row } - 1
        while row < start + part.upperBound {
            let next = min(starts[place + 1], start + part.upperBound)
            rows.appendExtent(extents[place].series, next - row)
            row = next
            place += 1
        }
    }

    override func takeApart() throws(StorageError) -> Bool {
        guard let chunk = chunk as? SegmentChunk, chunk.isWholeBlock, !columns.isCounting else {
            return false
        }
        openRows = position..<end
        try loadVector(chunk.block)
        return true
    }

    /// The vectors that rows lie in.
    private static func vectors(_ rows: Range<Int>) -> Range<Int> {
        (rows.lowerBound / Strip.vectorRowCount)..<(1 + (rows.upperBound - 1)
            / Strip.vectorRowCount)
    }

    private func entry(_ block: Int) -> BlockIndex.Entry { reader.index.entries[block] }

    private func isWanted(_ entry: BlockIndex.Entry) -> Bool {
        entry.maxTime >= times.lowerBound && entry.minTime < times.upperBound
    }

    /// Whether all rows of a block are hidden and all of them would have been given: then it is
    /// passed over unread.
    private func isHidden(_ entry: BlockIndex.Entry) -> Bool {
        guard let mask, entry.minTime >= times.lowerBound, entry.maxTime < times.upperBound
        else { return false }
        return mask.covers(entry.minTime...entry.maxTime)
    }

    /// Places the walk at the first series of the first wanted block from `block` on.
    private func enter() throws(StorageError) {
        while block < blocks.upperBound {
            let entry = entry(block)
            if isWanted(entry) {
                if !isHidden(entry) { break }
                hiddenRowCount += UInt64(entry.rowCount)
            }
            columns.statistics.blocksSkipped += 1
            block += 1
        }
        extent = 0
        if block >= blocks.upperBound {
            isAtEnd = true
            series = .max
            return
        }
        let entry = entry(block)
        series = entry.firstSeries
        isInside = entry.minTime >= times.lowerBound && entry.maxTime < times.upperBound
        lastSeries = entry.lastSeries
        isTouched =
            mask?.touches(entry.firstSeries...entry.lastSeries, entry.minTime...entry.maxTime)
            ?? false
        if entry.isSolo {
            extents = []
        } else {
            try loadExtents()
        }
    }

    private func loadExtents() throws(StorageError) {
        extents = try opening(block).header().extents
        starts.removeAll(keepingCapacity: true)
        starts.reserveCapacity(extents.count + 1)
        var row = 0
        for extent in extents {
            starts.append(row)
            row += extent.rowCount
        }
        starts.append(row)
    }

    private func opening(_ block: Int) -> OpenBlock {
        if let opened, opened.block == block { return opened }
        let made = OpenBlock(reader, block: block, columns)
        opened = made
        lastChunk = nil
        priorChunk = nil
        return made
    }

    override func seek(_ target: UInt32) throws(StorageError) {
        isOpen = false
        if isAtEnd || series >= target { return }
        if extents.isEmpty || lastSeries < target {
            block = reader.index.firstBlock(
                holding: target, in: (block + 1)..<blocks.upperBound)
            try enter()
            if isAtEnd || series >= target || extents.isEmpty { return }
        }
        if extent + 1 < extents.count && extents[extent + 1].series >= target {
            extent += 1
        } else {
            let from = extent + 1
            var low = from
            var high = extents.count
            while low < high {
                let middle = (low + high) >> 1
                if extents[middle].series < target { low = middle + 1 } else { high = middle }
            }
            extent = low
        }
        series = extents[extent].series
    }

    override func load(_ times: Range<Int64>) throws(StorageError) {
        openTimes = times
        isOpen = false
        if extents.isEmpty {
            openIndex = block
            try openSolo()
            return
        }
        openIndex = block
        if !isTouched { hidden = [] }
        openRows = starts[extent]..<starts[extent + 1]
        if !isInside || times != self.times {
            let entry = entry(block)
            if entry.minTime < times.lowerBound || entry.maxTime >= times.upperBound {
                try narrow(opening(block))
            }
        }
        try loadNext()
    }

    /// Begins the next solo block of the series that has rows in time.
    private func openSolo() throws(StorageError) {
        while openIndex < blocks.upperBound {
            let entry = entry(openIndex)
            guard entry.isSolo, entry.firstSeries == series else { break }
            if entry.minTime >= openTimes.upperBound { break }
            if !hidden.isEmpty, entry.minTime >= openTimes.lowerBound,
                entry.maxTime < openTimes.upperBound,
                TombstoneMask.covers(hidden, entry.minTime...entry.maxTime)
            {
                hiddenRowCount += UInt64(entry.rowCount)
                columns.statistics.blocksSkipped += 1
            } else if entry.maxTime >= openTimes.lowerBound {
                openRows = 0..<entry.rowCount
                if entry.minTime < openTimes.lowerBound || entry.maxTime >= openTimes.upperBound {
                    try narrow(opening(openIndex))
                }
                if !openRows.isEmpty {
                    try load()
                    return
                }
            } else {
                columns.statistics.blocksSkipped += 1
            }
            openIndex += 1
        }
        isOpen = false
    }

    /// Cuts `openRows` to the times wanted.
    private func narrow(_ block: OpenBlock) throws(StorageError) {
        let low = try firstRow(notBefore: openTimes.lowerBound, block, openRows)
        let high = try firstRow(
            notBefore: openTimes.upperBound, block, low..<openRows.upperBound)
        openRows = low..<high
    }

    /// The first of a series' rows whose time is not before `time`: binary search over the last
    /// times of vectors, then within one.
    private func firstRow(
        notBefore time: Int64, _ block: OpenBlock, _ rows: Range<Int>
    ) throws(StorageError) -> Int {
        if rows.isEmpty { return rows.lowerBound }
        var low = rows.lowerBound / Strip.vectorRowCount
        var high = (rows.upperBound - 1) / Strip.vectorRowCount
        while low < high {
            let middle = (low + high) >> 1
            let last: Int64
            if extents.isEmpty, let bounds = try block.timeBounds(vector: middle) {
                last = bounds.last
            } else {
                let times = try vectorChunk(block, middle).times()
                last =
                    times[
                        min(times.count, rows.upperBound - middle * Strip.vectorRowCount) - 1]
            }
            if last < time { low = middle + 1 } else { high = middle }
        }
        let start = low * Strip.vectorRowCount
        let times = try vectorChunk(block, low).times()
        let from = max(0, rows.lowerBound - start)
        let to = min(times.count, rows.upperBound - start)
        return start + times.lowerBound(time, in: from..<max(from, to))
    }

    private func vectorChunk(_ block: OpenBlock, _ vector: Int) -> SegmentChunk {
        if let lastChunk, lastChunk.block === block, lastChunk.index == vector { return lastChunk }
        let made: SegmentChunk
        if let priorChunk, priorChunk.block === block, priorChunk.index == vector {
            made = priorChunk
        } else {
            made = SegmentChunk(block, vector: vector)
        }
        if !columns.isCounting {
            priorChunk = lastChunk
            lastChunk = made
        }
        return made
    }

    override func loadNext() throws(StorageError) {
        if !openRows.isEmpty {
            try load()
        } else if extents.isEmpty {
            openIndex += 1
            try openSolo()
        } else {
            isOpen = false
        }
    }

    /// Makes the first vector of `openRows` the chunk.
    private func load() throws(StorageError) {
        let block = opening(openIndex)
        isPlain = try block.isPlain
        let isUncut = extents.isEmpty && openRows.count == block.rowCount
        if columns.isCounting
            || columns.givesWholeBlocks && isUncut && isPlain && hidden.isEmpty
        {
            loadWhole(block)
        } else {
            try loadVector(block)
        }
    }

    private func loadVector(_ block: OpenBlock) throws(StorageError) {
        let vector = openRows.lowerBound / Strip.vectorRowCount
        let start = vector * Strip.vectorRowCount
        let made = vectorChunk(block, vector)
        chunk = made
        position = openRows.lowerBound - start
        end = min(made.rowCount, openRows.upperBound - start)
        openRows = (start + end)..<openRows.upperBound
        knownHead = nil
        knownLast = nil
        if extents.isEmpty, position == 0, end == made.rowCount {
            let entry = entry(openIndex)
            if made.rowCount == block.rowCount {
                knownHead = entry.minTime
                knownLast = entry.maxTime
            } else if let bounds = try block.timeBounds(vector: vector) {
                knownHead = bounds.first
                knownLast = bounds.last
            }
        }
        isOpen = true
    }

    private func wholeChunk(_ block: OpenBlock) -> SegmentChunk {
        if let lastChunk, lastChunk.block === block, lastChunk.index == nil { return lastChunk }
        let made = SegmentChunk(block, vector: nil)
        lastChunk = made
        return made
    }

    private func loadWhole(_ block: OpenBlock) {
        let made = wholeChunk(block)
        chunk = made
        position = openRows.lowerBound
        end = openRows.upperBound
        let isUncut = extents.isEmpty && position == 0 && end == block.rowCount
        openRows = end..<end
        knownHead = isUncut ? entry(openIndex).minTime : nil
        knownLast = isUncut ? entry(openIndex).maxTime : nil
        isOpen = true
    }

    override func timeFromEnd(
        _ count: Int, _ times: Range<Int64>
    ) throws(StorageError) -> Int64? {
        if !extents.isEmpty {
            return try timeFromEnd(count, times, block, starts[extent]..<starts[extent + 1]).time
        }
        var last = block
        while last + 1 < blocks.upperBound, entry(last + 1).isSolo,
            entry(last + 1).firstSeries == series
        {
            last += 1
        }
        var rest = count
        while last >= block {
            let entry = entry(last)
            if entry.maxTime < times.lowerBound { return nil }
            if entry.minTime < times.upperBound {
                let found = try timeFromEnd(rest, times, last, 0..<entry.rowCount)
                if let time = found.time { return time }
                rest -= found.rowCount
            }
            last -= 1
        }
        return nil
    }

    /// Within one block; also how many rows of it lie in the times.
    private func timeFromEnd(
        _ count: Int, _ times: Range<Int64>, _ blockIndex: Int, _ rows: Range<Int>
    ) throws(StorageError) -> (time: Int64?, rowCount: Int) {
        let entry = entry(blockIndex)
        let block = opening(blockIndex)
        var rows = rows
        if entry.minTime < times.lowerBound || entry.maxTime >= times.upperBound {
            let low = try firstRow(notBefore: times.lowerBound, block, rows)
            rows =
                try
                low..<firstRow(
                    notBefore: times.upperBound, block, low..<rows.upperBound)
        }
        let row = rows.upperBound - count
        guard row >= rows.lowerBound else { return (nil, rows.count) }
        let vector = row / Strip.vectorRowCount
        let chunk = vectorChunk(block, vector)
        return (try chunk.times()[row - vector * Strip.vectorRowCount], rows.count)
    }

    override func rowCounts() -> [(lastSeries: UInt32, rowCount: Int)] {
        blocks.map { (entry($0).lastSeries, entry($0).rowCount) }
    }
}
