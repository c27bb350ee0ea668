/// Takes the town's files, piece by piece.
///
/// A file's pieces come in order and without others between them, but for the truth folder's,
/// which come at the end. Names are relative to the town's folder, with `/` between the parts.
package protocol TownSink {
    associatedtype Failure: Error

    mutating func append(_ bytes: [UInt8], to file: String) throws(Failure)
}

/// How far a run has come.
package struct TownProgress: Sendable {
    /// The table that is being made.
    package var table: String
    /// Rows so far, of all tables, and about how many there will be.
    package var rows: Int
    package var expectedRows: Int
}

/// What a town holds, table by table, in the order of its files.
package struct TownSummary: Sendable {
    package struct Table: Sendable {
        package var name: String
        package var series: Int
        /// Lines in the file, second deliveries among them.
        package var offered: Int
        /// Distinct (series, time).
        package var unique: Int
        package var duplicates: Int
        /// Lines that come after newer ones, out of a gateway's backlog.
        package var late: Int
        /// Readings that never arrive: single losses, and silences of sensors.
        package var lost: Int
        package var silent: Int
        /// Values but for time and tags, empty fields not counted, each row once.
        package var values: Int
        /// The digest of the whole file, in its order.
        package var digest: UInt64
    }

    package var tables: [Table] = []

    package var rows: Int { tables.reduce(0) { $0 + $1.offered } }
    package var values: Int { tables.reduce(0) { $0 + $1.values } }
}
