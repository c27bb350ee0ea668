import BelfryCore
import BelfryStorage

/// Changes rows of a table whose keys repeat: each key with a row that is meant is deleted, and the
/// rows of it that are left, in their order, are written again behind the delete.
///
/// Batches come in (series, time) order; a key's rows may lie in several of them.
struct KeyRewriter {
    private var writer: ChangeWriter
    private let fields: [Int]
    private let keepsMatches: Bool
    /// The rows of the last key so far: whether it is meant, time, fields.
    private var held: Batch?

    /// - Parameters:
    ///   - fields: the columns that batches carry behind match and time.
    ///   - keepsMatches: rows that are meant are written again, too: they were changed.
    init(_ writer: ChangeWriter, fields: [Int], keepsMatches: Bool) {
        self.writer = writer
        self.fields = fields
        self.keepsMatches = keepsMatches
    }

    /// - Parameter batch: whether a row is meant, its time if it has one, its fields.
    mutating func add(_ batch: Batch, hasTime: Bool) throws(QueryError) {
        let vectors = Array(batch.vectors.prefix((hasTime ? 2 : 1) + fields.count))
        let rows = joined(
            held, Batch(vectors, rowCount: batch.rowCount, extents: batch.extents))
        let starts = keyStarts(rows, hasTime: hasTime)
        let last = starts[starts.count - 1]
        held = slice(rows, last..<rows.rowCount)
        if last > 0 { try rewrite(slice(rows, 0..<last), Array(starts.dropLast()), hasTime) }
    }

    mutating func finish() throws(QueryError) {
        if let held {
            let hasTime = held.vectors.count == fields.count + 2
            try rewrite(held, [0], hasTime)
        }
        held = nil
        try writer.finish()
    }

    private mutating func rewrite(_ rows: Batch, _ starts: [Int], _ hasTime: Bool)
        throws(QueryError)
    {
        guard case .booleans(let isMeant) = rows.vectors[0].storage else { return }
        var deleted: [Int32] = []
        var kept: [Int32] = []
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : rows.rowCount
            guard isMeant[start..<end].contains(true) else { continue }
            deleted.append(Int32(start))
            for row in start..<end where keepsMatches || !isMeant[row] { kept.append(Int32(row)) }
        }
        if deleted.isEmpty { return }
        let keys = rows.filtered(by: Selection(deleted))
        try writer.add(
            .delete, columns: [], [], times: hasTime ? keys.vectors[1] : nil,
            extents: keys.extents)
        let left = rows.filtered(by: Selection(kept))
        try writer.add(
            .merge, columns: fields, Array(left.vectors.suffix(fields.count)),
            times: hasTime ? left.vectors[1] : nil, extents: left.extents)
        try writer.mayCut()
    }

    /// Where each key begins.
    private func keyStarts(_ rows: Batch, hasTime: Bool) -> [Int] {
        var times: [Int64]?
        if hasTime, case .integers(let values) = rows.vectors[1].storage { times = values }
        var starts: [Int] = []
        var row = 0
        for extent in rows.extents {
            let end = row + extent.rowCount
            let start = row
            while row < end {
                let isSame = row > start && times.map { $0[row] == $0[row - 1] } ?? true
                if !isSame { starts.append(row) }
                row += 1
            }
        }
        return starts.isEmpty ? [0] : starts
    }

    private func joined(_ first: Batch?, _ second: Batch) -> Batch {
        guard let first, first.rowCount > 0 else { return second }
        var rows = BatchAccumulator(types: second.vectors.map(\.type))
        rows.append(first.vectors, rowCount: first.rowCount)
        rows.append(second.vectors, rowCount: second.rowCount)
        var extents = first.extents
        for extent in second.extents {
            if extents.last?.series == extent.series {
                extents[extents.count - 1].rowCount += extent.rowCount
            } else {
                extents.append(extent)
            }
        }
        return Batch(rows.finish(), rowCount: rows.rowCount, extents: extents)
    }

    private func slice(_ rows: Batch, _ range: Range<Int>) -> Batch { rows.slice(range) }
}
