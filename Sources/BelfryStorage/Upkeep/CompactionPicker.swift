package import BelfryCore

/// Segments that are to become fewer, or more of a narrower kind.
package struct CompactionJob: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Wide segments, split by table and partition. `isFinal` counts every month and year as
        /// left behind.
        case split(isFinal: Bool)
        /// Segments of one table that together become one, in this partition.
        case merge(table: UInt32, partition: TimeRange)
    }

    package let kind: Kind
    /// Oldest first.
    package let inputs: [SegmentSummary]

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
/// Only neighbours in sequence are merged, so precedence stays an order. With `isFinal` every wide
/// segment is split, every partition becomes one segment and everything counts as left behind;
/// last, whatever is under a tombstone is written again.
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
        options: StoreOptions, isFinal: Bool = false
    ) -> CompactionJob? {
        let ordered = segments.sorted {
            ($0.sequences.lowerBound, $0.sequences.upperBound)
                < ($1.sequences.lowerBound, $1.sequences.upperBound)
        }
        let wide = ordered.filter(\.isWide)
        if !isFinal, tombstones.count >= max(1, options.tombstoneCountLimit / manyTombstones),
            let job = rewrite(ordered, under: tombstones, catalog)
        {
            return job
        }
        let wideLimit = isFinal ? 1 : max(1, options.wideSegmentCountLimit)
        if wide.count >= wideLimit {
            let inputs = isFinal ? wide : Array(wide.prefix(wideLimit))
            return CompactionJob(kind: .split(isFinal: isFinal), inputs: inputs)
        }
        var tables: [UInt32: [SegmentSummary]] = [:]
        for segment in ordered {
            if let table = segment.table { tables[table, default: []].append(segment) }
        }
        for number in tables.keys.sorted() {
            guard let table = catalog.table(numbered: number), let all = tables[number]
            else { continue }
            if let job = merge(all, number, isFinal) { return job }
            if let job = join(all, table, options, isFinal) { return job }
        }
        return isFinal ? rewrite(ordered, under: tombstones, catalog) : nil
    }

    /// A segment under the oldest tombstone that any is under. A wide one is split, together with
    /// all wide ones before it: only the oldest may leave.
    private static func rewrite(
        _ ordered: [SegmentSummary], under tombstones: [Tombstone], _ catalog: Catalog
    ) -> CompactionJob? {
        for tombstone in tombstones.sorted(by: { $0.sequence < $1.sequence })
        where catalog.table(numbered: tombstone.table) != nil {
            guard let segment = ordered.first(where: { $0.isUnder(tombstone) }) else { continue }
            if let table = segment.table, let partition = segment.partition {
                return CompactionJob(
                    kind: .merge(table: table, partition: partition), inputs: [segment])
            }
            let wide = ordered.filter(\.isWide)
            guard let place = wide.firstIndex(of: segment) else { continue }
            return CompactionJob(kind: .split(isFinal: false), inputs: Array(wide[...place]))
        }
        return nil
    }

    private static func merge(
        _ segments: [SegmentSummary], _ table: UInt32, _ isFinal: Bool
    ) -> CompactionJob? {
        let groups = Dictionary(grouping: segments) { $0.partition ?? .everything }
        for partition in groups.keys.sorted(by: { $0.start < $1.start }) {
            guard let group = groups[partition], group.count > 1 else { continue }
            let kind = CompactionJob.Kind.merge(table: table, partition: partition)
            if isFinal || group.count > segmentCountLimit {
                return CompactionJob(kind: kind, inputs: group)
            }
            guard group.count >= neighbourCount else { continue }
            for start in 0...(group.count - neighbourCount) {
                let inputs = Array(group[start..<(start + neighbourCount)])
                let sizes = inputs.map(\.byteCount)
                guard let low = sizes.min(), let high = sizes.max(), high / likeness <= low
                else { continue }
                return CompactionJob(kind: kind, inputs: inputs)
            }
        }
        return nil
    }

    private static func join(
        _ segments: [SegmentSummary], _ table: TableSchema, _ options: StoreOptions,
        _ isFinal: Bool
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
                let byteCount = group.reduce(UInt64(0)) { $0 + $1.byteCount }
                guard Set(group.map(\.partition)).count > 1,
                    byteCount < options.partitionByteCountLimit,
                    group.allSatisfy({ $0.partition.map(range.contains) ?? false })
                else { continue }
                return CompactionJob(
                    kind: .merge(table: table.number, partition: range), inputs: group)
            }
        }
        return nil
    }
}
