/// A series number and how many rows of a batch or block are its own.
@frozen public struct Extent: Sendable, Hashable {
    public var series: UInt32
    public var rowCount: Int

    @inlinable
    public init(series: UInt32, rowCount: Int) {
        self.series = series
        self.rowCount = rowCount
    }
}

/// Vectors of equal length: what operators hand up.
///
/// Invariants:
/// 1. Every vector has `rowCount` rows, and `rowCount <= Vector.capacity`.
/// 2. Extents, where known, add up to `rowCount`; in them rows ascend by time.
public struct Batch: Sendable {
    public let vectors: [Vector]
    public let rowCount: Int
    /// Whose rows are whose; empty where rows no longer stand by series.
    public let extents: [Extent]

    public init(_ vectors: [Vector], rowCount: Int, extents: [Extent] = []) {
        self.vectors = vectors
        self.rowCount = rowCount
        self.extents = extents
    }

    /// The rows of a selection; extents shrink with their rows.
    public func filtered(by selection: Selection) -> Batch {
        if selection.count == rowCount { return self }
        var kept: [Extent] = []
        var end = 0
        var next = 0
        for extent in extents {
            end += extent.rowCount
            let start = next
            while next < selection.count && Int(selection.rows[next]) < end { next += 1 }
            if next > start { kept.append(Extent(series: extent.series, rowCount: next - start)) }
        }
        return Batch(
            vectors.map { $0.filtered(by: selection) }, rowCount: selection.count, extents: kept)
    }

    /// Chosen rows in their order; extents are lost.
    public func gather(_ rows: [Int32]) -> Batch {
        Batch(vectors.map { $0.gather(rows) }, rowCount: rows.count)
    }

    /// The rows of `range`; extents are cut with them.
    public func slice(_ range: Range<Int>) -> Batch {
        if range.count == rowCount { return self }
        var kept: [Extent] = []
        var start = 0
        for extent in extents {
            let end = start + extent.rowCount
            let rowCount = min(end, range.upperBound) - max(start, range.lowerBound)
            if rowCount > 0 { kept.append(Extent(series: extent.series, rowCount: rowCount)) }
            start = end
        }
        return Batch(vectors.map { $0.slice(range) }, rowCount: range.count, extents: kept)
    }
}
