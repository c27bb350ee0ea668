import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Files of segments: how long they stay once nobody lists them, how many are open, and what
/// happens where one cannot be opened.
struct SegmentFileTests {
    private static var options: StoreOptions {
        var options = Fixture.options
        options.retirementSeconds = 60
        return options
    }

    private func compacted(
        _ fileSystem: SimulatedFileSystem, _ clock: ManualClock
    ) throws -> (Store, old: [String]) {
        let store = try Store.open(fileSystem, options: Self.options, clock: clock)
        for hour in 0..<3 {
            try Fixture.write(Fixture.rows((hour * 4)..<(hour * 4 + 4)), to: store)
            try store.flush()
        }
        let old = store.snapshot().segments.map(\.path)
        try store.compact()
        return (store, old)
    }

    @Test func aSegmentThatLeftIsUnlinkedAfterItsGrace() throws {
        let fileSystem = SimulatedFileSystem()
        let clock = ManualClock()
        let (store, old) = try compacted(fileSystem, clock)
        #expect(store.tend())
        #expect(old.allSatisfy(fileSystem.paths.contains))
        clock.advance(seconds: 59)
        store.tend()
        #expect(old.allSatisfy(fileSystem.paths.contains))
        clock.advance(seconds: 1)
        #expect(!store.tend())
        #expect(!old.contains(where: fileSystem.paths.contains))
        #expect(try Fixture.rowCount(store) == 24)
        // The next manifest forgets them.
        try store.flush()
        try Fixture.write(Fixture.rows(30..<31), to: store)
        try store.flush()
        #expect(store.state.withLock { $0.manifest.retired }.isEmpty)
    }

    @Test func aSnapshotHoldsTheFileLongerThanItsGrace() throws {
        let fileSystem = SimulatedFileSystem()
        let clock = ManualClock()
        let store = try Store.open(fileSystem, options: Self.options, clock: clock)
        try Fixture.write(Fixture.rows(0..<4), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(4..<8), to: store)
        try store.flush()
        var held: Snapshot? = store.snapshot()
        let old = try #require(held).segments.map(\.path)
        try store.compact()
        clock.advance(seconds: 3_600)
        store.tend()
        #expect(old.allSatisfy(fileSystem.paths.contains))
        #expect(try ModelTable.scan(try #require(held)).count == 16)
        held = nil
        store.tend()
        #expect(!old.contains(where: fileSystem.paths.contains))
    }

    @Test func afterReopeningWhatIsLeftOfTheGraceIsKept() throws {
        let fileSystem = SimulatedFileSystem()
        let clock = ManualClock()
        let (store, old) = try compacted(fileSystem, clock)
        try store.close()
        clock.advance(seconds: 20)
        let again = try Store.open(fileSystem, options: Self.options, clock: clock)
        #expect(old.allSatisfy(fileSystem.paths.contains))
        #expect(again.recoveryNotes.isEmpty, "\(again.recoveryNotes)")
        clock.advance(seconds: 60)
        again.tend()
        #expect(!old.contains(where: fileSystem.paths.contains))
        #expect(try Fixture.rowCount(again) == 24)
    }

    @Test func noMoreSegmentsAreOpenThanTheLimitAllows() throws {
        let fileSystem = StagedFileSystem()
        var options = Fixture.options
        options.openSegmentCountLimit = 5
        options.wideSegmentCountMaximum = 1_000
        let store = try Store.open(fileSystem, options: options)
        for hour in 0..<30 {
            try Fixture.write(Fixture.rows((hour * 24)..<(hour * 24 + 1)), to: store)
            try store.flush()
        }
        let snapshot = store.snapshot()
        #expect(snapshot.segments.count == 30)
        for handle in snapshot.segments { _ = try handle.reader() }
        #expect(snapshot.segments.count(where: \.isOpen) == 5)
        // A scan may hold more while it runs, and gives them back.
        #expect(try Fixture.rowCount(store) == 60)
        #expect(snapshot.segments.count(where: \.isOpen) <= 5)
        #expect(fileSystem.openCount <= 8)
    }

    @Test(
        "Case 29: no descriptor left closes idle segments; a query that still fails leaves the engine alive"
    )
    func noDescriptorLeft() throws {
        let fileSystem = StagedFileSystem()
        var options = Fixture.options
        options.openSegmentCountLimit = 64
        options.wideSegmentCountMaximum = 1_000
        let store = try Store.open(fileSystem, options: options)
        for hour in 0..<12 {
            try Fixture.write(Fixture.rows((hour * 24)..<(hour * 24 + 1)), to: store)
            try store.flush()
        }
        let snapshot = store.snapshot()
        func read(_ handles: some Sequence<SegmentHandle>) throws {
            for handle in handles { _ = try handle.reader() }
        }
        try read(snapshot.segments)
        let open = fileSystem.openCount
        #expect(open >= 12)
        // Others take the rest: idle segments are closed for the next one.
        fileSystem.setDescriptorLimit(open)
        for handle in snapshot.segments.prefix(6) { handle.close() }
        fileSystem.setDescriptorLimit(fileSystem.openCount)
        try read(snapshot.segments.prefix(6))
        #expect(store.openSegments.limit < 64)
        #expect(fileSystem.openCount <= open)
        // A scan that needs all of them at once is refused; nothing else is.
        for handle in snapshot.segments { handle.close() }
        fileSystem.setDescriptorLimit(fileSystem.openCount + 4)
        let failure = #expect(throws: StorageError.self) { try Fixture.rowCount(store) }
        #expect(failure?.systemCode == 24)
        try Fixture.write(Fixture.rows(999..<1_000), to: store)
        fileSystem.setDescriptorLimit(nil)
        #expect(try Fixture.rowCount(store) == 26)
        for _ in 0..<20 { store.tend() }
        #expect(store.openSegments.limit == 64)
        #expect(store.check().isSound)
    }

    @Test("Case 29: no permission on one segment fails the queries that touch it, no others")
    func noPermission() throws {
        let fileSystem = StagedFileSystem()
        let store = try Store.open(fileSystem, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<2), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(1_000..<1_002), to: store)
        try store.flush()
        let snapshot = store.snapshot()
        let barred = try #require(snapshot.segments.last)
        barred.close()
        fileSystem.failOpening(barred.path, code: 13)
        let table = try #require(snapshot.catalog.table(named: "readings"))
        var request = ScanRequest(table: table, columns: [0])
        request.times = TimeRange(
            start: Timestamp(nanoseconds: 0), end: Timestamp(nanoseconds: 86_400_000_000_000))
        let scan = try snapshot.scan(request)
        #expect(try scan.next()?.rowCount != nil)
        let failure = #expect(throws: StorageError.self) { try Fixture.rowCount(store) }
        #expect(failure?.file == barred.path)
        #expect(failure?.systemCode == 13)
        // A compaction of it is given up, with its inputs as they were.
        #expect(throws: StorageError.self) { try store.compact() }
        #expect(store.health.reasons.contains { $0.contains(barred.path) })
        try Fixture.write(Fixture.rows(5..<6), to: store)
        fileSystem.failOpening(barred.path, code: 13, count: 0)
        #expect(try Fixture.rowCount(store) == 10)
        try store.compact()
        #expect(store.health.name == "healthy", "\(store.health)")
    }
}
