import BelfryCore

/// A log file as commented hex: its header, then record after record; behind bytes that are no
/// record it looks for the next whole one.
struct LogInspection {
    private let file: InspectedFile
    private var listing: HexListing { file.listing }
    private var salt: UInt64 = 0
    private var lastSequence: UInt64?
    private var recordCount = 0

    static func run(_ file: InspectedFile) throws(StorageError) {
        var inspection = LogInspection(file: file)
        try inspection.run()
    }

    private init(file: InspectedFile) { self.file = file }

    private mutating func run() throws(StorageError) {
        let header = try file.read(at: 0, count: LogFormat.fileHeaderByteCount)
        if header.count >= 40 { salt = header.littleEndian(at: 32, 8) }
        listing.brief("a log of \(file.byteCount) bytes")
        listing.heading("Header")
        file.sealed(header, at: 0, salt: salt) { (reader) throws(FormatError) in
            try Self.header(&reader)
        }
        var offset = UInt64(LogFormat.fileHeaderByteCount)
        while offset < file.byteCount {
            if let record = try record(at: offset) {
                list(record, at: offset)
                offset += UInt64(record.count)
            } else {
                offset = try passOver(offset)
            }
        }
        listing.brief(InspectionText.count(recordCount, "whole record"))
    }

    private static func header(_ reader: inout FieldReader) throws(FormatError) {
        try InspectionFields.magic(&reader, LogFormat.magic)
        let version = try reader.uint(2)
        reader.say("version \(version)")
        let flags = try reader.uint(2)
        reader.say("flags" + (flags == 0 ? "" : ": \(flags)"))
        let byteCount = try reader.uint(4)
        reader.say("header of \(byteCount) bytes")
        _ = try reader.data(16)
        reader.say("database id")
        _ = try reader.uint(8)
        reader.say("salt")
        let first = try reader.uint(8)
        reader.say("first sequence \(first)")
        let epoch = try reader.uint(8)
        reader.say("epoch \(epoch)")
        _ = try reader.data(32)
        reader.say("room for encryption")
        reader.listing.brief("  first sequence \(first), epoch \(epoch)")
    }

    /// The bytes of a record that stands there and whose checksum is right.
    private func record(at offset: UInt64) throws(StorageError) -> [UInt8]? {
        let headerByteCount = LogFormat.recordHeaderByteCount
        let header = try file.read(at: offset, count: headerByteCount)
        guard header.count == headerByteCount, header.littleEndian(at: 12, 4) <= 255 else {
            return nil
        }
        let payload = header.littleEndian(at: 8, 4)
        guard payload <= 1 << 30 else { return nil }
        let byteCount = LogFormat.recordByteCount(payload: Int(payload))
        guard UInt64(byteCount) <= file.byteCount - offset else { return nil }
        let whole = try file.read(at: offset, count: byteCount)
        let found = unsafe Checksum.of(
            whole.span.bytes.extracting(8..<byteCount), salt: salt, offset: offset &+ 8)
        return found == whole.littleEndian(at: 0, 8) ? whole : nil
    }

    /// Lists what is no record, and gives where the next one begins, or the end.
    private func passOver(_ offset: UInt64) throws(StorageError) -> UInt64 {
        var place = offset
        var lastNonzero: UInt64?
        var next = file.byteCount
        let step = UInt64(LogFormat.alignment)
        while place < file.byteCount {
            // A window at a time, with room behind it for a record's header.
            let window = try file.read(at: place, count: 1 << 20)
            var index = 0
            while index < window.count {
                let word = window[index..<min(window.count, index + 8)]
                if word.contains(where: { $0 != 0 }) {
                    let here = place + UInt64(index)
                    if here > offset, try record(at: here) != nil {
                        next = here
                        break
                    }
                    lastNonzero = here + UInt64(word.count)
                }
                index += Int(step)
            }
            if next < file.byteCount { break }
            place += UInt64(window.count)
        }
        if let lastNonzero {
            listing.heading("No record")
            let shown = try file.read(
                at: offset, count: Int(min(lastNonzero - offset, UInt64(listing.byteLimit))))
            listing.field(shown[...], at: offset, "", indent: 0)
            listing.problem(
                "\(lastNonzero - offset) bytes are no whole record"
                    + (next < file.byteCount
                        ? "; the next whole one begins at byte \(next)"
                        : ", and none follows: a torn end, or damage"),
                at: offset)
        }
        let zeros = lastNonzero ?? offset
        if next > zeros {
            listing.heading("Reserved")
            listing.field(
                [0, 0, 0, 0, 0, 0, 0, 0][..<min(8, Int(clamping: next - zeros))],
                at: zeros, "zeros up to byte \(next)", indent: 0)
            listing.brief("  byte \(zeros): zeros up to byte \(next)")
        }
        return next
    }

