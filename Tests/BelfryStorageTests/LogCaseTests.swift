import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Cases of the log that the design numbers: frames, failed writes and syncs, limits. Those of
/// damage stand in `LogDamageTests` and `SalvageTests`, those of crashes in `CrashTests`.
struct LogCaseTests {
    private static var options: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.reserveByteCount = 0
        return options
    }

    private func store(
        _ options: StoreOptions = options
    ) throws -> (store: Store, fileSystem: SimulatedFileSystem) {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        _ = try store.createTable(ModelTable.schema, ifNotExists: false)
        return (store, fileSystem)
    }

    private func write(
        _ time: Int64, to store: Store, note: String? = nil, sensor: Int = 1
    ) throws(StorageError) {
        guard let table = store.snapshot().catalog.table(named: "readings") else { return }
        _ = try store.write(
            [
                ModelTable.batch(
                    [StoreRow(sensor: sensor, time: time, note: note)], table: table)
            ], rule: nil, isCounted: false)
    }

    private func times(_ store: Store) throws -> [Int64] {
        try ModelTable.scan(store.snapshot()).map(\.time).sorted()
    }

    /// A transfer of ten bytes against a scripted system, and where its calls began.
    private struct Transfer: Equatable {
        var failure: TransferLoop.Failure?
        var starts: [Int]

        init(_ failure: TransferLoop.Failure?, _ starts: [Int]) {
            self.failure = failure
            self.starts = starts
        }
    }

    private func transfer(_ answers: [TransferLoop.Answer]) -> Transfer {
        var rest = answers[...]
        var starts: [Int] = []
        do throws(TransferLoop.Failure) {
            try TransferLoop.move(10, interruption: 4) { done, count in
                starts.append(done)
                #expect(done + count == 10)
                return rest.popFirst() ?? (count, 0)
            }
        } catch { return Transfer(error, starts) }
        return Transfer(nil, starts)
    }

    @Test("Case 11: short, empty and interrupted calls: gone on with, an error, tried again")
    func transfersOfEveryKind() {
        #expect(transfer([(10, 0)]) == Transfer(nil, [0]))
        #expect(transfer([(3, 0), (1, 0)]) == Transfer(nil, [0, 3, 4]))
        #expect(transfer([(-1, 4), (3, 0), (-1, 4), (-1, 4)]) == Transfer(nil, [0, 0, 3, 3, 3]))
        #expect(transfer([(3, 0), (0, 0)]) == Transfer(.nothing(after: 3), [0, 3]))
        #expect(transfer([(3, 0), (-1, 28)]) == Transfer(.code(28), [0, 3]))
        #expect(transfer([(11, 0)]) == Transfer(.nothing(after: 0), [0]))
        let endless = [TransferLoop.Answer](
            repeating: (-1, 4), count: TransferLoop.interruptionLimit + 1)
        #expect(transfer(endless).failure == .code(4))
        #expect(transfer([]) == Transfer(nil, [0]))
    }

    @Test("Case 7: a record with a right checksum and an old sequence is the end of the log")
    func staleRecords() throws {
        let (store, fileSystem) = try store()
        for time in 1...3 { try write(Int64(time), to: store) }
        let path = "log/000000000001.log"
        let bytes = try #require(fileSystem.bytes(path))
        let header = try LogHeader.decode(Array(bytes[..<96]))
        var reader = try LogReader(path: path, databaseID: header.databaseID, in: fileSystem)
        while try reader.next() != nil {}
        let end = Int(reader.offset)
        for sequence in [UInt64(1), 2, 3] {
            var stale = RecordWriter(capacity: 0)
            stale.write([(number: 9, key: SeriesKey(bytes: [1]))])
            let record = stale.seal(
                sequence: sequence, syncedThrough: 0, salt: header.salt, offset: UInt64(end))
            let disk = fileSystem.killed()
            disk.put(Array(bytes[..<end]) + record, at: path)
            let again = try Store.open(disk, options: Self.options)
            #expect(try times(again) == [1, 2, 3])
            #expect(again.recoveryFindings.map(\.kind) == [.tornEnd])
        }
        // Bytes of the file itself, at another place.
        let disk = fileSystem.killed()
        disk.put(Array(bytes[..<end]) + bytes[96..<end], at: path)
        #expect(try times(Store.open(disk, options: Self.options)) == [1, 2, 3])
    }

    @Test("Case 8: a text that is a copy of a real record is not taken for one")
    func textsThatLookLikeRecords() throws {
        let (store, fileSystem) = try store()
        try write(1, to: store, note: "one")
        let path = "log/000000000001.log"
        let first = try #require(fileSystem.bytes(path))
        let payload = (0..<4).reduce(0) { $0 | Int(first[96 + 8 + $1]) << (8 * $1) }
        let record = Array(first[96..<(96 + LogFormat.recordByteCount(payload: payload))])
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        for shift in 0..<8 {
            var notes = VectorBuilder(.text)
            notes.append((Array(repeating: 0x20, count: shift) + record + record)[...])
            _ = try store.write(
                [
                    PointBatch(
                        table: table, keys: [ModelTable.key(1, of: table)], keyIndexes: [0],
                        times: [Int64(2 + shift)],
                        columns: [
                            PointBatch.Column(
                                number: table.columns[5].number, values: notes.finish())
                        ])
                ], rule: nil, isCounted: false)
        }
        let bytes = try #require(fileSystem.bytes(path))
        let last = try #require(bytes.lastIndex { $0 != 0 })
        // The last record is cut at each of its places: the search goes through the copies.
        var reader = try LogReader(
            path: path, databaseID: Array(bytes[16..<32]), in: fileSystem)
        for _ in 0..<8 { _ = try reader.next() }
        for cut in stride(from: Int(reader.offset) + 33, to: last, by: 7) {
            let disk = fileSystem.killed()
            var torn = Array(bytes[..<cut])
            torn[Int(reader.offset)] ^= 0xFF
            disk.put(torn, at: path)
            let again = try Store.open(disk, options: Self.options)
            #expect(try times(again) == [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(again.recoveryFindings.map(\.kind) == [.tornEnd])
        }
    }

    @Test("Case 9: a sync that fails once is not tried again, and no write stands on it")
    func aFailedSyncIsFinal() throws {
        let (store, fileSystem) = try store()
        try write(1, to: store)
        fileSystem.fail(.sync, .refusal(.input))
        let acknowledged = Mutex<[Int64]>([1])
        let threads = (0..<4).map { thread in
            EngineThread {
                for step in 0..<5 {
                    let time = Int64(10 + thread * 5 + step)
                    if (try? write(time, to: store)) != nil {
                        acknowledged.withLock { $0.append(time) }
                    }
                }
            }
        }
        for thread in threads { thread?.join() }
        #expect(acknowledged.withLock { $0 } == [1])
        let count = fileSystem.count(of: .sync)
        #expect(throws: StorageError.self) { try store.flush() }
        try? store.close()
        #expect(fileSystem.count(of: .sync) == count)
        var generator = SeededGenerator(seed: 1)
        let after = try Store.open(
            fileSystem.crashed(.nothing, &generator), options: Self.options)
        #expect(try times(after) == [1])
    }

    @Test(
        "Case 10: after a failed sync writes are refused and reads go on; reopening makes durable")
    func afterAFailedSync() throws {
        let (store, fileSystem) = try store()
        try write(1, to: store)
        fileSystem.fail(.sync, .refusal(.input))
        #expect(throws: StorageError.self) { try write(2, to: store) }
        for _ in 0..<2 {
            let failure = #expect(throws: StorageError.self) { try write(3, to: store) }
            #expect(failure?.code == .poisoned)
        }
        #expect(try times(store) == [1])
        if case .readOnly = store.health {} else { Issue.record("\(store.health)") }
        // The process goes and not the power: the record can be read, though it is not on the disk
        // and a sync would not bring it there.
        let again = try Store.open(fileSystem.killed(), options: Self.options)
        let found = try times(again)
        #expect(found == [1, 2])
        let disk = try #require(again.fileSystem as? SimulatedFileSystem)
        try write(4, to: again)
        var generator = SeededGenerator(seed: 1)
        let after = try Store.open(disk.crashed(.nothing, &generator), options: Self.options)
        #expect(try times(after) == found + [4])
        // The power goes at once: only what was acknowledged is sure.
        let lost = try Store.open(fileSystem.crashed(.nothing, &generator), options: Self.options)
        #expect(try times(lost) == [1])
    }

    @Test("Case 12: a full disk in the middle of a record: refused, gone, and writes go on")
    func aFullDiskAtEveryByte() throws {
        for isCutFailing in [false, true] {
            for kept in stride(from: 0, through: 260, by: isCutFailing ? 13 : 5) {
                let (store, fileSystem) = try store()
                try write(1, to: store)
                fileSystem.fail(.write, .cutWrite(kept))
                if isCutFailing { fileSystem.fail(.truncate, .refusal(.input)) }
                let failure = #expect(throws: StorageError.self) {
                    try write(2, to: store, sensor: 2)
                }
                #expect(failure?.code == .diskFull)
                #expect(try times(store) == [1])
                if !isCutFailing {
                    // What was refused does not come back, whatever the crash keeps.
                    var generator = SeededGenerator(seed: UInt64(kept))
                    for survival in CrashSurvival.allCases {
                        let disk = fileSystem.crashed(survival, &generator)
                        #expect(try times(Store.open(disk, options: Self.options)) == [1])
                    }
                }
                try write(3, to: store, sensor: 3)
                #expect(fileSystem.paths.contains("log/000000000002.log"))
                let again = try Store.open(fileSystem.killed(), options: Self.options)
                #expect(try times(again) == [1, 3], "\(kept) bytes")
                #expect(again.recoveryNotes.isEmpty)
                #expect(again.check().isSound)
                try store.flush()
                #expect(!fileSystem.paths.contains { $0.hasPrefix("log/") })
                #expect(try times(store) == [1, 3])
            }
        }
    }

    @Test("Case 12: the same without room reserved ahead, by the limit of the disk")
    func aFullDiskWithoutReservedRoom() throws {
        var options = Self.options
        options.softFreeByteCountLimit = 0
        options.hardFreeByteCountLimit = 0
        let (store, fileSystem) = try store(options)
        fileSystem.isReserving = false
        try write(1, to: store)
        for spare in [0, 10, 100, 200] {
            fileSystem.capacity = fileSystem.usedByteCount + spare
            let failure = #expect(throws: StorageError.self) {
                try write(2, to: store, note: String(repeating: "x", count: 2_000))
            }
            #expect(failure?.code == .diskFull)
            #expect(try times(store) == [1])
        }
        fileSystem.capacity = nil
        try write(3, to: store)
        #expect(try times(store) == [1, 3])
        let again = try Store.open(fileSystem.killed(), options: options)
        #expect(try times(again) == [1, 3])
    }

    @Test("Case 16: a write past the limit is refused up front, and nothing of it is applied")
    func writesPastTheLimit() throws {
        var options = Self.options
        options.frameByteCountLimit = 2 << 10
        options.batchByteCountLimit = 8 << 10
        let (store, fileSystem) = try store(options)
        try write(1, to: store)
        let calls = fileSystem.callCount
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        let failure = #expect(throws: StorageError.self) {
            try write(2, to: store, note: String(repeating: "x", count: 9 << 10), sensor: 5)
        }
        #expect(failure?.code == .limit)
        // Many long keys count, too: each must be defined in the record.
        let keys = (0..<20).map { number in
            SeriesKey(
                table: table.number,
                parts: [
                    (
                        table.columns[2].number,
                        Array("\(number)".utf8) + [UInt8](repeating: 0x61, count: 500)
                    )
                ])
        }
        let wide = #expect(throws: StorageError.self) {
            try store.write(
                [
                    PointBatch(
                        table: table, keys: keys, keyIndexes: (0..<20).map { UInt32($0) },
                        times: (0..<20).map { Int64($0) }, columns: [])
                ], rule: nil, isCounted: false)
        }
        #expect(wide?.code == .limit)
        #expect(fileSystem.callCount == calls)
        #expect(store.snapshot().seriesCount(table) == 1)
        #expect(try times(store) == [1])
        // Between the two limits it goes straight to a segment.
        try write(3, to: store, note: String(repeating: "x", count: 4 << 10))
        #expect(fileSystem.paths.contains { $0.hasPrefix("segments/") })
        try write(4, to: store)
        #expect(try times(Store.open(fileSystem.killed(), options: options)) == [1, 3, 4])
    }

    @Test("Case 13: ticks of the timer, driven by hand: what was written before one is durable")
    func intervalBound() throws {
        var options = Self.options
        // The thread of the store sleeps; this test is the timer.
        options.durability = .interval(milliseconds: 1_000_000_000)
        let (store, fileSystem) = try store(options)
        let clock = ManualClock()
        let window: Int64 = 10
        var schedule = SyncSchedule(milliseconds: 10_000, now: clock.monotonic())
        var generator = SeededGenerator(seed: 13)
        for second in 1...60 {
            clock.advance(seconds: 1)
            if schedule.nanosecondsLeft(now: clock.monotonic()) == 0 {
                schedule.begin(now: clock.monotonic())
                store.syncInBackground()
            }
            try write(Int64(second), to: store)
            for survival in [CrashSurvival.nothing, .data, .arbitrary, .arbitrary] {
                let disk = fileSystem.crashed(survival, &generator)
                let found = try times(Store.open(disk, options: options))
                #expect(found == (0..<found.count).map { Int64($0 + 1) }, "a prefix")
                #expect(Int64(found.count) >= Int64(second) - window, "second \(second)")
            }
        }
    }

    @Test("Case 13: a sync that took long is followed by the next at once, never by two")
    func intervalSchedule() {
        var schedule = SyncSchedule(milliseconds: 100, now: 1_000_000_000)
        #expect(schedule.nanosecondsLeft(now: 1_000_000_000) == 100_000_000)
        #expect(schedule.nanosecondsLeft(now: 1_099_999_999) == 1)
        #expect(schedule.nanosecondsLeft(now: 1_100_000_000) == 0)
        schedule.begin(now: 1_100_000_000)
        #expect(schedule.nanosecondsLeft(now: 1_130_000_000) == 70_000_000)
        #expect(schedule.nanosecondsLeft(now: 1_500_000_000) == 0)
        schedule.begin(now: 1_500_000_000)
        #expect(schedule.nanosecondsLeft(now: 1_500_000_000) == 100_000_000)
    }

    @Test("Case 14: the power goes at every call while one log file follows another")
    func rotation() throws {
        var options = CrashTests.options
        options.memtableByteCountLimit = 1
        var generator = SeededGenerator(seed: 14)
        let steps: [WorkStep] =
            [.create("air")]
            + (0..<8).map { _ in
                .write(
                    [
                        WorkBatch(
                            table: "air", rows: Workload.rows(2, extra: [], &generator))
                    ], .merge)
            }
        for (index, mode) in [Durability.sync, .interval(milliseconds: 1_000_000_000)]
            .enumerated()
        {
            options.durability = mode
            let outcome = try CrashTests.crashAtEveryCall(
                CrashRun(steps, options), seed: UInt64(index), callsEvery: 1, recoveriesEvery: 8,
                survivals: CrashSurvival.allCases)
            #expect(outcome.failure == nil)
            #expect(outcome.callCount > 300)
        }
    }
}
