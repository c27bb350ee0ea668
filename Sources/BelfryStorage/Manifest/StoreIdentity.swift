import BelfryCore

/// The file that makes a folder a store: its number for all time, and the format it is written in.
///
/// Written once, when the store is made. Format: `formats/README.md`.
struct StoreIdentity: Sendable, Hashable {
    static let magic: [UInt8] = Array("BELFRYDB".utf8)
    /// Version 0 may change until the first release.
    static let version: UInt16 = 0
    private static let byteCount = 72

    /// 16 random bytes, in every file of the store.
    let databaseID: [UInt8]
    /// Seeds the checksum.
    let salt: UInt64

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeBytes(Self.magic)
        writer.writeUInt16(Self.version)
        writer.writeUInt16(UInt16(Self.byteCount))
        // Features that older readers may overlook, may only read past, must refuse.
        writer.writeUInt32(0)
        writer.writeUInt32(0)
        writer.writeUInt32(0)
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        // Room for what encryption will need.
        writer.writeBytes([UInt8](repeating: 0, count: 16))
        let checksum = Checksum.xxh64(writer.bytes, seed: salt)
        writer.writeUInt64(checksum)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], file: String) throws(StorageError) -> StoreIdentity {
        let parts: (identity: StoreIdentity, version: UInt16, features: UInt32)
        do throws(FormatError) {
            parts = try decode(bytes)
        } catch { throw StorageError(error, file: file) }
        guard parts.version == version, parts.features == 0 else {
            throw StorageError(
                .unsupportedFormat,
                "format version \(parts.version) with features \(parts.features), this build "
                    + "knows version \(version) without",
                file: file)
        }
        return parts.identity
    }

    private static func decode(
        _ bytes: [UInt8]
    ) throws(FormatError) -> (StoreIdentity, version: UInt16, features: UInt32) {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readBytes(8) == magic else {
            throw FormatError("not the identity of a store", at: 0)
        }
        let version = try reader.readUInt16()
        let byteCount = try reader.readUInt16()
        try reader.skip(4)
        let readOnlyFeatures = try reader.readUInt32()
        let incompatibleFeatures = try reader.readUInt32()
        let databaseID = try reader.readBytes(16)
        let salt = try reader.readUInt64()
        try reader.skip(16)
        let checksumOffset = reader.offset
        let checksum = try reader.readUInt64()
        guard byteCount == Self.byteCount, bytes.count == Self.byteCount,
            Checksum.xxh64(Array(bytes[..<checksumOffset]), seed: salt) == checksum
        else { throw FormatError("the checksum differs", at: checksumOffset) }
        return (
            StoreIdentity(databaseID: databaseID, salt: salt), version,
            readOnlyFeatures | incompatibleFeatures
        )
    }
}
