import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// A disk that fills up and empties again: STORAGE 3.4, cases 53 and 54, and what compaction may
/// take of it.
struct SpaceTests {
    private static let mebibyte: UInt64 = 1 << 20
    private static let capacity = 32 * mebibyte

    private static var options: StoreOptions {
        var options = Fixture.options
        options.softFreeByteCountLimit = 8 * mebibyte
        options.hardFreeByteCountLimit = 4 * mebibyte
        options.reserveByteCount = mebibyte
        options.retirementSeconds = 60
        return options
    }

    private func staged() -> StagedFileSystem {
        let fileSystem = StagedFileSystem()
        fileSystem.setCapacity(Self.capacity)
        return fileSystem
    }

    /// Lets this much be free.
    private func leave(_ byteCount: UInt64, on fileSystem: StagedFileSystem) {
        fileSystem.setOthers(Self.capacity - fileSystem.used - byteCount)
    }

    private func delete(_ hours: Range<Int64>, from store: Store) throws {
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        let hour: Int64 = 3_600_000_000_000
        try store.delete(
            RangeDeletion(
                table: table, series: nil,
                times: TimeRange(
                    start: Timestamp(nanoseconds: hours.lowerBound * hour),
                    end: Timestamp(nanoseconds: hours.upperBound * hour))))
    }

    @Test("Case 53: below the soft limit writers go on and are slowed, below the hard one refused")
    func softAndHardLimits() throws {
        let fileSystem = staged()
        let clock = ManualClock()
        let store = try Store.open(fileSystem, options: Self.options, clock: clock)
        try Fixture.write(Fixture.rows(0..<8), to: store)
        try store.flush()
        #expect(store.health.name == "healthy")
        #expect(try fileSystem.open("RESERVE", .read).byteCount() == Self.mebibyte)

        leave(6 * Self.mebibyte, on: fileSystem)
        store.tend()
        guard case .pressured(let pressures) = store.health else {
            Issue.record("\(store.health)")
            return
        }
        #expect(pressures.map(\.reason) == [.space])
        #expect(store.space.shortage > 0.4 && store.space.shortage < 0.6)
        try Fixture.write(Fixture.rows(8..<9), to: store)

        leave(3 * Self.mebibyte, on: fileSystem)
        let refused = #expect(throws: StorageError.self) {
            try Fixture.write(Fixture.rows(9..<10), to: store)
        }
        #expect(refused?.code == .diskFull)
        #expect(store.health.name == "read-only")
        #expect(try !fileSystem.exists("RESERVE"))
        #expect(store.events.contains { $0.kind == .space && $0.message.contains("reserve") })

        // Reads, deletes and flushes go on; a segment that is no longer needed goes at once.
        #expect(try Fixture.rowCount(store) == 18)
        try delete(0..<4, from: store)
        #expect(try Fixture.rowCount(store) == 10)
        try store.flush()
        let before = Set(Fixture.segments(try fileSystem.list("segments").map { "segments/" + $0 }))
        #expect(try store.dropTable("readings", ifExists: false))
        try store.compact()
        // Log files went too; others take what that left.
        leave(3 * Self.mebibyte, on: fileSystem)
        store.tend()
        #expect(store.health.name == "read-only")
        #expect(store.retiredFiles.isEmpty)
        #expect(before.isSubset(of: Set(fileSystem.removed)))

