import BelfryCore

/// Finds which rows of a write are there already, and drops those that the rule says to drop.
///
/// Rows after the last time of their series are new and cost nothing. The others are looked up
/// together: a few scans of the series and times concerned, walked beside the sorted rows; never a
/// lookup for a row alone.
struct RowLookup {
    private enum Found {
        static let new: UInt8 = 0
        /// There, with other values.
        static let different: UInt8 = 1
        /// There, and the write would change nothing.
        static let same: UInt8 = 2
    }

    private let table: TableSchema
    private let rows: SortedRows
    private let rule: DuplicateRule
    private let snapshot: Snapshot
    private var found: [UInt8]
    /// The row at which each extent starts.
    private var starts: [Int] = []

    /// What is left of rows that are sorted, and what the outcome counts.
    ///
    /// - Parameter lastTimes: what is known of the last time of each series; completed on need.
    static func resolve(
        _ rows: SortedRows, of table: TableSchema, rule: DuplicateRule, in snapshot: Snapshot,
        lastTimes: inout LastTimes
    ) throws(StorageError) -> (rows: SortedRows, outcome: WriteOutcome) {
        var lookup = RowLookup(rows, table, rule, snapshot)
        let isAnyOld = try lookup.findStored(&lastTimes)
        let isAnyRepeated = lookup.findRepeated()
        if !isAnyOld && !isAnyRepeated {
            var outcome = WriteOutcome()
            outcome.stored = rows.rowCount
            return (rows, outcome)
        }
        return try lookup.finish()
    }

    private init(
        _ rows: SortedRows, _ table: TableSchema, _ rule: DuplicateRule, _ snapshot: Snapshot
    ) {
        self.rows = rows
        self.table = table
        self.rule = rule
        self.snapshot = snapshot
        found = [UInt8](repeating: Found.new, count: rows.rowCount)
        var start = 0
        for extent in rows.extents {
            starts.append(start)
            start += extent.rowCount
        }
    }

    /// The rows of one series that may be there already: the first `count` of its extent.
    private struct Suspect {
        let extent: Int
        let count: Int
    }

    /// Looks up every row at or before the last time of its series; false where there is none.
    private mutating func findStored(_ lastTimes: inout LastTimes) throws(StorageError) -> Bool {
        try lastTimes.complete(rows, starts: starts, table: table, snapshot: snapshot)
        var suspects: [Suspect] = []
        for (index, extent) in rows.extents.enumerated() where extent.series < snapshot.seriesLimit
        {
            let last = lastTimes[extent.series]
            let count = countAtOrBefore(last, index)
            if count > 0 { suspects.append(Suspect(extent: index, count: count)) }
        }
        var start = 0
        while start < suspects.count {
            // Series of like times share a scan; one far away starts another.
            var hull = times(suspects[start])
            var widest = hull.upperBound - hull.lowerBound
            var end = start + 1
            while end < suspects.count {
                let next = times(suspects[end])
                let low = min(hull.lowerBound, next.lowerBound)
                let high = max(hull.upperBound, next.upperBound)
                let (width, isOver) = high.subtractingReportingOverflow(low)
                let (own, isOwnOver) = next.upperBound.subtractingReportingOverflow(
                    next.lowerBound)
                widest = isOwnOver ? .max : max(widest, own)
                if isOver || width / 4 > widest + 3_600_000_000_000 / 4 { break }
                hull = low...high
                end += 1
            }
            try look(suspects[start..<end], hull)
            start = end
        }
        return !suspects.isEmpty
    }

    private func times(_ suspect: Suspect) -> ClosedRange<Int64> {
        let start = starts[suspect.extent]
        return rows.times[start]...rows.times[start + suspect.count - 1]
    }

