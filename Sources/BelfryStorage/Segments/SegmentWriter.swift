import BelfryCodecs
import BelfryCore

/// Writes a segment from front to back: blocks, dictionary, index, footer, in that order.
///
/// Rows come table by table in ascending number, each table's in (series, time) order, already
/// folded. A series with as many rows as a vector holds gets blocks of its own (solo); shorter
/// ones share (packed), cut between series. The file is written under a temporary name and takes
/// its own when it is complete and synced.
///
/// Format: `formats/segment.md`.
///
/// Threads: one at a time.
final class SegmentWriter {
    /// Where a segment goes and what it is.
    struct Target: Sendable {
        var fileID: UInt64
        var salt: UInt64
        var databaseID: [UInt8]
        var sequences: ClosedRange<UInt64>
        /// Nil for a wide segment.
        var table: UInt32?
        var partition: TimeRange?
        var replacedFileIDs: [UInt64] = []
        /// What still hides rows of older sources.
        var tombstones: [Tombstone] = []
        /// Tombstones through this sequence hide no row of it.
        var appliedThrough: UInt64?
        /// Strips of the COLD tier.
        var isCold = false
    }

    /// Text beyond this ends a block early, so that no strip meets the codecs' limit.
    private static let textByteCountLimit = 16 << 20
    /// Encoded side by side: enough that starting a thread is nothing beside it.
    private static let queuedRowCountLimit = 131_072
    /// Written at once.
    private static let chunkByteCount = 1 << 20

    private let target: Target
    private let fileSystem: any FileSystem
    private let path: String
    private let file: any OpenFile
    private let soloRowCount: Int
    private let blockRowCountLimit: Int
    private let threadCount: Int
    private let tier: BlockTier

    /// Full blocks that are not encoded yet.
    private var queued: [FullBlock] = []
    private var queuedRowCount = 0
    private var pending: [UInt8] = []
    private var pendingOffset: UInt64 = 0
    private var entries: [BlockIndex.Entry] = []
    private var sharedTimes = SharedTimes()
    private var tables: [TableSchema] = []
    private var series: [(table: UInt32, numbers: [UInt32])] = []
    private var buffer: BlockBuffer?
    /// The series that has blocks of its own and may go on; the buffer holds no other then.
    private var soloSeries: UInt32?
    private(set) var rowCount: UInt64 = 0
    private var minTime = Int64.max
    private var maxTime = Int64.min

    init(
        _ target: Target, path: String, in fileSystem: any FileSystem, options: StoreOptions
    ) throws(StorageError) {
        self.target = target
        self.path = path
        self.fileSystem = fileSystem
        soloRowCount = options.rowsPerVector
        // Writers may wait for a flush; nobody waits for a compaction.
        threadCount = target.table == nil ? max(1, options.flushThreadCount) : 1
        tier = BlockTier(
            isCold: target.isCold, mayMap: target.table != nil, isRaw: options.writesRawStrips)
        blockRowCountLimit = min(
            Strip.rowCountLimit, max(1, options.vectorsPerBlock * options.rowsPerVector))
        let temporary = path + FileNames.temporarySuffix
        if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        file = try fileSystem.open(temporary, .create)
        let header = SegmentHeader(
            databaseID: target.databaseID, fileID: target.fileID, salt: target.salt)
        pending = header.encoded()
    }

    private var offset: UInt64 { pendingOffset + UInt64(pending.count) }

    /// How many bytes were written so far.
    var byteCount: UInt64 { offset }

    /// Rows of the table from here on.
    /// - Precondition: tables come by ascending number.
    func begin(_ table: TableSchema) throws(StorageError) {
        try finishTable()
        precondition(tables.last.map { $0.number < table.number } ?? true, "tables ascend")
        tables.append(table)
        series.append((table.number, []))
        buffer = BlockBuffer(table)
        soloSeries = nil
    }

    func append(_ rows: MergedRows) throws(StorageError) {
        if rows.rowCount == 0 { return }
        if rows.rowCount > 1 && rows.textByteCount > Self.textByteCountLimit {
            let middle = rows.rowCount / 2
            try append(rows.slice(0..<middle))
            try append(rows.slice(middle..<rows.rowCount))
            return
        }
        guard rows.textByteCount <= Strip.textByteCountLimit / 2 else {
            throw StorageError(.limit, "a row of more than 32 MiB of text")
        }
        let first = rows.extents[0]
        let open = soloSeries ?? buffer?.extents.last?.series
        if rows.extents.count > 1 && open == first.series {
            try fill(rows.slice(0..<first.rowCount))
            try fill(rows.slice(first.rowCount..<rows.rowCount))
        } else {
            try fill(rows)
        }
    }

