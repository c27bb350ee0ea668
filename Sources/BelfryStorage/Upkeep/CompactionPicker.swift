package import BelfryCore

/// Segments that are to become fewer, or more of a narrower kind.
package struct CompactionJob: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Wide segments, split by table and partition. `isFinal` counts every month and year as
        /// left behind.
        case split(isFinal: Bool)
        /// Segments of one table that together become one, in this partition, or siblings.
        case merge(table: UInt32, partition: TimeRange)
    }

    package let kind: Kind
    /// Oldest first.
    package let inputs: [SegmentSummary]
    /// Whether the outputs are for the COLD tier.
    package var isCold = false

    package var byteCount: UInt64 { inputs.reduce(0) { $0 + $1.byteCount } }

    /// Whether there is room to write the output beside the inputs.
    package func isAdmitted(freeByteCount: UInt64) -> Bool {
        freeByteCount / 6 >= byteCount / 5
    }
}

/// A pure function from the live segments to the next job.
///
/// 0. Where tombstones become many: a segment under the oldest of them is written again without
///    what it hides.
/// 1. Enough wide segments: the oldest are split together.
/// 2. Four neighbours of like size in a partition become one.
/// 3. Days of a month, or months of a year, that the newest row has left behind are joined where
///    they are small enough together.
///
/// Only neighbours in sequence are merged, so precedence stays an order: whatever lies between the
/// inputs of a job by sequence, and could hold rows of theirs, is an input too. Segments that could
/// not be read are flagged; they stay where they are, and jobs go around them.
///
/// Siblings, the parts of one output, are one segment here: they are merged with others all
/// together, and with each other only where that makes one of them. What rewrites a segment alone
/// takes each by itself.
///
/// With `isFinal` every wide segment is split, every partition becomes one segment and everything
/// counts as left behind; last, whatever is under a tombstone is written again, and for the COLD
/// tier whatever is not in it yet.
package enum CompactionPicker {
    private static let neighbourCount = 4
    /// Of like size: none has more bytes than this many times the smallest's.
    private static let likeness: UInt64 = 4
    /// A partition of more segments than this is merged whatever their sizes.
    private static let segmentCountLimit = 12

    /// This share of the tombstones allowed is many.
    private static let manyTombstones = 8

    package static func next(
        _ segments: [SegmentSummary], tombstones: [Tombstone] = [], catalog: Catalog,
        options: StoreOptions, isFinal: Bool = false, isCold: Bool = false,
        flagged: Set<UInt64> = []
    ) -> CompactionJob? {
        var job = next(
            segments, tombstones, catalog, options, isFinal: isFinal, flagged)
        if job == nil && isFinal && isCold { job = cool(segments, catalog, flagged) }
        job?.isCold = isFinal && isCold
        return job
    }

    /// A partition of one segment that is not in the COLD tier yet.
    private static func cool(
        _ segments: [SegmentSummary], _ catalog: Catalog, _ flagged: Set<UInt64>
    ) -> CompactionJob? {
        for segment in segments.sorted(by: { $0.fileID < $1.fileID }) where !segment.isCold {
            guard let table = segment.table, let partition = segment.partition,
                catalog.table(numbered: table) != nil, !flagged.contains(segment.fileID)
            else { continue }
            return CompactionJob(
                kind: .merge(table: table, partition: partition), inputs: [segment])
        }
        return nil
    }

    private static func next(
        _ segments: [SegmentSummary], _ tombstones: [Tombstone], _ catalog: Catalog,
        _ options: StoreOptions, isFinal: Bool, _ flagged: Set<UInt64>
    ) -> CompactionJob? {
        let ordered = segments.sorted {
            ($0.sequences.lowerBound, $0.sequences.upperBound)
                < ($1.sequences.lowerBound, $1.sequences.upperBound)
        }
        let wide = ordered.filter(\.isWide)
        if !isFinal, tombstones.count >= max(1, options.tombstoneCountLimit / manyTombstones),
            let job = rewrite(ordered, under: tombstones, catalog, flagged)
        {
            return job
        }
        let wideLimit = isFinal ? 1 : max(1, options.wideSegmentCountLimit)
        for run in runs(among: ordered, flagged) {
            // A run that newer segments have overtaken does not get longer.
            guard run.count >= wideLimit || run.last != wide.last else { continue }
            let inputs = isFinal ? run : Array(run.prefix(wideLimit))
            return CompactionJob(kind: .split(isFinal: isFinal), inputs: inputs)
        }
        var tables: [UInt32: [SegmentSummary]] = [:]
        for segment in ordered {
            if let table = segment.table { tables[table, default: []].append(segment) }
        }
        for number in tables.keys.sorted() {
            guard let table = catalog.table(numbered: number), let all = tables[number]
            else { continue }
            let others = Others(wide: wide, table: all, flagged: flagged)
            if let job = merge(all, number, options, isFinal, others) { return job }
            if let job = join(all, table, options, isFinal, others) { return job }
        }
        return isFinal ? rewrite(ordered, under: tombstones, catalog, flagged) : nil
    }

    /// The wide segments in runs that have no split segment, and none that is flagged, between
    /// them.
    private static func runs(
        among ordered: [SegmentSummary], _ flagged: Set<UInt64>
    ) -> [[SegmentSummary]] {
        var runs: [[SegmentSummary]] = []
        var run: [SegmentSummary] = []
        for segment in ordered {
            if segment.isWide && !flagged.contains(segment.fileID) {
                run.append(segment)
            } else if !run.isEmpty {
                runs.append(run)
                run = []
            }
        }
        return run.isEmpty ? runs : runs + [run]
    }

    /// What may lie between the inputs of a job of one table.
    private struct Others {
        let wide: [SegmentSummary]
        let table: [SegmentSummary]
        let flagged: Set<UInt64>

        /// Whether these may become one: none is flagged, and none that is not among them lies
        /// between them by sequence and meets their times.
        func allow(_ inputs: [SegmentSummary]) -> Bool {
            guard let first = inputs.first else { return false }
            var (low, high) = (first.sequences.lowerBound, first.sequences.upperBound)
            for input in inputs {
                if flagged.contains(input.fileID) { return false }
                low = min(low, input.sequences.lowerBound)
                high = max(high, input.sequences.upperBound)
            }
            let fileIDs = Set(inputs.map(\.fileID))
            func isBetween(_ other: SegmentSummary) -> Bool {
                other.sequences.lowerBound <= high && other.sequences.upperBound >= low
                    && !fileIDs.contains(other.fileID)
                    && inputs.contains { $0.times.overlaps(other.times) }
            }
            return !wide.contains(where: isBetween) && !table.contains(where: isBetween)
        }
    }

    /// A segment under the oldest tombstone that any is under. A wide one is split, together with
    /// all wide ones before it: only the oldest may leave.
    private static func rewrite(
        _ ordered: [SegmentSummary], under tombstones: [Tombstone], _ catalog: Catalog,
        _ flagged: Set<UInt64>
    ) -> CompactionJob? {
        for tombstone in tombstones.sorted(by: { $0.sequence < $1.sequence })
        where catalog.table(numbered: tombstone.table) != nil {
            guard
                let segment = ordered.first(where: {
                    $0.isUnder(tombstone) && !flagged.contains($0.fileID)
                })
            else { continue }
            if let table = segment.table, let partition = segment.partition {
                return CompactionJob(
                    kind: .merge(table: table, partition: partition), inputs: [segment])
            }
            let wide = ordered.filter(\.isWide)
            guard let place = wide.firstIndex(of: segment),
                !wide[...place].contains(where: { flagged.contains($0.fileID) })
            else { continue }
            return CompactionJob(kind: .split(isFinal: false), inputs: Array(wide[...place]))
        }
        return nil
    }

    private static func merge(
        _ segments: [SegmentSummary], _ table: UInt32, _ options: StoreOptions, _ isFinal: Bool,
        _ others: Others
    ) -> CompactionJob? {
        let groups = Dictionary(grouping: segments) { $0.partition ?? .everything }
        for partition in groups.keys.sorted(by: { $0.start < $1.start }) {
            guard let group = groups[partition], group.count > 1 else { continue }
            let kind = CompactionJob.Kind.merge(table: table, partition: partition)
            let units = Self.units(group)
            // Siblings that do not fit into one segment are what a merge would make again.
            let isWorthwhile =
                units.count > 1 || byteCount(group) < options.segmentByteCountLimit
            if isFinal && isWorthwhile || units.count > segmentCountLimit, others.allow(group) {
                return CompactionJob(kind: kind, inputs: group)
            }
            guard units.count >= neighbourCount else { continue }
            for start in 0...(units.count - neighbourCount) {
                let chosen = units[start..<(start + neighbourCount)]
                let sizes = chosen.map(byteCount)
                let inputs = chosen.flatMap(\.self)
                guard let low = sizes.min(), let high = sizes.max(), high / likeness <= low,
                    others.allow(inputs)
                else { continue }
                return CompactionJob(kind: kind, inputs: inputs)
            }
        }
        return nil
    }

    /// The segments of a partition, oldest first, siblings together.
    private static func units(_ ordered: [SegmentSummary]) -> [[SegmentSummary]] {
        var units: [[SegmentSummary]] = []
        for segment in ordered {
            if units.last?.last?.isSibling(of: segment) ?? false {
                units[units.count - 1].append(segment)
            } else {
                units.append([segment])
            }
        }
        return units
    }

    private static func byteCount(_ segments: [SegmentSummary]) -> UInt64 {
        segments.reduce(0) { $0 + $1.byteCount }
    }

    private static func join(
        _ segments: [SegmentSummary], _ table: TableSchema, _ options: StoreOptions,
        _ isFinal: Bool, _ others: Others
    ) -> CompactionJob? {
        guard table.options.partitionWidth == .automatic, !table.isReference else { return nil }
        let newest = segments.map(\.times.end).max() ?? .negativeInfinity
        let spans: [(days: Int64, range: (Int64) -> TimeRange)] = [
            (366, Partitioning.range(ofYearOf:)), (31, Partitioning.range(ofMonthOf:)),
        ]
        for span in spans where Partitioning.allows(table, days: span.days) {
            let groups = Dictionary(grouping: segments) { segment in
                span.range(
                    Partitioning.day((segment.partition ?? segment.times).start.nanoseconds))
            }
            for range in groups.keys.sorted(by: { $0.start < $1.start }) {
                guard let group = groups[range], isFinal || range.end <= newest else { continue }
                guard Set(group.map(\.partition)).count > 1,
                    byteCount(group) < options.partitionByteCountLimit,
                    group.allSatisfy({ $0.partition.map(range.contains) ?? false }),
                    others.allow(group)
                else { continue }
                return CompactionJob(
                    kind: .merge(table: table.number, partition: range), inputs: group)
            }
        }
        return nil
    }
}
