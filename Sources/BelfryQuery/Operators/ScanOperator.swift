import BelfryCore
import BelfryStorage

/// Batches of a table as storage gives them.
final class ScanOperator: Operator {
    let columns: [PlanColumn]
    private let node: ScanNode
    private let context: QueryContext
    private var scan: Scan?
    private var isDone = false

    /// - Parameter scan: a part of the scan, where several threads share it; else opened at the
    ///   first call.
    init(_ node: ScanNode, scan: Scan? = nil, context: QueryContext) {
        self.node = node
        self.scan = scan
        self.context = context
        columns = node.columns
    }

    func next() throws(QueryError) -> Batch? {
        if isDone { return nil }
        try context.check()
        do {
            let scan = try opened()
            while let batch = try scan.next() {
                if batch.rowCount > 0 { return batch }
            }
        } catch {
            isDone = true
            throw QueryError(error)
        }
        isDone = true
        return nil
    }

    var statistics: ScanStatistics { scan?.statistics ?? ScanStatistics() }

    private func opened() throws(StorageError) -> Scan {
        if let scan { return scan }
        let opened = try context.snapshot.scan(node.request)
        scan = opened
        return opened
    }
}
