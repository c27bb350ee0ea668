import BelfryCore

/// The series table as an opening finds it: from its checkpoint, the dictionaries of the segments
/// that the checkpoint does not know, and the log.
struct SeriesLoading {
    let fileSystem: any FileSystem
    let databaseID: [UInt8]
    let table: SeriesTable
    /// What is worth telling.
    private(set) var notes: [String] = []
    /// Files in the folder that are of no use any more.
    private(set) var leftovers: [String] = []
    private(set) var temporaries: [String] = []
    /// The checkpoint that was read: the dictionaries of its segments need not be.
    private(set) var checkpoint = CheckpointState()
    private var hadFolder = false

    init(_ fileSystem: any FileSystem, databaseID: [UInt8], into table: SeriesTable) {
        self.fileSystem = fileSystem
        self.databaseID = databaseID
        self.table = table
    }

    /// Reads the newest checkpoint, if there is a whole one.
    /// - Parameter limit: numbers from this on were never handed out.
    mutating func readCheckpoint(below limit: UInt32) {
        let names: [String]
        do throws(StorageError) {
            names = try fileSystem.list(FileNames.seriesFolder)
            hadFolder = try fileSystem.exists(FileNames.seriesFolder)
        } catch {
            notes.append("the checkpoint of the series table cannot be looked for: \(error)")
            return
        }
        var sequences: [UInt64] = []
        for name in names {
            if FileNames.isTemporary(name) {
                temporaries.append(FileNames.seriesFolder + "/" + name)
            } else if let sequence = FileNames.seriesSequence(name) {
                sequences.append(sequence)
            }
        }
        sequences.sort()
        for sequence in sequences.dropLast() { leftovers.append(FileNames.series(sequence)) }
        guard let newest = sequences.last else { return }
        let path = FileNames.series(newest)
        do throws(StorageError) {
            let bytes = try fileSystem.readAll(path)
            let found: SeriesCheckpoint
            do throws(FormatError) {
                found = try SeriesCheckpoint.decode(
                    bytes, databaseID: databaseID, below: limit)
            } catch { throw StorageError(error, file: path) }
            table.load { state in
                for series in found.tables { state.load(series) }
            }
            checkpoint = CheckpointState(
                covered: Set(found.covered), byteCount: bytes.count)
        } catch {
            notes.append(
                "\(error): the checkpoint of the series table is of no use, and the table is "
                    + "made again from the segments")
            leftovers.append(path)
        }
    }

    func covers(_ segment: SegmentSummary) -> Bool {
        checkpoint.covered.contains(.init(fileID: segment.fileID, salt: segment.salt))
    }

    /// Enters the series of a segment, a page of its dictionary at a time.
    func read(_ reader: SegmentReader) throws(StorageError) {
        for page in reader.footer.pages.indices {
            try enter(try reader.page(page), from: reader.path)
        }
    }

    func enter(
        _ entries: [(number: UInt32, key: SeriesKey)], from file: String
    ) throws(StorageError) {
        for entry in entries {
            guard entry.number > 0, entry.number < UInt32.max - 1 else {
                throw StorageError(.damaged, "a series of number \(entry.number)", file: file)
            }
            do throws(FormatError) { try SeriesTable.check(entry.key) } catch {
                throw StorageError(
                    .damaged, "a series key is malformed: \(error)", file: file)
            }
        }
        var other: UInt32?
        table.load { state in
            for entry in entries where !state.load(entry.number, entry.key) {
                other = entry.number
                break
            }
        }
        if let other {
            throw StorageError(.damaged, "series \(other) has two keys", file: file)
        }
    }

    /// To be called once everything was entered.
    mutating func finish(readSegmentCount: Int) {
        table.load { $0.finishLoading() }
        if hadFolder, checkpoint.byteCount == 0, readSegmentCount > 0 {
            notes.append(
                "the series table was made from the dictionaries of \(readSegmentCount) segments: "
                    + "there is no checkpoint of it")
        }
    }
}
