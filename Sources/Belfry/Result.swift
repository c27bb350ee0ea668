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
    private var running: RunningQuery
    private let sql: String
    /// Begins the statement anew with what the store holds then.
    private let restart: () throws(BelfryError) -> RunningQuery
    private var attemptCount = 1
    private var hasDelivered = false

    /// The writing process took away a file that this statement reads.
    static let supersededCode = "72000"
    static let attemptCountLimit = 10

    init(
        _ running: RunningQuery, sql: String, timeZone: TimeZoneRules,
        restart: @escaping () throws(BelfryError) -> RunningQuery
    ) {
        self.running = running
        self.sql = sql
        self.restart = restart
        self.timeZone = timeZone
        columns = running.columns.map { ResultColumn(name: $0.name, type: $0.type) }
    }

    /// The next rows, at most `Vector.capacity`; nil after the last.
    ///
    /// - Throws: `BelfryError`; 72000 where another process writes to the database, this one only
    ///   reads it, and a file that is needed was replaced after the first rows were delivered
    ///   (before that the statement begins anew by itself).
    public func nextBatch() throws(BelfryError) -> Batch? {
        while true {
            do throws(QueryError) {
                let batch = try running.next()
                hasDelivered = true
                return batch
            } catch {
                guard error.code == Self.supersededCode, !hasDelivered,
                    attemptCount < Self.attemptCountLimit
                else { throw BelfryError(error, in: sql) }
            }
            attemptCount += 1
            running = try restart()
        }
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
