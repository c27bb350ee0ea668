import BelfryCodecs
import BelfryCore

/// How many rows, or how many values.
final class CountState: RunAggregateState, SummaryAggregateState {
    private var counts: [Int64] = []

    func grow(to groupCount: Int) { counts.extend(to: groupCount, with: 0) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        counts[group] += Int64(
            arguments.first.map { $0.validity.validCount(in: rows) } ?? rows.count)
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        var counts = self.counts.taken()
        defer { self.counts = counts }
        if let validity = arguments.first?.validity, !validity.isAll {
            for row in 0..<groups.count where validity.isValid(row) {
                counts[Int(groups[row])] += 1
            }
        } else {
            for group in groups { counts[Int(group)] += 1 }
        }
    }

    func add(_ arguments: [Vector], runs: GroupTable.Runs) {
        let validity = arguments.first?.validity ?? .all
        var counts = self.counts.taken()
        defer { self.counts = counts }
        var start = 0
        for run in 0..<runs.count {
            let end = Int(runs.ends[run])
            counts[Int(runs.groups[run])] += Int64(
                validity.isAll ? end - start : validity.validCount(in: start..<end))
            start = end
        }
    }

    func add(_ statistics: VectorStatistics?, rowCount: Int, group: Int) {
        counts[group] += Int64(statistics?.count ?? rowCount)
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? CountState else { return }
        for (index, group) in groups.enumerated() { counts[Int(group)] += other.counts[index] }
    }

    func finish(_ groups: Range<Int>) -> Vector { Vector(integers: Array(counts[groups])) }
}

/// Sum (BIGINT, an error beyond it) or average (DOUBLE) of whole numbers: the exact sum in 128
/// bits, then at most one division. No order of adding can change it.
final class IntegerSumState: RunAggregateState, SummaryAggregateState {
    /// 128 bits in two words: the adding of one value stays two instructions.
    private struct Sum {
        var high: Int64 = 0
        var low: UInt64 = 0

        @inline(__always)
        mutating func add(_ value: Int64) {
            let (sum, carry) = low.addingReportingOverflow(UInt64(bitPattern: value))
            low = sum
            high &+= (value >> 63) &+ (carry ? 1 : 0)
        }

        var total: Int128 {
            get { Int128(high) << 64 + Int128(low) }
            set {
                high = Int64(truncatingIfNeeded: newValue >> 64)
                low = UInt64(truncatingIfNeeded: newValue)
            }
        }
    }

    private let isAverage: Bool
    private var sums: [Sum] = []
    private var counts: [Int64] = []

    init(isAverage: Bool) { self.isAverage = isAverage }

    func grow(to groupCount: Int) {
        sums.extend(to: groupCount, with: Sum())
        counts.extend(to: groupCount, with: 0)
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let values = arguments[0].integers
        let validity = arguments[0].validity
        if validity.isAll {
            // Upper and lower halves apart: neither can overflow within a vector, and both loops
            // are plain additions.
            var upper: Int64 = 0
            var lower: UInt64 = 0
            for row in rows {
                upper &+= values[row] >> 32
                lower &+= UInt64(UInt32(truncatingIfNeeded: values[row]))
            }
            sums[group].total += Int128(upper) << 32 + Int128(lower)
            counts[group] += Int64(rows.count)
        } else {
            for row in rows where validity.isValid(row) {
                sums[group].add(values[row])
                counts[group] += 1
            }
        }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let values = arguments[0].integers
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var sums = self.sums.taken()
        var counts = self.counts.taken()
        defer {
            self.sums = sums
            self.counts = counts
        }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            sums[Int(groups[row])].add(values[row])
            counts[Int(groups[row])] += 1
        }
    }

    func add(_ arguments: [Vector], runs: GroupTable.Runs) {
        let values = arguments[0].integers
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var sums = self.sums.taken()
        var counts = self.counts.taken()
        defer {
            self.sums = sums
            self.counts = counts
        }
        var row = 0
        for run in 0..<runs.count {
            let end = Int(runs.ends[run])
            let group = Int(runs.groups[run])
            var sum = sums[group]
            var count: Int64 = 0
            while row < end {
                if isAll || validity.isValid(row) {
                    sum.add(values[row])
                    count += 1
                }
                row += 1
            }
            sums[group] = sum
            counts[group] += count
        }
    }

    func add(_ statistics: VectorStatistics?, rowCount: Int, group: Int) {
        guard let statistics, case .integers(let summary) = statistics.numbers else { return }
        sums[group].total += summary.sum
        counts[group] += Int64(statistics.count)
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? IntegerSumState else { return }
        for (index, group) in groups.enumerated() {
            sums[Int(group)].total += other.sums[index].total
            counts[Int(group)] += other.counts[index]
        }
    }

    func finish(_ groups: Range<Int>) throws(QueryError) -> Vector {
        let validity = Validity(counts[groups].map { $0 > 0 })
        if isAverage {
            return Vector(
                doubles: groups.map {
                    counts[$0] == 0 ? 0 : Double(sums[$0].total) / Double(counts[$0])
                }, validity: validity)
        }
        var result: [Int64] = []
        result.reserveCapacity(groups.count)
        for group in groups {
            guard let sum = Int64(exactly: sums[group].total) else {
                throw QueryError(
                    "22003", "the sum is out of range of BIGINT",
                    hint: "sum(x::DOUBLE) adds approximately, without that limit")
            }
            result.append(sum)
        }
        return Vector(integers: result, validity: validity)
    }
}

