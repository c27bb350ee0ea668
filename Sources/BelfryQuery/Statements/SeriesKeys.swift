package import BelfryCore

/// The series keys of rows on their way in: each distinct key once, and which one each row has.
package struct SeriesKeys {
    package let keys: [SeriesKey]
    package let indexes: [UInt32]

    /// From the tag columns of a table of readings, in column order.
    /// - Parameter columns: a vector a tag column; tags that are not given are NULL.
    package init(
        table: TableSchema, columns: [(index: Int, values: Vector)], rowCount: Int,
        random: () -> UInt64
    ) {
        if table.isReference && table.primaryKey.isEmpty {
            // A hidden row number: rows of their own, whatever they hold.
            keys = (0..<rowCount).map { _ in
                let number = random()
                let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
                return SeriesKey(table: table.number, parts: [(0, bytes)])
            }
            indexes = (0..<rowCount).map { UInt32(truncatingIfNeeded: $0) }
            return
        }
        let wanted = table.isReference ? table.primaryKey : table.tagIndexes
        let parts = wanted.compactMap { index in
            columns.first { $0.index == index }.map {
                (number: table.columns[index].number, values: Self.text($0.values))
            }
        }
        var groups = GroupTable(types: parts.map { _ in .text })
        indexes = groups.group(parts.map(\.values), rowCount: rowCount).perRow(rowCount)
        let distinct = groups.keys(0..<groups.count)
        keys = (0..<groups.count).map { group in
            var present: [(column: UInt32, value: [UInt8])] = []
            for (part, values) in zip(parts, distinct) where values.isValid(group) {
                if case .dictionary(let codes) = values.storage {
                    let text = codes.dictionary.texts[Int(codes.codes[group])]
                    present.append((part.number, Array(text)))
                }
            }
            return SeriesKey(table: table.number, parts: present)
        }
    }

    /// A key column in text form: times as nanoseconds, days as numbers.
    private static func text(_ vector: Vector) -> Vector {
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
                case .text(let value): builder.append(.text(value))
                case .interval(let value): builder.append(.text("\(value)"))
                case .null: builder.append(.null)
                }
            }
            return builder.finish()
        }
    }
}
