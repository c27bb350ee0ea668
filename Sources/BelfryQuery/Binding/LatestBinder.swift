import BelfryCore
package import BelfrySQL

/// LATEST n BY (keys) over a relation whose WHERE has been applied (LANGUAGE D9).
package enum LatestBinder {
    package static func relation(_ clause: LatestClause, input: Relation, binder: Binder)
        throws(QueryError) -> Relation
    {
        guard let facts = input.times.first else {
            throw QueryError(
                "42601", "LATEST BY needs a time, and nothing in FROM has one", at: clause.span,
                hint: "only tables with a TIME KEY, and what keeps it, have one")
        }
        var count = 1
        if let expression = clause.count {
            let value = try binder.bindConstant(
                expression, clause: "LATEST", expected: .bigint
            ).value
            guard case .integer(let number) = value, number >= 1, number <= 1_000_000 else {
                throw QueryError(
                    "22023", "LATEST wants a whole number from 1 to 1000000", at: expression.span)
            }
            count = Int(number)
        }
        var keys: [BoundExpression] = []
        for key in clause.keys {
            keys.append(try binder.bind(key, over: input, clause: "LATEST BY"))
        }
        var result = input
        result.plan = .latest(
            LatestNode(
                input: input.plan, keys: keys, timeIndex: facts.timeIndex, count: count,
                tieIndexes: facts.seriesIndexes))
        return result
    }
}
