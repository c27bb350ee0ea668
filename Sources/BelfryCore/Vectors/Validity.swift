/// One bit a row: is there a value. No words at all means that every row has one.
///
/// Invariants:
/// 1. With words, there are `(count + 63) / 64` of them, row `i` in bit `i % 64` of word `i / 64`.
/// 2. Bits past the last row are zero.
@frozen public struct Validity: Sendable, Hashable {
    /// The bits, or nil where every row has a value.
    public let words: [UInt64]?

    /// Every row has a value.
    public static let all = Validity(words: nil)

    @inlinable
    public init(words: [UInt64]?) { self.words = words }

    /// No row of `count` has a value.
    public static func none(_ count: Int) -> Validity {
        Validity(words: [UInt64](repeating: 0, count: (count + 63) / 64))
    }

    /// From one Boolean a row; all true gives `all`.
    public init(_ rows: [Bool]) {
        guard rows.contains(false) else {
            self.words = nil
            return
        }
        var words = [UInt64](repeating: 0, count: (rows.count + 63) / 64)
        for (index, isValid) in rows.enumerated() where isValid {
            words[index >> 6] |= 1 << UInt64(index & 63)
        }
        self.words = words
    }

    @inlinable public var isAll: Bool { words == nil }

    @inlinable
    public func isValid(_ row: Int) -> Bool {
        guard let words else { return true }
        return words[row >> 6] & (1 << UInt64(row & 63)) != 0
    }

    /// How many of `count` rows have a value.
    public func validCount(of count: Int) -> Int {
        guard let words else { return count }
        var sum = 0
        for word in words { sum += word.nonzeroBitCount }
        return sum
    }

    /// Rows that have a value here and in `other`.
    public func intersection(_ other: Validity) -> Validity {
        guard let mine = words else { return other }
        guard let theirs = other.words else { return self }
        var both = mine
        for index in both.indices { both[index] &= theirs[index] }
        return Validity(words: both)
    }

    /// The bits of rows in `range`, as a validity of their own.
    public func slice(_ range: Range<Int>) -> Validity {
        guard let words else { return self }
        var part = [UInt64](repeating: 0, count: (range.count + 63) / 64)
        let shift = UInt64(range.lowerBound & 63)
        let first = range.lowerBound >> 6
        for index in part.indices {
            var word = words[first + index] >> shift
            if shift > 0 && first + index + 1 < words.count {
                word |= words[first + index + 1] << (64 - shift)
            }
            part[index] = word
        }
        if range.count & 63 != 0, let last = part.indices.last {
            part[last] &= (1 << UInt64(range.count & 63)) - 1
        }
        return Self.allSet(part, count: range.count) ? .all : Validity(words: part)
    }

    /// The bits of chosen rows, in their order; a negative row has no value.
    public func gather(_ rows: [Int32]) -> Validity {
        var result = ValidityBuilder(capacity: rows.count)
        for row in rows { result.append(row >= 0 && isValid(Int(row))) }
        return result.finish()
    }

    private static func allSet(_ words: [UInt64], count: Int) -> Bool {
        for index in 0..<(count >> 6) where words[index] != .max { return false }
        let last = (UInt64(1) << UInt64(count & 63)) &- 1
        return count & 63 == 0 || words[count >> 6] == last
    }
}

/// Gathers validity row by row; costs nothing until the first row without a value.
@frozen public struct ValidityBuilder: Sendable {
    @usableFromInline var words: [UInt64]?
    @usableFromInline var count = 0
    @usableFromInline let capacity: Int

    @inlinable
    public init(capacity: Int = 0) {
        self.capacity = capacity
        self.words = nil
    }

    @inlinable
    public mutating func append(_ isValid: Bool) {
        if words == nil {
            if isValid {
                count += 1
                return
            }
            startWords()
        }
        if count & 63 == 0 { words!.append(0) }
        if isValid { words![count >> 6] |= 1 << UInt64(count & 63) }
        count += 1
    }

    @usableFromInline
    mutating func startWords() {
        var filled: [UInt64] = []
        filled.reserveCapacity((max(capacity, count + 1) + 63) / 64)
        for _ in 0..<(count >> 6) { filled.append(.max) }
        if count & 63 != 0 { filled.append((1 << UInt64(count & 63)) - 1) }
        words = filled
    }

    /// Appends the validity of `added` rows at once.
    public mutating func append(_ other: Validity, count added: Int) {
        if words == nil && other.isAll {
            count += added
            return
        }
        for row in 0..<added { append(other.isValid(row)) }
    }

    public func finish() -> Validity { Validity(words: words) }
}