/// Sum or average of doubles, off the exact sum by at most 2^-52 of the sum of magnitudes.
///
/// Each group has a sum and what rounding cut off it (Knuth's two-sum: exact for every addition,
/// without a branch). Runs are added in four lanes. NaN and infinities are remembered apart, since
/// the error term of an infinite sum means nothing.
final class DoubleSumState: RunAggregateState, SummaryAggregateState {
    private struct Sum {
        var high = 0.0
        var low = 0.0
        var count: Int64 = 0
        /// 1 a NaN, 2 an infinity, 4 a negative infinity was among the values.
        var specials: UInt8 = 0

        @inline(__always)
        mutating func add(_ value: Double) {
            let sum = high + value
            let part = sum - high
            low += (high - (sum - part)) + (value - part)
            high = sum
        }

        mutating func addChecked(_ value: Double) {
            if value.isFinite {
                add(value)
            } else {
                specials |= value.isNaN ? 1 : value > 0 ? 2 : 4
            }
        }

        func finished() throws(QueryError) -> Double {
            if specials & 1 != 0 || specials == 6 { return .nan }
            if specials != 0 { return specials == 2 ? .infinity : -.infinity }
            let sum = high + low
            if !sum.isFinite { throw ArithmeticKernels.doubleOverflow }
            return sum
        }
    }

    private let isAverage: Bool
    private var sums: [Sum] = []

    init(isAverage: Bool) { self.isAverage = isAverage }

    func grow(to groupCount: Int) { sums.extend(to: groupCount, with: Sum()) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let values = arguments[0].doubles
        let validity = arguments[0].validity
        if validity.isAll {
            addRun(values, rows, group)
            return
        }
        var sum = sums[group]
        for row in rows where validity.isValid(row) {
            sum.addChecked(values[row])
            sum.count += 1
        }
        sums[group] = sum
    }

    private func addRun(_ values: [Double], _ rows: Range<Int>, _ group: Int) {
        var high = SIMD4<Double>.zero
        var low = SIMD4<Double>.zero
        var row = rows.lowerBound
        while row + 4 <= rows.upperBound {
            let value = SIMD4(values[row], values[row + 1], values[row + 2], values[row + 3])
            let sum = high + value
            let part = sum - high
            low += (high - (sum - part)) + (value - part)
            high = sum
            row += 4
        }
        var total = sums[group]
        total.count += Int64(rows.count)
        // An infinity or NaN anywhere shows in the lanes; then the run is looked at singly.
        let isFinite = (0..<4).allSatisfy { high[$0].isFinite && low[$0].isFinite }
        if isFinite {
            for lane in 0..<4 {
                total.add(high[lane])
                total.low += low[lane]
            }
        } else {
            row = rows.lowerBound
        }
        while row < rows.upperBound {
            total.addChecked(values[row])
            row += 1
        }
        sums[group] = total
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let values = arguments[0].doubles
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var sums = self.sums.taken()
        defer { self.sums = sums }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            let group = Int(groups[row])
            sums[group].addChecked(values[row])
            sums[group].count += 1
        }
    }

    func add(_ arguments: [Vector], runs: GroupTable.Runs) {
        let values = arguments[0].doubles
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var sums = self.sums.taken()
        defer { self.sums = sums }
        var row = 0
        for run in 0..<runs.count {
            let end = Int(runs.ends[run])
            let group = Int(runs.groups[run])
            var sum = sums[group]
            while row < end {
                if isAll || validity.isValid(row) {
                    sum.addChecked(values[row])
                    sum.count += 1
                }
                row += 1
            }
            sums[group] = sum
        }
    }

    func add(_ statistics: VectorStatistics?, rowCount: Int, group: Int) {
        guard let statistics, statistics.count > 0, let summary = statistics.doubleSummary
        else { return }
        var total = sums[group]
        total.add(summary.sum)
        total.low += summary.sumRest
        total.count += Int64(statistics.count)
        if summary.nanCount > 0 { total.specials |= 1 }
        if summary.positiveInfinityCount > 0 { total.specials |= 2 }
        if summary.negativeInfinityCount > 0 { total.specials |= 4 }
        sums[group] = total
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? DoubleSumState else { return }
        for (index, group) in groups.enumerated() {
            let theirs = other.sums[index]
            sums[Int(group)].add(theirs.high)
            sums[Int(group)].low += theirs.low
            sums[Int(group)].count += theirs.count
            sums[Int(group)].specials |= theirs.specials
        }
    }

    func finish(_ groups: Range<Int>) throws(QueryError) -> Vector {
        var result: [Double] = []
        result.reserveCapacity(groups.count)
        for group in groups {
            let sum = sums[group].count == 0 ? 0 : try sums[group].finished()
            result.append(
                isAverage && sums[group].count > 0 ? sum / Double(sums[group].count) : sum)
        }
        return Vector(doubles: result, validity: Validity(sums[groups].map { $0.count > 0 }))
    }
}

