package import BelfryCore

/// What a strip's directory tells of its vectors and of all of them, without the payload.
///
/// A directory takes a few bytes a vector, so this reads some two kilobytes where the strip has
/// forty. Its checksum is verified; that of the payload is not.
package struct StripStatistics: Sendable {
    /// Of all vectors together.
    package let whole: VectorStatistics
    package let vectors: [VectorStatistics]

    /// How many bytes of a strip to read first: the directory is most often among them.
    package static let firstByteCount = 2048

    /// How many bytes the directory and its checksum take, from the first bytes of a strip.
    package static func byteCount(first bytes: [UInt8]) throws(FormatError) -> Int {
        var reader = unsafe ByteReader(bytes.span.bytes)
        return Int(try reader.readUInt32()) + Strip.headerByteCount + Strip.checksumByteCount
    }

    /// Reads the first bytes of a strip, its payload may be missing.
    package init(
        first bytes: [UInt8], kind: StripKind, rowCount: Int, salt: UInt64, offset: UInt64
    ) throws(FormatError) {
        let directory = try StripDirectory(
            bytes: bytes, kind: kind, rowCount: rowCount, salt: salt, offset: offset)
        whole = directory.statistics
        vectors = directory.vectors.map(\.statistics)
    }

    /// Of a strip that is open.
    package init(_ decoder: StripDecoder) {
        whole = decoder.statistics
        vectors = (0..<decoder.vectorCount).map { decoder.statistics(of: $0) }
    }

    package var byteCount: Int { 96 * (vectors.count + 1) }
}
