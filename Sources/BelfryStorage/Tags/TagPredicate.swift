/// A condition on tags alone, resolved to a set of series before any row is read.
///
/// Three-valued like SQL: a comparison with a tag that has no value is unknown, and `not` of
/// unknown stays unknown; only true selects a series. Values are bytes.
package indirect enum TagPredicate: Sendable, Hashable {
    /// Every series of the table.
    case all
    case none
    /// The tag (a column number) is one of the values.
    case isIn(column: UInt32, values: [[UInt8]])
    /// SQL LIKE: `%` any run, `_` one character, backslash escapes.
    case like(column: UInt32, pattern: [UInt8], isCaseInsensitive: Bool)
    /// Compared by bytes.
    case less(column: UInt32, than: [UInt8], orEqual: Bool)
    case greater(column: UInt32, than: [UInt8], orEqual: Bool)
    case isNull(column: UInt32)
    case and([TagPredicate])
    case or([TagPredicate])
    case not(TagPredicate)
}
