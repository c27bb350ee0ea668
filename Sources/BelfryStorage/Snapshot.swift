package import BelfryCore
import Synchronization

/// What a reader sees: one catalog, some runs, some segments, forever.
///
/// Everything in it is immutable; taking one is copying a reference. The runs and segments of a
/// table are its *sources*; of two sources the one with the greater sequences is the newer.
///
/// Threads: any.
package final class Snapshot: Sendable {
    /// The tables by name and number.
    package let catalog: Catalog
    /// The last write that can be seen.
    package let sequence: UInt64
    /// The runs of each table, oldest first: those of the sealed memtable, then the active one's.
    let runs: [UInt32: [Run]]
    /// All live segments, by ascending last sequence.
    let segments: [SegmentHandle]
    /// What hides rows of older sources, oldest first.
    let tombstones: [Tombstone]
    let series: SeriesTable
    /// Series from this number on came later.
    let seriesLimit: UInt32
    let options: StoreOptions
    let cache: BlockCache
    private let ending: StoreEnding

    /// Whether the store is being closed: statements that read this should end.
    package var isEnding: Bool { ending.isBegun }

    private struct TagColumnID: Hashable {
        let table: UInt32
        let column: UInt32
    }

    private let dictionaries = Mutex<[TagColumnID: TextDictionary]>([:])

    init(
        catalog: Catalog, sequence: UInt64, runs: [UInt32: [Run]], segments: [SegmentHandle],
        tombstones: [Tombstone] = [], series: SeriesTable, seriesLimit: UInt32,
        options: StoreOptions,
        cache: BlockCache, ending: StoreEnding = StoreEnding()
    ) {
        self.catalog = catalog
        self.sequence = sequence
        self.runs = runs
        self.segments = segments
        self.tombstones = tombstones
        self.series = series
        self.seriesLimit = seriesLimit
        self.options = options
        self.cache = cache
        self.ending = ending
    }

    /// The series of a table for which the predicate is true.
    package func seriesNumbers(_ table: TableSchema, _ predicate: TagPredicate) -> SeriesSet {
        series.resolve(predicate, table: table.number, limit: seriesLimit)
    }

    /// The values that the codes of a tag column point into: one object per snapshot and column,
    /// the same for all snapshots between which no value was added. It may hold values of series
    /// that this snapshot does not see.
    package func tagDictionary(_ table: TableSchema, columnIndex: Int) -> TextDictionary {
        let id = TagColumnID(table: table.number, column: table.columns[columnIndex].number)
        return dictionaries.withLock { dictionaries in
            if let known = dictionaries[id] { return known }
            let made = series.dictionary(table: id.table, column: id.column)
            dictionaries[id] = made
            return made
        }
    }

    /// The codes of a tag column by series, to be fetched once and asked per series. Codes of
    /// series that this snapshot sees lie in its `tagDictionary`.
    package func tagCodes(_ table: TableSchema, columnIndex: Int) -> TagCodes {
        series.tagCodes(table: table.number, column: table.columns[columnIndex].number)
    }

    /// How many series a table has.
    package func seriesCount(_ table: TableSchema) -> Int {
        seriesNumbers(table, .all).count
    }

    /// The canonical key of a series.
    package func seriesKey(_ number: UInt32) -> SeriesKey? {
        number < seriesLimit ? series.key(number) : nil
    }
}

extension Snapshot {
    /// The files that this snapshot may read.
    package var segmentFileIDs: [UInt64] { segments.map(\.summary.fileID) }
}
