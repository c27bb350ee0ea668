import BelfryCore

/// Step 2 of recovery: the log past `flushedThrough`, and what its bad places mean.
///
/// Where bytes were durable once and are no record now, `strict` refuses writers; `salvage` goes on
/// behind them, says which writes are lost, and keeps the file as it is.
extension Recovery {
    mutating func readLog() throws(StorageError) {
        var firsts: [UInt64] = []
        for name in try fileSystem.list(FileNames.logFolder) {
            let path = FileNames.logFolder + "/" + name
            if FileNames.isTemporary(name) {
                temporaries.append(path)
            } else if let first = FileNames.logSequence(name) {
                firsts.append(first)
            } else {
                strangers.append((path, "no file of a store has such a name"))
            }
        }
        firsts.sort()
        for (index, first) in firsts.enumerated() {
            let next = index + 1 < firsts.count ? firsts[index + 1] : nil
            let path = FileNames.log(firstSequence: first)
            // All of it lies in segments: the crash came before it was removed.
            if let next, next <= manifest.flushedThrough + 1 {
                removals.append(path)
                continue
            }
            do throws(StorageError) {
                try readLog(first, path: path, followedBy: next)
            } catch {
                if mode == .salvage && error.code == .damaged {
                    setAside(path, error, followedBy: next)
                    continue
                }
                if !isReadOnly { throw error }
                // A reader is let in to what comes before the damage, and to no more.
                refuse(error)
                return
            }
        }
    }

    private mutating func readLog(
        _ first: UInt64, path: String, followedBy next: UInt64?
    ) throws(StorageError) {
        var reader = try LogReader(
            path: path, databaseID: identity.databaseID, in: fileSystem, followedBy: next)
        guard reader.header.firstSequence == first else {
            throw StorageError(
                .damaged,
                "the header says that the first record is "
                    + "\(reader.header.firstSequence)", file: path)
        }
        try checkGap(first, path: path)
        var hasUnflushed = false
        var lastPayloadByteCount: Int?
        repeat {
            while let record = try reader.next() {
                let end = reader.offset
                lastPayloadByteCount = record.payload.count
                let start =
                    end - UInt64(LogFormat.recordByteCount(payload: record.payload.count))
                let isNew = record.sequence > manifest.flushedThrough
                guard !isNew || record.sequence == nextSequence else {
                    throw StorageError(
                        .damaged, "record \(record.sequence) stands where \(nextSequence) should",
                        file: path, offset: start)
                }
                do throws(StorageError) {
                    let content = try decode(record.payload, path: path, at: start)
                    guard content.tombstones.allSatisfy({ $0.sequence == record.sequence }) else {
                        throw StorageError(
                            .damaged, "a tombstone of another record than \(record.sequence)",
                            file: path, offset: start)
                    }
                    try loading.enter(content.series, from: path)
                    if !isNew { continue }
                    Self.replay(
                        try defined(content, path: path, at: start..<end), record.sequence,
                        manifest.catalog, into: &memtable)
                    nextSequence = record.sequence + 1
                    hasUnflushed = true
                } catch {
                    guard mode == .salvage, error.code == .damaged else { throw error }
                    note(
                        .damage, path, start..<end, record.sequence..<(record.sequence + 1),
                        error.message)
                    if isNew { nextSequence = record.sequence + 1 }
                }
            }
        } while try goOnBehindDamage(&reader)
        if isReadOnly {
            tail = try LogTail(reader, lastPayloadByteCount: lastPayloadByteCount)
        }
        if hasUnflushed || reader.nextSequence == nextSequence { memtable.logFiles.append(path) }
        if next == nil, let bytes = reader.unsyncedBytes { unsynced = (path, bytes) }
        if reader.nextSequence <= manifest.flushedThrough {
            // Everything of it is in segments, even where the next file's name does not tell.
            memtable.logFiles.removeAll { $0 == path }
            removals.append(path)
            tornEnds.removeAll { $0.path == path }
            unsynced = nil
        }
    }

    /// Writes between the file before and this one that no file holds.
    private mutating func checkGap(_ first: UInt64, path: String) throws(StorageError) {
        if first <= nextSequence { return }
        let message = "the log goes on with record \(first), \(nextSequence) is missing"
        guard mode == .salvage else { throw StorageError(.damaged, message, file: path) }
        findings.append(
            RecoveryFinding(
                kind: .gap, file: path, bytes: nil, sequences: nextSequence...(first - 1),
                message: message))
        nextSequence = first
    }

    /// Judges where the records end; true where there is damage and records behind it.
    private mutating func goOnBehindDamage(
        _ reader: inout LogReader
    ) throws(StorageError) -> Bool {
        switch try reader.end() {
        case .clean: return false
        case .torn(let byteCount):
            tornEnds.append((reader.path, reader.offset, byteCount))
            findings.append(
                RecoveryFinding(
                    kind: .tornEnd, file: reader.path,
                    bytes: reader.offset..<(reader.offset + byteCount), sequences: nil,
                    message: "the last \(byteCount) bytes are no whole record; they were cut off "
                        + "by a crash and are kept in quarantine"))
            return false
        case .damaged(let message):
            guard mode == .salvage else {
                throw StorageError(.damaged, message, file: reader.path, offset: reader.offset)
            }
            let rest = try reader.restBytes()
            if let skipped = try reader.skipDamage() {
                note(.damage, reader.path, skipped.bytes, skipped.sequences, message)
                nextSequence = max(nextSequence, reader.nextSequence)
                return true
            }
            // To the next file, whose first sequence says how many are missing.
            let end = reader.following ?? (reader.nextSequence + 1)
            note(.damage, reader.path, rest, reader.nextSequence..<end, message)
            nextSequence = max(nextSequence, end)
            return false
        }
    }

