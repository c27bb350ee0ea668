import BelfryCodecs
import BelfryCore

/// A plain condition of a request on one column. A row without a value fails.
struct ScanCondition {
    /// Where the values come from.
    enum Subject: Hashable {
        case time
        case field(slot: Int)
        case tag(columnIndex: Int)
    }

    enum Test {
        case compares(PlainComparison)
        /// Equal to any of these.
        case isIn([PlainComparison])
        case hasValue
    }

    let subject: Subject
    let test: Test

    init(_ subject: Subject, _ test: ScanRequest.Condition.Test) {
        self.subject = subject
        switch test {
        case .compares(let comparison, let value):
            self.test = .compares(PlainComparison(comparison: comparison, value: value))
        case .isIn(let values):
            self.test = .isIn(values.map { PlainComparison(comparison: .equal, value: $0) })
        case .hasValue: self.test = .hasValue
        }
    }

    /// The slot of the field that is looked at.
    var slot: Int? {
        if case .field(let slot) = subject { return slot }
        return nil
    }

    /// The rows of a vector that meet the condition, of those in `among`, or of all.
    func rows(of vector: Vector, among: [Int32]?) -> [Int32] {
        switch test {
        case .compares(let comparison): return comparison.rows(of: vector, among: among)
        case .isIn(let comparisons):
            var isMet = [Bool](repeating: false, count: vector.count)
            for comparison in comparisons {
                for row in comparison.rows(of: vector, among: among) { isMet[Int(row)] = true }
            }
            return (among ?? Array(0..<Int32(vector.count))).filter { isMet[Int($0)] }
        case .hasValue:
            let validity = vector.validity
            let rows = among ?? Array(0..<Int32(vector.count))
            return validity.isAll ? rows : rows.filter { validity.isValid(Int($0)) }
        }
    }

    /// Whether no value that the statistics describe can meet the condition.
    func excludes(_ statistics: VectorStatistics) -> Bool {
        if statistics.count == 0 { return true }
        switch test {
        case .compares(let comparison): return comparison.excludes(statistics)
        case .isIn(let comparisons): return comparisons.allSatisfy { $0.excludes(statistics) }
        case .hasValue: return false
        }
    }

    /// Whether every row meets the condition of so many that the statistics describe.
    func includesAll(_ statistics: VectorStatistics, rowCount: Int) -> Bool {
        switch test {
        case .compares(let comparison):
            return comparison.includesAll(statistics, rowCount: rowCount)
        case .isIn(let comparisons):
            return comparisons.contains { $0.includesAll(statistics, rowCount: rowCount) }
        case .hasValue: return statistics.count == rowCount
        }
    }
}
