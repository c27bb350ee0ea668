package import BelfryCore

/// Rows that a statement changes or deletes, found by a scan before.
///
/// - `merge` rows carry the changed columns; their NULLs leave what is there.
/// - `replace` rows are whole rows: for an UPDATE that makes a column NULL.
/// - `delete` rows carry no columns: the rows of their series and times go.
///
/// In an APPEND table a key may have several rows, so that one of them cannot be named: a delete of
/// the key, and behind it in the same change the rows of it that stay, as `merge` rows in the order
/// the scan gave them.
package struct RowChange: Sendable {
    package let batch: PointBatch
    package let kind: RowKind

    package init(_ batch: PointBatch, kind: RowKind) {
        self.batch = batch
        self.kind = kind
    }
}

/// UPDATE, and DELETE by anything that is no matter of tags and times alone.
extension Store {
    /// Writes the changes as one: visible and durable entirely or not at all, later ones in the
    /// list newer than earlier ones, and all newer than the deletions. Nothing is looked up.
    ///
    /// A statement that changes more than a frame holds gives it piece by piece, in the order of
    /// its scan: each piece is atomic, and saying the statement again after a crash completes it.
    package func change(
        _ changes: [RowChange], deleting deletions: [RangeDeletion] = []
    ) throws(StorageError) {
        var parts: [RowChange] = []
        for change in changes {
            try checkBytes(of: change.batch)
            let part = change.kind == .delete ? deletable(change) : change
            if part.batch.rowCount > 0 { parts.append(part) }
        }
        let ranges = deletions.filter { !$0.isNothing }
        if parts.isEmpty && ranges.isEmpty { return }
        if !ranges.isEmpty { try waitForTombstones(ranges.count) }
        _ = try submit(
            PreparedWrite(
                parts, deletions: ranges, series: series,
                recordByteCountLimit: options.frameByteCountLimit))
    }

    /// Without the rows of series that nobody ever wrote: there is nothing to delete, and they
    /// must not become series by that.
    private func deletable(_ change: RowChange) -> RowChange {
        let batch = change.batch
        let numbers = series.numbers(of: batch.keys)
        if !numbers.contains(0) && batch.columns.isEmpty { return change }
        var keys: [SeriesKey] = []
        var places = [UInt32](repeating: 0, count: numbers.count)
        for (index, number) in numbers.enumerated() where number != 0 {
            places[index] = UInt32(keys.count)
            keys.append(batch.keys[index])
        }
        var keyIndexes: [UInt32] = []
        var times: [Int64] = []
        for (row, key) in batch.keyIndexes.enumerated() where numbers[Int(key)] != 0 {
            keyIndexes.append(places[Int(key)])
            times.append(batch.times[row])
        }
        return RowChange(
            PointBatch(
                table: batch.table, keys: keys, keyIndexes: keyIndexes, times: times, columns: []),
            kind: .delete)
    }
}
