import BelfryCore

/// The rows of one table and partition on their way to segments: one, or *siblings* where one
/// would be too large.
///
/// Siblings have the same partition, sequences and replaced files, and series of their own: a
/// segment ends between two series once it is past `segmentByteCountLimit`. So they are one source
/// to whoever orders sources, and a job on one of them is bounded.
///
/// Threads: one at a time.
final class SiblingWriter {
    /// The least bytes that a row is taken for, so that what is not encoded yet stays a small share
    /// of the limit.
    private static let rowsPerLimit: UInt64 = 256

    private let table: TableSchema
    /// But for file number and salt.
    private let target: SegmentWriter.Target
    private let place: SegmentPlace
    private var open: SegmentWriter?
    private var lastSeries: UInt32?
    /// Rows of all segments that are finished.
    private(set) var rowCount: UInt64 = 0

    init(_ table: TableSchema, _ target: SegmentWriter.Target, _ place: SegmentPlace) {
        self.table = table
        self.target = target
        self.place = place
    }

    func begin(_ identity: () throws(StorageError) -> SegmentIdentity) throws(StorageError) {
        let new = try identity()
        var target = target
        target.fileID = new.fileID
        target.salt = new.salt
        let writer = try SegmentWriter(
            target, path: FileNames.segment(new.fileID), in: place.fileSystem,
            options: place.options)
        open = writer
        lastSeries = nil
        try writer.begin(table)
    }

    /// The next rows in (series, time) order.
    /// - Parameter outputs: gets the segments that are finished meanwhile.
    func append(
        _ rows: MergedRows, _ identity: () throws(StorageError) -> SegmentIdentity,
        _ key: (UInt32) throws(StorageError) -> SeriesKey, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        // A batch is small beside the limit, unless that is tiny.
        let limit = max(1, place.options.segmentByteCountLimit / Self.rowsPerLimit)
        var start = 0
        var end = 0
        for extent in rows.extents {
            if end > start, UInt64(end - start + extent.rowCount) > limit {
                try put(rows.slice(start..<end), identity, key, &outputs)
                start = end
            }
            end += extent.rowCount
        }
        if end > start { try put(rows.slice(start..<end), identity, key, &outputs) }
    }

    private func put(
        _ rows: MergedRows, _ identity: () throws(StorageError) -> SegmentIdentity,
        _ key: (UInt32) throws(StorageError) -> SeriesKey, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        var rows = rows
        if let open, let lastSeries, open.byteCount >= place.options.segmentByteCountLimit {
            let first = rows.extents[0]
            if first.series == lastSeries {
                // A series stays whole.
                try open.append(rows.slice(0..<first.rowCount))
                if rows.extents.count == 1 { return }
                rows = rows.slice(first.rowCount..<rows.rowCount)
            }
            try finish(key, &outputs)
            try begin(identity)
        }
        guard let open else { preconditionFailure("begin comes before append") }
        try open.append(rows)
        lastSeries = rows.extents[rows.extents.count - 1].series
    }

    func finish(
        _ key: (UInt32) throws(StorageError) -> SeriesKey, _ outputs: inout [SegmentSummary]
    ) throws(StorageError) {
        guard let open else { return }
        let summary = try open.finish(key: key)
        rowCount += open.rowCount
        self.open = nil
        if let summary { outputs.append(summary) }
    }

    /// Removes the segment that is being written; those that are finished are the caller's.
    func discard() { open?.discard() }
}
