/// Where the fields of some records stand in the input: what tokenizers make and column parsers
/// read.
///
/// Row-major; each field is a start and an end in the buffer it was made from. A field without a
/// value is empty and not quoted.
///
/// Invariants: 1. rows are complete, `columnCount` fields each; 2. every place lies in the buffer.
struct FieldTable {
    /// Set in a start where the field was quoted (CSV) or a string (JSON).
    static let quotedFlag: UInt32 = 1 << 31
    /// Rows that a tokenizer gathers at most before columns are parsed: small enough that they
    /// stay in the second-level cache with their text.
    static let rowLimit = 4_096

    let columnCount: Int
    private(set) var rowCount = 0
    /// Where each row begins, for its line number.
    var rowStarts: [Int]
    var starts: [UInt32]
    var ends: [UInt32]

    init(columnCount: Int) {
        self.columnCount = columnCount
        rowStarts = [Int](repeating: 0, count: Self.rowLimit)
        starts = [UInt32](repeating: 0, count: Self.rowLimit * columnCount)
        ends = starts
    }

    /// The arrays, for a tokenizer that fills them; to be put back.
    mutating func takeArrays() -> (rowStarts: [Int], starts: [UInt32], ends: [UInt32]) {
        let taken = (rowStarts, starts, ends)
        rowStarts = []
        starts = []
        ends = []
        return taken
    }

    mutating func putBack(
        _ rowStarts: consuming [Int], _ starts: consuming [UInt32], _ ends: consuming [UInt32],
        rowCount: Int
    ) {
        self.rowStarts = rowStarts
        self.starts = starts
        self.ends = ends
        setRowCount(rowCount)
    }

    mutating func removeAll() { rowCount = 0 }

    mutating func setRowCount(_ count: Int) {
        precondition(count <= Self.rowLimit, "a table has room for its rows")
        rowCount = count
    }

    /// Keeps only some rows, in their order.
    mutating func keep(_ rows: [Int]) {
        for (target, row) in rows.enumerated() where target != row {
            rowStarts[target] = rowStarts[row]
            for column in 0..<columnCount {
                starts[target * columnCount + column] = starts[row * columnCount + column]
                ends[target * columnCount + column] = ends[row * columnCount + column]
            }
        }
        rowCount = rows.count
    }
}

/// A record that a tokenizer could not take, and why.
struct RecordFault {
    /// Where the record begins in the buffer.
    var offset: Int
    var message: String
}

/// What one call of a tokenizer did.
struct TokenizerProgress {
    /// Everything before this place is done with.
    var consumed: Int
    /// Whether the bytes at `consumed` need more input to go on.
    var needsInput: Bool
}
