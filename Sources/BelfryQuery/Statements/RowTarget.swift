import BelfryCore
import BelfrySQL
import BelfryStorage

/// The rows that an UPDATE or DELETE is for: a table and a condition, bound and narrowed by the
/// rules of a query, so that a statement changes exactly the rows that a SELECT with its WHERE
/// shows.
struct RowTarget {
    let table: TableSchema
    /// The columns of the table, under the name that the statement uses.
    let relation: Relation
    private let binder: Binder
    /// The whole condition; nil where every row is meant.
    private let predicate: BoundExpression?
    /// The scan with what of the condition it judges itself, and whether that is all of it.
    private let narrowed: ScanNode
    private let isAllNarrowed: Bool

    init(_ name: QualifiedName, alias: Name?, filter: Expression?, binder: Binder)
        throws(QueryError)
    {
        table = try binder.table(name)
        relation = binder.scan(of: table, alias: alias?.folded ?? table.name)
        self.binder = binder
        let scope = RelationScope(relation, binder: binder, clause: "WHERE")
        let environment = binder.environment
        let conditions = try binder.bindConditions(filter, scope: scope, clause: "WHERE").map {
            FoldConstants.fold($0, environment: environment)
        }
        predicate = BoundExpression.conjunction(conditions)
        let plan = try NarrowScans.apply(
            relation.plan.filtered(by: conditions), binder.context)
        switch plan {
        case .scan(let node):
            narrowed = node
            isAllNarrowed = node.request.conditions.isEmpty
        case .filter(let filter):
            guard case .scan(let node) = filter.input else { fallthrough }
            narrowed = node
            isAllNarrowed = false
        default:
            throw QueryError("XX000", "a condition on a table became no scan of it")
        }
    }

    /// The series and times of all rows meant, where these are all rows of those series in those
    /// times: what one tombstone can say. Nil where it takes more to tell the rows.
    ///
    /// What no rule of `NarrowScans` takes whole stays in the filter, and then this is nil: a form
    /// that is not understood costs time and never a row too many or too few.
    var range: (series: SeriesSet?, times: TimeRange)? {
        guard isAllNarrowed else { return nil }
        let tags = narrowed.request.tags
        if table.isReference && (tags != .all || narrowed.request.times != .everything) {
            // No row, or conditions on a table that has neither tags nor times.
            return narrowed.request.times.isEmpty ? (.empty, .nothing) : nil
        }
        return (
            tags == .all ? nil : binder.context.snapshot.seriesNumbers(table, tags),
            narrowed.request.times
        )
    }

    /// How many rows are meant, where `range` tells them.
    func rangeRowCount() throws(QueryError) -> Int {
        var scan = narrowed
        scan.request.columns = []
        scan.request.order = .any
        let rows = ScanOperator(scan, context: binder.context)
        var count = 0
        while let batch = try rows.next() { count += batch.rowCount }
        return count
    }

    /// Of each row meant: the expressions over the table's columns. Batches say by extents whose
    /// rows are whose; in a series times ascend.
    func rows(_ expressions: [BoundExpression]) throws(QueryError) -> any Operator {
        try operators(filtered, expressions)
    }

    /// The same of every row of the series and times concerned, whether it is meant or not; first
    /// comes a Boolean that tells. The expressions after it see all rows.
    func candidates(_ expressions: [BoundExpression]) throws(QueryError) -> any Operator {
        try operators(.scan(candidateScan), [matches] + expressions)
    }

    /// Whether a row is meant; never NULL.
    var matches: BoundExpression {
        let truth = BoundExpression.constant(.boolean(true), .boolean)
        guard let predicate else { return truth }
        return .caseWhen(
            [BoundExpression.Branch(condition: predicate, result: truth)],
            otherwise: .constant(.boolean(false), .boolean), .boolean)
    }

    /// How the expressions of the rows meant are found, for EXPLAIN.
    func plan(_ expressions: [BoundExpression]) throws(QueryError) -> LogicalPlan {
        try plan(
            keysRepeat ? .scan(candidateScan) : filtered,
            keysRepeat ? [matches] + expressions : expressions)
    }

    /// The scan that tells series and times of `range`.
    var rangePlan: LogicalPlan {
        var scan = narrowed
        scan.request.columns = []
        return .scan(scan)
    }

    private var candidateScan: ScanNode {
        var scan = narrowed
        scan.request.conditions = []
        return scan
    }

    private var filtered: LogicalPlan {
        relation.plan.filtered(by: predicate.map { [$0] } ?? [])
    }

    private func plan(_ input: LogicalPlan, _ expressions: [BoundExpression])
        throws(QueryError) -> LogicalPlan
    {
        let plan = LogicalPlan.project(
            ProjectNode(
                input: input, expressions: expressions,
                columns: expressions.map { PlanColumn(name: "", type: $0.type) }))
        return try Optimizer.optimize(plan, context: binder.context)
    }

    private func operators(_ input: LogicalPlan, _ expressions: [BoundExpression])
        throws(QueryError) -> any Operator
    {
        try PhysicalPlanner.operators(
            for: try plan(input, expressions), context: binder.context)
    }

    /// A column of the table as an expression over it.
    func column(_ index: Int) -> BoundExpression { .column(index, table.columns[index].type) }

    /// Whether several rows may have one key, so that a row cannot be named by it.
    var keysRepeat: Bool { table.options.duplicateRule == .append }
}
