/// One scalar of any type: a literal, a parameter, a cell of a result; never a loop variable.
///
/// Equality is identity of the stored bits: texts compare by their UTF-8 bytes (Swift's own `==`
/// would merge canonically equivalent strings), doubles by their bit pattern. What SQL calls
/// equal is the business of the comparison kernels.
public enum Value: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
    case timestamptz(Timestamp)
    case timestamp(Timestamp)
    /// Days since 1970-01-01.
    case date(Int64)
    case interval(Interval)

    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// The type a value has by itself; whole numbers are BIGINT.
    public var type: DataType {
        switch self {
        case .null: .unknown
        case .boolean: .boolean
        case .integer: .bigint
        case .double: .double
        case .text: .text
        case .timestamptz: .timestamptz
        case .timestamp: .timestamp
        case .date: .date
        case .interval: .interval
        }
    }
}

extension Value: Hashable {
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        case (.timestamptz(let a), .timestamptz(let b)): a == b
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.date(let a), .date(let b)): a == b
        case (.interval(let a), .interval(let b)):
            a.months == b.months && a.days == b.days && a.nanoseconds == b.nanoseconds
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .boolean(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value.bitPattern)
        case .text(let value): for byte in value.utf8 { hasher.combine(byte) }
        case .timestamptz(let value), .timestamp(let value): hasher.combine(value.nanoseconds)
        case .date(let value): hasher.combine(value)
        case .interval(let value):
            hasher.combine(value.months)
            hasher.combine(value.days)
            hasher.combine(value.nanoseconds)
        }
    }
}
