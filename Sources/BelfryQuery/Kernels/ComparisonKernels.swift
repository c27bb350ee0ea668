import BelfryCore

/// The six comparisons.
enum Comparison: String, Sendable, CaseIterable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// Comparisons of vectors of one layout: PostgreSQL's order, in which NaN equals itself and is
/// above all numbers, texts go by their bytes, and a month is 30 days.
enum ComparisonKernels {
    static func compare(
        _ comparison: Comparison, _ left: Vector, _ right: Vector, rowCount: Int
    ) -> Vector {
        Vector(
            booleans: rows(comparison, left, right, rowCount),
            validity: Lanes.validity([left, right], rowCount: rowCount))
    }

    /// NULL is a value like any other here.
    static func isDistinct(
        _ left: Vector, _ right: Vector, rowCount: Int, isNegated: Bool
    ) -> Vector {
        var result = rows(isNegated ? .equal : .notEqual, left, right, rowCount)
        if !left.validity.isAll || !right.validity.isAll {
            for row in 0..<rowCount {
                let leftIsValid = left.isValid(left.place(row, of: rowCount))
                let rightIsValid = right.isValid(right.place(row, of: rowCount))
                if !leftIsValid || !rightIsValid {
                    result[row] = (leftIsValid == rightIsValid) == isNegated
                }
            }
        }
        return Vector(booleans: result)
    }

    private static func rows(
        _ comparison: Comparison, _ left: Vector, _ right: Vector, _ rowCount: Int
    ) -> [Bool] {
        switch (left.storage, right.storage) {
        case (.integers(let a), .integers(let b)): return integers(comparison, a, b, rowCount)
        case (.doubles(let a), .doubles(let b)): return doubles(comparison, a, b, rowCount)
        case (.booleans(let a), .booleans(let b)):
            return integers(
                comparison, Lanes.map(a, 0) { $0 ? 1 : 0 }, Lanes.map(b, 0) { $0 ? 1 : 0 },
                rowCount)
        case (.intervals(let a), .intervals(let b)): return intervals(comparison, a, b, rowCount)
        case (.dictionary(let a), .dictionary(let b))
        where a.dictionary === b.dictionary && left.count == right.count
            && (comparison == .equal || comparison == .notEqual):
            let isEqual = comparison == .equal
            return Lanes.zip(a.codes, b.codes, rowCount, false) { ($0 == $1) == isEqual }
        case (.texts, _), (.dictionary, _): return texts(comparison, left, right, rowCount)
        case (.integers, _), (.doubles, _), (.booleans, _), (.intervals, _):
            preconditionFailure("the binder compares values of one type")
        }
    }

    private static func integers(
        _ comparison: Comparison, _ a: [Int64], _ b: [Int64], _ rowCount: Int
    ) -> [Bool] {
        switch comparison {
        case .equal: Lanes.zip(a, b, rowCount, false) { $0 == $1 }
        case .notEqual: Lanes.zip(a, b, rowCount, false) { $0 != $1 }
        case .less: Lanes.zip(a, b, rowCount, false) { $0 < $1 }
        case .lessOrEqual: Lanes.zip(a, b, rowCount, false) { $0 <= $1 }
        case .greater: Lanes.zip(a, b, rowCount, false) { $0 > $1 }
        case .greaterOrEqual: Lanes.zip(a, b, rowCount, false) { $0 >= $1 }
        }
    }

    private static func doubles(
        _ comparison: Comparison, _ a: [Double], _ b: [Double], _ rowCount: Int
    ) -> [Bool] {
        if b.count == 1 && rowCount != 1 && !b[0].isNaN {
            return doubles(comparison, a, number: b[0])
        }
        return switch comparison {
        case .equal: Lanes.zip(a, b, rowCount, false) { isEqual($0, $1) }
        case .notEqual: Lanes.zip(a, b, rowCount, false) { !isEqual($0, $1) }
        case .less: Lanes.zip(a, b, rowCount, false) { isLess($0, $1) }
        case .lessOrEqual: Lanes.zip(a, b, rowCount, false) { !isLess($1, $0) }
        case .greater: Lanes.zip(a, b, rowCount, false) { isLess($1, $0) }
        case .greaterOrEqual: Lanes.zip(a, b, rowCount, false) { !isLess($0, $1) }
        }
    }