    /// Rows whose series, but for the last, are complete and short, or one series that goes on.
    private func fill(_ rows: MergedRows) throws(StorageError) {
        guard var buffer else { preconditionFailure("begin comes before append") }
        self.buffer = nil
        let firstSeries = rows.extents[0].series
        if let soloSeries, soloSeries != firstSeries {
            if buffer.rowCount > 0 { try write(buffer.take(buffer.rowCount)) }
            self.soloSeries = nil
        }
        note(rows)
        let touched = max(0, buffer.extents.count - 1)
        buffer.append(rows)
        if soloSeries == nil,
            buffer.extents[touched...].contains(where: { $0.rowCount >= soloRowCount })
        {
            try cutLong(&buffer)
        }
        try cutFull(&buffer)
        self.buffer = buffer
    }

    private func note(_ rows: MergedRows) {
        for extent in rows.extents where series[series.count - 1].numbers.last != extent.series {
            series[series.count - 1].numbers.append(extent.series)
        }
        rowCount += UInt64(rows.rowCount)
        for time in rows.times {
            minTime = min(minTime, time)
            maxTime = max(maxTime, time)
        }
    }

    /// Gives long series blocks of their own. Where vectors are tiny, complete ones stand between
    /// others.
    private func cutLong(_ buffer: inout BlockBuffer) throws(StorageError) {
        var start = 0
        let extents = buffer.extents
        for (index, extent) in extents.enumerated() {
            guard extent.rowCount >= soloRowCount else {
                start += extent.rowCount
                continue
            }
            if start > 0 { try writePacked(&buffer, start) }
            start = 0
            if index == extents.count - 1 {
                soloSeries = extent.series
            } else {
                try writeSolo(&buffer, extent.rowCount)
            }
        }
    }

    /// Writes the blocks that are full.
    private func cutFull(_ buffer: inout BlockBuffer) throws(StorageError) {
        if soloSeries != nil {
            while buffer.rowCount >= blockRowCountLimit {
                try write(buffer.take(blockRowCountLimit))
            }
            if buffer.textByteCount > Self.textByteCountLimit {
                try write(buffer.take(buffer.rowCount))
            }
            return
        }
        guard
            buffer.rowCount > blockRowCountLimit
                || buffer.textByteCount > Self.textByteCountLimit
        else { return }
        let open = buffer.extents.last
        if let open, buffer.rowCount > open.rowCount {
            try writePacked(&buffer, buffer.rowCount - open.rowCount)
        }
        if buffer.textByteCount > Self.textByteCountLimit {
            soloSeries = open?.series
            try write(buffer.take(buffer.rowCount))
        }
    }

    private func writeSolo(_ buffer: inout BlockBuffer, _ count: Int) throws(StorageError) {
        var rest = count
        while rest > 0 {
            let part = min(rest, blockRowCountLimit)
            try write(buffer.take(part))
            rest -= part
        }
    }

    /// The first `count` rows as packed blocks, cut between series.
    private func writePacked(_ buffer: inout BlockBuffer, _ count: Int) throws(StorageError) {
        var rest = count
        while rest > 0 {
            var part = 0
            for extent in buffer.extents {
                let next = part + extent.rowCount
                if next > rest || (part > 0 && next > blockRowCountLimit) { break }
                part = next
            }
            try write(buffer.take(part))
            rest -= part
        }
    }

    private func finishTable() throws(StorageError) {
        guard var buffer else { return }
        self.buffer = nil
        if buffer.rowCount == 0 { return }
        if soloSeries != nil {
            try write(buffer.take(buffer.rowCount))
        } else {
            try writePacked(&buffer, buffer.rowCount)
        }
    }

    /// A block stands in line until there are enough of them to encode side by side.
    private func write(_ block: BlockBuffer) throws(StorageError) {
        queued.append(FullBlock(table: tables[tables.count - 1].number, rows: block))
        queuedRowCount += block.rowCount
        if threadCount == 1 || queuedRowCount >= Self.queuedRowCountLimit { try writeQueued() }
    }

    private func writeQueued() throws(StorageError) {
        if queued.isEmpty { return }
        let blocks = queued
        queued = []
        queuedRowCount = 0
        let encoded = BlockCrew.encode(
            blocks, threadCount: threadCount, tier)
        for (block, encoded) in zip(blocks, encoded) { try write(block, sharing(encoded)) }
    }

    /// The block with the time strip of an earlier one in place of an equal one of its own.
    private func sharing(_ encoded: EncodedBlock) -> EncodedBlock {
        guard encoded.mayShareTimes, let times = encoded.strips[0] else { return encoded }
        let number = entries.count
        guard
            let earlier = sharedTimes.earlierBlock(
                with: times, rowCount: encoded.places[0].valueCount, orEnter: number)
        else { return encoded }
        var shared = encoded
        shared.shareTimes(distance: number - earlier)
        return shared
    }

