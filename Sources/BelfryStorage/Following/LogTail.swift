/// Where a reader stands in a log file that may still grow.
///
/// The file is opened by its name at every look: it may have been replaced by another of the same
/// name, or its last record taken back and written anew. Both show in the salt and in the checksum
/// of the record read last.
struct LogTail: Sendable {
    let path: String
    /// The first sequence of the file.
    private(set) var first: UInt64
    private var header: LogHeader?
    /// Where the next record is expected.
    private var offset = UInt64(LogFormat.fileHeaderByteCount)
    /// Place and checksum of the record read last.
    private var last: (offset: UInt64, checksum: [UInt8])?

    private static let checksumByteCount = 8

    /// The beginning of a file.
    init(path: String) {
        self.path = path
        let prefix = FileNames.logFolder + "/"
        first = FileNames.logSequence(String(path.dropFirst(prefix.count))) ?? 0
    }

    /// Behind the last record that a reader gave.
    init(_ reader: LogReader, lastPayloadByteCount: Int?) throws(StorageError) {
        self.init(path: reader.path)
        header = reader.header
        offset = reader.offset
        if let lastPayloadByteCount { try note(reader, lastPayloadByteCount) }
    }

    enum Place {
        case ready(LogReader)
        /// Flushed and removed, or lost: a newer manifest tells which.
        case isGone
        case isRewritten
    }

    /// A reader that goes on from here, if the file is what it was.
    func reader(
        databaseID: [UInt8], expecting sequence: UInt64, in fileSystem: any FileSystem
    ) throws(StorageError) -> Place {
        do throws(StorageError) {
            var reader = try LogReader(path: path, databaseID: databaseID, in: fileSystem)
            guard reader.header.firstSequence == first, header ?? reader.header == reader.header
            else { return .isRewritten }
            if let last {
                let found = try reader.bytesNow(at: last.offset, count: Self.checksumByteCount)
                guard found == last.checksum else { return .isRewritten }
            }
            reader.seek(to: offset, expecting: sequence)
            return .ready(reader)
        } catch {
            switch error.code {
            case .missing: return .isGone
            // The file ends before what was read.
            case .damaged: return .isRewritten
            default: throw error
            }
        }
    }

    /// Notes the record that the reader gave last.
    mutating func note(_ reader: LogReader, _ payloadByteCount: Int) throws(StorageError) {
        header = reader.header
        offset = reader.offset
        let byteCount = UInt64(LogFormat.recordByteCount(payload: payloadByteCount))
        let start = reader.offset - byteCount
        last = (start, try reader.bytesNow(at: start, count: Self.checksumByteCount))
    }
}
