package import BelfryCore
package import BelfrySQL
import BelfryStorage

/// The scope above SAMPLE BY: keys, bucket columns, aggregates and series-aware calls become
/// columns of a grid.
///
/// Where nothing asks for a grid (no FILL, no series-aware call), the plan is an aggregation by
/// keys and bucket and nothing more. Otherwise cells are aggregated from the rows of the range,
/// donors from the rows around it, and a sample node puts them on the grid.
package final class SampleGrouping: Grouping {
    private let relation: Relation
    private let facts: TimeFacts
    private let conditions: [BoundExpression]
    private let range: SampleRange
    private let grid: BucketGrid?
    private let defaultFill: Fill?
    private let binder: Binder
    private let inputScope: RelationScope
    private(set) var keys: [BoundExpression] = []
    private var keyColumns: [PlanColumn] = []
    private var aggregates: [AggregateCall] = []
    private var measures: [SampleNode.Measure] = []
    private var names: [String] = []
    /// Expressions over the relation that series calls take, each once.
    private var arguments: [BoundExpression] = []
    /// Set from outside where other inputs of an ALIGN JOIN ask for a grid.
    var isDense: Bool
    /// The times of all rows of an ALIGN JOIN, where an end is open.
    var sharedBounds: LogicalPlan?

    init(
        keys: [Expression], relation: Relation, facts: TimeFacts, conditions: [BoundExpression],
        range: SampleRange, grid: BucketGrid?, fill: Fill?, isDense: Bool, binder: Binder
    ) throws(QueryError) {
        self.relation = relation
        self.facts = facts
        self.conditions = conditions
        self.range = range
        self.grid = grid
        defaultFill = fill
        self.isDense = isDense
        self.binder = binder
        inputScope = RelationScope(relation, binder: binder, clause: "an aggregate")
        for key in keys {
            if let name = key.bareName, name.folded == "bucket", grid != nil { continue }
            var bound = try binder.bind(key, scope: inputScope)
            if bound.type == .unknown { bound = .cast(bound, .text, key.span) }
            if self.keys.contains(where: { $0.isSame(as: bound) }) { continue }
            self.keys.append(bound)
            keyColumns.append(
                PlanColumn(
                    name: Binder.outputName(key), type: bound.type,
                    kind: relation.kind(of: bound)))
        }
    }

    /// Where `bucket` stands in the output; `bucket_end` and `bucket_filled` follow.
    var bucketIndex: Int { keys.count }
    var measureIndex: Int { keys.count + 3 }
    var keyTypes: [DataType] { keys.map(\.type) }
    var measureEmptyValues: [Value] { measures.map(\.empty) }
    var measureTypes: [DataType] { measures.map(\.type) }

    // MARK: - ExpressionScope

    package func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? {
        switch expression {
        case .literal, .parameter: return nil
        case .column(let reference):
            if let bucket = bucketColumn(reference) { return bucket }
            guard let bound = try? inputScope.column(reference) else { return nil }
            return key(sameAs: bound)
        default:
            if keys.isEmpty || expression.hasAggregate || expression.hasSubquery { return nil }
            guard let bound = try? binder.bind(expression, scope: inputScope) else { return nil }
            return bound.isConstant ? nil : key(sameAs: bound)
        }
    }

    private func key(sameAs expression: BoundExpression) -> BoundExpression? {
        guard let index = keys.firstIndex(where: { $0.isSame(as: expression) }) else { return nil }
        return .column(index, keys[index].type)
    }

    private func bucketColumn(_ reference: ColumnReference) -> BoundExpression? {
        guard reference.table == nil, grid != nil else { return nil }
        switch reference.name.folded {
        case "bucket": return .column(bucketIndex, .timestamptz)
        case "bucket_end": return .column(bucketIndex + 1, .timestamptz)
        case "bucket_filled": return .column(bucketIndex + 2, .boolean)
        default: return nil
        }
    }

    package func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        if let bucket = bucketColumn(reference) { return bucket }
        let bound = try inputScope.column(reference)
        if let key = key(sameAs: bound) { return key }
        throw QueryError(
            "42803",
            "column \"\(reference.name.text)\" must be in GROUP BY or inside an aggregate",
            at: reference.span)
    }

    package func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    package func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }

    package func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        let measure: SampleNode.Measure
        let name = call.name.name.folded
        if ExpressionBinder.isSeriesAware(name) {
            try checkPinned(call)
            let series = try seriesCall(call)
            measure = try filled(
                .series(series), type: series.type, empty: .null, call: call, kind: series.kind)
        } else if let inner = innerSeriesCall(of: call) {
            var series = try seriesCall(inner)
            if call.filter != nil {
                throw .notSupported("FILTER around a series-aware call", at: call.span)
            }
            let scope = SeriesValueScope(type: series.type, binder: binder)
            let outer = try ExpressionBinder(scope: scope, environment: binder.environment)
                .bindAggregate(call, inputScope: scope, timeColumn: nil)
            series.outer = outer
            measure = try filled(
                .series(series), type: outer.type, empty: try emptyValue(outer), call: call,
                kind: .gauge)
        } else {
            let bound = try binder.aggregateCall(call, over: relation, scope: inputScope)
            let index = aggregates.firstIndex { $0.isSame(as: bound) } ?? aggregates.count
            if index == aggregates.count { aggregates.append(bound) }
            let isState =
                bound.arguments.first.map { relation.kind(of: $0) == .state } ?? false
            measure = try filled(
                .cell(index), type: bound.type, empty: try emptyValue(bound), call: call,
                kind: isState && ["first", "last", "min", "max", "mode"].contains(name)
                    ? .state : .gauge)
        }
        measures.append(measure)
        names.append(name)
        return .column(measureIndex + measures.count - 1, measure.type)
    }

    /// What the aggregate is over no rows: 0 for counts, else NULL.
    private func emptyValue(_ call: AggregateCall) throws(QueryError) -> Value {
        let state = call.function.makeState()
        state.grow(to: 1)
        return try state.finish(0..<1).value(0)
    }

    // MARK: - Fills

    private func filled(
        _ source: SampleNode.Measure.Source, type: DataType, empty: Value, call: FunctionCall,
        kind: ColumnKind
    ) throws(QueryError) -> SampleNode.Measure {
        var type = type
        var rule = SampleNode.FillRule(method: .none)
        if let fill = call.fill ?? defaultFill {
            if call.fill != nil { isDense = true }
            switch fill.method {
            case .null: rule.method = .null
            case .previous: rule.method = .previous
            case .next: rule.method = .next
            case .linear:
                guard type.isNumeric && kind != .state else {
                    throw QueryError(
                        "42804", "FILL LINEAR needs numbers that change steadily", at: fill.span,
                        hint: "text, booleans and STATE columns are filled by FILL PREV")
                }
                rule.method = .linear
                type = .double
            case .value(let expression):
                let value = try binder.bindConstant(
                    expression, clause: "FILL", expected: type
                ).value
                rule.method = .value(try fitting(value, type, at: expression.span))
            }
            switch fill.tolerance {
            case let tolerance?: rule.tolerance = try binder.toleranceNanoseconds(tolerance)
            case nil: rule.tolerance = facts.staleAfter
            }
        }
        if case .series = source { isDense = true }
        return SampleNode.Measure(source: source, fill: rule, type: type, empty: empty)
    }

    private func fitting(_ value: Value, _ type: DataType, at span: SourceSpan) throws(QueryError)
        -> Value
    {
        switch (value, type) {
        case (.null, _): return value
        case (.integer(let number), .double): return .double(Double(number))
        case (.double, .bigint), (.double, .integer), (.double, .smallint):
            throw QueryError.typeMismatch(
                "FILL wants a value of type \(type.name) here", at: span)
        default:
            let fits = value.type.layout == type.layout
            if fits { return value }
            throw QueryError.typeMismatch(
                "FILL wants a value of type \(type.name), not \(value.type.name)", at: span)
        }
    }

    // MARK: - Series-aware calls

    private func innerSeriesCall(of call: FunctionCall) -> FunctionCall? {
        guard case .list(let arguments) = call.arguments else { return nil }
        var found: FunctionCall?
        for argument in arguments {
            _ = argument.contains {
                if case .call(let inner) = $0,
                    ExpressionBinder.isSeriesAware(inner.name.name.folded)
                {
                    found = found ?? inner
                }
                return false
            }
        }
        return found
    }

    /// A bare call needs one series a group.
    private func checkPinned(_ call: FunctionCall) throws(QueryError) {
        let isPinned =
            facts.isSeriesPinned
            && facts.seriesIndexes.allSatisfy { index in
                keys.contains { $0.isSame(as: .column(index, .text)) }
                    || conditions.contains { isEquality($0, with: index) }
            }
        if isPinned { return }
        let text = call.name.name.folded
        throw QueryError(
            "42803", "\(text)() is defined on one series, and GROUP BY does not pin one",
            at: call.span,
            hint: "put an aggregate around it, as in sum(\(text)(…)), or group by all tags")
    }

    private func isEquality(_ condition: BoundExpression, with index: Int) -> Bool {
        switch condition {
        case .call(let call) where call.function.name == "=" && call.arguments.count == 2:
            return call.arguments.contains { $0.isSame(as: .column(index, .text)) }
                && call.arguments.contains { $0.usedColumns.isEmpty }
        case .isIn(let operand, let values, _, let isNegated):
            return !isNegated && values.count == 1 && operand.isSame(as: .column(index, .text))
        default: return false
        }
    }

    private func seriesCall(_ call: FunctionCall) throws(QueryError) -> SampleNode.SeriesCall {
        let name = call.name.name.folded
        guard let function = SampleNode.SeriesCall.Function(rawValue: name),
            case .list(let given) = call.arguments, let first = given.first
        else {
            throw QueryError("42883", "\(name)() takes a column or condition", at: call.span)
        }
        for key in keys where key.usedColumns.contains(where: isReading) {
            throw QueryError(
                "42803", "keys beside \(name)() may depend on tags and reference columns only",
                at: call.span)
        }
        let argument = try binder.bind(first, scope: inputScope)
        let kind = relation.kind(of: argument) ?? (argument.type.isNumeric ? .gauge : .state)
        var method: SampleNode.SeriesCall.Method
        switch function {
        case .sample: method = .locf
        case .increase, .rate: method = argument.type == .double ? .linear : .locf
        case .timeAverage, .integral, .coverage:
            method = kind == .state || argument.type == .boolean ? .locf : .linear
        case .timeIn, .resets: method = .locf
        }
        var rest = given.dropFirst()
        var unit: Int64 = 1_000_000_000
        if function == .integral {
            guard let expression = rest.popFirst() else {
                throw QueryError(
                    "42883", "integral() takes a unit, as in integral(power, 'hour')",
                    at: call.span)
            }
            unit = try unitNanoseconds(expression)
        }
        if let expression = rest.popFirst() { method = try self.method(expression, argument.type) }
        if let extra = rest.first {
            throw QueryError("42883", "\(name)() takes no further argument", at: extra.span)
        }
        let type = try resultType(
            function, argument: argument, kind: kind, method: method, call: call)
        var tolerance = facts.staleAfter
        if let clause = call.tolerance { tolerance = try binder.toleranceNanoseconds(clause) }
        let index = arguments.firstIndex { $0.isSame(as: argument) } ?? arguments.count
        if index == arguments.count { arguments.append(argument) }
        var series = SampleNode.SeriesCall(
            function: function, argumentIndex: index, kind: kind, method: method,
            tolerance: tolerance, type: type)
        series.unitNanoseconds = unit
        return series
    }

    /// A measured value: what may differ between two readings of a series.
    private func isReading(_ index: Int) -> Bool { relation.plan.isReading(index) }

    private func method(_ expression: Expression, _ type: DataType) throws(QueryError)
        -> SampleNode.SeriesCall.Method
    {
        let value = try binder.bindConstant(expression, clause: "a method", expected: .text).value
        guard case .text(let name) = value,
            let method = SampleNode.SeriesCall.Method(rawValue: foldedToLowerCase(name))
        else {
            throw QueryError(
                "22023", "the method is 'locf' or 'linear'", at: expression.span)
        }
        if method == .linear && !type.isNumeric {
            throw QueryError(
                "42804", "'linear' needs numbers, not \(type.name)", at: expression.span)
        }
        return method
    }

    private func unitNanoseconds(_ expression: Expression) throws(QueryError) -> Int64 {
        let value = try binder.bindConstant(expression, clause: "a unit", expected: .text).value
        if case .text(let name) = value,
            let interval = Interval("1 " + name) ?? Interval(name),
            let nanoseconds = interval.elapsedNanoseconds(dayIs24Hours: true), nanoseconds > 0
        {
            return nanoseconds
        }
        throw QueryError(
            "22023", "the unit of integral() is a length of time, as in 'hour'",
            at: expression.span)
    }

    private func resultType(
        _ function: SampleNode.SeriesCall.Function, argument: BoundExpression, kind: ColumnKind,
        method: SampleNode.SeriesCall.Method, call: FunctionCall
    ) throws(QueryError) -> DataType {
        let type = argument.type
        func needs(_ isFine: Bool, _ what: String, hint: String? = nil) throws(QueryError) {
            if isFine { return }
            throw QueryError(
                "42804", "\(function.rawValue)() needs \(what)", at: call.span, hint: hint)
        }
        switch function {
        case .sample: return method == .linear ? .double : type
        case .timeAverage, .integral:
            try needs(type.isNumeric || type == .boolean, "numbers or a condition")
            return .double
        case .coverage: return .double
        case .timeIn:
            try needs(type == .boolean, "a condition")
            return .interval
        case .increase, .rate, .resets:
            var isCounting = kind == .counter
            if case .delta = kind { isCounting = true }
            try needs(type.isNumeric, "numbers")
            try needs(
                isCounting, "a COUNTER or DELTA column",
                hint: "if it is one, declare it: ALTER TABLE … ALTER … SET COUNTER")
            if function == .resets { return .bigint }
            return function == .increase && type.isInteger && method == .locf ? .bigint : .double
        }
    }

    // MARK: - The plan

    package func finish() throws(QueryError) -> Relation {
        let inRange = conditions + range.conditions(timeIndex: facts.timeIndex)
        let input = relation.plan.filtered(by: inRange)
        let plan = isDense ? try sample(input) : sparse(input)
        if grid == nil { return Relation(plan: plan, columns: []) }
        return Relation(
            plan: plan, columns: [],
            times: [
                TimeFacts(
                    table: nil, timeIndex: bucketIndex, seriesIndexes: Array(keys.indices),
                    isSeriesPinned: true, staleAfter: nil)
            ])
    }

    private var bucketExpression: BoundExpression {
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        guard let grid else {
            let start = range.start ?? Timestamp(nanoseconds: 0)
            return .constant(.timestamptz(start), .timestamptz)
        }
        return .bucket(time, grid: grid, isEnd: false)
    }

    private func cells(_ input: LogicalPlan) -> LogicalPlan {
        .aggregate(
            AggregateNode(
                input: input, keys: keys + [bucketExpression], aggregates: aggregates,
                columns: keyColumns + [PlanColumn(name: "bucket", type: .timestamptz)]
                    + aggregates.map { PlanColumn(name: $0.function.name, type: $0.type) }))
    }

    private var outputColumns: [PlanColumn] {
        keyColumns + [
            PlanColumn(name: "bucket", type: .timestamptz),
            PlanColumn(name: "bucket_end", type: .timestamptz),
            PlanColumn(name: "bucket_filled", type: .boolean),
        ] + measures.indices.map { PlanColumn(name: names[$0], type: measures[$0].type) }
    }

    /// Only buckets with rows: an aggregation by keys and bucket.
    private func sparse(_ input: LogicalPlan) -> LogicalPlan {
        let cells = cells(input)
        let bucket = BoundExpression.column(bucketIndex, .timestamptz)
        var expressions = keys.indices.map { BoundExpression.column($0, keys[$0].type) }
        expressions.append(bucket)
        if let grid {
            expressions.append(.bucket(bucket, grid: grid, isEnd: true))
        } else {
            expressions.append(bucket)
        }
        expressions.append(.constant(.boolean(false), .boolean))
        for measure in measures {
            if case .cell(let index) = measure.source {
                expressions.append(.column(bucketIndex + 1 + index, measure.type))
            }
        }
        return .project(
            ProjectNode(
                input: cells.filtered(by: [.isNull(bucket, isNegated: true)]),
                expressions: expressions, columns: outputColumns))
    }

    private func sample(_ input: LogicalPlan) throws(QueryError) -> LogicalPlan {
        var node = SampleNode(
            cells: cells(input), grid: grid, start: range.start, end: range.end,
            speakLimit: speakLimit(), keyCount: keys.count, measures: measures,
            columns: outputColumns)
        let needsBounds = range.start == nil || range.end == nil
        if let sharedBounds, needsBounds {
            node.bounds = sharedBounds
        } else if needsBounds {
            node.bounds = try boundsPlan()
        }
        node.donors = donors()
        let calls = measures.compactMap { measure -> SampleNode.SeriesCall? in
            if case .series(let call) = measure.source { return call }
            return nil
        }
        if !calls.isEmpty { evidence(for: calls, into: &node) }
        return .sample(node)
    }

    /// The first and the last time of the rows; one row.
    func boundsPlan() throws(QueryError) -> LogicalPlan {
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        var calls: [AggregateCall] = []
        for name in ["min", "max"] {
            calls.append(try binder.aggregateOfColumn(name, time))
        }
        let input = relation.plan.filtered(
            by: conditions + range.conditions(timeIndex: facts.timeIndex))
        return .aggregate(
            AggregateNode(
                input: input, keys: [], aggregates: calls,
                columns: [
                    PlanColumn(name: "min", type: .timestamptz),
                    PlanColumn(name: "max", type: .timestamptz),
                ]))
    }

    /// No sample speaks past now or the table's last row, whichever is later.
    private func speakLimit() -> Timestamp {
        var limit = binder.context.now
        func visit(_ plan: LogicalPlan) {
            if case .scan(let scan) = plan,
                let bounds = binder.context.snapshot.timeBounds(scan.request.table)
            {
                limit = max(limit, bounds.end)
            }
            for input in plan.inputs { visit(input) }
        }
        visit(relation.plan)
        return limit
    }

    /// Rows around the range that may give to fills, as cells of the same grid.
    private func donors() -> [LogicalPlan] {
        guard let grid else { return [] }
        var plans: [LogicalPlan] = []
        if let start = range.start, let reach = reach(of: { $0 == .before || $0 == .both }) {
            let from = reach.map { lower(start, by: $0, grid: grid) }
            plans.append(
                around(SampleRange(start: from ?? nil, end: grid.start(of: start))))
        }
        if let end = range.end, let reach = reach(of: { $0 == .after || $0 == .both }) {
            let first = grid.start(of: end) == end ? end : grid.end(of: end)
            let to = reach.map { grid.end(of: end.advanced(byNanoseconds: $0)) }
            plans.append(around(SampleRange(start: first, end: to)))
        }
        return plans
    }

    private func around(_ part: SampleRange) -> LogicalPlan {
        cells(
            relation.plan.filtered(by: conditions + part.conditions(timeIndex: facts.timeIndex)))
    }

    private func lower(_ start: Timestamp, by tolerance: Int64, grid: BucketGrid) -> Timestamp {
        let reached = grid.start(of: start.advanced(byNanoseconds: -tolerance))
        return grid.start(of: reached.advanced(byNanoseconds: -1))
    }

    private enum Side { case none, before, after, both }

    /// How far fills of some sides look: nil for none, .some(nil) for no limit.
    private func reach(of isAsked: (Side) -> Bool) -> Int64?? {
        var found = false
        var longest: Int64? = 0
        for measure in measures {
            guard case .cell = measure.source else { continue }
            let side: Side =
                switch measure.fill.method {
                case .none, .null, .value: .none
                case .previous: .before
                case .next: .after
                case .linear: .both
                }
            guard isAsked(side) else { continue }
            found = true
            if let tolerance = measure.fill.tolerance, let known = longest {
                longest = max(known, tolerance)
            } else {
                longest = nil
            }
        }
        return found ? .some(longest) : nil
    }

    /// Rows for series-aware calls: time, series, keys, arguments.
    private func evidence(for calls: [SampleNode.SeriesCall], into node: inout SampleNode) {
        var longest: Int64? = 0
        for call in calls {
            var reach = call.tolerance
            if case .delta(let per) = call.kind,
                let length = per?.elapsedNanoseconds(dayIs24Hours: true)
            {
                reach = reach.map { max($0, length) }
            }
            longest = longest.flatMap { known in reach.map { max(known, $0) } }
        }
        var around = SampleRange()
        if let longest {
            around.start = range.start?.advanced(byNanoseconds: -longest)
            around.end = range.end?.advanced(byNanoseconds: longest).advanced(byNanoseconds: 1)
        }
        var plan = relation.plan.filtered(
            by: conditions + around.conditions(timeIndex: facts.timeIndex))
        let series = facts.seriesIndexes.map {
            BoundExpression.column($0, relation.plan.columns[$0].type)
        }
        let time = BoundExpression.column(facts.timeIndex, .timestamptz)
        if !plan.isInSeriesOrder {
            plan = .sort(
                SortNode(
                    input: plan,
                    keys: (series + [time]).map {
                        SortNode.Key(expression: $0, isDescending: false, nullsFirst: false)
                    }))
        }
        let expressions = [time] + series + keys + arguments
        node.seriesColumnCount = series.count
        let firstArgument = 1 + series.count + keys.count
        for index in node.measures.indices {
            guard case .series(var call) = node.measures[index].source else { continue }
            call.argumentIndex += firstArgument
            node.measures[index].source = .series(call)
        }
        node.evidence = .project(
            ProjectNode(
                input: plan, expressions: expressions,
                columns: expressions.map { PlanColumn(name: "", type: $0.type) }))
    }
}

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
        case .values, .generateSeries: return false
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
            .distinct, .union:
            false
        }
    }
}

