import BelfryCore
import BelfryTestSupport

/// Random columns with NULLs, runs, and the awkward values of each type.
enum RandomVectors {
    static let types: [DataType] = [
        .boolean, .bigint, .double, .text, .timestamptz, .date, .interval,
    ]

    static func value(_ type: DataType, using generator: inout SeededGenerator) -> Value {
        if Int.random(in: 0..<6, using: &generator) == 0 { return .null }
        let small = Int64.random(in: -3...3, using: &generator)
        switch type {
        case .boolean: return .boolean(small > 0)
        case .smallint, .integer, .bigint: return .integer(small)
        case .double:
            return .double([-.infinity, -1.5, -0.0, 0.0, 2.5, .infinity, .nan][Int(small + 3)])
        case .text, .unknown: return .text(["", "a", "ab", "b", "ä", "é", "ba"][Int(small + 3)])
        case .timestamptz: return .timestamptz(Timestamp(nanoseconds: small))
        case .timestamp: return .timestamp(Timestamp(nanoseconds: small))
        case .date: return .date(small)
        case .interval:
            return .interval(small > 0 ? Interval(days: Int32(small * 30)) : Interval(months: 1))
        }
    }

    static func column(_ type: DataType, count: Int, using generator: inout SeededGenerator)
        -> [Value]
    {
        var values: [Value] = []
        while values.count < count {
            let value = value(type, using: &generator)
            let run = Int.random(in: 1...4, using: &generator)
            for _ in 0..<min(run, count - values.count) { values.append(value) }
        }
        return values
    }

    static func vector(_ values: [Value], _ type: DataType) -> Vector {
        var builder = VectorBuilder(type, capacity: values.count)
        for value in values { builder.append(value) }
        return builder.finish()
    }

    /// The same texts as codes of a dictionary with spare entries.
    static func dictionaryVector(_ values: [Value]) -> Vector {
        var texts = TextStorage()
        var codes: [UInt32] = []
        var known: [Value: UInt32] = [:]
        texts.append("spare")
        for value in values {
            if let code = known[value] {
                codes.append(code)
            } else if case .text(let text) = value {
                known[value] = UInt32(texts.count)
                codes.append(UInt32(texts.count))
                texts.append(text)
            } else {
                codes.append(.max)
            }
        }
        return Vector(
            .text,
            .dictionary(DictionaryStorage(codes: codes, dictionary: TextDictionary(texts))),
            validity: Validity(values.map { !$0.isNull }))
    }
}

/// SQL's equality and order of values, one at a time: the model of keys and sorts.
enum ValueOrder {
    /// Equal as group keys: NULLs are equal, 0.0 is -0.0, NaN is NaN.
    static func isSame(_ left: Value, _ right: Value) -> Bool {
        if left.isNull || right.isNull { return left.isNull && right.isNull }
        return !isLess(left, right) && !isLess(right, left)
    }

    /// - Precondition: both have a value.
    static func isLess(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.boolean(let a), .boolean(let b)): return !a && b
        case (.integer(let a), .integer(let b)), (.date(let a), .date(let b)): return a < b
        case (.double(let a), .double(let b)):
            if a.isNaN { return false }
            return b.isNaN || a < b
        case (.text(let a), .text(let b)):
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.timestamptz(let a), .timestamptz(let b)),
            (.timestamp(let a), .timestamp(let b)):
            return a < b
        case (.interval(let a), .interval(let b)): return a.sortKey < b.sortKey
        default: return false
        }
    }
}
