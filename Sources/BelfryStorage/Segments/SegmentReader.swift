import BelfryCodecs
package import BelfryCore
import Synchronization

/// An open segment: its footer and index in memory, headers and strips read when asked for.
///
/// Every part is verified against its checksum when it is read, and every length against the file
/// before anything is allocated. Damage is an error that names file and byte, for strips also
/// table, block and column.
///
/// Threads: any.
package final class SegmentReader: Sendable {
    let path: String
    let salt: UInt64
    let footer: SegmentFooter
    let index: BlockIndex
    private let file: any OpenFile
    /// Whether blocks are left out; their numbers are then other ones, so nothing is cached.
    private let isPartial: Bool
    /// The series of pages of the dictionary, as far as anyone asked.
    let presences = Mutex<[Int: SeriesSet]>([:])

    /// The same file without some of its blocks.
    func without(_ blocks: Set<Int>) -> SegmentReader {
        SegmentReader(
            self,
            BlockIndex(
                entries: index.entries.enumerated().filter { !blocks.contains($0.offset) }
                    .map(\.element)))
    }

    private init(_ whole: SegmentReader, _ index: BlockIndex) {
        path = whole.path
        salt = whole.salt
        footer = whole.footer
        file = whole.file
        self.index = index
        isPartial = true
    }

    /// Opens a file and checks that it is the one the summary speaks of.
    package static func open(
        _ summary: SegmentSummary, path: String, databaseID: [UInt8]?,
        in fileSystem: any FileSystem
    ) throws(StorageError) -> SegmentReader {
        let file = try fileSystem.open(path, .read)
        let reader = try SegmentReader(file, path: path, databaseID: databaseID)
        let footer = reader.footer
        guard footer.fileID == summary.fileID, reader.salt == summary.salt else {
            throw StorageError(
                .damaged,
                "this is segment \(footer.fileID), the manifest expects \(summary.fileID) here",
                file: path, offset: 0)
        }
        guard footer.rowCount == summary.rowCount, footer.sequences == summary.sequences else {
            throw StorageError(
                .damaged, "the footer's rows or sequences are not the manifest's", file: path)
        }
        return reader
    }

    /// Opens whatever segment stands there.
    init(_ file: any OpenFile, path: String, databaseID: [UInt8]?) throws(StorageError) {
        self.file = file
        self.path = path
        isPartial = false
        let byteCount = try file.byteCount()
        let fixed = SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount
        guard byteCount >= UInt64(fixed) else {
            throw StorageError(
                .damaged, "\(byteCount) bytes are no segment", file: path, offset: byteCount)
        }
        let headerBytes = try file.read(at: 0, count: SegmentFormat.headerByteCount)
        let header = try Self.located(path, 0) { () throws(FormatError) in
            try SegmentHeader.decode(headerBytes)
        }
        if let databaseID, databaseID != header.databaseID {
            throw StorageError(
                .damaged, "a segment of another store", file: path, offset: 16)
        }
        salt = header.salt
        let trailerOffset = byteCount - UInt64(SegmentFormat.trailerByteCount)
        let trailer = try file.read(at: trailerOffset, count: SegmentFormat.trailerByteCount)
        let place = try Self.located(path, trailerOffset) { () throws(FormatError) in
            try SegmentFooter.place(trailer, salt: header.salt, fileByteCount: byteCount)
        }
        let footerBytes = try file.read(at: place.offset, count: place.byteCount)
        let footer = try Self.located(path, place.offset) { () throws(FormatError) in
            try SegmentFooter.decode(
                footerBytes, salt: header.salt, offset: place.offset, version: header.version)
        }
        guard footer.fileID == header.fileID else {
            throw StorageError(
                .damaged, "header and footer name different files", file: path,
                offset: place.offset)
        }
        self.footer = footer
        let indexBytes = try file.read(at: footer.indexOffset, count: footer.indexByteCount)
        index = try Self.located(path, footer.indexOffset) { () throws(FormatError) in
            try BlockIndex.decode(
                indexBytes, salt: header.salt, offset: footer.indexOffset,
                limit: footer.pages.first?.offset ?? footer.indexOffset)
        }
    }

    /// From its first series to its last; of one that is not wide.
    var seriesSpan: ClosedRange<UInt32>? {
        guard let first = index.entries.first?.firstSeries,
            let last = index.entries.last?.lastSeries, first <= last
        else { return nil }
        return first...last
    }

    /// What the manifest says of this file.
    func summary(byteCount: UInt64) -> SegmentSummary {
        SegmentSummary(
            fileID: footer.fileID, salt: salt, byteCount: byteCount, table: footer.table,
            partition: footer.partition, sequences: footer.sequences,
            times: TimeRange(
                start: Timestamp(nanoseconds: footer.minTime),
                end: Timestamp(nanoseconds: footer.maxTime).advanced(byNanoseconds: 1)),
            rowCount: footer.rowCount)
    }

    func byteCount() throws(StorageError) -> UInt64 { try file.byteCount() }

    /// The header of a block.
    func header(_ block: Int, _ cache: BlockCache?) throws(StorageError) -> BlockHeader {
        let cache = isPartial ? nil : cache
        let key = BlockCache.Key(fileID: footer.fileID, block: block, column: nil)
        if let cache, case .header(let header)? = cache.content(key) { return header }
        let entry = index.entries[block]
        let bytes = try file.read(at: entry.offset, count: entry.headerByteCount)
        let header: BlockHeader
        do throws(FormatError) {
            header = try BlockHeader.decode(
                bytes, salt: salt, offset: entry.offset, stripByteCount: entry.stripByteCount)
            guard header.table == entry.table, header.rowCount == entry.rowCount,
                header.minTime == entry.minTime, header.maxTime == entry.maxTime,
                header.extents.first?.series == entry.firstSeries,
                header.extents.last?.series == entry.lastSeries
            else { throw FormatError("a block is not what the index says", at: 0) }
        } catch { throw damage(error, block: block, column: nil) }
        cache?.insert(
            .header(header), key,
            byteCount: 160 + header.extents.count * 16 + header.strips.count * 48)
        return header
    }

    /// The strip of a column, opened; nil where the block has none.
    func strip(
        _ block: Int, column: UInt32, _ cache: BlockCache?, bytesRead: inout Int
    ) throws(StorageError) -> StripDecoder? {
        let cache = isPartial ? nil : cache
        let key = BlockCache.Key(fileID: footer.fileID, block: block, column: column)
        if let cache, case .strip(let strip)? = cache.content(key) { return strip }
        let header = try header(block, cache)
        guard let place = header.strip(of: column) else { return nil }
        let entry = index.entries[block]
        let offset = entry.offset + UInt64(entry.headerByteCount + place.offset)
        let bytes = try file.read(at: offset, count: place.byteCount)
        bytesRead += place.byteCount
        let strip: StripDecoder
        do throws(FormatError) {
            strip = try StripDecoder(
                bytes: bytes, kind: place.kind, rowCount: header.rowCount, salt: salt,
                offset: offset)
        } catch { throw damage(error, block: block, column: column, base: offset) }
        cache?.insert(.strip(strip), key, byteCount: place.byteCount * 2 + 256)
        return strip
    }

    /// An error found while decoding a strip, or a block's header, with its place.
    func damage(
        _ error: FormatError, block: Int, column: UInt32?, base: UInt64? = nil
    ) -> StorageError {
        let entry = index.entries[block]
        let table = footer.tables.first { $0.number == entry.table }
        let name =
            switch column {
            case nil: ""
            case SegmentFormat.timeColumn: ", column time"
            case SegmentFormat.kindColumn: ", column row kinds"
            case let number?:
                ", column "
                    + (table?.columns.first { $0.number == number }?.name ?? "number \(number)")
            }
        let partition =
            footer.partition.map { ", partition from \($0.start) to before \($0.end)" } ?? ""
        let message =
            "\(error.message) (table \(table?.name ?? String(entry.table))\(partition), "
            + "block \(block)\(name))"
        return StorageError(
            FormatError(message, at: error.offset), file: path, base: base ?? entry.offset)
    }

    /// The numbers and keys of all series in a page of the dictionary.
    func page(_ page: Int) throws(StorageError) -> [(number: UInt32, key: SeriesKey)] {
        let place = footer.pages[page]
        let bytes = try file.read(at: place.offset, count: place.byteCount)
        return try Self.located(path, place.offset) { () throws(FormatError) in
            try SegmentDictionary.decodePage(bytes, place, salt: salt)
        }
    }

    /// All series of the segment, by table and ascending number.
    package func series() throws(StorageError) -> [(number: UInt32, key: SeriesKey)] {
        var all: [(number: UInt32, key: SeriesKey)] = []
        for index in footer.pages.indices { all += try page(index) }
        return all
    }

    /// The definitions of its tables, as they were when it was written.
    package var tables: [TableSchema] { footer.tables }

    /// Runs a decoder over bytes that begin at `base`, and gives its errors their place.
    static func located<Result>(
        _ path: String, _ base: UInt64, _ body: () throws(FormatError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FormatError) {
            return try body()
        } catch { throw StorageError(error, file: path, base: base) }
    }
}
