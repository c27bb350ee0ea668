internal import BelfryCore
internal import BelfryStorage

/// Columns by name to a point batch: checks names, types and lengths, and finds the series keys.
///
/// A key is made once per distinct combination of tags: tags that come as dictionary codes cost a
/// comparison a row where rows of a series follow each other, and one look-up where they do not.
struct PointBatchBuilder {
    let table: TableSchema

    func batch(_ columns: [(name: String, values: Vector)]) throws(BelfryError) -> PointBatch {
        let rowCount = columns.first?.values.count ?? 0
        var byIndex = [Vector?](repeating: nil, count: table.columns.count)
        for (name, values) in columns {
            guard let index = table.columnIndex(named: name) else {
                throw BelfryError(
                    code: "42703", message: "table \(table.name) has no column \"\(name)\"",
                    hint: "its columns are " + table.columns.map(\.name).joined(separator: ", "))
            }
            guard byIndex[index] == nil else {
                throw BelfryError(code: "42701", message: "column \"\(name)\" is given twice")
            }
            guard values.count == rowCount else {
                throw BelfryError(
                    code: "22023",
                    message: "column \"\(name)\" has \(values.count) rows, \(rowCount) expected")
            }
            byIndex[index] = try converted(values, to: table.columns[index])
        }
        let times = try times(byIndex, rowCount: rowCount)
        let keyIndexes: [UInt32]
        let keys: [SeriesKey]
        if table.isReference {
            (keys, keyIndexes) = try referenceKeys(byIndex, rowCount: rowCount)
        } else {
            (keys, keyIndexes) = seriesKeys(byIndex, rowCount: rowCount)
        }
        let fields = table.columns.indices.compactMap { index -> PointBatch.Column? in
            let column = table.columns[index]
            guard column.role == .field, let values = byIndex[index] else { return nil }
            return PointBatch.Column(number: column.number, values: values)
        }.sorted { $0.number < $1.number }
        return PointBatch(
            table: table, keys: keys, keyIndexes: keyIndexes, times: times, columns: fields)
    }

    private func converted(_ values: Vector, to column: ColumnSchema) throws(BelfryError) -> Vector
    {
        if column.isNotNull && !values.validity.isAll
            && values.validity.validCount(of: values.count) < values.count
        {
            throw BelfryError(
                code: "23502", message: "column \"\(column.name)\" takes no NULL")
        }
        if values.type == column.type { return values }
        switch (column.type.layout, values.storage) {
        case (.doubles, .integers(let integers)) where values.type.isInteger:
            return Vector(doubles: integers.map { Double($0) }, validity: values.validity)
        case (.integers, .integers(let integers)):
            let isCompatible =
                column.type.isInteger ? values.type.isInteger : values.type.isTemporal
            guard isCompatible else { break }
            try checkRange(integers, values.validity, column)
            return values.retyped(column.type)
        case (.texts, .texts), (.texts, .dictionary):
            return values.retyped(column.type)
        default: break
        }
        throw BelfryError(
            code: "42804",
            message:
                "column \"\(column.name)\" is of type \(column.type.name), not \(values.type.name)")
    }

    private func checkRange(
        _ integers: [Int64], _ validity: Validity, _ column: ColumnSchema
    ) throws(BelfryError) {
        let limits: ClosedRange<Int64>
        switch column.type {
        case .smallint: limits = -32768...32767
        case .integer: limits = -2_147_483_648...2_147_483_647
        default: return
        }
        for row in integers.indices where !limits.contains(integers[row]) && validity.isValid(row) {
            throw BelfryError(
                code: "22003",
                message: "\(integers[row]) is out of range for \(column.type.name) column "
                    + "\"\(column.name)\"")
        }
    }

    private func times(_ vectors: [Vector?], rowCount: Int) throws(BelfryError) -> [Int64] {
        guard let timeIndex = table.timeIndex else {
            return [Int64](repeating: 0, count: rowCount)
        }
        guard let vector = vectors[timeIndex], case .integers(let times) = vector.storage else {
            throw BelfryError(
                code: "23502",
                message: "the batch has no column \"\(table.columns[timeIndex].name)\", "
                    + "the TIME KEY of \(table.name)")
        }
        if !vector.validity.isAll, let row = times.indices.first(where: { !vector.isValid($0) }) {
            throw BelfryError(
                code: "23502",
                message: "row \(row + 1): the TIME KEY \"\(table.columns[timeIndex].name)\" is NULL"
            )
        }
        return times
    }

    private func seriesKeys(
        _ vectors: [Vector?], rowCount: Int
    ) -> (keys: [SeriesKey], indexes: [UInt32]) {
        let tags = table.tagIndexes.compactMap { index -> TagCodes? in
            vectors[index].map { TagCodes($0, columnNumber: table.columns[index].number) }
        }
        return distinctKeys(tags, rowCount: rowCount)
    }

