import BelfryCore

/// How the records of a log file end.
enum LogEnd: Sendable, Hashable {
    /// With zeros or the end of the file.
    case clean
    /// With bytes that are no whole record and of which nothing says that they were durable.
    case torn(byteCount: UInt64)
    /// With bytes that were durable once and are no record now.
    case damaged(message: String)
}

/// Reads the records of one log file to the first that is not whole, and says what that means.
///
/// A record carries the sequence through which the log was synced when it was written. So after a
/// bad record the reader looks on: a later valid one of this file that says the bad one was durable
/// proves damage; anything else is a write that the crash cut off, whatever parts of it reached
/// the disk.
///
/// Format: `formats/log.md`.
struct LogReader {
    let path: String
    let header: LogHeader
    private let file: any OpenFile
    private let byteCount: UInt64
    private let recordByteCountLimit: Int
    /// Where the next record is expected.
    private(set) var offset = UInt64(LogFormat.fileHeaderByteCount)
    /// The sequence that it must have.
    private(set) var nextSequence: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0

    init(
        path: String, databaseID: [UInt8], in fileSystem: any FileSystem
    ) throws(StorageError) {
        self.path = path
        file = try fileSystem.open(path, .read)
        byteCount = try file.byteCount()
        recordByteCountLimit = 1 << 30
        guard byteCount >= UInt64(LogFormat.fileHeaderByteCount) else {
            throw StorageError(
                .damaged, "\(byteCount) bytes are no log file", file: path, offset: 0)
        }
        let bytes = try file.read(at: 0, count: LogFormat.fileHeaderByteCount)
        do throws(FormatError) {
            header = try LogHeader.decode(bytes)
        } catch { throw StorageError(error, file: path) }
        guard header.databaseID == databaseID else {
            throw StorageError(.damaged, "a log of another store", file: path, offset: 16)
        }
        nextSequence = header.firstSequence
    }

    /// The payload of the next record; nil at the end, of which `end` tells the meaning.
    mutating func next() throws(StorageError) -> (sequence: UInt64, payload: [UInt8])? {
        guard let record = try record(at: offset), record.sequence == nextSequence else {
            return nil
        }
        offset += UInt64(record.byteCount)
        nextSequence += 1
        return (record.sequence, record.payload)
    }

    private struct Found {
        let sequence: UInt64
        let syncedThrough: UInt64
        let payload: [UInt8]
        let byteCount: Int
    }

    /// The record that stands there with a right checksum, whatever its sequence; nil for none.
    private mutating func record(at place: UInt64) throws(StorageError) -> Found? {
        let headerByteCount = LogFormat.recordHeaderByteCount
        guard let header = try bytes(at: place, count: headerByteCount) else { return nil }
        let payloadByteCount = Int(Self.uint32(header, 8))
        // The kind is one byte, flags and what is reserved are three zeros.
        guard Self.uint32(header, 12) == UInt32(LogFormat.writeKind),
            payloadByteCount <= recordByteCountLimit
        else { return nil }
        let byteCount = LogFormat.recordByteCount(payload: payloadByteCount)
        guard let whole = try bytes(at: place, count: byteCount) else { return nil }
        let covered = unsafe whole.span.bytes.extracting(8..<byteCount)
        let checksum = Checksum.of(covered, salt: self.header.salt, offset: place &+ 8)
        guard checksum == Self.uint64(whole, 0) else { return nil }
        return Found(
            sequence: Self.uint64(whole, 16), syncedThrough: Self.uint64(whole, 24),
            payload: Array(whole.dropFirst(headerByteCount).prefix(payloadByteCount)),
            byteCount: byteCount)
    }

    /// What stands behind the last record, once `next` has given nil.
    ///
    /// - Parameter next: the sequence that a next log file begins with; all before it was
    ///   durable.
    mutating func end(followedBy next: UInt64?) throws(StorageError) -> LogEnd {
        if let next, next != nextSequence {
            return .damaged(
                message: "record \(nextSequence) expected here, the next log file begins with "
                    + "\(next)")
        }
        guard let lastByte = try lastNonzero() else { return .clean }
        if next != nil { return .clean }
        var place = offset
        while place <= lastByte {
            if let later = try record(at: place), later.sequence > nextSequence,
                later.syncedThrough >= nextSequence, later.syncedThrough < later.sequence
            {
                return .damaged(
                    message: "record \(nextSequence) expected here, record \(later.sequence) at "
                        + "byte \(place) says that it was durable")
            }
            place += UInt64(LogFormat.alignment)
        }
        return .torn(byteCount: lastByte + 1 - offset)
    }

    /// Where the last byte that is not zero stands, from `offset` on.
    private mutating func lastNonzero() throws(StorageError) -> UInt64? {
        var last: UInt64?
        var place = offset
        while place < byteCount {
            let count = Int(min(byteCount - place, 1 << 20))
            guard let part = try bytes(at: place, count: count) else { break }
            if let index = part.lastIndex(where: { $0 != 0 }) { last = place + UInt64(index) }
            place += UInt64(count)
        }
        return last
    }

    /// Bytes of the file through a window of a mebibyte; nil where the file ends before.
    private mutating func bytes(
        at place: UInt64, count: Int
    ) throws(StorageError) -> ArraySlice<UInt8>? {
        guard place <= byteCount, UInt64(count) <= byteCount - place else { return nil }
        if place < windowOffset || place + UInt64(count) > windowOffset + UInt64(window.count) {
            let wanted = min(byteCount - place, UInt64(max(count, 1 << 20)))
            window = try file.read(at: place, count: Int(wanted))
            windowOffset = place
        }
        let start = Int(place - windowOffset)
        return window[start..<(start + count)]
    }

    private static func uint32(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 {
            value |= UInt32(bytes[bytes.startIndex + offset + index]) << UInt32(8 * index)
        }
        return value
    }

    private static func uint64(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt64 {
        UInt64(uint32(bytes, offset)) | UInt64(uint32(bytes, offset + 4)) << 32
    }
}
