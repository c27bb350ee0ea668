import BelfryCore

/// Rows of one table as the merge hands them to flush and compaction: times, row kinds and all
/// field columns by ascending number.
struct MergedRows {
    var extents: [Extent]
    var times: [Int64]
    /// The raw kind of every row; nil where all are of kind merge.
    var kinds: [UInt8]?
    var vectors: [Vector]

    var rowCount: Int { times.count }

    /// Bytes of text in all columns.
    var textByteCount: Int {
        var sum = 0
        for vector in vectors {
            if case .texts(let texts) = vector.storage { sum += texts.bytes.count }
        }
        return sum
    }

    func slice(_ range: Range<Int>) -> MergedRows {
        if range.count == rowCount { return self }
        var kept: [Extent] = []
        var start = 0
        for extent in extents {
            let end = start + extent.rowCount
            let count = min(end, range.upperBound) - max(start, range.lowerBound)
            if count > 0 { kept.append(Extent(series: extent.series, rowCount: count)) }
            start = end
        }
        return MergedRows(
            extents: kept, times: Array(times[range]), kinds: kinds.map { Array($0[range]) },
            vectors: vectors.map { $0.slice(range) })
    }

    /// The rows that are chosen, in ascending order.
    func selecting(_ rows: [Int32]) -> MergedRows {
        if rows.count == rowCount { return self }
        var kept: [Extent] = []
        var end = 0
        var next = 0
        for extent in extents {
            end += extent.rowCount
            let start = next
            while next < rows.count && Int(rows[next]) < end { next += 1 }
            if next > start { kept.append(Extent(series: extent.series, rowCount: next - start)) }
        }
        return MergedRows(
            extents: kept, times: rows.map { times[Int($0)] },
            kinds: kinds.map { kinds in rows.map { kinds[Int($0)] } },
            vectors: vectors.map { $0.gather(rows) })
    }
}
