package import BelfryCore

/// Where an import writes to: a store, or a list in memory in tests.
package protocol ImportTarget: Sendable {
    /// The table as it is now; nil when there is none.
    func table(named name: String) throws(ImportError) -> TableSchema?
    /// Makes a table; the schema as it is then, with its numbers.
    func create(_ table: TableSchema) throws(ImportError) -> TableSchema
    /// The times that rows of a table may have now; others are refused one by one, as they are
    /// read.
    func acceptedTimes(of table: TableSchema) -> TimeRange
    /// Writes rows whose times were accepted as they were read.
    func write(_ batch: PointBatch) throws(ImportError) -> ImportWriteCounts
}

/// What became of the rows of one write.
package struct ImportWriteCounts: Sendable, Hashable {
    package var stored: Int
    package var updated: Int
    package var duplicate: Int

    package init(stored: Int, updated: Int = 0, duplicate: Int = 0) {
        self.stored = stored
        self.updated = updated
        self.duplicate = duplicate
    }
}
