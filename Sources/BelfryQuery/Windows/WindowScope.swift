import BelfryCore
import BelfrySQL

/// The scope of what may hold window functions: select list, QUALIFY and ORDER BY.
///
/// Everything else is the scope's below: of the rows of FROM, or of groups and aggregates, which
/// windows then see as rows. Each call becomes a column behind all others; since their number is
/// only known at the end, the columns handed out are numbered from `firstColumn` and put right by
/// `plan(over:settled:)`.
final class WindowScope: ExpressionScope {
    /// Columns from here on are window calls.
    private static let firstColumn = 1 << 24

    let base: any ExpressionScope
    private let binder: Binder
    /// What aggregates of an ungrouped query are over.
    private let relation: Relation
    private let named: [NamedWindow]

    private struct Registered {
        var partition: [BoundExpression]
        var order: [SortNode.Key]
        var call: WindowCall
    }
    private var registered: [Registered] = []

    init(_ base: any ExpressionScope, relation: Relation, windows: [NamedWindow], binder: Binder)
        throws(QueryError)
    {
        self.base = base
        self.relation = relation
        self.binder = binder
        named = windows
        for (index, window) in windows.enumerated()
        where windows[..<index].contains(where: { $0.name.folded == window.name.folded }) {
            throw QueryError(
                "42P20", "window \"\(window.name.text)\" is defined twice", at: window.name.span)
        }
    }

    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        try base.column(reference)
    }

    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? {
        try base.substitute(expression)
    }

    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        try base.aggregate(call)
    }

    var collector: SubqueryCollector? { base.collector }

    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        try base.subquery(expression)
    }

    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        try base.parameter(reference)
    }

    // MARK: - Calls

    func window(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        guard let over = call.over else { return try base.aggregate(call) }
        let specification = try resolved(over)
        var partition: [BoundExpression] = []
        for key in specification.partitionBy { partition.append(try bindKey(key)) }
        var order: [SortNode.Key] = []
        for item in specification.orderBy {
            order.append(
                SortNode.Key(
                    expression: try bindKey(item.expression), isDescending: item.isDescending,
                    nullsFirst: item.nullsFirst ?? item.isDescending))
        }
        let binding = WindowCallBinder(
            scope: base, environment: binder.environment, relation: relation, binder: binder)
        let bound = try binding.bind(call, frame: specification.frame, order: order)
        registered.append(Registered(partition: partition, order: order, call: bound))
        return .column(Self.firstColumn + registered.count - 1, bound.type)
    }

    private func bindKey(_ expression: Expression) throws(QueryError) -> BoundExpression {
        let bound = try binder.bind(expression, scope: base)
        return bound.type == .unknown
            ? try binder.coerced(bound, to: .text, at: expression.span) : bound
    }

    /// A window's clauses with those of the window that it builds on.
    private func resolved(_ over: FunctionCall.Over) throws(QueryError) -> WindowSpecification {
        switch over {
        case .name(let name): return try find(name, before: named.count)
        case .specification(let specification):
            return try resolved(specification, before: named.count)
        }
    }

    private func find(_ name: Name, before count: Int) throws(QueryError) -> WindowSpecification {
        guard let index = named[..<count].lastIndex(where: { $0.name.folded == name.folded })
        else {
            throw QueryError(
                "42704", "there is no window \"\(name.text)\"", at: name.span,
                hint: Suggestion.text(for: name.text, among: named.map(\.name.text)))
        }
        // A window may build on those before it alone, so that there are no circles.
        return try resolved(named[index].specification, before: index)
    }

    private func resolved(
        _ specification: WindowSpecification, before count: Int
    ) throws(QueryError) -> WindowSpecification {
        guard let name = specification.base else { return specification }
        let base = try find(name, before: count)
        func refuse(_ what: String) -> QueryError {
            QueryError("42P20", "\(what) of window \"\(name.text)\"", at: specification.span)
        }
        if !specification.partitionBy.isEmpty { throw refuse("cannot override PARTITION BY") }
        if !specification.orderBy.isEmpty && !base.orderBy.isEmpty {
            throw refuse("cannot override ORDER BY")
        }
        if base.frame != nil { throw refuse("cannot copy the frame") }
        return WindowSpecification(
            partitionBy: base.partitionBy,
            orderBy: specification.orderBy.isEmpty ? base.orderBy : specification.orderBy,
            frame: specification.frame, span: specification.span)
    }

    // MARK: - The plan

    var isEmpty: Bool { registered.isEmpty }

    /// The windows over a plan, and where each handed-out column is.
    func plan(
        over input: LogicalPlan, settled: (BoundExpression) -> BoundExpression
    ) -> LogicalPlan {
        for index in registered.indices {
            registered[index].partition = registered[index].partition.map(settled)
            for key in registered[index].order.indices {
                registered[index].order[key].expression = settled(
                    registered[index].order[key].expression)
            }
            registered[index].call = registered[index].call.rewriting(settled)
        }
        var plan = input
        var next = input.columns.count
        places = [Int](repeating: 0, count: registered.count)
        var isDone = [Bool](repeating: false, count: registered.count)
        for index in registered.indices where !isDone[index] {
            // Calls of one window are computed together.
            let alike = registered.indices.filter {
                !isDone[$0] && Self.isSameWindow(registered[$0], registered[index])
            }
            for other in alike {
                isDone[other] = true
                places[other] = next
                next += 1
            }
            let calls = alike.map { registered[$0].call }
            plan = .window(
                WindowNode(
                    input: plan, partition: registered[index].partition,
                    order: registered[index].order, calls: calls,
                    callColumns: calls.map { PlanColumn(name: $0.name, type: $0.type) }))
        }
        return plan
    }
    private var places: [Int] = []

    /// An expression over what `plan(over:)` gave.
    func settled(_ expression: BoundExpression) -> BoundExpression {
        expression.mappingColumns { index, type in
            index >= Self.firstColumn && index < 2 * Self.firstColumn
                ? .column(self.places[index - Self.firstColumn], type) : .column(index, type)
        }
    }

    private static func isSameWindow(_ one: Registered, _ other: Registered) -> Bool {
        one.partition.count == other.partition.count && one.order.count == other.order.count
            && zip(one.partition, other.partition).allSatisfy { $0.isSame(as: $1) }
            && zip(one.order, other.order).allSatisfy {
                $0.expression.isSame(as: $1.expression) && $0.isDescending == $1.isDescending
                    && $0.nullsFirst == $1.nullsFirst
            }
    }
}

extension ExpressionScope {
    /// Whether columns are keys and aggregates of groups.
    var isOfGroups: Bool {
        self is any Grouping || ((self as? WindowScope)?.base is any Grouping)
    }
}
