import BelfryCore
import BelfrySQL
import BelfryStorage

/// ALTER TABLE … DROP PARTITION: whole partitions and whatever rows lie in their times, without
/// looking at one of them.
struct PartitionDrop {
    private let table: TableSchema
    private let snapshot: Snapshot
    private let store: Store

    init(_ table: TableSchema, binder: Binder, store: Store) throws(QueryError) {
        if table.isReference {
            throw QueryError(
                "42P16", "\"\(table.name)\" has no TIME KEY, and so no partitions",
                hint: "TRUNCATE empties it")
        }
        self.table = table
        snapshot = binder.context.snapshot
        self.store = store
    }

    /// Drops the partitions that hold the instants; says how many there were.
    func drop(holding instants: [Timestamp]) throws(QueryError) -> String {
        var ranges: [TimeRange] = []
        for instant in instants {
            guard instant.isFinite else {
                throw QueryError("22008", "no partition holds \(instant)")
            }
            let range = partition(holding: instant)
            if !ranges.contains(range) { ranges.append(range) }
        }
        var count = 0
        for range in ranges { count += try drop(range) }
        return text(count)
    }

    /// Drops the partitions that end by an instant; one that holds it stays whole.
    func drop(before instant: Timestamp) throws(QueryError) -> String {
        let end = instant.isFinite ? partition(holding: instant).start : instant
        if end == .negativeInfinity { return text(0) }
        return text(try drop(TimeRange(start: .negativeInfinity, end: end)))
    }

    private func partition(holding instant: Timestamp) -> TimeRange {
        snapshot.wholePartitions(
            TimeRange(start: instant, end: Timestamp(nanoseconds: instant.nanoseconds + 1)),
            of: table)
    }

    private func drop(_ times: TimeRange) throws(QueryError) -> Int {
        do {
            return try store.dropPartitions(ofTable: table.name, times: times)
        } catch { throw QueryError(error) }
    }

    private func text(_ count: Int) -> String {
        "\(count) \(count == 1 ? "partition" : "partitions") dropped"
    }
}
