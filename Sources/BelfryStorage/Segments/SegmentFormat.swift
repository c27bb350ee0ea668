import BelfryCore

/// The names of the numbers in `formats/segment.md`, and the file's first bytes.
///
/// A segment is a header, blocks, dictionary pages, the block index, the footer and a trailer of
/// fixed length. It is written once from front to back and never changed.
enum SegmentFormat {
    /// "BLFYSEG" and a line feed.
    static let magic: UInt64 = 0x0A47_4553_5946_4C42
    static let magicBytes: [UInt8] = Array("BLFYSEG\n".utf8)
    /// "GESYFLB" and a line feed: the trailer's own, so that a file cut to its header is refused.
    static let endMagic: UInt64 = 0x0A42_4C46_5953_4547
    /// What is written now; older ones are read.
    static let version: UInt16 = 1
    static let headerByteCount = 80
    static let trailerByteCount = 32
    static let checksumByteCount = 8
    static let databaseIDByteCount = 16
    /// Series to a page of the dictionary.
    static let seriesPerPage = 4096

    /// What a column's number is when it is no declared column.
    static let timeColumn: UInt32 = 0
    static let kindColumn: UInt32 = 1

    /// Beside a strip's kind in a block's header: an earlier column of the block has its bytes.
    static let columnReference: UInt8 = 0x10
    /// Beside a strip's kind: the time strip of an earlier block has its bytes.
    static let blockReference: UInt8 = 0x20
    /// Beside a strip's kind: it is mapped from the strip of another column of the block.
    static let mappedStrip: UInt8 = 0x40
    static let stripFlags: UInt8 = 0xF0

    // What no writer exceeds, so that readers refuse before they allocate.
    static let blockHeaderByteCountLimit = 4 << 20
    static let stripCountLimit = 4096
    static let pageByteCountLimit = 512 << 20
    static let indexByteCountLimit = 256 << 20
    static let footerByteCountLimit = 64 << 20
    static let tableCountLimit = 1 << 20
}

/// The first bytes of a segment: which file of which store this is, and its salt.
struct SegmentHeader: Hashable, Sendable {
    var databaseID: [UInt8]
    var fileID: UInt64
    var salt: UInt64
    /// The format the file is written in.
    var version = SegmentFormat.version

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: SegmentFormat.headerByteCount)
        writer.writeUInt64(SegmentFormat.magic)
        writer.writeUInt16(version)
        writer.writeUInt16(0)
        writer.writeUInt32(0)
        writer.writeBytes(databaseID)
        writer.writeUInt64(fileID)
        writer.writeUInt64(salt)
        // Room for what encryption will need: a key's number and a nonce.
        writer.writeBytes([UInt8](repeating: 0, count: 24))
        let sum = unsafe Checksum.of(writer.bytes.span.bytes, salt: salt, offset: 0)
        writer.writeUInt64(sum)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(FormatError) -> SegmentHeader {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readUInt64() == SegmentFormat.magic else {
            throw FormatError("no segment: its first eight bytes are others", at: 0)
        }
        let version = try reader.readUInt16()
        guard version <= SegmentFormat.version else {
            throw FormatError(
                "segment version \(version), this program reads up to \(SegmentFormat.version)",
                at: 8)
        }
        let flags = try reader.readUInt16()
        let rest = try reader.readUInt32()
        guard flags == 0, rest == 0 else {
            throw FormatError("unknown segment flags \(flags)", at: 10)
        }
        let databaseID = try reader.readBytes(SegmentFormat.databaseIDByteCount)
        let fileID = try reader.readUInt64()
        let salt = try reader.readUInt64()
        try reader.skip(24)
        let end = reader.offset
        let sum = try reader.readUInt64()
        guard
            unsafe sum
                == Checksum.of(bytes.span.bytes.extracting(0..<end), salt: salt, offset: 0)
        else { throw FormatError("the checksum of the segment's header differs", at: end) }
        return SegmentHeader(
            databaseID: databaseID, fileID: fileID, salt: salt, version: version)
    }
}

/// Bytes that end in the checksum of the rest, as every part but the strips does.
enum SealedBytes {
    /// Appends the checksum of bytes that will stand at `offset`.
    static func seal(_ writer: inout ByteWriter, salt: UInt64, offset: UInt64) {
        let sum = unsafe Checksum.of(writer.bytes.span.bytes, salt: salt, offset: offset)
        writer.writeUInt64(sum)
    }

    /// Checks the checksum at the end and gives the count of the bytes before it.
    static func verify(
        _ bytes: [UInt8], salt: UInt64, offset: UInt64, _ what: String
    ) throws(FormatError) -> Int {
        let end = bytes.count - SegmentFormat.checksumByteCount
        guard end >= 0 else { throw FormatError("\(what) is cut short", at: 0) }
        var reader = unsafe ByteReader(bytes.span.bytes)
        try reader.skip(end)
        let stored = try reader.readUInt64()
        let sum = unsafe Checksum.of(
            bytes.span.bytes.extracting(0..<end), salt: salt, offset: offset)
        guard stored == sum else { throw FormatError("the checksum of \(what) differs", at: 0) }
        return end
    }
}
