package import BelfryCore

/// The text form of a file.
package enum ImportFormat: String, Sendable, Hashable, CaseIterable {
    case csv, ndjson

    /// What a file name says; CSV when it says nothing.
    package init(path: String) {
        var name = path.lowercased()
        for ending in [".gz", ".zst"] where name.hasSuffix(ending) {
            name.removeLast(ending.count)
        }
        let isJSON = [".ndjson", ".jsonl", ".json"].contains { name.hasSuffix($0) }
        self = isJSON ? .ndjson : .csv
    }
}

/// What an import is told: the table, and which source column is what.
package struct ImportOptions: Sendable {
    package var table: String
    /// Nil: by the file's name.
    package var format: ImportFormat?
    /// The source's column with the time; nil: the one named like the table's time column, `time`
    /// or `timestamp`.
    package var timeName: String?
    /// Tags of a table that this import makes, by their names in the source.
    package var tagNames: [String] = []
    /// Source names and what the columns are called in the table.
    package var columnNames: [(source: String, column: String)] = []
    package var skippedNames: [String] = []
    /// Where times without an offset were read from a clock.
    package var zone: TimeZoneRules = .utc
    /// Nil: found in the first lines.
    package var delimiter: UInt8?
    /// More refused records than this end the import.
    package var rejectedCountLimit = 1_000
    /// How many problems the report lists.
    package var problemCountLimit = 20
    /// Rows of one write.
    package var batchRowCount = 65_536
    /// Bytes read at a time; smaller only in tests.
    package var bufferByteCount = 1 << 20

    package init(table: String) { self.table = table }
}

/// One record or field that was refused: where, and what was expected.
package struct ImportProblem: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: String?
    package let message: String

    package var description: String {
        "\(file): line \(line): " + (column.map { "column \($0): " } ?? "") + message
    }
}

/// How far an import is.
package struct ImportProgress: Sendable, Hashable {
    package var file: String
    /// Bytes read of this file, and all it has (nil: not known).
    package var readByteCount: Int
    package var totalByteCount: Int?
    /// Records read so far.
    package var rowCount: Int
}

/// What became of the records: `read = stored + updated + duplicate + rejected`.
package struct ImportReport: Sendable {
    package internal(set) var readCount = 0
    /// New (series, time).
    package internal(set) var storedCount = 0
    /// Changed a row that was there.
    package internal(set) var updatedCount = 0
    /// Changed nothing.
    package internal(set) var duplicateCount = 0
    package internal(set) var rejectedCount = 0
    /// Fields left out of records that were taken.
    package internal(set) var rejectedFieldCount = 0
    /// The first problems.
    package internal(set) var problems: [ImportProblem] = []
    /// The table if this import made it.
    package internal(set) var createdTable: TableSchema?
    /// Source columns that went nowhere, as the table has none of their names.
    package internal(set) var ignoredNames: [String] = []

    package init() {}

    mutating func add(_ counts: ImportWriteCounts) {
        storedCount += counts.stored
        updatedCount += counts.updated
        duplicateCount += counts.duplicate
    }
}
