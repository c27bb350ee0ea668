import BelfryCore

/// The frame of a strip: one column of one block as bytes that stand for themselves.
///
/// A strip is a directory (the transforms of the column, then for every vector of 1,024 rows its
/// tag, parameters and statistics), the checksum of the directory, the payload and the checksum of
/// the payload. Any vector decodes alone, given the directory and, for text, the strip's
/// dictionary.
///
/// Format: `formats/codecs.md`.
package enum Strip {
    /// Rows in every vector but the last.
    package static let vectorRowCount = 1024
    /// The most rows a strip may hold.
    package static let rowCountLimit = 65_536
    /// The most bytes of text a strip may hold, encoded or decoded.
    package static let textByteCountLimit = 64 << 20

    /// Directory length and payload length ahead of the directory.
    static let headerByteCount = 8
    /// The most distinct doubles of a dictionary.
    static let distinctCountLimit = 16_384
    static let checksumByteCount = 8
    /// Added to the kind where a table of tokens follows.
    static let coldFlag: UInt8 = 0x10
    /// Added to the kind where a map follows.
    static let mappedFlag: UInt8 = 0x20
    /// Added to the kind of integers where they are scaled.
    static let scaledFlag: UInt8 = 0x40

    /// How many vectors so many rows make.
    package static func vectorCount(rows: Int) -> Int {
        (rows + vectorRowCount - 1) / vectorRowCount
    }

    /// How many rows the vector with this index has.
    static func rowCount(of vector: Int, rows: Int) -> Int {
        min(vectorRowCount, rows - vector * vectorRowCount)
    }
}

/// What kind of values a strip holds, as written in its first byte.
package enum StripKind: UInt8, Hashable, Sendable, CaseIterable {
    /// `Int64`: BIGINT, INTEGER, TIMESTAMP and whatever else storage keeps as integers.
    case integers = 0
    case doubles = 1
    case booleans = 2
    /// UTF-8 or any other bytes.
    case texts = 3
}

/// The values of one column of one block on their way into a strip, at most 65,536 of them.
///
/// The slot of a row without a value may hold anything; the encoder fills it with what costs least,
/// and decoding yields that filling.
package enum StripValues: Sendable {
    case integers([Int64])
    case doubles([Double])
    case booleans([Bool])
    /// Text `i` is `bytes[offsets[i]..<offsets[i + 1]]`; there is one offset more than texts.
    case texts(offsets: [UInt32], bytes: [UInt8])

    package var count: Int {
        switch self {
        case .integers(let values): values.count
        case .doubles(let values): values.count
        case .booleans(let values): values.count
        case .texts(let offsets, _): max(0, offsets.count - 1)
        }
    }

    package var kind: StripKind {
        switch self {
        case .integers: .integers
        case .doubles: .doubles
        case .booleans: .booleans
        case .texts: .texts
        }
    }
}

extension StripValues {
    /// Those of rows with a value alone.
    func dense(_ validity: [UInt64]) -> StripValues {
        var rows: [Int] = []
        for (index, word) in validity.enumerated() {
            var rest = word
            while rest != 0 {
                rows.append(64 * index + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        switch self {
        case .integers(let values): return .integers(rows.map { values[$0] })
        case .doubles(let values): return .doubles(rows.map { values[$0] })
        case .booleans(let values): return .booleans(rows.map { values[$0] })
        case .texts(let offsets, let bytes):
            var denseOffsets: [UInt32] = [0]
            var denseBytes: [UInt8] = []
            for row in rows {
                denseBytes.append(contentsOf: bytes[Int(offsets[row])..<Int(offsets[row + 1])])
                denseOffsets.append(UInt32(denseBytes.count))
            }
            return .texts(offsets: denseOffsets, bytes: denseBytes)
        }
    }
}

/// What a caller may ask of the encoder.
package struct StripOptions: Sendable {
    /// Doubles as Gorilla's XOR stream: larger and slower, kept for comparison.
    package var useGorilla = false
    /// Residuals by tokens where that saves 8 %: a quarter smaller, slower to read. For what is
    /// kept long and read seldom.
    package var isCold = false
    /// Integers and doubles in eight bytes each, for benchmarks: what encoding costs.
    package var isRaw = false
    /// Whether doubles may become codes of a dictionary.
    var mayUseDictionary = true

    package init() {}

    /// For the dictionary itself.
    static var ofDictionaries: StripOptions {
        var options = StripOptions()
        options.mayUseDictionary = false
        return options
    }
}

/// A strip as the encoder left it: everything in place but the two checksums, which depend on
/// where the bytes will stand.
package struct EncodedStrip: Sendable {
    package private(set) var bytes: [UInt8]
    /// The bytes up to and including the directory's checksum: what a reader of statistics needs.
    package let directoryByteCount: Int
    /// Of all rows; what the block's header keeps.
    package let statistics: VectorStatistics

    init(directory: [UInt8], payload: [UInt8], statistics: VectorStatistics) {
        var writer = ByteWriter(
            capacity: directory.count + payload.count + Strip.headerByteCount + 16)
        writer.writeUInt32(UInt32(directory.count))
        writer.writeUInt32(UInt32(payload.count))
        writer.writeBytes(directory)
        writer.writeUInt64(0)
        directoryByteCount = writer.count
        writer.writeBytes(payload)
        writer.writeUInt64(0)
        bytes = writer.bytes
        self.statistics = statistics
    }

    /// Writes both checksums for bytes that will stand at `offset` of a file with this salt.
    package mutating func seal(salt: UInt64, offset: UInt64) {
        Strip.seal(&bytes, directoryByteCount: directoryByteCount, salt: salt, offset: offset)
    }
}

extension Strip {
    static func seal(
        _ bytes: inout [UInt8], directoryByteCount: Int, salt: UInt64, offset: UInt64
    ) {
        let directoryEnd = directoryByteCount - checksumByteCount
        let payloadEnd = bytes.count - checksumByteCount
        let directorySum = unsafe Checksum.of(
            bytes.span.bytes.extracting(0..<directoryEnd), salt: salt, offset: offset)
        let payloadSum = unsafe Checksum.of(
            bytes.span.bytes.extracting(directoryByteCount..<payloadEnd), salt: salt,
            offset: offset &+ UInt64(directoryByteCount))
        for index in 0..<checksumByteCount {
            let shift = UInt64(8 * index)
            bytes[directoryEnd + index] = UInt8(truncatingIfNeeded: directorySum >> shift)
            bytes[payloadEnd + index] = UInt8(truncatingIfNeeded: payloadSum >> shift)
        }
    }
}
