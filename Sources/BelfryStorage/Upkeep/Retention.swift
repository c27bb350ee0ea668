package import BelfryCore

/// Which partitions have had their time: a pure function from the live segments, the tables' RETAIN
/// and a time that can be believed.
///
/// Only whole partitions go, the oldest first and never more than a few in one pass: a mistake
/// about the time or the option is seen before it has taken everything.
package enum Retention {
    /// What goes from a table: everything before a time.
    package struct Drop: Sendable, Hashable {
        package let table: TableSchema
        package let before: Timestamp
        package let partitions: [TimeRange]
    }

    package static func plan(
        _ segments: [SegmentSummary], catalog: Catalog, now: Timestamp, partitionCountLimit: Int
    ) -> [Drop] {
        var drops: [Drop] = []
        var rest = partitionCountLimit
        for table in catalog.tables {
            guard rest > 0, let oldest = oldestKept(of: table, now: now) else { continue }
            let past = Set(
                segments.compactMap { segment in
                    segment.table == table.number ? segment.partition : nil
                }.filter { $0.end <= oldest }
            ).sorted { $0.start < $1.start }.prefix(rest)
            guard let last = past.last else { continue }
            rest -= past.count
            drops.append(Drop(table: table, before: last.end, partitions: Array(past)))
        }
        return drops
    }

    /// The time from which on a table keeps its rows; nil where it keeps all.
    package static func oldestKept(of table: TableSchema, now: Timestamp) -> Timestamp? {
        guard !table.isReference, let retain = table.options.retain?.negated() else { return nil }
        return now.adding(retain, in: .utc)
    }

    private static let defaultHorizon = Interval(days: 1)

    /// The times that rows of a table may have: from the day on that RETAIN reaches back to,
    /// through its HORIZON (a day, where it declares none) past now.
    package static func accepted(of table: TableSchema, now: Timestamp) -> TimeRange {
        if table.isReference { return .everything }
        var accepted = TimeRange.everything
        if let oldest = oldestKept(of: table, now: now) {
            accepted.start =
                Partitioning.range(ofDay: Partitioning.day(oldest.nanoseconds)).start
        }
        let horizon = table.options.horizon ?? defaultHorizon
        if let last = now.adding(horizon, in: .utc) {
            accepted.end = last.advanced(byNanoseconds: 1)
        }
        return accepted
    }
}
