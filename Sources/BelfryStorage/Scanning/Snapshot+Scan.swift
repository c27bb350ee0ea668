package import BelfryCore

/// Reading a snapshot.
extension Snapshot {
    /// The batches that answer a request.
    package func scan(_ request: ScanRequest) throws(StorageError) -> Scan {
        try scan(request, series: seriesNumbers(request.table, request.tags))
    }

    /// The same for series that are known already; the request's tags are not looked at.
    func scan(_ request: ScanRequest, series: SeriesSet) throws(StorageError) -> Scan {
        try Scan(request, try sources(request, series))
    }

    /// The request cut into shares by series number, of about equal rows; each may be opened and
    /// read on a thread of its own.
    package func scanParts(
        _ request: ScanRequest, count: Int
    ) throws(StorageError) -> [ScanPart] {
        let series = seriesNumbers(request.table, request.tags)
        return try ScanPart.cut(request, try sources(request, series), count: count)
    }

    private func sources(
        _ request: ScanRequest, _ series: SeriesSet
    ) throws(StorageError) -> ScanSources {
        let table = request.table
        // Nobody knows which series such a segment has, so an empty set proves nothing.
        for segment in segments where segment.failure != nil {
            if (segment.summary.table ?? table.number) == table.number,
                segment.summary.times.overlaps(request.times), let failure = segment.failure
            {
                throw failure
            }
        }
        var indexes: [Int] = []
        for index in request.columns + request.conditions.map(\.columnIndex)
        where table.columns[index].role == .tag && !indexes.contains(index) {
            indexes.append(index)
        }
        return ScanSources(
            runs: runs[table.number] ?? [],
            segments: segments, series: series,
            tags: indexes.map { index in
                // The dictionary after the codes could lack the newest; before them it has all
                // that this snapshot sees.
                ScanSources.Tag(
                    columnIndex: index, dictionary: tagDictionary(table, columnIndex: index),
                    codes: tagCodes(table, columnIndex: index))
            },
            cache: cache, rowsPerVector: options.rowsPerVector,
            tombstones: tombstones.filter { $0.table == table.number },
            skipsDamage: request.skipsDamage)
    }

    /// About how many rows a table has: rows written twice count twice, and those that a deletion
    /// hides until they are rewritten, but for whole segments. Segments of several tables
    /// count by their block index.
    package func rowCountEstimate(_ table: TableSchema) -> Int {
        var count = (runs[table.number] ?? []).reduce(0) { $0 + $1.rowCount }
        for segment in segments {
            if let mask = mask(table, appliedThrough: segment.summary.appliedThrough),
                mask.covers(segment.summary.times)
            {
                continue
            }
            if segment.summary.table == table.number {
                count += Int(clamping: segment.summary.rowCount)
            } else if segment.summary.isWide, let reader = try? segment.reader() {
                for entry in reader.index.entries where entry.table == table.number {
                    count += entry.rowCount
                }
            }
        }
        return count
    }

    private func mask(_ table: TableSchema, appliedThrough: UInt64) -> TombstoneMask? {
        tombstones.isEmpty
            ? nil
            : TombstoneMask(
                tombstones, table: table.number, appliedThrough: appliedThrough,
                times: .everything)
    }

    /// The range that holds the times of all rows of a table, from block indexes and runs, without
    /// blocks that a deletion hides whole; nil
    /// where it has none.
    package func timeBounds(_ table: TableSchema) -> TimeRange? {
        var bounds = TimeRange.nothing
        func add(_ first: Int64, _ last: Int64) {
            let (end, isOver) = last.addingReportingOverflow(1)
            bounds = bounds.hull(
                TimeRange(
                    start: Timestamp(nanoseconds: first),
                    end: Timestamp(nanoseconds: isOver ? last : end)))
        }
        for run in runs[table.number] ?? [] {
            let mask = mask(table, appliedThrough: run.sequences.upperBound)
            for (index, extent) in run.extents.enumerated() where extent.rowCount > 0 {
                let first = run.times[run.starts[index]]
                let last = run.times[run.starts[index + 1] - 1]
                if let mask, TombstoneMask.covers(mask.ranges(of: extent.series), first...last) {
                    continue
                }
                add(first, last)
            }
        }
        for segment in segments where (segment.summary.table ?? table.number) == table.number {
            let mask = mask(table, appliedThrough: segment.summary.appliedThrough)
            if let mask, mask.covers(segment.summary.times) { continue }
            if let reader = try? segment.reader() {
                for entry in reader.index.entries where entry.table == table.number {
                    if let mask, mask.covers(entry.minTime...entry.maxTime) { continue }
                    add(entry.minTime, entry.maxTime)
                }
            } else {
                // A segment that cannot be read is met by the scan; here its summary will do.
                bounds = bounds.hull(segment.summary.times)
            }
        }
        return bounds.isEmpty ? nil : bounds
    }
}
