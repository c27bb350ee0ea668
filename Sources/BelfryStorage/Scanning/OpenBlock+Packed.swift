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
        switch (strip.kind, type.layout) {
        case (.texts, .texts):
            guard case .text(let text) = comparison.value else { return nil }
            return try textRows(strip, vector, comparison.comparison, Array(text.utf8))
        default: return nil
        }
    }

    /// Texts of a dictionary by their codes: the dictionary is sorted, so each comparison comes to
    /// a range of codes, or what is not in one.
    private static func textRows(
        _ strip: StripDecoder, _ vector: Int, _ comparison: ScanRequest.Condition.Comparison,
        _ text: [UInt8]
    ) throws(FormatError) -> [UInt64]? {
        guard let dictionary = strip.dictionary, let codes = try strip.decodeCodes(vector) else {
            return nil
        }
        func first(where isPast: (ArraySlice<UInt8>) -> Bool) -> UInt32 {
            var low = 0
            var high = dictionary.count
            while low < high {
                let middle = (low + high) >> 1
                let entry = dictionary.bytes[
                    Int(dictionary.offsets[middle])..<Int(dictionary.offsets[middle + 1])]
                if isPast(entry) { high = middle } else { low = middle + 1 }
            }
            return UInt32(low)
        }
        let from = first { !$0.lexicographicallyPrecedes(text) }
        let to = first { text.lexicographicallyPrecedes($0) }
        let range: Range<UInt32>
        switch comparison {
        case .less: range = 0..<from
        case .lessOrEqual: range = 0..<to
        case .equal, .notEqual: range = from..<to
        case .greaterOrEqual: range = from..<UInt32(dictionary.count)
        case .greater: range = to..<UInt32(dictionary.count)
        }
        let isOutside = comparison == .notEqual
        var words = [UInt64](repeating: 0, count: (codes.count + 63) / 64)
        for row in 0..<codes.count where range.contains(codes[row]) != isOutside {
            words[row >> 6] |= 1 << UInt64(row & 63)
        }
        return RowBits.both(try strip.validity(of: vector), words)
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
            return nil
        } catch { throw reader.damage(error, block: block, column: column.number) }
    }
}
