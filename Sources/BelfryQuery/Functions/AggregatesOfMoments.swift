import BelfryCore

/// Variance and standard deviation.
///
/// Mean and sum of squared distances from it are carried along (Welford); a column of one value
/// has exactly no variance, and partial states add up by Chan's formula.
final class SpreadState: AggregateState {
    enum Result: Sendable, Equatable {
        case variance(ofSample: Bool)
        case deviation(ofSample: Bool)
    }

    private struct Moments {
        var count = 0.0
        var mean = 0.0
        var squares = 0.0

        @inline(__always)
        mutating func add(_ value: Double) {
            count += 1
            let distance = value - mean
            mean += distance / count
            squares += distance * (value - mean)
        }

        mutating func add(_ other: Moments) {
            if other.count == 0 { return }
            if count == 0 {
                self = other
                return
            }
            let total = count + other.count
            let distance = other.mean - mean
            squares += other.squares + distance * distance * count * (other.count / total)
            mean += distance * (other.count / total)
            count = total
        }
    }

    private let result: Result
    private var moments: [Moments] = []

    init(_ result: Result) { self.result = result }

    func grow(to groupCount: Int) { moments.extend(to: groupCount, with: Moments()) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let values = arguments[0].doubles
        let validity = arguments[0].validity
        var sum = moments[group]
        if validity.isAll {
            for row in rows { sum.add(values[row]) }
        } else {
            for row in rows where validity.isValid(row) { sum.add(values[row]) }
        }
        moments[group] = sum
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let values = arguments[0].doubles
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var moments = self.moments.taken()
        defer { self.moments = moments }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            moments[Int(groups[row])].add(values[row])
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? SpreadState else { return }
        for (index, group) in groups.enumerated() { moments[Int(group)].add(other.moments[index]) }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        let isOfSample: Bool
        let isDeviation: Bool
        switch result {
        case .variance(let ofSample): (isOfSample, isDeviation) = (ofSample, false)
        case .deviation(let ofSample): (isOfSample, isDeviation) = (ofSample, true)
        }
        let lost = isOfSample ? 1.0 : 0.0
        return Vector(
            doubles: groups.map {
                let group = moments[$0]
                if group.count <= lost { return 0 }
                let variance = group.squares / (group.count - lost)
                return isDeviation ? variance.squareRoot() : variance
            },
            validity: Validity(groups.map { moments[$0].count > lost }))
    }
}

/// Correlation, covariance and linear regression of pairs (y, x); pairs with a NULL are left out.
final class PairState: AggregateState {
    enum Result: Sendable, Equatable {
        case correlation
        case covariance(ofSample: Bool)
        case slope, intercept, determination, count
        case meanX, meanY, squaresX, squaresY, products
    }

    private struct Moments {
        var count = 0.0
        var meanX = 0.0
        var meanY = 0.0
        var squaresX = 0.0
        var squaresY = 0.0
        var products = 0.0

        @inline(__always)
        mutating func add(y: Double, x: Double) {
            count += 1
            let distanceX = x - meanX
            let distanceY = y - meanY
            meanX += distanceX / count
            meanY += distanceY / count
            squaresX += distanceX * (x - meanX)
            squaresY += distanceY * (y - meanY)
            products += distanceX * (y - meanY)
        }

        mutating func add(_ other: Moments) {
            if other.count == 0 { return }
            if count == 0 {
                self = other
                return
            }
            let total = count + other.count
            let share = other.count / total
            let distanceX = other.meanX - meanX
            let distanceY = other.meanY - meanY
            squaresX += other.squaresX + distanceX * distanceX * count * share
            squaresY += other.squaresY + distanceY * distanceY * count * share
            products += other.products + distanceX * distanceY * count * share
            meanX += distanceX * share
            meanY += distanceY * share
            count = total
        }
    }

    private let result: Result
    private var moments: [Moments] = []

    init(_ result: Result) { self.result = result }

