public import BelfryCore
import BelfryQuery

/// A column of a result.
public struct ResultColumn: Sendable, Hashable {
    public let name: String
    public let type: DataType
}

/// What a statement gave: columns, and batches of rows that are computed when they are asked for;
/// rows for those who want rows.
///
/// Threads: one at a time; `cancel` from any.
public final class Result {
    public let columns: [ResultColumn]
    /// The session's zone when the statement ran: what times are shown in.
    public let timeZone: TimeZoneRules
    private let running: RunningQuery
    private let sql: String

    init(_ running: RunningQuery, sql: String, timeZone: TimeZoneRules) {
        self.running = running
        self.sql = sql
        self.timeZone = timeZone
        columns = running.columns.map { ResultColumn(name: $0.name, type: $0.type) }
    }

    /// The next rows, at most `Vector.capacity`; nil after the last.
    public func nextBatch() throws(BelfryError) -> Batch? {
        do { return try running.next() } catch { throw BelfryError(error, in: sql) }
    }

    /// All rows that are left, cell by cell: for results that fit in memory.
    public func rows() throws(BelfryError) -> [[Value]] {
        var rows: [[Value]] = []
        while let batch = try nextBatch() {
            for row in 0..<batch.rowCount { rows.append(batch.vectors.map { $0.value(row) }) }
        }
        return rows
    }

    /// `SELECT 3`, `INSERT 2`, `CREATE TABLE`; final once all rows were read.
    public var commandTag: String { running.commandTag }

    /// What the statement wants to be said besides its rows.
    public var warnings: [String] { running.warnings }

    /// Ends the statement: the next call of `nextBatch` throws 57014.
    public func cancel() { running.cancel() }
}
