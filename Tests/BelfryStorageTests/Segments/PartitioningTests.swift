import BelfryCore
import Testing

@testable import BelfryStorage

/// Widths, what is left behind, and jobs: pure functions.
struct PartitioningTests {
    private static func table(_ width: PartitionWidth, retainDays: Int32? = nil) -> TableSchema {
        var options = TableOptions()
        options.partitionWidth = width
        options.retain = retainDays.map { Interval(days: $0) }
        return TableSchema(
            number: 1, name: "t",
            columns: [ColumnSchema(name: "time", type: .timestamptz, role: .time)],
            options: options)
    }

    private static func day(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        Calendar.days(year: year, month: month, day: day)
    }

    private static func targets(
        _ days: [Int64], _ table: TableSchema, existing: [TimeRange] = [], newest: Int64?,
        limit: UInt64 = 1 << 20
    ) -> [TimeRange] {
        Partitioning.targets(
            Dictionary(uniqueKeysWithValues: days.map { ($0, 100) }), table: table,
            existing: existing, newest: newest, bytesPerRow: 8, byteCountLimit: limit)
    }

    @Test func declaredWidths() {
        let days = [Self.day(2024, 2, 28), Self.day(2024, 2, 29), Self.day(2024, 3, 1)]
        #expect(Self.targets(days, Self.table(.day), newest: nil).count == 3)
        #expect(
            Self.targets(days, Self.table(.month), newest: nil) == [
                Partitioning.range(ofMonthOf: days[0]), Partitioning.range(ofMonthOf: days[2]),
            ])
        #expect(
            Self.targets(days, Self.table(.year), newest: nil) == [
                Partitioning.range(ofYearOf: days[0])
            ])
    }

    @Test func automaticWidthsFollowTheNewestRow() {
        let days = [
            Self.day(2022, 5, 1), Self.day(2022, 7, 3), Self.day(2024, 2, 28),
            Self.day(2024, 3, 1), Self.day(2024, 3, 2),
        ]
        let newest = Partitioning.range(ofDay: days[4]).start.nanoseconds
        #expect(
            Self.targets(days, Self.table(.automatic), newest: newest) == [
                Partitioning.range(ofYearOf: days[0]), Partitioning.range(ofMonthOf: days[2]),
                Partitioning.range(ofDay: days[3]), Partitioning.range(ofDay: days[4]),
            ])
        // Everything left behind: years; too large for years: months; for months: days.
        #expect(Self.targets(days, Self.table(.automatic), newest: nil).count == 2)
        #expect(Self.targets(days, Self.table(.automatic), newest: nil, limit: 1_700).count == 3)
        #expect(Self.targets(days, Self.table(.automatic), newest: nil, limit: 900).count == 5)
        #expect(Self.targets(days, Self.table(.automatic), newest: nil, limit: 1).count == 5)
        // A tenth of what is retained.
        let retained = Self.table(.automatic, retainDays: 400)
        #expect(Self.targets(days, retained, newest: nil).count == 4)
        #expect(Self.targets(days, Self.table(.automatic, retainDays: 40), newest: nil).count == 5)
    }

    @Test func lateRowsGoWhereARangeIs() {
        let late = Self.day(2023, 5, 6)
        let month = Partitioning.range(ofMonthOf: late)
        let day = Partitioning.range(ofDay: Self.day(2023, 5, 9))
        #expect(
            Self.targets([late], Self.table(.automatic), existing: [month], newest: nil) == [month])
        // Beside a day's range a month or year would overlap.
        #expect(
            Self.targets([late], Self.table(.automatic), existing: [day], newest: nil) == [
                Partitioning.range(ofDay: late)
            ])
    }

    private static func summary(
        _ fileID: UInt64, _ byteCount: UInt64, table: UInt32? = nil, partition: TimeRange? = nil
    ) -> SegmentSummary {
        SegmentSummary(
            fileID: fileID, salt: 0, byteCount: byteCount, table: table, partition: partition,
            sequences: fileID...fileID,
            times: partition
                ?? TimeRange(start: Timestamp(nanoseconds: 0), end: Timestamp(nanoseconds: 1)),
            rowCount: 1)
    }

    @Test func picker() {
        var catalog = Catalog()
        catalog.set(Self.table(.automatic))
        let options = StoreOptions()
        func next(_ segments: [SegmentSummary], isFinal: Bool = false) -> CompactionJob? {
            CompactionPicker.next(segments, catalog: catalog, options: options, isFinal: isFinal)
        }
        let wide = (1...5).map { Self.summary(UInt64($0), 100) }
        #expect(next(Array(wide[..<3])) == nil)
        #expect(next(wide.reversed())?.inputs.map(\.fileID) == [1, 2, 3, 4])
        #expect(next(Array(wide[..<1]), isFinal: true)?.kind == .split(isFinal: true))

        let today = Partitioning.range(ofDay: Self.day(2024, 3, 9))
        func part(_ fileID: UInt64, _ byteCount: UInt64) -> SegmentSummary {
            Self.summary(fileID, byteCount, table: 1, partition: today)
        }
        #expect(next([part(1, 90), part(2, 50), part(3, 60)]) == nil)
        let like = [part(1, 9000), part(2, 50), part(3, 60), part(4, 70), part(5, 80)]
        #expect(next(like)?.inputs.map(\.fileID) == [2, 3, 4, 5])
        #expect(next(like, isFinal: true)?.inputs.count == 5)

        let first = Partitioning.range(ofDay: Self.day(2024, 2, 1))
        let second = Partitioning.range(ofDay: Self.day(2024, 2, 20))
        let job = next([
            Self.summary(1, 10, table: 1, partition: first),
            Self.summary(2, 10, table: 1, partition: second), part(3, 10),
        ])
        #expect(
            job?.kind
                == .merge(table: 1, partition: Partitioning.range(ofMonthOf: Self.day(2024, 2, 1))))
        #expect(job?.inputs.map(\.fileID) == [1, 2])
        #expect(job?.isAdmitted(freeByteCount: 23) == false)
        #expect(job?.isAdmitted(freeByteCount: 24) == true)
    }
}