    func grow(to groupCount: Int) { moments.extend(to: groupCount, with: Moments()) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let ys = arguments[0].doubles
        let xs = arguments[1].doubles
        let validity = arguments[0].validity.intersection(arguments[1].validity)
        var sum = moments[group]
        if validity.isAll {
            for row in rows { sum.add(y: ys[row], x: xs[row]) }
        } else {
            for row in rows where validity.isValid(row) { sum.add(y: ys[row], x: xs[row]) }
        }
        moments[group] = sum
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let ys = arguments[0].doubles
        let xs = arguments[1].doubles
        let validity = arguments[0].validity.intersection(arguments[1].validity)
        let isAll = validity.isAll
        var moments = self.moments.taken()
        defer { self.moments = moments }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            moments[Int(groups[row])].add(y: ys[row], x: xs[row])
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? PairState else { return }
        for (index, group) in groups.enumerated() { moments[Int(group)].add(other.moments[index]) }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        if result == .count {
            return Vector(integers: groups.map { Int64(moments[$0].count) })
        }
        let results = groups.map { value(of: moments[$0]) }
        return Vector(
            doubles: results.map { $0 ?? 0 }, validity: Validity(results.map { $0 != nil }))
    }

    /// Nil for NULL.
    private func value(of sum: Moments) -> Double? {
        if sum.count == 0 { return nil }
        switch result {
        case .covariance(let isOfSample):
            let lost = isOfSample ? 1.0 : 0.0
            return sum.count > lost ? sum.products / (sum.count - lost) : nil
        case .correlation:
            if sum.squaresX == 0 || sum.squaresY == 0 { return nil }
            let quotient =
                sum.products / (sum.squaresX.squareRoot() * sum.squaresY.squareRoot())
            return quotient.isNaN ? quotient : max(-1, min(1, quotient))
        case .slope: return sum.squaresX == 0 ? nil : sum.products / sum.squaresX
        case .intercept:
            return sum.squaresX == 0
                ? nil : sum.meanY - sum.meanX * (sum.products / sum.squaresX)
        case .determination:
            if sum.squaresX == 0 { return nil }
            if sum.squaresY == 0 { return 1 }
            return sum.products * sum.products / (sum.squaresX * sum.squaresY)
        case .meanX: return sum.meanX
        case .meanY: return sum.meanY
        case .squaresX: return sum.squaresX
        case .squaresY: return sum.squaresY
        case .products: return sum.products
        case .count: return sum.count
        }
    }
}

/// The value at a share of the sorted values, on the line between the two next to it: median and
/// percentile_cont. Keeps every value.
final class PercentileState: AggregateState {
    private let fraction: Double
    private var values: [[Double]] = []

    init(fraction: Double) { self.fraction = fraction }

    func grow(to groupCount: Int) { values.extend(to: groupCount, with: []) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let doubles = arguments[0].doubles
        let validity = arguments[0].validity
        if validity.isAll {
            values[group].append(contentsOf: doubles[rows])
        } else {
            for row in rows where validity.isValid(row) { values[group].append(doubles[row]) }
        }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let doubles = arguments[0].doubles
        let validity = arguments[0].validity
        for row in 0..<groups.count where validity.isValid(row) {
            values[Int(groups[row])].append(doubles[row])
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? PercentileState else { return }
        for (index, group) in groups.enumerated() { values[Int(group)] += other.values[index] }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            doubles: groups.map { percentile(values[$0]) },
            validity: Validity(groups.map { !values[$0].isEmpty }))
    }

    private func percentile(_ values: [Double]) -> Double {
        if values.isEmpty { return 0 }
        let sorted = values.sorted { ComparisonKernels.isLess($0, $1) }
        let place = fraction * Double(sorted.count - 1)
        let lower = Int(place.rounded(.down))
        let upper = Int(place.rounded(.up))
        if lower == upper || sorted[lower] == sorted[upper] { return sorted[lower] }
        return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
    }
}
