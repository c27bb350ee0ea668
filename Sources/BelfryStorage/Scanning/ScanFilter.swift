import BelfryCodecs
import BelfryCore

/// What a scan's conditions say of a chunk, as far as statistics and the packed form can tell.
struct ScanVerdict {
    /// The rows that meet the conditions looked at; nil for all rows.
    var rows: [UInt64]?
    /// The conditions that are still to be tried on decoded values, by their index.
    var rest: [Int] = []
    /// No row meets them.
    var isNone = false

    static let none = ScanVerdict(isNone: true)

    /// Every row meets all conditions.
    var isAll: Bool { !isNone && rows == nil && rest.isEmpty }
}

/// Tries the conditions of a scan on chunks: first on their statistics, then on their packed form,
/// so that values are decoded only where neither can tell.
///
/// Asked only of rows that no other source has a say in: a row that fails may hide an older one
/// that does not.
///
/// Threads: one at a time.
final class ScanFilter {
    let conditions: [ScanCondition]
    private let columns: MergeColumns

    init(_ conditions: [ScanCondition], _ columns: MergeColumns) {
        self.conditions = conditions
        self.columns = columns
    }

    /// Of the chunk as a whole; found once. Of a whole block only what its statistics tell.
    func verdict(_ chunk: RowChunk) throws(StorageError) -> ScanVerdict {
        if let known = chunk.verdict { return known }
        let verdict = try judge(chunk)
        chunk.verdict = verdict
        return verdict
    }

    private func judge(_ chunk: RowChunk) throws(StorageError) -> ScanVerdict {
        var verdict = ScanVerdict()
        for index in conditions.indices {
            guard columns.usesStatistics, let slot = conditions[index].slot,
                let statistics = try chunk.statistics(slot)
            else {
                verdict.rest.append(index)
                continue
            }
            if conditions[index].excludes(statistics) { return .none }
            if !conditions[index].includesAll(statistics, rowCount: chunk.rowCount) {
                verdict.rest.append(index)
            }
        }
        if !columns.usesPacked || chunk.isWholeBlock { return verdict }
        var rest: [Int] = []
        for index in verdict.rest {
            guard let slot = conditions[index].slot,
                let rows = try chunk.packedRows(slot, conditions[index])
            else {
                rest.append(index)
                continue
            }
            verdict.rows = RowBits.both(verdict.rows, rows)
        }
        verdict.rest = rest
        if let rows = verdict.rows {
            let count = RowBits.count(rows)
            if count == 0 { return .none }
            if count == chunk.rowCount { verdict.rows = nil }
        }
        return verdict
    }
}
