import BelfryCore
package import BelfrySQL

/// A subquery that uses columns of the query around it: it is run for each distinct set of their
/// values, with these as constants, so that scans below it narrow to what they ask for.
///
/// Output: the input's columns, then what the form adds.
package struct ApplyNode: Sendable {
    package enum Form: Sendable {
        /// One value; NULL where the subquery has no row, an error where it has several.
        case scalar
        /// Whether it has a row.
        case exists
        /// The subquery gives the outcomes of a comparison, row by row: whether one is true (ANY),
        /// or all are.
        case quantified(isAll: Bool)
        /// LATERAL: its columns, a row for each row; where it has none, one of NULLs or no row.
        case rows(keepsUnmatched: Bool)
    }

    /// What an outer column of the subquery is, over the input.
    package struct Parameter: Sendable {
        package var number: Int
        package var expression: BoundExpression
    }

    package var input: LogicalPlan
    package var subquery: LogicalPlan
    package var parameters: [Parameter]
    package var form: Form
    /// Where the statement has it.
    package var span: SourceSpan?
    /// Those added.
    package var addedColumns: [PlanColumn]

    package var columns: [PlanColumn] { input.columns + addedColumns }
}

extension BoundExpression {
    /// The expression with values in place of outer columns.
    func replacingOuter(_ values: [Int: Value]) -> BoundExpression {
        if case .outer(let number, let type) = self {
            return values[number].map { .constant($0, type) } ?? self
        }
        let old = children
        return old.isEmpty ? self : replacingChildren(old.map { $0.replacingOuter(values) })
    }

    /// Whether it uses a column of a query around it.
    var hasOuter: Bool {
        if case .outer = self { return true }
        return children.contains(where: \.hasOuter)
    }
}
