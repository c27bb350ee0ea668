package import BelfryCore
package import BelfrySQL
import BelfryStorage

/// FROM to relations: tables, subqueries, functions and joins.
extension Binder {
    /// What commas separate is joined crosswise; without FROM there is one row without columns.
    func bindFrom(_ references: [TableReference]) throws(QueryError) -> Relation {
        guard let first = references.first else {
            return Relation(plan: .values(ValuesNode(rows: [[]], columns: [])), columns: [])
        }
        var relation = try bindTable(first)
        for reference in references.dropFirst() {
            relation = try join(
                relation, with: reference, kind: .cross, condition: .none, at: reference.span)
        }
        return relation
    }

    package func bindTable(_ reference: TableReference) throws(QueryError) -> Relation {
        guard depth < Self.depthLimit else {
            throw QueryError("54001", "the statement is nested too deeply", at: reference.span)
        }
        depth += 1
        defer { depth -= 1 }
        switch reference {
        case .table(let node):
            return try bindNamedTable(node)
        case .subquery(let node):
            let relation = try bindSubquery(node.query)
            return try named(relation, node.alias)
        case .function(let node):
            return try bindFunction(node)
        case .join(let node):
            return try bindJoin(node)
        case .nested(let node):
            let inner = try bindTable(node.table)
            return node.alias == nil ? inner : try named(inner, node.alias)
        }
    }

    private func bindNamedTable(_ node: NamedTable) throws(QueryError) -> Relation {
        if node.name.schema == nil,
            let common = commonTables.last(where: { node.name.name.matches($0.name) })
        {
            let alias = node.alias ?? TableAlias(name: node.name.name)
            return try named(common.relation, alias)
        }
        let table = try table(node.name)
        let relation = scan(of: table, alias: node.alias?.name.folded ?? table.name)
        guard let alias = node.alias, !alias.columns.isEmpty else { return relation }
        return try named(relation, alias)
    }

    /// All rows and columns of a table.
    package func scan(of table: TableSchema, alias: String) -> Relation {
        let columns = table.columns.map {
            PlanColumn(name: $0.name, type: $0.type, kind: $0.kind)
        }
        let node = ScanNode(
            request: ScanRequest(table: table, columns: Array(table.columns.indices)),
            columns: columns, alias: alias)
        var scope = Self.scopeColumns(columns)
        for index in scope.indices {
            scope[index].table = alias
            let column = table.columns[index]
            scope[index].isNotNull =
                column.isNotNull || column.role == .time || table.primaryKey.contains(index)
        }
        var times: [TimeFacts] = []
        if let timeIndex = table.timeIndex {
            times = [
                TimeFacts(
                    table: alias, timeIndex: timeIndex, seriesIndexes: table.tagIndexes,
                    isSeriesPinned: true,
                    staleAfter: table.options.staleAfter?.elapsedNanoseconds(dayIs24Hours: true))
            ]
        }
        return Relation(plan: .scan(node), columns: scope, times: times)
    }

    private func bindSubquery(_ query: BelfrySQL.Query) throws(QueryError) -> Relation {
        let inner = nested(in: nil)
        let relation = try inner.bindQuery(query)
        adopt(inner)
        return relation
    }

    private func bindFunction(_ node: BelfrySQL.FunctionTable) throws(QueryError) -> Relation {
        let name = node.name.name.folded
        guard name == "generate_series" else {
            throw QueryError(
                "42883", "there is no table function \"\(name)\"", at: node.name.span,
                hint: "generate_series(start, stop, step) is one")
        }
        return try named(try generateSeries(node), node.alias ?? TableAlias(name: node.name.name))
    }

    private func generateSeries(_ node: BelfrySQL.FunctionTable) throws(QueryError) -> Relation {
        let nothing = Relation(plan: .values(ValuesNode(rows: [], columns: [])), columns: [])
        guard (2...3).contains(node.arguments.count) else {
            throw QueryError(
                "42883", "generate_series takes a start, a stop and a step", at: node.span)
        }
        let scope = RelationScope(nothing, binder: self, clause: "generate_series")
        var ends: [BoundExpression] = []
        for argument in node.arguments.prefix(2) { ends.append(try bind(argument, scope: scope)) }
        // A plain string takes the type of the other end; two are times.
        var type = ends[0].type == .unknown ? ends[1].type : ends[0].type
        if type == .unknown || type == .date || type == .text { type = .timestamptz }
        if type.isInteger { type = ends[1].type == .double ? .double : .bigint }
        for index in ends.indices where ends[index].type != type {
            ends[index] = try coerced(
                ends[index], to: type, .explicit, at: node.arguments[index].span)
        }
        let stepType: DataType = type.isTemporal ? .interval : type
        var step: BoundExpression
        if node.arguments.count == 3 {
            step = try bind(node.arguments[2], scope: scope, expected: stepType)
            step = try coerced(step, to: stepType, at: node.arguments[2].span)
        } else if type.isTemporal {
            throw QueryError(
                "42883", "generate_series of times takes a step", at: node.span,
                hint: "generate_series(start, stop, '1 hour')")
        } else {
            step = .constant(type == .double ? .double(1) : .integer(1), type)
        }
        guard type.isNumeric || type.isTemporal else {
            throw QueryError(
                "42883", "generate_series takes numbers or times, not \(type.name)", at: node.span)
        }
        let column = PlanColumn(name: "generate_series", type: type)
        let plan = LogicalPlan.generateSeries(
            GenerateSeriesNode(start: ends[0], stop: ends[1], step: step, column: column))
        return Relation(
            plan: plan, columns: Self.scopeColumns([column]),
            times: type == .timestamptz
                ? [
                    TimeFacts(
                        table: nil, timeIndex: 0, seriesIndexes: [], isSeriesPinned: false,
                        staleAfter: nil)
                ] : [])
    }

    /// The relation under an alias: its columns have that one table, and new names if given.
    func named(_ relation: Relation, _ alias: TableAlias?) throws(QueryError) -> Relation {
        guard let alias else { return relation }
        var result = relation
        result.columns = relation.columns.filter(\.isInStar)
        if alias.columns.count > result.columns.count {
            throw QueryError(
                "42P10",
                "table \"\(alias.name.text)\" has \(result.columns.count) columns, but "
                    + "\(alias.columns.count) names are given for them",
                at: alias.columns[result.columns.count].span)
        }
        // A function's single column takes the name of the alias, as in PostgreSQL.
        if alias.columns.isEmpty, case .generateSeries = relation.plan {
            result.columns[0].name = alias.name.folded
        }
        for index in result.columns.indices {
            result.columns[index].table = alias.name.folded
            // The right time of an as-of join stays behind the left one of its name.
            let name = result.columns[index].name
            result.columns[index].isHidden =
                result.columns[index].isHidden
                && result.columns.contains { !$0.isHidden && $0.name == name }
            if index < alias.columns.count {
                result.columns[index].name = alias.columns[index].folded
            }
        }
        for index in result.times.indices { result.times[index].table = alias.name.folded }
        return result
    }
}
