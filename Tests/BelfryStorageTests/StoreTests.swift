import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

/// Opening, closing, refusing: what a store promises around its files.
struct StoreTests {
    private static var quiet: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.reserveByteCount = 0
        return options
    }

    private func write(_ rows: [StoreRow], to store: Store) throws {
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        _ = try store.write(
            [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
    }

    private func rowCount(_ store: Store) throws -> Int {
        try ModelTable.scan(store.snapshot()).count
    }

    // MARK: The folder

    @Test func secondOpeningIsRefusedByWhateverPath() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-\(UUID().uuidString)")
        let link = folder.path + "-link"
        defer {
            try? FileManager.default.removeItem(at: folder)
            try? FileManager.default.removeItem(atPath: link)
        }
        let store = try Store.open(path: folder.path, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: folder.path)
        for path in [folder.path, link] {
            let failure = #expect(throws: StorageError.self) {
                try Store.open(path: path, options: Self.quiet)
            }
            #expect(failure?.code == .locked)
            #expect(failure?.message.contains("process") == true)
            var reading = Self.quiet
            reading.isReadOnly = true
            #expect(try rowCount(Store.open(path: path, options: reading)) == 1)
        }
        try store.close()
        let again = try Store.open(path: link, options: Self.quiet)
        #expect(try rowCount(again) == 1)
        #expect(again.check().isSound)
        try again.close()
    }

    @Test func aFolderOfOtherFilesDoesNotBecomeAStore() throws {
        let fileSystem = SimulatedFileSystem()
        fileSystem.put([1, 2, 3], at: "photographs")
        let failure = #expect(throws: StorageError.self) {
            try Store.open(fileSystem, options: Self.quiet)
        }
        #expect(failure?.code == .missing)
        #expect(fileSystem.paths == ["photographs"])
    }

    @Test func readersChangeNothing() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        try store.flush()
        try write([StoreRow(sensor: 1, time: 2)], to: store)
        let copy = fileSystem.killed()
        copy.put([0], at: "segments/000000000099.seg.tmp")
        let before = copy.paths
        var options = Self.quiet
        options.isReadOnly = true
        let reader = try Store.open(copy, options: options)
        #expect(try rowCount(reader) == 2)
        let failure = #expect(throws: StorageError.self) {
            try write([StoreRow(sensor: 1, time: 3)], to: reader)
        }
        #expect(failure?.code == .readOnly)
        try reader.close()
        #expect(copy.callCount == 0)
        #expect(copy.paths == before)
    }

    @Test func strangersAreSetAsideAndLeftoversRemoved() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        try store.flush()
        try store.close()
        let copy = fileSystem.killed()
        let segment = try #require(copy.paths.first { $0.hasSuffix(".seg") })
        copy.put(try #require(copy.bytes(segment)), at: "segments/000000000077.seg")
        copy.put([9], at: "segments/000000000078.seg.tmp")
        copy.put([9], at: "log/notes.txt")
        let again = try Store.open(copy, options: Self.quiet)
        #expect(try rowCount(again) == 1)
        #expect(again.recoveryNotes.count == 2)
        #expect(!copy.paths.contains("segments/000000000077.seg"))
        #expect(!copy.paths.contains { $0.hasSuffix(".tmp") })
        let aside = copy.paths.filter { $0.hasPrefix("quarantine/") }
        #expect(aside.count == 4)
        #expect(aside.filter { $0.hasSuffix(".why") }.count == 2)
    }

    // MARK: The manifest

    @Test func oneCopyOfTheManifestIsEnoughAndNoOlderOneTakesItsPlace() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        try store.flush()
        try store.close()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        for index in stride(from: 0, to: bytes.count / 2, by: 5) {
            var one = bytes
            one[index] ^= 4
            let copy = fileSystem.killed()
            copy.put(one, at: path)
            let opened = try Store.open(copy, options: Self.quiet)
            #expect(try rowCount(opened) == 1, "byte \(index)")
            var both = one
            both[index + bytes.count / 2] ^= 4
            let broken = fileSystem.killed()
            broken.put(both, at: path)
            let failure = #expect(throws: StorageError.self, "byte \(index)") {
                try Store.open(broken, options: Self.quiet)
            }
            #expect(failure?.code == .damaged && failure?.file == path)
        }
    }

    @Test func aMissingSegmentLetsReadersInOnly() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        try store.flush()
        try store.close()
        let copy = fileSystem.killed()
        let segment = try #require(copy.paths.first { $0.hasSuffix(".seg") })
        try copy.remove(segment)
        let failure = #expect(throws: StorageError.self) {
            try Store.open(copy, options: Self.quiet)
        }
        #expect(failure?.file == segment)
        var options = Self.quiet
        options.isReadOnly = true
        let reader = try Store.open(copy, options: options)
        #expect(throws: StorageError.self) { try rowCount(reader) }
    }

    // MARK: Failing disks

    @Test func aStoreOpensForReadingWhereTheDiskIsFull() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        let copy = fileSystem.killed()
        for call in 0..<20 { copy.fail(call: call, .refusal(.diskFull)) }
        let full = try Store.open(copy, options: Self.quiet)
        #expect(try rowCount(full) == 1)
        let failure = #expect(throws: StorageError.self) {
            try write([StoreRow(sensor: 1, time: 2)], to: full)
        }
        #expect(failure?.code == .diskFull)
        try full.close()
        copy.clearFaults()
        let again = try Store.open(copy, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 2)], to: again)
        #expect(try rowCount(again) == 2)
    }

    // MARK: Limits

    @Test func refusedSeriesLeaveNothingBehind() throws {
        var options = Self.quiet
        options.seriesCountLimit = 3
        let store = try Store.open(SimulatedFileSystem(), options: options)
        try write((0..<3).map { StoreRow(sensor: $0, time: 1) }, to: store)
        let failure = #expect(throws: StorageError.self) {
            try write([StoreRow(sensor: 0, time: 2), StoreRow(sensor: 7, time: 2)], to: store)
        }
        #expect(failure?.code == .seriesLimit)
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        #expect(store.snapshot().seriesCount(table) == 3)
        #expect(store.snapshot().tagDictionary(table, columnIndex: 2).count == 3)
        try write([StoreRow(sensor: 2, time: 2)], to: store)
        #expect(try rowCount(store) == 4)
    }

    @Test func infiniteTimesAreRefused() throws {
        var options = Self.quiet
        options.checksTimes = false
        let store = try Store.inMemory(options: options)
        for time in [Int64.min, .max] {
            let failure = #expect(throws: StorageError.self) {
                try write([StoreRow(sensor: 1, time: time)], to: store)
            }
            #expect(failure?.code == .timeOutOfRange)
        }
        try write(
            [StoreRow(sensor: 1, time: .min + 1), StoreRow(sensor: 1, time: .max - 1)], to: store)
        #expect(try rowCount(store) == 2)
        try store.flush()
        #expect(try rowCount(store) == 2)
    }

    // MARK: The catalog

    @Test func numbersAreNeverUsedAgain() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write([StoreRow(sensor: 1, time: 1)], to: store)
        let first = try #require(store.snapshot().catalog.table(named: "READINGS"))
        #expect(try store.dropTable("Readings", ifExists: false))
        #expect(try !store.dropTable("readings", ifExists: true))
        try write([StoreRow(sensor: 2, time: 1)], to: store)
        let again = try Store.open(fileSystem.killed(), options: Self.quiet)
        let second = try #require(again.snapshot().catalog.table(named: "readings"))
        #expect(second.number > first.number)
        #expect(try ModelTable.scan(again.snapshot()).map(\.sensor) == [2])
        try again.compact()
        #expect(try ModelTable.scan(again.snapshot()).map(\.sensor) == [2])
        let widened = try again.changeColumn(
            "count", ofTable: "readings", type: .double, kind: .counter)
        #expect(widened.version == second.version + 1)
        #expect(throws: StorageError.self) {
            try again.changeColumn("note", ofTable: "readings", type: .double, kind: nil)
        }
        let longer = try again.addColumns(
            [ColumnSchema(name: "extra", type: .bigint, role: .field)], toTable: "readings")
        #expect(longer.columns.last?.number == (second.columns.map(\.number).max() ?? 0) + 1)
        #expect(throws: StorageError.self) {
            try again.addColumns(
                [ColumnSchema(name: "Extra", type: .bigint, role: .field)], toTable: "readings")
        }
    }

    // MARK: Many threads

    /// Writers of several threads, flushes and compactions of the store's own, readers between.
    @Test(arguments: [Durability.sync, .interval(milliseconds: 1), .none])
    func writersOfManyThreads(durability: Durability) throws {
        var options = StoreOptions.tiny
        options.durability = durability
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        let failures = Mutex<[String]>([])
        let threads = (0..<4).map { thread in
            EngineThread {
                do {
                    for step in 0..<60 {
                        let rows = (0..<7).map { index in
                            StoreRow(
                                sensor: thread * 10 + index % 3,
                                time: Int64(step * 7 + index) * 60_000_000_000,
                                count: Int64(thread))
                        }
                        let outcome = try store.write(
                            [ModelTable.batch(rows, table: table)], rule: nil,
                            isCounted: step % 2 == 0)
                        if outcome.stored != 7 { failures.withLock { $0.append("\(outcome)") } }
                        if step % 16 == 15 {
                            // A batch is seen entirely or not at all.
                            let found = try ModelTable.scan(store.snapshot())
                            if found.count % 7 != 0 {
                                failures.withLock { $0.append("\(found.count) rows") }
                            }
                        }
                    }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        for thread in threads { thread?.join() }
        #expect(failures.withLock { $0 }.isEmpty)
        #expect(try rowCount(store) == 4 * 60 * 7)
        #expect(store.check().isSound)
        try store.close()
        let again = try Store.open(fileSystem, options: options)
        #expect(try rowCount(again) == 4 * 60 * 7)
        try again.compact()
        #expect(try rowCount(again) == 4 * 60 * 7)
        #expect(again.check().isSound)
        try again.close()
    }

    /// Without a sync power may take acknowledged writes, but only the last ones.
    @Test("Case 13: what a log without syncs loses is its end")
    func whatAnUnsyncedLogLosesIsItsEnd() throws {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<60 {
            var options = Self.quiet
            options.durability = .none
            let fileSystem = SimulatedFileSystem()
            let store = try Store.open(fileSystem, options: options)
            for time in 0..<30 {
                // Rows of different sizes, so that records lie across sectors.
                let note = String(repeating: "x", count: generator.below(400))
                try write([StoreRow(sensor: 1, time: Int64(time), note: note)], to: store)
            }
            let after = try Store.open(fileSystem.crashed(&generator), options: options)
            let times = try ModelTable.scan(after.snapshot()).map(\.time)
            #expect(times == (0..<Int64(times.count)).map { $0 }, "round \(round)")
            #expect(after.check().isSound)
        }
    }
}