    private func countAtOrBefore(_ time: Int64, _ extent: Int) -> Int {
        var low = starts[extent]
        var high = low + rows.extents[extent].rowCount
        if low == high || rows.times[low] > time { return 0 }
        while low < high {
            let middle = (low + high) >> 1
            if rows.times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low - starts[extent]
    }

    /// The columns to compare: those of the rows, or under REPLACE every field; none where being
    /// there is all that counts.
    private var comparedColumns: [Int] {
        switch rule {
        case .keep, .error: return []
        case .replace: return table.fieldIndexes
        case .merge, .append:
            let numbers = Set(rows.columns.map(\.number))
            return table.fieldIndexes.filter { numbers.contains(table.columns[$0].number) }
        }
    }

    /// Scans the series of the suspects over their times, and walks the answer beside the rows.
    private mutating func look(
        _ suspects: ArraySlice<Suspect>, _ times: ClosedRange<Int64>
    ) throws(StorageError) {
        let compared = comparedColumns
        var request = ScanRequest(
            table: table, columns: (table.timeIndex.map { [$0] } ?? []) + compared)
        let (end, isOver) = times.upperBound.addingReportingOverflow(1)
        request.times = TimeRange(
            start: Timestamp(nanoseconds: times.lowerBound),
            end: Timestamp(nanoseconds: isOver ? .max : end))
        let series = suspects.map { rows.extents[$0.extent].series }
        let scan = try snapshot.scan(request, series: SeriesSet(ascending: series))
        var next = suspects.startIndex
        while let batch = try scan.next() {
            var row = 0
            for extent in batch.extents {
                while next < suspects.endIndex,
                    rows.extents[suspects[next].extent].series < extent.series
                {
                    next += 1
                }
                if next == suspects.endIndex { return }
                let suspect = suspects[next]
                if rows.extents[suspect.extent].series == extent.series {
                    match(suspect, batch, row..<(row + extent.rowCount), compared)
                }
                row += extent.rowCount
            }
        }
    }

    /// Marks the rows of one series that stand in `range` of a batch with the same time.
    private mutating func match(
        _ suspect: Suspect, _ batch: Batch, _ range: Range<Int>, _ compared: [Int]
    ) {
        var pairs: [(own: Int, stored: Int)] = []
        var own = starts[suspect.extent]
        let ownEnd = own + suspect.count
        if table.timeIndex == nil {
            pairs = range.isEmpty ? [] : [(own, range.lowerBound)]
        } else {
            guard case .integers(let storedTimes)? = batch.vectors.first?.storage else { return }
            // Begins where the batch does: an extent may come in several batches.
            var low = own
            var high = ownEnd
            let first = storedTimes[range.lowerBound]
            while low < high {
                let middle = (low + high) >> 1
                if rows.times[middle] < first { low = middle + 1 } else { high = middle }
            }
            own = low
            var stored = range.lowerBound
            while own < ownEnd && stored < range.upperBound {
                let (mine, theirs) = (rows.times[own], storedTimes[stored])
                if mine == theirs {
                    pairs.append((own, stored))
                    own += 1
                    // Further rows of the same time are compared with this one, not with the store.
                    while own < ownEnd && rows.times[own] == mine { own += 1 }
                    stored += 1
                } else if mine < theirs {
                    own += 1
                } else {
                    stored += 1
                }
            }
        }
        for pair in pairs { found[pair.own] = Found.same }
        let base = table.timeIndex == nil ? 0 : 1
        for (place, index) in compared.enumerated() {
            compare(pairs, table.columns[index], batch.vectors[base + place])
        }
    }

    /// Marks as different the pairs that differ in one column.
    private mutating func compare(
        _ pairs: [(own: Int, stored: Int)], _ column: ColumnSchema, _ stored: Vector
    ) {
        guard let own = rows.columns.first(where: { $0.number == column.number })?.values else {
            // REPLACE writes NULL where the rows have no such column.
            for pair in pairs where stored.isValid(pair.stored) {
                found[pair.own] = Found.different
            }
            return
        }
        let same = SameValues(own.widened(to: stored.type), stored)
        for pair in pairs {
            let isOwnValid = own.isValid(pair.own)
            let isSame =
                if isOwnValid {
                    stored.isValid(pair.stored) && same.test(pair.own, pair.stored)
                } else {
                    // A merged NULL leaves what is there.
                    rule != .replace || !stored.isValid(pair.stored)
                }
            if !isSame { found[pair.own] = Found.different }
        }
    }

    /// Compares rows of the write that have the same series and time with the one before; false
    /// where there are none.
    private mutating func findRepeated() -> Bool {
        var isAny = false
        let same = rows.columns.map { SameValues($0.values, $0.values) }
        for (index, extent) in rows.extents.enumerated() {
            let start = starts[index]
            for row in (start + 1)..<max(start + 1, start + extent.rowCount)
            where rows.times[row] == rows.times[row - 1] {
                isAny = true
                var outcome = Found.same
                if rule != .keep && rule != .error {
                    for (column, same) in zip(rows.columns, same) {
                        let isValid = column.values.isValid(row)
                        let wasValid = column.values.isValid(row - 1)
                        let isSame =
                            isValid
                            ? wasValid && same.test(row, row - 1)
                            : rule != .replace || !wasValid
                        if !isSame { outcome = Found.different }
                    }
                }
                found[row] = outcome
            }
        }
        return isAny
    }

    private func finish() throws(StorageError) -> (rows: SortedRows, outcome: WriteOutcome) {
        var outcome = WriteOutcome()
        var kept: [Int32] = []
        kept.reserveCapacity(rows.rowCount)
        for row in 0..<rows.rowCount {
            switch (found[row], rule) {
            case (Found.new, _):
                outcome.stored += 1
                kept.append(Int32(row))
            case (_, .error): throw duplicate(row)
            case (_, .keep), (Found.same, _): outcome.duplicate += 1
            default:
                outcome.updated += 1
                kept.append(Int32(row))
            }
        }
        return (kept.count == rows.rowCount ? rows : rows.gather(kept), outcome)
    }

    private func duplicate(_ row: Int) -> StorageError {
        let time = Timestamp(nanoseconds: rows.times[row])
        return StorageError(
            .duplicate,
            table.isReference
                ? "\(table.name) has a row with this key already"
                : "\(table.name) has a row of this series at \(time) already")
    }
}

/// Whether values of two vectors of one type are the same, bit for bit: NaN equals itself, and
/// -0.0 differs from 0.0.
private enum SameValues {
    case booleans([Bool], [Bool])
    case integers([Int64], [Int64])
    case doubles([Double], [Double])
    case texts(TextStorage, TextStorage)
    case never

