/// Count, minimum, maximum and sum of the rows of a vector or a strip that have a value, and how
/// they add up.
///
/// Integers and decimals are summed exactly in 128 bits. Doubles are summed in two doubles whose
/// sum is off the exact one by at most 2^-52 of the sum of magnitudes; NaN and infinities are
/// counted apart.
package struct VectorStatistics: Hashable, Sendable {
    /// Rows with a value.
    package var count: Int
    package var numbers: Numbers

    /// What is known of the values beyond their count.
    package enum Numbers: Hashable, Sendable {
        /// No values, or values without an order kept: booleans, texts.
        case none
        case integers(IntegerSummary)
        /// Doubles that are all integers over the same power of ten.
        case decimals(IntegerSummary, scale: Int)
        case doubles(DoubleSummary)
    }

    package init(count: Int, numbers: Numbers) {
        self.count = count
        self.numbers = numbers
    }

    package static let empty = VectorStatistics(count: 0, numbers: .none)

    /// The summary of doubles, decimals converted; nil where there is none.
    package var doubleSummary: DoubleSummary? {
        switch numbers {
        case .none, .integers: return nil
        case .decimals(let summary, let scale): return DoubleSummary(summary, scale: scale)
        case .doubles(let summary): return summary
        }
    }

    /// Adds the rows of another vector of the same strip, or of a strip of the same column.
    package mutating func add(_ other: VectorStatistics) {
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        count += other.count
        switch (numbers, other.numbers) {
        case (.integers(let mine), .integers(let theirs)):
            numbers = .integers(mine.adding(theirs))
        case (.decimals(let mine, let scale), .decimals(let theirs, let otherScale))
        where scale == otherScale:
            numbers = .decimals(mine.adding(theirs), scale: scale)
        default:
            if let mine = doubleSummary, let theirs = other.doubleSummary {
                numbers = .doubles(mine.adding(theirs))
            } else {
                numbers = .none
            }
        }
    }
}

/// Minimum, maximum and exact sum of at least one integer.
package struct IntegerSummary: Hashable, Sendable {
    package var min: Int64
    package var max: Int64
    package var sum: Int128

    package init(min: Int64, max: Int64, sum: Int128) {
        self.min = min
        self.max = max
        self.sum = sum
    }

    func adding(_ other: IntegerSummary) -> IntegerSummary {
        IntegerSummary(
            min: Swift.min(min, other.min), max: Swift.max(max, other.max), sum: sum + other.sum)
    }
}

/// Minimum, maximum and sum of doubles, what is no number apart.
package struct DoubleSummary: Hashable, Sendable {
    /// Over all values but NaN, infinities included, -0.0 below 0.0; NaN where there is none.
    package var min: Double
    package var max: Double
    /// The sum of the finite values is `sum + sumRest`.
    package var sum: Double
    package var sumRest: Double
    package var nanCount: Int
    package var positiveInfinityCount: Int
    package var negativeInfinityCount: Int

    package init() {
        min = .nan
        max = .nan
        sum = 0
        sumRest = 0
        nanCount = 0
        positiveInfinityCount = 0
        negativeInfinityCount = 0
    }

    /// Decimals as the doubles they stand for.
    init(_ summary: IntegerSummary, scale: Int) {
        self.init()
    }

    func adding(_ other: DoubleSummary) -> DoubleSummary {
        self
    }

    /// What the sum of all values is by the rules of floating point.
    package var total: Double {
        if nanCount > 0 || (positiveInfinityCount > 0 && negativeInfinityCount > 0) { return .nan }
        if positiveInfinityCount > 0 { return .infinity }
        if negativeInfinityCount > 0 { return -.infinity }
        return sum + sumRest
    }
}
