import BelfryCore

/// Orders rows by keys turned into words that compare as numbers.
///
/// Every value becomes one word whose order is SQL's: signs flipped for integers, IEEE order with
/// -0.0 as 0.0 and NaN above all for doubles, the rank among the texts that occur for texts (by
/// bytes). NULLs get a word of their own in front, only in columns that have some. Descending keys
/// are inverted. Equal rows keep their order.
struct SortKeys {
    private let rowCount: Int
    private let stride: Int
    private let words: [UInt64]
    /// How many words the keys through each take.
    private let wordCounts: [Int]

    init(_ vectors: [Vector], keys: [SortNode.Key], rowCount: Int) {
        self.rowCount = rowCount
        var columns: [[UInt64]] = []
        var wordCounts: [Int] = []
        for (vector, key) in zip(vectors, keys) {
            if !vector.validity.isAll {
                let nullWord: UInt64 = key.nullsFirst ? 0 : 2
                columns.append((0..<rowCount).map { vector.isValid($0) ? 1 : nullWord })
            }
            var column = Self.words(of: vector, rowCount: rowCount)
            for row in 0..<rowCount {
                if !vector.isValid(row) {
                    column[row] = 0
                } else if key.isDescending {
                    column[row] = ~column[row]
                }
            }
            columns.append(column)
            wordCounts.append(columns.count)
        }
        self.wordCounts = wordCounts
        stride = columns.count
        if columns.count == 1 {
            words = columns[0]
        } else {
            var rowMajor = [UInt64](repeating: 0, count: rowCount * columns.count)
            for (index, column) in columns.enumerated() {
                var place = index
                for word in column {
                    rowMajor[place] = word
                    place += columns.count
                }
            }
            words = rowMajor
        }
    }

    private struct Entry {
        var first: UInt64
        var row: Int32
    }

    /// All rows, sorted.
    func sortedRows() -> [Int32] {
        guard stride > 0 else { return (0..<rowCount).map { Int32($0) } }
        var isSorted = true
        for row in 1..<max(1, rowCount) where isLess(row, row - 1) {
            isSorted = false
            break
        }
        if isSorted { return (0..<rowCount).map { Int32($0) } }
        var entries = [Entry]()
        entries.reserveCapacity(rowCount)
        for row in 0..<rowCount {
            entries.append(
                Entry(first: words[row * stride], row: Int32(truncatingIfNeeded: row)))
        }
        let words = words
        let stride = stride
        entries.sort { left, right in
            if left.first != right.first { return left.first < right.first }
            var index = 1
            while index < stride {
                let a = words[Int(left.row) * stride + index]
                let b = words[Int(right.row) * stride + index]
                if a != b { return a < b }
                index += 1
            }
            return left.row < right.row
        }
        return entries.map(\.row)
    }

    /// Whether two rows are equal in the first so many keys.
    func isSame(_ left: Int, _ right: Int, keyCount: Int) -> Bool {
        let count = keyCount == 0 ? 0 : wordCounts[keyCount - 1]
        for index in 0..<count where words[left * stride + index] != words[right * stride + index] {
            return false
        }
        return true
    }

    /// Words of numbers and times that compare as they do, across vectors; nil for other types.
    static func comparableWords(of vector: Vector, isDescending: Bool) -> [UInt64]? {
        let words: [UInt64]
        switch vector.storage {
        case .integers(let values): words = values.map { UInt64(bitPattern: $0) ^ (1 << 63) }
        case .doubles(let values): words = values.map(word)
        case .booleans, .texts, .dictionary, .intervals: return nil
        }
        return isDescending ? words.map { ~$0 } : words
    }

    private func isLess(_ left: Int, _ right: Int) -> Bool {
        for index in 0..<stride {
            let a = words[left * stride + index]
            let b = words[right * stride + index]
            if a != b { return a < b }
        }
        return false
    }

    // MARK: - Words

    private static func words(of vector: Vector, rowCount: Int) -> [UInt64] {
        switch vector.storage {
        case .booleans(let values): return values.map { $0 ? 1 : 0 }
        case .integers(let values):
            return values.map { UInt64(bitPattern: $0) ^ (1 << 63) }
        case .doubles(let values): return values.map(word)
        case .intervals(let values): return ranks(of: values)
        case .texts(let values): return ranks(of: values, vector.validity)
        case .dictionary(let values): return ranks(of: values, vector.validity)
        }
    }

    private static func word(of value: Double) -> UInt64 {
        if value.isNaN { return .max }
        let bits = value == 0 ? 0 : value.bitPattern
        return bits >> 63 == 1 ? ~bits : bits | (1 << 63)
    }

    private static func ranks(of intervals: [Interval]) -> [UInt64] {
        let keys = intervals.map(\.sortKey)
        let distinct = Array(Set(keys)).sorted()
        var rank: [Int128: UInt64] = [:]
        for (index, key) in distinct.enumerated() { rank[key] = UInt64(index) }
        return keys.map { rank[$0] ?? 0 }
    }

    private static func ranks(of texts: TextStorage, _ validity: Validity) -> [UInt64] {
        var intern = TextIntern()
        var numbers = [UInt32](repeating: 0, count: texts.count)
        for row in 0..<texts.count where validity.isValid(row) {
            numbers[row] = intern.number(of: texts[row])
        }
        let rank = ranks(of: intern.texts)
        if rank.isEmpty { return numbers.map { UInt64($0) } }
        return numbers.map { rank[Int($0)] }
    }

    private static func ranks(of values: DictionaryStorage, _ validity: Validity) -> [UInt64] {
        let dictionary = values.dictionary.texts
        // A large dictionary of which few rows use little is not worth sorting whole.
        if dictionary.count > values.codes.count {
            return ranks(of: values.expanded(validity: validity), validity)
        }
        let rank = ranks(of: dictionary)
        var result = [UInt64](repeating: 0, count: values.codes.count)
        for row in result.indices where validity.isValid(row) {
            result[row] = rank[Int(values.codes[row])]
        }
        return result
    }

    /// The place of each text among all of them, by bytes; equal texts share one.
    private static func ranks(of texts: TextStorage) -> [UInt64] {
        let order = (0..<texts.count).sorted { isLess(texts[$0], texts[$1]) }
        var rank = [UInt64](repeating: 0, count: texts.count)
        var next: UInt64 = 0
        for (place, text) in order.enumerated() {
            if place > 0 && texts[order[place - 1]] != texts[text] { next += 1 }
            rank[text] = next
        }
        return rank
    }

    private static func isLess(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.lexicographicallyPrecedes(right)
    }
}
