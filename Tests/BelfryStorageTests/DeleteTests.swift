import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Deletions by tags and times, tables emptied and partitions dropped: what each leaves behind, in
/// memory, in files and after crashes.
struct DeleteTests {
    static let day: Int64 = 86_400_000_000_000

    static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        return options
    }

    static func days(_ range: Range<Int>) -> TimeRange {
        TimeRange(
            start: Timestamp(nanoseconds: Int64(range.lowerBound) * day),
            end: Timestamp(nanoseconds: Int64(range.upperBound) * day))
    }

    /// A row of each of three sensors at noon of some days.
    static func rows(_ range: Range<Int>) -> [StoreRow] {
        range.flatMap { index in
            (0..<3).map {
                StoreRow(sensor: $0, time: Int64(index) * day + day / 2, count: Int64(index))
            }
        }
    }

    static func write(_ store: Store, _ table: TableSchema, _ rows: [StoreRow]) throws {
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
    }

    static func dayCount(_ store: Store) throws -> Set<Int> {
        Set(try ModelTable.scan(store.snapshot()).map { Int($0.time / day) })
    }

    @Test func aDeletionIsVisibleAtOnceAndNeverForOlderSnapshots() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<10))
        try store.flush()
        try Self.write(store, table, Self.rows(10..<20))
        let before = store.snapshot()
        try store.delete(RangeDeletion(table: table, times: Self.days(5..<15)))
        #expect(try Self.dayCount(store) == Set(0..<5).union(15..<20))
        #expect(try ModelTable.scan(before).count == 60)
        // What is written afterwards is there.
        try Self.write(store, table, Self.rows(7..<8))
        #expect(try Self.dayCount(store) == Set(0..<5).union(15..<20).union([7]))
        try store.flush()
        #expect(try Self.dayCount(store) == Set(0..<5).union(15..<20).union([7]))
        try store.compact()
        #expect(try ModelTable.scan(store.snapshot()).count == 33)
        #expect(try ModelTable.scan(before).count == 60)
        #expect(store.snapshot().tombstones.isEmpty)
        try store.close()
    }

    @Test func aDeletionWithoutRowsSurvivesItsFlushAndAReopening() throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<10))
        try store.compact()
        try store.delete(RangeDeletion(table: table, times: Self.days(0..<3)))
        let one = DeletePropertyTests.series([1], store.snapshot(), table)
        try store.delete(RangeDeletion(table: table, series: one))
        // The log goes with the flush; the manifest keeps what still hides rows.
        try store.flush()
        #expect(try ModelTable.scan(store.snapshot()).count == 14)
        store = try Store.open(fileSystem.killed(), options: Self.options)
        #expect(try ModelTable.scan(store.snapshot()).count == 14)
        #expect(store.snapshot().tombstones.count == 1 || store.snapshot().tombstones.count == 2)
        #expect(store.check().isSound)
        try store.close()
    }

    @Test func segmentsWhollyInsideLeaveWithTheNextManifest() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<10))
        try store.compact()
        let count = store.snapshot().segments.count
        try store.delete(RangeDeletion(table: table, times: .everything))
        #expect(store.snapshot().segments.count == count)
        // They do not count any more all the same.
        #expect(store.snapshot().timeBounds(table) == nil)
        #expect(store.snapshot().rowCountEstimate(table) == 0)
        try store.flush()
        #expect(store.snapshot().segments.isEmpty)
        #expect(store.snapshot().tombstones.isEmpty)
        #expect(store.snapshot().timeBounds(table) == nil)
        #expect(store.snapshot().rowCountEstimate(table) == 0)
        try store.close()
    }

    @Test func moreDeletionsThanAreAllowedWaitForUpkeep() throws {
        var options = Self.options
        options.tombstoneCountLimit = 5
        let store = try Store.open(SimulatedFileSystem(), options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<40))
        for index in 0..<40 {
            let half = TimeRange(
                start: Timestamp(nanoseconds: Int64(index) * Self.day),
                end: Timestamp(nanoseconds: Int64(index) * Self.day + Self.day / 2 + 1))
            let some = DeletePropertyTests.series([index % 3], store.snapshot(), table)
            try store.delete(RangeDeletion(table: table, series: some, times: half))
            #expect(store.snapshot().tombstones.count <= 5)
        }
        #expect(try ModelTable.scan(store.snapshot()).count == 80)
        let many = (0..<6).map { RangeDeletion(table: table, times: Self.days($0..<($0 + 1))) }
        #expect(throws: StorageError.self) { try store.change([], deleting: many) }
        try store.close()
    }

    @Test func aSetLargerThanARecordBecomesSeveral() throws {
        var options = Self.options
        options.frameByteCountLimit = 128
        let store = try Store.open(SimulatedFileSystem(), options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        let rows = (0..<60).map { StoreRow(sensor: $0, time: 5, count: 1) }
        for start in stride(from: 0, to: 60, by: 2) {
            try Self.write(store, table, Array(rows[start..<(start + 2)]))
        }
        let set = DeletePropertyTests.series(Set(0..<50), store.snapshot(), table)
        let deletion = RangeDeletion(table: table, series: set)
        #expect(deletion.pieces(byteCountLimit: 128).count == 5)
        try store.delete(deletion)
        #expect(Set(try ModelTable.scan(store.snapshot()).map(\.sensor)) == Set(50..<60))
        try store.close()
    }

    @Test func truncateGivesTheSameTableUnderANewNumber() throws {
        let fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<10))
        try store.compact()
        try Self.write(store, table, Self.rows(10..<12))
        let before = store.snapshot()
        let emptied = try store.truncateTable("readings")
        #expect(emptied.number != table.number && emptied.columns == table.columns)
        #expect(try ModelTable.scan(store.snapshot()).isEmpty)
        #expect(try ModelTable.scan(before).count == 36)
        // A write that was prepared for the old table.
        #expect(throws: StorageError.self) { try Self.write(store, table, Self.rows(0..<1)) }
        try Self.write(store, emptied, Self.rows(3..<4))
        store = try Store.open(fileSystem.killed(), options: Self.options)
        #expect(try Self.dayCount(store) == [3])
        try store.compact()
        #expect(store.snapshot().segments.allSatisfy { $0.summary.table == emptied.number })
        #expect(store.check().isSound)
        try store.close()
    }

    @Test func partitionsAreDroppedWholeOrNotAtAll() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        var schema = ModelTable.schema
        schema.options.partitionWidth = .month
        let table = try store.createTable(schema, ifNotExists: false)
        // 1970: January has 31 days, February 28.
        try Self.write(store, table, Self.rows(0..<100))
        try store.compact()
        #expect(store.snapshot().partitions(table).count == 4)
        try Self.write(store, table, Self.rows(40..<41))
        let cut = #expect(throws: StorageError.self) {
            try store.dropPartitions(ofTable: "readings", times: Self.days(31..<45))
        }
        #expect(cut?.message.contains("1970-03-01") ?? false, "\(cut?.message ?? "")")
        #expect(try store.dropPartitions(ofTable: "readings", times: Self.days(31..<59)) == 1)
        #expect(try Self.dayCount(store) == Set(0..<31).union(59..<100))
        #expect(store.snapshot().partitions(table).count == 3)
        let tail = TimeRange(
            start: Timestamp(nanoseconds: 59 * Self.day), end: .infinity)
        #expect(try store.dropPartitions(ofTable: "readings", times: tail) == 2)
        #expect(try Self.dayCount(store) == Set(0..<31))
        try store.close()
    }

    @Test(
        "Case 47: late rows into a partition that was compacted to its final form are ordinary rows"
    )
    func lateRowsIntoASealedPartition() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var model = StoreModel()
        func write(_ rows: [StoreRow]) throws {
            _ = model.apply(rows, rule: .merge)
            try Self.write(store, table, rows)
            #expect(try ModelTable.model(store.snapshot()) == model)
        }
        try write(Self.rows(0..<40))
        try store.compact()
        let sealed = store.snapshot().partitions(table)
        // Into it, over what is there, and before it.
        try write(Self.rows(3..<5).map { StoreRow(sensor: $0.sensor, time: $0.time, level: 2) })
        try write(Self.rows(3..<4).map { StoreRow(sensor: 9, time: $0.time + 1, level: 3) })
        try write(Self.rows(-2..<0))
        try store.flush()
        #expect(try ModelTable.model(store.snapshot()) == model)
        try store.compact()
        #expect(try ModelTable.model(store.snapshot()) == model)
        #expect(store.snapshot().partitions(table).count <= sealed.count + 1)
        #expect(store.check().isSound)
        try store.close()
    }

    /// A compaction that was under way when its partition was dropped must not bring it back.
    @Test func aCompactionOfWhatIsDroppedMeanwhileIsThrownAway() throws {
        var options = Self.options
        options.runsUpkeep = false
        let store = try Store.open(SimulatedFileSystem(), options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        try Self.write(store, table, Self.rows(0..<3))
        try store.compact()
        try Self.write(store, table, Self.rows(0..<3))
        try store.flush()
        let live = store.snapshot().segments
        let manifest = store.state.withLock { $0.manifest }
        guard
            let job = CompactionPicker.next(
                live.map(\.summary), catalog: manifest.catalog, options: options, isFinal: true)
        else {
            Issue.record("nothing to compact")
            return
        }
        let outputs = try Compaction.run(
            job, live: live, catalog: manifest.catalog, to: store.place,
            identity: { () throws(StorageError) in
                store.state.withLock { store.newSegment(&$0) }
            }, key: { (number) throws(StorageError) in try store.key(number) },
            between: { () throws(StorageError) in })
        try store.delete(RangeDeletion(table: table, times: .everything))
        _ = try store.truncateTable("readings")
        try store.replace(job.inputs, by: outputs)
        #expect(store.snapshot().segments.isEmpty)
        #expect(store.check().isSound)
        try store.close()
    }
}
