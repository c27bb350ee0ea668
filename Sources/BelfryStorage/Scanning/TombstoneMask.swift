import BelfryCore

/// The tombstones that hide rows of one source: those written after its last row that it was not
/// yet rewritten under.
///
/// A source that none touches has no mask, so tombstones cost nothing where they hide nothing.
struct TombstoneMask: Sendable {
    /// Hidden for all series: ascending, apart from each other.
    private let common: [Range<Int64>]
    /// Hidden for one series, by ascending number: what small series sets come to.
    private let single: [(series: UInt32, times: Range<Int64>)]
    /// Of many series each.
    private let large: [(series: SeriesSet, times: Range<Int64>)]

    /// A set of more series than this is asked for each series rather than written out.
    private static let smallSetCount = 64

    /// Nil where no tombstone hides anything of the source.
    /// - Parameters:
    ///   - appliedThrough: of the source: tombstones through this sequence hide nothing of it.
    ///   - times: of the source, or those of it that anyone asks for.
    init?(
        _ tombstones: [Tombstone], table: UInt32, appliedThrough: UInt64, times: TimeRange
    ) {
        var common: [Range<Int64>] = []
        var single: [(series: UInt32, times: Range<Int64>)] = []
        var large: [(series: SeriesSet, times: Range<Int64>)] = []
        for tombstone in tombstones
        where tombstone.table == table && tombstone.sequence > appliedThrough
            && tombstone.times.overlaps(times)
        {
            let hidden = tombstone.times.start.nanoseconds..<tombstone.times.end.nanoseconds
            guard let series = tombstone.series else {
                common.append(hidden)
                continue
            }
            if series.count <= Self.smallSetCount {
                for number in series.numbers { single.append((number, hidden)) }
            } else {
                large.append((series, hidden))
            }
        }
        if common.isEmpty && single.isEmpty && large.isEmpty { return nil }
        self.common = Self.united(common)
        self.single = single.sorted { $0.series < $1.series }
        self.large = large
    }

    /// The hidden times of a series: ascending, apart from each other.
    func ranges(of series: UInt32) -> [Range<Int64>] {
        var own: [Range<Int64>] = []
        var place = single.partitioningIndex { $0.series >= series }
        while place < single.count, single[place].series == series {
            own.append(single[place].times)
            place += 1
        }
        for entry in large where entry.series.contains(series) { own.append(entry.times) }
        return own.isEmpty ? common : Self.united(own + common)
    }

    /// Whether any row of these series and times may be hidden.
    func touches(_ series: ClosedRange<UInt32>, _ times: ClosedRange<Int64>) -> Bool {
        if common.contains(where: { $0.overlaps(times) }) { return true }
        var place = single.partitioningIndex { $0.series >= series.lowerBound }
        while place < single.count, single[place].series <= series.upperBound {
            if single[place].times.overlaps(times) { return true }
            place += 1
        }
        return large.contains { $0.times.overlaps(times) && $0.series.overlaps(series) }
    }

    /// Whether every row of these times is hidden, whosever it is.
    func covers(_ times: ClosedRange<Int64>) -> Bool { Self.covers(common, times) }

    func covers(_ times: TimeRange) -> Bool {
        times.start < times.end
            && covers(times.start.nanoseconds...(times.end.nanoseconds - 1))
    }

    /// Whether one of some ranges that are apart holds all the times.
    static func covers(_ ranges: [Range<Int64>], _ times: ClosedRange<Int64>) -> Bool {
        ranges.contains { $0.lowerBound <= times.lowerBound && times.upperBound < $0.upperBound }
    }

    private static func united(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
        if ranges.count <= 1 { return ranges }
        var united: [Range<Int64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = united.last, range.lowerBound <= last.upperBound {
                united[united.count - 1] =
                    last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                united.append(range)
            }
        }
        return united
    }
}
