import BelfryCore

/// Which partition a time belongs to: pure functions from times, sizes and what is there.
///
/// A range that is there stays: late rows go into it. Otherwise the width is the declared one; or,
/// automatic, a year or a month that the table's newest row has left behind where it is small
/// enough, else a day. Ranges are UTC calendar spans, so two of them are nested or disjoint.
enum Partitioning {
    private static let dayLength: Int64 = 86_400_000_000_000

    /// Rows by UTC day, counted in days since 1970.
    typealias Histogram = [Int64: Int]

    static func day(_ time: Int64) -> Int64 { Calendar.day(ofWall: time) }

    static func range(ofDay day: Int64) -> TimeRange { range(day, day + 1) }

    static func range(ofMonthOf day: Int64) -> TimeRange {
        let date = Calendar.date(ofDay: day)
        let first = Calendar.days(year: date.year, month: date.month, day: 1)
        return range(
            first, first + Int64(Calendar.dayCount(ofMonth: date.month, year: date.year)))
    }

    static func range(ofYearOf day: Int64) -> TimeRange {
        let year = Calendar.date(ofDay: day).year
        return range(
            Calendar.days(year: year, month: 1, day: 1),
            Calendar.days(year: year + 1, month: 1, day: 1))
    }

    /// Whole days, cut where timestamps end.
    private static func range(_ first: Int64, _ end: Int64) -> TimeRange {
        func time(_ day: Int64) -> Timestamp {
            let (product, overflow) = day.multipliedReportingOverflow(by: dayLength)
            if overflow { return day < 0 ? .negativeInfinity : .infinity }
            return Timestamp(nanoseconds: product)
        }
        return TimeRange(start: time(first), end: time(end))
    }

    /// The partitions that rows of these days go to, ascending and disjoint.
    /// - Parameters:
    ///   - existing: the ranges that the table has already.
    ///   - newest: the time of the table's newest row; nil counts everything as left behind.
    ///   - byteCountLimit: what a month or year may take to be one partition.
    static func targets(
        _ days: Histogram, table: TableSchema, existing: [TimeRange], newest: Int64?,
        bytesPerRow: Double, byteCountLimit: UInt64
    ) -> [TimeRange] {
        if table.isReference { return [.everything] }
        var months: [TimeRange: Int] = [:]
        var years: [TimeRange: Int] = [:]
        if table.options.partitionWidth == .automatic {
            for (day, rows) in days {
                months[range(ofMonthOf: day), default: 0] += rows
                years[range(ofYearOf: day), default: 0] += rows
            }
        }
        func isSmall(_ rows: Int?) -> Bool {
            Double(rows ?? 0) * bytesPerRow < Double(byteCountLimit)
        }
        func isFree(_ range: TimeRange) -> Bool { !existing.contains { $0.overlaps(range) } }
        func isLeftBehind(_ range: TimeRange) -> Bool {
            newest.map { range.end.nanoseconds <= $0 } ?? true
        }
        var targets: Set<TimeRange> = []
        for day in days.keys {
            let own = range(ofDay: day)
            if let there = existing.first(where: { $0.contains(own) }) {
                targets.insert(there)
                continue
            }
            let month = range(ofMonthOf: day)
            let year = range(ofYearOf: day)
            switch table.options.partitionWidth {
            case .day: targets.insert(own)
            case .month: targets.insert(isFree(month) ? month : own)
            case .year: targets.insert(isFree(year) ? year : own)
            case .automatic:
                if allows(table, days: 366), isLeftBehind(year), isFree(year),
                    isSmall(years[year])
                {
                    targets.insert(year)
                } else if allows(table, days: 31), isLeftBehind(month), isFree(month),
                    isSmall(months[month])
                {
                    targets.insert(month)
                } else {
                    targets.insert(own)
                }
            }
        }
        return targets.sorted { $0.start < $1.start }
    }

    /// The smallest range of whole partitions that holds a range: it begins and ends where the
    /// table's width says, and cuts none of those that are there.
    static func whole(
        _ times: TimeRange, of table: TableSchema, existing: [TimeRange]
    ) -> TimeRange {
        func span(_ time: Timestamp) -> TimeRange {
            let day = day(time.nanoseconds)
            return switch table.options.partitionWidth {
            case .automatic, .day: range(ofDay: day)
            case .month: range(ofMonthOf: day)
            case .year: range(ofYearOf: day)
            }
        }
        var whole = times
        if times.start.isFinite { whole.start = span(times.start).start }
        if times.end.isFinite { whole.end = span(times.end.advanced(byNanoseconds: -1)).end }
        for partition in existing where partition.overlaps(whole) { whole = whole.hull(partition) }
        return whole
    }

    /// Whether a partition of so many days is at most a tenth of what the table retains.
    static func allows(_ table: TableSchema, days: Int64) -> Bool {
        guard let retain = table.options.retain else { return true }
        let retained =
            Int64(retain.months) * 30 + Int64(retain.days) + retain.nanoseconds / dayLength
        return days * 10 <= retained
    }
}
