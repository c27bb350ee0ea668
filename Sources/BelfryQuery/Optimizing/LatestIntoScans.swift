import BelfryCore
import BelfryStorage

/// Asks a scan below a LATEST for the latest rows of each series only: storage finds them in the
/// last vectors, without reading the rest.
///
/// Holds where keys are made of tags: the n latest rows of a key are among the n latest of its
/// series. A filter that stayed above the scan must see all rows, and so forbids it.
enum LatestIntoScans {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        let plan = plan.replacingInputs(plan.inputs.map { apply($0, context) })
        guard case .latest(var node) = plan, case .scan(var scan) = node.input else { return plan }
        let table = scan.request.table
        let isOfTags = node.keys.allSatisfy { key in
            key.usedColumns.allSatisfy {
                table.columns[scan.request.columns[$0]].role == .tag
            }
        }
        guard isOfTags else { return plan }
        scan.request.latest = node.count
        node.input = .scan(scan)
        return .latest(node)
    }
}
