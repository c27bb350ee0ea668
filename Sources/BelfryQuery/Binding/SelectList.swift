package import BelfryCore
import BelfrySQL

/// What orders and limits a query, apart from its body.
struct QueryOrdering {
    var orderBy: [OrderItem] = []
    var limit: Expression?
    var offset: Expression?
}

/// The outputs of a SELECT: what it names, then what only ORDER BY and DISTINCT ON ask for.
struct SelectList {
    var expressions: [BoundExpression] = []
    var columns: [PlanColumn] = []
    /// Which expression of the tree each visible output was; nil where `*` made it.
    var trees: [Expression?] = []
    /// Outputs that are columns declared NOT NULL.
    var notNull: Set<Int> = []
    var visibleCount = 0

    var count: Int { expressions.count }

    /// The place of an expression, added at the end if no output is the same.
    mutating func index(of expression: BoundExpression) -> Int {
        if let found = expressions.firstIndex(where: { $0.isSame(as: expression) }) {
            return found
        }
        expressions.append(expression)
        columns.append(PlanColumn(name: "", type: expression.type))
        return expressions.count - 1
    }
}

extension Binder {
    func bindSelectList(
        _ select: Select, scope: any ExpressionScope, input: GroupingInput
    ) throws(QueryError) -> SelectList {
        var list = SelectList()
        for item in select.items {
            switch item {
            case .expression(let expression, let alias):
                let bound = try bind(expression, scope: scope)
                let name = alias?.folded ?? Self.outputName(expression)
                if case .column(let index, _) = bound, !scope.isOfGroups,
                    let column = input.relation.columns.first(where: { $0.index == index }),
                    column.isNotNull && !column.isNullExtended
                {
                    list.notNull.insert(list.count)
                }
                list.expressions.append(bound)
                list.columns.append(
                    PlanColumn(name: name, type: bound.type, kind: kind(of: bound, input, scope)))
                list.trees.append(expression)
            case .star(let star):
                if scope.isOfGroups {
                    throw QueryError(
                        "42803", "* cannot stand in a grouped query", at: star.span,
                        hint: "name the keys and aggregates")
                }
                try appendStar(star, of: input.relation, to: &list)
            }
        }
        list.visibleCount = list.count
        return list
    }

    private func appendStar(_ star: StarItem, of relation: Relation, to list: inout SelectList)
        throws(QueryError)
    {
        var columns = relation.columns.filter(\.isInStar)
        if let table = star.table {
            guard let name = relation.tableName(table) else {
                throw QueryError(
                    "42P01", "there is no table \"\(table.text)\" in FROM", at: table.span,
                    hint: Suggestion.text(for: table.text, among: relation.tables))
            }
            columns = relation.columns.filter { $0.table == name }
                .sorted { $0.index ?? 0 < $1.index ?? 0 }
        } else if relation.columns.isEmpty {
            throw QueryError("42601", "SELECT * needs a FROM", at: star.span)
        }
        for excluded in star.excluded {
            let count = columns.count
            columns.removeAll { excluded.matches($0.name) }
            if columns.count == count {
                throw QueryError(
                    "42703", "EXCLUDE names no column: \"\(excluded.text)\"", at: excluded.span,
                    hint: Suggestion.text(for: excluded.text, among: columns.map(\.name)))
            }
        }
        for column in columns {
            if column.isNotNull && !column.isNullExtended { list.notNull.insert(list.count) }
            list.expressions.append(column.expression)
            list.columns.append(
                PlanColumn(name: column.name, type: column.type, kind: column.kind))
            list.trees.append(nil)
        }
    }

    /// A kind belongs to a column, also times or divided by a constant (LANGUAGE D1).
    private func kind(
        of expression: BoundExpression, _ input: GroupingInput, _ scope: any ExpressionScope
    ) -> ColumnKind? {
        if scope.isOfGroups { return nil }
        return input.relation.kind(of: expression)
    }

    func bindDistinctKeys(
        _ select: Select, list: inout SelectList, scope: any ExpressionScope
    ) throws(QueryError) -> [BoundExpression]? {
        guard case .on(let expressions) = select.distinct else { return nil }
        var keys: [BoundExpression] = []
        for expression in expressions {
            let index = try outputIndex(
                expression, clause: "DISTINCT ON", list: &list, scope: scope)
            keys.append(.column(index, list.columns[index].type))
        }
        return keys
    }

