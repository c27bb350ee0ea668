import BelfryCore

/// A share of a request that one worker takes: a span of series numbers through all sources.
///
/// Series stay whole, so parts need nothing of each other; in ascending order they give the rows
/// of the whole scan.
package struct ScanPart: Sendable {
    let request: ScanRequest
    let sources: ScanSources
    let seriesRange: ClosedRange<UInt32>

    /// The scan of this share, for the thread that calls.
    package func open() throws(StorageError) -> Scan {
        try Scan(request, sources, seriesRange: seriesRange)
    }

    /// The request cut into up to `count` shares of about equal rows, by block indexes and runs.
    static func cut(
        _ request: ScanRequest, _ sources: ScanSources, count: Int
    ) throws(StorageError) -> [ScanPart] {
        let everything: ClosedRange<UInt32> = 0...(UInt32.max - 1)
        if count <= 1 {
            return [ScanPart(request: request, sources: sources, seriesRange: everything)]
        }
        let columns = MergeColumns(
            request.table, columns: [], cache: sources.cache)
        var weights: [(lastSeries: UInt32, rowCount: Int)] = []
        for cursor in try sources.cursors(columns, times: request.times) {
            weights += try cursor.rowCounts()
        }
        weights.sort { $0.lastSeries < $1.lastSeries }
        let total = weights.reduce(0) { $0 + $1.rowCount }
        var parts: [ScanPart] = []
        var first: UInt32 = 0
        var seen = 0
        for weight in weights where weight.lastSeries < UInt32.max - 1 {
            seen += weight.rowCount
            // Cut where the next share's part of all rows is reached.
            if parts.count + 1 < count, weight.lastSeries >= first,
                seen * count >= total * (parts.count + 1), seen < total
            {
                parts.append(
                    ScanPart(
                        request: request, sources: sources,
                        seriesRange: first...weight.lastSeries))
                first = weight.lastSeries + 1
            }
        }
        parts.append(
            ScanPart(
                request: request, sources: sources,
                seriesRange: first...everything.upperBound))
        return parts
    }
}
