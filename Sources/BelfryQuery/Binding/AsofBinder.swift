package import BelfrySQL

/// ASOF JOIN of two relations.
package enum AsofBinder {
    /// - Parameter right: with indexes of its own plan, not yet shifted behind the left columns.
    package static func relation(
        _ join: Join, match: AsofMatch, left: Relation, right: Relation, binder: Binder
    ) throws(QueryError) -> Relation {
        throw .notSupported("ASOF JOIN", at: join.wordsSpan)
    }
}
