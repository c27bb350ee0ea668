import BelfryCodecs
import BelfryCore

/// Which series and times each block holds; a series is found by binary search.
///
/// Invariants: blocks stand by (table, series, time); two blocks share a series only where both
/// are solo, and then the later block's times are not before the earlier one's.
struct BlockIndex: Sendable {
    struct Entry: Sendable, Hashable {
        var table: UInt32
        var firstSeries: UInt32
        var lastSeries: UInt32
        var minTime: Int64
        var maxTime: Int64
        var rowCount: Int
        var offset: UInt64
        var headerByteCount: Int
        /// Of all strips together.
        var stripByteCount: Int

        var isSolo: Bool { firstSeries == lastSeries }
        var byteCount: Int { headerByteCount + stripByteCount }
    }

    let entries: [Entry]

    /// The blocks of a table.
    func blocks(of table: UInt32) -> Range<Int> {
        let start = entries.partitioningIndex { $0.table >= table }
        let end = entries.partitioningIndex { $0.table > table }
        return start..<end
    }

    /// The first of `blocks` that may hold `series` or a later one.
    func firstBlock(holding series: UInt32, in blocks: Range<Int>) -> Int {
        var low = blocks.lowerBound
        var high = blocks.upperBound
        while low < high {
            let middle = (low + high) >> 1
            if entries[middle].lastSeries < series { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func encoded() -> ByteWriter {
        var writer = ByteWriter(capacity: 16 + entries.count * 40)
        writer.writeCount(entries.count)
        for entry in entries {
            writer.writeVarint(UInt64(entry.table))
            writer.writeVarint(UInt64(entry.firstSeries))
            writer.writeVarint(UInt64(entry.lastSeries - entry.firstSeries))
            writer.writeInt64(entry.minTime)
            writer.writeInt64(entry.maxTime)
            writer.writeCount(entry.rowCount)
            writer.writeVarint(entry.offset)
            writer.writeCount(entry.headerByteCount)
            writer.writeCount(entry.stripByteCount)
        }
        return writer
    }

    /// Reads the index of blocks that fill the bytes from the header to `limit` without gaps.
    static func decode(
        _ bytes: [UInt8], salt: UInt64, offset: UInt64, limit: UInt64
    ) throws(FormatError) -> BlockIndex {
        let end = try SealedBytes.verify(bytes, salt: salt, offset: offset, "the block index")
        var reader = unsafe ByteReader(bytes.span.bytes.extracting(0..<end))
        // An entry takes 24 bytes at least.
        let count = try reader.readCount(limit: reader.remaining / 24, "block count")
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var place = UInt64(SegmentFormat.headerByteCount)
        for _ in 0..<count {
            let entry = try readEntry(&reader)
            guard entry.offset == place, UInt64(entry.byteCount) <= limit - place else {
                throw FormatError("a block's place is not behind the last", at: reader.offset)
            }
            place += UInt64(entry.byteCount)
            if let last = entries.last, !follows(entry, last) {
                throw FormatError("blocks out of order", at: reader.offset)
            }
            entries.append(entry)
        }
        guard reader.isAtEnd, place == limit else {
            throw FormatError("the block index does not match the blocks", at: reader.offset)
        }
        return BlockIndex(entries: entries)
    }

    private static func follows(_ entry: Entry, _ last: Entry) -> Bool {
        if entry.table != last.table { return entry.table > last.table }
        if entry.firstSeries != last.lastSeries { return entry.firstSeries > last.lastSeries }
        return entry.isSolo && last.isSolo && entry.minTime >= last.maxTime
    }

    private static func readEntry(_ reader: inout ByteReader) throws(FormatError) -> Entry {
        let table = try reader.readCount(limit: Int(UInt32.max), "table number")
        let first = try reader.readCount(limit: Int(UInt32.max), "series number")
        let span = try reader.readCount(limit: Int(UInt32.max) - first, "series span")
        let minTime = try reader.readInt64()
        let maxTime = try reader.readInt64()
        let rowCount = try reader.readCount(limit: Strip.rowCountLimit, "row count")
        let offset = try reader.readVarint()
        let headerByteCount = try reader.readCount(
            limit: SegmentFormat.blockHeaderByteCountLimit, "block header byte count")
        let stripByteCount = try reader.readCount(limit: 1 << 40, "strip byte count")
        guard rowCount > 0, minTime <= maxTime else {
            throw FormatError("a block without rows, or with turned bounds", at: reader.offset)
        }
        return Entry(
            table: UInt32(table), firstSeries: UInt32(first), lastSeries: UInt32(first + span),
            minTime: minTime, maxTime: maxTime, rowCount: rowCount, offset: offset,
            headerByteCount: headerByteCount, stripByteCount: stripByteCount)
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that never turns false again.
    func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
