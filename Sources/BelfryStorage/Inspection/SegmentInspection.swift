import BelfryCodecs
import BelfryCore

/// A segment as commented hex, part after part.
///
/// Where trailer, footer and index are whole, they say where the parts are. Where they are not,
/// parts are taken one behind the other: every one tells its own length and has a checksum, so a
/// file that was cut is listed up to there.
struct SegmentInspection {
    private let file: InspectedFile
    private let options: InspectionOptions
    private var listing: HexListing { file.listing }
    private var salt: UInt64 = 0
    private var version: UInt16 = SegmentFormat.version
    private var tables: [TableSchema] = []
    private var blockCount = 0

    static func run(
        _ file: InspectedFile, _ options: InspectionOptions
    ) throws(StorageError) {
        var inspection = SegmentInspection(file: file, options: options)
        try inspection.run()
    }

    private init(file: InspectedFile, options: InspectionOptions) {
        self.file = file
        self.options = options
    }

    /// What trailer, footer and index say, as far as they can be read.
    private struct Places {
        var footerOffset: UInt64
        var footer: SegmentFooter
        var index: BlockIndex?
    }

    private mutating func run() throws(StorageError) {
        let header = try file.read(at: 0, count: SegmentFormat.headerByteCount)
        if header.count >= 48 {
            salt = header.littleEndian(at: 40, 8)
            version = UInt16(header.littleEndian(at: 8, 2))
        }
        listing.brief("a segment of \(file.byteCount) bytes")
        listing.isHidden = options.block != nil
        listing.heading("Header")
        file.sealed(header, at: 0, salt: salt) { (reader) throws(FormatError) in
            try Self.header(&reader)
        }
        listing.isHidden = false
        guard let places = try places() else {
            listing.problem(
                "the end of the file does not tell where its parts are; they are taken in turn",
                at: file.byteCount)
            try walk(from: UInt64(SegmentFormat.headerByteCount), to: file.byteCount)
            return
        }
        tables = places.footer.tables
        if let index = places.index {
            for (number, entry) in index.entries.enumerated() {
                try block(number, entry)
            }
            listing.isHidden = options.block != nil
            for place in places.footer.pages { try page(place) }
            try self.index(places.footer)
        } else {
            try walk(
                from: UInt64(SegmentFormat.headerByteCount), to: places.footer.indexOffset)
            try self.index(places.footer)
        }
        let trailerOffset = file.byteCount - UInt64(SegmentFormat.trailerByteCount)
        let footer = try file.read(
            at: places.footerOffset, count: Int(trailerOffset - places.footerOffset))
        listing.heading("Footer")
        list(footer: footer, at: places.footerOffset)
        try trailer(at: trailerOffset)
        if let block = options.block, block >= blockCount {
            listing.problem("there is no block \(block)", at: 0)
        }
    }

    private func places() throws(StorageError) -> Places? {
        let fixed = SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount
        guard file.byteCount >= UInt64(fixed) else { return nil }
        let trailer = try file.read(
            at: file.byteCount - UInt64(SegmentFormat.trailerByteCount),
            count: SegmentFormat.trailerByteCount)
        guard
            let place = try? SegmentFooter.place(
                trailer, salt: salt, fileByteCount: file.byteCount)
        else { return nil }
        let bytes = try file.read(at: place.offset, count: place.byteCount)
        guard
            let footer = try? SegmentFooter.decode(
                bytes, salt: salt, offset: place.offset, version: version)
        else { return nil }
        let indexBytes = try file.read(at: footer.indexOffset, count: footer.indexByteCount)
        let index = try? BlockIndex.decode(
            indexBytes, salt: salt, offset: footer.indexOffset,
            limit: footer.pages.first?.offset ?? footer.indexOffset)
        return Places(footerOffset: place.offset, footer: footer, index: index)
    }

    private static func header(_ reader: inout FieldReader) throws(FormatError) {
        try InspectionFields.magic(&reader, SegmentFormat.magicBytes)
        let version = try reader.uint(2)
        reader.say("version \(version)")
        let flags = try reader.uint(2)
        reader.say("flags" + (flags == 0 ? "" : ": \(flags)"))
        _ = try reader.uint(4)
        reader.say("zero")
        _ = try reader.data(16)
        reader.say("database id")
        let fileID = try reader.uint(8)
        reader.say("file id \(fileID)")
        _ = try reader.uint(8)
        reader.say("salt")
        _ = try reader.data(24)
        reader.say("room for encryption")
        reader.listing.brief("  file id \(fileID), version \(version)")
    }

    // MARK: Blocks

    private mutating func block(
        _ number: Int, _ entry: BlockIndex.Entry
    ) throws(StorageError) {
        blockCount = number + 1
        listing.isHidden = options.block.map { $0 != number } ?? false
        if listing.isHidden { return }
        let bytes = try file.read(at: entry.offset, count: entry.headerByteCount)
        let facts = block(number, header: bytes, at: entry.offset, salt)
        guard let facts else { return }
        if UInt64(entry.table) != facts.table || UInt64(entry.rowCount) != facts.rows
            || facts.strips.reduce(0, { $0 + $1.byteCount }) != entry.stripByteCount
        {
            listing.problem("the block is not what the index says", at: entry.offset)
            return
        }
        try strips(number, facts, at: entry.offset + UInt64(entry.headerByteCount))
    }

