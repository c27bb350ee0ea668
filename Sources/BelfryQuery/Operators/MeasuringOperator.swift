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
final class MeasuringOperator: Operator {
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
        measured.nanoseconds += MonotonicClock.nanoseconds() - start
        measured.rowCount += batch?.rowCount ?? 0
        if let scan = input as? ScanOperator { measured.scan = scan.statistics }
        measurements[path] = measured
        return batch
    }
}
