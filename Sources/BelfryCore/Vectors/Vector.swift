/// The values of one column with their validity; immutable once made.
///
/// A batch's vectors hold at most `Vector.capacity` rows; points on their way in and the runs of a
/// memtable use longer ones. The value at a row without validity is unspecified (but there).
/// Loops take `storage` apart once and run over the array inside; nothing here is called per row
/// on a hot path, except `isValid`.
public struct Vector: Sendable {
    /// How many rows a batch has at most.
    public static let capacity = 1024

    public let type: DataType
    public let storage: VectorStorage
    public let validity: Validity

    public init(_ type: DataType, _ storage: VectorStorage, validity: Validity = .all) {
        self.type = type
        self.storage = storage
        self.validity = validity
    }

    public init(integers: [Int64], type: DataType = .bigint, validity: Validity = .all) {
        self.init(type, .integers(integers), validity: validity)
    }

    public init(doubles: [Double], validity: Validity = .all) {
        self.init(.double, .doubles(doubles), validity: validity)
    }

    public init(booleans: [Bool], validity: Validity = .all) {
        self.init(.boolean, .booleans(booleans), validity: validity)
    }

    public var count: Int {
        switch storage {
        case .booleans(let values): values.count
        case .integers(let values): values.count
        case .doubles(let values): values.count
        case .texts(let values): values.count
        case .dictionary(let values): values.codes.count
        case .intervals(let values): values.count
        }
    }

    @inlinable public func isValid(_ row: Int) -> Bool { validity.isValid(row) }

    /// `count` rows without a value.
    public static func nulls(_ type: DataType, count: Int) -> Vector {
        let storage: VectorStorage =
            switch type.layout {
            case .booleans: .booleans([Bool](repeating: false, count: count))
            case .integers: .integers([Int64](repeating: 0, count: count))
            case .doubles: .doubles([Double](repeating: 0, count: count))
            case .texts:
                .texts(
                    TextStorage(offsets: [UInt32](repeating: 0, count: count + 1), bytes: []))
            case .intervals: .intervals([Interval](repeating: .zero, count: count))
            }
        return Vector(type, storage, validity: count == 0 ? .all : .none(count))
    }

    /// The same value in `count` rows.
    /// - Precondition: the value is NULL or of the type's layout.
    public static func constant(_ value: Value, _ type: DataType, count: Int) -> Vector {
        var builder = VectorBuilder(type, capacity: count)
        for _ in 0..<count { builder.append(value) }
        return builder.finish()
    }

    /// One cell; for results and tests, not for loops.
    public func value(_ row: Int) -> Value {
        guard validity.isValid(row) else { return .null }
        switch storage {
        case .booleans(let values): return .boolean(values[row])
        case .integers(let values):
            switch type {
            case .timestamptz: return .timestamptz(Timestamp(nanoseconds: values[row]))
            case .timestamp: return .timestamp(Timestamp(nanoseconds: values[row]))
            case .date: return .date(values[row])
            default: return .integer(values[row])
            }
        case .doubles(let values): return .double(values[row])
        case .texts(let values): return .text(values.string(row))
        case .dictionary(let values):
            return .text(values.dictionary.texts.string(Int(values.codes[row])))
        case .intervals(let values): return .interval(values[row])
        }
    }

    /// The rows of `range` as a vector of their own; the whole is passed through.
    public func slice(_ range: Range<Int>) -> Vector {
        if range.count == count { return self }
        let storage: VectorStorage =
            switch storage {
            case .booleans(let values): .booleans(Array(values[range]))
            case .integers(let values): .integers(Array(values[range]))
            case .doubles(let values): .doubles(Array(values[range]))
            case .texts(let values): .texts(values.slice(range))
            case .dictionary(let values):
                .dictionary(
                    DictionaryStorage(
                        codes: Array(values.codes[range]), dictionary: values.dictionary))
            case .intervals(let values): .intervals(Array(values[range]))
            }
        return Vector(type, storage, validity: validity.slice(range))
    }

    /// Chosen rows in their order; a negative row has no value.
    public func gather(_ rows: [Int32]) -> Vector {
        let storage: VectorStorage =
            switch storage {
            case .booleans(let values): .booleans(rows.map { $0 >= 0 ? values[Int($0)] : false })
            case .integers(let values): .integers(rows.map { $0 >= 0 ? values[Int($0)] : 0 })
            case .doubles(let values): .doubles(rows.map { $0 >= 0 ? values[Int($0)] : 0 })
            case .texts(let values): .texts(values.gather(rows))
            case .dictionary(let values):
                .dictionary(
                    DictionaryStorage(
                        codes: rows.map { $0 >= 0 ? values.codes[Int($0)] : 0 },
                        dictionary: values.dictionary))
            case .intervals(let values):
                .intervals(rows.map { $0 >= 0 ? values[Int($0)] : .zero })
            }
        let hasGaps = rows.contains { $0 < 0 }
        return Vector(
            type, storage,
            validity: validity.isAll && !hasGaps ? .all : validity.gather(rows))
    }

    /// The rows of a selection.
    public func filtered(by selection: Selection) -> Vector { gather(selection.rows) }

    /// The same values under another type of the same layout.
    public func retyped(_ type: DataType) -> Vector {
        Vector(type, storage, validity: validity)
    }
}

/// The arrays behind a vector: a closed enum, so that a kernel switches once per vector.
public enum VectorStorage: Sendable {
    case booleans([Bool])
    case integers([Int64])
    case doubles([Double])
    case texts(TextStorage)
    /// Texts as codes of a shared dictionary.
    case dictionary(DictionaryStorage)
    case intervals([Interval])
}
