import BelfryCore

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

    package func adding(_ other: IntegerSummary) -> IntegerSummary {
        IntegerSummary(
            min: Swift.min(min, other.min), max: Swift.max(max, other.max), sum: sum &+ other.sum)
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

    /// Decimals as the doubles they stand for; the sum is scaled once.
    package init(_ summary: IntegerSummary, scale: Int) {
        self.init()
        min = Decimal.quotient(summary.min, scale: scale)
        max = Decimal.quotient(summary.max, scale: scale)
        let power = Decimal.powers[scale]
        let whole = Double(summary.sum)
        let lost = Int128(exactly: whole).map { Double(summary.sum &- $0) } ?? 0
        sum = whole / power
        // The remainder of a division is exact when computed in one rounding.
        let remainder = whole.addingProduct(-sum, power)
        sumRest = (remainder + lost) / power
    }

    /// Of one value so many times. The sum is exact in two doubles: the value is cut in two, the
    /// halves times the count are exact.
    init(repeating value: Double, count: Int) {
        self.init()
        if value.isNaN {
            nanCount = count
            return
        }
        min = value
        max = value
        if value.isInfinite {
            if value > 0 { positiveInfinityCount = count } else { negativeInfinityCount = count }
            return
        }
        let high = Double(bitPattern: value.bitPattern & ~0x7FF_FFFF)
        let more = high * Double(count)
        let less = (value - high) * Double(count)
        sum = more + less
        sumRest = (more - sum) + less
        if !sum.isFinite || !sumRest.isFinite { sumRest = 0 }
    }

    /// Summarises the values whose bit is set; all of them where there are no bits.
    init(_ values: Span<Double>, validity: [UInt64]?) {
        self.init()
        var lowest = Int64.max
        var highest = Int64.min
        for row in 0..<values.count {
            if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
            let value = values[row]
            if value.isNaN {
                nanCount += 1
                continue
            }
            let ordered = OrderedBits.map(Int64(bitPattern: value.bitPattern))
            lowest = Swift.min(lowest, ordered)
            highest = Swift.max(highest, ordered)
            if value.isInfinite {
                if value > 0 { positiveInfinityCount += 1 } else { negativeInfinityCount += 1 }
            } else {
                add(value)
            }
        }
        if lowest <= highest {
            min = Double(bitPattern: UInt64(bitPattern: OrderedBits.map(lowest)))
            max = Double(bitPattern: UInt64(bitPattern: OrderedBits.map(highest)))
        }
        if !sum.isFinite || !sumRest.isFinite { sumRest = 0 }
    }

    /// The two-double step: what the addition rounds off goes to the rest.
    private mutating func add(_ value: Double) {
        let total = sum + value
        let part = total - sum
        sumRest += (sum - (total - part)) + (value - part)
        sum = total
    }

    package func adding(_ other: DoubleSummary) -> DoubleSummary {
        var result = self
        result.add(other.sum)
        result.sumRest += other.sumRest
        if !result.sum.isFinite || !result.sumRest.isFinite { result.sumRest = 0 }
        result.nanCount += other.nanCount
        result.positiveInfinityCount += other.positiveInfinityCount
        result.negativeInfinityCount += other.negativeInfinityCount
        if min.isNaN || (!other.min.isNaN && Self.precedes(other.min, min)) {
            result.min = other.min
        }
        if max.isNaN || (!other.max.isNaN && Self.precedes(max, other.max)) {
            result.max = other.max
        }
        return result
    }

    private static func precedes(_ left: Double, _ right: Double) -> Bool {
        OrderedBits.map(Int64(bitPattern: left.bitPattern))
            < OrderedBits.map(Int64(bitPattern: right.bitPattern))
    }

    /// What the sum of all values is by the rules of floating point.
    package var total: Double {
        if nanCount > 0 || (positiveInfinityCount > 0 && negativeInfinityCount > 0) { return .nan }
        if positiveInfinityCount > 0 { return .infinity }
        if negativeInfinityCount > 0 { return -.infinity }
        return sum + sumRest
    }
}

// MARK: One value

