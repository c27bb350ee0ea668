import BelfryCore

/// The rows of a table for a new segment, batch by batch: a merge with all columns and row kinds.
struct RowRewriter {
    private let table: TableSchema
    private let merge: SeriesMerge
    private var rows = RowAssembler()
    private var isAtEnd = false

    init(_ table: TableSchema, _ columns: MergeColumns, _ cursors: [SourceCursor], times: TimeRange)
    {
        self.table = table
        merge = SeriesMerge(
            columns, cursors,
            times: times.start.nanoseconds..<max(times.start, times.end).nanoseconds,
            purpose: .rewriting)
    }

    /// Rows of the sources that were folded into others or hidden by them.
    var droppedRowCount: UInt64 { merge.droppedRowCount }

    mutating func next() throws(StorageError) -> MergedRows? {
        while true {
            if !isAtEnd && !rows.isFull(Vector.capacity) {
                isAtEnd = try !merge.fill(&rows, limit: Vector.capacity)
            }
            if rows.isEmpty {
                if isAtEnd { return nil }
                continue
            }
            let part = rows.take(Vector.capacity)
            var vectors: [Vector] = []
            for (slot, column) in merge.columns.columns.enumerated() {
                vectors.append(try part.vector(slot, column.type))
            }
            return MergedRows(
                extents: part.extents, times: try part.times(), kinds: try part.kinds(),
                vectors: vectors)
        }
    }
}
