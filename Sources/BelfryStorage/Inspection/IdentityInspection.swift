import BelfryCore

/// IDENTITY as commented hex.
enum IdentityInspection {
    static func run(_ file: InspectedFile) throws(StorageError) {
        let bytes = try file.read(at: 0, count: 1 << 16)
        let listing = file.listing
        // The salt stands at 40 in every version.
        let salt = bytes.count >= 48 ? bytes.littleEndian(at: 40, 8) : 0
        let whole = bytes.count >= 72 ? Array(bytes[..<72]) : bytes
        listing.brief("IDENTITY, \(bytes.count) bytes")
        file.sealed(whole, at: 0, salt: salt) { (reader) throws(FormatError) in
            try InspectionFields.magic(&reader, StoreIdentity.magic)
            let version = try reader.uint(2)
            reader.say("version \(version)")
            let byteCount = try reader.uint(2)
            reader.say("\(byteCount) bytes")
            for meaning in ["to overlook", "not to write past", "to refuse"] {
                let bits = try reader.uint(4)
                reader.say("features \(meaning)" + (bits == 0 ? "" : ": \(bits)"))
            }
            _ = try reader.data(16)
            reader.say("database id")
            _ = try reader.uint(8)
            reader.say("salt")
            _ = try reader.data(16)
            reader.say("room for encryption")
        }
        if bytes.count > 72 {
            listing.field(bytes[72...], at: 72, "", indent: 0)
            listing.problem("\(bytes.count - 72) bytes behind the checksum", at: 72)
        }
    }
}

/// Fields that several kinds of files have.
enum InspectionFields {
    static func magic(
        _ reader: inout FieldReader, _ expected: [UInt8]
    ) throws(FormatError) {
        let found = try reader.data(8)
        let isRight = found.elementsEqual(expected)
        reader.say("magic")
        if !isRight { reader.listing.problem("another magic is expected", at: reader.base) }
    }

    static func time(_ reader: inout FieldReader, _ what: String) throws(FormatError) {
        let time = try reader.int64()
        reader.say("\(what) \(InspectionText.time(time))")
    }

    /// A table's definition; gives the schema where its numbers make sense.
    static func table(
        _ reader: inout FieldReader, version: UInt64
    ) throws(FormatError) -> TableSchema {
        let start = reader.offset
        let number = try reader.varint()
        let tableVersion = try reader.varint()
        reader.say("number \(number), version \(tableVersion)")
        let name = try reader.text("name byte count")
        reader.say(name)
        let width = try reader.uint8()
        let rule = try reader.uint8()
        let widthText = PartitionWidth(rawValue: width).map { "\($0)" } ?? "unknown"
        let ruleText = DuplicateRule(rawValue: rule).map { "\($0)" } ?? "unknown"
        reader.say("partition width \(widthText), duplicates \(ruleText)")
        for what in ["retain", "stale after", "horizon"] {
            let value = try interval(&reader)
            reader.say(value.map { "\(what) \($0)" } ?? "no \(what)")
        }
        let columnCount = try reader.count("column count")
        reader.say(InspectionText.count(columnCount, "column") + ":")
        reader.indent += 1
        for _ in 0..<columnCount { try column(&reader) }
        reader.indent -= 1
        let keyCount = try reader.count("primary key column count")
        var indexes: [String] = []
        for _ in 0..<keyCount { indexes.append("\(try reader.varint())") }
        reader.say(
            keyCount == 0
                ? "no primary key" : "primary key: columns \(indexes.joined(separator: ", "))")
        if version > 0 {
            let next = try reader.varint()
            reader.say("next column \(next)")
        }
        // What the engine's own reader makes of it, for the names.
        var again = unsafe ByteReader(reader.bytes.span.bytes.extracting(start..<reader.offset))
        do throws(FormatError) {
            return try TableDefinition.read(&again, version: UInt16(clamping: version))
        } catch { throw FormatError(error.message, at: start + error.offset) }
    }

    private static func column(_ reader: inout FieldReader) throws(FormatError) {
        let number = try reader.varint()
        let name = try reader.text("name byte count")
        reader.say("column \(number), \(name)")
        let type = try reader.uint8()
        let role = try reader.uint8()
        var kind: String
        switch try reader.uint8() {
        case 0: kind = "gauge"
        case 1: kind = "counter"
        case 2: kind = "delta" + (try interval(&reader).map { " per \($0)" } ?? "")
        case 3: kind = "state"
        case let other: kind = "unknown kind \(other)"
        }
        let typeName = DataType(rawValue: type)?.name ?? "unknown type \(type)"
        let roleName = ColumnRole(rawValue: role).map { "\($0)" } ?? "unknown role \(role)"
        reader.say("\(typeName), \(roleName), \(kind)")
        let isNotNull = try reader.uint8() != 0
        let unit = try optionalText(&reader)
        let defaultText = try optionalText(&reader)
        reader.say(
            (isNotNull ? "NOT NULL" : "may be NULL") + ", "
                + (unit.map { "unit \($0)" } ?? "no unit")
                + ", " + (defaultText.map { "default \($0)" } ?? "no default"))
    }

    private static func interval(_ reader: inout FieldReader) throws(FormatError) -> String? {
        guard try reader.uint8() != 0 else { return nil }
        let months = try reader.signedVarint()
        let days = try reader.signedVarint()
        let nanoseconds = try reader.signedVarint()
        guard let months = Int32(exactly: months), let days = Int32(exactly: days) else {
            return "\(months) months, \(days) days"
        }
        return Interval(months: months, days: days, nanoseconds: nanoseconds).description
    }

    private static func optionalText(
        _ reader: inout FieldReader
    ) throws(FormatError) -> String? {
        try reader.uint8() == 0 ? nil : try reader.text("text byte count")
    }

    static func tombstone(_ reader: inout FieldReader) throws(FormatError) {
        let table = try reader.varint()
        let sequence = try reader.varint()
        reader.say("table \(table), deleted at sequence \(sequence)")
        let start = try reader.int64()
        let end = try reader.int64()
        reader.say("times from \(InspectionText.time(start)) to before \(InspectionText.time(end))")
        guard try reader.uint8() != 0 else {
            reader.say("all series")
            return
        }
        let count = try reader.count("series count")
        var number: UInt64 = 0
        var shown: [String] = []
        for _ in 0..<count {
            number &+= try reader.varint()
            if shown.count < reader.listing.valueLimit { shown.append("\(number)") }
        }
        let more = count > shown.count ? ", …" : ""
        reader.say(
            InspectionText.count(count, "series", "series") + ": " + shown.joined(separator: ", ")
                + more)
    }
}

extension [UInt8] {
    /// - Precondition: the bytes are there.
    func littleEndian(at offset: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) }
    }
}
