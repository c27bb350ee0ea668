internal import BelfryCore
internal import BelfryQuery

/// Columns by name to a point batch: checks names, types and lengths, and finds the series keys.
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
        for (column, values) in zip(table.columns, byIndex)
        where column.isNotNull && column.role != .time && values == nil {
            throw BelfryError(
                code: "23502", message: "column \"\(column.name)\" takes no NULL and is not given")
        }
        let times = try times(byIndex, rowCount: rowCount)
        try checkPrimaryKey(byIndex, rowCount: rowCount)
        var generator = SystemRandomNumberGenerator()
        let keys = SeriesKeys(
            table: table,
            columns: byIndex.enumerated().compactMap { index, values in
                values.map { (index, $0) }
            }, rowCount: rowCount, random: { generator.next() })
        let fields = table.columns.indices.compactMap { index -> PointBatch.Column? in
            let column = table.columns[index]
            guard column.role == .field, let values = byIndex[index] else { return nil }
            return PointBatch.Column(number: column.number, values: values)
        }.sorted { $0.number < $1.number }
        return PointBatch(
            table: table, keys: keys.keys, keyIndexes: keys.indexes, times: times,
            columns: fields)
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

    private func checkPrimaryKey(_ vectors: [Vector?], rowCount: Int) throws(BelfryError) {
        for index in table.primaryKey {
            let isWhole =
                vectors[index].map { $0.validity.validCount(of: rowCount) == rowCount } ?? false
            if isWhole { continue }
            throw BelfryError(
                code: "23502",
                message: "column \"\(table.columns[index].name)\" is part of the primary key "
                    + "and NULL")
        }
    }
}