    /// Beside a constant number IEEE's comparisons, or their negations, put NaN on top.
    private static func doubles(_ comparison: Comparison, _ a: [Double], number: Double)
        -> [Bool]
    {
        switch comparison {
        case .equal: Lanes.map(a, false) { $0 == number }
        case .notEqual: Lanes.map(a, false) { $0 != number }
        case .less: Lanes.map(a, false) { $0 < number }
        case .lessOrEqual: Lanes.map(a, false) { $0 <= number }
        case .greater: Lanes.map(a, false) { !($0 <= number) }
        case .greaterOrEqual: Lanes.map(a, false) { !($0 < number) }
        }
    }

    @inline(__always)
    static func isEqual(_ a: Double, _ b: Double) -> Bool {
        // Both sides are computed: a loop without branches is compared many at a time.
        let areNaN = (a != a) == (b != b)
        return (a == b) != ((a != a) && areNaN)
    }

    @inline(__always)
    static func isLess(_ a: Double, _ b: Double) -> Bool { a < b || (b != b && a == a) }

    private static func intervals(
        _ comparison: Comparison, _ a: [Interval], _ b: [Interval], _ rowCount: Int
    ) -> [Bool] {
        switch comparison {
        case .equal: Lanes.zip(a, b, rowCount, false) { $0.sortKey == $1.sortKey }
        case .notEqual: Lanes.zip(a, b, rowCount, false) { $0.sortKey != $1.sortKey }
        case .less: Lanes.zip(a, b, rowCount, false) { $0.sortKey < $1.sortKey }
        case .lessOrEqual: Lanes.zip(a, b, rowCount, false) { $0.sortKey <= $1.sortKey }
        case .greater: Lanes.zip(a, b, rowCount, false) { $0.sortKey > $1.sortKey }
        case .greaterOrEqual: Lanes.zip(a, b, rowCount, false) { $0.sortKey >= $1.sortKey }
        }
    }

    private static func texts(
        _ comparison: Comparison, _ left: Vector, _ right: Vector, _ rowCount: Int
    ) -> [Bool] {
        let a = TextView(left, rowCount: rowCount)
        let b = TextView(right, rowCount: rowCount)
        var result = [Bool](repeating: false, count: rowCount)
        for row in 0..<rowCount where a.isValid(row) && b.isValid(row) {
            let order = Bytes.order(a.texts.bytes, a.range(row), b.texts.bytes, b.range(row))
            switch comparison {
            case .equal: result[row] = order == 0
            case .notEqual: result[row] = order != 0
            case .less: result[row] = order < 0
            case .lessOrEqual: result[row] = order <= 0
            case .greater: result[row] = order > 0
            case .greaterOrEqual: result[row] = order >= 0
            }
        }
        return result
    }
}

/// Order, search and folding of bytes.
enum Bytes {
    /// Negative, zero or positive as the left bytes are below, the same as or above the right.
    static func order(
        _ left: [UInt8], _ leftRange: Range<Int>, _ right: [UInt8], _ rightRange: Range<Int>
    ) -> Int {
        let count = min(leftRange.count, rightRange.count)
        for index in 0..<count {
            let a = left[leftRange.lowerBound + index]
            let b = right[rightRange.lowerBound + index]
            if a != b { return a < b ? -1 : 1 }
        }
        return leftRange.count - rightRange.count
    }

    static func order(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        var a = left.startIndex
        var b = right.startIndex
        while a < left.endIndex && b < right.endIndex {
            if left[a] != right[b] { return left[a] < right[b] ? -1 : 1 }
            a += 1
            b += 1
        }
        return left.count - right.count
    }

    /// Where a text first stands in another, from an index on; an empty one stands everywhere.
    static func firstIndex(
        of needle: ArraySlice<UInt8>, in text: ArraySlice<UInt8>, from start: Int? = nil
    ) -> Int? {
        let begin = start ?? text.startIndex
        guard let first = needle.first else { return begin }
        var index = begin
        while index + needle.count <= text.endIndex {
            if text[index] == first && text[index..<index + needle.count].elementsEqual(needle) {
                return index
            }
            index += 1
        }
        return nil
    }

    /// How many characters the bytes spell: every byte but those that continue one.
    static func characterCount(_ text: ArraySlice<UInt8>) -> Int {
        var count = 0
        for byte in text where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    /// The index behind `count` characters from `start` on, at most the end.
    static func index(_ text: ArraySlice<UInt8>, after count: Int, from start: Int) -> Int {
        var index = start
        var left = count
        while left > 0 && index < text.endIndex {
            index += 1
            while index < text.endIndex && text[index] & 0xC0 == 0x80 { index += 1 }
            left -= 1
        }
        return index
    }
}
