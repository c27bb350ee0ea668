import BelfryCodecs
import BelfryCore
import BelfryStorage

/// Asks a scan below an aggregation for summaries: counts, sums, least and greatest values that
/// statistics of whole vectors and blocks tell, in place of their rows.
///
/// Holds where every aggregate is a count, sum, average, minimum or maximum of a plain column, and
/// groups go by tags and by buckets of the time alone. A filter that stayed above the scan must see
/// the rows, and so forbids it; conditions within the scan do not.
enum SummariesIntoScans {
    static func apply(_ plan: LogicalPlan, _ context: QueryContext) -> LogicalPlan {
        let plan = plan.replacingInputs(plan.inputs.map { apply($0, context) })
        guard case .aggregate(let node) = plan,
            context.settings.usesStatistics || context.settings.usesPacked
        else { return plan }
        return summarising(node, context).map { .aggregate($0) } ?? plan
    }

    private static func summarising(_ node: AggregateNode, _ context: QueryContext)
        -> AggregateNode?
    {
        var node = node
        while case .project(let project) = node.input {
            func composed(_ expression: BoundExpression) -> BoundExpression {
                expression.mappingColumns { index, _ in project.expressions[index] }
            }
            node.keys = node.keys.map(composed)
            node.aggregates = node.aggregates.map { $0.rewriting(composed) }
            node.input = project.input
        }
        guard case .scan(var scan) = node.input, scan.request.latest == nil else { return nil }
        let request = scan.request
        var needs = [SummaryRequest.Need](repeating: .nothing, count: request.columns.count)
        for call in node.aggregates {
            guard !call.isDistinct, call.filter == nil,
                call.function.makeState() is any SummaryAggregateState
            else { return nil }
            if call.arguments.isEmpty { continue }
            guard call.arguments.count == 1, case .column(let index, _) = call.arguments[0],
                let need = need(call.function.name, request.table.columns[request.columns[index]])
            else { return nil }
            if needs[index] != .statistics { needs[index] = need }
        }
        var isBySeries = false
        var buckets: [BoundExpression] = []
        for key in node.keys {
            if case .column(let index, _) = key,
                request.table.columns[request.columns[index]].role == .tag
            {
                isBySeries = true
            } else if isBucket(key, request, context) {
                buckets.append(key)
            } else {
                return nil
            }
        }
        scan.request.summaries = SummaryRequest(
            needs: needs, isBySeries: isBySeries,
            isOneGroup: buckets.isEmpty ? nil : oneGroup(buckets, context.environment))
        node.input = .scan(scan)
        return node
    }

    /// What an aggregate wants to know of a column; nil where statistics do not tell it.
    private static func need(_ name: String, _ column: ColumnSchema) -> SummaryRequest.Need? {
        let isOrdered = column.type.layout == .integers || column.type.layout == .doubles
        switch (column.role, name) {
        case (.tag, _): return nil
        case (_, "count"): return .count
        case (_, "min"), (_, "max"): return isOrdered ? .statistics : nil
        case (.field, "sum"), (.field, "avg"):
            return column.type.isInteger || column.type == .double ? .statistics : nil
        default: return nil
        }
    }

    /// A bucket of the time column that never falls while the time rises.
    private static func isBucket(
        _ key: BoundExpression, _ request: ScanRequest, _ context: QueryContext
    ) -> Bool {
        guard case .call(let call) = key else { return false }
        let varying = call.arguments.filter { !$0.isConstant }
        guard varying.count == 1, case .column(let index, let type) = varying[0],
            request.columns[index] == request.table.timeIndex
        else { return false }
        switch call.function.name {
        case "time_bucket", "bucket", "bucket_end": return true
        case let name where name.hasPrefix("date_trunc "):
            // Where clocks change, units below a day could fall.
            return call.arguments.count == 2
                && (type == .timestamp || context.settings.timeZone.fixedOffsetSeconds != nil)
        default: return false
        }
    }

    /// Whether two times lie in the same buckets.
    private static func oneGroup(
        _ buckets: [BoundExpression], _ environment: EvaluationEnvironment
    ) -> @Sendable (Int64, Int64) -> Bool {
        // The constants are in the functions; their vectors only take their places.
        let calls = buckets.compactMap { bucket -> (ScalarFunction, [Vector?], DataType)? in
            guard case .call(let call) = bucket else { return nil }
            return (
                call.function,
                call.arguments.map { $0.isConstant ? Vector.nulls($0.type, count: 1) : nil },
                call.type
            )
        }
        return { first, last in
            if first == last { return true }
            for (function, places, type) in calls {
                let times = Vector(type, .integers([first, last]))
                guard
                    let starts = try? function.kernel(places.map { $0 ?? times }, 2, environment),
                    case .integers(let values) = starts.storage, values.count == 2,
                    values[0] == values[1], starts.validity.isAll
                else { return false }
            }
            return true
        }
    }
}
