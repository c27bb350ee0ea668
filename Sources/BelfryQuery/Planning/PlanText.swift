package import BelfryCore
import BelfryStorage

/// A plan as an indented text, a node a line with its inputs below it; what EXPLAIN prints.
package struct PlanText {
    private let zone: TimeZoneRules
    private let measurements: Measurements?
    private var lines: [String] = []

    package static func lines(of plan: LogicalPlan, zone: TimeZoneRules) -> [String] {
        lines(of: plan, zone: zone, measurements: nil)
    }

    static func lines(of plan: LogicalPlan, zone: TimeZoneRules, measurements: Measurements?)
        -> [String]
    {
        var text = PlanText(zone: zone, measurements: measurements)
        text.add(plan, path: [])
        return text.lines
    }

    private init(zone: TimeZoneRules, measurements: Measurements?) {
        self.zone = zone
        self.measurements = measurements
    }

    private mutating func add(_ plan: LogicalPlan, path: [Int]) {
        let indent = String(repeating: "  ", count: path.count)
        var head = indent + heading(plan)
        if let measured = measurements?[path] {
            head += "  (\(measured.rowCount) rows, \(measured.milliseconds) ms)"
        }
        lines.append(head)
        for detail in details(plan) { lines.append("\(indent)  | \(detail)") }
        if let statistics = measurements?[path]?.scan {
            lines.append(
                "\(indent)  | read \(statistics.blocksRead) blocks, skipped "
                    + "\(statistics.blocksSkipped), decoded \(statistics.vectorsDecoded) vectors, "
                    + "\(statistics.bytesRead) bytes")
            lines.append(
                "\(indent)  | answered \(statistics.vectorsSummarised) vectors from statistics, "
                    + "computed on \(statistics.vectorsPacked) packed")
        }
        for (index, input) in plan.inputs.enumerated() { add(input, path: path + [index]) }
    }

    private func heading(_ plan: LogicalPlan) -> String {
        switch plan {
        case .scan(let node):
            let name = node.request.table.name
            return "scan \(name)" + (name == node.alias ? "" : " as \(node.alias)")
        case .values(let node):
            return "values: \(node.rows.count) \(node.rows.count == 1 ? "row" : "rows")"
        case .generateSeries(let node):
            return "generate series from \(text(node.start, [])) to \(text(node.stop, [])) "
                + "by \(text(node.step, []))"
        case .filter(let node):
            return "filter \(text(node.predicate, node.input.columns))"
        case .project(let node):
            let columns = node.input.columns
            let items = node.expressions.indices.map { index -> String in
                let expression = text(node.expressions[index], columns)
                let name = node.columns[index].name
                return name.isEmpty || name == expression ? expression : "\(expression) as \(name)"
            }
            return "project \(items.joined(separator: ", "))"
        case .aggregate(let node):
            let columns = node.input.columns
            let keys = node.keys.map { text($0, columns) }.joined(separator: ", ")
            let calls = node.aggregates.map { text($0, columns) }.joined(separator: ", ")
            return "aggregate "
                + [calls, keys.isEmpty ? "" : "by \(keys)"]
                .filter { !$0.isEmpty }.joined(separator: " ")
        case .sample: return "sample"
        case .latest(let node):
            let keys = node.keys.map { text($0, node.input.columns) }.joined(separator: ", ")
            return "latest \(node.count) by \(keys.isEmpty ? "all" : keys)"
        case .join(let node): return heading(node)
        case .asofJoin(let node): return heading(node)
        case .sort(let node):
            let keys = node.keys.map { key -> String in
                var item = text(key.expression, node.input.columns)
                if key.isDescending { item += " desc" }
                if key.nullsFirst != key.isDescending {
                    item += key.nullsFirst ? " nulls first" : " nulls last"
                }
                return item
            }
            let limit = node.limit.map { "first \($0) " } ?? ""
            return "sort \(limit)by \(keys.joined(separator: ", "))"
        case .limit(let node):
            return "limit \(node.limit.map(String.init) ?? "all")"
                + (node.offset > 0 ? " offset \(node.offset)" : "")
        case .distinct(let node):
            guard let keys = node.keys else { return "distinct" }
            return "distinct on "
                + keys.map { text($0, node.input.columns) }.joined(separator: ", ")
        case .union(let node):
            switch node.kind {
            case .unionAll: return "union all"
            case .union: return "union"
            case .intersect: return "intersect"
            case .intersectAll: return "intersect all"
            case .except: return "except"
            case .exceptAll: return "except all"
            }
        case .recursive(let node):
            return node.isDistinct ? "recursive union" : "recursive union all"
        case .rows: return "rows found last"
        case .apply(let node):
            let parameters = node.parameters.map {
                "\($0.number): \(text($0.expression, node.input.columns))"
            }.joined(separator: ", ")
            let what =
                switch node.form {
                case .scalar: "value"
                case .exists: "exists"
                case .quantified(let isAll): isAll ? "all" : "any"
                case .rows(let keepsUnmatched): keepsUnmatched ? "left rows" : "rows"
                }
            return "subquery \(what) for each outer \(parameters)"
        case .window(let node):
            let columns = node.input.columns
            let calls = node.calls.map { text($0, columns) }.joined(separator: ", ")
            let partition = node.partition.map { text($0, columns) }.joined(separator: ", ")
            let order = node.order.map {
                text($0.expression, columns) + ($0.isDescending ? " desc" : "")
            }.joined(separator: ", ")
            return "window \(calls)" + (partition.isEmpty ? "" : " partition by \(partition)")
                + (order.isEmpty ? "" : " order by \(order)")
        }
    }

    private func heading(_ node: JoinNode) -> String {
        let left = node.left.columns
        let right = node.right.columns
        let kind =
            switch node.kind {
            case .inner: "join"
            case .left: "left join"
            case .right: "right join"
            case .full: "full join"
            case .cross: "cross join"
            case .semi: "semi join"
            case .anti: "anti join"
            }
        let equal = node.nullsMatch ? " is not distinct from " : " = "
        var conditions = zip(node.leftKeys, node.rightKeys).map {
            text($0, left) + equal + text($1, right)
        }
        if let residual = node.residual { conditions.append(text(residual, left + right)) }
        return conditions.isEmpty ? kind : "\(kind) on \(conditions.joined(separator: " and "))"
    }

    private func heading(_ node: AsofJoinNode) -> String {
        let left = node.left.columns
        let right = node.right.columns
        var result = node.isInner ? "as-of inner join" : "as-of join"
        result += " \(node.direction.rawValue)"
        if node.isStrict { result += " strict" }
        if node.ignoresNulls { result += " ignoring nulls" }
        let keys = zip(node.leftKeys, node.rightKeys).map {
            "\(text($0, left)) = \(text($1, right))"
        }
        if !keys.isEmpty { result += " on \(keys.joined(separator: " and "))" }
        result += ", \(text(node.leftTime, left)) to \(right[node.rightTimeIndex].name)"
        if let tolerance = node.tolerance {
            result += ", tolerance \(Interval(nanoseconds: tolerance))"
        }
        return result
    }

    private func details(_ plan: LogicalPlan) -> [String] {
        switch plan {
        case .scan(let node): return details(node)
        case .sample(let node): return details(node)
        case .recursive(let node):
            return PlanText.lines(of: node.step, zone: zone)
        case .apply(let node):
            return PlanText.lines(of: node.subquery, zone: zone)
        case .values, .generateSeries, .filter, .project, .aggregate, .latest, .join, .asofJoin,
            .sort, .limit, .distinct, .union, .window, .rows:
            return []
        }
    }

    private func details(_ node: ScanNode) -> [String] {
        let request = node.request
        var details: [String] = []
        if request.times != .everything { details.append("times \(text(request.times))") }
        if request.tags != .all { details.append("tags \(text(request.tags, request.table))") }
        for condition in request.conditions {
            let name = request.table.columns[condition.columnIndex].name
            switch condition.test {
            case .compares(let comparison, let value):
                details.append("\(name) \(sign(comparison)) \(text(value))")
            case .isIn(let values):
                details.append("\(name) in (\(values.map(text).joined(separator: ", ")))")
            case .hasValue: details.append("\(name) is not null")
            }
        }
        if let latest = request.latest { details.append("latest \(latest) of each series") }
        let names = request.columns.map { request.table.columns[$0].name }
        details.append(
            names.isEmpty ? "row counts alone" : "columns \(names.joined(separator: ", "))")
        if request.summaries != nil && !names.isEmpty {
            details.append("statistics in place of rows where they suffice")
        }
        return details
    }

    private func details(_ node: SampleNode) -> [String] {
        var details: [String] = []
        if let grid = node.grid {
            details.append("grid of \(grid.width) in zone \(grid.zone.name)")
        }
        if node.start != nil || node.end != nil {
            let range = TimeRange(
                start: node.start ?? .negativeInfinity, end: node.end ?? .infinity)
            details.append("range \(text(range))")
        }
        return details
    }

    private func text(_ range: TimeRange) -> String {
        if range.isEmpty { return "none" }
        switch (range.start == .negativeInfinity, range.end == .infinity) {
        case (true, true): return "all"
        case (false, true): return "from \(range.start.text(in: zone))"
        case (true, false): return "before \(range.end.text(in: zone))"
        case (false, false):
            return "from \(range.start.text(in: zone)) before \(range.end.text(in: zone))"
        }
    }

    private func text(_ predicate: TagPredicate, _ table: TableSchema) -> String {
        func name(_ number: UInt32) -> String {
            table.columns.first { $0.number == number }?.name ?? "?"
        }
        func quoted(_ bytes: [UInt8]) -> String { "'\(String(decoding: bytes, as: UTF8.self))'" }
        switch predicate {
        case .all: return "all"
        case .none: return "none"
        case .isIn(let column, let values):
            if values.count == 1 { return "\(name(column)) = \(quoted(values[0]))" }
            let shown = values.prefix(8).map(quoted).joined(separator: ", ")
            return "\(name(column)) in (\(shown)\(values.count > 8 ? ", …" : ""))"
        case .like(let column, let pattern, let ignoresCase):
            return "\(name(column)) \(ignoresCase ? "ilike" : "like") \(quoted(pattern))"
        case .less(let column, let value, let orEqual):
            return "\(name(column)) \(orEqual ? "<=" : "<") \(quoted(value))"
        case .greater(let column, let value, let orEqual):
            return "\(name(column)) \(orEqual ? ">=" : ">") \(quoted(value))"
        case .isNull(let column): return "\(name(column)) is null"
        case .and(let parts):
            return parts.map { text($0, table) }.joined(separator: " and ")
        case .or(let parts):
            return "(\(parts.map { text($0, table) }.joined(separator: " or ")))"
        case .not(let part): return "not (\(text(part, table)))"
        }
    }

    private func sign(_ comparison: ScanRequest.Condition.Comparison) -> String {
        switch comparison {
        case .less: "<"
        case .lessOrEqual: "<="
        case .equal: "="
        case .notEqual: "<>"
        case .greaterOrEqual: ">="
        case .greater: ">"
        }
    }

    // MARK: - Expressions

    private func text(_ call: WindowCall, _ columns: [PlanColumn]) -> String {
        if case .aggregate(let aggregate) = call.function { return text(aggregate, columns) }
        return call.name + "("
            + call.arguments.map { text($0, columns) }.joined(separator: ", ") + ")"
    }

    private func text(_ call: AggregateCall, _ columns: [PlanColumn]) -> String {
        let arguments = call.arguments.map { text($0, columns) }.joined(separator: ", ")
        var result = "\(call.function.name)(\(call.isDistinct ? "distinct " : "")"
        result += "\(call.arguments.isEmpty ? "*" : arguments))"
        if let filter = call.filter { result += " filter (\(text(filter, columns)))" }
        return result
    }

    private func text(_ expression: BoundExpression, _ columns: [PlanColumn]) -> String {
        func inner(_ part: BoundExpression) -> String { text(part, columns) }
        switch expression {
        case .constant(let value, _): return text(value)
        case .column(let index, _):
            let name = index < columns.count ? columns[index].name : ""
            return name.isEmpty ? "#\(index + 1)" : name
        case .call(let call):
            let arguments = call.arguments.map(inner)
            let isSign = call.function.name.utf8.allSatisfy { !($0 >= 97 && $0 <= 122) }
            if isSign && arguments.count == 2 {
                return "(\(arguments[0]) \(call.function.name) \(arguments[1]))"
            }
            return "\(call.function.name)(\(arguments.joined(separator: ", ")))"
        case .and(let parts): return parts.map(inner).joined(separator: " and ")
        case .or(let parts): return "(\(parts.map(inner).joined(separator: " or ")))"
        case .not(let part): return "not \(inner(part))"
        case .isNull(let part, let isNegated):
            return "\(inner(part)) is \(isNegated ? "not " : "")null"
        case .caseWhen(let branches, let otherwise, _):
            let middle = branches.map { "when \(inner($0.condition)) then \(inner($0.result))" }
            let end = otherwise.map { " else \(inner($0))" } ?? ""
            return "case \(middle.joined(separator: " "))\(end) end"
        case .cast(let part, let type, _): return "\(inner(part))::\(type.name.lowercased())"
        case .isIn(let part, let values, let hasNull, let isNegated):
            var shown = values.prefix(8).map { text($0) }
            if values.count > 8 { shown.append("…") }
            if hasNull { shown.append("null") }
            let list = shown.joined(separator: ", ")
            return "\(inner(part)) \(isNegated ? "not " : "")in (\(list))"
        case .outer(let number, _): return "outer \(number)"
        case .coalesce(let parts, _):
            return "coalesce(\(parts.map(inner).joined(separator: ", ")))"
        }
    }

    private func text(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let value): "'\(value)'"
        case .timestamptz(let value): "'\(value.text(in: zone))'"
        case .timestamp(let value): "'\(value.text(in: .utc).dropLast(3))'"
        case .date(let day):
            "'\(Timestamp(nanoseconds: day &* 86_400_000_000_000).text(in: .utc).prefix(10))'"
        case .interval(let value): "'\(value)'"
        }
    }
}
