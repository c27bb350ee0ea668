/// What a write does to a row that is there already with the same series and time (LANGUAGE D1).
public enum DuplicateRule: UInt8, Sendable, Hashable, CaseIterable {
    case merge = 0
    case replace = 1
    case keep = 2
    case append = 3
    case error = 4
}

/// How wide a table's partitions are; UTC calendar spans.
public enum PartitionWidth: UInt8, Sendable, Hashable, CaseIterable {
    case automatic = 0
    case day = 1
    case month = 2
    case year = 3
}

/// A table's options, as CREATE TABLE declares them.
public struct TableOptions: Sendable, Hashable {
    public var partitionWidth: PartitionWidth = .automatic
    public var retain: Interval?
    public var staleAfter: Interval?
    public var horizon: Interval?
    public var duplicateRule: DuplicateRule = .merge

    public init() {}
}

/// A table's columns in order, and lookup by name.
///
/// Invariants: at most one time column; tags are TEXT; a table without a time column is a
/// reference table, its rows named by the primary key; names are unique.
public struct TableSchema: Sendable, Hashable {
    /// The table's number in its store, handed out once and never reused.
    public var number: UInt32
    /// Counts the changes of this table's definition.
    public var version: UInt32
    public var name: String
    public var columns: [ColumnSchema]
    /// Indexes into `columns`; only of reference tables.
    public var primaryKey: [Int]
    public var options: TableOptions
    /// Column numbers from this one on were never handed out.
    public var nextColumn: UInt32

    /// - Parameter nextColumn: nil for the number after the greatest.
    public init(
        number: UInt32 = 0, version: UInt32 = 0, name: String, columns: [ColumnSchema],
        primaryKey: [Int] = [], options: TableOptions = TableOptions(), nextColumn: UInt32? = nil
    ) {
        self.number = number
        self.version = version
        self.name = name
        self.columns = columns
        self.primaryKey = primaryKey
        self.options = options
        let greatest = columns.map(\.number).max() ?? 0
        self.nextColumn = max(nextColumn ?? 0, ColumnSchema.firstNumber, greatest + 1)
    }

    public var timeIndex: Int? { columns.firstIndex { $0.role == .time } }
    public var isReference: Bool { timeIndex == nil }
    public var tagIndexes: [Int] { columns.indices.filter { columns[$0].role == .tag } }
    public var fieldIndexes: [Int] { columns.indices.filter { columns[$0].role == .field } }

    /// The index of a column by its exact name, else by the only one that differs in ASCII case
    /// alone (LANGUAGE D0.11).
    public func columnIndex(named name: String) -> Int? {
        if let exact = columns.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return exact
        }
        let folded = name.lowercased()
        let close = columns.indices.filter { columns[$0].name.lowercased() == folded }
        return close.count == 1 ? close[0] : nil
    }
}
