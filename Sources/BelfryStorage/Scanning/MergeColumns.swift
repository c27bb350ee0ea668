import BelfryCodecs
import BelfryCore

/// What a merge reads of its sources: field columns by number, with the type to hand them up in;
/// also where sources keep their strips, and the count of what was done.
///
/// Threads: one at a time; each merge has its own.
final class MergeColumns {
    struct Column: Hashable {
        let number: UInt32
        let type: DataType
    }

    let table: UInt32
    /// A column's place here is its *slot*.
    let columns: [Column]
    let cache: BlockCache?
    /// Neither a column nor times are wanted: sources give whole blocks where nothing overlaps.
    let isCounting: Bool
    /// Rows of equal time are never folded.
    let isAppend: Bool
    /// Statistics may answer for rows and skip them.
    var usesStatistics = false
    /// Vectors may be compared and summed as they are packed.
    var usesPacked = false
    /// Solo blocks come whole where nothing overlaps, to be skipped or summarised at once.
    var givesWholeBlocks = false
    var statistics = ScanStatistics()

    init(
        _ table: TableSchema, columns: [Column], cache: BlockCache?, isCounting: Bool = false
    ) {
        self.table = table.number
        isAppend = table.options.duplicateRule == .append
        self.columns = columns
        self.cache = cache
        self.isCounting = isCounting
    }

    /// All fields of a table, as flush and compaction write them.
    static func all(of table: TableSchema) -> MergeColumns {
        let fields = table.fieldIndexes.map { table.columns[$0] }
        return MergeColumns(
            table,
            columns: fields.sorted { $0.number < $1.number }.map {
                Column(number: $0.number, type: $0.type)
            }, cache: nil)
    }

    /// A vector under the column's type; integers of before a widening become doubles.
    static func adapted(_ vector: Vector, to type: DataType) -> Vector {
        if vector.type == type { return vector }
        switch (vector.storage, type.layout) {
        case (.integers(let values), .doubles):
            return Vector(type, .doubles(values.map { Double($0) }), validity: vector.validity)
        default:
            return vector.type.layout == type.layout
                ? vector.retyped(type) : .nulls(type, count: vector.count)
        }
    }
}
