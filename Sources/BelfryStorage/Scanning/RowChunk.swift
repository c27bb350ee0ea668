import BelfryCodecs
import BelfryCore

/// Rows that a source has decoded together: one vector of a block, or all rows of a run.
///
/// Columns are decoded when they are first asked for and kept as long as the chunk is; a merge
/// hands out pieces of chunks, so a chunk lives until the batches it went into are made.
class RowChunk {
    let rowCount: Int

    init(rowCount: Int) { self.rowCount = rowCount }

    /// Ascending within each series.
    func times() throws(StorageError) -> [Int64] { [] }
    /// Raw row kinds; nil where all are merge.
    func kinds() throws(StorageError) -> [UInt8]? { nil }
    /// Nil where no row has a value.
    func vector(_ slot: Int) throws(StorageError) -> Vector? { nil }
    /// Of the column, over all rows of the chunk; nil where they are not known.
    func statistics(_ slot: Int) throws(StorageError) -> VectorStatistics? { nil }
    /// Of the column, over the rows whose bit is set, or all; nil where only the rows can tell.
    /// - Parameter needsValues: more than the count is wanted.
    func summary(
        _ slot: Int, needsValues: Bool, rows: [UInt64]?
    ) throws(StorageError) -> VectorStatistics? { nil }
    /// The rows that meet a condition on the column, found without decoding it; nil where that
    /// cannot be done.
    func packedRows(
        _ slot: Int, _ condition: ScanCondition
    ) throws(StorageError) -> [UInt64]? { nil }
    /// Whether no row of the column has a value.
    func isAbsent(_ slot: Int) -> Bool { false }
    /// All vectors of a block at once, of which only statistics, times and kinds are to be had.
    var isWholeBlock: Bool { false }
    /// What the scan's conditions say of the chunk as a whole, once it was asked.
    final var verdict: ScanVerdict?
}

/// All rows of a run.
final class RunChunk: RowChunk {
    private let run: Run
    private let columns: MergeColumns
    private let places: [Int?]
    private var vectors: [Vector?]

    init(_ run: Run, _ columns: MergeColumns) {
        self.run = run
        self.columns = columns
        places = columns.columns.map { column in
            run.columns.firstIndex { $0.number == column.number }
        }
        vectors = [Vector?](repeating: nil, count: columns.columns.count)
        super.init(rowCount: run.rowCount)
    }

    override func times() -> [Int64] { run.times }

    override func kinds() -> [UInt8]? {
        switch run.kinds {
        case .all(.merge): nil
        case .all(let kind): [UInt8](repeating: kind.rawValue, count: rowCount)
        case .each(let kinds): kinds
        }
    }

    override func isAbsent(_ slot: Int) -> Bool { places[slot] == nil }

    override func vector(_ slot: Int) -> Vector? {
        guard let place = places[slot] else { return nil }
        if let known = vectors[slot] { return known }
        let made = MergeColumns.adapted(
            run.columns[place].values, to: columns.columns[slot].type)
        vectors[slot] = made
        return made
    }
}

/// One vector of a block, or, for counting, the whole block.
final class SegmentChunk: RowChunk {
    let block: OpenBlock
    /// Nil for the whole block.
    let index: Int?
    private var decodedTimes: [Int64]?
    private var decodedKinds: [UInt8]?
    private var vectors: [Vector?]

    init(_ block: OpenBlock, vector index: Int?) {
        self.block = block
        self.index = index
        vectors = [Vector?](repeating: nil, count: block.columns.columns.count)
        super.init(
            rowCount: index.map { Strip.rowCount($0, of: block.rowCount) } ?? block.rowCount)
    }

    override func times() throws(StorageError) -> [Int64] {
        if let decodedTimes { return decodedTimes }
        let times = try block.integers(SegmentFormat.timeColumn, vector: index)
        decodedTimes = times
        return times
    }

    override func kinds() throws(StorageError) -> [UInt8]? {
        guard try block.hasKinds else { return nil }
        if let decodedKinds { return decodedKinds }
        let kinds = try block.kinds(vector: index)
        decodedKinds = kinds
        return kinds
    }

    override func isAbsent(_ slot: Int) -> Bool {
        block.knownHeader.map { $0.strip(of: block.columns.columns[slot].number) == nil } ?? false
    }

    override func vector(_ slot: Int) throws(StorageError) -> Vector? {
        if let known = vectors[slot] { return known }
        guard let index, let made = try block.vector(slot, index) else { return nil }
        vectors[slot] = made
        return made
    }

    override var isWholeBlock: Bool { index == nil }

    override func statistics(_ slot: Int) throws(StorageError) -> VectorStatistics? {
        try block.statistics(slot, vector: index)
    }

    override func summary(
        _ slot: Int, needsValues: Bool, rows: [UInt64]?
    ) throws(StorageError) -> VectorStatistics? {
        if rows == nil && block.columns.usesStatistics {
            block.columns.statistics.vectorsSummarised +=
                index == nil ? Strip.vectorCount(rows: rowCount) : 1
            return try statistics(slot)
        }
        guard let index, block.columns.usesPacked else { return nil }
        return try block.packedSummary(slot, index, needsValues: needsValues, rows: rows)
    }

    override func packedRows(
        _ slot: Int, _ condition: ScanCondition
    ) throws(StorageError) -> [UInt64]? {
        guard let index else { return nil }
        return try block.packedRows(slot, index, condition)
    }
}

extension Strip {
    /// How many rows the vector with this index has in a block of so many.
    static func rowCount(_ vector: Int, of rowCount: Int) -> Int {
        min(vectorRowCount, rowCount - vector * vectorRowCount)
    }
}
