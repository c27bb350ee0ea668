import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Compaction that cannot read, cannot write, is lied to or is stopped: the inputs stay, and what
/// is visible is all of them or what replaced them.
struct CompactionFaultTests {
    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.wideSegmentCountLimit = 4
        options.runsUpkeep = false
        return options
    }

    /// Segments of a block or two, so that each partition becomes several; or one.
    private static let limits: [UInt64] = [200, 1 << 30]

    /// Four wide segments of rows that overwrite one another over several days, and what they hold.
    private static func store(
        seed: UInt64, flushes: Int = 4, rows: Int = 30, limit: UInt64 = 1 << 30
    ) throws -> (SimulatedFileSystem, Store, StoreModel) {
        let fileSystem = SimulatedFileSystem()
        var options = options
        options.segmentByteCountLimit = limit
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: seed)
        var model = StoreModel()
        for _ in 0..<flushes {
            let rows = generator.storeRows(rows)
            _ = model.apply(rows, rule: .merge)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            try store.flush()
        }
        return (fileSystem, store, model)
    }

    private static func segmentNames(_ fileSystem: SimulatedFileSystem) -> Set<String> {
        Set(fileSystem.paths.filter { $0.hasPrefix("segments/") })
    }

    private static func live(_ store: Store) -> Set<UInt64> {
        Set(store.snapshot().segments.map(\.summary.fileID))
    }

    /// Nothing has changed, nothing was left behind, and the next attempt succeeds.
    private static func expectUntouched(
        _ store: Store, _ fileSystem: SimulatedFileSystem, _ model: StoreModel,
        files: Set<String>, live: Set<UInt64>, _ place: String
    ) throws {
        #expect(Self.live(store) == live, "\(place): the live segments changed")
        #expect(segmentNames(fileSystem) == files, "\(place): files came or went")
        #expect(try ModelTable.model(store.snapshot()) == model, "\(place): rows changed")
        try store.compact()
        #expect(try ModelTable.model(store.snapshot()) == model, "\(place): afterwards")
        #expect(store.check().isSound, "\(place): \(store.check().problems)")
    }

    @Test("Case 40: a read error on an input abandons the compaction; never a smaller output")
    func readError() throws {
        let (whole, store, _) = try Self.store(seed: 40, rows: 8)
        let before = whole.count(of: .read)
        #expect(try store.compactOnce(isFinal: false))
        let readCount = whole.count(of: .read) - before
        #expect(readCount > 8)
        for read in 0..<readCount {
            let (fileSystem, store, model) = try Self.store(seed: 40, rows: 8)
            let (files, live) = (Self.segmentNames(fileSystem), Self.live(store))
            fileSystem.fail(.read, after: read, .refusal(.input))
            #expect(throws: StorageError.self, "read \(read)") {
                try store.compactOnce(isFinal: false)
            }
            try Self.expectUntouched(
                store, fileSystem, model, files: files, live: live, "read \(read)")
        }
    }

    @Test("Case 40: an input that is damaged stops its own compaction only, and is named")
    func damagedInput() throws {
        for flushes in [4, 9] {
            let (fileSystem, store, _) = try Self.store(seed: 41, flushes: flushes)
            let damaged = try #require(store.snapshot().segments.first).summary
            let name = FileNames.segment(damaged.fileID)
            // In the middle of the blocks.
            fileSystem.flip(bit: Int(damaged.byteCount) / 3 * 8, at: name)
            var failure: StorageError?
            do throws(StorageError) {
                while try store.compactOnce(isFinal: false) {}
            } catch { failure = error }
            #expect(failure?.file == name)
            #expect(failure?.code == .damaged)
            // What follows is compacted around it, and the damaged one stays as it is.
            while try store.compactOnce(isFinal: false) {}
            let segments = store.snapshot().segments.map(\.summary)
            #expect(segments.contains { $0.fileID == damaged.fileID })
            #expect(segments.filter(\.isWide).count < 5)
            #expect(store.health.description.contains(name), "\(store.health)")
            #expect(throws: StorageError.self) { try ModelTable.scan(store.snapshot()) }
            // Made good again, it is an input like any other, and nothing was mixed up meanwhile.
            fileSystem.flip(bit: Int(damaged.byteCount) / 3 * 8, at: name)
            let model = try ModelTable.model(store.snapshot())
            try store.compact()
            #expect(try ModelTable.model(store.snapshot()) == model)
            #expect(!store.snapshot().segments.contains { $0.summary.isWide })
            #expect(store.check().isSound)
        }
    }

    /// Flips a bit of each output just before it is synced.
    private static func spoilOutputs(
        _ fileSystem: SimulatedFileSystem, at share: Int, of shares: Int
    ) {
        fileSystem.observe { [weak fileSystem] _, call, path in
            guard call == .sync, path.hasPrefix("segments/"), let fileSystem,
                let byteCount = fileSystem.bytes(path)?.count
            else { return }
            fileSystem.flip(bit: byteCount * 8 * share / shares, at: path)
        }
    }

    @Test(
        "Case 41: an output that reads back wrong is discarded before the manifest changes",
        arguments: limits)
    func spoiledOutput(limit: UInt64) throws {
        for share in 0..<24 {
            let (fileSystem, store, model) = try Self.store(seed: 42, limit: limit)
            let (files, live) = (Self.segmentNames(fileSystem), Self.live(store))
            Self.spoilOutputs(fileSystem, at: share, of: 24)
            #expect(throws: StorageError.self, "\(share) of 24") {
                try store.compactOnce(isFinal: false)
            }
            fileSystem.observe(nil)
            try Self.expectUntouched(
                store, fileSystem, model, files: files, live: live, "\(share) of 24")
        }
    }

    @Test("Case 41: so is a flush; the rows stay in the log")
    func spoiledFlush() throws {
        let (fileSystem, store, before) = try Self.store(seed: 43)
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        var model = before
        let rows = [StoreRow(sensor: 77, time: 5, level: 1)]
        _ = model.apply(rows, rule: .merge)
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        let (files, live) = (Self.segmentNames(fileSystem), Self.live(store))
        Self.spoilOutputs(fileSystem, at: 1, of: 3)
        #expect(throws: StorageError.self) { try store.flush() }
        fileSystem.observe(nil)
        try Self.expectUntouched(
            store, fileSystem, model, files: files, live: live, "a spoiled flush")
    }

    @Test("Case 41: rows in are rows out, folded and deleted: a lost row is noticed")
    func rowBalance() throws {
        var balance = RowBalance("compaction of readings")
        balance.taken = 10
        balance.written = 7
        balance.dropped = 3
        try balance.check()
        for (taken, written, dropped) in [(10, 6, 3), (10, 8, 3), (10, 7, 2), (0, 1, 0)] {
            balance.taken = UInt64(taken)
            balance.written = UInt64(written)
            balance.dropped = UInt64(dropped)
            #expect(throws: StorageError.self) { try balance.check() }
        }
    }

    @Test(
        "Case 42: a disk that fills during a compaction: it is abandoned, and nothing is left",
        arguments: limits)
    func diskFills(limit: UInt64) throws {
        let (whole, counted, _) = try Self.store(seed: 44, rows: 12, limit: limit)
        let before = whole.callCount
        #expect(try counted.compactOnce(isFinal: false))
        #expect(Self.hasSiblings(counted) == (limit == Self.limits[0]))
        let calls = [SimulatedFileSystem.Call.create, .write, .sync, .rename, .syncFolder]
        for call in before..<whole.callCount {
            for fault in [SimulatedFileSystem.Fault.refusal(.diskFull), .cutWrite(100)] {
                let (fileSystem, store, model) = try Self.store(seed: 44, rows: 12, limit: limit)
                let (files, live) = (Self.segmentNames(fileSystem), Self.live(store))
                let kind = Mutex<SimulatedFileSystem.Call?>(nil)
                fileSystem.observe { number, what, _ in
                    if number == call { kind.withLock { $0 = what } }
                }
                fileSystem.fail(call: call, fault)
                let isDone = (try? store.compactOnce(isFinal: false)) ?? false
                fileSystem.clearFaults()
                fileSystem.observe(nil)
                let place = "\(fault) at call \(call)"
                // A removal of what is no longer needed may fail without harm.
                if isDone {
                    let failed = kind.withLock { $0 }
                    #expect(!calls.contains { $0 == failed }, "\(place): \(failed as Any)")
                    #expect(try ModelTable.model(store.snapshot()) == model, "\(place)")
                    continue
                }
                // A sync that failed may have poisoned the store; opened again it goes on.
                guard store.state.withLock({ $0.refusal }) == nil else {
                    let again = try Store.open(fileSystem.killed(), options: Self.options)
                    #expect(try ModelTable.model(again.snapshot()) == model, "\(place)")
                    continue
                }
                try Self.expectUntouched(
                    store, fileSystem, model, files: files, live: live, place)
            }
        }
    }

    @Test("Case 42: without room for its output a compaction does not begin; reads go on")
    func noRoom() throws {
        let (fileSystem, store, model) = try Self.store(seed: 47)
        let (files, live) = (Self.segmentNames(fileSystem), Self.live(store))
        let calls = fileSystem.callCount
        let inputs = store.snapshot().segments.reduce(0) { $0 + Int($1.summary.byteCount) }
        // Room for the inputs once more, but not for a fifth beside.
        fileSystem.capacity = fileSystem.usedByteCount + inputs + inputs / 10
        #expect(try store.compactOnce(isFinal: false) == false)
        #expect(fileSystem.callCount == calls)
        #expect(try ModelTable.model(store.snapshot()) == model)
        // By hand it is refused, and says why.
        var failure: StorageError?
        do throws(StorageError) { try store.compact() } catch { failure = error }
        #expect(failure?.code == .diskFull)
        fileSystem.capacity = nil
        try Self.expectUntouched(
            store, fileSystem, model, files: files, live: live, "without room")
    }

    private static func hasSiblings(_ store: Store) -> Bool {
        let segments = store.snapshot().segments.map(\.summary)
        return segments.contains { one in
            segments.contains { $0 != one && $0.isSibling(of: one) }
        }
    }

    @Test(
        "Case 43: killed at every call of a compaction: all inputs are visible, or the output",
        arguments: limits)
    func killedCompaction(limit: UInt64) throws {
        let (whole, counted, _) = try Self.store(seed: 45, rows: 20, limit: limit)
        let before = whole.callCount
        let inputs = Self.live(counted)
        #expect(try counted.compactOnce(isFinal: false))
        let outputs = Self.live(counted)
        #expect(outputs.isDisjoint(with: inputs))
        #expect(Self.hasSiblings(counted) == (limit == Self.limits[0]))
        var generator = SeededGenerator(seed: 45)
        var (seenInputs, seenOutputs) = (0, 0)
        for call in before..<whole.callCount {
            let (fileSystem, store, model) = try Self.store(seed: 45, rows: 20, limit: limit)
            fileSystem.fail(call: call, .powerLoss)
            _ = try? store.compactOnce(isFinal: false)
            for after in [fileSystem.killed(), fileSystem.crashed(&generator)] {
                let again = try Store.open(after, options: Self.options)
                let live = Self.live(again)
                let place = "call \(call)"
                if live == inputs { seenInputs += 1 } else { seenOutputs += 1 }
                #expect(live == inputs || live.isDisjoint(with: inputs), "\(place): \(live)")
                #expect(try ModelTable.model(again.snapshot()) == model, "\(place)")
                let report = again.check()
                #expect(report.isSound, "\(place): \(report.problems)")
                let segments = after.paths.filter { $0.hasSuffix(".seg") }
                #expect(
                    segments.filter { $0.hasPrefix("segments/") }.count == live.count,
                    "\(place): \(segments)")
            }
        }
        #expect(seenInputs > 0 && seenOutputs > 0)
    }

    @Test("Siblings that share a series are noticed by check")
    func overlappingSiblings() throws {
        let (_, store, model) = try Self.store(seed: 49)
        let manifest = store.state.withLock { $0.manifest }
        let job = try #require(
            CompactionPicker.next(
                manifest.segments, catalog: manifest.catalog, options: Self.options))
        var outputs: [SegmentSummary] = []
        // The same rows twice.
        for _ in 0..<2 {
            outputs += try Compaction.run(
                job, live: store.snapshot().segments, through: manifest.flushedThrough,
                catalog: manifest.catalog, to: store.place,
                identity: { () throws(StorageError) in
                    store.state.withLock { store.newSegment(&$0) }
                }, key: { (number) throws(StorageError) in try store.key(number) },
                between: { () throws(StorageError) in })
        }
        try store.replace(job.inputs, by: outputs)
        let problems = store.check().problems
        #expect(problems.count == outputs.count / 2)
        #expect(problems.allSatisfy { $0.message.hasPrefix("its series are also in segment") })
        #expect(try ModelTable.model(store.snapshot()) == model)
    }

    @Test("A waiting flush goes between two batches of a compaction")
    func flushGoesBetween() throws {
        let (fileSystem, store, before) = try Self.store(seed: 46, rows: 200)
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        let model = Mutex(before)
        let events = Mutex<[String]>([])
        let inputs = Self.live(store)
        fileSystem.observe { [weak store] _, call, path in
            if call == .rename && path.hasSuffix(".tmp") && path.contains("seg") {
                events.withLock { $0.append(path) }
            }
            // As the first output comes into being a writer fills the memtable and seals it.
            let isFirst = events.withLock { events in
                guard events.isEmpty, call == .create, path.hasPrefix("segments/") else {
                    return false
                }
                events.append("sealed")
                return true
            }
            guard isFirst, let store else { return }
            for sensor in 0..<200 where store.state.withLock({ $0.sealed == nil }) {
                let rows = [StoreRow(sensor: 100 + sensor, time: 7, note: "meanwhile")]
                _ = model.withLock { $0.apply(rows, rule: .merge) }
                _ = try? store.write(
                    [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            }
        }
        #expect(try store.compactOnce(isFinal: false))
        fileSystem.observe(nil)
        let order = events.withLock { $0 }
        #expect(order.first == "sealed")
        #expect(store.state.withLock { $0.sealed == nil }, "the flush waited for the compaction")
        // The flush's segment came into being before the last of the compaction's.
        let flushed = try #require(
            store.snapshot().segments.map(\.summary).filter { $0.isWide }.first)
        let flushPlace = try #require(
            order.firstIndex(of: FileNames.segment(flushed.fileID) + ".tmp"))
        #expect(flushPlace < order.count - 1, "\(order)")
        #expect(Self.live(store).isDisjoint(with: inputs))
        #expect(try ModelTable.model(store.snapshot()) == model.withLock { $0 })
        #expect(store.check().isSound)
    }

    @Test("Case 12: two writes that fail, a seal and a flush: the log that took the name stays")
    func logAfterTwoFailures() throws {
        let (fileSystem, store, before) = try Self.store(seed: 48, flushes: 1)
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        let model = Mutex(before)
        func write(_ sensor: Int) throws {
            let rows = [StoreRow(sensor: sensor, time: 9, count: 1)]
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            _ = model.withLock { $0.apply(rows, rule: .merge) }
        }
        try write(50)
        // The record fails; then, behind the header of the next file, the next record.
        fileSystem.fail(.write, .refusal(.input))
        #expect(throws: StorageError.self) { try write(51) }
        fileSystem.fail(.write, after: 1, .refusal(.input))
        #expect(throws: StorageError.self) { try write(52) }
        // While the memtable is flushed the next writer makes a file of the same name.
        let isWritten = Mutex(false)
        fileSystem.observe { [weak store] _, call, path in
            guard call == .create, path.hasPrefix("segments/"), let store else { return }
            if isWritten.withLock({ was in
                defer { was = true }; return was
            }) {
                return
            }
            let rows = [StoreRow(sensor: 53, time: 9, count: 1)]
            _ = try? store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            _ = model.withLock { $0.apply(rows, rule: .merge) }
        }
        try store.flush()
        fileSystem.observe(nil)
        let expected = model.withLock { $0 }
        #expect(try ModelTable.model(store.snapshot()) == expected)
        let again = try Store.open(fileSystem.killed(), options: Self.options)
        #expect(try ModelTable.model(again.snapshot()) == expected, "an acknowledged row is lost")
    }

    @Test("Case 48: one batch over 400 days is one wide segment; no file explosion")
    func manyDays() throws {
        let fileSystem = SimulatedFileSystem()
        var options = Self.options
        options.memtableByteCountLimit = 1 << 20
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        let day: Int64 = 86_400_000_000_000
        let rows = (0..<400).flatMap { number in
            (0..<2).map { StoreRow(sensor: $0, time: (19_000 + Int64(number)) * day, count: 1) }
        }
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        try store.flush()
        #expect(store.snapshot().segments.count == 1)
        #expect(Self.segmentNames(fileSystem).count == 1)
        // Days only in the month of the newest row; months of its year, years before.
        #expect(try store.compactOnce(isFinal: false) == false)
        for _ in 0..<3 { try Self.writeOne(store, table) }
        while try store.compactOnce(isFinal: false) {}
        #expect(store.snapshot().segments.count <= 31 + 12 + 2)
        try store.compact()
        #expect(store.snapshot().segments.count <= 3)
        #expect(try ModelTable.scan(store.snapshot()).count == 801)
        #expect(store.check().isSound)
    }

    private static func writeOne(_ store: Store, _ table: TableSchema) throws {
        let row = StoreRow(sensor: 9, time: 19_399 * 86_400_000_000_000, count: 2)
        _ = try store.write([ModelTable.batch([row], table: table)], rule: .merge, isCounted: false)
        try store.flush()
    }
}
