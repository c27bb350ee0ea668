import BelfryCore
import BelfryStorage

/// What the operators of a plan did, by their place in it; for EXPLAIN ANALYZE.
final class Measurements {
    struct Measurement {
        var rowCount = 0
        var nanoseconds: Int64 = 0
        var scan: ScanStatistics?

        /// With one decimal.
        var milliseconds: String {
            let tenths = (nanoseconds + 50_000) / 100_000
            return "\(tenths / 10).\(tenths % 10)"
        }
    }

    private var byPath: [[Int]: Measurement] = [:]

    subscript(path: [Int]) -> Measurement? {
        get { byPath[path] }
        set { byPath[path] = newValue }
    }
}

/// Passes batches on and counts rows and time, inputs included.
final class MeasuringOperator: Operator, SummarySource {
    private let input: any Operator
    private let path: [Int]
    private let measurements: Measurements
    private var measured = Measurements.Measurement()

    init(_ input: any Operator, path: [Int], measurements: Measurements) {
        self.input = input
        self.path = path
        self.measurements = measurements
        measurements[path] = measured
    }

    var columns: [PlanColumn] { input.columns }

    func next() throws(QueryError) -> Batch? {
        let start = MonotonicClock.nanoseconds()
        let batch = try input.next()
        note(start, batch?.rowCount ?? 0)
        return batch
    }

    /// Rows that a summary stands for are counted by the scan, not here: they were never given.
    func nextItem() throws(QueryError) -> ScanItem? {
        guard let source = input as? any SummarySource else {
            return try next().map { .batch($0) }
        }
        let start = MonotonicClock.nanoseconds()
        let item = try source.nextItem()
        if case .batch(let batch)? = item {
            note(start, batch.rowCount)
        } else {
            note(start, 0)
        }
        return item
    }

    private func note(_ start: Int64, _ rowCount: Int) {
        measured.nanoseconds += MonotonicClock.nanoseconds() - start
        measured.rowCount += rowCount
        if let scan = input as? ScanOperator { measured.scan = scan.statistics }
        measurements[path] = measured
    }
}
