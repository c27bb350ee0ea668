import BelfryCore
package import BelfrySQL

/// Queries: CTEs, set operations, VALUES, and subqueries in expressions.
extension Binder {
    /// A query to a relation whose columns are its outputs, in order.
    package func bindQuery(_ query: BelfrySQL.Query) throws(QueryError) -> Relation {
        var relation = try bindQueryKeepingUnknown(query)
        // A string that nothing has given a type is text from here on.
        let columns = relation.plan.columns
        if columns.contains(where: { $0.type == .unknown }) {
            relation = converted(
                relation, to: columns.map { $0.type == .unknown ? .text : $0.type },
                at: query.span)
        }
        return relation
    }

    /// Like `bindQuery`; columns of bare strings and NULLs keep the type `unknown`.
    func bindQueryKeepingUnknown(_ query: BelfrySQL.Query) throws(QueryError) -> Relation {
        guard depth < Self.depthLimit else {
            throw QueryError("54001", "the statement is nested too deeply", at: query.span)
        }
        depth += 1
        let commonCount = commonTables.count
        defer {
            depth -= 1
            commonTables.removeLast(commonTables.count - commonCount)
        }
        for common in query.with {
            if query.isRecursive, let relation = try bindRecursive(common) {
                let alias = TableAlias(name: common.name, columns: common.columns)
                commonTables.append((common.name.folded, try named(relation, alias)))
                continue
            }
            let inner = nested(in: nil)
            let relation = try inner.bindQuery(common.query)
            adopt(inner)
            let alias = TableAlias(name: common.name, columns: common.columns)
            commonTables.append((common.name.folded, try named(relation, alias)))
        }
        let ordered = QueryOrdering(
            orderBy: query.orderBy, limit: query.limit, offset: query.offset)
        switch query.body {
        case .select(let select):
            return try bindSelect(select, ordered: ordered)
        case .values(let values):
            return try ordering(try bindValues(values), by: ordered)
        case .setOperation(let operation):
            return try ordering(try bindSetOperation(operation), by: ordered)
        case .nested(let inner):
            return try ordering(try bindQueryKeepingUnknown(inner), by: ordered)
        }
    }

    private func bindBody(_ body: QueryBody) throws(QueryError) -> Relation {
        try bindQueryKeepingUnknown(BelfrySQL.Query(body: body, span: body.span))
    }

    // MARK: - VALUES

    func bindValues(_ values: Values) throws(QueryError) -> Relation {
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        let scope = RelationScope(nothing, binder: self, clause: "VALUES")
        var rows: [[BoundExpression]] = []
        var types = [DataType](repeating: .unknown, count: values.rows.first?.count ?? 0)
        for row in values.rows {
            guard row.count == types.count else {
                throw QueryError(
                    "42601", "the rows of VALUES have different lengths", at: values.span)
            }
            var bound: [BoundExpression] = []
            for (index, expression) in row.enumerated() {
                let value = try bind(expression, scope: scope)
                types[index] = try commonType(types[index], value.type, at: expression.span)
                bound.append(value)
            }
            rows.append(bound)
        }
        for row in rows.indices {
            for index in types.indices where rows[row][index].type != types[index] {
                rows[row][index] = try coerced(
                    rows[row][index], to: types[index], at: values.rows[row][index].span)
            }
        }
        let columns = types.indices.map {
            PlanColumn(name: "column\($0 + 1)", type: types[$0])
        }
        return Relation(
            plan: .values(ValuesNode(rows: rows, columns: columns)),
            columns: Self.scopeColumns(columns))
    }

    private func commonType(_ left: DataType, _ right: DataType, at span: SourceSpan)
        throws(QueryError) -> DataType
    {
        if left == right { return left }
        if left == .unknown { return right }
        if right == .unknown { return left }
        guard let type = Coercion.commonType([left, right]) else {
            throw QueryError.typeMismatch(
                "\(left.name) and \(right.name) cannot stand in one column", at: span,
                hint: "cast one of the two")
        }
        return type
    }

    // MARK: - Set operations

