import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Writers who are faster than upkeep, and upkeep that cannot go on: held up, then told, never
/// left hanging and never let grow. And the health that says so.
struct PressureTests {
    private static var options: StoreOptions {
        var options = Fixture.options
        options.wideSegmentCountLimit = 4
        options.slowWideSegmentCount = 6
        options.wideSegmentCountMaximum = 10
        return options
    }

    private func flush(_ count: Int, from first: Int, to store: Store) throws {
        for hour in first..<(first + count) {
            try Fixture.write(Fixture.rows(hour..<(hour + 1)), to: store)
            try store.flush()
        }
    }

    @Test func wideSegmentsThatGatherAreToldAndTheirLimitIsKept() throws {
        let store = try Store.open(SimulatedFileSystem(), options: Self.options)
        try flush(7, from: 0, to: store)
        try Fixture.write(Fixture.rows(7..<8), to: store)
        guard case .pressured(let pressures) = store.health else {
            Issue.record("\(store.health)")
            return
        }
        #expect(pressures.map(\.reason) == [.lag])
        // At the limit the writer does what no thread does here.
        for hour in 8..<60 {
            try Fixture.write(Fixture.rows(hour..<(hour + 1)), to: store)
            try store.flush()
            #expect(store.snapshot().segments.count { $0.summary.isWide } <= 10)
        }
        #expect(try Fixture.rowCount(store) == 120)
        try store.compact()
        #expect(store.health.name == "healthy", "\(store.health)")
    }

    @Test func aWriterAtTheLimitHearsWhyUpkeepCannotGoOn() throws {
        let fileSystem = StagedFileSystem()
        let clock = ManualClock()
        let store = try Store.open(fileSystem, options: Self.options, clock: clock)
        try flush(10, from: 0, to: store)
        let input = try #require(store.snapshot().segments.first)
        input.close()
        fileSystem.failOpening(input.path, code: 5)
        let failure = #expect(throws: StorageError.self) {
            try Fixture.write(Fixture.rows(20..<21), to: store)
        }
        #expect(failure?.file == input.path)
        #expect(store.health.reasons.contains { $0.contains(input.path) }, "\(store.health)")
        #expect(store.events.contains { $0.kind == .upkeep })
        // The cause goes, and so does the refusal.
        fileSystem.failOpening(input.path, code: 5, count: 0)
        try Fixture.write(Fixture.rows(20..<21), to: store)
        #expect(try Fixture.rowCount(store) == 22)
        store.tend()
        try store.compact()
        #expect(store.health.name == "healthy", "\(store.health)")
    }

    @Test func aWriterAtTheLimitHearsOfMissingRoom() throws {
        let fileSystem = StagedFileSystem()
        var options = Self.options
        options.softFreeByteCountLimit = 0
        options.hardFreeByteCountLimit = 0
        let store = try Store.open(fileSystem, options: options)
        try flush(10, from: 0, to: store)
        fileSystem.setCapacity(fileSystem.used + 100)
        let failure = #expect(throws: StorageError.self) {
            try Fixture.write(Fixture.rows(20..<21), to: store)
        }
        #expect(failure?.code == .diskFull)
        fileSystem.setCapacity(nil)
        try Fixture.write(Fixture.rows(20..<21), to: store)
        #expect(try Fixture.rowCount(store) == 22)
    }

    @Test func bothMemtablesFullMeansWaitingForTheFlush() throws {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 10
        let fileSystem = StagedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        let table = try Fixture.table(store)
        fileSystem.closeGate(at: ".seg.tmp")
        let written = Monitor(0)
        let writer = EngineThread {
            for hour in 0..<60 {
                let batch = ModelTable.batch(Fixture.rows(hour..<(hour + 1)), table: table)
                if (try? store.write([batch], rule: .merge, isCounted: false)) != nil {
                    written.withLock { $0 += 1 }
                    written.signalAll()
                }
            }
        }
        // The first flush stands still; what is in memory stays bounded by two generations.
        fileSystem.waitAtGate()
        var state = store.state.withLock { ($0.sealed?.byteCount ?? 0) + $0.active.byteCount }
        #expect(state < 3 * options.memtableByteCountLimit)
        fileSystem.openGate()
        written.waitUntil({ $0 == 60 }) { _ in }
        writer?.join()
        state = store.state.withLock { ($0.sealed?.byteCount ?? 0) + $0.active.byteCount }
        #expect(state < 3 * options.memtableByteCountLimit)
        #expect(try Fixture.rowCount(store) == 120)
        try store.close()
    }

    @Test func writersWaitForTheThreadAtTheLimit() throws {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 10
        options.slowWideSegmentCount = 3
        options.wideSegmentCountMaximum = 4
        options.wideSegmentCountLimit = 2
        let store = try Store.open(SimulatedFileSystem(), options: options)
        for hour in 0..<80 { try Fixture.write(Fixture.rows(hour..<(hour + 1)), to: store) }
        #expect(store.snapshot().segments.count { $0.summary.isWide } <= 6)
        #expect(try Fixture.rowCount(store) == 160)
        try store.close()
        #expect(store.health.name == "closed")
    }

    @Test func everyChangeOfHealthIsSeenByWhoWatchesAndWhoWaits() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Fixture.options)
        let seen = Monitor<[String]>([])
        let number = store.healthMonitor.watch { health in
            seen.withLock { $0.append(health.name) }
        }
        try Fixture.write(Fixture.rows(0..<1), to: store)
        let (_, version) = store.healthMonitor.current
        // A log that cannot be synced: the store is poisoned.
        fileSystem.fail(call: fileSystem.callCount + 1, .refusal(.input))
        #expect(throws: StorageError.self) { try Fixture.write(Fixture.rows(1..<2), to: store) }
        let (health, next) = store.healthMonitor.waitForChange(
            after: version, milliseconds: 60_000)
        #expect(health.name == "read-only")
        #expect(next > version)
        try store.close()
        #expect(seen.withLock { $0 } == ["healthy", "read-only", "closed"])
        store.healthMonitor.unwatch(number)
        #expect(store.events.filter { $0.kind == .health }.count == 2)
    }

    @Test func aFailedFlushIsToldAndTriedAgainAfterPausesThatGrow() throws {
        let fileSystem = StagedFileSystem()
        let clock = ManualClock()
        let store = try Store.open(fileSystem, options: Fixture.options, clock: clock)
        try Fixture.write(Fixture.rows(0..<4), to: store)
        fileSystem.failOpening("segments/000000000001.seg.tmp", code: 5)
        fileSystem.failOpening("segments/000000000002.seg.tmp", code: 5)
        #expect(throws: StorageError.self) { try store.flush() }
        guard case .pressured(let pressures) = store.health else {
            Issue.record("\(store.health)")
            return
        }
        #expect(pressures.map(\.reason) == [.flush])
        #expect(store.tend())
        #expect(!store.flushRetries.takeDue(now: clock.monotonic()))
        clock.advance(seconds: 1)
        #expect(store.flushRetries.takeDue(now: clock.monotonic()))
        #expect(throws: StorageError.self) { try store.flush() }
        clock.advance(seconds: 1)
        #expect(!store.flushRetries.takeDue(now: clock.monotonic()))
        clock.advance(seconds: 1)
        #expect(store.flushRetries.takeDue(now: clock.monotonic()))
        try store.flush()
        #expect(store.health.name == "healthy")
        #expect(!store.tend())
        #expect(try Fixture.rowCount(store) == 8)
    }
}