    func bindOrder(
        _ orderBy: [OrderItem], list: inout SelectList, scope: any ExpressionScope, select: Select
    ) throws(QueryError) -> [SortNode.Key] {
        var keys: [SortNode.Key] = []
        for item in orderBy {
            let index = try outputIndex(
                item.expression, clause: "ORDER BY", list: &list, scope: scope)
            if case .distinct = select.distinct, index >= list.visibleCount {
                throw QueryError(
                    "42P10", "with SELECT DISTINCT, ORDER BY can only use what is selected",
                    at: item.expression.span)
            }
            keys.append(
                SortNode.Key(
                    expression: .column(index, list.columns[index].type),
                    isDescending: item.isDescending,
                    nullsFirst: item.nullsFirst ?? item.isDescending))
        }
        return keys
    }

    /// The output that an ordinal, an output's name or an expression means.
    private func outputIndex(
        _ expression: Expression, clause: String, list: inout SelectList,
        scope: any ExpressionScope
    ) throws(QueryError) -> Int {
        if let ordinal = expression.ordinal {
            guard ordinal >= 1 && ordinal <= list.visibleCount else {
                throw QueryError(
                    "42P10", "\(clause) position \(ordinal) is not in the select list",
                    at: expression.span)
            }
            return Int(ordinal) - 1
        }
        if let name = expression.bareName {
            let found = (0..<list.visibleCount).filter { list.columns[$0].name == name.folded }
            if let first = found.first {
                let isOne = found.allSatisfy {
                    list.expressions[$0].isSame(as: list.expressions[first])
                }
                if !isOne {
                    throw QueryError(
                        "42702", "\(clause) \"\(name.text)\" is ambiguous", at: name.span)
                }
                return first
            }
        }
        return list.index(of: try bind(expression, scope: scope))
    }

    /// PostgreSQL's names of outputs without AS.
    static func outputName(_ expression: Expression) -> String {
        switch expression {
        case .column(let reference): return reference.name.folded
        case .call(let call): return call.name.name.folded
        case .cast(let cast):
            let inner = outputName(cast.operand)
            return inner == "?column?" ? typeOutputName(cast.type.word) : inner
        case .caseWhen(let node):
            if let otherwise = node.otherwise {
                let inner = outputName(otherwise)
                if inner != "?column?" { return inner }
            }
            return "case"
        case .exists: return "exists"
        case .extract: return "extract"
        case .array: return "array"
        case .row: return "row"
        case .atTimeZone: return "timezone"
        case .scalarSubquery(let node):
            if case .select(let select) = node.query.body,
                case .expression(let inner, let alias)? = select.items.first
            {
                return alias?.folded ?? outputName(inner)
            }
            return "?column?"
        case .literal(let literal):
            if case .typed(let type, _) = literal.value { return typeOutputName(type.word) }
            return "?column?"
        case .parameter, .unary, .binary, .isTest, .between, .inList, .inSubquery, .like,
            .quantified:
            return "?column?"
        }
    }

    private static func typeOutputName(_ word: TypeWord) -> String {
        switch word {
        case .boolean: "bool"
        case .smallint: "int2"
        case .integer: "int4"
        case .bigint: "int8"
        case .real: "float4"
        case .double: "float8"
        default: foldedToLowerCase(word.rawValue)
        }
    }
}

extension Relation {
    /// The kind of a column, also times or divided by a constant; nil for any other expression.
    package func kind(of expression: BoundExpression) -> ColumnKind? {
        switch expression {
        case .column(let index, _):
            return columns.first { $0.index == index }?.kind
        case .call(let call) where call.function.name == "*" && call.arguments.count == 2:
            if call.arguments[1].isConstant { return kind(of: call.arguments[0]) }
            if call.arguments[0].isConstant { return kind(of: call.arguments[1]) }
            return nil
        case .call(let call) where call.function.name == "/" && call.arguments.count == 2:
            return call.arguments[1].isConstant ? kind(of: call.arguments[0]) : nil
        case .cast(let inner, let type, _) where type.isNumeric && inner.type.isNumeric:
            return kind(of: inner)
        case .constant, .call, .and, .or, .not, .isNull, .caseWhen, .cast, .isIn, .coalesce,
            .outer:
            return nil
        }
    }
}