extension VectorStatistics {
    static func double(_ value: Double, repeated count: Int) -> VectorStatistics {
        VectorStatistics(
            count: count, numbers: .doubles(DoubleSummary(repeating: value, count: count)))
    }

    static func decimals(
        _ value: Int64, scale: Int, repeated count: Int
    ) -> VectorStatistics {
        let summary = IntegerSummary(min: value, max: value, sum: Int128(value) * Int128(count))
        return VectorStatistics(count: count, numbers: .decimals(summary, scale: scale))
    }
}

// MARK: The directory

extension IntegerSummary {
    /// Of the rows with a value; `min` and `max` are known.
    init(_ values: Span<Int64>, validity: [UInt64]?, count: Int, min: Int64, max: Int64) {
        self.init(min: min, max: max, sum: 0)
        let range = UInt64(bitPattern: max &- min)
        if range < 1 << 53 && validity == nil {
            var excess: UInt64 = 0
            for row in 0..<values.count {
                excess = unsafe excess &+ UInt64(bitPattern: values[unchecked: row] &- min)
            }
            sum = Int128(min) * Int128(count) + Int128(excess)
            return
        }
        for row in 0..<values.count {
            if let validity, validity[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
            sum += Int128(values[row])
        }
    }

    /// Three varints: the minimum from the base, the maximum from the minimum, and the sum of all
    /// distances from the minimum, each divided by the unit.
    func write(_ writer: inout ByteWriter, count: Int, base: Int64, unit: UInt64) {
        let excess = UInt128(bitPattern: sum - Int128(min) * Int128(count))
        if unit == 1 {
            writer.writeSignedVarint(min &- base)
            writer.writeVarint(UInt64(bitPattern: max &- min))
            writer.writeWideVarint(excess)
        } else {
            // A divisor above one is used only where no distance overflows.
            writer.writeSignedVarint((min &- base) / Int64(bitPattern: unit))
            writer.writeVarint(UInt64(bitPattern: max &- min) / unit)
            writer.writeWideVarint(excess / UInt128(unit))
        }
    }

    static func read(
        _ reader: inout ByteReader, count: Int, base: Int64, unit: UInt64
    ) throws(FormatError) -> IntegerSummary {
        let low = try reader.readSignedVarint()
        let range = try reader.readVarint()
        let excess = try reader.readWideVarint()
        let min = base &+ low &* Int64(bitPattern: unit)
        let max = min &+ Int64(bitPattern: range &* unit)
        let scaled = Int128(truncatingIfNeeded: excess &* UInt128(unit))
        return IntegerSummary(
            min: min, max: max, sum: Int128(min) &* Int128(count) &+ scaled)
    }
}

extension DoubleSummary {
    func write(_ writer: inout ByteWriter) {
        writer.writeDouble(min)
        writer.writeDouble(max)
        writer.writeDouble(sum)
        writer.writeDouble(sumRest)
        writer.writeCount(nanCount)
        writer.writeCount(positiveInfinityCount)
        writer.writeCount(negativeInfinityCount)
    }

    static func read(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> DoubleSummary {
        var summary = DoubleSummary()
        summary.min = try reader.readDouble()
        summary.max = try reader.readDouble()
        summary.sum = try reader.readDouble()
        summary.sumRest = try reader.readDouble()
        summary.nanCount = try reader.readCount(limit: count, "NaNs")
        summary.positiveInfinityCount = try reader.readCount(limit: count, "infinities")
        summary.negativeInfinityCount = try reader.readCount(limit: count, "infinities")
        return summary
    }
}

extension ByteWriter {
    /// LEB128 of up to 128 bits.
    mutating func writeWideVarint(_ value: UInt128) {
        var rest = value
        while rest > UInt128(UInt64.max) {
            writeUInt8(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeVarint(UInt64(truncatingIfNeeded: rest))
    }
}

extension ByteReader {
    mutating func readWideVarint() throws(FormatError) -> UInt128 {
        let start = offset
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while true {
            let byte = try readUInt8()
            if shift == 126 && byte > 3 {
                throw FormatError("a varint longer than 128 bits", at: start)
            }
            value |= UInt128(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 126 { throw FormatError("a varint longer than 19 bytes", at: start) }
        }
    }
}
