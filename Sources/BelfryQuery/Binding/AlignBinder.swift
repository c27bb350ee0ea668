package import BelfrySQL

/// ALIGN JOIN to a grouping: each input aggregated by itself, the results joined on the grid.
package enum AlignBinder {
    /// The whole select from FROM up to grouping; called where the FROM is an ALIGN JOIN. WHERE is
    /// split among the inputs here.
    /// - Parameter keys: the GROUP BY expressions, ordinals and aliases already resolved.
    package static func grouping(_ select: Select, join: Join, keys: [Expression], binder: Binder)
        throws(QueryError) -> any Grouping
    {
        throw .notSupported("ALIGN JOIN", at: join.wordsSpan)
    }
}
