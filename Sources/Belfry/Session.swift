public import BelfryCore
import BelfryQuery
import BelfrySQL
import BelfryStorage
import Glibc
import Synchronization

/// Runs statements, with settings of its own (`SET TimeZone = …`).
///
/// Threads: one statement at a time; a second thread waits.
public final class Session: Sendable {
    private let state: Mutex<QuerySession>
    private let isClosed: @Sendable () -> Bool

    init(_ database: Database) {
        isClosed = { [store = database.store] in store.isClosing }
        var settings = QuerySettings()
        settings.batchRowCount = database.store.options.rowsPerVector
        state = Mutex(
            QuerySession(store: database.store, zones: database.zones, settings: settings))
    }

    /// Runs one or more statements, separated by semicolons, and gives the last one's result.
    ///
    /// - Parameter parameters: the values of `$1`, `$2`, …
    /// - Parameter named: the values of `:name`.
    /// - Throws: `BelfryError` with the place in `sql`.
    @discardableResult
    public func run(
        _ sql: String, parameters: [Value] = [], named: [String: Value] = [:]
    ) throws(BelfryError) -> Result {
        var last: Result?
        for statement in try parse(sql) {
            // The rows of all but the last are of no use, but their errors are.
            if let last { _ = try last.rows() }
            last = try run(statement, sql: sql, parameters: parameters, named: named)
        }
        guard let last else {
            throw BelfryError(
                code: "42601", message: "there is no statement", range: 0..<0, statement: sql)
        }
        return last
    }

    /// Runs statements one after the other and hands each result on before the next begins.
    public func run(
        script sql: String, named: [String: Value] = [:],
        _ body: (Result) throws(BelfryError) -> Void
    ) throws(BelfryError) {
        for statement in try parse(sql) {
            let result = try run(statement, sql: sql, parameters: [], named: named)
            try body(result)
            _ = try result.rows()
        }
    }

    /// Parses a statement once, to run it often with other parameters.
    public func prepare(_ sql: String) throws(BelfryError) -> PreparedStatement {
        let statements = try parse(sql)
        guard statements.count == 1 else {
            throw BelfryError(
                code: "42601", message: "one statement can be prepared, not \(statements.count)",
                statement: sql)
        }
        return PreparedStatement(self, statements[0], sql: sql)
    }

    func run(
        _ statement: ParsedStatement, sql: String, parameters: [Value], named: [String: Value]
    ) throws(BelfryError) -> Result {
        if isClosed() {
            throw BelfryError(code: "08003", message: "the database is closed", statement: sql)
        }
        var values: [ParameterReference.Key: Value] = [:]
        for (index, value) in parameters.enumerated() { values[.position(index + 1)] = value }
        for (name, value) in named { values[.name(name)] = value }
        let (running, zone) = try start(statement, sql: sql, values)
        return Result(running, sql: sql, timeZone: zone) { () throws(BelfryError) in
            try self.start(statement, sql: sql, values).running
        }
    }

    /// Begins a statement; anew where another process took away what it was about to read.
    private func start(
        _ statement: ParsedStatement, sql: String, _ values: [ParameterReference.Key: Value]
    ) throws(BelfryError) -> (running: RunningQuery, zone: TimeZoneRules) {
        try state.withLock { (session) throws(BelfryError) in
            var attempts = 0
            while true {
                do throws(QueryError) {
                    let running = try BelfryQuery.Query.run(
                        statement, sql: sql, parameters: values, session: &session,
                        now: Self.now())
                    return (running, session.settings.timeZone)
                } catch {
                    attempts += 1
                    if error.code == Result.supersededCode && attempts < Result.attemptCountLimit {
                        continue
                    }
                    throw BelfryError(error, in: sql)
                }
            }
        }
    }

    private func parse(_ sql: String) throws(BelfryError) -> [ParsedStatement] {
        do { return try Parser.parse(sql) } catch { throw BelfryError(error, in: sql) }
    }

    private static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// A statement that was parsed once.
public final class PreparedStatement: Sendable {
    private let session: Session
    private let statement: ParsedStatement
    private let sql: String

    init(_ session: Session, _ statement: ParsedStatement, sql: String) {
        self.session = session
        self.statement = statement
        self.sql = sql
    }

    @discardableResult
    public func run(_ parameters: [Value] = [], named: [String: Value] = [:]) throws(BelfryError)
        -> Result
    {
        try session.run(statement, sql: sql, parameters: parameters, named: named)
    }
}
