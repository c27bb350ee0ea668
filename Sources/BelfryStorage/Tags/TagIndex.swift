import BelfryCore

/// Predicates against the series of a table.
///
/// A comparison is tried once per distinct value, then one pass over the codes gives a truth for
/// every series; `and`, `or` and `not` combine truths by SQL's three-valued rules.
extension TableSeries {
    func resolve(_ predicate: TagPredicate, limit: UInt32) -> SeriesSet {
        let seen = count(below: limit)
        switch predicate {
        case .all: return SeriesSet(ascending: numbers.array(seen), isEverything: true)
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
            let wanted = Set(values.compactMap { self.column(column)?.code(of: $0) })
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
        guard let texts = self.column(column)?.texts else {
            return [UInt8](repeating: Truth.unknown, count: count)
        }
        let outcomes = (0..<texts.count).map { valueTest(texts[$0]) }
        return spread(column, count, codeTest: { outcomes[Int($0)] })
    }

    private func spread(
        _ column: UInt32, _ count: Int, null: UInt8 = Truth.unknown, codeTest: (UInt32) -> Bool
    ) -> [UInt8] {
        var result = [UInt8](repeating: null, count: count)
        guard let column = self.column(column) else { return result }
        let outcomes = (0..<column.texts.count).map {
            codeTest(UInt32($0)) ? Truth.yes : Truth.no
        }
        column.codes.forEach(below: count) { ordinal, code in
            if code > 0 { result[ordinal] = outcomes[Int(code) - 1] }
        }
        return result
    }
}
