import BelfryCore
import BelfryStorage

/// An operator that may give what statistics tell of rows in place of the rows.
protocol SummarySource: Operator {
    func nextItem() throws(QueryError) -> ScanItem?
}

/// Batches of a table as storage gives them, and summaries where the plan wants some.
final class ScanOperator: Operator, SummarySource {
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

    /// - Precondition: the plan wants no summaries.
    func next() throws(QueryError) -> Batch? {
        guard let item = try nextItem() else { return nil }
        guard case .batch(let batch) = item else {
            preconditionFailure("whoever asks for summaries takes items")
        }
        return batch
    }

    func nextItem() throws(QueryError) -> ScanItem? {
        if isDone { return nil }
        try context.check()
        do {
            let scan = try opened()
            while let item = try scan.nextItem() {
                if case .batch(let batch) = item, batch.rowCount == 0 { continue }
                return item
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
            request.apply(context.settings)
            opened = try context.snapshot.scan(request)
        }
        context.note(opened.statistics.skipped)
        scan = opened
        return opened
    }
}

extension ScanRequest {
    /// What a session has chosen about reading.
    mutating func apply(_ settings: QuerySettings) {
        skipsDamage = settings.skipsDamage
        usesStatistics = settings.usesStatistics
        usesPacked = settings.usesPacked
    }
}
