import BelfryCore
import BelfryStorage

/// What series-aware calls ask of a plan: which columns are readings, and in what order rows come.
extension LogicalPlan {
    /// Whether a column is a field of a table with a time, and no tag or reference column.
    func isReading(_ index: Int) -> Bool {
        switch self {
        case .scan(let node):
            let column = node.request.table.columns[node.request.columns[index]]
            return !node.request.table.isReference && column.role == .field
        case .filter(let node): return node.input.isReading(index)
        case .sort(let node): return node.input.isReading(index)
        case .limit(let node): return node.input.isReading(index)
        case .distinct(let node): return node.input.isReading(index)
        case .latest(let node): return node.input.isReading(index)
        case .project(let node):
            return node.expressions[index].usedColumns.contains { node.input.isReading($0) }
        case .join(let node):
            let width = node.left.columns.count
            return index < width
                ? node.left.isReading(index) : node.right.isReading(index - width)
        case .asofJoin(let node):
            let width = node.left.columns.count
            return index < width
                ? node.left.isReading(index) : node.right.isReading(index - width)
        case .sample(let node): return index > node.keyCount
        case .aggregate(let node): return index >= node.keys.count
        case .union(let node): return node.inputs.contains { $0.isReading(index) }
        case .window(let node):
            return index < node.input.columns.count && node.input.isReading(index)
        case .apply(let node):
            return index < node.input.columns.count && node.input.isReading(index)
        case .values, .generateSeries, .recursive, .rows: return false
        }
    }

    /// Rows come by series and time, as the leftmost scan gives them.
    var isInSeriesOrder: Bool {
        switch self {
        case .scan(let node): node.request.order == .series
        case .filter(let node): node.input.isInSeriesOrder
        case .project(let node): node.input.isInSeriesOrder
        case .asofJoin(let node): node.left.isInSeriesOrder
        case .values, .generateSeries, .aggregate, .sample, .latest, .join, .sort, .limit,
            .distinct, .union, .window, .apply, .recursive, .rows:
            false
        }
    }
}
