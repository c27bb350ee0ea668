import BelfryCore
import BelfryStorage

/// Batches of a table as storage gives them.
final class ScanOperator: Operator {
    let columns: [PlanColumn]
    private let node: ScanNode
    private let context: QueryContext
    private let part: ScanPart?
    private var scan: Scan?
    private var isDone = false

    /// The scan is opened at the first call.
    /// - Parameter part: a share of it, where several threads work.
    init(_ node: ScanNode, part: ScanPart? = nil, context: QueryContext) {
        self.node = node
        self.part = part
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
        let opened: Scan
        if let part {
            opened = try part.open()
        } else {
            var request = node.request
            request.skipsDamage = context.settings.skipsDamage
            opened = try context.snapshot.scan(request)
        }
        context.note(opened.statistics.skipped)
        scan = opened
        return opened
    }
}
