import BelfryCore

/// Runs the step of a recursive query on what the last one found, until nothing is found.
///
/// Rows are handed on as they are found, so that a LIMIT above ends what would not end by itself.
final class RecursiveOperator: Operator {
    private let node: RecursiveNode
    private let context: QueryContext
    private var current: (any Operator)?
    private var found: BatchAccumulator
    private var seen: GroupTable?
    private var isOver = false
    private var reserved = 0

    init(_ base: any Operator, node: RecursiveNode, context: QueryContext) {
        self.node = node
        self.context = context
        current = base
        let types = node.columns.map(\.type)
        found = BatchAccumulator(types: types)
        if node.isDistinct { seen = GroupTable(types: types) }
    }

    var columns: [PlanColumn] { node.columns }

    func next() throws(QueryError) -> Batch? {
        while !isOver {
            try context.check()
            if let batch = try current?.next() {
                let new = try newRows(of: batch)
                if new.rowCount == 0 { continue }
                found.append(new.vectors, rowCount: new.rowCount)
                return new
            }
            if found.rowCount == 0 {
                isOver = true
                return nil
            }
            let plan = node.step.replacingWorking(
                node.working, found.finish(), rowCount: found.rowCount)
            found = BatchAccumulator(types: node.columns.map(\.type))
            current = try PhysicalPlanner.operators(
                for: try Optimizer.optimize(plan, context: context), context: context)
        }
        return nil
    }

    private func newRows(of batch: Batch) throws(QueryError) -> Batch {
        var new = batch
        if let known = seen?.count {
            let vectors = batch.vectors.map { $0.expanded(to: batch.rowCount) }
            let rows =
                seen?.group(vectors, rowCount: batch.rowCount)
                .firstRows(ofGroupsFrom: known) ?? []
            new = batch.filtered(by: Selection(rows))
        }
        let byteCount = found.byteCount + (seen?.byteCount ?? 0)
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "a recursive query")
            reserved = byteCount
        }
        return new
    }

    deinit { context.release(reserved) }
}

/// Hands out rows that are at hand.
final class WorkingRowsOperator: Operator {
    private var rows: SlicedRows
    private let context: QueryContext
    let columns: [PlanColumn]

    init(_ node: RowsNode, context: QueryContext) {
        columns = node.columns
        rows = SlicedRows(node.vectors, order: (0..<node.rowCount).map { Int32($0) })
        self.context = context
    }

    func next() throws(QueryError) -> Batch? { rows.next(context.settings.batchRowCount) }
}
