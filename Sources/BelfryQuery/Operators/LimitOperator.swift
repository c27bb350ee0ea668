import BelfryCore

/// Skips some rows, passes some on, then asks its input no more.
final class LimitOperator: Operator {
    private let input: any Operator
    private var toSkip: Int
    private var remaining: Int

    /// - Parameter limit: nil for all.
    init(_ input: any Operator, limit: Int?, offset: Int) {
        self.input = input
        toSkip = offset
        remaining = limit ?? .max
    }

    var columns: [PlanColumn] { input.columns }

    func next() throws(QueryError) -> Batch? {
        while remaining > 0, let batch = try input.next() {
            if toSkip >= batch.rowCount {
                toSkip -= batch.rowCount
                continue
            }
            let end = min(batch.rowCount, remaining.addingWithoutOverflow(toSkip))
            let kept = batch.slice(toSkip..<end)
            toSkip = 0
            remaining -= kept.rowCount
            return kept
        }
        return nil
    }
}

extension Int {
    fileprivate func addingWithoutOverflow(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
