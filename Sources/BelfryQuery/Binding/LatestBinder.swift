package import BelfrySQL

/// LATEST n BY (keys) over a relation whose WHERE has been applied.
package enum LatestBinder {
    package static func relation(_ clause: LatestClause, input: Relation, binder: Binder)
        throws(QueryError) -> Relation
    {
        throw .notSupported("LATEST BY", at: clause.span)
    }
}
