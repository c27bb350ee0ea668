package import Belfry
package import BelfryCore

/// A database as the target of an import: tables are made in it, rows are appended and counted.
package struct DatabaseTarget: ImportTarget {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func table(named name: String) throws(ImportError) -> TableSchema? {
        database.table(named: name)
    }

    package func create(_ table: TableSchema) throws(ImportError) -> TableSchema {
        do throws(BelfryError) {
            return try database.createTable(table)
        } catch {
            throw ImportError(error)
        }
    }

    package func acceptedTimes(of table: TableSchema) -> TimeRange {
        database.acceptedTimes(of: table)
    }

    package func write(_ batch: PointBatch) throws(ImportError) -> ImportWriteCounts {
        do throws(BelfryError) {
            let outcome: Appender.Outcome
            if batch.table.isReference {
                // The keys of a reference table are made of its columns. A row with the key of
                // one that is there is that row again, not an error as it is for INSERT.
                let appender = try database.appender(
                    for: batch.table.name, rule: .merge, isCounted: true)
                outcome = try appender.append(
                    batch.columns.compactMap { column in
                        let schema = batch.table.columns.first { $0.number == column.number }
                        return schema.map { ($0.name, column.values) }
                    })
            } else {
                let appender = try database.appender(for: batch.table.name, isCounted: true)
                outcome = try appender.append(batch, areTimesJudged: true)
            }
            return ImportWriteCounts(
                stored: outcome.stored, updated: outcome.updated, duplicate: outcome.duplicate)
        } catch {
            throw ImportError(error)
        }
    }
}

extension ImportError {
    init(_ error: BelfryError) {
        self.init(error.message, hint: error.hint)
    }
}
