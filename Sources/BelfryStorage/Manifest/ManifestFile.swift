import BelfryCore

/// The manifest as a file: written whole, two copies in one file, under its number by an atomic
/// rename.
///
/// No manifest is ever overwritten; the last three are kept. The newest is the one that counts: if
/// neither of its copies is whole, the store is damaged, and no older one takes its place silently.
///
/// Format: `formats/manifest.md`.
enum ManifestFile {
    static let magic: [UInt8] = Array("BELFRYMF".utf8)
    /// What is written now; older ones are read.
    private static let version: UInt16 = 1
    private static let headerByteCount = 40
    /// Copies fill whole sectors, so that one torn sector spoils one copy.
    private static let sectorByteCount = 512
    private static let keptCount: UInt64 = 3

    /// Writes a manifest durably. Where it fails the one before still counts.
    ///
    /// - Returns: the bytes written.
    @discardableResult
    static func write(
        _ manifest: Manifest, databaseID: [UInt8], salt: UInt64, in fileSystem: any FileSystem
    ) throws(StorageError) -> UInt64 {
        let bytes = encode(manifest, databaseID: databaseID, salt: salt)
        try fileSystem.durableReplace(FileNames.manifest(manifest.number), with: bytes)
        if manifest.number > keptCount {
            // What cannot be removed now is removed at the next opening.
            try? fileSystem.remove(FileNames.manifest(manifest.number - keptCount))
        }
        return UInt64(bytes.count)
    }

    static func encode(_ manifest: Manifest, databaseID: [UInt8], salt: UInt64) -> [UInt8] {
        let first = copy(manifest, databaseID: databaseID, salt: salt, offset: 0)
        return first
            + copy(manifest, databaseID: databaseID, salt: salt, offset: UInt64(first.count))
    }

    private static func copy(
        _ manifest: Manifest, databaseID: [UInt8], salt: UInt64, offset: UInt64
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 4096)
        writer.writeBytes(magic)
        writer.writeUInt16(version)
        writer.writeUInt16(UInt16(headerByteCount))
        // The length of what follows the header, filled in below.
        writer.writeUInt32(0)
        writer.writeBytes(databaseID)
        writer.writeUInt64(salt)
        manifest.write(to: &writer)
        writer.overwrite(UInt32(writer.count - headerByteCount), at: 12)
        let end = (writer.count + 8 + sectorByteCount - 1) / sectorByteCount * sectorByteCount
        writer.writeBytes([UInt8](repeating: 0, count: end - 8 - writer.count))
        let checksum = Checksum.xxh64(writer.bytes, seed: salt &+ offset)
        writer.writeUInt64(checksum)
        return writer.bytes
    }

    /// The newest manifest of a store, by the names in its folder; nil where there is none.
    static func newest(_ names: [String]) -> UInt64? {
        names.compactMap(FileNames.manifestNumber).max()
    }

    /// Reads a manifest from whichever copy is whole.
    static func read(
        _ number: UInt64, databaseID: [UInt8], in fileSystem: any FileSystem
    ) throws(StorageError) -> Manifest {
        try readNoting(number, databaseID: databaseID, in: fileSystem).manifest
    }

    /// The same, with what is wrong with one copy where the other is whole.
    static func readNoting(
        _ number: UInt64, databaseID: [UInt8], in fileSystem: any FileSystem
    ) throws(StorageError) -> (manifest: Manifest, damage: StorageError?) {
        let path = FileNames.manifest(number)
        let bytes = try fileSystem.readAll(path)
        let half = bytes.count / 2
        guard half >= sectorByteCount, bytes.count == half * 2 else {
            throw StorageError(
                .damaged, "\(bytes.count) bytes are no manifest", file: path, offset: 0)
        }
        var failure: StorageError?
        var found: Manifest?
        for offset in [0, half] {
            do throws(FormatError) {
                let manifest = try decode(
                    Array(bytes[offset..<(offset + half)]), databaseID: databaseID,
                    offset: UInt64(offset))
                guard manifest.number == number else {
                    throw FormatError("this is manifest \(manifest.number)", at: headerByteCount)
                }
                found = found ?? manifest
            } catch {
                failure = failure ?? StorageError(error, file: path, base: UInt64(offset))
            }
        }
        guard let found else {
            throw failure ?? StorageError(.damaged, "no manifest", file: path)
        }
        return (found, failure)
    }

    static func decode(
        _ bytes: [UInt8], databaseID: [UInt8], offset: UInt64
    ) throws(FormatError) -> Manifest {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard try reader.readBytes(8) == magic else { throw FormatError("not a manifest", at: 0) }
        let version = try reader.readUInt16()
        let headerByteCount = try reader.readUInt16()
        let bodyByteCount = try reader.readUInt32()
        let id = try reader.readBytes(16)
        let salt = try reader.readUInt64()
        let checksumOffset = bytes.count - 8
        var tail = unsafe ByteReader(bytes.span.bytes)
        try tail.skip(checksumOffset)
        let checksum = try tail.readUInt64()
        guard Checksum.xxh64(Array(bytes[..<checksumOffset]), seed: salt &+ offset) == checksum
        else { throw FormatError("the checksum differs", at: checksumOffset) }
        guard version <= Self.version, headerByteCount == Self.headerByteCount else {
            throw FormatError("manifest version \(version)", at: 8)
        }
        guard id == databaseID else { throw FormatError("a manifest of another store", at: 16) }
        guard Int(bodyByteCount) <= checksumOffset - Self.headerByteCount else {
            throw FormatError("a body of \(bodyByteCount) bytes", at: 12)
        }
        let end = Self.headerByteCount + Int(bodyByteCount)
        let body = Array(bytes[Self.headerByteCount..<end])
        var bodyReader = unsafe ByteReader(body.span.bytes)
        let manifest: Manifest
        do throws(FormatError) {
            manifest = try Manifest.read(&bodyReader, version: version)
        } catch {
            throw FormatError(error.message, at: error.offset + Self.headerByteCount)
        }
        guard bodyReader.isAtEnd else {
            throw FormatError(
                "bytes after the manifest's end", at: Self.headerByteCount + bodyReader.offset)
        }
        return manifest
    }
}
