import BelfryCore
import BelfrySQL

/// The scope of everything that stands above GROUP BY, SAMPLE BY or ALIGN JOIN, and the maker of
/// their plan.
///
/// 1. It is made from the clauses below it: keys are bound, the grid is known.
/// 2. Select list, HAVING, QUALIFY and ORDER BY are bound over it: whole expressions that are keys
///    become columns (`substitute`), aggregate calls are registered and become columns
///    (`aggregate`), other columns are an error (42803).
/// 3. `finish` gives the plan; what was handed out before are columns of its output.
package protocol Grouping: ExpressionScope {
    /// Called once, after all else. Only plan and times of the relation are used; kinds are taken
    /// from the plan's columns.
    func finish() throws(QueryError) -> Relation
}

/// What a grouping stands on: FROM, and the conditions of WHERE, not yet applied, so that a grid
/// can tell its range from the rest (LANGUAGE D0.5).
package struct GroupingInput: Sendable {
    package var relation: Relation
    /// AND-ed conditions over the relation's columns. Empty where LATEST BY came between.
    package var conditions: [BoundExpression]

    package init(relation: Relation, conditions: [BoundExpression]) {
        self.relation = relation
        self.conditions = conditions
    }

    /// The relation with its conditions applied.
    package var filtered: LogicalPlan { relation.plan.filtered(by: conditions) }
}
