package import BelfryCore
package import BelfrySQL
package import BelfryStorage

/// What a statement runs in: the store, and what its session has set.
package struct QuerySession: Sendable {
    package let store: Store
    package let zones: TimeZoneDatabase
    /// Changed by SET and RESET.
    package var settings: QuerySettings
    /// What RESET goes back to.
    package let defaults: QuerySettings

    package init(store: Store, zones: TimeZoneDatabase, settings: QuerySettings) {
        self.store = store
        self.zones = zones
        self.settings = settings
        defaults = settings
    }
}

/// From a parsed statement to a running one.
package enum Query {
    /// The steps: take a snapshot, bind names to columns, optimize the plan, make operators; the
    /// rows come when the result is asked for them. Statements that change something have done so
    /// when this returns.
    ///
    /// - Parameter sql: the whole text that the statement's spans are offsets into.
    package static func run(
        _ parsed: ParsedStatement, sql: String, parameters: [ParameterReference.Key: Value] = [:],
        session: inout QuerySession, now: Timestamp
    ) throws(QueryError) -> RunningQuery {
        guard parsed.statement.takesTurns else {
            return try execute(
                parsed, sql: sql, parameters: parameters, session: &session, now: now)
        }
        let timeout = session.settings.statementTimeout
        let running = try session.store.changes.pass(
            milliseconds: timeout > 0 ? Int(clamping: timeout) : nil
        ) { () throws(QueryError) in
            try execute(parsed, sql: sql, parameters: parameters, session: &session, now: now)
        }
        if let running { return running }
        throw QueryError(
            "57014",
            "the statement waited longer than statement_timeout for one that changes rows",
            hint: "UPDATE, DELETE and changes of tables go one at a time")
    }

    private static func execute(
        _ parsed: ParsedStatement, sql: String, parameters: [ParameterReference.Key: Value],
        session: inout QuerySession, now: Timestamp
    ) throws(QueryError) -> RunningQuery {
        let snapshot: Snapshot
        do throws(StorageError) {
            snapshot = try session.store.currentSnapshot()
        } catch { throw QueryError(error) }
        let context = QueryContext(
            snapshot: snapshot, settings: session.settings, zones: session.zones, now: now)
        let binder = Binder(context: context, parameters: parameters)
        switch parsed.statement {
        case .query(let query):
            let plan = try plan(query, binder: binder)
            let root = try PhysicalPlanner.operators(for: plan, context: context)
            return RunningQuery(
                root, command: "SELECT", context: context, warnings: binder.warnings)
        case .explain(let explain):
            return try Explanation.run(explain, binder: binder, session: session)
        case .insert(let insert):
            return try Insertion(insert, binder: binder, store: session.store).run()
        case .createTable(let definition):
            return try TableDefinition(definition, sql: sql, binder: binder)
                .create(in: session.store)
        case .createTableAs(let definition):
            return try TableDefinition.create(
                definition, binder: binder, store: session.store)
        case .dropTable(let drop):
            return try TableDefinition.drop(drop, binder: binder, store: session.store)
        case .alterTable(let change):
            return try TableAlteration(
                change, sql: sql, binder: binder, store: session.store
            ).run()
        case .set(let set):
            return try Variables.set(set, binder: binder, session: &session)
        case .reset(let reset):
            return try Variables.reset(reset, binder: binder, session: &session)
        case .show(let show):
            return try Description.show(show, binder: binder, store: session.store)
        case .describe(let name):
            return try Description.describe(name, binder: binder)
        case .summarize(let name):
            return try Description.summarize(name, binder: binder)
        case .truncate(let name):
            let table = try binder.table(name)
            do { _ = try session.store.truncateTable(table.name) } catch {
                throw QueryError(error)
            }
            return RunningQuery(command: "TRUNCATE TABLE", context: context)
        case .update(let update):
            return try RowUpdate(update, binder: binder, store: session.store).run()
        case .delete(let delete):
            return try Deletion(delete, binder: binder, store: session.store).run()
        case .checkpoint:
            do { try session.store.flush() } catch { throw QueryError(error) }
            return RunningQuery(command: "CHECKPOINT", context: context)
        case .confirmClock:
            do { try session.store.confirmClock() } catch { throw QueryError(error) }
            return RunningQuery(command: "CONFIRM CLOCK", context: context)
        case .transaction(let word):
            throw .notSupported(word.rawValue, at: parsed.span)
        }
    }

    /// Binds and optimizes.
    static func plan(_ query: BelfrySQL.Query, binder: Binder) throws(QueryError) -> LogicalPlan {
        let bound = try binder.bindQuery(query)
        return try Optimizer.optimize(bound.plan, context: binder.context)
    }
}

