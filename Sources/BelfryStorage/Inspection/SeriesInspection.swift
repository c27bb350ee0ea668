import BelfryCore

/// A checkpoint of the series table as commented hex: numbers, tags and codes of every table.
enum SeriesInspection {
    static func run(_ file: InspectedFile) throws(StorageError) {
        let listing = file.listing
        guard file.byteCount <= 1 << 31 else {
            listing.problem("\(file.byteCount) bytes are no checkpoint of a series table", at: 0)
            return
        }
        let bytes = try file.read(at: 0, count: Int(file.byteCount))
        let salt = bytes.count >= 40 ? bytes.littleEndian(at: 32, 8) : 0
        let before = listing.problemCount
        file.sealed(bytes, at: 0, salt: salt) { (reader) throws(FormatError) in
            try fields(&reader)
        }
        guard listing.problemCount == before else { return }
        // What the engine's own reader refuses is of no use, though every field could be told.
        do throws(FormatError) {
            _ = try SeriesCheckpoint.decode(bytes, databaseID: Array(bytes[16..<32]), below: .max)
        } catch { listing.problem(error.message, at: UInt64(max(0, error.offset))) }
    }

    private static func fields(_ reader: inout FieldReader) throws(FormatError) {
        let magic = (0..<8).map { UInt8(truncatingIfNeeded: SeriesCheckpoint.magic >> (8 * $0)) }
        try InspectionFields.magic(&reader, magic)
        let version = try reader.uint(2)
        reader.say("version \(version)")
        let headerByteCount = try reader.uint(2)
        reader.say("header of \(headerByteCount) bytes")
        _ = try reader.uint(4)
        reader.say("zeros")
        _ = try reader.data(16)
        reader.say("database id")
        _ = try reader.uint(8)
        reader.say("salt")
        let sequence = try reader.varint()
        reader.say("sequence \(sequence)")
        let segmentCount = try reader.count("segment count", each: 9)
        reader.say(InspectionText.count(segmentCount, "segment") + ":")
        reader.indent += 1
        for _ in 0..<segmentCount {
            let fileID = try reader.varint()
            reader.say("file \(fileID)")
            _ = try reader.uint(8)
            reader.say("its salt")
        }
        reader.indent -= 1
        let tableCount = try reader.count("table count", each: 4)
        reader.listing.brief(
            "a checkpoint of the series table, \(reader.bytes.count) bytes: sequence \(sequence), "
                + "\(InspectionText.count(segmentCount, "segment")), "
                + InspectionText.count(tableCount, "table"))
        reader.say(InspectionText.count(tableCount, "table") + ":")
        reader.indent += 1
        for _ in 0..<tableCount { try table(&reader) }
        reader.indent -= 1
    }

    private static func table(_ reader: inout FieldReader) throws(FormatError) {
        let number = try reader.varint()
        reader.say("number \(number)")
        let count = try reader.count("series count")
        var series: UInt64 = 0
        var numbers: [String] = []
        for _ in 0..<count {
            series &+= try reader.varint()
            if numbers.count < reader.listing.valueLimit { numbers.append("\(series)") }
        }
        reader.say(InspectionText.count(count, "series", "series") + list(numbers, of: count))
        let columnCount = try reader.count("column count", each: 2)
        reader.listing.brief(
            "  table \(number): \(count) series"
                + (numbers.first.map { " from \($0) to \(series)" } ?? "")
                + ", \(InspectionText.count(columnCount, "column"))")
        reader.say(InspectionText.count(columnCount, "column") + ":")
        reader.indent += 1
        for _ in 0..<columnCount { try column(&reader, count) }
        reader.indent -= 1
        let keyCount = try reader.count("key count", each: 2, limit: count)
        reader.say(keyCount == 0 ? "no key in full" : "\(keyCount) keys in full:")
        reader.indent += 1
        defer { reader.indent -= 1 }
        for _ in 0..<keyCount {
            let place = try reader.varint()
            let key = InspectionText.key(Array(try reader.countedData("key byte count")))
            reader.say("the series at \(place): \(key)")
        }
    }

    private static func column(
        _ reader: inout FieldReader, _ seriesCount: Int
    ) throws(FormatError) {
        let number = try reader.varint()
        let valueCount = try reader.count("value count")
        let limit = reader.listing.valueLimit
        reader.say("column \(number), \(InspectionText.count(valueCount, "value"))")
        reader.listing.brief(
            "    column \(number): \(InspectionText.count(valueCount, "value"))")
        reader.indent += 1
        defer { reader.indent -= 1 }
        for value in 0..<valueCount {
            let text = try reader.countedData("tag byte count")
            if value < limit { reader.say("\(value + 1): \(InspectionText.text(text))") }
        }
        reader.say("\(max(0, valueCount - limit)) values more")
        var codes: [String] = []
        for _ in 0..<seriesCount {
            let place = reader.offset
            let code = try reader.varint()
            guard code <= UInt64(valueCount) else {
                throw FormatError("value \(code) of \(valueCount)", at: place)
            }
            if codes.count < limit { codes.append(code == 0 ? "none" : "\(code)") }
        }
        reader.say("value of each series" + list(codes, of: seriesCount))
    }

    private static func list(_ shown: [String], of count: Int) -> String {
        if shown.isEmpty { return "" }
        return ": " + shown.joined(separator: ", ") + (shown.count < count ? ", …" : "")
    }
}
