import BelfryCore

/// The numbers of `formats/log.md`, and the headers of log files and of their records.
enum LogFormat {
    static let magic: [UInt8] = Array("BELFRYLG".utf8)
    /// What is written now; older ones are read.
    static let version: UInt16 = 1
    static let fileHeaderByteCount = 96
    static let recordHeaderByteCount = 32
    /// A payload that says more is none; no writer makes one, whatever its options.
    static let payloadByteCountLimit = 1 << 28
    /// Records begin at multiples of this.
    static let alignment = 8
    /// A record that holds one write.
    static let writeKind: UInt8 = 1

    enum Section {
        static let points: UInt8 = 1
        static let series: UInt8 = 2
        static let tombstones: UInt8 = 3
    }

    /// How the kinds of a points section's rows are told: a `RowKind` for all, or one each.
    static let kindsOfEach: UInt8 = 255

    /// The length of a record whose payload has this length.
    static func recordByteCount(payload: Int) -> Int {
        (recordHeaderByteCount + payload + alignment - 1) / alignment * alignment
    }
}

/// What a log file says of itself.
struct LogHeader: Sendable, Hashable {
    let databaseID: [UInt8]
    /// Random; seeds every checksum of the file, so that stale bytes of another never validate.
    let salt: UInt64
    /// The sequence of its first record; everything before was durable when the file was made.
    let firstSequence: UInt64
    let epoch: UInt64
    /// The format the file is written in.
    var version = LogFormat.version

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: LogFormat.fileHeaderByteCount)
        writer.writeBytes(LogFormat.magic)
        writer.writeUInt16(version)
        writer.writeUInt16(0)
        writer.writeUInt32(UInt32(LogFormat.fileHeaderByteCount))
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        writer.writeUInt64(firstSequence)
        writer.writeUInt64(epoch)
        // Room for what encryption will need.
        writer.writeBytes([UInt8](repeating: 0, count: 32))
        let checksum = Checksum.xxh64(writer.bytes, seed: salt)
        writer.writeUInt64(checksum)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(FormatError) -> LogHeader {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readBytes(8) == LogFormat.magic else {
            throw FormatError("not a log file", at: 0)
        }
        let version = try reader.readUInt16()
        let flags = try reader.readUInt16()
        let byteCount = try reader.readUInt32()
        let databaseID = try reader.readBytes(16)
        let salt = try reader.readUInt64()
        let firstSequence = try reader.readUInt64()
        let epoch = try reader.readUInt64()
        try reader.skip(32)
        let checksumOffset = reader.offset
        let checksum = try reader.readUInt64()
        guard Checksum.xxh64(Array(bytes[..<checksumOffset]), seed: salt) == checksum else {
            throw FormatError("the header's checksum differs", at: checksumOffset)
        }
        guard version <= LogFormat.version, flags == 0,
            byteCount == LogFormat.fileHeaderByteCount
        else { throw FormatError("log version \(version), flags \(flags)", at: 8) }
        return LogHeader(
            databaseID: databaseID, salt: salt, firstSequence: firstSequence, epoch: epoch,
            version: version)
    }
}