extension Statement {
    /// Whether it reads rows or definitions in order to change them, and so goes one at a time.
    fileprivate var takesTurns: Bool {
        switch self {
        case .update, .delete, .truncate, .alterTable, .dropTable: true
        case .insert(let insert):
            if case .update? = insert.onConflict { true } else { !insert.returning.isEmpty }
        case .query, .explain, .createTable, .createTableAs, .set, .reset, .show, .describe,
            .summarize, .transaction, .checkpoint, .confirmClock:
            false
        }
    }
}

/// A statement whose rows are pulled batch by batch, with its command tag.
///
/// Threads: one at a time; `cancel` from any.
package final class RunningQuery {
    package let columns: [PlanColumn]
    package let context: QueryContext
    private let boundWarnings: [String]
    private var failure: QueryError?
    private let root: any Operator
    private let command: String
    private var isDone = false
    /// Rows handed out, or rows that a statement changed.
    package private(set) var rowCount: Int

    init(
        _ root: any Operator, command: String, context: QueryContext, rowCount: Int = 0,
        warnings: [String] = []
    ) {
        self.root = root
        self.command = command
        self.context = context
        self.rowCount = rowCount
        boundWarnings = warnings
        columns = root.columns
    }

    /// A statement that has no rows.
    convenience init(
        command: String, context: QueryContext, rowCount: Int = 0, warnings: [String] = []
    ) {
        self.init(
            RowsOperator(columns: [], rows: []), command: command, context: context,
            rowCount: rowCount, warnings: warnings)
    }

    /// What is to be said besides the rows; final once `next` gave nil.
    package var warnings: [String] {
        boundWarnings + (context.damageWarning.map { [$0] } ?? [])
    }

    /// The next rows; nil after the last ones. An error is final: every further call throws it.
    package func next() throws(QueryError) -> Batch? {
        if let failure { throw failure }
        if isDone { return nil }
        do throws(QueryError) {
            try context.check()
            guard let batch = try root.next() else {
                isDone = true
                return nil
            }
            rowCount += batch.rowCount
            let limit = context.settings.maxResultRows
            if limit > 0 && rowCount > limit {
                throw QueryError(
                    "54000", "the result has more than max_result_rows (\(limit)) rows",
                    hint: "add a LIMIT, or SET max_result_rows to more")
            }
            return batch
        } catch {
            failure = error
            throw error
        }
    }

    /// What was done: `SELECT 3`, `INSERT 2`, `CREATE TABLE`. Final once `next` gave nil.
    package var commandTag: String {
        switch command {
        case "SELECT", "INSERT", "UPDATE", "DELETE": "\(command) \(rowCount)"
        default: command
        }
    }

    package func cancel() { context.cancel() }
}

/// Rows that are there already: of SHOW, DESCRIBE and EXPLAIN.
final class RowsOperator: Operator {
    let columns: [PlanColumn]
    private var rows: ArraySlice<[Value]>

    init(columns: [PlanColumn], rows: [[Value]]) {
        self.columns = columns
        self.rows = rows[...]
    }

    func next() throws(QueryError) -> Batch? {
        if rows.isEmpty { return nil }
        let part = rows.prefix(Vector.capacity)
        rows = rows.dropFirst(part.count)
        var builders = columns.map { VectorBuilder($0.type, capacity: part.count) }
        for row in part {
            for index in builders.indices { builders[index].append(row[index]) }
        }
        return Batch(builders.map { $0.finish() }, rowCount: part.count)
    }
}
