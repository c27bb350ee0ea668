import BelfryCodecs
import BelfryCore

/// The fields of a block's header, as they are listed and for what follows them.
struct BlockFacts {
    struct Strip {
        var column: UInt64
        var kind: UInt8
        var byteCount = 0
        var values: UInt64 = 0
        /// The earlier column that has the bytes.
        var sameColumn: UInt64?
        /// How many blocks before this one the bytes are.
        var blockDistance: UInt64?
        /// The column that it is mapped from.
        var source: UInt64?
    }

    var table: UInt64 = 0
    var rows: UInt64 = 0
    var times: (first: Int64, last: Int64) = (0, 0)
    var series: (first: UInt64, last: UInt64) = (0, 0)
    var extentCount = 0
    var strips: [Strip] = []

    static func read(
        _ reader: inout FieldReader, _ tables: [TableSchema]
    ) throws(FormatError) -> BlockFacts {
        var facts = BlockFacts()
        facts.table = try reader.varint()
        reader.say("table \(facts.table)" + (facts.schema(tables).map { " (\($0.name))" } ?? ""))
        facts.rows = try reader.varint()
        reader.say("\(facts.rows) row" + (facts.rows == 1 ? "" : "s"))
        guard facts.rows > 0, facts.rows <= UInt64(BelfryCodecs.Strip.rowCountLimit) else {
            throw FormatError("a block of \(facts.rows) rows", at: reader.offset)
        }
        facts.times = (try reader.int64(), 0)
        reader.say("first time \(InspectionText.time(facts.times.first))")
        facts.times.last = try reader.int64()
        reader.say("last time \(InspectionText.time(facts.times.last))")
        let sequence = try reader.varint()
        reader.say("first sequence \(sequence)")
        let span = try reader.varint()
        reader.say("span \(span): sequences \(sequence) to \(sequence &+ span)")
        facts.extentCount = try reader.count("extent count", each: 2)
        reader.say(InspectionText.count(facts.extentCount, "extent"))
        try facts.readExtents(&reader)
        try facts.readStrips(&reader, tables)
        return facts
    }

    private mutating func readExtents(_ reader: inout FieldReader) throws(FormatError) {
        var number: UInt64 = 0
        var sum: UInt64 = 0
        for index in 0..<extentCount {
            number &+= try reader.varint()
            let rows = try reader.varint()
            sum &+= rows
            if index == 0 { series.first = number }
            series.last = number
            if index < reader.listing.valueLimit {
                reader.say("series \(number), \(rows) row" + (rows == 1 ? "" : "s"))
            }
        }
        let rest = max(0, extentCount - reader.listing.valueLimit)
        reader.say("\(rest) extents more")
        guard sum == rows else {
            throw FormatError("\(sum) rows in extents, \(rows) in all", at: reader.offset)
        }
    }

    private mutating func readStrips(
        _ reader: inout FieldReader, _ tables: [TableSchema]
    ) throws(FormatError) {
        let stripCount = try reader.count(
            "strip count", each: 3, limit: SegmentFormat.stripCountLimit)
        reader.say(InspectionText.count(stripCount, "strip"))
        var column: UInt64 = 0
        for _ in 0..<stripCount {
            column &+= try reader.varint()
            strips.append(try readStrip(&reader, column, tables))
        }
    }

    private func readStrip(
        _ reader: inout FieldReader, _ column: UInt64, _ tables: [TableSchema]
    ) throws(FormatError) -> Strip {
        let form = try reader.uint8()
        var strip = Strip(column: column, kind: form & ~SegmentFormat.stripFlags)
        let place = reader.offset
        let kind = StripKind(rawValue: strip.kind).map { "\($0)" } ?? "kind \(strip.kind)"
        let start = "column \(column) (\(name(of: column, tables))), \(kind), "
        switch form & SegmentFormat.stripFlags {
        case 0, SegmentFormat.mappedStrip:
            let byteCount = try reader.varint()
            // No block comes near it.
            guard byteCount <= 1 << 31 else {
                throw FormatError("a strip of \(byteCount) bytes", at: place)
            }
            strip.byteCount = Int(byteCount)
            strip.values = try reader.varint()
            var end = ""
            if form & SegmentFormat.mappedStrip != 0 {
                let source = try reader.varint()
                strip.source = source
                end = ", mapped from column \(source) (\(name(of: source, tables)))"
            }
            reader.say(
                "\(start)\(byteCount) bytes, "
                    + "\(strip.values) value" + (strip.values == 1 ? "" : "s") + end)
        case SegmentFormat.columnReference:
            let other = column &- (try reader.varint())
            strip.sameColumn = other
            guard let target = strips.first(where: { $0.column == other }) else {
                throw FormatError(
                    "column \(column) refers to one that is not before it", at: place)
            }
            strip.values = target.values
            reader.say("\(start)as column \(other) (\(name(of: other, tables)))")
        case SegmentFormat.blockReference:
            let distance = try reader.varint()
            strip.blockDistance = distance
            strip.values = rows
            reader.say("\(start)as the time strip of the block \(distance) before")
        default: throw FormatError("a strip of form \(form)", at: place)
        }
        return strip
    }