    private func bindSetOperation(_ operation: SetOperation) throws(QueryError) -> Relation {
        let left = try bindBody(operation.left)
        let right = try bindBody(operation.right)
        let leftColumns = left.plan.columns
        let rightColumns = right.plan.columns
        guard leftColumns.count == rightColumns.count else {
            throw QueryError(
                "42601",
                "the sides of \(operation.kind.rawValue) have \(leftColumns.count) and "
                    + "\(rightColumns.count) columns", at: operation.right.span)
        }
        var types: [DataType] = []
        for index in leftColumns.indices {
            types.append(
                try commonType(
                    leftColumns[index].type, rightColumns[index].type, at: operation.right.span))
        }
        let kind: UnionNode.Kind =
            switch (operation.kind, operation.isAll) {
            case (.union, true): .unionAll
            case (.union, false): .union
            case (.intersect, true): .intersectAll
            case (.intersect, false): .intersect
            case (.except, true): .exceptAll
            case (.except, false): .except
            }
        var columns = leftColumns
        for index in columns.indices {
            columns[index].type = types[index]
            if columns[index].kind != rightColumns[index].kind {
                columns[index].kind = types[index].isNumeric ? .gauge : .state
            }
        }
        var inputs: [LogicalPlan] = []
        for (side, span) in [(left, operation.left.span), (right, operation.right.span)] {
            let plan = converted(side, to: types, at: span).plan
            if case .union(let node) = plan, node.kind == .unionAll, kind == .unionAll {
                inputs += node.inputs
            } else {
                inputs.append(plan)
            }
        }
        return Relation(
            plan: .union(UnionNode(inputs: inputs, kind: kind, columns: columns)),
            columns: Self.scopeColumns(columns),
            times: kind == .unionAll ? Self.commonTimes(left.times, right.times) : [])
    }

    /// UNION ALL keeps the time where both sides have it in the same places.
    private static func commonTimes(_ left: [TimeFacts], _ right: [TimeFacts]) -> [TimeFacts] {
        guard var facts = left.first, let other = right.first,
            facts.timeIndex == other.timeIndex, facts.seriesIndexes == other.seriesIndexes
        else { return [] }
        // Rows of two tables may share tags: then the tags do not pin one series.
        facts.isSeriesPinned = facts.isSeriesPinned && other.isSeriesPinned
        facts.table = nil
        if facts.staleAfter != other.staleAfter { facts.staleAfter = nil }
        return [facts]
    }

    /// The relation with its columns cast to other types.
    func converted(_ relation: Relation, to types: [DataType], at span: SourceSpan) -> Relation {
        let old = relation.plan.columns
        if zip(old, types).allSatisfy({ $0.type == $1 }) { return relation }
        var columns = old
        var expressions: [BoundExpression] = []
        for index in columns.indices {
            let column = BoundExpression.column(index, old[index].type)
            expressions.append(
                old[index].type == types[index] ? column : .cast(column, types[index], span))
            columns[index].type = types[index]
        }
        var result = relation
        result.plan = .project(
            ProjectNode(input: relation.plan, expressions: expressions, columns: columns))
        for index in result.columns.indices {
            if let place = result.columns[index].index {
                result.columns[index].expression = .column(place, types[place])
            }
        }
        return result
    }

    /// ORDER BY and LIMIT over a finished relation: by its outputs.
    private func ordering(_ relation: Relation, by ordered: QueryOrdering) throws(QueryError)
        -> Relation
    {
        if ordered.orderBy.isEmpty && ordered.limit == nil && ordered.offset == nil {
            return relation
        }
        var result = relation
        let columns = relation.plan.columns
        var keys: [SortNode.Key] = []
        for item in ordered.orderBy {
            let key: BoundExpression
            if let ordinal = item.expression.ordinal {
                guard ordinal >= 1 && ordinal <= columns.count else {
                    throw QueryError(
                        "42P10", "ORDER BY position \(ordinal) is not in the select list",
                        at: item.expression.span)
                }
                key = .column(Int(ordinal) - 1, columns[Int(ordinal) - 1].type)
            } else {
                key = try bind(item.expression, over: relation, clause: "ORDER BY")
            }
            keys.append(
                SortNode.Key(
                    expression: key, isDescending: item.isDescending,
                    nullsFirst: item.nullsFirst ?? item.isDescending))
        }
        if !keys.isEmpty { result.plan = .sort(SortNode(input: result.plan, keys: keys)) }
        result.plan = try limited(result.plan, by: ordered)
        if ordered.limit != nil || ordered.offset != nil { result.times = [] }
        return result
    }
}
