import BelfryCore
import BelfrySQL
import BelfryStorage

@testable import BelfryQuery

/// A store in memory and a session: statements in, rows as text out.
final class Shell {
    var session: QuerySession
    var now = Timestamp(seconds: 1_700_000_000)
    private(set) var warnings: [String] = []

    init(options: StoreOptions = StoreOptions(), settings: QuerySettings = QuerySettings()) throws {
        var options = options
        options.runsUpkeep = false
        session = QuerySession(
            store: try Store.inMemory(options: options), zones: TimeZoneDatabase(),
            settings: settings)
    }

    init(store: Store) {
        session = QuerySession(store: store, zones: TimeZoneDatabase(), settings: QuerySettings())
    }

    /// Runs statements; the rows of the last one.
    @discardableResult
    func values(_ sql: String, _ parameters: [ParameterReference.Key: Value] = [:])
        throws -> [[Value]]
    {
        var rows: [[Value]] = []
        for statement in try Parser.parse(sql) {
            let running = try Query.run(
                statement, sql: sql, parameters: parameters, session: &session, now: now)
            rows = []
            while let batch = try running.next() {
                for row in 0..<batch.rowCount { rows.append(batch.vectors.map { $0.value(row) }) }
            }
            warnings += running.warnings
            commandTag = running.commandTag
            columns = running.columns
        }
        return rows
    }

    private(set) var commandTag = ""
    private(set) var columns: [PlanColumn] = []

    /// The rows of the last statement, cells divided by `|`.
    @discardableResult
    func rows(_ sql: String) throws -> [String] {
        try values(sql).map { $0.map(Self.text).joined(separator: "|") }
    }

    /// SQLSTATE and message of the error that a statement ends with; nil where there is none.
    func error(_ sql: String) -> QueryError? {
        do {
            try values(sql)
            return nil
        } catch let error as QueryError {
            return error
        } catch let error as SyntaxError {
            return QueryError(error)
        } catch {
            return nil
        }
    }

    func explain(_ sql: String) throws -> [String] { try rows("EXPLAIN \(sql)") }

    static func text(_ value: Value) -> String {
        switch value {
        case .null: return "-"
        case .boolean(let value): return value ? "t" : "f"
        case .integer(let value): return "\(value)"
        case .double(let value): return "\(value)"
        case .text(let value): return value
        case .timestamptz(let value), .timestamp(let value): return value.text(in: .utc)
        case .date(let day):
            return String(
                Timestamp(nanoseconds: day * 86_400_000_000_000).text(in: .utc).prefix(10))
        case .interval(let value): return value.description
        }
    }
}
