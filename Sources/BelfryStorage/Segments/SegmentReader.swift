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
    /// Every block of the file; references count in these.
    private let allBlocks: BlockIndex
    /// Where blocks are left out, the numbers in the file of those that are not.
    private let numbers: [Int]?
    /// The series of pages of the dictionary, as far as anyone asked.
    let presences = Mutex<[Int: SeriesSet]>([:])

    /// The same file without some of its blocks.
    func without(_ blocks: Set<Int>) -> SegmentReader {
        SegmentReader(self, index.entries.indices.filter { !blocks.contains($0) })
    }

    private init(_ whole: SegmentReader, _ blocks: [Int]) {
        path = whole.path
        salt = whole.salt
        footer = whole.footer
        file = whole.file
        index = BlockIndex(entries: blocks.map { whole.index.entries[$0] })
        allBlocks = whole.allBlocks
        numbers = blocks.map { whole.number(of: $0) }
    }

    /// What number a block has in the file.
    private func number(of block: Int) -> Int { numbers.map { $0[block] } ?? block }

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
        numbers = nil
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
        allBlocks = index
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
        try header(numbered: number(of: block), cache)
    }

    /// The strip of a column, opened; nil where the block has none.
    func strip(
        _ block: Int, column: UInt32, _ cache: BlockCache?, bytesRead: inout Int
    ) throws(StorageError) -> StripDecoder? {
        try strip(numbered: number(of: block), column: column, cache, bytesRead: &bytesRead)
    }

    /// The directory of a strip that stands for itself, without its payload.
    func directory(
        _ block: Int, _ place: BlockHeader.StripPlace
    ) throws(StorageError) -> StripDirectory {
        let block = number(of: block)
        let entry = allBlocks.entries[block]
        let offset = entry.offset + UInt64(entry.headerByteCount + place.offset)
        // Most directories end within the first bytes.
        var bytes = try file.read(at: offset, count: min(place.byteCount, 2048))
        let byteCount = Strip.directoryByteCount(bytes)
        if byteCount > bytes.count && byteCount <= place.byteCount {
            let rest = byteCount - bytes.count
            bytes += try file.read(at: offset + UInt64(bytes.count), count: rest)
        }
        do throws(FormatError) {
            return try StripDirectory(
                bytes: bytes, kind: place.kind, rowCount: entry.rowCount, salt: salt,
                offset: offset)
        } catch { throw damage(error, number: block, column: place.column, base: offset) }
    }

    /// The header of the block with this number in the file.
    private func header(
        numbered block: Int, _ cache: BlockCache?
    ) throws(StorageError) -> BlockHeader {
        let key = BlockCache.Key(fileID: footer.fileID, block: block, column: nil)
        if let cache, case .header(let header)? = cache.content(key) { return header }
        let entry = allBlocks.entries[block]
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
        } catch { throw damage(error, number: block, column: nil) }
        cache?.insert(
            .header(header), key,
            byteCount: 160 + header.extents.count * 16 + header.strips.count * 64)
        return header
    }

    /// A reference shares the content that its strip has in the cache.
    private func strip(
        numbered block: Int, column: UInt32, _ cache: BlockCache?, bytesRead: inout Int
    ) throws(StorageError) -> StripDecoder? {
        var key = BlockCache.Key(fileID: footer.fileID, block: block, column: column)
        if let cache, case .strip(let strip)? = cache.content(key) { return strip }
        let header = try header(numbered: block, cache)
        guard let place = header.strip(of: column) else { return nil }
        let home = try home(of: place, in: header, block, cache)
        if home.isReference {
            key = BlockCache.Key(
                fileID: footer.fileID, block: home.block, column: home.place.column)
            if let cache, case .strip(let strip)? = cache.content(key) { return strip }
        }
        let source = try source(of: home, cache, bytesRead: &bytesRead)
        let entry = allBlocks.entries[home.block]
        let offset = entry.offset + UInt64(entry.headerByteCount + home.place.offset)
        let byteCount = home.place.byteCount
        let bytes = try file.read(at: offset, count: byteCount)
        bytesRead += byteCount
        let strip: StripDecoder
        do throws(FormatError) {
            strip = try StripDecoder(
                bytes: bytes, kind: place.kind, rowCount: header.rowCount, salt: salt,
                offset: offset, source: source)
        } catch { throw damage(error, number: block, column: column, base: offset, home) }
        cache?.insert(.strip(strip), key, byteCount: byteCount * 2 + 256 + strip.mapByteCount)
        return strip
    }

    /// The strip that a mapped one is mapped from; itself neither a reference nor mapped.
    private func source(
        of home: Home, _ cache: BlockCache?, bytesRead: inout Int
    ) throws(StorageError) -> StripDecoder? {
        guard let column = home.place.source else { return nil }
        do throws(StorageError) {
            return try strip(
                numbered: home.block, column: column, cache, bytesRead: &bytesRead)
        } catch {
            throw StorageError(
                error.code,
                error.message + "; column \(columnName(home.place.column, home.block)) is mapped "
                    + "from it",
                file: error.file, offset: error.offset, systemCode: error.systemCode)
        }
    }

    /// What the directory of a column's strip tells, without the strip's payload; nil where the
    /// block has none.
    func statistics(
        _ block: Int, column: UInt32, _ cache: BlockCache?, bytesRead: inout Int
    ) throws(StorageError) -> StripStatistics? {
        let block = number(of: block)
        var key = BlockCache.Key(
            fileID: footer.fileID, block: block, column: column, isStatistics: true)
        if let cache, case .statistics(let known)? = cache.content(key) { return known }
        let header = try header(numbered: block, cache)
        guard let place = header.strip(of: column) else { return nil }
        let home = try home(of: place, in: header, block, cache)
        if home.isReference {
            key = BlockCache.Key(
                fileID: footer.fileID, block: home.block, column: home.place.column,
                isStatistics: true)
            if let cache, case .statistics(let known)? = cache.content(key) { return known }
        }
        let entry = allBlocks.entries[home.block]
        let offset = entry.offset + UInt64(entry.headerByteCount + home.place.offset)
        let byteCount = home.place.byteCount
        var bytes = try file.read(
            at: offset, count: min(byteCount, StripStatistics.firstByteCount))
        let wanted: Int
        do throws(FormatError) {
            wanted = min(byteCount, try StripStatistics.byteCount(first: bytes))
        } catch { throw damage(error, number: block, column: column, base: offset, home) }
        if wanted > bytes.count {
            bytes += try file.read(
                at: offset + UInt64(bytes.count), count: wanted - bytes.count)
        }
        bytesRead += bytes.count
        let statistics: StripStatistics
        do throws(FormatError) {
            statistics = try StripStatistics(
                first: bytes, kind: place.kind, rowCount: header.rowCount, salt: salt,
                offset: offset)
        } catch { throw damage(error, number: block, column: column, base: offset, home) }
        cache?.insert(.statistics(statistics), key, byteCount: statistics.byteCount)
        return statistics
    }

    /// Where the bytes of a strip stand.
    private struct Home {
        var block: Int
        var place: BlockHeader.StripPlace
        var isReference: Bool
    }

    /// Follows a reference, which leads to a strip that stands for itself and to nothing else.
    private func home(
        of place: BlockHeader.StripPlace, in header: BlockHeader, _ block: Int,
        _ cache: BlockCache?
    ) throws(StorageError) -> Home {
        switch place.reference {
        case nil: return Home(block: block, place: place, isReference: false)
        case .column(let column):
            // The header was refused if there were none.
            guard let target = header.strip(of: column) else { break }
            return Home(block: block, place: target, isReference: true)
        case .earlierBlock(let distance):
            guard distance <= block,
                allBlocks.entries[block - distance].rowCount == header.rowCount
            else {
                throw damage(
                    FormatError(
                        "its times are those of the block \(distance) before it, which is not "
                            + "there or has another row count", at: 0),
                    number: block, column: place.column)
            }
            let other = try self.header(numbered: block - distance, cache)
            guard let target = other.strips.first, target.reference == nil else {
                throw damage(
                    FormatError(
                        "its times are those of block \(block - distance), which has none of "
                            + "its own", at: 0),
                    number: block, column: place.column)
            }
            return Home(block: block - distance, place: target, isReference: true)
        }
        throw damage(
            FormatError("a reference that leads nowhere", at: 0), number: block,
            column: place.column)
    }

    /// An error found while decoding a strip, or a block's header, with its place.
    func damage(
        _ error: FormatError, block: Int, column: UInt32?, base: UInt64? = nil
    ) -> StorageError {
        damage(error, number: number(of: block), column: column, base: base)
    }

    private func columnName(_ column: UInt32, _ block: Int) -> String {
        switch column {
        case SegmentFormat.timeColumn: return "time"
        case SegmentFormat.kindColumn: return "row kinds"
        default:
            let number = allBlocks.entries[block].table
            let table = footer.tables.first { $0.number == number }
            return table?.columns.first { $0.number == column }?.name ?? "number \(column)"
        }
    }

    /// - Parameter home: where the strip's bytes are; both places are named where they differ.
    private func damage(
        _ error: FormatError, number block: Int, column: UInt32?, base: UInt64? = nil,
        _ home: Home? = nil
    ) -> StorageError {
        let entry = allBlocks.entries[block]
        let table = footer.tables.first { $0.number == entry.table }
        var place =
            "block \(block)" + (column.map { ", column \(columnName($0, block))" } ?? "")
        if let home, home.isReference {
            place +=
                home.block == block
                ? ", stored as column \(columnName(home.place.column, block))"
                : ", stored in block \(home.block)"
        }
        let partition =
            footer.partition.map { ", partition from \($0.start) to before \($0.end)" } ?? ""
        let message =
            "\(error.message) (table \(table?.name ?? String(entry.table))\(partition), \(place))"
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
