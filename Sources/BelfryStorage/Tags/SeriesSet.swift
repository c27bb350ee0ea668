/// A set of series numbers: a sorted list, or a bitmap where that is smaller.
package struct SeriesSet: Sendable, Hashable {
    enum Storage: Sendable, Hashable {
        case list([UInt32])
        /// Bit `i` of word `w` stands for number `base + 64 * w + i`.
        case bitmap(words: [UInt64], base: UInt32)
    }

    let storage: Storage
    package let count: Int
    /// Whether these are all series of the table that the snapshot knows: nothing to test then.
    package let isEverything: Bool

    /// - Precondition: the numbers ascend and are distinct.
    package init(ascending numbers: [UInt32], isEverything: Bool = false) {
        count = numbers.count
        self.isEverything = isEverything
        guard let first = numbers.first, let last = numbers.last else {
            storage = .list([])
            return
        }
        let base = first & ~63
        let wordCount = Int((last - base) >> 6) + 1
        if wordCount * 2 >= numbers.count {
            storage = .list(numbers)
            return
        }
        var words = [UInt64](repeating: 0, count: wordCount)
        for number in numbers { words[Int((number - base) >> 6)] |= 1 << UInt64(number & 63) }
        storage = .bitmap(words: words, base: base)
    }

    package static let empty = SeriesSet(ascending: [])

    package var isEmpty: Bool { count == 0 }

    package func contains(_ number: UInt32) -> Bool {
        switch storage {
        case .list(let numbers):
            let index = Self.lowerBound(numbers, number)
            return index < numbers.count && numbers[index] == number
        case .bitmap(let words, let base):
            guard number >= base else { return false }
            let word = Int((number - base) >> 6)
            return word < words.count && words[word] & (1 << UInt64(number & 63)) != 0
        }
    }

    /// The smallest member that is not below `number`.
    package func first(atOrAfter number: UInt32) -> UInt32? {
        switch storage {
        case .list(let numbers):
            let index = Self.lowerBound(numbers, number)
            return index < numbers.count ? numbers[index] : nil
        case .bitmap(let words, let base):
            let from = max(number, base)
            var index = Int((from - base) >> 6)
            guard index < words.count else { return nil }
            var word = words[index] & (.max << UInt64(from & 63))
            while word == 0 {
                index += 1
                if index == words.count { return nil }
                word = words[index]
            }
            return base + UInt32(index << 6) + UInt32(word.trailingZeroBitCount)
        }
    }

    /// Whether any member lies in the range; what skips blocks.
    package func overlaps(_ range: ClosedRange<UInt32>) -> Bool {
        guard let next = first(atOrAfter: range.lowerBound) else { return false }
        return next <= range.upperBound
    }

    /// All members, ascending.
    package var numbers: [UInt32] {
        switch storage {
        case .list(let numbers): return numbers
        case .bitmap(let words, let base):
            var numbers: [UInt32] = []
            numbers.reserveCapacity(count)
            for index in words.indices {
                var word = words[index]
                while word != 0 {
                    let bit = word.trailingZeroBitCount
                    numbers.append(base + UInt32(index << 6) + UInt32(bit))
                    word &= word - 1
                }
            }
            return numbers
        }
    }

    private static func lowerBound(_ numbers: [UInt32], _ number: UInt32) -> Int {
        var low = 0
        var high = numbers.count
        while low < high {
            let middle = (low + high) >> 1
            if numbers[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
