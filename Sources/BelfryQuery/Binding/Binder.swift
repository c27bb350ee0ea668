package import BelfryCore
package import BelfrySQL
package import BelfryStorage

/// Statement to logical plan: names become columns of plans.
///
/// One binder a statement (and one for each subquery in it, linked to the one around it, so that
/// the use of an outer column is told from a misspelt one). Uncorrelated subqueries in expressions
/// are run here, once, and become constants; parameters are constants, too.
///
/// The time-series clauses have binders of their own, called from `bindSelect` and `bindJoin`.
package final class Binder {
    package let catalog: Catalog
    package let context: QueryContext
    package let parameters: [ParameterReference.Key: Value]
    package let environment: EvaluationEnvironment
    /// The CTEs in sight, innermost last.
    var commonTables: [(name: String, relation: Relation)] = []
    /// What the query around this one has in sight; nil at the top.
    var outerScope: (any ExpressionScope)?
    /// Columns of the query around this one that were used so far.
    var outerParameters: [ApplyNode.Parameter] = []
    var outerNumbers = OuterNumbers()
    /// Subqueries, CTEs and parentheses around what is being bound.
    var depth = 0
    /// What a statement may want to be said besides its result.
    package internal(set) var warnings: [String] = []
    /// What EXPLAIN says besides the plan.
    package internal(set) var notes: [String] = []

    package static let depthLimit = 256

    package init(context: QueryContext, parameters: [ParameterReference.Key: Value]) {
        catalog = context.snapshot.catalog
        self.context = context
        self.parameters = parameters
        environment = EvaluationEnvironment(
            zone: context.settings.timeZone, zones: context.zones, now: context.now)
    }

    /// A binder for a query inside the one this binds.
    func nested(in outer: (any ExpressionScope)?) -> Binder {
        let inner = Binder(context: context, parameters: parameters)
        inner.commonTables = commonTables
        inner.outerScope = outer ?? outerScope
        inner.outerNumbers = outerNumbers
        inner.depth = depth + 1
        return inner
    }

    /// Takes over what a binder of an inner query has to say.
    func adopt(_ inner: Binder) {
        warnings += inner.warnings
        notes += inner.notes
        // A subquery of FROM or of WITH stands in the same query as this binder does.
        if inner.outerScope === outerScope { outerParameters += inner.outerParameters }
    }

    package func warn(_ text: String) { warnings.append(text) }

    package func parameter(_ reference: ParameterReference) throws(QueryError) -> Value {
        if let value = parameters[reference.key] { return value }
        let name =
            switch reference.key {
            case .position(let number): "$\(number)"
            case .name(let name): ":\(name)"
            }
        throw QueryError("08P01", "parameter \(name) has no value", at: reference.span)
    }

    /// A table of the catalog.
    package func table(_ name: QualifiedName) throws(QueryError) -> TableSchema {
        if let schema = name.schema, schema.folded != "public" {
            throw QueryError(
                "3F000", "there is no schema \"\(schema.text)\"", at: schema.span,
                hint: "all tables are in public")
        }
        if let exact = catalog.table(named: name.name.folded) { return exact }
        let names = catalog.tables.map(\.name)
        let close = names.filter { name.name.matches($0) }
        if close.count == 1, let found = catalog.table(named: close[0]) { return found }
        throw QueryError(
            "42P01", "there is no table \"\(name.name.text)\"", at: name.span,
            hint: Suggestion.text(for: name.name.text, among: names))
    }

    /// An expression over the columns of a relation.
    package func bind(
        _ expression: Expression, over relation: Relation, clause: String,
        expected: DataType? = nil
    ) throws(QueryError) -> BoundExpression {
        let scope = RelationScope(relation, binder: self, clause: clause)
        return try bind(expression, scope: scope, expected: expected)
    }

    package func bind(
        _ expression: Expression, scope: any ExpressionScope, expected: DataType? = nil
    ) throws(QueryError) -> BoundExpression {
        try ExpressionBinder(scope: scope, environment: environment)
            .bind(expression, expected: expected)
    }

    /// A condition, split at its ANDs.
    package func bindConditions(
        _ expression: Expression?, scope: any ExpressionScope, clause: String
    ) throws(QueryError) -> [BoundExpression] {
        guard let expression else { return [] }
        let bound = try bind(expression, scope: scope, expected: .boolean)
        guard bound.type == .boolean || bound.type == .unknown else {
            throw QueryError(
                "42804", "\(clause) wants a condition, not a value of type \(bound.type.name)",
                at: expression.span)
        }
        return bound.conjuncts
    }

    /// The value of an expression without columns.
    package func bindConstant(_ expression: Expression, clause: String, expected: DataType?)
        throws(QueryError) -> (value: Value, type: DataType)
    {
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        let bound = try bind(expression, over: nothing, clause: clause, expected: expected)
        if bound.hasOuter {
            throw .notSupported(
                "a column of the query around this one in \(clause)", at: expression.span)
        }
        let value = try ExpressionEvaluator.evaluateConstant(bound, environment: environment)
        return (value, bound.type)
    }
}
