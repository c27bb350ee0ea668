package import BelfryCore
import Synchronization

/// Partitions that nobody has written to for a while, and what is to become of them: one segment,
/// or siblings, of the COLD tier. A pure function from the live segments and a time that can be
/// believed.
///
/// Quiet is a partition that the newest row has left behind, none of whose segments was written
/// within `StoreOptions.coldAfterSeconds`, and that nothing younger may hold rows of: neither a
/// wide segment nor, as far as the caller says, the memtables. Wide segments that were written so
/// long ago are split first.
///
/// What is in the COLD tier already, in one piece, is left alone: so rows are rewritten once for
/// each time that their partition falls quiet, whether it paid or not.
package enum QuietPartitions {
    /// The next job; nil where there is none.
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - isBusy: whether rows of a table in these times wait for a flush.
    package static func next(
        _ segments: [SegmentSummary], catalog: Catalog, options: StoreOptions, now: Int64,
        flagged: Set<UInt64> = [], isBusy: (UInt32, TimeRange) -> Bool = { _, _ in false }
    ) -> CompactionJob? {
        guard let pause = options.coldAfterSeconds else { return nil }
        func isQuiet(_ segment: SegmentSummary) -> Bool {
            if flagged.contains(segment.fileID) { return false }
            if segment.isCold { return true }
            guard let written = segment.writtenAt, now >= written else { return false }
            return now - written >= Int64(clamping: pause)
        }
        let ordered = segments.sorted {
            ($0.sequences.lowerBound, $0.sequences.upperBound, $0.fileID)
                < ($1.sequences.lowerBound, $1.sequences.upperBound, $1.fileID)
        }
        if let split = split(ordered, isQuiet) { return split }
        let wide = ordered.filter(\.isWide)
        for table in catalog.tables where !table.isReference {
            let own = ordered.filter { $0.table == table.number }
            guard let newest = own.map(\.times.end).max() else { continue }
            let groups = Dictionary(grouping: own) { $0.partition ?? .everything }
            for partition in groups.keys.sorted(by: { $0.start < $1.start })
            where partition.end <= newest {
                guard let group = groups[partition], group.allSatisfy({ isQuiet($0) }),
                    !wide.contains(where: { $0.times.overlaps(partition) }),
                    let inputs = inputs(group), !isBusy(table.number, partition)
                else { continue }
                var job = CompactionJob(
                    kind: .merge(table: table.number, partition: partition), inputs: inputs)
                job.isCold = true
                return job
            }
        }
        return nil
    }

    /// The oldest wide segments, as many as are quiet and have no split one between them.
    private static func split(
        _ ordered: [SegmentSummary], _ isQuiet: (SegmentSummary) -> Bool
    ) -> CompactionJob? {
        let run = ordered.drop { !$0.isWide }.prefix { $0.isWide && isQuiet($0) }
        return run.isEmpty ? nil : CompactionJob(kind: .split(isFinal: false), inputs: Array(run))
    }

    /// Several become one; siblings, whose rows are in order already, go one by one.
    private static func inputs(_ group: [SegmentSummary]) -> [SegmentSummary]? {
        guard let first = group.first else { return nil }
        if group.allSatisfy({ $0.isSibling(of: first) }) {
            return group.first { !$0.isCold }.map { [$0] }
        }
        return group
    }
}

extension CompactionJob {
    /// What is in the COLD tier for the most part stays there, whatever joins it.
    var isMostlyCold: Bool {
        inputs.reduce(0) { $0 + ($1.isCold ? $1.byteCount : 0) } > byteCount / 2
    }

    /// When the rows of its inputs were last written, those of the COLD tier apart; nil where that
    /// is not known.
    var writtenAt: Int64? {
        var latest: Int64?
        for input in inputs where !input.isCold {
            guard let written = input.writtenAt else { return nil }
            latest = max(latest ?? written, written)
        }
        return latest
    }
}

extension Store {
    /// Whether there is a partition to cool, or a segment to split on the way there.
    func quietJob(
        _ state: borrowing StoreState, now: Timestamp?
    ) -> CompactionJob? {
        guard let now else { return nil }
        let runs = [state.sealed?.runs ?? [:], state.active.runs]
        return QuietPartitions.next(
            state.manifest.segments, catalog: state.catalog, options: options,
            now: now.nanoseconds / 1_000_000_000, flagged: state.flagged
        ) { table, times in
            runs.contains { runs in
                (runs[table] ?? []).contains { run in
                    run.times.contains { times.contains(Timestamp(nanoseconds: $0)) }
                }
            }
        }
    }

    /// Asks for compaction where a partition has fallen quiet. Only upkeep that has nothing else to
    /// do asks, so that a store which is open for a moment does not begin what it cannot end.
    func coolWhenDue() {
        guard options.coldAfterSeconds != nil, space.level < .hard else { return }
        let now = believedTime()
        let isDue = state.withLock { state in
            guard state.refusal == nil, !state.isClosed else { return false }
            state.isCooling = quietJob(state, now: now) != nil
            return state.isCooling
        }
        if isDue { upkeep.request(.compaction) }
    }
}
