import BelfryCodecs
import BelfryCore

/// States that take what statistics tell of rows in place of the rows.
///
/// The outcome is that of the rows: equal in every bit for counts, minima, maxima and sums of
/// whole numbers, and within the bound of all sums for doubles.
protocol SummaryAggregateState: AggregateState {
    /// - Parameters:
    ///   - statistics: of the argument; nil where there is none, for count(*).
    func add(_ statistics: VectorStatistics?, rowCount: Int, group: Int)
}

extension VectorStatistics {
    /// The least or the greatest value as SQL orders doubles: NaN above all numbers.
    func extreme(isMaximum: Bool) -> Double? {
        guard count > 0, let summary = doubleSummary else { return nil }
        if isMaximum ? summary.nanCount > 0 : summary.nanCount == count { return .nan }
        return isMaximum ? summary.max : summary.min
    }

    /// The least or the greatest whole number.
    func extreme(isMaximum: Bool) -> Int64? {
        guard count > 0, case .integers(let summary) = numbers else { return nil }
        return isMaximum ? summary.max : summary.min
    }
}