    /// Lists a block's header; nil where it cannot be believed.
    private func block(
        _ number: Int, header bytes: [UInt8], at offset: UInt64, _ salt: UInt64
    ) -> BlockFacts? {
        var facts: BlockFacts?
        listing.heading("Block \(number): header")
        let names = tables
        let isRight = file.sealed(bytes, at: offset, salt: salt) { (reader) throws(FormatError) in
            facts = try BlockFacts.read(&reader, names)
        }
        if let facts {
            listing.brief("  byte \(offset): block \(number), \(facts.text(tables))")
        }
        return isRight ? facts : nil
    }

    private func strips(
        _ number: Int, _ facts: BlockFacts, at start: UInt64
    ) throws(StorageError) {
        var offset = start
        for strip in facts.strips {
            if let other = reference(strip, number, facts) {
                listing.brief(
                    "      column \(strip.column) \(facts.name(of: strip.column, tables)), "
                        + "\(strip.values) values, \(other)")
                continue
            }
            try self.strip(strip, facts, at: offset, blockStart: start)
            offset += UInt64(strip.byteCount)
        }
    }

    /// The strip that a mapped one is mapped from; nil where there is none that can be read.
    private func source(
        of strip: BlockFacts.Strip, _ facts: BlockFacts, _ start: UInt64
    ) throws(StorageError) -> StripDecoder? {
        guard let column = strip.source else { return nil }
        var offset = start
        for other in facts.strips {
            if other.column == column, other.source == nil,
                let kind = StripKind(rawValue: other.kind)
            {
                let bytes = try file.read(at: offset, count: other.byteCount)
                return try? StripDecoder(
                    bytes: bytes, kind: kind, rowCount: Int(facts.rows), salt: salt,
                    offset: offset)
            }
            offset += UInt64(other.byteCount)
        }
        return nil
    }

    /// In words, where the strip is; nil where it stands here.
    private func reference(
        _ strip: BlockFacts.Strip, _ number: Int, _ facts: BlockFacts
    ) -> String? {
        if let other = strip.sameColumn {
            return "as column \(other) \(facts.name(of: other, tables))"
        }
        guard let distance = strip.blockDistance else { return nil }
        guard distance > 0, distance <= UInt64(number) else {
            return "as the time strip of a block \(distance) before, which is not there"
        }
        return "as the time strip of block \(number - Int(distance))"
    }

    private func strip(
        _ strip: BlockFacts.Strip, _ facts: BlockFacts, at offset: UInt64, blockStart: UInt64
    ) throws(StorageError) {
        let name = facts.name(of: strip.column, tables)
        listing.heading("Strip of column \(strip.column), \(name)")
        let bytes = try file.read(at: offset, count: strip.byteCount)
        guard let kind = StripKind(rawValue: strip.kind) else {
            listing.field(bytes[...], at: offset, "", indent: 0)
            listing.problem("a strip of kind \(strip.kind)", at: offset)
            return
        }
        let directory: StripDirectory
        do throws(FormatError) {
            directory = try StripDirectory(
                bytes: bytes, kind: kind, rowCount: Int(facts.rows), salt: salt, offset: offset)
        } catch {
            listing.field(bytes[...], at: offset, "not read", indent: 0)
            listing.problem(
                "\(error.message) (column \(name))", at: offset + UInt64(max(0, error.offset)))
            return
        }
        listing.brief(
            "      byte \(offset): column \(strip.column) \(name), \(kind), "
                + "\(strip.byteCount) bytes, \(strip.values) values, \(directory.codecs(kind))"
                + (strip.source.map { ", from column \($0) \(facts.name(of: $0, tables))" } ?? ""))
        for field in directory.fields(bytes, kind) {
            listing.field(
                bytes[field.range], at: offset + UInt64(field.range.lowerBound), field.comment,
                indent: 0)
        }
        let source = try source(of: strip, facts, blockStart)
        do throws(FormatError) {
            let decoder = try StripDecoder(
                bytes: bytes, kind: kind, rowCount: Int(facts.rows), salt: salt, offset: offset,
                source: source)
            _ = try SegmentVerification.verify(decoder, valueCount: Int(clamping: strip.values))
        } catch {
            listing.problem(
                "\(error.message) (column \(name))", at: offset + UInt64(max(0, error.offset)))
        }
    }

    // MARK: What stands behind the blocks

    private func page(_ place: SegmentDictionary.PagePlace) throws(StorageError) {
        let bytes = try file.read(at: place.offset, count: place.byteCount)
        listing.heading("Dictionary page")
        listing.brief(
            "  byte \(place.offset): dictionary page, table \(place.table), \(place.count) series")
        file.sealed(bytes, at: place.offset, salt: salt) { (reader) throws(FormatError) in
            try SegmentParts.page(&reader)
        }
    }

