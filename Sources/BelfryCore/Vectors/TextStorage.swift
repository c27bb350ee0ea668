/// Texts as offsets into one run of UTF-8.
///
/// Invariants: offsets ascend, the first is 0, the last is `bytes.count`; there is one more offset
/// than texts. Bytes are kept as they came; they are text by promise of whoever stored them.
@frozen public struct TextStorage: Sendable, Hashable {
    public var offsets: [UInt32]
    public var bytes: [UInt8]

    public init() {
        offsets = [0]
        bytes = []
    }

    public init(offsets: [UInt32], bytes: [UInt8]) {
        precondition(!offsets.isEmpty, "there is one more offset than texts")
        self.offsets = offsets
        self.bytes = bytes
    }

    @inlinable public var count: Int { offsets.count - 1 }

    @inlinable
    public func range(_ row: Int) -> Range<Int> { Int(offsets[row])..<Int(offsets[row + 1]) }

    @inlinable
    public subscript(row: Int) -> ArraySlice<UInt8> { bytes[range(row)] }

    /// The text of a row; bytes that are not UTF-8 are shown as replacement characters.
    public func string(_ row: Int) -> String { String(decoding: bytes[range(row)], as: UTF8.self) }

    public mutating func append(_ text: ArraySlice<UInt8>) {
        bytes.append(contentsOf: text)
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    public mutating func append(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    public mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    public mutating func append(contentsOf other: TextStorage) {
        let base = UInt32(truncatingIfNeeded: bytes.count)
        bytes.append(contentsOf: other.bytes)
        offsets.reserveCapacity(offsets.count + other.count)
        for offset in other.offsets.dropFirst() { offsets.append(base &+ offset) }
    }

    public func slice(_ rows: Range<Int>) -> TextStorage {
        let base = offsets[rows.lowerBound]
        let end = offsets[rows.upperBound]
        return TextStorage(
            offsets: offsets[rows.lowerBound...rows.upperBound].map { $0 &- base },
            bytes: Array(bytes[Int(base)..<Int(end)]))
    }

    /// Chosen rows in their order; a negative row gives an empty text.
    public func gather(_ rows: [Int32]) -> TextStorage {
        var result = TextStorage()
        result.offsets.reserveCapacity(rows.count + 1)
        for row in rows {
            if row >= 0 { result.append(self[Int(row)]) } else { result.append([UInt8]()) }
        }
        return result
    }
}

/// Distinct texts that codes point into; how tags travel.
///
/// Compared by identity: two vectors of one dictionary object are grouped and joined by code,
/// never by text. A dictionary that grows is replaced by a longer one whose first codes mean the
/// same.
public final class TextDictionary: Sendable {
    public let texts: TextStorage

    public init(_ texts: TextStorage) { self.texts = texts }

    public var count: Int { texts.count }
}

/// Codes into a shared dictionary, one a row. The code of a row without a value is unspecified,
/// and may lie outside the dictionary.
@frozen public struct DictionaryStorage: Sendable {
    public var codes: [UInt32]
    public var dictionary: TextDictionary

    @inlinable
    public init(codes: [UInt32], dictionary: TextDictionary) {
        self.codes = codes
        self.dictionary = dictionary
    }

    /// The texts written out, row by row.
    public func expanded(validity: Validity) -> TextStorage {
        var result = TextStorage()
        result.offsets.reserveCapacity(codes.count + 1)
        for (row, code) in codes.enumerated() {
            if validity.isValid(row) {
                result.append(dictionary.texts[Int(code)])
            } else {
                result.append([UInt8]())
            }
        }
        return result
    }
}
