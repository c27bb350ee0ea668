package import BelfryCore

/// A table's definition as bytes, the same in the manifest and in segment footers.
///
/// Format: `formats/segment.md`, "Table definition".
package enum TableDefinition {
    private static let columnCountLimit = 4096
    private static let nameByteCountLimit = 1 << 16
    /// For versions and column numbers, which are counted on from; no table comes near it.
    private static let numberLimit = 1 << 31

    package static func write(_ table: TableSchema, to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(table.number))
        writer.writeVarint(UInt64(table.version))
        writer.writeCountedText(table.name)
        writer.writeUInt8(table.options.partitionWidth.rawValue)
        writer.writeUInt8(table.options.duplicateRule.rawValue)
        write(table.options.retain, to: &writer)
        write(table.options.staleAfter, to: &writer)
        write(table.options.horizon, to: &writer)
        writer.writeCount(table.columns.count)
        for column in table.columns {
            writer.writeVarint(UInt64(column.number))
            writer.writeCountedText(column.name)
            writer.writeUInt8(column.type.rawValue)
            writer.writeUInt8(column.role.rawValue)
            write(column.kind, to: &writer)
            writer.writeUInt8(column.isNotNull ? 1 : 0)
            write(column.unit, to: &writer)
            write(column.defaultText, to: &writer)
        }
        writer.writeCount(table.primaryKey.count)
        for index in table.primaryKey { writer.writeCount(index) }
        writer.writeVarint(UInt64(table.nextColumn))
    }

    /// - Parameter version: of the format of the file it stands in.
    package static func read(
        _ reader: inout ByteReader, version formatVersion: UInt16
    ) throws(FormatError) -> TableSchema {
        let number = UInt32(try reader.readCount(limit: Int(UInt32.max), "table number"))
        let version = UInt32(try reader.readCount(limit: numberLimit, "table version"))
        let name = try readText(&reader, "table name")
        var options = TableOptions()
        let widthByte = try reader.readUInt8()
        let ruleByte = try reader.readUInt8()
        guard let width = PartitionWidth(rawValue: widthByte),
            let rule = DuplicateRule(rawValue: ruleByte)
        else { throw FormatError("unknown table option", at: reader.offset) }
        options.partitionWidth = width
        options.duplicateRule = rule
        options.retain = try readInterval(&reader)
        options.staleAfter = try readInterval(&reader)
        options.horizon = try readInterval(&reader)
        let columnCount = try reader.readCount(limit: columnCountLimit, "column count")
        var columns: [ColumnSchema] = []
        for _ in 0..<columnCount { columns.append(try readColumn(&reader)) }
        let keyCount = try reader.readCount(limit: columnCount, "primary key column count")
        var primaryKey: [Int] = []
        for _ in 0..<keyCount {
            let index = try reader.readCount(limit: columnCount, "primary key column")
            guard index < columnCount else {
                throw FormatError("a primary key column that is not there", at: reader.offset)
            }
            primaryKey.append(index)
        }
        var nextColumn: UInt32?
        if formatVersion > 0 {
            let place = reader.offset
            let number = UInt32(try reader.readCount(limit: numberLimit, "next column number"))
            guard number > columns.map(\.number).max() ?? 0 else {
                throw FormatError("a next column number that was handed out before", at: place)
            }
            nextColumn = number
        }
        return TableSchema(
            number: number, version: version, name: name, columns: columns,
            primaryKey: primaryKey, options: options, nextColumn: nextColumn)
    }

    private static func readColumn(
        _ reader: inout ByteReader
    ) throws(FormatError) -> ColumnSchema {
        let number = UInt32(try reader.readCount(limit: numberLimit, "column number"))
        let name = try readText(&reader, "column name")
        let typeByte = try reader.readUInt8()
        let roleByte = try reader.readUInt8()
        guard let type = DataType(rawValue: typeByte), let role = ColumnRole(rawValue: roleByte)
        else { throw FormatError("unknown column type or role", at: reader.offset) }
        let kind = try readKind(&reader)
        let isNotNull = try readFlag(&reader)
        let unit = try readOptionalText(&reader, "unit")
        let defaultText = try readOptionalText(&reader, "default")
        return ColumnSchema(
            number: number, name: name, type: type, role: role, kind: kind, unit: unit,
            isNotNull: isNotNull, defaultText: defaultText)
    }

    private static func write(_ kind: ColumnKind, to writer: inout ByteWriter) {
        switch kind {
        case .gauge: writer.writeUInt8(0)
        case .counter: writer.writeUInt8(1)
        case .delta(let per):
            writer.writeUInt8(2)
            write(per, to: &writer)
        case .state: writer.writeUInt8(3)
        }
    }

    private static func readKind(_ reader: inout ByteReader) throws(FormatError) -> ColumnKind {
        let byte = try reader.readUInt8()
        switch byte {
        case 0: return .gauge
        case 1: return .counter
        case 2: return .delta(per: try readInterval(&reader))
        case 3: return .state
        default: throw FormatError("unknown column kind \(byte)", at: reader.offset)
        }
    }

    private static func write(_ interval: Interval?, to writer: inout ByteWriter) {
        guard let interval else {
            writer.writeUInt8(0)
            return
        }
        writer.writeUInt8(1)
        writer.writeSignedVarint(Int64(interval.months))
        writer.writeSignedVarint(Int64(interval.days))
        writer.writeSignedVarint(interval.nanoseconds)
    }

    private static func readInterval(
        _ reader: inout ByteReader
    ) throws(FormatError) -> Interval? {
        guard try readFlag(&reader) else { return nil }
        let months = try reader.readSignedVarint()
        let days = try reader.readSignedVarint()
        let nanoseconds = try reader.readSignedVarint()
        guard let months = Int32(exactly: months), let days = Int32(exactly: days) else {
            throw FormatError("an interval out of range", at: reader.offset)
        }
        return Interval(months: months, days: days, nanoseconds: nanoseconds)
    }

    private static func write(_ text: String?, to writer: inout ByteWriter) {
        guard let text else {
            writer.writeUInt8(0)
            return
        }
        writer.writeUInt8(1)
        writer.writeCountedText(text)
    }

    private static func readOptionalText(
        _ reader: inout ByteReader, _ what: String
    ) throws(FormatError) -> String? {
        try readFlag(&reader) ? try readText(&reader, what) : nil
    }

    private static func readText(
        _ reader: inout ByteReader, _ what: String
    ) throws(FormatError) -> String {
        let bytes = try reader.readCountedBytes(limit: nameByteCountLimit, what)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readFlag(_ reader: inout ByteReader) throws(FormatError) -> Bool {
        let byte = try reader.readUInt8()
        guard byte <= 1 else { throw FormatError("a flag of value \(byte)", at: reader.offset) }
        return byte == 1
    }
}
