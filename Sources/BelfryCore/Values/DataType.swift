/// The closed list of types that a value, a vector or a column can have.
///
/// The raw value is the byte on disk and is never reused. All whole numbers are held in 64 bits
/// (LANGUAGE: "integer arithmetic is 64-bit"); SMALLINT and INTEGER narrow what a column accepts.
@frozen public enum DataType: UInt8, Sendable, Hashable, CaseIterable {
    /// The type of a bare NULL, and of a string or parameter whose context has not decided yet.
    case unknown = 0
    case boolean = 1
    case smallint = 2
    case integer = 3
    case bigint = 4
    case double = 5
    case text = 6
    /// An instant: nanoseconds since 1970 in UTC.
    case timestamptz = 7
    /// A reading of a wall clock: nanoseconds since 1970 as if it were UTC.
    case timestamp = 8
    /// Days since 1970-01-01.
    case date = 9
    /// Only a value, never a column.
    case interval = 10

    /// How the values lie in memory.
    public var layout: VectorLayout {
        switch self {
        case .boolean: .booleans
        case .smallint, .integer, .bigint, .timestamptz, .timestamp, .date: .integers
        case .double: .doubles
        case .text, .unknown: .texts
        case .interval: .intervals
        }
    }

    /// The name as SQL writes it.
    public var name: String {
        switch self {
        case .unknown: "UNKNOWN"
        case .boolean: "BOOLEAN"
        case .smallint: "SMALLINT"
        case .integer: "INTEGER"
        case .bigint: "BIGINT"
        case .double: "DOUBLE"
        case .text: "TEXT"
        case .timestamptz: "TIMESTAMPTZ"
        case .timestamp: "TIMESTAMP"
        case .date: "DATE"
        case .interval: "INTERVAL"
        }
    }

    public var isInteger: Bool { self == .smallint || self == .integer || self == .bigint }
    public var isNumeric: Bool { isInteger || self == .double }
    public var isTemporal: Bool { self == .timestamptz || self == .timestamp || self == .date }
}

/// How the values of a vector lie in memory: what kernels and codecs dispatch on.
@frozen public enum VectorLayout: UInt8, Sendable, Hashable {
    case booleans, integers, doubles, texts, intervals
}
