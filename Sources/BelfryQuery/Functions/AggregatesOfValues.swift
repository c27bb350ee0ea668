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
    static var filler: Self { get }
    static func storage(_ values: [Self]) -> VectorStorage
}

extension Int64: GroupValue {
    static func source(_ vector: Vector) -> [Int64] { vector.integers }
    @inline(__always) static func read(_ source: [Int64], _ row: Int) -> Int64 { source[row] }
    @inline(__always) static func isBefore(_ left: Int64, _ right: Int64) -> Bool { left < right }
    static var filler: Int64 { 0 }
    static func storage(_ values: [Int64]) -> VectorStorage { .integers(values) }
}

extension Double: GroupValue {
    static func source(_ vector: Vector) -> [Double] { vector.doubles }
    @inline(__always) static func read(_ source: [Double], _ row: Int) -> Double { source[row] }
    @inline(__always) static func isBefore(_ left: Double, _ right: Double) -> Bool {
        ComparisonKernels.isLess(left, right)
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
    static var filler: [UInt8] { [] }
    static func storage(_ values: [[UInt8]]) -> VectorStorage {
        var texts = TextStorage()
        for value in values { texts.append(value) }
        return .texts(texts)
    }
}

/// The states of aggregates over any type, made for the layout at hand.
enum GroupValues {
    static func extreme(_ type: DataType, isMaximum: Bool) -> any AggregateState {
        switch type.layout {
        case .integers: ExtremeState<Int64>(type, isMaximum: isMaximum)
        case .doubles: ExtremeState<Double>(type, isMaximum: isMaximum)
        case .texts: ExtremeState<[UInt8]>(type, isMaximum: isMaximum)
        case .intervals: ExtremeState<Interval>(type, isMaximum: isMaximum)
        case .booleans: ExtremeState<Bool>(type, isMaximum: isMaximum)
        }
    }

    static func keyed(
        _ type: DataType, by keyType: DataType, isMaximum: Bool, takesLaterOfEqual: Bool
    ) -> any AggregateState {
        func make<Key: GroupValue>(_: Key.Type) -> any AggregateState {
            switch type.layout {
            case .integers: KeyedState<Int64, Key>(type, isMaximum, takesLaterOfEqual)
            case .doubles: KeyedState<Double, Key>(type, isMaximum, takesLaterOfEqual)
            case .texts: KeyedState<[UInt8], Key>(type, isMaximum, takesLaterOfEqual)
            case .intervals: KeyedState<Interval, Key>(type, isMaximum, takesLaterOfEqual)
            case .booleans: KeyedState<Bool, Key>(type, isMaximum, takesLaterOfEqual)
            }
        }
        switch keyType.layout {
        case .integers: return make(Int64.self)
        case .doubles: return make(Double.self)
        case .texts: return make([UInt8].self)
        case .intervals: return make(Interval.self)
        case .booleans: return make(Bool.self)
        }
    }

    static func mode(_ type: DataType) -> any AggregateState {
        collected(type) { .mode }
    }

    static func distinctCount(_ type: DataType) -> any AggregateState {
        collected(type) { .distinctCount }
    }

    static func discretePercentile(_ type: DataType, fraction: Double) -> any AggregateState {
        collected(type) { .percentile(fraction) }
    }

    private static func collected(_ type: DataType, _ result: () -> CollectedResult)
        -> any AggregateState
    {
        switch type.layout {
        case .integers: CollectedState<Int64>(type, result())
        case .doubles: CollectedState<Double>(type, result())
        case .texts: CollectedState<[UInt8]>(type, result())
        case .intervals: CollectedState<Interval>(type, result())
        case .booleans: CollectedState<Bool>(type, result())
        }
    }
}

/// min and max.
final class ExtremeState<Element: GroupValue>: AggregateState {
    private let type: DataType
    private let isMaximum: Bool
    private var values: [Element] = []
    private var hasValue: [Bool] = []

    init(_ type: DataType, isMaximum: Bool) {
        self.type = type
        self.isMaximum = isMaximum
    }

    func grow(to groupCount: Int) {
        values.extend(to: groupCount, with: Element.filler)
        hasValue.extend(to: groupCount, with: false)
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        var best = values[group]
        var row = rows.lowerBound
        if !hasValue[group] {
            while row < rows.upperBound && !validity.isValid(row) { row += 1 }
            if row == rows.upperBound { return }
            best = Element.read(source, row)
            hasValue[group] = true
        }
        if !validity.isAll {
            while row < rows.upperBound {
                if validity.isValid(row) { best = better(Element.read(source, row), best) }
                row += 1
            }
        } else if isMaximum {
            while row < rows.upperBound {
                let value = Element.read(source, row)
                if Element.isBefore(best, value) { best = value }
                row += 1
            }
        } else {
            while row < rows.upperBound {
                let value = Element.read(source, row)
                if Element.isBefore(value, best) { best = value }
                row += 1
            }
        }
        values[group] = best
    }

