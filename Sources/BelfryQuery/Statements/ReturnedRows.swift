import BelfryCore
import BelfrySQL

/// RETURNING: what a statement gives of the rows that it changed, gathered while it changes them.
final class ReturnedRows {
    /// Over the columns of the table as the statement leaves them.
    private(set) var expressions: [BoundExpression]
    private let columns: [PlanColumn]
    private var rows: BatchAccumulator
    private let context: QueryContext
    private var reserved = 0

    /// Nil without RETURNING.
    init?(_ items: [SelectItem], over relation: Relation, binder: Binder) throws(QueryError) {
        if items.isEmpty { return nil }
        let scope = RelationScope(relation, binder: binder, clause: "RETURNING")
        var select = Select(span: items[0].span)
        select.items = items
        let list = try binder.bindSelectList(
            select, scope: scope, input: GroupingInput(relation: relation, conditions: []))
        expressions = list.expressions
        columns = list.columns
        rows = BatchAccumulator(types: list.columns.map(\.type))
        context = binder.context
    }

    /// The expressions with columns replaced by what the statement makes of them.
    func assign(_ values: [Int: BoundExpression]) {
        expressions = expressions.map { expression in
            expression.mappingColumns { index, type in values[index] ?? .column(index, type) }
        }
    }

    /// The expressions where the condition is true, NULL elsewhere: of other rows nothing is
    /// evaluated.
    func guarded(by condition: BoundExpression) -> [BoundExpression] {
        expressions.map { expression in
            .caseWhen(
                [BoundExpression.Branch(condition: condition, result: expression)],
                otherwise: nil, expression.type)
        }
    }

    /// Computes what is given of whole rows of the table.
    /// - Parameter assigning: columns that become something else.
    func add(
        rows vectors: [Vector], rowCount: Int, assigning values: [Int: BoundExpression] = [:]
    ) throws(QueryError) {
        let evaluators = expressions.map { expression in
            ExpressionEvaluator(
                values.isEmpty
                    ? expression
                    : expression.mappingColumns { values[$0] ?? .column($0, $1) },
                environment: context.environment)
        }
        for start in stride(from: 0, to: rowCount, by: Vector.capacity) {
            let range = start..<min(rowCount, start + Vector.capacity)
            let batch = Batch(vectors.map { $0.slice(range) }, rowCount: range.count)
            var made: [Vector] = []
            for evaluator in evaluators { made.append(try evaluator.evaluate(batch)) }
            try add(made[...], rowCount: range.count)
        }
    }

    func add(_ vectors: ArraySlice<Vector>, rowCount: Int) throws(QueryError) {
        if rowCount == 0 { return }
        rows.append(Array(vectors), rowCount: rowCount)
        if rows.byteCount > reserved {
            try context.reserve(rows.byteCount - reserved, for: "RETURNING")
            reserved = rows.byteCount
        }
    }

    func running(_ command: String, binder: Binder) -> RunningQuery {
        RunningQuery(
            GatheredOperator(columns: columns, vectors: rows.finish(), rowCount: rows.rowCount),
            command: command, context: context, warnings: binder.warnings)
    }
}

/// Rows that were gathered before.
private final class GatheredOperator: Operator {
    let columns: [PlanColumn]
    private let vectors: [Vector]
    private let rowCount: Int
    private var given = 0

    init(columns: [PlanColumn], vectors: [Vector], rowCount: Int) {
        self.columns = columns
        self.vectors = vectors
        self.rowCount = rowCount
    }

    func next() throws(QueryError) -> Batch? {
        if given == rowCount { return nil }
        let range = given..<min(rowCount, given + Vector.capacity)
        given = range.upperBound
        return Batch(vectors.map { $0.slice(range) }, rowCount: range.count)
    }
}
