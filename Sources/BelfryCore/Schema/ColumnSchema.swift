/// What a column is for: the time of a row, a part of its series key, or a measured value.
public enum ColumnRole: UInt8, Sendable, Hashable, CaseIterable {
    case time = 0
    case tag = 1
    case field = 2
}

/// What a field's values mean between readings (LANGUAGE D1). Rules series-aware calls only and
/// changes no stored data.
public enum ColumnKind: Sendable, Hashable {
    /// A level.
    case gauge
    /// Grows, may reset.
    case counter
    /// An amount for the interval that ends at the time: `per` long, else since the row before.
    case delta(per: Interval?)
    /// Holds until the next.
    case state
}

/// A column's name, type and role.
public struct ColumnSchema: Sendable, Hashable {
    /// Its number in the table: never reused, from 16 on (below are the engine's own); 0 is time.
    public var number: UInt32
    public var name: String
    public var type: DataType
    public var role: ColumnRole
    public var kind: ColumnKind
    public var unit: String?
    public var isNotNull: Bool
    /// The SQL text of the DEFAULT expression.
    public var defaultText: String?

    /// The number of the time column.
    public static let timeNumber: UInt32 = 0
    /// The first number of a declared tag or field.
    public static let firstNumber: UInt32 = 16

    public init(
        number: UInt32 = 0, name: String, type: DataType, role: ColumnRole, kind: ColumnKind? = nil,
        unit: String? = nil, isNotNull: Bool = false, defaultText: String? = nil
    ) {
        self.number = number
        self.name = name
        self.type = type
        self.role = role
        self.kind = kind ?? (type.isNumeric ? .gauge : .state)
        self.unit = unit
        self.isNotNull = isNotNull
        self.defaultText = defaultText
    }
}
