import BelfryCore

/// A shrinking set of series numbers: those that nothing was found of yet.
struct SeriesMarks: Sendable {
    private var words: [UInt64]
    private(set) var count = 0

    /// All series of a table of series.
    init(_ series: SeriesTable.State) {
        words = [UInt64](repeating: 0, count: Int(series.nextNumber >> 6) + 1)
        for table in series.tables {
            table.numbers.forEach(below: table.count) { _, number in insert(number) }
        }
    }

    var isEmpty: Bool { count == 0 }

    func contains(_ number: UInt32) -> Bool {
        let word = Int(number >> 6)
        return word < words.count && words[word] & (1 << UInt64(number & 63)) != 0
    }

    private mutating func insert(_ number: UInt32) {
        if contains(number) { return }
        words[Int(number >> 6)] |= 1 << UInt64(number & 63)
        count += 1
    }

    mutating func remove(_ number: UInt32) {
        guard contains(number) else { return }
        words[Int(number >> 6)] &= ~(1 << UInt64(number & 63))
        count -= 1
    }

    /// Whether any of a range is left.
    func overlaps(_ range: ClosedRange<UInt32>) -> Bool {
        let first = Int(range.lowerBound >> 6)
        let last = min(Int(range.upperBound >> 6), words.count - 1)
        guard first <= last else { return false }
        for word in first...last where words[word] != 0 {
            var bits = words[word]
            if word == first { bits &= .max << UInt64(range.lowerBound & 63) }
            if word == Int(range.upperBound >> 6) {
                bits &= .max >> UInt64(63 - (range.upperBound & 63))
            }
            if bits != 0 { return true }
        }
        return false
    }

    mutating func remove(_ memtable: Memtable) {
        for runs in memtable.runs.values {
            for run in runs { for extent in run.extents { remove(extent.series) } }
        }
    }

    /// Removes the series of a segment; reads only the pages of its dictionary that matter.
    mutating func remove(_ reader: SegmentReader) throws(StorageError) {
        for (index, page) in reader.footer.pages.enumerated() {
            if isEmpty { return }
            guard overlaps(page.firstSeries...page.lastSeries) else { continue }
            if page.isDense {
                for number in page.firstSeries...page.lastSeries { remove(number) }
            } else {
                for number in try reader.presence(index).numbers { remove(number) }
            }
        }
    }
}
