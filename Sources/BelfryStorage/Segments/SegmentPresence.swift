import BelfryCore
import Synchronization

/// Which series a segment has: the numbers of its dictionary.
///
/// The spans of its pages are known as long as the segment is in the hands of snapshots, its file
/// open or not; the numbers of a page with gaps are read when first asked for, and kept with the
/// open file: 512 bytes to 16 KiB for 4,096 series.
struct SeriesSpan: Sendable, Hashable {
    let table: UInt32
    let first: UInt32
    let last: UInt32
}

extension SegmentDictionary.PagePlace {
    /// Whether every number between the first and the last is there.
    var isDense: Bool { UInt64(count) == UInt64(lastSeries) - UInt64(firstSeries) + 1 }
}

extension SegmentReader {
    var spans: [SeriesSpan] {
        footer.pages.map { SeriesSpan(table: $0.table, first: $0.firstSeries, last: $0.lastSeries) }
    }

    /// The series of a page.
    func presence(_ page: Int) throws(StorageError) -> SeriesSet {
        if let known = presences.withLock({ $0[page] }) { return known }
        let made = SeriesSet(ascending: try self.page(page).map(\.number))
        presences.withLock { $0[page] = made }
        return made
    }

    /// Whether it has any of these series of a table. Larger sets are compared with the spans
    /// alone: they nearly always meet. A page that cannot be read proves nothing; whether that
    /// matters, the blocks tell.
    func mayHold(_ series: SeriesSet, table: UInt32) -> Bool {
        for (index, page) in footer.pages.enumerated() where page.table == table {
            guard var next = series.first(atOrAfter: page.firstSeries), next <= page.lastSeries
            else { continue }
            if page.isDense || series.count > Self.exactCountLimit { return true }
            guard let presence = try? presence(index) else { return true }
            while next <= page.lastSeries {
                if presence.contains(next) { return true }
                guard next < .max, let after = series.first(atOrAfter: next + 1) else { break }
                next = after
            }
        }
        return false
    }

    private static let exactCountLimit = 1_024
}
