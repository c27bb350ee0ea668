import BelfryCore

/// Rows in the log whose table no file defines any more: its definition stood in a lost manifest
/// alone. Opening passes them over, so recovery tells of them and keeps their files; and their
/// tables' numbers are not handed out again, else the rows would come back as another table's.
///
/// A log file is read to its first record that is not whole: what follows there opening salvages.
struct UndefinedRows {
    /// By the table's number.
    private(set) var losses: [UInt32: RepairPlan.Loss] = [:]
    /// Log files that hold such rows.
    private(set) var paths: [String] = []
    /// The greatest number of a table in any record.
    private(set) var greatestTable: UInt32?
    private let catalog: Catalog
    private let flushedThrough: UInt64
    /// Tables before this one that are not in the catalog were dropped.
    private let firstUnknownTable: UInt32

    init(_ manifest: Manifest, older: Manifest?) {
        catalog = manifest.catalog
        flushedThrough = manifest.flushedThrough
        firstUnknownTable = older?.nextTable ?? 0
    }

    mutating func read(
        _ path: String, databaseID: [UInt8], in fileSystem: any FileSystem,
        followedBy next: UInt64?
    ) {
        do throws(StorageError) {
            var reader = try LogReader(
                path: path, databaseID: databaseID, in: fileSystem, followedBy: next)
            while let record = try reader.next() {
                guard let content = try? LogRecord.decode(record.payload) else { return }
                for tombstone in content.tombstones { note(tombstone.table) }
                for rows in content.points where rows.rowCount > 0 {
                    note(rows.table)
                    if record.sequence > flushedThrough { lose(rows, path) }
                }
            }
        } catch {
            // Opening reads it again and tells.
            return
        }
    }

    private mutating func note(_ table: UInt32) {
        if table < .max - 1 { greatestTable = max(greatestTable ?? 0, table) }
    }

    private mutating func lose(_ rows: SortedRows, _ path: String) {
        let number = rows.table
        guard number >= firstUnknownTable, catalog.table(numbered: number) == nil,
            let first = rows.times.min(), let last = rows.times.max()
        else { return }
        if !paths.contains(path) { paths.append(path) }
        var times = TimeRange(
            start: Timestamp(nanoseconds: first),
            end: Timestamp(nanoseconds: last).advanced(byNanoseconds: 1))
        let known = losses[number]
        if let before = known?.times {
            times.start = min(times.start, before.start)
            times.end = max(times.end, before.end)
        }
        losses[number] = RepairPlan.Loss(
            file: known?.file ?? path, table: "\(number) (no file defines it)", times: times,
            rowCount: (known?.rowCount ?? 0) + UInt64(rows.rowCount))
    }
}
