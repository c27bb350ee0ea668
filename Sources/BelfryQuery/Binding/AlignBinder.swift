import BelfryCore
package import BelfrySQL

/// ALIGN JOIN to a grouping: each input aggregated by itself, the results joined on the grid
/// (LANGUAGE D6).
package enum AlignBinder {
    /// The whole select from FROM up to grouping; called where the FROM is an ALIGN JOIN. WHERE is
    /// split among the inputs here.
    /// - Parameter keys: the GROUP BY expressions, ordinals and aliases already resolved.
    package static func grouping(_ select: Select, join: Join, keys: [Expression], binder: Binder)
        throws(QueryError) -> any Grouping
    {
        if let latest = select.latest {
            throw QueryError(
                "0A000", "LATEST BY cannot stand above an ALIGN JOIN", at: latest.span,
                hint: "put it into a subquery that is one of the inputs")
        }
        var inputs: [AlignInput] = []
        try collect(.join(join), using: [], into: &inputs, binder: binder)
        let keyNames = try keyNames(keys)
        for (index, input) in inputs.enumerated() {
            inputs[index].keyIndexes = try keyIndexes(
                input, isFirst: index == 0, keyNames: keyNames, at: join.wordsSpan)
        }
        try checkTableNames(inputs, at: join.wordsSpan)
        try splitConditions(select.filter, among: &inputs, binder: binder)

        var groupings: [any AlignPart] = []
        let keyList = keys.filter { $0.bareName?.folded != "bucket" || select.sample == nil }
        for input in inputs {
            let ownKeys = input.keyIndexes.map { keyList[$0] }
            groupings.append(try part(input, keys: ownKeys, select: select, binder: binder))
        }
        return AlignGrouping(
            inputs: inputs, parts: groupings, keys: keyList, isSampled: select.sample != nil,
            binder: binder)
    }

    // MARK: - Inputs

    private static func collect(
        _ table: TableReference, using: [Name], into inputs: inout [AlignInput], binder: Binder
    ) throws(QueryError) {
        if case .join(let join) = table {
            guard case .align = join.kind else {
                throw QueryError(
                    "42601", "other joins stand in parentheses inside an ALIGN JOIN",
                    at: join.wordsSpan, hint: "as in (meter JOIN meter_site USING (meter)) e")
            }
            var names: [Name] = []
            switch join.condition {
            case .none: break
            case .using(let given): names = given
            case .on(let expression):
                throw QueryError(
                    "42601", "ALIGN JOIN takes USING, not ON", at: expression.span,
                    hint: "rename the column in a subquery where the names differ")
            case .natural:
                throw QueryError("42601", "ALIGN JOIN takes USING", at: join.wordsSpan)
            }
            try collect(join.left, using: [], into: &inputs, binder: binder)
            try collect(join.right, using: names, into: &inputs, binder: binder)
            return
        }
        let relation = try binder.bindTable(table)
        inputs.append(AlignInput(relation: relation, using: using, span: table.span))
    }

    private static func keyNames(_ keys: [Expression]) throws(QueryError) -> [Name] {
        var names: [Name] = []
        for key in keys {
            guard let name = key.bareName else {
                throw QueryError(
                    "42803", "the keys of an ALIGN JOIN are unqualified columns", at: key.span,
                    hint: "compute it in a subquery that is one of the inputs")
            }
            if name.folded != "bucket" { names.append(name) }
        }
        return names
    }

    private static func keyIndexes(
        _ input: AlignInput, isFirst: Bool, keyNames: [Name], at span: SourceSpan
    ) throws(QueryError) -> [Int] {
        if isFirst { return Array(keyNames.indices) }
        var indexes: [Int] = []
        for name in input.using {
            guard let index = keyNames.firstIndex(where: { $0.folded == name.folded }) else {
                throw QueryError(
                    "42803", "\"\(name.text)\" is in USING but not in GROUP BY", at: name.span)
            }
            indexes.append(index)
        }
        for (index, name) in keyNames.enumerated() where !indexes.contains(index) {
            if input.relation.columns.contains(where: { !$0.isHidden && name.matches($0.name) }) {
                throw QueryError(
                    "42803",
                    "\"\(name.text)\" is a key, and this input has a column of that name that "
                        + "USING does not name", at: input.span,
                    hint: "name it: USING (\(name.text)), or hide it in a subquery")
            }
        }
        return indexes.sorted()
    }

    private static func checkTableNames(_ inputs: [AlignInput], at span: SourceSpan)
        throws(QueryError)
    {
        var seen = Set<String>()
        for table in inputs.flatMap(\.relation.tables) {
            if !seen.insert(table).inserted {
                throw QueryError(
                    "42712", "table name \"\(table)\" is specified more than once", at: span,
                    hint: "give one of the two an alias")
            }
        }
    }

    private static func part(
        _ input: AlignInput, keys: [Expression], select: Select, binder: Binder
    ) throws(QueryError) -> any AlignPart {
        let grouping = GroupingInput(relation: input.relation, conditions: input.conditions)
        guard let sample = select.sample else {
            return try AggregateGrouping(keys: keys, input: grouping, binder: binder)
        }
        guard
            let part = try SampleBinder.grouping(
                select, clause: sample, keys: keys, input: grouping, binder: binder)
                as? SampleGrouping
        else { throw .notSupported("this ALIGN JOIN", at: input.span) }
        return part
    }

    // MARK: - WHERE

    /// Times and USING columns without a table's name go to every input that has them; any other
    /// condition to the one input that it is about.
    private static func splitConditions(
        _ filter: Expression?, among inputs: inout [AlignInput], binder: Binder
    ) throws(QueryError) {
        guard let filter else { return }
        for condition in conjuncts(filter) {
            let references = condition.columnReferences
            let isShared = references.allSatisfy { reference in
                reference.table == nil && isSharedName(reference.name, inputs)
            }
            var targets: [Int]
            if isShared {
                targets = inputs.indices.filter { index in
                    references.allSatisfy { inputs[index].has($0) }
                }
            } else {
                let own = references.filter {
                    $0.table != nil || !isSharedName($0.name, inputs)
                }
                targets = inputs.indices.filter { index in
                    own.contains { inputs[index].has($0) }
                }
                if targets.count > 1 {
                    throw QueryError(
                        "42803", "a condition across inputs of an ALIGN JOIN cannot stand in WHERE",
                        at: condition.span,
                        hint: "say whose column is meant, or compare aggregates in HAVING")
                }
            }
            if targets.isEmpty { targets = [0] }
            for index in targets {
                let scope = RelationScope(
                    inputs[index].relation, binder: binder, clause: "WHERE")
                inputs[index].conditions += try binder.bindConditions(
                    condition, scope: scope, clause: "WHERE")
            }
        }
    }

    private static func isSharedName(_ name: Name, _ inputs: [AlignInput]) -> Bool {
        if inputs.contains(where: { input in input.using.contains { $0.folded == name.folded } }) {
            return true
        }
        return inputs.contains { input in
            guard let facts = input.relation.times.first else { return false }
            return input.relation.columns.contains {
                $0.index == facts.timeIndex && !$0.isHidden && name.matches($0.name)
            }
        }
    }

    private static func conjuncts(_ expression: Expression) -> [Expression] {
        if case .binary(let node) = expression, node.operator == .and {
            return conjuncts(node.left) + conjuncts(node.right)
        }
        return [expression]
    }
}

/// One input of an ALIGN JOIN.
struct AlignInput {
    var relation: Relation
    var using: [Name]
    var span: SourceSpan
    var conditions: [BoundExpression] = []
    /// Which of the keys it has.
    var keyIndexes: [Int] = []

    init(relation: Relation, using: [Name], span: SourceSpan) {
        self.relation = relation
        self.using = using
        self.span = span
    }

    func has(_ reference: ColumnReference) -> Bool {
        if let table = reference.table {
            return relation.tableName(table.name) != nil
        }
        return relation.columns.contains { !$0.isHidden && reference.name.matches($0.name) }
    }
}

extension Expression {
    /// The columns it names, those of subqueries left out.
    var columnReferences: [ColumnReference] {
        if case .column(let reference) = self { return [reference] }
        return children.flatMap(\.columnReferences)
    }
}
