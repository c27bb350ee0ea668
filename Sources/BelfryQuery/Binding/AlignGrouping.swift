import BelfryCore
import BelfrySQL

/// What an ALIGN JOIN asks of the grouping of one input.
protocol AlignPart: Grouping {
    /// What each measure handed out so far is over no rows.
    var emptyValues: [Value] { get }
    /// How many columns stand before the first measure.
    var measureStart: Int { get }
}

extension AggregateGrouping: AlignPart {
    var measureStart: Int { keyCount }
}

extension SampleGrouping: AlignPart {
    var emptyValues: [Value] { measureEmptyValues }
    var measureStart: Int { measureIndex }
}

/// The scope above an ALIGN JOIN: every aggregate goes to the one input whose columns it uses.
///
/// The inputs' results are joined FULL on keys and bucket, NULL keys being equal; an input with
/// fewer keys repeats its values over the rest and makes no rows of its own.
final class AlignGrouping: Grouping {
    private let inputs: [AlignInput]
    private let parts: [any AlignPart]
    private let keys: [Expression]
    private let isSampled: Bool
    private let binder: Binder
    /// Handed out so far: an input, and a column of its result.
    private var measures: [(input: Int, column: Int, type: DataType)] = []
    private let keyTypes: [DataType]

    init(
        inputs: [AlignInput], parts: [any AlignPart], keys: [Expression], isSampled: Bool,
        binder: Binder
    ) {
        self.inputs = inputs
        self.parts = parts
        self.keys = keys
        self.isSampled = isSampled
        self.binder = binder
        keyTypes = keys.map { key in
            guard let part = parts.first, let bound = try? part.substitute(key) else {
                return .text
            }
            return bound.type
        }
    }

    private var measureIndex: Int { keys.count + (isSampled ? 3 : 0) }

