/// Intervals as text: read in PostgreSQL's and ISO 8601's forms, written in PostgreSQL's.
extension Interval: CustomStringConvertible {
    /// `15 minutes`, `1 day 02:03:04`, `2 hours 30 min`, `-1 month`, `P1DT2H`; nil for other text.
    public init?(_ text: String) {
        return nil
    }

    /// `1 year 2 mons 3 days 04:05:06.5`, `00:00:00` for none.
    public var description: String { "" }
}
