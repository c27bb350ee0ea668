import BelfryCore
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

@testable import BelfryStorage

/// Presence sets: what a scan of some series opens. And series without rows: that they go, that
/// nothing else does, and that their numbers stay theirs.
struct SeriesCollectionTests {
    private static let day: Int64 = 86_400_000_000_000

    private static var quiet: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.checkpointSeriesCount = 1
        return options
    }

    private func write(_ sensors: some Sequence<Int>, day: Int64, to store: Store) throws {
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        let rows = sensors.map {
            StoreRow(sensor: $0, time: day * Self.day + Int64($0), level: Double($0))
        }
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
    }

    private func table(_ store: Store) throws -> TableSchema {
        try #require(store.snapshot().catalog.table(named: "readings"))
    }

    private func number(_ sensor: Int, _ store: Store) throws -> UInt32 {
        try store.series.numbers(of: [ModelTable.key(sensor, of: table(store))])[0]
    }

    /// The series that segments and runs have, as their dictionaries and extents say.
    static func living(_ snapshot: Snapshot) throws -> Set<UInt32> {
        var living: Set<UInt32> = []
        for segment in snapshot.segments {
            living.formUnion(try segment.reader().series().map(\.number))
        }
        for run in snapshot.runs.values.joined() { living.formUnion(run.extents.map(\.series)) }
        return living
    }

    // MARK: Presence

    @Test func scansOpenTheSegmentsThatHaveTheirSeries() throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.quiet)
        // Ten segments of numbers apart, then two whose spans are all and whose sets are not.
        for part in 0..<10 {
            try write((part * 10)..<(part * 10 + 10), day: 0, to: store)
            try store.flush()
        }
        try write(stride(from: 0, to: 100, by: 2), day: 1, to: store)
        try store.flush()
        try write(stride(from: 1, to: 100, by: 2), day: 1, to: store)
        try store.flush()
        for isOpenedAnew in [false, true, false] {
            if isOpenedAnew {
                try store.close()
                store = try Store.open(fileSystem, options: Self.quiet)
            }
            let snapshot = store.snapshot()
            #expect(snapshot.segments.count == 12)
            let table = try table(store)
            for sensor in [0, 37, 98] {
                let scan = try snapshot.scan(
                    ScanRequest(table: table, columns: [0, 3]),
                    series: SeriesSet(ascending: [try number(sensor, store)]))
                var rowCount = 0
                while let batch = try scan.next() { rowCount += batch.rowCount }
                #expect(rowCount == 2)
                #expect(scan.statistics.segmentsOpened == 2)
                #expect(scan.statistics.segmentsPassed == 10)
            }
            // What is known of a segment's series stays known when its file is closed.
            for segment in snapshot.segments { segment.close() }
            let few = SeriesSet(ascending: try [11, 12].map { try number($0, store) })
            _ = try snapshot.scan(ScanRequest(table: table, columns: [3]), series: few)
            #expect(snapshot.segments.count { $0.isOpen } == 3)
            let all = try snapshot.scan(ScanRequest(table: table, columns: [3]))
            #expect(all.statistics.segmentsOpened == 12 && all.statistics.segmentsPassed == 0)
        }
    }

    // MARK: Collection

    @Test func droppedPartitionsTakeTheirSeriesAlong() throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.quiet)
        try write(0..<100, day: 0, to: store)
        try write(50..<60, day: 4_000, to: store)
        try store.compact()
        let before = store.snapshot()
        let old = try number(7, store)
        let kept = try number(55, store)
        let partition = try #require(before.partitions(try table(store)).first).times
        _ = try store.dropPartitions(ofTable: "readings", times: partition)
        #expect(try store.collectSeries() == 90)
        #expect(store.series.count == 10)
        #expect(try store.snapshot().seriesCount(table(store)) == 10)
        #expect(try store.snapshot().tagDictionary(table(store), columnIndex: 2).count == 10)
        // The snapshot of before has its series and its rows.
        #expect(try before.seriesCount(table(store)) == 100)
        #expect(try ModelTable.scan(before).count == 110)
        // A key that comes again has another number, one that stayed has its own.
        #expect(try number(7, store) == 0)
        try write([7, 55], day: 4_000, to: store)
        #expect(try number(7, store) > 100 && number(7, store) != old)
        #expect(try number(55, store) == kept)
        let rows = try Set(ModelTable.scan(store.snapshot()))
        #expect(rows.count == 11)
        for isClosed in [false, true] {
            if isClosed { try store.close() }
            store = try Store.open(fileSystem.killed(), options: Self.quiet)
            #expect(try Set(ModelTable.scan(store.snapshot())) == rows)
            _ = try store.collectSeries()
            #expect(store.series.count == 11)
            #expect(store.check().isSound)
            if !isClosed { try store.close() }
            store = try Store.open(fileSystem, options: Self.quiet)
        }
    }

    @Test func checkpointsForgetDroppedSeries() throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.quiet)
        try write(0..<200, day: 0, to: store)
        try write(0..<3, day: 4_000, to: store)
        try store.compact()
        try store.checkpointSeries(isClosing: true)
        let size = store.checkpoint.withLock { $0.byteCount }
        let partition = try #require(store.snapshot().partitions(try table(store)).first).times
        _ = try store.dropPartitions(ofTable: "readings", times: partition)
        // A crash now: the checkpoint has all, and is found to have too many.
        let killed = try Store.open(fileSystem.killed(), options: Self.quiet)
        #expect(killed.series.count == 200)
        #expect(killed.state.withLock { $0.mayHaveDeadSeries })
        killed.collectSeriesWhenDue()
        #expect(killed.series.count == 3)

        store.collectSeriesWhenDue()
        #expect(store.series.count == 3)
        // A key of the old checkpoint with a new number, and a crash before there is a newer one.
        try write([9], day: 4_000, to: store)
        let new = try number(9, store)
        let again = try Store.open(fileSystem.killed(), options: Self.quiet)
        #expect(try number(9, again) == new)
        #expect(try ModelTable.scan(again.snapshot()).count == 4)
        again.collectSeriesWhenDue()
        #expect(again.series.count == 4)
        try again.flush()
        #expect(again.check().isSound)

        try store.checkpointSeries(isClosing: false)
        #expect(store.checkpoint.withLock { $0.byteCount } < size / 2)
        try store.close()
        store = try Store.open(fileSystem, options: Self.quiet)
        #expect(store.series.count == 4)
    }

    @Test func aWriteOnItsWayFindsItsSeriesAgain() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write(0..<10, day: 0, to: store)
        try store.flush()
        let table = try table(store)
        func prepare(_ sensors: Range<Int>, day: Int64) -> PreparedWrite {
            let rows = sensors.map {
                StoreRow(sensor: $0, time: day * Self.day + Int64($0), level: 1)
            }
            return PreparedWrite(
                [ModelTable.batch(rows, table: table)], rule: nil, isCounted: false,
                series: store.series, recordByteCountLimit: store.options.frameByteCountLimit)
        }
        let writes = [prepare(0..<10, day: 1), prepare(5..<12, day: 2)]
        #expect(writes[0].record != nil)
        try store.delete(RangeDeletion(table: table, times: .everything))
        try store.flush()
        try store.compact()
        #expect(try store.collectSeries() == 10)
        for write in writes { _ = try store.submit(write) }
        #expect(try ModelTable.scan(store.snapshot()).count == 17)
        #expect(store.series.count == 12)
        #expect(try (0..<12).allSatisfy { try number($0, store) > 10 })
        let again = try Store.open(fileSystem.killed(), options: Self.quiet)
        #expect(try ModelTable.scan(again.snapshot()).count == 17)
        try store.flush()
        #expect(store.check().isSound)
    }

    @Test func limitsCountTheLiving() throws {
        var options = Self.quiet
        options.seriesCountLimit = 100
        let store = try Store.open(SimulatedFileSystem(), options: options)
        try write(0..<100, day: 0, to: store)
        try store.compact()
        #expect(throws: StorageError.self) { try write([100], day: 4_000, to: store) }
        let partition = try #require(store.snapshot().partitions(try table(store)).first).times
        _ = try store.dropPartitions(ofTable: "readings", times: partition)
        // No upkeep ran: the write itself sees to it.
        try write(100..<200, day: 4_000, to: store)
        #expect(store.series.count == 100)
        #expect(throws: StorageError.self) { try write([1], day: 4_001, to: store) }
        _ = try store.dropTable("readings", ifExists: false)
        try store.flush()
        #expect(try store.collectSeries() == 100)
        #expect(store.series.count == 0)
    }

    @Test(arguments: UInt64(1)...24)
    func agreesWithDictionary(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &* 104_729)
        var fileSystem = SimulatedFileSystem()
        var options = seed % 2 == 0 ? StoreOptions.tiny : StoreOptions()
        options.runsUpkeep = false
        options.checkpointSeriesCount = 1 + Int(seed % 3) * 4
        var store = try Store.open(fileSystem, options: options)
        var table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var model = StoreModel()
        var pinned: [(Snapshot, StoreModel)] = []
        var given: [UInt32: SeriesKey] = [:]
        for step in 0..<70 {
            let place = "seed \(seed), step \(step)"
            switch generator.below(16) {
            case 0, 1: try store.flush()
            case 2: try store.compact()
            case 3: _ = try store.compactOnce(isFinal: false)
            case 4:
                if generator.below(2) == 0 { try store.close() }
                pinned = []
                fileSystem = fileSystem.killed()
                store = try Store.open(fileSystem, options: options)
            case 5, 6:
                let (deletion, isMeant) = DeletePropertyTests.deletion(
                    &generator, store.snapshot(), table)
                try store.delete(deletion)
                model.rows = model.rows.filter { !isMeant($0.key) }
            case 7 where generator.below(3) == 0:
                table = try store.truncateTable("readings")
                model = StoreModel()
            case 8:
                let partitions = store.snapshot().partitions(table)
                if partitions.isEmpty { break }
                let times = partitions[generator.below(partitions.count)].times
                _ = try store.dropPartitions(ofTable: "readings", times: times)
                model.rows = model.rows.filter {
                    !times.contains(Timestamp(nanoseconds: $0.key.time))
                }
            case 9: try store.checkpointSeries(isClosing: generator.below(2) == 0)
            default:
                // Few sensors a write of many, so that series come and go.
                let shift = generator.below(8) * 4
                var rows = generator.storeRows(1 + generator.below(20), sensors: 4, times: 200)
                for index in rows.indices { rows[index].sensor += shift }
                _ = model.apply(rows, rule: .merge)
                _ = try store.write(
                    [ModelTable.batch(rows, table: table)], rule: .merge,
                    isCounted: generator.below(2) == 0)
            }
            if generator.below(3) == 0 {
                _ = try store.collectSeries()
                let living = try Self.living(store.snapshot())
                #expect(store.series.count == living.count, "\(place)")
                #expect(living.allSatisfy(store.series.has), "\(place)")
            }
            let snapshot = store.snapshot()
            #expect(try ModelTable.model(snapshot) == model, "\(place)")
            // A number never means two keys.
            for number in snapshot.seriesNumbers(table, .all).numbers {
                let key = try #require(snapshot.seriesKey(number))
                #expect(given.updateValue(key, forKey: number) ?? key == key, "\(place)")
            }
            if generator.below(8) == 0 { pinned.append((snapshot, model)) }
        }
        for (snapshot, model) in pinned { #expect(try ModelTable.model(snapshot) == model) }
        try store.compact()
        _ = try store.collectSeries()
        #expect(try ModelTable.model(store.snapshot()) == model, "seed \(seed)")
        #expect(store.series.count == Set(model.rows.keys.map(\.sensor)).count, "seed \(seed)")
        #expect(store.check().isSound, "seed \(seed)")
        try store.close()
    }

    /// Writers, deletions and flushes while series are collected without pause: whatever comes
    /// between what, each row that was acknowledged last is there.
    @Test func writersDoNotNoticeCollection() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for round in 0..<60 {
                do {
                    if worker == 3 {
                        if round % 3 == 0 { try store.flush() }
                        if round % 7 == 0 { try store.compact() }
                        _ = try store.collectSeries()
                        continue
                    }
                    // Its own sensors; all but the last round's rows go again.
                    let day = Int64(worker * 100 + round)
                    try write((worker * 10)..<(worker * 10 + 10), day: day, to: store)
                    if round == 59 { continue }
                    let start = Timestamp(nanoseconds: day * Self.day)
                    try store.delete(
                        RangeDeletion(
                            table: table,
                            times: TimeRange(
                                start: start, end: start.advanced(byNanoseconds: Self.day))))
                } catch { Issue.record("worker \(worker), round \(round): \(error)") }
            }
        }
        try store.compact()
        _ = try store.collectSeries()
        for opened in [store, try Store.open(fileSystem.killed(), options: Self.quiet)] {
            let rows = try ModelTable.scan(opened.snapshot())
            #expect(rows.count == 30 && Set(rows.map(\.sensor)).count == 30)
            #expect(opened.series.count == 30)
        }
        #expect(store.check().isSound)
    }
}
