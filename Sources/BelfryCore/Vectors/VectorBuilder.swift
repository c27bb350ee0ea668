/// Makes a vector: append, then finish.
///
/// One array per layout is in use; the others stay empty and cost nothing. `append(_: Value)` is
/// for literals, results and tests; loops build their arrays themselves.
public struct VectorBuilder: Sendable {
    public let type: DataType
    private var booleans: [Bool] = []
    private var integers: [Int64] = []
    private var doubles: [Double] = []
    private var texts = TextStorage()
    private var intervals: [Interval] = []
    private var validity: ValidityBuilder
    public private(set) var count = 0

    public init(_ type: DataType, capacity: Int = 0) {
        self.type = type
        validity = ValidityBuilder(capacity: capacity)
        switch type.layout {
        case .booleans: booleans.reserveCapacity(capacity)
        case .integers: integers.reserveCapacity(capacity)
        case .doubles: doubles.reserveCapacity(capacity)
        case .texts: texts.offsets.reserveCapacity(capacity + 1)
        case .intervals: intervals.reserveCapacity(capacity)
        }
    }

    /// - Precondition: the value is NULL or of this builder's layout; a whole number may go into
    ///   doubles.
    public mutating func append(_ value: Value) {
        count += 1
        validity.append(!value.isNull)
        switch type.layout {
        case .booleans:
            if case .boolean(let it) = value { booleans.append(it) } else { booleans.append(false) }
        case .integers:
            switch value {
            case .integer(let it), .date(let it): integers.append(it)
            case .timestamptz(let it), .timestamp(let it): integers.append(it.nanoseconds)
            default: integers.append(0)
            }
        case .doubles:
            switch value {
            case .double(let it): doubles.append(it)
            case .integer(let it): doubles.append(Double(it))
            default: doubles.append(0)
            }
        case .texts:
            if case .text(let it) = value { texts.append(it) } else { texts.append([UInt8]()) }
        case .intervals:
            if case .interval(let it) = value {
                intervals.append(it)
            } else {
                intervals.append(.zero)
            }
        }
    }

    public mutating func append(_ text: ArraySlice<UInt8>) {
        precondition(type.layout == .texts, "bytes go into texts")
        count += 1
        validity.append(true)
        texts.append(text)
    }

    /// All rows of a vector of the same layout.
    public mutating func append(contentsOf vector: Vector) {
        count += vector.count
        validity.append(vector.validity, count: vector.count)
        switch vector.storage {
        case .booleans(let values): booleans.append(contentsOf: values)
        case .integers(let values): integers.append(contentsOf: values)
        case .doubles(let values): doubles.append(contentsOf: values)
        case .texts(let values): texts.append(contentsOf: values)
        case .dictionary(let values):
            texts.append(contentsOf: values.expanded(validity: vector.validity))
        case .intervals(let values): intervals.append(contentsOf: values)
        }
    }

    public func finish() -> Vector {
        let storage: VectorStorage =
            switch type.layout {
            case .booleans: .booleans(booleans)
            case .integers: .integers(integers)
            case .doubles: .doubles(doubles)
            case .texts: .texts(texts)
            case .intervals: .intervals(intervals)
            }
        return Vector(type, storage, validity: validity.finish())
    }
}