    private func index(_ footer: SegmentFooter) throws(StorageError) {
        let bytes = try file.read(at: footer.indexOffset, count: footer.indexByteCount)
        listing.heading("Block index")
        listing.brief("  byte \(footer.indexOffset): block index of \(bytes.count) bytes")
        file.sealed(bytes, at: footer.indexOffset, salt: salt) { (reader) throws(FormatError) in
            try SegmentParts.index(&reader)
        }
    }

    private func list(footer bytes: [UInt8], at offset: UInt64) {
        listing.brief("  byte \(offset): footer of \(bytes.count) bytes")
        let version = version
        file.sealed(bytes, at: offset, salt: salt) { (reader) throws(FormatError) in
            try SegmentParts.footer(&reader, version: UInt64(version))
        }
    }

    private func trailer(at offset: UInt64) throws(StorageError) {
        let bytes = try file.read(at: offset, count: SegmentFormat.trailerByteCount)
        listing.heading("Trailer")
        var reader = FieldReader(bytes, at: offset, listing)
        do throws(FormatError) {
            let footer = try reader.uint(8)
            reader.say("footer at \(footer)")
            let byteCount = try reader.uint(8)
            reader.say("of \(byteCount) bytes")
            file.checksum(bytes, 0..<16, at: offset, salt: salt)
            let magic = try reader.uint(8)
            if magic == 0 { return }
        } catch { reader.fail(error) }
        listing.field(bytes[24...], at: offset + 24, "end magic", indent: 0)
    }

    // MARK: Without an index

    /// Part after part, each found by its own lengths and checksum.
    private mutating func walk(from start: UInt64, to limit: UInt64) throws(StorageError) {
        var offset = start
        while offset < limit {
            guard let part = try part(at: offset, limit) else {
                let rest = limit - offset
                let shown = try file.read(
                    at: offset, count: Int(min(rest, UInt64(listing.byteLimit))))
                listing.heading("Unknown")
                listing.field(shown[...], at: offset, "", indent: 0)
                listing.problem("\(rest) bytes are no whole part of a segment", at: offset)
                return
            }
            switch part {
            case .block(let byteCount):
                let bytes = try file.read(at: offset, count: byteCount)
                listing.isHidden = options.block.map { $0 != blockCount } ?? false
                let facts = block(blockCount, header: bytes, at: offset, salt)
                blockCount += 1
                offset += UInt64(byteCount)
                guard let facts else { return }
                try strips(blockCount - 1, facts, at: offset)
                offset += UInt64(facts.strips.reduce(0) { $0 + $1.byteCount })
                listing.isHidden = options.block != nil
            case .other(let title, let byteCount, let list):
                let bytes = try file.read(at: offset, count: byteCount)
                listing.heading(title)
                listing.brief("  byte \(offset): \(title), \(byteCount) bytes")
                file.sealed(bytes, at: offset, salt: salt, list)
                offset += UInt64(byteCount)
            }
        }
    }

    private typealias Fields = (inout FieldReader) throws(FormatError) -> Void

    private enum Part {
        case block(headerByteCount: Int)
        case other(String, byteCount: Int, Fields)
    }

    /// Which part begins there, by the first whose checksum is right.
    private func part(at offset: UInt64, _ limit: UInt64) throws(StorageError) -> Part? {
        let window = try file.read(
            at: offset, count: Int(min(limit - offset, UInt64(1) << 20)))
        if let count = byteCount(
            window, at: offset,
            { (reader) throws(FormatError) in
                _ = try BlockFacts.read(&reader, [])
            })
        {
            return .block(headerByteCount: count)
        }
        let version = UInt64(version)
        let others: [(String, Fields)] = [
            ("Dictionary page", { (reader) throws(FormatError) in try SegmentParts.page(&reader) }),
            ("Block index", { (reader) throws(FormatError) in try SegmentParts.index(&reader) }),
            (
                "Footer",
                { (reader) throws(FormatError) in
                    try SegmentParts.footer(&reader, version: version)
                }
            ),
        ]
        for (title, fields) in others {
            if let count = byteCount(window, at: offset, fields) {
                return .other(title, byteCount: count, fields)
            }
        }
        return nil
    }

    /// How long the part is that these fields make, checksum included; nil where it is none.
    private func byteCount(_ window: [UInt8], at offset: UInt64, _ fields: Fields) -> Int? {
        let silent = HexListing(byteLimit: 0, valueLimit: 0, isBrief: true) { _ in }
        var reader = FieldReader(window, at: offset, silent)
        do throws(FormatError) { try fields(&reader) } catch { return nil }
        let end = reader.offset
        guard end > 0, window.count - end >= 8 else { return nil }
        let found = unsafe Checksum.of(
            window.span.bytes.extracting(0..<end), salt: salt, offset: offset)
        return found == window.littleEndian(at: end, 8) ? end + 8 : nil
    }
}
