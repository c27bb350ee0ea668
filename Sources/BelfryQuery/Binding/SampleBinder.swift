package import BelfrySQL

/// SAMPLE BY to a grouping: grid, range, evidence, fills and series-aware calls.
package enum SampleBinder {
    /// - Parameter keys: the GROUP BY expressions, ordinals and aliases already resolved.
    package static func grouping(
        _ select: Select, clause: SampleClause, keys: [Expression], input: GroupingInput,
        binder: Binder
    ) throws(QueryError) -> any Grouping {
        throw .notSupported("SAMPLE BY", at: clause.span)
    }
}
