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
/// the disk. Records from the next file's first on are void: writes that failed.
///
/// Format: `formats/log.md`.
struct LogReader {
    let path: String
    let header: LogHeader
    private let file: any OpenFile
    private let byteCount: UInt64
    /// The first sequence of the next log file; all before it was durable once, and what this file
    /// holds from there on are writes that failed.
    let following: UInt64?
    /// The greatest sequence that the file itself says was durable.
    private(set) var syncedThrough: UInt64
    /// Where the records behind `syncedThrough` stand.
    private var unsynced: [(sequence: UInt64, offset: UInt64)] = []
    /// Payloads of what looked like records behind damage, so far. Their lengths are not to be
    /// trusted, and many places may claim long ones: the search has an end.
    private var searchedByteCount: UInt64 = 0
    private let searchByteCountLimit: UInt64 = 1 << 28
    /// Where the next record is expected.
    private(set) var offset = UInt64(LogFormat.fileHeaderByteCount)
    /// The sequence that it must have.
    private(set) var nextSequence: UInt64
    private var window: [UInt8] = []
    private var windowOffset: UInt64 = 0

    init(
        path: String, databaseID: [UInt8], in fileSystem: any FileSystem,
        followedBy next: UInt64? = nil
    ) throws(StorageError) {
        self.path = path
        following = next
        file = try fileSystem.open(path, .read)
        byteCount = try file.byteCount()
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
        syncedThrough = header.firstSequence &- 1
    }

    /// Goes on from where another reader of the same file ended.
    mutating func seek(to offset: UInt64, expecting sequence: UInt64) {
        self.offset = offset
        nextSequence = sequence
    }

    /// Whether a record seems to begin where the next one is expected: one small read.
    func hasMore() throws(StorageError) -> Bool {
        let count = LogFormat.recordHeaderByteCount
        guard byteCount >= UInt64(count), offset <= byteCount - UInt64(count) else { return false }
        return Self.uint64(try file.read(at: offset, count: count)[...], 16) == nextSequence
    }

    /// Whether something stands where the next record is expected.
    func hasBytes() throws(StorageError) -> Bool {
        let count = min(byteCount - min(offset, byteCount), UInt64(LogFormat.recordHeaderByteCount))
        return try file.read(at: offset, count: Int(count)).contains { $0 != 0 }
    }

    /// Bytes as they are now, past what was read ahead.
    func bytesNow(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        try file.read(at: offset, count: count)
    }

    /// The payload of the next record; nil at the end, of which `end` tells the meaning.
    mutating func next() throws(StorageError) -> (sequence: UInt64, payload: [UInt8])? {
        if let following, nextSequence >= following { return nil }
        guard let record = try record(at: offset), record.sequence == nextSequence else {
            return nil
        }
        take(record, at: offset)
        return (record.sequence, record.payload)
    }

    private mutating func take(_ record: Found, at place: UInt64) {
        offset = place + UInt64(record.byteCount)
        nextSequence = record.sequence &+ 1
        if record.syncedThrough < record.sequence {
            syncedThrough = max(syncedThrough, record.syncedThrough)
        }
        unsynced.append((record.sequence, place))
        if unsynced[0].sequence <= syncedThrough {
            unsynced.removeAll { $0.sequence <= syncedThrough }
        }
    }

    /// The bytes of the records read so far that nothing says were ever synced; nil for none.
    var unsyncedBytes: Range<UInt64>? {
        unsynced.first.map { $0.offset..<offset }
    }

    /// Goes on behind damage, where `end` told of some: to the first later record that is whole.
    /// Nil where there is none; then the damage lasts to the end.
    mutating func skipDamage() throws(StorageError) -> (
        bytes: Range<UInt64>, sequences: Range<UInt64>
    )? {
        guard let lastByte = try lastNonzero() else { return nil }
        var place = offset
        while place <= lastByte {
            if let later = try laterRecord(at: place), later.sequence < following ?? .max {
                let skipped = (offset..<place, nextSequence..<later.sequence)
                offset = place
                nextSequence = later.sequence
                return skipped
            }
            if searchedByteCount > searchByteCountLimit { return nil }
            place += UInt64(LogFormat.alignment)
        }
        return nil
    }

    /// A record behind damage at `offset`: whole, later than the one that is missing, and with room
    /// before it for those between. What only looks like one costs a look at its header.
    private mutating func laterRecord(at place: UInt64) throws(StorageError) -> Found? {
        guard let header = try bytes(at: place, count: LogFormat.recordHeaderByteCount) else {
            return nil
        }
        let sequence = Self.uint64(header, 16)
        let synced = Self.uint64(header, 24)
        let room = (place - offset) / UInt64(LogFormat.recordHeaderByteCount)
        guard sequence > nextSequence, sequence - nextSequence <= room, synced < sequence else {
            return nil
        }
        let payloadByteCount = UInt64(Self.uint32(header, 8))
        guard Self.uint32(header, 12) == UInt32(LogFormat.writeKind),
            payloadByteCount <= byteCount - place
        else { return nil }
        searchedByteCount += payloadByteCount
        return try record(at: place)
    }

    /// From the end of the last record to the last byte that is not zero.
    mutating func restBytes() throws(StorageError) -> Range<UInt64> {
        offset..<(try lastNonzero().map { $0 + 1 } ?? offset)
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
            payloadByteCount <= LogFormat.payloadByteCountLimit
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
    mutating func end() throws(StorageError) -> LogEnd {
        if let following {
            if following <= nextSequence { return .clean }
            return .damaged(
                message: "record \(nextSequence) expected here, the next log file begins with "
                    + "\(following)")
        }
        guard let lastByte = try lastNonzero() else { return .clean }
        var place = offset
        while place <= lastByte {
            if let later = try laterRecord(at: place), later.syncedThrough >= nextSequence {
                return .damaged(
                    message: "record \(nextSequence) expected here, record \(later.sequence) at "
                        + "byte \(place) says that it was durable")
            }
            if searchedByteCount > searchByteCountLimit {
                return .damaged(
                    message: "record \(nextSequence) expected here; what stands behind looks like "
                        + "more records than could be tried")
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
            if let index = part.lastIndex(where: { $0 != 0 }) {
                last = place + UInt64(index - part.startIndex)
            }
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
