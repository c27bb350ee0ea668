import BelfryCodecs
package import BelfryCore

/// Batches of a snapshot that answer a request.
///
/// Vectors stand in the order of the request's columns; time as integers, tags as codes of the
/// table's dictionary, fields as they are. Every batch says by extents whose rows are whose. In
/// order `.series` (and so far in any) series ascend by number, and times within a series. A batch
/// is never empty; a scan holds one decoded vector a column for every open source.
///
/// An error is final: every further call throws it again.
///
/// Threads: one at a time.
package final class Scan {
    /// What was done so far.
    package var statistics: ScanStatistics {
        var statistics = merge.columns.statistics
        statistics.rowsReturned = rowsReturned
        return statistics
    }

    /// Where each vector of a batch comes from.
    private enum Output {
        case time(DataType)
        case tag(Int)
        case field(slot: Int, DataType)
    }

    private let request: ScanRequest
    private let sources: ScanSources
    private let merge: SeriesMerge
    private let outputs: [Output]
    private let conditions: [ScanCondition]
    private let summarizer: ScanSummarizer?
    private let limit: Int
    private var rows = RowAssembler()
    private var isAtEnd = false
    private var failure: StorageError?
    private var rowsReturned = 0
    /// The codes of the series at hand: a long series gives the same ones batch after batch.
    private var lastCodes: [Int: (series: UInt32, count: Int, vector: Vector)] = [:]

    init(
        _ request: ScanRequest, _ sources: ScanSources,
        seriesRange: ClosedRange<UInt32> = 0...(UInt32.max - 1)
    ) throws(StorageError) {
        self.request = request
        var sources = sources
        sources.skipsDamage = request.skipsDamage
        self.sources = sources
        limit = max(1, min(Vector.capacity, sources.rowsPerVector))
        let table = request.table
        var slots: [MergeColumns.Column] = []
        func slot(_ column: ColumnSchema) -> Int {
            let wanted = MergeColumns.Column(number: column.number, type: column.type)
            if let known = slots.firstIndex(of: wanted) { return known }
            slots.append(wanted)
            return slots.count - 1
        }
        outputs = request.columns.map { index in
            let column = table.columns[index]
            return switch column.role {
            case .time: .time(column.type)
            case .tag: .tag(index)
            case .field: .field(slot: slot(column), column.type)
            }
        }
        conditions = request.conditions.map { condition in
            let column = table.columns[condition.columnIndex]
            let subject: ScanCondition.Subject =
                switch column.role {
                case .time: .time
                case .tag: .tag(columnIndex: condition.columnIndex)
                case .field: .field(slot: slot(column))
                }
            return ScanCondition(subject, condition.test)
        }
        let wantsTime =
            conditions.contains { $0.subject == .time }
            || outputs.contains { if case .time = $0 { true } else { false } }
        let columns = MergeColumns(
            table, columns: slots, cache: sources.cache,
            isCounting: slots.isEmpty && !wantsTime && request.latest == nil)
        let hasFieldConditions = conditions.contains { $0.slot != nil }
        columns.usesStatistics = request.usesStatistics
        columns.usesPacked = request.usesPacked
        columns.givesWholeBlocks =
            request.usesStatistics && request.latest == nil
            && (request.summaries != nil || hasFieldConditions)
        if let summaries = request.summaries, request.latest == nil {
            let subjects = zip(outputs, summaries.needs).map {
                output, need -> ScanSummarizer.Subject in
                switch (output, need) {
                case (.time, .count), (.time, .statistics): .time
                case (.field(let slot, _), .count): .field(slot: slot, needsValues: false)
                case (.field(let slot, _), .statistics): .field(slot: slot, needsValues: true)
                case (.tag, _), (_, .nothing): .nothing
                }
            }
            summarizer = ScanSummarizer(summaries, subjects, columns)
        } else {
            summarizer = nil
        }
        let times = request.times
        merge = SeriesMerge(
            columns, try sources.cursors(columns, times: times, seriesRange: seriesRange),
            times: times.start.nanoseconds..<max(times.start, times.end).nanoseconds,
            purpose: .reading,
            wanted: sources.series.isEverything ? nil : sources.series, seriesRange: seriesRange)
        merge.summarizer = summarizer
        if hasFieldConditions { merge.filter = ScanFilter(conditions, columns) }
        if times.isEmpty || sources.series.isEmpty || request.latest == 0 { isAtEnd = true }
    }

    /// The next rows; nil at the end.
    /// - Precondition: the request wants no summaries.
    package func next() throws(StorageError) -> Batch? {
        guard let item = try nextItem() else { return nil }
        guard case .batch(let batch) = item else {
            preconditionFailure("a scan with summaries is asked for items")
        }
        return batch
    }

    /// The next rows, or what statistics tell of some; nil at the end.
    package func nextItem() throws(StorageError) -> ScanItem? {
        if let failure { throw failure }
        do throws(StorageError) {
            return try findItem()
        } catch {
            failure = error
            throw error
        }
    }

    private func findItem() throws(StorageError) -> ScanItem? {
        while true {
            if let summary = summarizer?.takeReady() { return .summary(made(summary)) }
            if rows.isEmpty { summarizer?.stopWaiting() }
            if !isAtEnd && !rows.isFull(limit) && summarizer?.mustStop != true {
                if let latest = request.latest {
                    isAtEnd = try !fillLatest(latest)
                } else {
                    isAtEnd = try !merge.fill(&rows, limit: limit)
                }
                if isAtEnd { summarizer?.close() }
                if summarizer?.mustStop == true { continue }
            }
            if rows.isEmpty {
                if isAtEnd { return nil }
                continue
            }
            if let batch = try batch(rows.take(limit)) {
                rowsReturned += batch.rowCount
                return .batch(batch)
            }
        }
    }

    private func made(_ summary: ScanSummarizer.Summary) -> ScanSummary {
        var key = Batch([], rowCount: 1)
        if let wanted = request.summaries, wanted.isBySeries || wanted.isOneGroup != nil {
            let extents = [Extent(series: summary.series, rowCount: 1)]
            let vectors = outputs.map { output in
                switch output {
                case .time(let type):
                    Vector(type, .integers([summary.bounds?.first ?? 0]))
                case .tag(let index): tagVector(index, extents, 1)
                case .field(_, let type): Vector.nulls(type, count: 1)
                }
            }
            key = Batch(vectors, rowCount: 1, extents: extents)
        }
        return ScanSummary(rowCount: summary.rowCount, key: key, columns: summary.columns)
    }

    // MARK: From rows to batches

    /// Nil where no row meets the conditions. In a scan of the latest rows they were met before.
    private func batch(_ rows: RowAssembler) throws(StorageError) -> Batch? {
        let extents = rows.extents
        var kept: [Int32]?
        if request.latest == nil && !conditions.isEmpty {
            let met = try meeting(rows, extents)
            if met.isEmpty { return nil }
            if met.count < rows.rowCount { kept = met }
        }
        var vectors: [Vector] = []
        vectors.reserveCapacity(outputs.count)
        for output in outputs {
            switch output {
            case .time(let type): vectors.append(Vector(type, .integers(try rows.times())))
            case .tag(let index): vectors.append(tagVector(index, extents, rows.rowCount))
            case .field(let slot, let type): vectors.append(try rows.vector(slot, type))
            }
        }
        let batch = Batch(vectors, rowCount: rows.rowCount, extents: extents)
        return kept.map { batch.filtered(by: Selection($0)) } ?? batch
    }

    /// The rows that meet all conditions.
    private func meeting(
        _ rows: RowAssembler, _ extents: [Extent]
    ) throws(StorageError) -> [Int32] {
        var kept: [Int32]?
        var rest = Array(conditions.indices)
        if merge.filter != nil { (kept, rest) = rows.judged(conditionCount: conditions.count) }
        if kept?.isEmpty == true { return [] }
        for condition in rest.map({ conditions[$0] }) {
            let vector: Vector
            switch condition.subject {
            case .time: vector = Vector(.timestamptz, .integers(try rows.times()))
            case .tag(let index): vector = tagVector(index, extents, rows.rowCount)
            case .field(let slot):
                vector = try rows.vector(slot, merge.columns.columns[slot].type)
            }
            let met = condition.rows(of: vector, among: kept)
            if met.isEmpty { return [] }
            kept = met
        }
        return kept ?? Array(0..<Int32(rows.rowCount))
    }

    private func tagVector(_ columnIndex: Int, _ extents: [Extent], _ rowCount: Int) -> Vector {
        guard let tag = sources.tags.first(where: { $0.columnIndex == columnIndex }) else {
            return .nulls(.text, count: rowCount)
        }
        if extents.count == 1, let last = lastCodes[columnIndex],
            last.series == extents[0].series, last.count == rowCount
        {
            return last.vector
        }
        var codes: [UInt32] = []
        codes.reserveCapacity(rowCount)
        var validity = ValidityBuilder(capacity: rowCount)
        for extent in extents {
            let code = tag.codes.code(extent.series)
            codes.append(contentsOf: repeatElement(code ?? 0, count: extent.rowCount))
            if code != nil {
                validity.append(.all, count: extent.rowCount)
            } else {
                for _ in 0..<extent.rowCount { validity.append(false) }
            }
        }
        let vector = Vector(
            .text, .dictionary(DictionaryStorage(codes: codes, dictionary: tag.dictionary)),
            validity: validity.finish())
        if extents.count == 1 {
            lastCodes[columnIndex] = (extents[0].series, rowCount, vector)
        }
        return vector
    }

    // MARK: The latest rows of each series

    /// Adds the latest rows of series after series; false at the end.
    private func fillLatest(_ count: Int) throws(StorageError) -> Bool {
        while !rows.isFull(limit) {
            guard try merge.nextSeries() else { return false }
            try addLatest(count)
        }
        return true
    }

    /// Looks at the end of the series, and at a longer end as long as too few rows remain of it.
    private func addLatest(_ count: Int) throws(StorageError) {
        let low = request.times.start.nanoseconds
        let high = request.times.end.nanoseconds
        var wanted = count
        while true {
            var from: Int64?
            for cursor in merge.active {
                let range = (from ?? low)..<high
                if let time = try cursor.timeFromEnd(wanted, range) {
                    from = max(from ?? time, time)
                }
            }
            var part = RowAssembler()
            try merge.openSeries((from ?? low)..<high)
            try merge.fillSeries(&part)
            var kept: [Int32]?
            if !conditions.isEmpty && !part.isEmpty { kept = try meeting(part, part.extents) }
            let keptCount = kept?.count ?? part.rowCount
            if keptCount >= count || from == nil {
                let chosen = kept ?? Array(0..<Int32(part.rowCount))
                rows.append(chosen.suffix(count), of: part)
                return
            }
            wanted = wanted > Int.max / 4 ? Int.max : wanted * 4
        }
    }
}
