import BelfryCodecs
import BelfryCore

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
final class ExtremeState<Element: GroupValue>: RunAggregateState, SummaryAggregateState {
    private let type: DataType
    private let isMaximum: Bool
    private var values: [Element] = []
    private var hasValue: [Bool] = []

    init(_ type: DataType, isMaximum: Bool) {
        self.type = type
        self.isMaximum = isMaximum
    }

    @specialized(where Element == Int64)
    @specialized(where Element == Double)
    func grow(to groupCount: Int) {
        values.extend(to: groupCount, with: Element.filler)
        hasValue.extend(to: groupCount, with: false)
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let source = Element.source(arguments[0])
        let best = Element.extremeRow(
            source, rows, arguments[0].validity, isMaximum: isMaximum)
        if let best { take(Element.read(source, best), group: group) }
    }

    func add(_ statistics: VectorStatistics?, rowCount: Int, group: Int) {
        guard let statistics, let value = Element.extreme(statistics, isMaximum: isMaximum)
        else { return }
        take(value, group: group)
    }

    @specialized(where Element == Int64)
    @specialized(where Element == Double)
    @specialized(where Element == [UInt8])
    func add(_ arguments: [Vector], runs: GroupTable.Runs) {
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var values = self.values.taken()
        var hasValue = self.hasValue.taken()
        defer {
            self.values = values
            self.hasValue = hasValue
        }
        var row = 0
        for run in 0..<runs.count {
            let end = Int(runs.ends[run])
            let group = Int(runs.groups[run])
            var best = values[group]
            var isKnown = hasValue[group]
            while row < end {
                if isAll || validity.isValid(row) {
                    let isBetter =
                        isMaximum
                        ? Element.precedes(best, source, row)
                        : Element.precedes(source, row, best)
                    if isBetter || !isKnown {
                        best = Element.read(source, row)
                        isKnown = true
                    }
                }
                row += 1
            }
            values[group] = best
            hasValue[group] = isKnown
        }
    }

    @specialized(where Element == Int64)
    @specialized(where Element == Double)
    @specialized(where Element == [UInt8])
    func add(_ arguments: [Vector], groups: [UInt32]) {
        let source = Element.source(arguments[0])
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var values = self.values.taken()
        var hasValue = self.hasValue.taken()
        defer {
            self.values = values
            self.hasValue = hasValue
        }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            let group = Int(groups[row])
            if hasValue[group] {
                let isBetter =
                    isMaximum
                    ? Element.precedes(values[group], source, row)
                    : Element.precedes(source, row, values[group])
                if !isBetter { continue }
            }
            values[group] = Element.read(source, row)
            hasValue[group] = true
        }
    }

    private func take(_ value: Element, group: Int) {
        if hasValue[group] {
            let isBetter =
                isMaximum
                ? Element.precedes(values[group], value) : Element.precedes(value, values[group])
            if !isBetter { return }
        }
        values[group] = value
        hasValue[group] = true
    }

    @specialized(where Element == Int64)
    @specialized(where Element == Double)
    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? ExtremeState<Element> else { return }
        for (index, group) in groups.enumerated() where other.hasValue[index] {
            take(other.values[index], group: Int(group))
        }
    }

    @specialized(where Element == Int64)
    @specialized(where Element == Double)
    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            type, Element.storage(values[groups].map { Element.canonical($0) }),
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
        let best = Key.bestRow(
            keySource, rows, arguments[0].validity.intersection(arguments[1].validity),
            isMaximum: isMaximum, takesLaterOfEqual: takesLaterOfEqual)
        guard let best else { return }
        // Only the winning row's value is read.
        let key = Key.read(keySource, best)
        if hasValue[group] && !wins(key, over: keys[group]) { return }
        keys[group] = key
        values[group] = Element.read(Element.source(arguments[0]), best)
        hasValue[group] = true
    }

    @specialized(where Element == Int64, Key == Int64)
    @specialized(where Element == Double, Key == Int64)
    @specialized(where Element == Bool, Key == Int64)
    @specialized(where Element == [UInt8], Key == Int64)
    @specialized(where Element == Int64, Key == Double)
    @specialized(where Element == Double, Key == Double)
    @specialized(where Element == [UInt8], Key == Double)
    func add(_ arguments: [Vector], groups: [UInt32]) {
        let source = Element.source(arguments[0])
        let keySource = Key.source(arguments[1])
        let validity = arguments[0].validity.intersection(arguments[1].validity)
        let isAll = validity.isAll
        var values = self.values.taken()
        var keys = self.keys.taken()
        var hasValue = self.hasValue.taken()
        defer {
            self.values = values
            self.keys = keys
            self.hasValue = hasValue
        }
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            let group = Int(groups[row])
            let key = Key.read(keySource, row)
            if hasValue[group] && !wins(key, over: keys[group]) { continue }
            values[group] = Element.read(source, row)
            keys[group] = key
            hasValue[group] = true
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
