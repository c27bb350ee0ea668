import BelfryCore

/// What a manifest does with its tombstones before it is written: drop what they hide whole, and
/// let go of those that hide nothing any more.
extension Manifest {
    /// 1. A tombstone that a later one says as much as goes.
    /// 2. Segments wholly inside one leave: their rows are all hidden.
    /// 3. A tombstone goes with its table, or once no segment is under it. Sources that are no
    ///    segments are younger: all that stand in the manifest are older than the memtables.
    mutating func settleTombstones() {
        if tombstones.isEmpty { return }
        var kept: [Tombstone] = []
        for (index, tombstone) in tombstones.enumerated()
        where !tombstones[(index + 1)...].contains(where: { $0.saysAsMuch(as: tombstone) }) {
            kept.append(tombstone)
        }
        let gone = segments.filter { segment in
            kept.contains { $0.hides(segment) }
        }
        if !gone.isEmpty {
            let fileIDs = Set(gone.map(\.fileID))
            segments.removeAll { fileIDs.contains($0.fileID) }
            retired += gone.map(\.fileID)
        }
        tombstones = kept.filter { tombstone in
            catalog.table(numbered: tombstone.table) != nil
                && segments.contains { $0.isUnder(tombstone) }
        }
    }
}

extension Tombstone {
    /// A set of more series than this is not compared one by one.
    private static let comparedSeriesCount = 64

    /// Whether it hides all that an older one does.
    func saysAsMuch(as other: Tombstone) -> Bool {
        guard table == other.table, sequence >= other.sequence, times.contains(other.times) else {
            return false
        }
        guard let series else { return true }
        guard let others = other.series else { return false }
        if series == others { return true }
        return others.count <= Self.comparedSeriesCount
            && others.numbers.allSatisfy(series.contains)
    }

    /// Whether it hides every row of a segment.
    func hides(_ segment: SegmentSummary) -> Bool {
        series == nil && segment.table == table && segment.appliedThrough < sequence
            && times.contains(segment.times)
    }
}
