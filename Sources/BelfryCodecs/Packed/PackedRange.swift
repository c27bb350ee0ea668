/// What a comparison of a column with a constant asks.
package enum PackedComparison: Hashable, Sendable, CaseIterable {
    case less, lessOrEqual, equal, notEqual, greaterOrEqual, greater

    /// Whether it asks for what `plain` leaves out.
    var isNegated: Bool {
        switch self {
        case .less, .lessOrEqual, .equal: false
        case .greaterOrEqual, .greater, .notEqual: true
        }
    }

    /// The comparison, or its opposite: below, up to, equal.
    var plain: PackedComparison {
        switch self {
        case .less, .greaterOrEqual: .less
        case .lessOrEqual, .greater: .lessOrEqual
        case .equal, .notEqual: .equal
        }
    }
}

/// The integers that a comparison asks for: those from `low` to `high`, both included, or all
/// others.
///
/// Every stage of doubles keeps their order, so that one range of integers stands for one of
/// doubles; only NaN is above all numbers and has integers at both ends.
struct PackedRange: Hashable, Sendable {
    /// Above `high` where there is none.
    var low: Int64
    var high: Int64
    var isNegated = false

    static let everything = PackedRange(low: .min, high: .max)
    static let nothing = PackedRange(low: 1, high: 0)

    init(low: Int64, high: Int64, isNegated: Bool = false) {
        self.low = low
        self.high = high
        self.isNegated = isNegated
    }

    /// Of integers.
    init(_ comparison: PackedComparison, _ constant: Int64) {
        switch comparison.plain {
        case .equal: self.init(low: constant, high: constant)
        case .less:
            self = constant == .min ? .nothing : Self(low: .min, high: constant - 1)
        default: self.init(low: .min, high: constant)
        }
        isNegated = comparison.isNegated
    }

    /// Of ordered bits. NaN equals NaN and is above all numbers, zeros are equal.
    init(ordered comparison: PackedComparison, _ constant: Double) {
        let numbers = Self(low: Self.ordered(-.infinity), high: Self.ordered(.infinity))
        let plain = comparison.plain
        if constant.isNaN {
            self = plain == .lessOrEqual ? .everything : numbers
            isNegated = comparison.isNegated != (plain == .equal)
            return
        }
        let least = Self.ordered(constant == 0 ? -0.0 : constant)
        let greatest = Self.ordered(constant == 0 ? 0.0 : constant)
        switch plain {
        case .equal: self.init(low: least, high: greatest)
        case .less: self.init(low: numbers.low, high: least - 1)
        default: self.init(low: numbers.low, high: greatest)
        }
        isNegated = comparison.isNegated
    }

    /// Of the integers of decimals, by what they decode to.
    init(_ comparison: PackedComparison, _ constant: Double, scale: Int, isDivided: Bool) {
        let plain = comparison.plain
        if constant.isNaN {
            self = .everything
            isNegated = comparison.isNegated != (plain == .equal)
            return
        }
        let decoder = DecimalDecoder(scale: scale, isDivided: isDivided)
        // The comparisons of doubles are those of the engine: zeros are equal.
        var below = PackedRange.nothing.high
        if plain != .lessOrEqual { below = decoder.lastInteger(constant) { $0 < constant } }
        var upTo = below
        if plain != .less { upTo = decoder.lastInteger(constant) { $0 <= constant } }
        self.init(low: plain == .equal ? below &+ 1 : .min, high: upTo)
        isNegated = comparison.isNegated
    }

    /// Of codes: the places that these ordered bits have among ascending patterns.
    init(codesOf range: PackedRange, among patterns: [Int64]) {
        let first = Self.count(of: patterns) { $0 < range.low }
        let end = Self.count(of: patterns) { $0 <= range.high }
        self.init(low: Int64(first), high: Int64(end) - 1, isNegated: range.isNegated)
    }

    /// How many patterns stand ahead, as ordered bits.
    private static func count(of patterns: [Int64], ahead: (Int64) -> Bool) -> Int {
        var low = 0
        var high = patterns.count
        while low < high {
            let middle = (low + high) / 2
            if ahead(OrderedBits.map(patterns[middle])) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func ordered(_ value: Double) -> Int64 {
        OrderedBits.map(Int64(bitPattern: value.bitPattern))
    }

    var isEmpty: Bool { low > high }

    /// Whether an integer lies between the ends, whatever is asked.
    @inline(__always)
    func isWithin(_ integer: Int64) -> Bool { low <= integer && integer <= high }

    /// Whether all integers from `least` to `greatest` lie within, or none; nil where some do.
    func covers(_ least: Int64, _ greatest: Int64) -> Bool? {
        if low <= least && greatest <= high { return true }
        return isEmpty || greatest < low || high < least ? false : nil
    }
}

/// The integers of decimals one by one.
struct DecimalDecoder {
    let scale: Int
    let isDivided: Bool

    func double(_ integer: Int64) -> Double {
        isDivided
            ? Decimal.quotient(integer, scale: scale) : Decimal.product(integer, scale: scale)
    }

    /// The greatest integer of decimals whose double passes the test, which smaller ones pass too;
    /// `-Decimal.magnitudeLimit` where none does.
    ///
    /// What an integer decodes to never falls as the integer grows: each of the decoder's
    /// operations keeps the order. So a guess and a few steps find it.
    @inline(__always)
    func lastInteger(_ constant: Double, where passes: (Double) -> Bool) -> Int64 {
        let limit = Decimal.magnitudeLimit - 1
        let guess = constant * Decimal.powers[scale]
        let bound = Double(limit)
        var passing = Int64(Swift.min(bound, Swift.max(-bound, guess)).rounded(.down))
        var failing = passing
        var stride: Int64 = 1
        if passes(double(passing)) {
            repeat {
                if failing != passing { passing = failing }
                if passing == limit { return limit }
                failing = Swift.min(limit, passing + stride)
                stride *= 2
            } while passes(double(failing))
        } else {
            repeat {
                if failing != passing { failing = passing }
                if failing == -limit { return -limit - 1 }
                passing = Swift.max(-limit, failing - stride)
                stride *= 2
            } while !passes(double(passing))
        }
        while failing - passing > 1 {
            let middle = passing + (failing - passing) / 2
            if passes(double(middle)) { passing = middle } else { failing = middle }
        }
        return passing
    }
}
