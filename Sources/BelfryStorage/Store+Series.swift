import BelfryCore
import Synchronization

/// The series that a group of writes brings, before any of it is registered: numbers by key, and
/// how many of each table.
struct StagedSeries {
    fileprivate var numbers: [SeriesKey: UInt32] = [:]
    fileprivate var counts: [UInt32: Int] = [:]
}

/// What a checkpoint of the series table would save the next opening, and what it would cost.
struct CheckpointState: Sendable {
    /// The segments whose series the newest checkpoint has.
    var covered: Set<SeriesCheckpoint.Covered> = []
    /// What it takes on the disk.
    var byteCount = 0
    /// Series that it has and that were dropped since.
    var droppedCount = 0
}

extension Store {
    /// The parts with a number for every key. Limits are checked before a number is given, so
    /// what is refused leaves nothing behind.
    func number(
        _ prepared: PreparedWrite, _ state: StoreState, _ staged: inout StagedSeries
    ) throws(StorageError) -> ([PreparedWrite.Part], [(number: UInt32, key: SeriesKey)]) {
        var parts = prepared.parts
        var added: [(number: UInt32, key: SeriesKey)] = []
        var all = staged
        for index in parts.indices {
            let table = parts[index].batch.table
            try Self.checkCurrent(parts[index].batch, in: state.manifest.catalog)
            if parts[index].isComplete && prepared.series === series { continue }
            // Others may have registered series since the write was prepared, or series without
            // rows were dropped: numbers of the table of then may not be in that of now.
            parts[index].numbers = series.numbers(of: parts[index].batch.keys)
            var room = room(for: table, all)
            for place in parts[index].numbers.indices where parts[index].numbers[place] == 0 {
                let key = parts[index].batch.keys[place]
                if let number = all.numbers[key] {
                    parts[index].numbers[place] = number
                    continue
                }
                guard room.count > 0 else { throw room.refusal }
                room.count -= 1
                let next = UInt64(state.nextSeries) + UInt64(all.numbers.count)
                guard next < UInt64(UInt32.max) - 1 else {
                    throw StorageError(.seriesLimit, "no series numbers are left")
                }
                do throws(FormatError) { try SeriesTable.check(key) } catch {
                    throw StorageError(.damaged, "a series key is malformed: \(error)")
                }
                all.counts[table.number, default: 0] += 1
                all.numbers[key] = UInt32(next)
                parts[index].numbers[place] = UInt32(next)
                added.append((UInt32(next), key))
            }
        }
        staged = all
        return (parts, added)
    }

    /// How many more series a table may have, and what is said to the one too many.
    private func room(
        for table: TableSchema, _ staged: StagedSeries
    ) -> (count: Int, refusal: StorageError) {
        let mine = series.count(table: table.number) + staged.counts[table.number, default: 0]
        let all = series.count + staged.numbers.count
        let ofTable = options.seriesCountLimit - mine
        let ofDatabase = options.databaseSeriesCountLimit - all
        let refusal =
            ofTable <= ofDatabase
            ? "\(table.name) would have more than \(options.seriesCountLimit) series"
            : "the database would have more than \(options.databaseSeriesCountLimit) series"
        return (
            min(ofTable, ofDatabase),
            StorageError(
                .seriesLimit,
                refusal + "; nothing of this write was stored, and series that are there "
                    + "already can still be written")
        )
    }

    /// The series of a write that this log file does not know yet, by ascending number.
    func definitions(
        _ rows: [SortedRows], _ newSeries: [(number: UInt32, key: SeriesKey)],
        _ log: inout LogWriter
    ) -> [(number: UInt32, key: SeriesKey)] {
        var new: [(number: UInt32, key: SeriesKey)] = []
        // A series whose rows were all dropped keeps its number, and so needs its definition.
        for entry in newSeries where log.needsDefinition(entry.number) {
            log.noteDefinition(entry.number)
            new.append(entry)
        }
        var known: [UInt32] = []
        for part in rows {
            for extent in part.extents where log.needsDefinition(extent.series) {
                log.noteDefinition(extent.series)
                known.append(extent.series)
            }
        }
        if known.isEmpty { return new }
        // Numbers given now are above all others.
        return zip(known, series.keys(known)).sorted { $0.0 < $1.0 }
            .map { (number: $0.0, key: $0.1) } + new
    }

    // MARK: The checkpoint

    /// Writes a checkpoint of the series table where it spares the next opening enough: at the
    /// end, or once the segments that the last one does not know take eight times its bytes.
    func checkpointSeries(isClosing: Bool) throws(StorageError) {
        let known = checkpoint.withLock { $0 }
        guard isLogged,
            series.count >= options.checkpointSeriesCount || known.droppedCount > 0
        else { return }
        // The table and the segments of one moment: it has all that these have, and series are
        // dropped only once no segment of the manifest has them.
        let (segments, tables, limit, sequence, isRefused) = state.withLock { state in
            (
                state.manifest.segments, series.contents.tables, state.manifest.nextSeries,
                state.manifest.flushedThrough, state.refusal != nil
            )
        }
        if isRefused { return }
        let places = segments.map {
            SeriesCheckpoint.Covered(fileID: $0.fileID, salt: $0.salt)
        }
        var unknownByteCount: UInt64 = 0
        for (segment, place) in zip(segments, places) where !known.covered.contains(place) {
            unknownByteCount += segment.byteCount
        }
        let cost = max(known.byteCount, series.count * 8)
        let isWorth = isClosing ? unknownByteCount > 0 : unknownByteCount / 8 >= cost
        let isStale = known.droppedCount > (isClosing ? 0 : series.count / 8)
        guard isWorth || isStale else { return }
        let bytes = SeriesCheckpoint(
            sequence: sequence, covered: places, tables: tables
        ).encoded(below: limit, databaseID: identity.databaseID, salt: random())
        if try !fileSystem.exists(FileNames.seriesFolder) {
            try fileSystem.createFolder(FileNames.seriesFolder)
            try fileSystem.syncFolder("")
        }
        let path = FileNames.series(sequence)
        try fileSystem.durableReplace(path, with: bytes)
        count(UInt64(bytes.count), as: \.checkpointByteCount)
        checkpoint.withLock {
            $0 = CheckpointState(
                covered: Set(places), byteCount: bytes.count,
                droppedCount: $0.droppedCount - known.droppedCount)
        }
        for name in try fileSystem.list(FileNames.seriesFolder) {
            guard let other = FileNames.seriesSequence(name), other != sequence else { continue }
            try fileSystem.remove(FileNames.series(other))
        }
    }
}