    // MARK: A record

    private mutating func list(_ bytes: [UInt8], at base: UInt64) {
        recordCount += 1
        let sequence = bytes.littleEndian(at: 16, 8)
        listing.heading("Record")
        listing.brief("  byte \(base): record \(sequence), \(bytes.count) bytes")
        var reader = FieldReader(bytes, at: base, listing)
        do throws(FormatError) {
            _ = try reader.uint(8)
            reader.say("checksum")
            let payload = Int(try reader.uint(4))
            reader.say("payload of \(payload) bytes")
            let kind = try reader.uint(4)
            reader.say("kind \(kind)" + (kind == 1 ? ": a write" : ""))
            _ = try reader.uint(8)
            reader.say("sequence \(sequence)")
            let synced = try reader.uint(8)
            reader.say("synced through \(synced)")
            if let lastSequence, sequence != lastSequence &+ 1 {
                listing.problem(
                    "record \(sequence) behind record \(lastSequence)", at: base + 16)
            }
            let end = LogFormat.recordHeaderByteCount + payload
            while reader.offset < end { try section(&reader, end) }
            if reader.remaining > 0 {
                _ = try reader.data(reader.remaining)
                reader.say("to a multiple of 8")
            }
        } catch { reader.fail(error) }
        lastSequence = sequence
    }

    private func section(
        _ reader: inout FieldReader, _ end: Int
    ) throws(FormatError) {
        let kind = try reader.uint8()
        switch kind {
        case LogFormat.Section.points:
            reader.say("section of points")
            try points(&reader)
        case LogFormat.Section.series:
            reader.say("section of series")
            let count = try reader.count("series count", each: 2)
            reader.say(InspectionText.count(count, "series", "series"))
            listing.brief("    defines \(InspectionText.count(count, "series", "series"))")
            for _ in 0..<count {
                let number = try reader.varint()
                let byteCount = try reader.count("key byte count")
                reader.say("series \(number), key of \(byteCount) bytes")
                let key = Array(try reader.data(byteCount))
                reader.say(InspectionText.key(key))
            }
        case LogFormat.Section.tombstones:
            reader.say("section of tombstones")
            let count = try reader.count("tombstone count")
            reader.say(InspectionText.count(count, "tombstone"))
            listing.brief("    \(InspectionText.count(count, "tombstone"))")
            for _ in 0..<count { try InspectionFields.tombstone(&reader) }
        default:
            _ = try reader.data(max(0, end - reader.offset))
            reader.say("section \(kind), unknown to this build, and what follows")
            throw FormatError("section of kind \(kind)", at: reader.offset)
        }
        let place = reader.offset
        try reader.padding(to: LogFormat.alignment)
        if reader.offset > place { reader.say("to a multiple of 8") }
    }

