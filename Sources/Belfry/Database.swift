public import BelfryCore
package import BelfryStorage

/// A database: a folder of readings, or one in memory. What an application keeps.
///
/// ```swift
/// let database = try Database.open("city")
/// let result = try database.run("SELECT count(*) FROM traffic")
/// ```
///
/// One process may have a folder open for writing; a second one is refused (55006). Close it, or
/// let it go: what was acknowledged is durable by `DatabaseOptions.durability` either way.
///
/// Threads: any. Statements run on the caller's thread (and help of the engine's own).
public final class Database: Sendable {
    package let store: Store
    package let zones: TimeZoneDatabase

    private init(_ store: Store) {
        self.store = store
        zones = TimeZoneDatabase()
    }

    /// Opens the folder at `path`, which is made where there is none.
    ///
    /// - Throws: `BelfryError`: 55006 another process writes to it, XX001 it is damaged, 0A000 it
    ///   was made by a newer version, 58030 the system refused.
    public static func open(
        _ path: String, options: DatabaseOptions = DatabaseOptions()
    ) throws(BelfryError) -> Database {
        do { return Database(try Store.open(path: path, options: options.store)) } catch {
            throw BelfryError(error)
        }
    }

    /// A database in memory, gone when it is let go.
    public static func inMemory(
        options: DatabaseOptions = DatabaseOptions()
    ) throws(BelfryError) -> Database {
        do { return Database(try Store.inMemory(options: options.store)) } catch {
            throw BelfryError(error)
        }
    }

    /// A session with settings of its own (TimeZone, limits).
    public func session() -> Session { Session(self) }

    /// Runs one or more statements in a session of their own and gives the last one's result.
    @discardableResult
    public func run(
        _ sql: String, parameters: [Value] = [], named: [String: Value] = [:]
    ) throws(BelfryError) -> Result {
        try session().run(sql, parameters: parameters, named: named)
    }

    /// The fast way in for one table.
    ///
    /// - Parameter rule: what happens to rows that are there already; nil takes the table's.
    /// - Parameter isCounted: tell new from updated and duplicate rows, which looks up those that
    ///   are not later than all others of their series.
    public func appender(
        for table: String, rule: DuplicateRule? = nil, isCounted: Bool = false
    ) throws(BelfryError) -> Appender {
        guard let schema = self.table(named: table) else {
            throw BelfryError(code: "42P01", message: "there is no table \"\(table)\"")
        }
        return Appender(store: store, table: schema, rule: rule, isCounted: isCounted)
    }

    /// A table's definition.
    public func table(named name: String) -> TableSchema? {
        let catalog = newestSnapshot.catalog
        if let exact = catalog.table(named: name) { return exact }
        let close = catalog.tables.filter { $0.name.lowercased() == name.lowercased() }
        return close.count == 1 ? close[0] : nil
    }

    /// The times that rows of a table may have now, by its HORIZON and RETAIN.
    package func acceptedTimes(of table: TableSchema) -> TimeRange {
        store.acceptedTimes(of: table)
    }

    /// The tables, in order of their making.
    public var tables: [TableSchema] { newestSnapshot.catalog.tables }

    /// The newest there is; where the folder cannot be looked at now, the one before.
    private var newestSnapshot: Snapshot {
        do { return try store.currentSnapshot() } catch { return store.snapshot() }
    }

    /// Adds columns at the end of a table; rows there have NULL in them.
    @discardableResult
    public func addColumns(_ columns: [ColumnSchema], to table: String) throws(BelfryError)
        -> TableSchema
    {
        do { return try store.addColumns(columns, toTable: table) } catch {
            throw BelfryError(error)
        }
    }

    /// Makes a table. A reference table with a primary key whose options say MERGE, as they do
    /// where nothing is said, refuses rows whose key is there, as one that CREATE TABLE makes.
    @discardableResult
    public func createTable(_ schema: TableSchema) throws(BelfryError) -> TableSchema {
        var schema = schema
        if schema.isReference && !schema.primaryKey.isEmpty
            && schema.options.duplicateRule == .merge
        {
            schema.options.duplicateRule = .error
        }
        do { return try store.createTable(schema, ifNotExists: false) } catch {
            throw BelfryError(error)
        }
    }

    /// Turns a column of whole numbers into DOUBLE for good.
    @discardableResult
    public func widenToDouble(_ column: String, of table: String) throws(BelfryError)
        -> TableSchema
    {
        do {
            return try store.changeColumn(column, ofTable: table, type: .double, kind: nil)
        } catch { throw BelfryError(error) }
    }

    /// Writes what is in memory to a segment.
    public func flush() throws(BelfryError) {
        do { try store.flush() } catch { throw BelfryError(error) }
    }

    /// How compaction encodes what it writes.
    public enum Tier: Sendable {
        /// Fast to read; what a flush writes.
        case light
        /// About a quarter smaller, and about four times as slow to decode: for what is kept long.
        case cold
    }

    /// Brings every partition into its final form.
    /// - Parameter removesReplaced: whether the files that were replaced go at once. Else they stay
    ///   for a while, for readers in other processes, and a later opening removes them.
    public func compact(
        tier: Tier = .light, removesReplaced: Bool = false
    ) throws(BelfryError) {
        do { try store.compact(isCold: tier == .cold) } catch { throw BelfryError(error) }
        if removesReplaced { store.removeReplacedFiles() }
    }

    /// Cancels the statements that run (57014), waits for the step that a flush or compaction is
    /// at, makes all durable that is not yet, and gives the folder up. Further use is refused
    /// (08003). May be called from any thread, and more than once.
    public func close() throws(BelfryError) {
        do { try store.close() } catch { throw BelfryError(error) }
    }
}
