import BelfryCodecs
import BelfryCore

/// Computing on vectors as they are packed.
extension OpenBlock {
    /// The rows of a vector that meet a condition on a field; nil where only decoding can tell.
    func packedRows(
        _ slot: Int, _ vector: Int, _ condition: ScanCondition
    ) throws(StorageError) -> [UInt64]? {
        let column = columns.columns[slot]
        guard let strip = try decoder(slot) else {
            return RowBits.range(0..<0, of: Strip.rowCount(vector, of: rowCount))
        }
        do throws(FormatError) {
            let rows: [UInt64]?
            switch condition.test {
            case .hasValue:
                rows =
                    try strip.validity(of: vector) ?? RowBits.all(strip.rowCount(of: vector))
            case .compares(let comparison):
                rows = try Self.packedRows(strip, vector, comparison, column.type)
            case .isIn(let comparisons):
                var any: [UInt64]? = RowBits.range(0..<0, of: strip.rowCount(of: vector))
                for comparison in comparisons {
                    guard
                        let some = try Self.packedRows(strip, vector, comparison, column.type)
                    else {
                        any = nil
                        break
                    }
                    any = any.map { zip($0, some).map { $0 | $1 } }
                }
                rows = any
            }
            if rows != nil { columns.statistics.vectorsPacked += 1 }
            return rows
        } catch { throw reader.damage(error, block: block, column: column.number) }
    }

    private static func packedRows(
        _ strip: StripDecoder, _ vector: Int, _ comparison: PlainComparison, _ type: DataType
    ) throws(FormatError) -> [UInt64]? {
        let sign = comparison.comparison.packed
        switch (strip.kind, type.layout) {
        case (.integers, .integers):
            guard let constant = comparison.integer else { return nil }
            return try strip.rows(of: vector, sign, constant)
        case (.doubles, .doubles):
            guard let constant = comparison.double ?? comparison.integer.map({ Double($0) })
            else { return nil }
            return try strip.rows(of: vector, sign, constant)
        case (.texts, .texts):
            guard case .text(let text) = comparison.value else { return nil }
            return try strip.rows(of: vector, sign, text: Array(text.utf8)[...])
        default: return nil
        }
    }

    /// What is to be known of a field's values in the rows whose bit is set, or in all rows; nil
    /// where only decoding can tell.
    func packedSummary(
        _ slot: Int, _ vector: Int, needsValues: Bool, rows: [UInt64]?
    ) throws(StorageError) -> VectorStatistics? {
        let column = columns.columns[slot]
        guard let strip = try decoder(slot) else { return .empty }
        do throws(FormatError) {
            if !needsValues {
                let valid = RowBits.both(try strip.validity(of: vector), rows)
                let count = valid.map(RowBits.count) ?? strip.rowCount(of: vector)
                return VectorStatistics(count: count, numbers: .none)
                    .adapted(strip.kind, to: column.type)
            }
            columns.statistics.vectorsPacked += 1
            let summary: VectorStatistics
            if let rows {
                summary = try strip.summary(of: vector, rows: rows)
            } else {
                summary = try strip.computedSummary(of: vector)
            }
            return summary.adapted(strip.kind, to: column.type)
        } catch { throw reader.damage(error, block: block, column: column.number) }
    }
}

extension ScanRequest.Condition.Comparison {
    fileprivate var packed: PackedComparison {
        switch self {
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        case .greaterOrEqual: .greaterOrEqual
        case .greater: .greater
        }
    }
}