    /// One block: its header, then its strips.
    private func write(_ block: FullBlock, _ encoded: EncodedBlock) throws(StorageError) {
        let extents = block.rows.extents
        let header = BlockHeader(
            table: block.table, rowCount: block.rows.rowCount, minTime: encoded.minTime,
            maxTime: encoded.maxTime, sequences: target.sequences, extents: extents,
            strips: encoded.places)
        var writer = header.encoded()
        let start = offset
        SealedBytes.seal(&writer, salt: target.salt, offset: start)
        pending.append(contentsOf: writer.bytes)
        for case var strip? in encoded.strips {
            strip.seal(salt: target.salt, offset: offset)
            pending.append(contentsOf: strip.bytes)
        }
        entries.append(
            BlockIndex.Entry(
                table: block.table, firstSeries: extents[0].series,
                lastSeries: extents[extents.count - 1].series, minTime: encoded.minTime,
                maxTime: encoded.maxTime, rowCount: block.rows.rowCount, offset: start,
                headerByteCount: writer.count, stripByteCount: encoded.stripByteCount))
        if pending.count >= Self.chunkByteCount { try flushPending() }
    }

    private func flushPending() throws(StorageError) {
        try file.write(pending, at: pendingOffset)
        pendingOffset += UInt64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes what follows the blocks, makes the file durable under its own name and gives its
    /// summary; nil where no row came, and then there is no file.
    func finish(
        key: (UInt32) throws(StorageError) -> SeriesKey
    ) throws(StorageError) -> SegmentSummary? {
        try finishTable()
        try writeQueued()
        guard rowCount > 0 else {
            discard()
            return nil
        }
        let pages = try writePages(key)
        let indexOffset = offset
        var index = BlockIndex(entries: entries).encoded()
        SealedBytes.seal(&index, salt: target.salt, offset: indexOffset)
        pending.append(contentsOf: index.bytes)
        let footerOffset = offset
        let present = Set(entries.map(\.table))
        var footer = SegmentFooter(
            fileID: target.fileID, table: target.table, partition: target.partition,
            sequences: target.sequences, minTime: minTime, maxTime: maxTime, rowCount: rowCount,
            tables: tables.filter { present.contains($0.number) },
            tombstones: target.tombstones,
            replacedFileIDs: target.replacedFileIDs, pages: pages, indexOffset: indexOffset,
            indexByteCount: index.count
        ).encoded()
        SealedBytes.seal(&footer, salt: target.salt, offset: footerOffset)
        pending.append(contentsOf: footer.bytes)
        pending.append(
            contentsOf: SegmentFooter.trailer(
                offset: footerOffset, byteCount: footer.count, salt: target.salt))
        try flushPending()
        try file.sync()
        try fileSystem.rename(path + FileNames.temporarySuffix, to: path)
        try fileSystem.syncFolder(FileNames.segmentFolder)
        var summary = SegmentSummary(
            fileID: target.fileID, salt: target.salt, byteCount: offset, table: target.table,
            partition: target.partition, sequences: target.sequences,
            times: TimeRange(
                start: Timestamp(nanoseconds: minTime),
                end: Timestamp(nanoseconds: maxTime).advanced(byNanoseconds: 1)),
            rowCount: rowCount, appliedThrough: target.appliedThrough)
        summary.isCold = target.isCold
        return summary
    }

    private func writePages(
        _ key: (UInt32) throws(StorageError) -> SeriesKey
    ) throws(StorageError) -> [SegmentDictionary.PagePlace] {
        var pages: [SegmentDictionary.PagePlace] = []
        for (table, numbers) in series {
            var start = 0
            while start < numbers.count {
                let end = min(numbers.count, start + SegmentFormat.seriesPerPage)
                var entries: [(number: UInt32, key: SeriesKey)] = []
                entries.reserveCapacity(end - start)
                for number in numbers[start..<end] { entries.append((number, try key(number))) }
                let bytes = SegmentDictionary.encodePage(
                    entries, salt: target.salt, offset: offset)
                pages.append(
                    SegmentDictionary.PagePlace(
                        table: table, firstSeries: numbers[start], lastSeries: numbers[end - 1],
                        count: end - start, offset: offset, byteCount: bytes.count))
                pending.append(contentsOf: bytes)
                if pending.count >= Self.chunkByteCount { try flushPending() }
                start = end
            }
        }
        return pages
    }

    /// Removes what was written, complete or not; for a write that is given up. What cannot be
    /// removed is a stranger that the next opening sets aside.
    func discard() {
        try? fileSystem.remove(path + FileNames.temporarySuffix)
        try? fileSystem.remove(path)
    }
}
