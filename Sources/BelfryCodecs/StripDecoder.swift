package import BelfryCore

/// A strip opened once: both checksums verified, any of its vectors decoded alone.
package struct StripDecoder: Sendable {
    package let kind: StripKind
    package let rowCount: Int
    /// The distinct texts of the strip in byte order where they are stored as a dictionary.
    package let dictionary: TextDictionary?

    package init(
        bytes: [UInt8], kind: StripKind, rowCount: Int, salt: UInt64, offset: UInt64
    ) throws(FormatError) { fatalError() }

    package var vectorCount: Int { Strip.vectorCount(rows: rowCount) }
    package func rowCount(of vector: Int) -> Int { Strip.rowCount(of: vector, rows: rowCount) }
    package func statistics(of vector: Int) -> VectorStatistics { fatalError() }
    /// Of all vectors together.
    package var statistics: VectorStatistics { .empty }
    /// The words for the rows of one vector, bit `i` = its row `i`; nil where all have a value.
    package func validity(of vector: Int) throws(FormatError) -> [UInt64]? { nil }
    package func decodeIntegers(_ vector: Int) throws(FormatError) -> [Int64] { fatalError() }
    package func decodeDoubles(_ vector: Int) throws(FormatError) -> [Double] { fatalError() }
    package func decodeBooleans(_ vector: Int) throws(FormatError) -> [Bool] { fatalError() }
    /// Always as texts of their own, whatever the strip holds.
    package func decodeTexts(_ vector: Int) throws(FormatError) -> TextValues { fatalError() }
    /// Codes into `dictionary`, nil where the strip has none. Every code is within the dictionary.
    package func decodeCodes(_ vector: Int) throws(FormatError) -> [UInt32]? { nil }
}

/// Texts end to end: text `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
package struct TextValues: Hashable, Sendable {
    package let offsets: [UInt32]
    package let bytes: [UInt8]
}

/// The distinct texts of a strip, in byte order; codes index them and mean nothing elsewhere.
package typealias TextDictionary = TextValues