    private mutating func note(
        _ kind: RecoveryFinding.Kind, _ path: String, _ bytes: Range<UInt64>,
        _ sequences: Range<UInt64>, _ message: String
    ) {
        findings.append(
            RecoveryFinding(
                kind: kind, file: path, bytes: bytes,
                sequences: sequences.isEmpty
                    ? nil : sequences.lowerBound...(sequences.upperBound - 1),
                message: message))
        if !damagedFiles.contains(path) { damagedFiles.append(path) }
    }

    /// A file of which nothing can be read, or no more.
    private mutating func setAside(
        _ path: String, _ error: StorageError, followedBy next: UInt64?
    ) {
        findings.append(
            RecoveryFinding(
                kind: .damage, file: path, bytes: nil,
                sequences: next.flatMap {
                    $0 > nextSequence ? nextSequence...($0 - 1) : nil
                },
                message: error.message))
        if let next { nextSequence = max(nextSequence, next) }
        if !damagedFiles.contains(path) { damagedFiles.append(path) }
        memtable.logFiles.removeAll { $0 == path }
        removals.append(path)
    }

    private func decode(
        _ payload: [UInt8], path: String, at start: UInt64
    ) throws(StorageError) -> LogRecord {
        do throws(FormatError) {
            return try LogRecord.decode(payload)
        } catch {
            throw StorageError(
                error, file: path, base: start + UInt64(LogFormat.recordHeaderByteCount))
        }
    }

    /// The record, once it is sure that every series of its rows has a key. Where damage took the
    /// definition of some, their rows go with it.
    private mutating func defined(
        _ record: LogRecord, path: String, at bytes: Range<UInt64>
    ) throws(StorageError) -> LogRecord {
        var result = record
        for (index, rows) in record.points.enumerated() {
            guard let missing = rows.extents.first(where: { !loading.table.has($0.series) }) else {
                continue
            }
            let message = "series \(missing.series) has rows and no definition"
            guard mode == .salvage else {
                throw StorageError(.damaged, message, file: path, offset: bytes.lowerBound)
            }
            var kept: [Int32] = []
            var row = 0
            for extent in rows.extents {
                if loading.table.has(extent.series) {
                    kept += (row..<(row + extent.rowCount)).map(Int32.init)
                } else {
                    nextSeries = max(nextSeries, extent.series + 1)
                }
                row += extent.rowCount
            }
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: path, bytes: bytes, sequences: nil,
                    message: "\(message): \(rows.rowCount - kept.count) rows are lost with it"))
            if !damagedFiles.contains(path) { damagedFiles.append(path) }
            result.points[index] = rows.gather(kept)
        }
        return result
    }

    /// What a record did is done again.
    static func replay(
        _ record: LogRecord, _ sequence: UInt64, _ catalog: Catalog,
        into memtable: inout Memtable
    ) {
        memtable.note(sequence...sequence)
        for tombstone in record.tombstones where catalog.table(numbered: tombstone.table) != nil {
            memtable.append(tombstone)
        }
        for rows in record.points where catalog.table(numbered: rows.table) != nil {
            if rows.rowCount > 0 { memtable.append(rows.run(sequence...sequence)) }
        }
    }

    // MARK: Changes

    /// Step 4 ahead of the manifest.
    ///
    /// The process before may have died with records that can be read and are not on the disk;
    /// where its sync failed, the system takes them for written, and another sync would do nothing.
    /// So they are written again, the same bytes to the same place, and synced: the next log file
    /// says by its first sequence that all before it is durable.
    func makeLogDurable() throws(StorageError) {
        if !tornEnds.isEmpty || !strangers.isEmpty || !damagedFiles.isEmpty {
            // Durable with the manifest that follows; nothing is moved or removed before that.
            try fileSystem.createFolder(FileNames.quarantineFolder)
        }
        if !damagedFiles.isEmpty { try keepDamagedFiles() }
        guard let unsynced else { return }
        let file = try fileSystem.open(unsynced.path, .update)
        var place = unsynced.bytes.lowerBound
        while place < unsynced.bytes.upperBound {
            let count = Int(min(unsynced.bytes.upperBound - place, 1 << 20))
            try file.write(try file.read(at: place, count: count), at: place)
            place += UInt64(count)
        }
        try file.sync()
    }

    private func keepDamagedFiles() throws(StorageError) {
        for path in damagedFiles {
            let why = findings.filter { $0.file == path }.map(\.description)
            try keep(
                try fileSystem.readAll(path), as: Self.quarantined(path) + "-damaged",
                why: why.joined(separator: "\n"))
        }
    }
}