        // There is room again: it goes on without being opened anew, the reserve is back.
        fileSystem.setOthers(0)
        store.tend()
        #expect(store.health.name == "healthy")
        #expect(try fileSystem.open("RESERVE", .read).byteCount() == Self.mebibyte)
        try Fixture.write(Fixture.rows(20..<21), to: store)
        #expect(try Fixture.rowCount(store) == 2)
        #expect(store.check().isSound)
    }

    @Test("Case 53: giving the reserve back does not end the shortage, and nothing flaps")
    func reserveIsNoRoom() throws {
        let fileSystem = staged()
        let store = try Store.open(fileSystem, options: Self.options)
        try Fixture.write(Fixture.rows(0..<1), to: store)
        // Just below the limit; with the reserve given back there is more free than the limit.
        leave(4 * Self.mebibyte - 1, on: fileSystem)
        for _ in 0..<5 {
            store.tend()
            #expect(try fileSystem.freeByteCount() > Self.options.hardFreeByteCountLimit)
            #expect(store.health.name == "read-only")
        }
        #expect(store.events.count { $0.message.contains("given back") } == 1)
    }

    @Test(
        "Case 54: a store opens on a disk that is full to the last byte and frees space from its reserve"
    )
    func fullAtOpening() throws {
        let fileSystem = staged()
        let clock = ManualClock()
        do {
            let store = try Store.open(fileSystem, options: Self.options, clock: clock)
            try Fixture.write(Fixture.rows(0..<8), to: store)
            try store.flush()
            try Fixture.write(Fixture.rows(8..<9), to: store)
            try store.close()
        }
        leave(0, on: fileSystem)
        #expect(try fileSystem.freeByteCount() == 0)
        let store = try Store.open(fileSystem, options: Self.options, clock: clock)
        #expect(try Fixture.rowCount(store) == 18)
        #expect(store.health.name == "read-only")
        let refused = #expect(throws: StorageError.self) {
            try Fixture.write(Fixture.rows(9..<10), to: store)
        }
        #expect(refused?.code == .diskFull)
        try delete(0..<8, from: store)
        #expect(try Fixture.rowCount(store) == 2)
        try store.compact()
        #expect(try Fixture.rowCount(store) == 2)
        fileSystem.setOthers(0)
        store.tend()
        try Fixture.write(Fixture.rows(9..<10), to: store)
        #expect(try Fixture.rowCount(store) == 4)
        #expect(store.check().isSound)
    }

    @Test("Case 54: without a reserve it opens for reading, and writes once there is room")
    func fullWithoutReserve() throws {
        let fileSystem = staged()
        var options = Self.options
        options.reserveByteCount = 0
        do {
            let store = try Store.open(fileSystem, options: options)
            try Fixture.write(Fixture.rows(0..<8), to: store)
            try store.close()
        }
        leave(0, on: fileSystem)
        let store = try Store.open(fileSystem, options: options)
        #expect(try Fixture.rowCount(store) == 16)
        #expect(store.health.name == "read-only")
        #expect(throws: StorageError.self) { try Fixture.write(Fixture.rows(9..<10), to: store) }
        store.tend()
        #expect(store.health.name == "read-only")
        fileSystem.setOthers(0)
        store.tend()
        #expect(store.health.name == "healthy", "\(store.health)")
        try Fixture.write(Fixture.rows(9..<10), to: store)
        #expect(try Fixture.rowCount(store) == 18)
        try store.close()
        #expect(try Fixture.rowCount(Store.open(fileSystem, options: options)) == 18)
    }

    @Test("Case 53: a disk that fills at any write loses nothing acknowledged, and resumes")
    func fullAtAnyMoment() throws {
        var options = Self.options
        options.softFreeByteCountLimit = 0
        options.hardFreeByteCountLimit = 0
        options.reserveByteCount = 64 << 10
        for room in stride(from: UInt64(0), through: 24 << 10, by: 777) {
            let fileSystem = staged()
            let store = try Store.open(fileSystem, options: options)
            try Fixture.write(Fixture.rows(0..<2), to: store)
            // The log's file has its room already; what follows meets the end of the disk.
            leave(room, on: fileSystem)
            var acknowledged = 4
            for hour in 2..<40 {
                if (try? Fixture.write(Fixture.rows(hour..<(hour + 1)), to: store)) != nil {
                    acknowledged += 2
                }
            }
            _ = try? store.flush()
            #expect(try Fixture.rowCount(store) == acknowledged, "room \(room)")
            fileSystem.setOthers(0)
            store.tend()
            try Fixture.write(Fixture.rows(50..<51), to: store)
            try store.flush()
            #expect(try Fixture.rowCount(store) == acknowledged + 2)
            #expect(store.health.name == "healthy", "\(store.health)")
            #expect(store.check().isSound)
        }
    }

    @Test func compactionIsAdmittedByFreeSpaceAndSkippedVisibly() throws {
        let fileSystem = staged()
        var options = Self.options
        options.softFreeByteCountLimit = 0
        options.hardFreeByteCountLimit = 0
        options.wideSegmentCountLimit = 2
        let clock = ManualClock()
        let store = try Store.open(fileSystem, options: options, clock: clock)
        for hour in 0..<2 {
            try Fixture.write(Fixture.rows((hour * 50)..<(hour * 50 + 50)), to: store)
            try store.flush()
        }
        let inputs = store.snapshot().segments.map(\.summary)
        let byteCount = inputs.reduce(0) { $0 + $1.byteCount }
        leave(byteCount, on: fileSystem)
        #expect(try !store.compactOnce(isFinal: false))
        guard case .pressured(let pressures) = store.health else {
            Issue.record("\(store.health)")
            return
        }
        #expect(pressures.map(\.reason) == [.room])
        #expect(store.snapshot().segments.map(\.summary) == inputs)
        let refused = #expect(throws: StorageError.self) { try store.compact() }
        #expect(refused?.code == .diskFull)
        leave(byteCount * 2, on: fileSystem)
        #expect(try store.compactOnce(isFinal: false))
        #expect(store.health.name == "healthy", "\(store.health)")
        #expect(try Fixture.rowCount(store) == 200)
    }

    @Test func writersAreSlowedMoreTheNearerTheEnd() {
        func pace(_ wideCount: Int, _ shortage: Double) -> Int {
            Pace.milliseconds(wideCount: wideCount, slowAt: 12, stopAt: 20, shortage: shortage)
        }
        #expect(pace(11, 0) == 0)
        #expect(pace(0, 0) == 0)
        #expect((12...19).map { pace($0, 0) } == [12, 25, 37, 50, 62, 75, 87, 100])
        #expect(pace(0, 0.001) == 1)
        #expect(pace(0, 0.5) == 50)
        #expect(pace(19, 0.5) == 100)
        #expect(pace(500, 7) == 100)
    }
}
