import BelfryCore

/// The constants of an IN list, made ready for one layout of values.
///
/// Short lists of numbers are compared one after another, long ones looked up in a set. NULL in
/// the list makes "not found" unknown.
struct MemberSet: Sendable {
    private enum Members: Sendable {
        case nothing
        case fewIntegers([Int64])
        case integers(Set<Int64>)
        case doubles(Set<UInt64>)
        case texts(Set<[UInt8]>)
        case booleans(hasTrue: Bool, hasFalse: Bool)
        case intervals(Set<Int128>)
    }

    private let members: Members
    private let hasNull: Bool

    init(_ values: [Value], hasNull: Bool) {
        self.hasNull = hasNull
        var integers: [Int64] = []
        var doubles = Set<UInt64>()
        var texts = Set<[UInt8]>()
        var intervals = Set<Int128>()
        var booleans = Set<Bool>()
        for value in values {
            switch value {
            case .null: break
            case .boolean(let it): booleans.insert(it)
            case .integer(let it), .date(let it): integers.append(it)
            case .timestamptz(let it), .timestamp(let it): integers.append(it.nanoseconds)
            case .double(let it): doubles.insert(Self.key(it))
            case .text(let it): texts.insert(Array(it.utf8))
            case .interval(let it): intervals.insert(it.sortKey)
            }
        }
        if !integers.isEmpty {
            members = integers.count <= 6 ? .fewIntegers(integers) : .integers(Set(integers))
        } else if !doubles.isEmpty {
            members = .doubles(doubles)
        } else if !texts.isEmpty {
            members = .texts(texts)
        } else if !intervals.isEmpty {
            members = .intervals(intervals)
        } else if !booleans.isEmpty {
            members = .booleans(
                hasTrue: booleans.contains(true), hasFalse: booleans.contains(false))
        } else {
            members = .nothing
        }
    }

    /// The bits of a double, with one NaN and one zero.
    private static func key(_ value: Double) -> UInt64 {
        value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern
    }

    func test(_ vector: Vector, isNegated: Bool) -> Vector {
        var found = rows(vector)
        var validity = vector.validity
        if hasNull {
            // Only what was found is certain.
            validity = validity.intersection(Validity(found))
        }
        if isNegated { found = Lanes.map(found, false) { !$0 } }
        return Vector(booleans: found, validity: validity)
    }

    private func rows(_ vector: Vector) -> [Bool] {
        let count = vector.count
        switch (members, vector.storage) {
        case (.fewIntegers(let few), .integers(let values)):
            var found = [Bool](repeating: false, count: count)
            for member in few {
                for row in 0..<count { found[row] = found[row] || values[row] == member }
            }
            return found
        case (.integers(let set), .integers(let values)):
            return Lanes.map(values, false) { set.contains($0) }
        case (.doubles(let set), .doubles(let values)):
            return Lanes.map(values, false) { set.contains(Self.key($0)) }
        case (.intervals(let set), .intervals(let values)):
            return Lanes.map(values, false) { set.contains($0.sortKey) }
        case (.booleans(let hasTrue, let hasFalse), .booleans(let values)):
            return Lanes.map(values, false) { $0 ? hasTrue : hasFalse }
        case (.texts(let set), .texts), (.texts(let set), .dictionary):
            let view = TextView(vector, rowCount: count)
            return (0..<count).map { view.isValid($0) && set.contains(Array(view[$0])) }
        default:
            return [Bool](repeating: false, count: count)
        }
    }
}
