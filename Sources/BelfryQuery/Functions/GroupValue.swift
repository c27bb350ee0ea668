import BelfryCodecs
import BelfryCore

/// A value that aggregates keep one or many of for each group: how it lies in a vector, and how
/// two compare.
protocol GroupValue: Hashable, Sendable {
    associatedtype Source
    /// Taken out of the vector once, then read by row.
    static func source(_ vector: Vector) -> Source
    static func read(_ source: Source, _ row: Int) -> Self
    /// SQL's order.
    static func isBefore(_ left: Self, _ right: Self) -> Bool
    /// The same between a row and a value, without taking the row out.
    static func isBefore(_ source: Source, _ row: Int, _ right: Self) -> Bool
    static func isBefore(_ left: Self, _ source: Source, _ row: Int) -> Bool
    /// The row of the greatest (or least) value among rows, of equal ones the last or the first;
    /// nil where no row has a value. The hot loop: numbers have their own.
    static func bestRow(
        _ source: Source, _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool,
        takesLaterOfEqual: Bool
    ) -> Int?
    /// A strict order of which values come before which as minima and maxima, so that these are
    /// the same whatever order rows come in: of equal ones that differ in bits, too, one is least.
    static func precedes(_ left: Self, _ right: Self) -> Bool
    static func precedes(_ source: Source, _ row: Int, _ right: Self) -> Bool
    static func precedes(_ left: Self, _ source: Source, _ row: Int) -> Bool
    /// The row of the least or greatest value by that order; nil where no row has a value.
    static func extremeRow(
        _ source: Source, _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool
    ) -> Int?
    /// The one value that stands for all that this order cannot tell apart.
    static func canonical(_ value: Self) -> Self
    static func extreme(_ statistics: VectorStatistics, isMaximum: Bool) -> Self?
    static var filler: Self { get }
    static func storage(_ values: [Self]) -> VectorStorage
}

extension GroupValue {
    @inline(__always)
    static func isBefore(_ source: Source, _ row: Int, _ right: Self) -> Bool {
        isBefore(read(source, row), right)
    }

    @inline(__always)
    static func isBefore(_ left: Self, _ source: Source, _ row: Int) -> Bool {
        isBefore(left, read(source, row))
    }
}

extension GroupValue {
    @inline(__always)
    static func precedes(_ left: Self, _ right: Self) -> Bool { isBefore(left, right) }
    @inline(__always)
    static func precedes(_ source: Source, _ row: Int, _ right: Self) -> Bool {
        isBefore(source, row, right)
    }
    @inline(__always)
    static func precedes(_ left: Self, _ source: Source, _ row: Int) -> Bool {
        isBefore(left, source, row)
    }
    static func extremeRow(
        _ source: Source, _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool
    ) -> Int? {
        bestRow(source, rows, validity, isMaximum: isMaximum, takesLaterOfEqual: false)
    }
    @inline(__always)
    static func canonical(_ value: Self) -> Self { value }
    static func extreme(_ statistics: VectorStatistics, isMaximum: Bool) -> Self? { nil }
}

extension GroupValue {
    static func bestRow(
        _ source: Source, _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool,
        takesLaterOfEqual: Bool
    ) -> Int? {
        var best: (row: Int, value: Self)?
        for row in rows where validity.isValid(row) {
            if let known = best {
                let isAbove = isBefore(known.value, source, row)
                let isBelow = isBefore(source, row, known.value)
                let isBetter = isMaximum ? isAbove : isBelow
                let isEqual = !isAbove && !isBelow
                guard isBetter || isEqual && takesLaterOfEqual else { continue }
            }
            best = (row, read(source, row))
        }
        return best?.row
    }
}

/// The row of the best number; the comparisons are inlined.
@inline(__always)
private func bestNumber<Number: BitwiseCopyable>(
    _ numbers: [Number], _ rows: Range<Int>, _ validity: Validity,
    _ isBetter: (_ new: Number, _ old: Number) -> Bool
) -> Int? {
    var bestRow = rows.lowerBound
    while bestRow < rows.upperBound && !validity.isValid(bestRow) { bestRow += 1 }
    guard bestRow < rows.upperBound else { return nil }
    var best = numbers[bestRow]
    if validity.isAll {
        for row in bestRow..<rows.upperBound where isBetter(numbers[row], best) {
            best = numbers[row]
            bestRow = row
        }
    } else {
        for row in bestRow..<rows.upperBound
        where isBetter(numbers[row], best) && validity.isValid(row) {
            best = numbers[row]
            bestRow = row
        }
    }
    return bestRow
}

