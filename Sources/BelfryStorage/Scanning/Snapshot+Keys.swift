package import BelfryCore

/// Reading the rows of series that are known by their keys.
extension Snapshot {
    /// The number of the series of each key; nil where this snapshot has none.
    package func seriesNumbers(of keys: [SeriesKey]) -> [UInt32?] {
        series.numbers(of: keys).map { $0 == 0 || $0 >= seriesLimit ? nil : $0 }
    }

    /// The batches that answer a request for some series; the request's tags are not looked at.
    /// - Parameter numbers: in any order.
    package func scan(
        _ request: ScanRequest, ofSeries numbers: Set<UInt32>
    ) throws(StorageError) -> Scan {
        try scan(request, series: SeriesSet(ascending: numbers.sorted()))
    }
}