    @inline(__always)
    private func better(_ value: Element, _ best: Element) -> Element {
        (isMaximum ? Element.isBefore(best, value) : Element.isBefore(value, best)) ? value : best
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        var values = self.values.taken()
        var hasValue = self.hasValue.taken()
        defer {
            self.values = values
            self.hasValue = hasValue
        }
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        let isAll = validity.isAll
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            let group = Int(groups[row])
            let value = Element.read(source, row)
            values[group] = hasValue[group] ? better(value, values[group]) : value
            hasValue[group] = true
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? ExtremeState<Element> else { return }
        for (index, group) in groups.enumerated() where other.hasValue[index] {
            let group = Int(group)
            let value = other.values[index]
            values[group] = hasValue[group] ? better(value, values[group]) : value
            hasValue[group] = true
        }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            type, Element.storage(Array(values[groups])),
            validity: Validity(Array(hasValue[groups])))
    }
}

/// The value at the least or greatest key: first, last, arg_min, arg_max. Rows without a value or
/// without a key are left out.
final class KeyedState<Element: GroupValue, Key: GroupValue>: AggregateState {
    private let type: DataType
    private let isMaximum: Bool
    private let takesLaterOfEqual: Bool
    private var values: [Element] = []
    private var keys: [Key] = []
    private var hasValue: [Bool] = []

    init(_ type: DataType, _ isMaximum: Bool, _ takesLaterOfEqual: Bool) {
        self.type = type
        self.isMaximum = isMaximum
        self.takesLaterOfEqual = takesLaterOfEqual
    }

    func grow(to groupCount: Int) {
        values.extend(to: groupCount, with: Element.filler)
        keys.extend(to: groupCount, with: Key.filler)
        hasValue.extend(to: groupCount, with: false)
    }

    /// Whether a later row with key `new` replaces one with key `old`.
    @inline(__always)
    private func wins(_ new: Key, over old: Key) -> Bool {
        if takesLaterOfEqual {
            return isMaximum ? !Key.isBefore(new, old) : !Key.isBefore(old, new)
        }
        return isMaximum ? Key.isBefore(old, new) : Key.isBefore(new, old)
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let keySource = Key.source(arguments[1])
        let valueValidity = arguments[0].validity
        let keyValidity = arguments[1].validity
        // Only the winning row's value is read.
        var best: Key? = hasValue[group] ? keys[group] : nil
        var bestRow: Int?
        for row in rows where valueValidity.isValid(row) && keyValidity.isValid(row) {
            let key = Key.read(keySource, row)
            if let known = best, !wins(key, over: known) { continue }
            best = key
            bestRow = row
        }
        if let best, let bestRow {
            keys[group] = best
            values[group] = Element.read(Element.source(arguments[0]), bestRow)
            hasValue[group] = true
        }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let source = Element.source(arguments[0])
        let keySource = Key.source(arguments[1])
        let validity = arguments[0].validity.intersection(arguments[1].validity)
        let isAll = validity.isAll
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            take(
                Element.read(source, row), key: Key.read(keySource, row),
                group: Int(groups[row]))
        }
    }

    @inline(__always)
    private func take(_ value: Element, key: Key, group: Int) {
        if hasValue[group] && !wins(key, over: keys[group]) { return }
        values[group] = value
        keys[group] = key
        hasValue[group] = true
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? KeyedState<Element, Key> else { return }
        for (index, group) in groups.enumerated() where other.hasValue[index] {
            take(other.values[index], key: other.keys[index], group: Int(group))
        }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            type, Element.storage(Array(values[groups])),
            validity: Validity(Array(hasValue[groups])))
    }
}

/// What is made of all values of a group.
enum CollectedResult: Sendable {
    /// The commonest value, of several the least.
    case mode
    case distinctCount
    /// The first value at or behind that share of all, in order.
    case percentile(Double)
}

/// Aggregates that need every value, each distinct one kept with its count.
final class CollectedState<Element: GroupValue>: AggregateState {
    private let type: DataType
    private let result: CollectedResult
    private var counts: [[Element: Int]] = []

    init(_ type: DataType, _ result: CollectedResult) {
        self.type = type
        self.result = result
    }

    func grow(to groupCount: Int) { counts.extend(to: groupCount, with: [:]) }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        for row in rows where validity.isValid(row) {
            counts[group][Element.read(source, row), default: 0] += 1
        }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        for row in 0..<groups.count where validity.isValid(row) {
            counts[Int(groups[row])][Element.read(source, row), default: 0] += 1
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? CollectedState<Element> else { return }
        for (index, group) in groups.enumerated() {
            counts[Int(group)].merge(other.counts[index]) { $0 + $1 }
        }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        if case .distinctCount = result {
            return Vector(integers: groups.map { Int64(counts[$0].count) })
        }
        let values = groups.map { counts[$0].isEmpty ? Element.filler : chosen(counts[$0]) }
        return Vector(
            type, Element.storage(values), validity: Validity(groups.map { !counts[$0].isEmpty }))
    }

    private func chosen(_ counts: [Element: Int]) -> Element {
        let sorted = counts.sorted { Element.isBefore($0.key, $1.key) }
        switch result {
        case .mode:
            var best = sorted[0]
            for entry in sorted where entry.value > best.value { best = entry }
            return best.key
        case .percentile(let fraction):
            let total = sorted.reduce(0) { $0 + $1.value }
            let wanted = max(1, Int((fraction * Double(total)).rounded(.up)))
            var passed = 0
            for entry in sorted {
                passed += entry.value
                if passed >= wanted { return entry.key }
            }
            return sorted[sorted.count - 1].key
        case .distinctCount: return Element.filler
        }
    }
}
