package import BelfryCore

/// What a backup says of itself: of which store it is, of which write, and of when.
///
/// A folder with this file is never opened for writing. Format: `formats/README.md`, "A backup".
package struct BackupFile: Sendable, Hashable {
    static let magic: [UInt8] = Array("BELFRYBK".utf8)
    private static let version: UInt16 = 1
    static let byteCount = 72

    package let databaseID: [UInt8]
    /// Seeds the checksum.
    let salt: UInt64
    package let manifestNumber: UInt64
    /// The last write that it holds.
    package let sequence: UInt64
    /// The wall clock when it was begun.
    package let time: Timestamp

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeBytes(Self.magic)
        writer.writeUInt16(Self.version)
        writer.writeUInt16(UInt16(Self.byteCount))
        writer.writeUInt32(0)
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        writer.writeUInt64(manifestNumber)
        writer.writeUInt64(sequence)
        writer.writeInt64(time.nanoseconds)
        let checksum = Checksum.xxh64(writer.bytes, seed: salt)
        writer.writeUInt64(checksum)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], file: String) throws(StorageError) -> BackupFile {
        do throws(FormatError) {
            return try decode(bytes)
        } catch { throw StorageError(error, file: file) }
    }

    private static func decode(_ bytes: [UInt8]) throws(FormatError) -> BackupFile {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readBytes(8) == magic else {
            throw FormatError("not the description of a backup", at: 0)
        }
        let version = try reader.readUInt16()
        let byteCount = try reader.readUInt16()
        try reader.skip(4)
        let databaseID = try reader.readBytes(16)
        let salt = try reader.readUInt64()
        let manifestNumber = try reader.readUInt64()
        let sequence = try reader.readUInt64()
        let time = try reader.readInt64()
        let checksumOffset = reader.offset
        let checksum = try reader.readUInt64()
        guard byteCount == Self.byteCount, bytes.count == Self.byteCount,
            Checksum.xxh64(Array(bytes[..<checksumOffset]), seed: salt) == checksum
        else { throw FormatError("the checksum differs", at: checksumOffset) }
        guard version == Self.version else {
            throw FormatError("a backup of version \(version)", at: 8)
        }
        return BackupFile(
            databaseID: databaseID, salt: salt, manifestNumber: manifestNumber,
            sequence: sequence, time: Timestamp(nanoseconds: time))
    }
}
