import BelfryCore

/// Writes records to one log file.
///
/// The file belongs to one memtable. It comes into being under a temporary name, with its header
/// synced, so that a header that is damaged later was damaged, not torn. Room is reserved ahead in
/// steps, but never trusted for where the log ends.
struct LogWriter: Sendable {
    let file: any OpenFile
    let path: String
    let header: LogHeader
    /// Where the next record goes.
    private(set) var offset: UInt64
    private var allocatedByteCount: UInt64
    private let step: UInt64
    /// By series number, a bit for each series that is defined in this file.
    private var defined: [UInt64] = []

    static func create(
        _ header: LogHeader, in fileSystem: any FileSystem, step: UInt64
    ) throws(StorageError) -> LogWriter {
        let path = FileNames.log(firstSequence: header.firstSequence)
        let temporary = path + FileNames.temporarySuffix
        if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        let file = try fileSystem.open(temporary, .create)
        do throws(StorageError) {
            try file.allocate(byteCount: step)
            try file.write(header.encode(), at: 0)
            try file.sync()
            try fileSystem.rename(temporary, to: path)
            try fileSystem.syncFolder(FileNames.logFolder)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        return LogWriter(file: file, path: path, header: header, step: step)
    }

    private init(file: any OpenFile, path: String, header: LogHeader, step: UInt64) {
        self.file = file
        self.path = path
        self.header = header
        self.step = step
        offset = UInt64(LogFormat.fileHeaderByteCount)
        allocatedByteCount = step
    }

    /// Whether a series still has to be defined in this file.
    func needsDefinition(_ series: UInt32) -> Bool {
        let word = Int(series >> 6)
        return word >= defined.count || defined[word] & (1 << UInt64(series & 63)) == 0
    }

    mutating func noteDefinition(_ series: UInt32) {
        let word = Int(series >> 6)
        while defined.count <= word { defined.append(0) }
        defined[word] |= 1 << UInt64(series & 63)
    }

    /// Writes sealed records, laid end to end, at `offset`. When that fails nothing may follow in
    /// this file: `StoreState.endLogAfterFailure`.
    mutating func append(_ bytes: [UInt8]) throws(StorageError) {
        let end = offset + UInt64(bytes.count)
        if end > allocatedByteCount {
            let wanted = (end + step - 1) / step * step
            try file.allocate(byteCount: wanted)
            allocatedByteCount = wanted
        }
        try file.write(bytes, at: offset)
        offset = end
    }
}
