import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// What goes by itself, and what never goes: retention under clocks of every kind.
struct RetentionTests {
    static let day: Int64 = 86_400_000_000_000
    static let week = 7 * 86_400

    /// 2026-01-01 is day 20454.
    static let today = 20_454

    static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        return options
    }

    static func schema(retain: Int32?, horizon: Int32? = nil) -> TableSchema {
        var schema = ModelTable.schema
        schema.options.partitionWidth = .day
        schema.options.retain = retain.map { Interval(days: $0) }
        schema.options.horizon = horizon.map { Interval(days: $0) }
        return schema
    }

    static func rows(_ days: Range<Int>) -> [StoreRow] {
        days.map { StoreRow(sensor: 1, time: Int64($0) * day + day / 2, count: Int64($0)) }
    }

    static func write(_ store: Store, _ days: Range<Int>) throws {
        guard let table = store.snapshot().catalog.table(named: "readings") else { return }
        _ = try store.write(
            [ModelTable.batch(rows(days), table: table)], rule: nil, isCounted: false)
    }

    static func days(_ store: Store) throws -> Set<Int> {
        Set(try ModelTable.scan(store.snapshot()).map { Int($0.time / day) })
    }

    /// A store with rows of the 30 days before today, of which 10 are kept, compacted.
    static func store(
        _ fileSystem: SimulatedFileSystem, _ clock: ManualClock, retain: Int32 = 10
    ) throws -> Store {
        let store = try Store.open(fileSystem, options: options, clock: clock)
        _ = try store.createTable(schema(retain: nil), ifNotExists: false)
        try write(store, (today - 30)..<today)
        try store.compact()
        // As ALTER TABLE … RETAIN would.
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        _ = try store.changeCatalog { (state) throws(StorageError) in
            var changed = table
            changed.options.retain = Interval(days: retain)
            changed.version += 1
            return (true, { [changed] in $0.catalog.set(changed) })
        }
        return store
    }

    @Test func partitionsThatHaveHadTheirTimeGoTheOldestFirst() throws {
        let fileSystem = SimulatedFileSystem()
        let clock = ManualClock()
        let store = try Self.store(fileSystem, clock)
        let before = store.snapshot()
        #expect(try store.retain() == 20)
        #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today))
        #expect(try ModelTable.scan(before).count == 30)
        #expect(try store.retain() == 0)
        clock.advance(seconds: 86_400)
        #expect(try store.retain() == 1)
        #expect(store.snapshot().partitions(store.snapshot().catalog.tables[0]).count == 9)
        let again = try Store.open(fileSystem.killed(), options: Self.options, clock: clock)
        #expect(try Self.days(again) == Set((Self.today - 9)..<Self.today))
        #expect(again.check().isSound)
        try again.close()
    }

    @Test func aPassDropsAFewPartitionsAtMost() throws {
        var options = Self.options
        options.retentionPartitionCountLimit = 3
        let clock = ManualClock()
        let fileSystem = SimulatedFileSystem()
        try Self.store(fileSystem, clock).close()
        let store = try Store.open(fileSystem, options: options, clock: clock)
        #expect(try store.retain() == 3)
        #expect(try Self.days(store) == Set((Self.today - 27)..<Self.today))
        var count = 3
        while try store.retain() > 0 { count += 1 }
        #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today))
        // However many there were, few tombstones are left of it: each says what the last did.
        #expect(store.snapshot().tombstones.count <= 7)
        try store.flush()
        #expect(store.snapshot().tombstones.isEmpty)
        try store.close()
    }

    /// Rows that are in no partition yet are hidden with theirs.
    @Test func rowsOfDroppedPartitionsAreHiddenWhereverTheyLie() throws {
        let store = try Self.store(SimulatedFileSystem(), ManualClock(), retain: 365)
        let table = store.snapshot().catalog.tables[0]
        try Self.write(store, (Self.today - 25)..<(Self.today - 24))
        try store.flush()
        try Self.write(store, (Self.today - 26)..<(Self.today - 25))
        _ = try store.changeCatalog { (state) throws(StorageError) in
            var changed = table
            changed.options.retain = Interval(days: 10)
            return (true, { [changed] in $0.catalog.set(changed) })
        }
        #expect(try store.retain() == 20)
        #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today))
        try store.compact()
        #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today))
        try store.close()
    }

    @Test(
        "Case 42: a disk that fills during compaction leaves reads and retention alone",
        arguments: [StorageError.Code.diskFull, .input])
    func fullDiskDuringCompaction(code: StorageError.Code) throws {
        let clock = ManualClock()
        let whole = SimulatedFileSystem()
        let prepared = try Self.store(whole, clock)
        try Self.write(prepared, (Self.today - 5)..<Self.today)
        try prepared.flush()
        let start = whole.callCount
        try prepared.compact()
        let end = whole.callCount
        // At every call of it, and whatever follows fails as well while it gives up.
        for call in stride(from: 0, to: end - start, by: 3) {
            let fileSystem = SimulatedFileSystem()
            let store = try Self.store(fileSystem, clock)
            try Self.write(store, (Self.today - 5)..<Self.today)
            try store.flush()
            let now = fileSystem.callCount
            fileSystem.fail(call: now + call, .refusal(code))
            let isDone = (try? store.compact()) != nil
            fileSystem.clearFaults()
            let place = "\(code) at call \(call) of \(end - start), done: \(isDone)"
            #expect(try Self.days(store) == Set((Self.today - 30)..<Self.today), "\(place)")
            if case .readOnly = store.health { continue }
            #expect(try store.retain() == 20, "\(place)")
            #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today), "\(place)")
            #expect(!fileSystem.paths.contains { $0.hasSuffix(".tmp") }, "\(place)")
            #expect(store.check().isSound, "\(place)")
        }
    }

    @Test func retentionGoesOnWhereADeletionCannotBeWrittenDown() throws {
        let clock = ManualClock()
        let fileSystem = SimulatedFileSystem()
        let store = try Self.store(fileSystem, clock)
        // The first calls of the pass are the log's.
        let now = fileSystem.callCount
        fileSystem.fail(call: now, .refusal(.diskFull))
        #expect(try store.retain() == 20)
        fileSystem.clearFaults()
        #expect(try Self.days(store) == Set((Self.today - 10)..<Self.today))
        #expect(store.check().isSound)
        try store.close()
    }

    // MARK: Clocks

    @Test(
        "Case 55: no clock that jumps makes retention delete, and it goes on with a plausible one",
        arguments: [
            Int64(0), RetentionTests.year(1990), RetentionTests.year(2076),
            RetentionTests.year(2100), 20_454 * RetentionTests.day - 3_600_000_000_001,
            20_454 * RetentionTests.day - 3_600_000_000_000,
            20_462 * RetentionTests.day,
        ])
    func jumpingClock(wall: Int64) throws {
        let clock = ManualClock()
        let right = clock.wall()
        let fileSystem = SimulatedFileSystem()
        var store = try Self.store(fileSystem, clock, retain: 40)
        for isReopened in [false, true] {
            clock.setWall(Timestamp(nanoseconds: wall))
            if isReopened {
                try store.close()
                store = try Store.open(fileSystem, options: Self.options, clock: clock)
            }
            #expect(try store.retain() == 0)
            #expect(try Self.days(store).count >= 30)
            // Rows with times of their own are as welcome as ever.
            try Self.write(store, (Self.today - 1)..<Self.today)
            let isDoubted = wall != Self.year(2026) - 3_600_000_000_000
            #expect((store.clockDoubt != nil) == isDoubted)
            #expect(
                store.events.contains {
                    $0.kind == .clock && $0.message.hasPrefix("the clock says")
                } == isDoubted)
            clock.setWall(right)
            #expect(try store.retain() == 0)
            #expect(store.clockDoubt == nil)
        }
        // Time goes by, and what has had its time goes.
        for _ in 0..<15 {
            clock.advance(seconds: 86_400)
            _ = try store.retain()
        }
        #expect(try Self.days(store) == Set((Self.today - 25)..<Self.today))
        try store.close()
    }

    static func year(_ year: Int) -> Int64 {
        Calendar.days(year: year, month: 1, day: 1) * day
    }

    @Test func aClockFarAheadIsBelievedWhenSomethingElseSpeaksForIt() throws {
        let later = Timestamp(nanoseconds: Int64(Self.today + 30) * Self.day + Self.day / 2)
        // An operator.
        let clock = ManualClock()
        let fileSystem = SimulatedFileSystem()
        var store = try Self.store(fileSystem, clock, retain: 40)
        try store.close()
        clock.setWall(later)
        store = try Store.open(fileSystem, options: Self.options, clock: clock)
        #expect(try store.retain() == 0)
        try store.confirmClock()
        #expect(try store.retain() == 20)
        try store.close()
        // It stays believed.
        store = try Store.open(fileSystem, options: Self.options, clock: clock)
        #expect(store.clockDoubt == nil)
        try store.close()
    }

    @Test func rowsOfEveryDayInBetweenSpeakForAClockAndRowsOfTodayDoNot() throws {
        let clock = ManualClock()
        let store = try Self.store(SimulatedFileSystem(), clock, retain: 40)
        clock.setWall(
            Timestamp(nanoseconds: Int64(Self.today + 30) * Self.day + Self.day / 2))
        #expect(try store.retain() == 0)
        // The same clock may have stamped these.
        try Self.write(store, (Self.today + 29)..<(Self.today + 31))
        #expect(try store.retain() == 0)
        try Self.write(store, (Self.today - 3)..<(Self.today + 20))
        #expect(try store.retain() == 0)
        try Self.write(store, (Self.today + 20)..<(Self.today + 29))
        #expect(store.clockDoubt != nil)
        #expect(try store.retain() == 20)
        #expect(store.clockDoubt == nil)
        try store.close()
    }

    @Test func aNewStoreOnABoardWithoutABatteryTrustsNothing() throws {
        let clock = ManualClock(wall: Timestamp(nanoseconds: 0))
        let store = try Store.open(SimulatedFileSystem(), options: Self.options, clock: clock)
        _ = try store.createTable(Self.schema(retain: 10), ifNotExists: false)
        try Self.write(store, (Self.today - 3)..<Self.today)
        #expect(store.clockDoubt != nil)
        clock.setWall(Timestamp(nanoseconds: Self.year(2026)))
        #expect(try store.retain() == 0)
        #expect(store.clockDoubt == nil)
        try store.close()
    }

    @Test(
        "Case 56: times are UTC integers from 1677 to 2262, and what lies outside is refused",
        arguments: [DuplicateRule.merge, .append])
    func rangeOfTimes(rule: DuplicateRule) throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.options, clock: ManualClock())
        var schema = Self.schema(retain: nil)
        // A horizon past every time: for the ends of the range.
        schema.options.horizon = Interval(months: 12 * 400)
        schema.options.duplicateRule = rule
        schema.options.partitionWidth = .automatic
        let table = try store.createTable(schema, ifNotExists: false)
        let times = [
            Int64.min + 1, -1, 0,
            // The hour that comes twice where clocks go back (2025-10-26 in Europe), a leap second
            // (2016-12-31), the ends of 32-bit seconds (2038).
            1_761_438_600_000_000_000, 1_761_442_200_000_000_000, 1_483_228_799_999_999_999,
            1_483_228_800_000_000_000, 2_147_483_647_000_000_000, 2_147_483_648_000_000_000,
            Int64.max - 1,
        ]
        let rows = times.map { StoreRow(sensor: 1, time: $0, count: 1) }
        for row in rows {
            _ = try store.write(
                [ModelTable.batch([row], table: table)], rule: nil, isCounted: false)
        }
        for outside in [Int64.min, Int64.max] {
            let error = #expect(throws: StorageError.self) {
                try store.write(
                    [ModelTable.batch([StoreRow(sensor: 1, time: outside)], table: table)],
                    rule: nil, isCounted: false)
            }
            #expect(error?.code == .timeOutOfRange)
        }
        #expect(try ModelTable.scan(store.snapshot()).map(\.time) == times.sorted())
        try store.compact()
        #expect(try ModelTable.scan(store.snapshot()).map(\.time) == times.sorted())
        try store.delete(
            RangeDeletion(
                table: table,
                times: TimeRange(start: Timestamp(nanoseconds: 1), end: .infinity)))
        #expect(try ModelTable.scan(store.snapshot()).map(\.time) == [Int64.min + 1, -1, 0])
        store = try Store.open(fileSystem.killed(), options: Self.options, clock: ManualClock())
        #expect(try ModelTable.scan(store.snapshot()).map(\.time) == [Int64.min + 1, -1, 0])
        try store.close()
    }

    @Test("Case 57: a row ten years ahead is refused with the reason")
    func horizon() throws {
        let clock = ManualClock()
        let store = try Store.open(SimulatedFileSystem(), options: Self.options, clock: clock)
        _ = try store.createTable(Self.schema(retain: 30), ifNotExists: false)
        // A day ahead is the default; noon of today is half of it.
        try Self.write(store, Self.today..<(Self.today + 1))
        let ahead = #expect(throws: StorageError.self) {
            try Self.write(store, (Self.today + 3650)..<(Self.today + 3651))
        }
        #expect(ahead?.code == .timeOutOfRange)
        #expect(ahead?.message.contains("HORIZON") ?? false)
        let old = #expect(throws: StorageError.self) {
            try Self.write(store, (Self.today - 32)..<(Self.today - 31))
        }
        #expect(old?.code == .timeOutOfRange)
        #expect(old?.message.contains("RETAIN") ?? false)
        try Self.write(store, (Self.today - 30)..<(Self.today - 29))
        // Nothing of a refused write is left, no series either.
        #expect(try Self.days(store) == [Self.today, Self.today - 30])
        // A table of forecasts declares more; a clock in doubt refuses nothing.
        var forecasts = Self.schema(retain: nil, horizon: 20)
        forecasts.name = "forecasts"
        let table = try store.createTable(forecasts, ifNotExists: false)
        let accepted = store.acceptedTimes(of: table)
        #expect(accepted.end.nanoseconds == Int64(Self.today + 20) * Self.day + 1)
        clock.setWall(Timestamp(nanoseconds: 0))
        #expect(store.acceptedTimes(of: table) == .everything)
        try Self.write(store, (Self.today + 3650)..<(Self.today + 3651))
        try store.close()
    }
}