extension Binder {
    /// An aggregate of one expression that is bound already.
    func aggregateOfColumn(_ name: String, _ expression: BoundExpression) throws(QueryError)
        -> AggregateCall
    {
        let span = SourceSpan(0, 0)
        let reference = ColumnReference(name: Name(text: "value", span: span))
        let call = FunctionCall(
            name: QualifiedName(name: Name(text: name, span: span)),
            arguments: .list([.column(reference)]), span: span)
        let scope = SeriesValueScope(type: expression.type, binder: self)
        let bound = try ExpressionBinder(scope: scope, environment: environment)
            .bindAggregate(call, inputScope: scope, timeColumn: nil)
        return AggregateCall(
            function: bound.function,
            arguments: bound.arguments.map { $0.mappingColumns { _, _ in expression } },
            span: span)
    }
}

/// The scope inside an aggregate around a series-aware call: its value is the only column.
final class SeriesValueScope: ExpressionScope {
    private let type: DataType
    private let binder: Binder

    init(type: DataType, binder: Binder) {
        self.type = type
        self.binder = binder
    }

    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        if reference.name.folded == "value" { return .column(0, type) }
        throw QueryError(
            "42803", "beside a series-aware call no other column may stand", at: reference.span)
    }

    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? { nil }

    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        if ExpressionBinder.isSeriesAware(call.name.name.folded) { return .column(0, type) }
        throw QueryError("42803", "aggregates cannot be nested", at: call.span)
    }

    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try binder.bindSubqueryExpression(expression, scope: self)
    }

    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try binder.parameter(reference)
    }
}