    private func referenceKeys(
        _ vectors: [Vector?], rowCount: Int
    ) throws(BelfryError) -> (keys: [SeriesKey], indexes: [UInt32]) {
        if table.primaryKey.isEmpty {
            // A hidden row number: rows of their own, whatever they hold.
            var generator = SystemRandomNumberGenerator()
            let keys = (0..<rowCount).map { _ in
                SeriesKey(
                    table: table.number,
                    parts: [(0, withBytes(of: UInt64.random(in: 0 ... .max, using: &generator)))])
            }
            return (keys, (0..<UInt32(rowCount)).map { $0 })
        }
        var parts: [TagCodes] = []
        for index in table.primaryKey {
            let column = table.columns[index]
            guard let vector = vectors[index],
                vector.validity.validCount(of: rowCount) == rowCount
            else {
                throw BelfryError(
                    code: "23502",
                    message: "column \"\(column.name)\" is part of the primary key and NULL")
            }
            parts.append(TagCodes(keyText(vector), columnNumber: column.number))
        }
        return distinctKeys(parts, rowCount: rowCount)
    }

    private func withBytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }

    /// A key column in text form.
    private func keyText(_ vector: Vector) -> Vector {
        switch vector.storage {
        case .texts, .dictionary: return vector
        case .booleans, .integers, .doubles, .intervals:
            var builder = VectorBuilder(.text, capacity: vector.count)
            for row in 0..<vector.count {
                switch vector.value(row) {
                case .integer(let value), .date(let value): builder.append(.text("\(value)"))
                case .boolean(let value): builder.append(.text("\(value)"))
                case .double(let value): builder.append(.text("\(value)"))
                case .timestamptz(let value), .timestamp(let value):
                    builder.append(.text("\(value.nanoseconds)"))
                default: builder.append(.null)
                }
            }
            return builder.finish()
        }
    }

    private func distinctKeys(
        _ tags: [TagCodes], rowCount: Int
    ) -> (keys: [SeriesKey], indexes: [UInt32]) {
        var keys: [SeriesKey] = []
        var indexes = [UInt32](repeating: 0, count: rowCount)
        if tags.count == 1, let tag = tags.first {
            // One tag: a table from code to key, no hashing at all.
            var keyOfCode = [UInt32](repeating: .max, count: tag.values.count + 1)
            for row in 0..<rowCount {
                let code = Int(tag.codes[row])
                if keyOfCode[code] == .max {
                    keyOfCode[code] = UInt32(keys.count)
                    keys.append(
                        SeriesKey(table: table.number, parts: tag.part(code).map { [$0] } ?? []))
                }
                indexes[row] = keyOfCode[code]
            }
            return (keys, indexes)
        }
        var known: [[UInt32]: UInt32] = [:]
        var previous = [UInt32](repeating: .max, count: tags.count)
        var previousIndex: UInt32 = 0
        for row in 0..<rowCount {
            var isSame = row > 0
            for index in tags.indices where previous[index] != tags[index].codes[row] {
                previous[index] = tags[index].codes[row]
                isSame = false
            }
            if !isSame {
                if let index = known[previous] {
                    previousIndex = index
                } else {
                    previousIndex = UInt32(keys.count)
                    known[previous] = previousIndex
                    keys.append(
                        SeriesKey(
                            table: table.number,
                            parts: zip(tags, previous).compactMap { $0.part(Int($1)) }))
                }
            }
            indexes[row] = previousIndex
        }
        return (keys, indexes)
    }
}

/// A tag column as codes of its distinct values; the code after the last stands for NULL.
private struct TagCodes {
    let columnNumber: UInt32
    var codes: [UInt32]
    let values: TextStorage

    init(_ vector: Vector, columnNumber: UInt32) {
        self.columnNumber = columnNumber
        switch vector.storage {
        case .dictionary(let storage):
            values = storage.dictionary.texts
            codes = storage.codes
        case .texts(let texts):
            var distinct = TextStorage()
            var known: [ArraySlice<UInt8>: UInt32] = [:]
            codes = []
            codes.reserveCapacity(texts.count)
            for row in 0..<texts.count {
                let text = texts[row]
                if let last = codes.last, distinct[Int(last)] == text {
                    codes.append(last)
                } else if let code = known[text] {
                    codes.append(code)
                } else {
                    let code = UInt32(distinct.count)
                    known[text] = code
                    distinct.append(text)
                    codes.append(code)
                }
            }
            values = distinct
        case .booleans, .integers, .doubles, .intervals:
            values = TextStorage()
            codes = [UInt32](repeating: 0, count: vector.count)
        }
        if !vector.validity.isAll {
            let null = UInt32(values.count)
            for row in codes.indices where !vector.isValid(row) { codes[row] = null }
        }
    }

    func part(_ code: Int) -> (column: UInt32, value: [UInt8])? {
        code < values.count ? (columnNumber, Array(values[code])) : nil
    }
}
