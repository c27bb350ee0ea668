import BelfryCodecs
import BelfryCore

/// A plain condition of a request, ready to be tried on vectors and on their statistics.
///
/// Numbers compare as SQL compares them: NaN equals itself and is above all numbers, -0.0 equals
/// 0.0; an integer column is compared with a double exactly as doubles. Texts compare by bytes. A
/// row without a value fails.
struct ScanCondition {
    /// Where the values come from.
    enum Subject: Hashable {
        case time
        case field(slot: Int)
        case tag(columnIndex: Int)
    }

    let subject: Subject
    let comparison: ScanRequest.Condition.Comparison
    let value: Value

    /// The rows of a vector that meet the condition, of those in `among`, or of all.
    func rows(of vector: Vector, among: [Int32]?) -> [Int32] {
        switch vector.storage {
        case .integers(let values):
            if let constant = integer {
                return select(vector, among) { comparison.holds(values[$0], constant) }
            }
            guard let constant = double else { return [] }
            return select(vector, among) { comparison.holds(Double(values[$0]), constant) }
        case .doubles(let values):
            guard let constant = double ?? integer.map({ Double($0) }) else { return [] }
            return select(vector, among) { comparison.holds(values[$0], constant) }
        case .booleans(let values):
            guard case .boolean(let constant) = value else { return [] }
            let right: Int64 = constant ? 1 : 0
            return select(vector, among) { comparison.holds(Int64(values[$0] ? 1 : 0), right) }
        case .texts(let values):
            guard case .text(let constant) = value else { return [] }
            let bytes = Array(constant.utf8)
            return select(vector, among) { comparison.holds(values[$0], bytes) }
        case .dictionary(let values):
            guard case .text(let constant) = value else { return [] }
            let bytes = Array(constant.utf8)
            let texts = values.dictionary.texts
            return select(vector, among) { comparison.holds(texts[Int(values.codes[$0])], bytes) }
        case .intervals: return []
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

    private var integer: Int64? {
        switch value {
        case .integer(let it), .date(let it): it
        case .timestamptz(let it), .timestamp(let it): it.nanoseconds
        case .null, .boolean, .double, .text, .interval: nil
        }
    }

    private var double: Double? {
        if case .double(let it) = value { return it }
        return nil
    }

    private func select(
        _ vector: Vector, _ among: [Int32]?, _ holds: (Int) -> Bool
    ) -> [Int32] {
        var rows: [Int32] = []
        let validity = vector.validity
        if let among {
            for row in among where validity.isValid(Int(row)) && holds(Int(row)) {
                rows.append(row)
            }
            return rows
        }
        rows.reserveCapacity(vector.count)
        if validity.isAll {
            for row in 0..<vector.count where holds(row) { rows.append(Int32(row)) }
        } else {
            for row in 0..<vector.count where validity.isValid(row) && holds(row) {
                rows.append(Int32(row))
            }
        }
        return rows
    }
}

extension ScanRequest.Condition.Comparison {
    @inline(__always)
    func holds(_ left: Int64, _ right: Int64) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .equal: left == right
        case .greaterOrEqual: left >= right
        case .greater: left > right
        }
    }

    @inline(__always)
    func holds(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN || right.isNaN {
            // NaN is above all numbers and equal to itself.
            return holds(Int64(left.isNaN ? 1 : 0), Int64(right.isNaN ? 1 : 0))
        }
        return switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .equal: left == right
        case .greaterOrEqual: left >= right
        case .greater: left > right
        }
    }

    func holds(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Bool {
        switch self {
        case .less: left.lexicographicallyPrecedes(right)
        case .lessOrEqual: !right.lexicographicallyPrecedes(left)
        case .equal: left.elementsEqual(right)
        case .greaterOrEqual: !left.lexicographicallyPrecedes(right)
        case .greater: right.lexicographicallyPrecedes(left)
        }
    }

    func excludes<Number: Comparable>(min: Number, max: Number, _ constant: Number) -> Bool {
        switch self {
        case .less: !(min < constant)
        case .lessOrEqual: !(min <= constant)
        case .equal: constant < min || max < constant
        case .greaterOrEqual: !(max >= constant)
        case .greater: !(max > constant)
        }
    }
}
