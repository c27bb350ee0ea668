import BelfryCore

/// The series of one table with their tags: what a predicate is resolved against.
///
/// A comparison is tried once per distinct value, then one pass over the codes gives a truth for
/// every series; `and`, `or` and `not` combine truths by SQL's three-valued rules.
struct TableSeries: Sendable {
    /// By ordinal.
    private(set) var numbers: [UInt32] = []
    private(set) var columns: [UInt32: TagColumn] = [:]

    /// Enters a series and returns its ordinal.
    mutating func append(
        _ number: UInt32, _ parts: [(column: UInt32, value: [UInt8])]
    ) -> UInt32 {
        let ordinal = numbers.count
        numbers.append(number)
        for part in parts {
            columns[part.column, default: TagColumn()].set(part.value, ordinal: ordinal)
        }
        return UInt32(ordinal)
    }

    mutating func dictionary(_ column: UInt32) -> TextDictionary? {
        columns[column]?.dictionary()
    }

    func resolve(_ predicate: TagPredicate, limit: UInt32) -> SeriesSet {
        var seen = numbers.count
        while seen > 0 && numbers[seen - 1] >= limit { seen -= 1 }
        switch predicate {
        case .all: return SeriesSet(ascending: Array(numbers[..<seen]), isEverything: true)
        case .none: return .empty
        case .isIn, .like, .less, .greater, .isNull, .and, .or, .not: break
        }
        let truths = self.truths(predicate, seen)
        var chosen: [UInt32] = []
        for ordinal in 0..<seen where truths[ordinal] == Truth.yes {
            chosen.append(numbers[ordinal])
        }
        return SeriesSet(ascending: chosen, isEverything: chosen.count == seen)
    }

    /// SQL's three truths, ordered so that AND is the lesser and OR the greater.
    private enum Truth {
        static let no: UInt8 = 0
        static let unknown: UInt8 = 1
        static let yes: UInt8 = 2
    }

    private func truths(_ predicate: TagPredicate, _ count: Int) -> [UInt8] {
        switch predicate {
        case .all: return [UInt8](repeating: Truth.yes, count: count)
        case .none: return [UInt8](repeating: Truth.no, count: count)
        case .isIn(let column, let values):
            let wanted = Set(values.compactMap { columns[column]?.code(of: $0) })
            return spread(column, count, codeTest: { wanted.contains($0) })
        case .like(let column, let pattern, let isCaseInsensitive):
            let like = LikePattern(pattern, isCaseInsensitive: isCaseInsensitive)
            return spread(column, count) { like.matches($0) }
        case .less(let column, let bound, let orEqual):
            return spread(column, count) {
                $0.lexicographicallyPrecedes(bound) || (orEqual && $0.elementsEqual(bound))
            }
        case .greater(let column, let bound, let orEqual):
            return spread(column, count) {
                bound.lexicographicallyPrecedes($0) || (orEqual && $0.elementsEqual(bound))
            }
        case .isNull(let column):
            return spread(column, count, null: Truth.yes, codeTest: { _ in false })
        case .and(let parts):
            var result = [UInt8](repeating: Truth.yes, count: count)
            for part in parts {
                let truths = self.truths(part, count)
                for index in 0..<count { result[index] = min(result[index], truths[index]) }
            }
            return result
        case .or(let parts):
            var result = [UInt8](repeating: Truth.no, count: count)
            for part in parts {
                let truths = self.truths(part, count)
                for index in 0..<count { result[index] = max(result[index], truths[index]) }
            }
            return result
        case .not(let part):
            return truths(part, count).map { Truth.yes - $0 }
        }
    }

    /// Tries each distinct value once.
    private func spread(
        _ column: UInt32, _ count: Int, _ valueTest: (ArraySlice<UInt8>) -> Bool
    ) -> [UInt8] {
        guard let texts = columns[column]?.texts else {
            return [UInt8](repeating: Truth.unknown, count: count)
        }
        let outcomes = (0..<texts.count).map { valueTest(texts[$0]) }
        return spread(column, count, codeTest: { outcomes[Int($0)] })
    }

    private func spread(
        _ column: UInt32, _ count: Int, null: UInt8 = Truth.unknown, codeTest: (UInt32) -> Bool
    ) -> [UInt8] {
        var result = [UInt8](repeating: null, count: count)
        guard let column = columns[column] else { return result }
        let outcomes = (0..<column.texts.count).map {
            codeTest(UInt32($0)) ? Truth.yes : Truth.no
        }
        let codes = column.codes
        for ordinal in 0..<min(count, codes.count) where codes[ordinal] != TagCodes.none {
            result[ordinal] = outcomes[Int(codes[ordinal])]
        }
        return result
    }
}

/// The distinct values of one tag column and the code of each series.
struct TagColumn: Sendable {
    private(set) var codes: [UInt32] = []
    private(set) var texts = TextStorage()
    private var hash = ByteHash()
    private var shared: TextDictionary?

    func code(of value: [UInt8]) -> UInt32? {
        hash.find(value) { texts[Int($0)].elementsEqual(value) }
    }

    mutating func set(_ value: [UInt8], ordinal: Int) {
        while codes.count < ordinal { codes.append(TagCodes.none) }
        if let code = code(of: value) {
            codes.append(code)
            return
        }
        let code = UInt32(texts.count)
        texts.append(value)
        hash.insert(code, hash: ByteHash.hash(value))
        codes.append(code)
    }

    /// The values as an object that batches share; made anew only after a value was added.
    mutating func dictionary() -> TextDictionary {
        if let shared, shared.count == texts.count { return shared }
        let made = TextDictionary(texts)
        shared = made
        return made
    }
}
