import BelfryCore

/// bool_and, bool_or.
final class BooleanState: AggregateState {
    private let isOr: Bool
    private var values: [Bool] = []
    private var hasValue: [Bool] = []

    init(isOr: Bool) { self.isOr = isOr }

    func grow(to groupCount: Int) {
        values.extend(to: groupCount, with: !isOr)
        hasValue.extend(to: groupCount, with: false)
    }

    @inline(__always)
    private func take(_ value: Bool, group: Int) {
        hasValue[group] = true
        if value == isOr { values[group] = isOr }
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let booleans = arguments[0].booleans
        let validity = arguments[0].validity
        let isAll = validity.isAll
        var isDecided = false
        var isAny = false
        for row in rows where isAll || validity.isValid(row) {
            isAny = true
            isDecided = isDecided || booleans[row] == isOr
        }
        if isAny { take(isDecided == isOr, group: group) }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let booleans = arguments[0].booleans
        let validity = arguments[0].validity
        let isAll = validity.isAll
        for row in 0..<groups.count where isAll || validity.isValid(row) {
            take(booleans[row], group: Int(groups[row]))
        }
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? BooleanState else { return }
        for (index, group) in groups.enumerated() where other.hasValue[index] {
            take(other.values[index], group: Int(group))
        }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            booleans: Array(values[groups]), validity: Validity(Array(hasValue[groups])))
    }
}

/// string_agg: texts in the order of the rows, each behind its row's separator but for the first.
final class TextJoinState: AggregateState {
    private var texts: [[UInt8]] = []
    private var hasValue: [Bool] = []
    /// The separator of the first text, needed when states are merged.
    private var firstSeparators: [[UInt8]] = []

    func grow(to groupCount: Int) {
        texts.extend(to: groupCount, with: [])
        hasValue.extend(to: groupCount, with: false)
        firstSeparators.extend(to: groupCount, with: [])
    }

    func add(_ arguments: [Vector], rows: Range<Int>, group: Int) {
        let values = TextView(arguments[0], rowCount: arguments[0].count)
        let separators = TextView(arguments[1], rowCount: arguments[0].count)
        for row in rows where values.isValid(row) {
            take(values[row], separators.isValid(row) ? separators[row] : [], group: group)
        }
    }

    func add(_ arguments: [Vector], groups: [UInt32]) {
        let values = TextView(arguments[0], rowCount: arguments[0].count)
        let separators = TextView(arguments[1], rowCount: arguments[0].count)
        for row in 0..<groups.count where values.isValid(row) {
            take(
                values[row], separators.isValid(row) ? separators[row] : [],
                group: Int(groups[row]))
        }
    }

    private func take(
        _ text: ArraySlice<UInt8>, _ separator: ArraySlice<UInt8>, group: Int
    ) {
        if hasValue[group] {
            texts[group] += separator
        } else {
            firstSeparators[group] = Array(separator)
            hasValue[group] = true
        }
        texts[group] += text
    }

    func merge(_ other: any AggregateState, into groups: [UInt32]) {
        guard let other = other as? TextJoinState else { return }
        for (index, group) in groups.enumerated() where other.hasValue[index] {
            take(other.texts[index][...], other.firstSeparators[index][...], group: Int(group))
        }
    }

    func finish(_ groups: Range<Int>) -> Vector {
        Vector(
            .text, [UInt8].storage(Array(texts[groups])),
            validity: Validity(Array(hasValue[groups])))
    }
}
