/// The canonical bytes of a table and its tag values: the identity of a series.
///
/// The table's number, then for each tag that has a value, in column order, its column number, the
/// length and the bytes of the value, all numbers as varints. A tag without a value is left out, so
/// a tag column added later leaves old series what they were. For a row of a reference table the
/// parts are the primary key's columns in text form, or column number 0 and a hidden row number.
package struct SeriesKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// A key from its parts; NULL parts are left out by the caller.
    package init(table: UInt32, parts: [(column: UInt32, value: [UInt8])]) {
        var writer = ByteWriter(capacity: 8 + parts.reduce(0) { $0 + $1.value.count + 4 })
        writer.writeVarint(UInt64(table))
        for part in parts {
            writer.writeVarint(UInt64(part.column))
            writer.writeCountedBytes(part.value)
        }
        bytes = writer.bytes
    }

    /// The longest key: 1,024 columns of tags stay far below it.
    package static let byteCountLimit = 1 << 16

    /// The table and the parts again.
    package func parts() throws(FormatError) -> (
        table: UInt32, parts: [(column: UInt32, value: [UInt8])]
    ) {
        var reader = unsafe ByteReader(bytes.span.bytes)
        let table = try reader.readCount(limit: Int(UInt32.max), "table number")
        var parts: [(column: UInt32, value: [UInt8])] = []
        while !reader.isAtEnd {
            let column = try reader.readCount(limit: Int(UInt32.max), "column number")
            let value = try reader.readCountedBytes(limit: Self.byteCountLimit, "tag byte count")
            parts.append((UInt32(column), value))
        }
        return (UInt32(table), parts)
    }
}