    private func schema(_ tables: [TableSchema]) -> TableSchema? {
        tables.first { UInt64($0.number) == table }
    }

    func name(of column: UInt64, _ tables: [TableSchema]) -> String {
        switch column {
        case UInt64(SegmentFormat.timeColumn): "time"
        case UInt64(SegmentFormat.kindColumn): "row kinds"
        default:
            schema(tables)?.columns.first { UInt64($0.number) == column }?.name ?? "unnamed"
        }
    }

    /// All of it in a line.
    func text(_ tables: [TableSchema]) -> String {
        let table = "table \(self.table)" + (schema(tables).map { " \($0.name)" } ?? "")
        let whose =
            extentCount == 1
            ? "series \(series.first)"
            : "\(extentCount) series from \(series.first) to \(series.last)"
        return "\(table), \(rows) rows, \(whose), "
            + "\(InspectionText.time(times.first)) to \(InspectionText.time(times.last))"
    }
}

/// The parts of a segment behind its blocks, field by field.
enum SegmentParts {
    static func page(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("series count", each: 3, limit: SegmentFormat.seriesPerPage)
        guard count > 0 else { throw FormatError("a page without series", at: 0) }
        reader.say("\(count) series")
        var number: UInt64 = 0
        var key: [UInt8] = []
        for _ in 0..<count {
            number &+= try reader.varint()
            let place = reader.offset
            let shared = try reader.varint()
            let own = try reader.count("key byte count", limit: SeriesKey.byteCountLimit)
            guard shared <= UInt64(key.count) else {
                throw FormatError("\(shared) bytes shared of \(key.count)", at: place)
            }
            reader.say("series \(number), \(shared) bytes shared, \(own) of its own")
            key.removeSubrange(Int(shared)...)
            key.append(contentsOf: try reader.data(own))
            reader.say(InspectionText.key(key))
        }
    }

    static func index(_ reader: inout FieldReader) throws(FormatError) {
        let count = try reader.count("block count", each: 23)
        guard count > 0 else { throw FormatError("an index without blocks", at: 0) }
        reader.say("\(count) block" + (count == 1 ? "" : "s"))
        for _ in 0..<count {
            let table = try reader.varint()
            let first = try reader.varint()
            let span = try reader.varint()
            reader.say("table \(table), series \(first) to \(first &+ span)")
            try InspectionFields.time(&reader, "first time")
            try InspectionFields.time(&reader, "last time")
            let rows = try reader.varint()
            reader.say("\(rows) row" + (rows == 1 ? "" : "s"))
            let offset = try reader.varint()
            let header = try reader.varint()
            let strips = try reader.varint()
            reader.say("offset \(offset), header of \(header) bytes, strips of \(strips)")
        }
    }

    static func footer(_ reader: inout FieldReader, version: UInt64) throws(FormatError) {
        let fileID = try reader.uint(8)
        reader.say("file id \(fileID)")
        if try reader.uint8() == 0 {
            reader.say("wide")
        } else {
            let table = try reader.varint()
            let start = InspectionText.time(try reader.int64())
            let end = InspectionText.time(try reader.int64())
            reader.say("table \(table), partition from \(start) to before \(end)")
        }
        let first = try reader.varint()
        let span = try reader.varint()
        reader.say("sequences \(first) to \(first &+ span)")
        try InspectionFields.time(&reader, "first time")
        try InspectionFields.time(&reader, "last time")
        let rows = try reader.varint()
        reader.say("\(rows) row" + (rows == 1 ? "" : "s"))
        let tableCount = try reader.count("table count")
        reader.say(InspectionText.count(tableCount, "table") + ":")
        reader.indent += 1
        for _ in 0..<tableCount { _ = try InspectionFields.table(&reader, version: version) }
        reader.indent -= 1
        let tombstoneCount = try reader.count("tombstone count")
        reader.say(InspectionText.count(tombstoneCount, "tombstone"))
        reader.indent += 1
        for _ in 0..<tombstoneCount { try InspectionFields.tombstone(&reader) }
        reader.indent -= 1
        let replacedCount = try reader.count("replaced file count")
        var replaced: [String] = []
        for _ in 0..<replacedCount { replaced.append("\(try reader.varint())") }
        reader.say(
            InspectionText.count(replacedCount, "replaced file")
                + (replaced.isEmpty ? "" : ": ") + replaced.joined(separator: ", "))
        let pageCount = try reader.count("page count", each: 6)
        reader.say(InspectionText.count(pageCount, "page") + ":")
        reader.indent += 1
        for _ in 0..<pageCount { try pagePlace(&reader) }
        reader.indent -= 1
        let offset = try reader.varint()
        let byteCount = try reader.varint()
        reader.say("index at \(offset), of \(byteCount) bytes")
    }

    private static func pagePlace(_ reader: inout FieldReader) throws(FormatError) {
        let table = try reader.varint()
        let first = try reader.varint()
        let span = try reader.varint()
        let count = try reader.varint()
        reader.say("table \(table), \(count) series from \(first) to \(first &+ span)")
        let offset = try reader.varint()
        let byteCount = try reader.varint()
        reader.say("offset \(offset), \(byteCount) bytes")
    }
}