/// Sum or average of intervals, part by part.
final class IntervalSumState: AggregateState {
    private struct Sum {
        var months: Int64 = 0
        var days: Int64 = 0
        var nanoseconds: Int128 = 0
        var count: Int64 = 0

        mutating func add(_ other: Sum) {
            months += other.months
            days += other.days
            nanoseconds += other.nanoseconds
            count += other.count
        }

        mutating func add(_ value: Interval) {
            months += Int64(value.months)
            days += Int64(value.days)
            nanoseconds += Int128(value.nanoseconds)
            count += 1
        }

        var interval: Interval? {
            guard let months = Int32(exactly: months), let days = Int32(exactly: days),
                let nanoseconds = Int64(exactly: nanoseconds)
            else { return nil }
            return Interval(months: months, days: days, nanoseconds: nanoseconds)
        }

        /// Rests of months become days, rests of days time.
        var average: Interval? {
            let day = Int128(Calendar.nanosecondsPerDay)
            let restDays = Int128(months % count) * 30 + Int128(days)
            let rest = restDays % Int128(count) * day + nanoseconds
            guard let months = Int32(exactly: months / count),
                let days = Int32(exactly: restDays / Int128(count)),
                let nanoseconds = Int64(exactly: rest / Int128(count))
            else { return nil }
            return Interval(months: months, days: days, nanoseconds: nanoseconds)
        }
    }

    private let isAverage: Bool
    private var sums: [Sum] = []

    init(isAverage: Bool) { self.isAverage = isAverage }

    func grow(to groupCount: Int) { sums.extend(to: groupCount, with: Sum()) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let values = arguments[0].intervals
        for row in rows where arguments[0].isValid(row) { sums[group].add(values[row]) }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let values = arguments[0].intervals
        for row in 0..<groups.count where arguments[0].isValid(row) {
            sums[Int(groups[row])].add(values[row])
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? IntervalSumState else { return }
        for (index, group) in groups.enumerated() { sums[Int(group)].add(other.sums[index]) }
    }

    func finish(_ groups: Range<Int>) throws(QueryError) -> Vector {
        var result: [Interval] = []
        for group in groups {
            let sum = sums[group]
            let interval = isAverage && sum.count > 0 ? sum.average : sum.interval
            result.append(try interval.orOutOfRange())
        }
        return Vector(
            .interval, .intervals(result), validity: Validity(sums[groups].map { $0.count > 0 }))
    }
}

extension Array {
    /// The array itself, for a loop that changes it: held in a local, an element costs no check
    /// of who else holds it. Given back when the loop is done.
    mutating func taken() -> [Element] {
        var mine: [Element] = []
        swap(&mine, &self)
        return mine
    }

    /// Makes the array at least that long.
    mutating func extend(to count: Int, with element: Element) {
        if count > self.count {
            // Asked for little by little: only a full array grows, and then doubles.
            if count > capacity { reserveCapacity(Swift.max(count, self.count * 2)) }
            append(contentsOf: repeatElement(element, count: count - self.count))
        }
    }
}

extension Validity {
    /// How many rows of a range have a value.
    func validCount(in rows: Range<Int>) -> Int {
        if isAll { return rows.count }
        var count = 0
        for row in rows where isValid(row) { count += 1 }
        return count
    }
}
