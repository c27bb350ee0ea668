import BelfryCore

/// generate_series: from start to stop, both included, in steps. NULL anywhere gives no row.
final class GenerateSeriesOperator: Operator {
    let columns: [PlanColumn]
    private let node: GenerateSeriesNode
    private let context: QueryContext
    private let environment: EvaluationEnvironment
    private var current: Value?
    private var stop = Value.null
    private var step = Value.null
    private var count: Int64 = 0
    private var hasStarted = false

    init(_ node: GenerateSeriesNode, environment: EvaluationEnvironment, context: QueryContext) {
        self.node = node
        self.context = context
        self.environment = environment
        columns = [node.column]
    }

    func next() throws(QueryError) -> Batch? {
        try context.check()
        if !hasStarted { try start() }
        var builder = VectorBuilder(node.column.type, capacity: context.settings.batchRowCount)
        while builder.count < context.settings.batchRowCount, let value = current {
            builder.append(value)
            current = advanced(value)
        }
        return builder.count == 0 ? nil : Batch([builder.finish()], rowCount: builder.count)
    }

    private func start() throws(QueryError) {
        hasStarted = true
        let first = try ExpressionEvaluator.evaluateConstant(node.start, environment: environment)
        stop = try ExpressionEvaluator.evaluateConstant(node.stop, environment: environment)
        step = try ExpressionEvaluator.evaluateConstant(node.step, environment: environment)
        if first.isNull || stop.isNull || step.isNull { return }
        if direction == 0 {
            throw QueryError("22023", "the step of generate_series must not be 0")
        }
        current = isPastStop(first) ? nil : first
    }

    private var direction: Int {
        switch step {
        case .integer(let step): step > 0 ? 1 : step < 0 ? -1 : 0
        case .double(let step): step > 0 ? 1 : step < 0 ? -1 : 0
        case .interval(let step): step.sortKey > 0 ? 1 : step.sortKey < 0 ? -1 : 0
        case .null, .boolean, .text, .timestamptz, .timestamp, .date: 0
        }
    }

    private func isPastStop(_ value: Value) -> Bool {
        let isUp = direction > 0
        switch (value, stop) {
        case (.integer(let value), .integer(let stop)): return isUp ? value > stop : value < stop
        case (.double(let value), .double(let stop)): return isUp ? value > stop : value < stop
        case (.timestamptz(let value), .timestamptz(let stop)),
            (.timestamp(let value), .timestamp(let stop)):
            return isUp ? value > stop : value < stop
        default: return true
        }
    }

    /// Nil past the stop, and where the type's range ends.
    private func advanced(_ value: Value) -> Value? {
        let following: Value
        switch (value, step) {
        case (.integer(let value), .integer(let step)):
            let (sum, overflow) = value.addingReportingOverflow(step)
            if overflow { return nil }
            following = .integer(sum)
        case (.double(let value), .double(let step)):
            if value + step == value { return nil }
            following = .double(value + step)
        case (.timestamptz(let value), .interval(let step)):
            guard value.isFinite, let sum = value.adding(step, in: environment.zone) else {
                return nil
            }
            following = .timestamptz(sum)
        case (.timestamp(let value), .interval(let step)):
            guard value.isFinite, let sum = value.adding(step, in: .utc) else { return nil }
            following = .timestamp(sum)
        default: return nil
        }
        return isPastStop(following) ? nil : following
    }
}
