import BelfryCore
import BelfrySQL
import BelfryStorage

/// Values on their way into columns: of INSERT, UPDATE and ON CONFLICT DO UPDATE.
extension Binder {
    /// SET column = value, …, by column index.
    func bindAssignments(
        _ assignments: [Assignment], to table: TableSchema, scope: any ExpressionScope
    ) throws(QueryError) -> [Int: BoundExpression] {
        var values: [Int: BoundExpression] = [:]
        for assignment in assignments {
            let index = try column(assignment.column, of: table)
            let column = table.columns[index]
            try checkAssignable(index, of: table, at: assignment.column.span)
            guard values[index] == nil else {
                throw QueryError(
                    "42601", "column \"\(column.name)\" is set twice", at: assignment.column.span)
            }
            if let value = assignment.value {
                values[index] = try assigned(
                    try bind(value, scope: scope, expected: column.type), to: column,
                    at: value.span)
            } else {
                values[index] = try defaultValue(of: column, at: assignment.column.span)
            }
            values[index] = values[index].map { FoldConstants.fold($0, environment: environment) }
        }
        return values
    }

    /// Time, tags and keys name a row and stay what they are as long as it is there.
    private func checkAssignable(_ index: Int, of table: TableSchema, at span: SourceSpan)
        throws(QueryError)
    {
        let column = table.columns[index]
        let what: String
        switch column.role {
        case .time: what = "the TIME KEY"
        case .tag: what = "a tag"
        case .field:
            if !table.primaryKey.contains(index) { return }
            what = "part of the PRIMARY KEY"
        }
        throw QueryError(
            "0A000",
            "\"\(column.name)\" is \(what) of \"\(table.name)\" and cannot be updated", at: span,
            hint: "it names the row: INSERT the row under its new name, and DELETE the old one")
    }

    func column(_ name: Name, of table: TableSchema) throws(QueryError) -> Int {
        let exact = table.columns.firstIndex { $0.name.utf8.elementsEqual(name.folded.utf8) }
        if let exact { return exact }
        let close = table.columns.indices.filter { name.matches(table.columns[$0].name) }
        if close.count == 1 { return close[0] }
        throw QueryError(
            "42703", "table \"\(table.name)\" has no column \"\(name.text)\"", at: name.span,
            hint: Suggestion.text(for: name.text, among: table.columns.map(\.name)))
    }

    /// An expression as a value of a column's type.
    func assigned(
        _ expression: BoundExpression, to column: ColumnSchema, at span: SourceSpan
    ) throws(QueryError) -> BoundExpression {
        if expression.type == column.type { return expression }
        do {
            return try coerced(
                expression, to: column.type,
                expression.type == .unknown ? .explicit : .assignment, at: span)
        } catch  where error.code == "42804" {
            throw QueryError.typeMismatch(
                "column \"\(column.name)\" is of type \(column.type.name), not "
                    + "\(expression.type.name)", at: span, hint: "a cast may help")
        }
    }

    func defaultValue(of column: ColumnSchema, at span: SourceSpan) throws(QueryError)
        -> BoundExpression
    {
        guard let text = column.defaultText else { return .constant(.null, column.type) }
        let tree: Expression
        do {
            tree = try Parser.parseExpression(text)
        } catch {
            throw QueryError(
                "XX001", "the default of column \"\(column.name)\" cannot be read: \(text)")
        }
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        let bound = try bind(tree, over: nothing, clause: "DEFAULT", expected: column.type)
        return try assigned(bound, to: column, at: span)
    }
}
