import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

/// Backups of a store in use: each equals the store at one write, whatever happened meanwhile.
struct BackupTests {
    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 2 << 10
        options.wideSegmentCountLimit = 2
        options.segmentByteCountLimit = 600
        options.runsUpkeep = false
        options.retirementSeconds = 0
        return options
    }

    private static var readOnly: StoreOptions {
        var options = options
        options.isReadOnly = true
        return options
    }

    private static func write(_ rows: [StoreRow], to store: Store) throws {
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        _ = try store.write(
            [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
    }

    private static func fill(_ store: Store, _ seed: UInt64, count: Int) throws {
        var generator = SeededGenerator(seed: seed)
        for index in 0..<count {
            try write(generator.storeRows(1 + generator.below(9)), to: store)
            if index % 5 == 4 { try store.flush() }
            if index % 11 == 10 { try store.compact() }
        }
    }

    /// What a complete backup holds, read from its own folder.
    private static func open(_ target: any FileSystem, _ folder: String) throws -> Store {
        try Store.open(
            SubfolderFileSystem(target, folder: folder), options: readOnly)
    }

    private static func restored(_ source: any FileSystem) throws -> Store {
        let target = SimulatedFileSystem()
        var generator = SeededGenerator(seed: 1)
        _ = try Restoration(source).restore(
            to: target, isCopying: false, random: { generator.next() })
        return try Store.open(target, options: options)
    }

    @Test(
        "Case 86: a backup by the writer and one by a reader equal the store",
        arguments: [false, true])
    func equalsTheStore(isCopying: Bool) throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        let reader = try Store.open(fileSystem, options: Self.readOnly)
        let target = SimulatedFileSystem()
        for round in 0..<6 {
            try Self.fill(store, UInt64(round), count: 7)
            let taker = round % 2 == 0 ? store : reader
            let report = try taker.backup(to: target, isCopying: isCopying)
            #expect(report.sequence == store.snapshot().sequence)
            #expect(report.linkedCount == 0 || !isCopying)
            let copy = try Self.open(target, report.folder)
            #expect(try ModelTable.model(copy.snapshot()) == ModelTable.model(store.snapshot()))
            #expect(copy.check().isSound, "\(copy.check().problems)")
            let again = try Self.restored(target)
            #expect(try ModelTable.model(again.snapshot()) == ModelTable.model(store.snapshot()))
            #expect(again.check().isSound)
            // It is a store like any other.
            try Self.fill(again, 77, count: 6)
            try again.close()
        }
        // Each of them still holds what it held.
        let first = try Self.open(target, "BACKUP-000000000001")
        #expect(first.check().isSound)
    }

    @Test func theSecondBackupTakesNewSegmentsAlone() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        try Self.fill(store, 3, count: 23)
        let target = SimulatedFileSystem()
        let first = try store.backup(to: target, isCopying: true)
        #expect(first.copiedCount == first.segmentCount && first.segmentCount > 0)
        let second = try store.backup(to: target, isCopying: true)
        #expect(second.copiedCount == 0 && second.keptCount == first.segmentCount)
        try Self.write([StoreRow(sensor: 1, time: 5)], to: store)
        let third = try store.backup(to: target, isCopying: true)
        #expect(third.copiedCount == 1)
        #expect(third.folder == "BACKUP-000000000003")
    }

    @Test func whatIsRefused() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        try Self.fill(store, 4, count: 8)
        let other = SimulatedFileSystem()
        other.put([1], at: "photographs")
        #expect(throws: StorageError.self) { try store.backup(to: other) }
        let target = SimulatedFileSystem()
        let report = try store.backup(to: target)
        let stranger = try Store.open(SimulatedFileSystem(), options: Self.options)
        try Self.fill(stranger, 5, count: 8)
        #expect(throws: StorageError.self) { try stranger.backup(to: target) }
        // A backup is not written to, and not restored over something.
        let failure = #expect(throws: StorageError.self) {
            try Store.open(
                SubfolderFileSystem(target, folder: report.folder), options: Self.options)
        }
        #expect(failure?.code == .readOnly)
        #expect(throws: StorageError.self) {
            try Restoration(target).restore(to: other, isCopying: false, random: { 1 })
        }
        #expect(other.paths.filter { $0.hasPrefix("segments") }.isEmpty)
        #expect(throws: StorageError.self) { try Restoration(fileSystem) }
        // Damage does not get into a backup.
        let segment = try #require(fileSystem.paths.first { $0.hasPrefix("segments/") })
        var bytes = try #require(fileSystem.bytes(segment))
        bytes[bytes.count / 2] ^= 1
        fileSystem.put(bytes, at: segment)
        let damaged = try Store.open(fileSystem.killed(), options: Self.options)
        let found = #expect(throws: StorageError.self) {
            try damaged.backup(to: SimulatedFileSystem())
        }
        #expect(found?.code == .damaged)
    }

    @Test("Case 79: a restored store's epoch was never the original's")
    func epochsDoNotMeet() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        try Self.fill(store, 6, count: 4)
        let target = SimulatedFileSystem()
        _ = try store.backup(to: target)
        let again = try Self.restored(target)
        #expect(again.epoch > store.epoch + 1 << 32)
    }

    /// Crash at every call of a backup: what is found is a whole backup or none, and the next run
    /// completes it.
    @Test("Case 86: a backup cut off at any call is none, and the next run completes it")
    func cutOffAtEveryCall() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        try Self.fill(store, 8, count: 9)
        let counted = SimulatedFileSystem()
        let old = try ModelTable.model(store.snapshot())
        _ = try store.backup(to: counted)
        let first = counted.killed()
        let before = counted.callCount
        try Self.fill(store, 9, count: 5)
        _ = try store.backup(to: counted)
        let calls = counted.callCount - before
        #expect(calls > 20)
        let new = try ModelTable.model(store.snapshot())
        var generator = SeededGenerator(seed: 12)
        for call in 0..<calls {
            let target = first.killed()
            target.fail(call: target.callCount + call, .powerLoss)
            let isDone = (try? store.backup(to: target)) != nil
            let after = target.crashed(&generator)
            let place = "call \(call)"
            do {
                let newest = try Self.restored(after)
                let found = try ModelTable.model(newest.snapshot())
                #expect(found == (isDone ? new : old) || found == new, "\(place)")
                let report = try store.backup(to: after)
                #expect(report.folder != "BACKUP-000000000001", "\(place)")
                #expect(
                    try ModelTable.model(Self.open(after, report.folder).snapshot()) == new,
                    "\(place)")
                #expect(try ModelTable.model(Self.restored(after).snapshot()) == new, "\(place)")
            } catch { Issue.record("\(place): \(error)") }
        }
    }

    @Test("Case 86: a restoration cut off at any call is no store, and the next run completes it")
    func restorationCutOffAtEveryCall() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        try Self.fill(store, 8, count: 9)
        let backups = SimulatedFileSystem()
        _ = try store.backup(to: backups)
        let expected = try ModelTable.model(store.snapshot())
        let counted = SimulatedFileSystem()
        _ = try Restoration(backups).restore(to: counted, isCopying: true, random: { 5 })
        var generator = SeededGenerator(seed: 3)
        for call in 0..<counted.callCount {
            let target = SimulatedFileSystem()
            target.fail(call: call, .powerLoss)
            _ = try? Restoration(backups).restore(to: target, isCopying: true, random: { 5 })
            let after = target.crashed(&generator)
            let place = "call \(call)"
            do {
                if try !after.exists("IDENTITY") {
                    if after.paths.contains("RESTORE") || after.paths.isEmpty {
                        _ = try Restoration(backups).restore(
                            to: after, isCopying: true, random: { 6 })
                    } else {
                        continue
                    }
                }
                let again = try Store.open(after, options: Self.options)
                #expect(try ModelTable.model(again.snapshot()) == expected, "\(place)")
                #expect(again.check().isSound, "\(place)")
                try again.close()
            } catch { Issue.record("\(place): \(error)") }
        }
    }

    /// Each write adds one row with the next time, so what a store holds tells which writes it has.
    @Test(
        "Case 86: backups by both processes under the load of several writers are the store at a write"
    )
    func underLoad() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        var options = Self.options
        options.runsUpkeep = true
        options.durability = .none
        let store = try Store.open(path: folder + "/db", options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        let reader = try Store.open(path: folder + "/db", options: Self.readOnly)
        let isDone = Mutex(false)
        let failures = Mutex<[String]>([])
        let writers = (0..<3).map { sensor in
            Thread {
                var time: Int64 = 0
                while !isDone.withLock({ $0 }) && time < 20_000 {
                    time += 1
                    do {
                        _ = try store.write(
                            [
                                ModelTable.batch(
                                    [StoreRow(sensor: sensor, time: time)], table: table)
                            ], rule: .merge, isCounted: false)
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                        return
                    }
                }
            }
        }
        for writer in writers { writer.start() }
        defer {
            isDone.withLock { $0 = true }
            for writer in writers { while !writer.isFinished { sched_yield() } }
        }
        for round in 0..<8 {
            let low = store.snapshot().sequence
            let report = try (round % 2 == 0 ? store : reader).backup(
                toPath: folder + "/backups", isCopying: round % 4 == 3)
            #expect(report.sequence >= low)
            let copy = try Store.open(
                path: folder + "/backups/" + report.folder, options: Self.readOnly)
            let rows = try ModelTable.scan(copy.snapshot())
            // One row a write: nothing is missing, nothing is too much, no series has a hole.
            #expect(rows.count == Int(report.sequence), "round \(round)")
            var last: [Int: Int64] = [:]
            for row in rows {
                #expect(row.time == (last[row.sensor] ?? 0) + 1)
                last[row.sensor] = row.time
            }
            #expect(copy.check().isSound)
        }
        #expect(failures.withLock { $0 }.isEmpty, "\(failures.withLock { $0.prefix(2) })")
    }
}