    // MARK: - ExpressionScope

    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? {
        guard case .column(let reference) = expression, reference.table == nil else { return nil }
        if isSampled {
            switch reference.name.folded {
            case "bucket": return .column(keys.count, .timestamptz)
            case "bucket_end": return .column(keys.count + 1, .timestamptz)
            case "bucket_filled": return .column(keys.count + 2, .boolean)
            default: break
            }
        }
        guard
            let index = keys.firstIndex(where: {
                $0.bareName?.folded == reference.name.folded
            })
        else { return nil }
        return .column(index, keyTypes[index])
    }

    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        if let found = try substitute(.column(reference)) { return found }
        throw QueryError(
            "42803",
            "column \"\(reference.name.text)\" must be a key or inside an aggregate of one input",
            at: reference.span)
    }

    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        let input = try input(of: call)
        let bound = try parts[input].aggregate(call)
        guard case .column(let column, let type) = bound else { return bound }
        let place = measures.firstIndex { $0.input == input && $0.column == column }
        if let place { return .column(measureIndex + place, type) }
        measures.append((input, column, type))
        return .column(measureIndex + measures.count - 1, type)
    }

    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }

    /// The one input whose columns an aggregate uses.
    private func input(of call: FunctionCall) throws(QueryError) -> Int {
        switch call.arguments {
        case .star:
            throw QueryError(
                "42803", "\(call.name.name.folded)(*) does not say of which input", at: call.span,
                hint: "count the rows of one, as in count(\(firstTable).*)")
        case .starOf(let table):
            for index in inputs.indices where inputs[index].relation.tableName(table) != nil {
                return index
            }
            throw QueryError(
                "42P01", "there is no table \"\(table.text)\" in FROM", at: table.span,
                hint: Suggestion.text(
                    for: table.text, among: inputs.flatMap(\.relation.tables)))
        case .list: break
        }
        var owners = Set<Int>()
        for reference in Expression.call(call).columnReferences {
            let having = inputs.indices.filter { inputs[$0].has(reference) }
            if having.isEmpty {
                throw QueryError(
                    "42703", "no input has a column \"\(reference.name.text)\"",
                    at: reference.span,
                    hint: Suggestion.text(
                        for: reference.name.text,
                        among: inputs.flatMap { $0.relation.columns.map(\.name) }))
            }
            if having.count > 1 {
                throw QueryError(
                    "42702", "column \"\(reference.name.text)\" is ambiguous", at: reference.span,
                    hint: "say which: "
                        + having.compactMap { inputs[$0].relation.tables.first }
                        .map { "\($0).\(reference.name.text)" }.joined(separator: " or "))
            }
            owners.formUnion(having)
        }
        guard owners.count == 1, let owner = owners.first else {
            throw QueryError(
                "42803", "an aggregate must use columns of exactly one input of an ALIGN JOIN",
                at: call.span,
                hint: "arithmetic between aggregates is free, as in sum(a.x) / sum(b.y)")
        }
        return owner
    }

    private var firstTable: String { inputs.first?.relation.tables.first ?? "t" }

    // MARK: - The plan

    func finish() throws(QueryError) -> Relation {
        let samples = parts.compactMap { $0 as? SampleGrouping }
        if samples.contains(where: \.isDense) {
            for sample in samples { sample.isDense = true }
            let bounds = try sharedBounds(samples)
            for sample in samples { sample.sharedBounds = bounds }
        }
        var columnOf: [Int] = []
        var plan = try firstPlan(&columnOf)
        for index in inputs.indices.dropFirst() {
            plan = try joined(plan, with: index, &columnOf)
        }
        // Measures in the order in which they were handed out.
        let head = (0..<measureIndex).map {
            BoundExpression.column($0, plan.columns[$0].type)
        }
        let expressions =
            head + measures.indices.map { .column(columnOf[$0], measures[$0].type) }
        let columns =
            Array(plan.columns.prefix(measureIndex))
            + measures.indices.map { PlanColumn(name: "", type: measures[$0].type) }
        let output = LogicalPlan.project(
            ProjectNode(input: plan, expressions: expressions, columns: columns))
        var times: [TimeFacts] = []
        if isSampled {
            times = [
                TimeFacts(
                    table: nil, timeIndex: keys.count, seriesIndexes: Array(keys.indices),
                    isSeriesPinned: true, staleAfter: nil)
            ]
        }
        return Relation(plan: output, columns: [], times: times)
    }

    /// The first and last time over all inputs, so that all have one grid.
    private func sharedBounds(_ samples: [SampleGrouping]) throws(QueryError) -> LogicalPlan {
        var plans: [LogicalPlan] = []
        for sample in samples { plans.append(try sample.boundsPlan()) }
        guard plans.count > 1 else { return plans[0] }
        return .union(UnionNode(inputs: plans, kind: .unionAll, columns: plans[0].columns))
    }

    private func firstPlan(_ columnOf: inout [Int]) throws(QueryError) -> LogicalPlan {
        let plan = try parts[0].finish().plan
        columnOf = measures.map { $0.input == 0 ? $0.column : -1 }
        return plan
    }

    private func joined(_ left: LogicalPlan, with index: Int, _ columnOf: inout [Int])
        throws(QueryError) -> LogicalPlan
    {
        let right = try parts[index].finish().plan
        let width = left.columns.count
        let ownKeys = inputs[index].keyIndexes
        let isFull = ownKeys.count == keys.count
        var leftKeys = ownKeys.map { BoundExpression.column($0, left.columns[$0].type) }
        var rightKeys = ownKeys.indices.map {
            BoundExpression.column($0, right.columns[$0].type)
        }
        if isSampled {
            leftKeys.append(.column(keys.count, .timestamptz))
            rightKeys.append(.column(ownKeys.count, .timestamptz))
        }
        let join = LogicalPlan.join(
            JoinNode(
                left: left, right: right, kind: isFull ? .full : .left, leftKeys: leftKeys,
                rightKeys: rightKeys, nullsMatch: true))
        var expressions: [BoundExpression] = []
        for key in keys.indices {
            let mine = BoundExpression.column(key, left.columns[key].type)
            if isFull {
                let theirs = BoundExpression.column(width + key, left.columns[key].type)
                expressions.append(.coalesce([mine, theirs], left.columns[key].type))
            } else {
                expressions.append(mine)
            }
        }
        if isSampled {
            let right = width + ownKeys.count
            for offset in 0..<2 {
                expressions.append(
                    .coalesce(
                        [
                            .column(keys.count + offset, .timestamptz),
                            .column(right + offset, .timestamptz),
                        ], .timestamptz))
            }
            expressions.append(
                .and(
                    [keys.count + 2, right + 2].map {
                        .coalesce(
                            [.column($0, .boolean), .constant(.boolean(true), .boolean)], .boolean)
                    }))
        }
        // A side without rows in a cell gives its aggregates over no rows.
        for place in measures.indices {
            let isRight = measures[place].input == index
            guard isRight || columnOf[place] >= 0 else { continue }
            let column = isRight ? width + measures[place].column : columnOf[place]
            let part = parts[measures[place].input]
            let empty = part.emptyValues[measures[place].column - part.measureStart]
            let value = BoundExpression.column(column, measures[place].type)
            columnOf[place] = expressions.count
            expressions.append(
                empty.isNull
                    ? value
                    : .coalesce(
                        [value, .constant(empty, measures[place].type)], measures[place].type))
        }
        let names = left.columns.prefix(measureIndex).map(\.name)
        return .project(
            ProjectNode(
                input: join, expressions: expressions,
                columns: expressions.indices.map {
                    PlanColumn(name: $0 < names.count ? names[$0] : "", type: expressions[$0].type)
                }))
    }
}