    init(_ one: Vector, _ other: Vector) {
        self =
            switch (one.plain.storage, other.plain.storage) {
            case (.booleans(let one), .booleans(let other)): .booleans(one, other)
            case (.integers(let one), .integers(let other)): .integers(one, other)
            case (.doubles(let one), .doubles(let other)): .doubles(one, other)
            case (.texts(let one), .texts(let other)): .texts(one, other)
            default: .never
            }
    }

    func test(_ one: Int, _ other: Int) -> Bool {
        switch self {
        case .booleans(let left, let right): left[one] == right[other]
        case .integers(let left, let right): left[one] == right[other]
        case .doubles(let left, let right): left[one].bitPattern == right[other].bitPattern
        case .texts(let left, let right): left[one].elementsEqual(right[other])
        case .never: false
        }
    }
}

extension SortedRows {
    /// Chosen rows, ascending; extents shrink with their rows.
    func gather(_ chosen: [Int32]) -> SortedRows {
        var kept: [Extent] = []
        var end = 0
        var next = 0
        for extent in extents {
            end += extent.rowCount
            let start = next
            while next < chosen.count && Int(chosen[next]) < end { next += 1 }
            if next > start { kept.append(Extent(series: extent.series, rowCount: next - start)) }
        }
        let keptKinds: RowKinds =
            switch kinds {
            case .all(let kind): .all(kind)
            case .each(let kinds): .each(chosen.map { kinds[Int($0)] })
            }
        return SortedRows(
            table: table, schemaVersion: schemaVersion, extents: kept,
            times: chosen.map { times[Int($0)] }, kinds: keptKinds,
            columns: columns.map {
                PointBatch.Column(number: $0.number, values: $0.values.gather(chosen))
            })
    }
}
