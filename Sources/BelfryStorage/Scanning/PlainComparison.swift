import BelfryCodecs
import BelfryCore

/// A comparison of a column with a constant, ready to be tried on vectors and on their statistics.
///
/// Numbers compare as SQL compares them: NaN equals itself and is above all numbers, -0.0 equals
/// 0.0; an integer column is compared with a double exactly as doubles. Texts compare by bytes. A
/// row without a value fails.
struct PlainComparison {
    let comparison: ScanRequest.Condition.Comparison
    let value: Value

    /// The rows of a vector that meet the condition, of those in `among`, or of all.
    func rows(of vector: Vector, among: [Int32]?) -> [Int32] {
        let validity = vector.validity
        switch vector.storage {
        case .integers(let values):
            if let constant = integer {
                return compare(values, constant, validity, among)
            }
            guard let constant = double else { return [] }
            return compareDoubles(values.map { Double($0) }, constant, validity, among)
        case .doubles(let values):
            guard let constant = double ?? integer.map({ Double($0) }) else { return [] }
            return compareDoubles(values, constant, validity, among)
        case .booleans(let values):
            guard case .boolean(let constant) = value else { return [] }
            return compare(values.map { $0 ? 1 : 0 }, constant ? 1 : 0, validity, among)
        case .texts(let values):
            guard case .text(let constant) = value else { return [] }
            let bytes = Array(constant.utf8)
            return select(values.count, validity, among) {
                comparison.holds(values[$0], bytes)
            }
        case .dictionary(let values):
            guard case .text(let constant) = value else { return [] }
            let bytes = Array(constant.utf8)
            let texts = values.dictionary.texts
            // The code of a row without a value may lie outside the dictionary.
            return select(values.codes.count, validity, among) {
                let code = Int(values.codes[$0])
                return code < texts.count && comparison.holds(texts[code], bytes)
            }
        case .intervals: return []
        }
    }

    private func compare<Number: Comparable>(
        _ values: [Number], _ constant: Number, _ validity: Validity, _ among: [Int32]?
    ) -> [Int32] {
        let count = values.count
        return switch comparison {
        case .less: select(count, validity, among) { values[$0] < constant }
        case .lessOrEqual: select(count, validity, among) { values[$0] <= constant }
        case .equal: select(count, validity, among) { values[$0] == constant }
        case .notEqual: select(count, validity, among) { values[$0] != constant }
        case .greaterOrEqual: select(count, validity, among) { values[$0] >= constant }
        case .greater: select(count, validity, among) { values[$0] > constant }
        }
    }

    /// NaN is above all numbers and equal to itself.
    private func compareDoubles(
        _ values: [Double], _ constant: Double, _ validity: Validity, _ among: [Int32]?
    ) -> [Int32] {
        if constant.isNaN {
            return compare(values.map { $0.isNaN ? 1 : 0 }, 1, validity, among)
        }
        let count = values.count
        return switch comparison {
        case .less, .lessOrEqual, .equal, .notEqual: compare(values, constant, validity, among)
        case .greaterOrEqual: select(count, validity, among) { !(values[$0] < constant) }
        case .greater: select(count, validity, among) { !(values[$0] <= constant) }
        }
    }

    /// Whether no value that the statistics describe can meet the condition.
    func excludes(_ statistics: VectorStatistics) -> Bool {
        if statistics.count == 0 { return true }
        switch statistics.numbers {
        case .none: return false
        case .integers(let summary):
            if let constant = integer {
                return comparison.excludes(min: summary.min, max: summary.max, constant)
            }
            guard let constant = double else { return false }
            return comparison.excludes(
                min: Double(summary.min), max: Double(summary.max), constant)
        case .decimals, .doubles:
            guard let summary = statistics.doubleSummary, summary.nanCount == 0,
                let constant = double ?? integer.map({ Double($0) }), !constant.isNaN
            else { return false }
            return comparison.excludes(min: summary.min, max: summary.max, constant)
        }
    }

    /// Whether every row meets the condition of so many that the statistics describe.
    func includesAll(_ statistics: VectorStatistics, rowCount: Int) -> Bool {
        guard statistics.count == rowCount else { return false }
        switch statistics.numbers {
        case .none: return false
        case .integers(let summary):
            if let constant = integer {
                return comparison.includes(min: summary.min, max: summary.max, constant)
            }
            guard let constant = double else { return false }
            return comparison.includes(
                min: Double(summary.min), max: Double(summary.max), constant)
        case .decimals, .doubles:
            guard let summary = statistics.doubleSummary, summary.nanCount == 0,
                let constant = double ?? integer.map({ Double($0) }), !constant.isNaN
            else { return false }
            return comparison.includes(min: summary.min, max: summary.max, constant)
        }
    }

    var integer: Int64? {
        switch value {
        case .integer(let it), .date(let it): it
        case .timestamptz(let it), .timestamp(let it): it.nanoseconds
        case .null, .boolean, .double, .text, .interval: nil
        }
    }

    var double: Double? {
        if case .double(let it) = value { return it }
        return nil
    }

    /// Without a branch on the outcome: which rows hold is what no predictor knows.
    @inline(__always)
    private func select(
        _ count: Int, _ validity: Validity, _ among: [Int32]?, _ holds: (Int) -> Bool
    ) -> [Int32] {
        var rows = [Int32](repeating: 0, count: among?.count ?? count)
        var kept = 0
        if let among {
            for row in among {
                rows[kept] = row
                if validity.isValid(Int(row)) && holds(Int(row)) { kept += 1 }
            }
        } else if validity.isAll {
            for row in 0..<count {
                rows[kept] = Int32(truncatingIfNeeded: row)
                kept += holds(row) ? 1 : 0
            }
        } else {
            for row in 0..<count {
                rows[kept] = Int32(truncatingIfNeeded: row)
                kept += validity.isValid(row) && holds(row) ? 1 : 0
            }
        }
        rows.removeLast(rows.count - kept)
        return rows
    }
}

extension ScanRequest.Condition.Comparison {
    func holds(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Bool {
        switch self {
        case .less: left.lexicographicallyPrecedes(right)
        case .lessOrEqual: !right.lexicographicallyPrecedes(left)
        case .equal: left.elementsEqual(right)
        case .notEqual: !left.elementsEqual(right)
        case .greaterOrEqual: !left.lexicographicallyPrecedes(right)
        case .greater: right.lexicographicallyPrecedes(left)
        }
    }

    func excludes<Number: Comparable>(min: Number, max: Number, _ constant: Number) -> Bool {
        switch self {
        case .less: !(min < constant)
        case .lessOrEqual: !(min <= constant)
        case .equal: constant < min || max < constant
        case .notEqual: min == constant && max == constant
        case .greaterOrEqual: !(max >= constant)
        case .greater: !(max > constant)
        }
    }

    func includes<Number: Comparable>(min: Number, max: Number, _ constant: Number) -> Bool {
        switch self {
        case .less: max < constant
        case .lessOrEqual: max <= constant
        case .equal: min == constant && max == constant
        case .notEqual: constant < min || max < constant
        case .greaterOrEqual: min >= constant
        case .greater: min > constant
        }
    }
}
