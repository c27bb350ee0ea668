package import BelfryCore
import BelfrySQL
import BelfryStorage

/// Columns of a table to a point batch: checks lengths, types, ranges and NULLs, and finds the
/// series keys. INSERT and the appender both make their batches here, so that one fault has one
/// code and one text.
package struct PointBatchMaker {
    package let table: TableSchema

    package init(table: TableSchema) { self.table = table }

    /// From columns by name; what is not named is NULL.
    package func batch(named columns: [(name: String, values: Vector)]) throws(QueryError)
        -> PointBatch
    {
        let rowCount = columns.first?.values.count ?? 0
        var byIndex = [Vector?](repeating: nil, count: table.columns.count)
        for (name, values) in columns {
            guard let index = table.columnIndex(named: name) else {
                throw QueryError(
                    "42703", "table \"\(table.name)\" has no column \"\(name)\"",
                    hint: Suggestion.text(for: name, among: table.columns.map(\.name))
                        ?? "its columns are "
                        + table.columns.map(\.name).joined(separator: ", "))
            }
            guard byIndex[index] == nil else {
                throw QueryError("42701", "column \"\(name)\" is given twice")
            }
            guard values.count == rowCount else {
                throw QueryError(
                    "22023", "column \"\(name)\" has \(values.count) rows, \(rowCount) expected")
            }
            byIndex[index] = values
        }
        return try batch(byIndex, rowCount: rowCount)
    }

    /// From a vector for each column of the table; nil is NULL in all rows.
    package func batch(_ columns: [Vector?], rowCount: Int) throws(QueryError) -> PointBatch {
        var vectors: [Vector?] = []
        vectors.reserveCapacity(columns.count)
        for (index, values) in columns.enumerated() {
            try checkNotNull(values, index, rowCount: rowCount)
            vectors.append(
                try values.map { (v) throws(QueryError) in
                    try converted(v, to: table.columns[index])
                })
        }
        let times = try times(vectors, rowCount: rowCount)
        var generator = SystemRandomNumberGenerator()
        let keys = SeriesKeys(
            table: table,
            columns: vectors.enumerated().compactMap { index, values in
                values.map { (index, $0) }
            }, rowCount: rowCount, random: { generator.next() })
        let fields = table.fieldIndexes.compactMap { index in
            vectors[index].map {
                PointBatch.Column(number: table.columns[index].number, values: $0)
            }
        }
        return PointBatch(
            table: table, keys: keys.keys, keyIndexes: keys.indexes, times: times,
            columns: fields.sorted { $0.number < $1.number })
    }

    /// Refuses NULLs in a column that takes none; nil stands for NULL in all rows.
    func checkNotNull(_ values: Vector?, _ index: Int, rowCount: Int) throws(QueryError) {
        let column = table.columns[index]
        let mayBeNull =
            !column.isNotNull && column.role != .time && !table.primaryKey.contains(index)
        if mayBeNull || rowCount == 0 { return }
        let what = "column \"\(column.name)\" of table \"\(table.name)\""
        guard let values else {
            throw QueryError("23502", "\(what) must not be NULL, and is not given")
        }
        if values.validity.validCount(of: rowCount) == rowCount { return }
        let row = (0..<rowCount).first { !values.isValid($0) } ?? 0
        let place = rowCount > 1 ? "row \(row + 1): " : ""
        throw QueryError("23502", "\(place)\(what) must not be NULL")
    }

    private func converted(_ values: Vector, to column: ColumnSchema) throws(QueryError) -> Vector {
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
        throw QueryError.typeMismatch(
            "column \"\(column.name)\" is of type \(column.type.name), not \(values.type.name)",
            at: nil)
    }

    private func checkRange(
        _ integers: [Int64], _ validity: Validity, _ column: ColumnSchema
    ) throws(QueryError) {
        let limits: ClosedRange<Int64>
        switch column.type {
        case .smallint: limits = -32768...32767
        case .integer: limits = -2_147_483_648...2_147_483_647
        default: return
        }
        for row in integers.indices where !limits.contains(integers[row]) && validity.isValid(row) {
            throw QueryError(
                "22003",
                "\(integers[row]) is out of range for \(column.type.name) column "
                    + "\"\(column.name)\"")
        }
    }

    private func times(_ vectors: [Vector?], rowCount: Int) throws(QueryError) -> [Int64] {
        guard let index = table.timeIndex else { return [Int64](repeating: 0, count: rowCount) }
        guard rowCount > 0 else { return [] }
        guard case .integers(let times)? = vectors[index]?.storage else {
            throw QueryError.typeMismatch(
                "column \"\(table.columns[index].name)\" is a TIMESTAMPTZ", at: nil)
        }
        if let time = times.first(where: { !Timestamp(nanoseconds: $0).isFinite }) {
            throw QueryError(
                "22008",
                "time \(Timestamp(nanoseconds: time)) is outside 1677 to 2262 and not stored")
        }
        return times
    }
}