extension Int64: GroupValue {
    static func source(_ vector: Vector) -> [Int64] { vector.integers }
    @inline(__always) static func read(_ source: [Int64], _ row: Int) -> Int64 { source[row] }
    @inline(__always) static func isBefore(_ left: Int64, _ right: Int64) -> Bool { left < right }
    static func bestRow(
        _ source: [Int64], _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool,
        takesLaterOfEqual: Bool
    ) -> Int? {
        switch (isMaximum, takesLaterOfEqual) {
        case (true, true): bestNumber(source, rows, validity) { $0 >= $1 }
        case (true, false): bestNumber(source, rows, validity) { $0 > $1 }
        case (false, true): bestNumber(source, rows, validity) { $0 <= $1 }
        case (false, false): bestNumber(source, rows, validity) { $0 < $1 }
        }
    }
    static func extreme(_ statistics: VectorStatistics, isMaximum: Bool) -> Int64? {
        statistics.extreme(isMaximum: isMaximum)
    }
    static var filler: Int64 { 0 }
    static func storage(_ values: [Int64]) -> VectorStorage { .integers(values) }
}

extension Double: GroupValue {
    static func source(_ vector: Vector) -> [Double] { vector.doubles }
    @inline(__always) static func read(_ source: [Double], _ row: Int) -> Double { source[row] }
    @inline(__always) static func isBefore(_ left: Double, _ right: Double) -> Bool {
        ComparisonKernels.isLess(left, right)
    }
    static func bestRow(
        _ source: [Double], _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool,
        takesLaterOfEqual: Bool
    ) -> Int? {
        switch (isMaximum, takesLaterOfEqual) {
        case (true, true):
            bestNumber(source, rows, validity) { !ComparisonKernels.isLess($0, $1) }
        case (true, false):
            bestNumber(source, rows, validity) { ComparisonKernels.isLess($1, $0) }
        case (false, true):
            bestNumber(source, rows, validity) { !ComparisonKernels.isLess($1, $0) }
        case (false, false):
            bestNumber(source, rows, validity) { ComparisonKernels.isLess($0, $1) }
        }
    }
    /// -0.0 before 0.0. They are the only equal doubles that differ.
    @inline(__always) static func precedes(_ left: Double, _ right: Double) -> Bool {
        ComparisonKernels.isLess(left, right)
            || (left == right && left.bitPattern > right.bitPattern)
    }
    @inline(__always)
    static func precedes(_ source: [Double], _ row: Int, _ right: Double) -> Bool {
        precedes(source[row], right)
    }
    @inline(__always)
    static func precedes(_ left: Double, _ source: [Double], _ row: Int) -> Bool {
        precedes(left, source[row])
    }
    static func extremeRow(
        _ source: [Double], _ rows: Range<Int>, _ validity: Validity, isMaximum: Bool
    ) -> Int? {
        let best = bestRow(
            source, rows, validity, isMaximum: isMaximum, takesLaterOfEqual: false)
        guard let best, source[best] == 0 else { return best }
        let wanted = (isMaximum ? 0.0 : -0.0).bitPattern
        return (best..<rows.upperBound).first {
            source[$0].bitPattern == wanted && validity.isValid($0)
        } ?? best
    }
    @inline(__always) static func canonical(_ value: Double) -> Double {
        value.isNaN ? .nan : value
    }
    static func extreme(_ statistics: VectorStatistics, isMaximum: Bool) -> Double? {
        statistics.extreme(isMaximum: isMaximum)
    }
    static var filler: Double { 0 }
    static func storage(_ values: [Double]) -> VectorStorage { .doubles(values) }
}

extension Bool: GroupValue {
    static func source(_ vector: Vector) -> [Bool] { vector.booleans }
    @inline(__always) static func read(_ source: [Bool], _ row: Int) -> Bool { source[row] }
    static func isBefore(_ left: Bool, _ right: Bool) -> Bool { !left && right }
    static var filler: Bool { false }
    static func storage(_ values: [Bool]) -> VectorStorage { .booleans(values) }
}

extension Interval: GroupValue {
    static func source(_ vector: Vector) -> [Interval] { vector.intervals }
    static func read(_ source: [Interval], _ row: Int) -> Interval { source[row] }
    static func isBefore(_ left: Interval, _ right: Interval) -> Bool {
        left.sortKey < right.sortKey
    }
    static var filler: Interval { .zero }
    static func storage(_ values: [Interval]) -> VectorStorage { .intervals(values) }
}

extension [UInt8]: GroupValue {
    static func source(_ vector: Vector) -> TextView { TextView(vector, rowCount: vector.count) }
    static func read(_ source: TextView, _ row: Int) -> [UInt8] { Array(source[row]) }
    static func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }
    static func isBefore(_ source: TextView, _ row: Int, _ right: [UInt8]) -> Bool {
        Bytes.order(source.texts.bytes, source.range(row), right, right.indices) < 0
    }
    static func isBefore(_ left: [UInt8], _ source: TextView, _ row: Int) -> Bool {
        Bytes.order(left, left.indices, source.texts.bytes, source.range(row)) < 0
    }
    static var filler: [UInt8] { [] }
    static func storage(_ values: [[UInt8]]) -> VectorStorage {
        var texts = TextStorage()
        for value in values { texts.append(value) }
        return .texts(texts)
    }
}
