import BelfryCore

/// The file that makes a folder a store: its number for all time, and the format it is written in.
///
/// Written when the store is made, and again when its format is upgraded or a feature comes into
/// use. Format: `formats/README.md`.
struct StoreIdentity: Sendable, Hashable {
    static let magic: [UInt8] = Array("BELFRYDB".utf8)
    /// What new stores are written in; older ones are read, and written once upgraded.
    static let version: UInt16 = 1
    private static let byteCount = 72

    /// 16 random bytes, in every file of the store.
    let databaseID: [UInt8]
    /// Seeds the checksum.
    let salt: UInt64
    /// The format that the store is written in.
    var version = Self.version
    var features = FeatureFlags()

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeBytes(Self.magic)
        writer.writeUInt16(version)
        writer.writeUInt16(UInt16(Self.byteCount))
        features.write(to: &writer)
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        // Room for what encryption will need.
        writer.writeBytes([UInt8](repeating: 0, count: 16))
        let checksum = Checksum.xxh64(writer.bytes, seed: salt)
        writer.writeUInt64(checksum)
        return writer.bytes
    }

    /// Refuses what this build must not open.
    static func decode(_ bytes: [UInt8], file: String) throws(StorageError) -> StoreIdentity {
        let identity: StoreIdentity
        do throws(FormatError) {
            identity = try decode(bytes)
        } catch { throw StorageError(error, file: file) }
        guard identity.version <= version, identity.features.unknown.incompatible == 0 else {
            throw StorageError(
                .unsupportedFormat,
                "format version \(identity.version) with features "
                    + "\(identity.features.unknown.incompatible) that this build does not know; it "
                    + "knows versions up to \(version)",
                file: file)
        }
        return identity
    }

    /// Why a build of today may read the store but not write it; nil where it may.
    func refusal(upgrading: Bool) -> StorageError? {
        if features.unknown.readOnlyCompatible != 0 {
            return StorageError(
                .readOnly,
                "the store uses features \(features.unknown.readOnlyCompatible) that this build "
                    + "may not write past", file: FileNames.identity)
        }
        if version < Self.version && !upgrading {
            return StorageError(
                .readOnly,
                "the store has format version \(version); `belfry upgrade` makes it version "
                    + "\(Self.version)", file: FileNames.identity)
        }
        return nil
    }

    private static func decode(_ bytes: [UInt8]) throws(FormatError) -> StoreIdentity {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readBytes(8) == magic else {
            throw FormatError("not the identity of a store", at: 0)
        }
        let version = try reader.readUInt16()
        let byteCount = try reader.readUInt16()
        let features = try FeatureFlags.read(&reader)
        let databaseID = try reader.readBytes(16)
        let salt = try reader.readUInt64()
        try reader.skip(16)
        let checksumOffset = reader.offset
        let checksum = try reader.readUInt64()
        guard byteCount == Self.byteCount, bytes.count == Self.byteCount,
            Checksum.xxh64(Array(bytes[..<checksumOffset]), seed: salt) == checksum
        else { throw FormatError("the checksum differs", at: checksumOffset) }
        return StoreIdentity(
            databaseID: databaseID, salt: salt, version: version, features: features)
    }
}

extension Store {
    /// The format version that the store had when it was opened.
    package var openedFormatVersion: UInt16 { identity.version }
    /// The one that this build writes.
    package static var formatVersion: UInt16 { StoreIdentity.version }
}
