public import BelfryCore
internal import BelfryQuery
internal import BelfryStorage

/// The fast way in: whole columns, appended to one table in atomic batches.
///
/// ```swift
/// let appender = try database.appender(for: "traffic")
/// try appender.append([
///     ("time", Vector(integers: times, type: .timestamptz)),
///     ("sensor", sensors),
///     ("speed", Vector(doubles: speeds)),
/// ])
/// ```
///
/// Columns that a batch leaves out are NULL. A batch is visible and durable as a whole when
/// `append` returns (by the database's durability), whatever the number of rows.
///
/// Threads: one at a time; several appenders may write to one table at once.
public final class Appender {
    /// What became of a batch's rows.
    public struct Outcome: Sendable, Hashable {
        /// Rows of a new (series, time); without `isCounted`, all rows.
        public var stored = 0
        /// Rows that changed one already there.
        public var updated = 0
        /// Rows already there and equal in every column they have; dropped.
        public var duplicate = 0

        public init() {}
    }

    public private(set) var table: TableSchema
    private let store: Store
    private let rule: DuplicateRule?
    private let isCounted: Bool

    init(store: Store, table: TableSchema, rule: DuplicateRule?, isCounted: Bool) {
        self.store = store
        self.table = table
        self.rule = rule
        self.isCounted = isCounted
    }

    /// Appends rows given by columns; all vectors have the same count.
    ///
    /// - Throws: `BelfryError` for an unknown column (42703), a type that the column does not take
    ///   (42804), a NULL time (23502), vectors of unequal length (22023), and whatever storage
    ///   refuses.
    ///
    /// The table may change meanwhile: columns are looked up by name in the definition of now, so
    /// those that were renamed or dropped are refused (42703) and not lost.
    @discardableResult
    public func append(_ columns: [(name: String, values: Vector)]) throws(BelfryError) -> Outcome {
        renewTable()
        let batch: PointBatch
        do {
            batch = try PointBatchMaker(table: table).batch(named: columns)
        } catch { throw BelfryError(error, in: nil) }
        return try append(batch)
    }

    /// Takes the definition of now. A table that TRUNCATE emptied, or that was made anew under the
    /// name, has another number.
    private func renewTable() {
        let catalog = store.snapshot().catalog
        if let now = catalog.table(numbered: table.number) ?? catalog.table(named: table.name) {
            table = now
        }
    }

    /// Appends points whose keys are known already.
    /// - Parameter areTimesJudged: the rows were held against `Database.acceptedTimes` as they came
    ///   in; what is accepted since then changes nothing for them.
    package func append(
        _ batch: PointBatch, areTimesJudged: Bool = false
    ) throws(BelfryError) -> Outcome {
        do {
            let own = batch.table.isReference ? batch.table.options.duplicateRule : nil
            let outcome = try store.write(
                [batch], rule: rule ?? own, isCounted: isCounted, areTimesJudged: areTimesJudged)
            var result = Outcome()
            result.stored = outcome.stored
            result.updated = outcome.updated
            result.duplicate = outcome.duplicate
            return result
        } catch {
            throw BelfryError(error)
        }
    }
}