    private func points(_ reader: inout FieldReader) throws(FormatError) {
        let table = try reader.varint()
        let version = try reader.varint()
        reader.say("table \(table), version \(version)")
        let rowCount = try reader.count("row count", each: 8)
        reader.say(InspectionText.count(rowCount, "row"))
        listing.brief("    table \(table): \(InspectionText.count(rowCount, "row"))")
        let kind = try reader.uint8()
        reader.say(
            kind == LogFormat.kindsOfEach
                ? "a kind for each row" : "all of kind \(InspectionText.kind(kind))")
        let extentCount = try reader.count("extent count", each: 2)
        reader.say(InspectionText.count(extentCount, "extent"))
        var series: UInt64 = 0
        for index in 0..<extentCount {
            series &+= try reader.varint()
            let rows = try reader.varint()
            if index < listing.valueLimit {
                reader.say("series \(series), \(rows) row" + (rows == 1 ? "" : "s"))
            }
        }
        if extentCount > listing.valueLimit {
            reader.say("\(extentCount - listing.valueLimit) extents more")
        }
        try alignment(&reader)
        try values(&reader, rowCount, each: 8, "time") {
            InspectionText.time(Int64(bitPattern: $0))
        }
        if kind == LogFormat.kindsOfEach {
            try values(&reader, rowCount, each: 1, "kind") {
                InspectionText.kind(UInt8(truncatingIfNeeded: $0))
            }
        }
        let columnCount = try reader.count("column count", each: 3)
        reader.say(InspectionText.count(columnCount, "column"))
        for _ in 0..<columnCount { try column(&reader, rowCount) }
    }

    private func alignment(_ reader: inout FieldReader) throws(FormatError) {
        let place = reader.offset
        try reader.padding(to: LogFormat.alignment)
        if reader.offset > place { reader.say("to a multiple of 8") }
    }

    /// Values of a column, the first of them one by one.
    private func values(
        _ reader: inout FieldReader, _ count: Int, each width: Int, _ what: String,
        _ text: (UInt64) -> String
    ) throws(FormatError) {
        for _ in 0..<min(count, listing.valueLimit) {
            let value = try reader.uint(width)
            reader.say("\(what) \(text(value))")
        }
        if count > listing.valueLimit {
            let rest = count - listing.valueLimit
            let (byteCount, isOver) = rest.multipliedReportingOverflow(by: width)
            _ = try reader.data(isOver ? Int.max : byteCount)
            reader.say("\(rest) more")
        }
    }

    private func column(_ reader: inout FieldReader, _ rowCount: Int) throws(FormatError) {
        let number = try reader.varint()
        let typeByte = try reader.uint8()
        let hasValidity = try reader.uint8() != 0
        let type = DataType(rawValue: typeByte)
        reader.say(
            "column \(number), \(type?.name ?? "unknown type \(typeByte)")"
                + (hasValidity ? ", with validity" : ""))
        try alignment(&reader)
        var valid: [UInt64] = []
        if hasValidity {
            for _ in 0..<((rowCount + 63) / 64) { valid.append(try reader.uint(8)) }
            let count = valid.reduce(0) { $0 + $1.nonzeroBitCount }
            reader.say("\(count) of \(InspectionText.count(rowCount, "row")) have a value")
        }
        var row = 0
        func value(_ text: @escaping (UInt64) -> String) -> (UInt64) -> String {
            { bits in
                defer { row += 1 }
                if hasValidity && valid[row / 64] >> UInt64(row % 64) & 1 == 0 { return "NULL" }
                return text(bits)
            }
        }
        switch type?.layout {
        case .integers:
            let isTime = type == .timestamptz || type == .timestamp
            try values(
                &reader, rowCount, each: 8, "value",
                value { bits in
                    isTime
                        ? InspectionText.time(Int64(bitPattern: bits))
                        : "\(Int64(bitPattern: bits))"
                })
        case .doubles:
            try values(&reader, rowCount, each: 8, "value", value { "\(Double(bitPattern: $0))" })
        case .booleans:
            try values(&reader, rowCount, each: 1, "value", value { $0 == 0 ? "false" : "true" })
        case .texts: try texts(&reader, rowCount)
        case .intervals, nil:
            throw FormatError("a column of type \(typeByte)", at: reader.offset)
        }
    }

    private func texts(_ reader: inout FieldReader, _ rowCount: Int) throws(FormatError) {
        var offsets: [Int] = []
        for _ in 0...rowCount { offsets.append(Int(try reader.uint(4))) }
        reader.say("offsets")
        for row in 0..<rowCount {
            let text = try reader.data(offsets[row + 1] - offsets[row])
            if row < listing.valueLimit { reader.say("text \(InspectionText.text(text))") }
        }
        reader.say("\(rowCount - listing.valueLimit) texts more")
    }
}
