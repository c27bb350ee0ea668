import BelfryCore
import BelfryStorage

/// What a grouping may know when its rows come straight from a scan: series by series, each in
/// the order of time.
extension AggregateNode {
    /// The scan below, if only filters and projections stand between.
    var scan: ScanNode? { Self.scan(below: input) }

    private static func scan(below plan: LogicalPlan) -> ScanNode? {
        switch plan {
        case .scan(let node): return node.request.latest == nil ? node : nil
        case .filter(let node): return scan(below: node.input)
        case .project(let node): return scan(below: node.input)
        case .values, .generateSeries, .aggregate, .sample, .latest, .join, .asofJoin, .sort,
            .limit, .distinct, .union, .window, .apply, .recursive, .rows:
            return nil
        }
    }

    /// Every tag is a key: no group has rows of two series.
    var keysPinSeries: Bool {
        guard let table = scan?.request.table, !table.tagIndexes.isEmpty else { return false }
        let columns = keys.map { Self.scanColumn($0, over: input) }
        return table.tagIndexes.allSatisfy { columns.contains($0) }
    }

    /// Equal keys stand together: the keys are all tags of the table, and buckets of its time.
    /// Then a key that has ended never comes again, and nothing need be looked up.
    var keysComeInRuns: Bool {
        guard keysPinSeries, let request = scan?.request, request.order == .series else {
            return false
        }
        let table = request.table
        return keys.allSatisfy { key in
            if let column = Self.scanColumn(key, over: input) {
                return table.columns[column].role != .field
            }
            return Self.isBucket(key, over: input, timeIndex: table.timeIndex)
        }
    }

    /// A bucket of the scan's time: it never falls while the time rises.
    private static func isBucket(
        _ expression: BoundExpression, over plan: LogicalPlan, timeIndex: Int?
    ) -> Bool {
        switch expression {
        case .call(let call)
        where call.function.name == "time_bucket"
            || call.function.name == "bucket":
            let varying = call.arguments.filter { !$0.isConstant }
            return varying.count == 1 && scanColumn(varying[0], over: plan) == timeIndex
        case .column(let index, _):
            if case .project(let node) = plan {
                return isBucket(node.expressions[index], over: node.input, timeIndex: timeIndex)
            }
            if case .filter(let node) = plan {
                return isBucket(expression, over: node.input, timeIndex: timeIndex)
            }
            return false
        case .constant, .call, .and, .or, .not, .isNull, .caseWhen, .cast, .isIn, .coalesce,
            .outer:
            return false
        }
    }

    /// The column of the table that an expression over a plan simply is.
    private static func scanColumn(_ expression: BoundExpression, over plan: LogicalPlan) -> Int? {
        guard case .column(let index, _) = expression else { return nil }
        switch plan {
        case .scan(let node): return node.request.columns[index]
        case .filter(let node): return scanColumn(expression, over: node.input)
        case .project(let node): return scanColumn(node.expressions[index], over: node.input)
        case .values, .generateSeries, .aggregate, .sample, .latest, .join, .asofJoin, .sort,
            .limit, .distinct, .union, .window, .apply, .recursive, .rows:
            return nil
        }
    }
}
