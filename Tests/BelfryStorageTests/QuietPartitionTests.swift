import BelfryCore
import BelfryTestSupport
import Synchronization
import Testing

@testable import BelfryStorage

/// Partitions that nobody writes to any more become one segment of the COLD tier by themselves:
/// after the quiet time, not before it, once, and as safely as any compaction.
struct QuietPartitionTests {
    private static let day: Int64 = 86_400
    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 20
        options.runsUpkeep = false
        return options
    }

    /// A store on a clock of its own, and what it should hold.
    private final class World {
        let clock: ManualClock
        let fileSystem: SimulatedFileSystem
        let options: StoreOptions
        var store: Store
        let table: TableSchema
        var model = StoreModel()

        init(_ options: StoreOptions, _ fileSystem: SimulatedFileSystem, _ clock: ManualClock)
            throws
        {
            self.options = options
            self.fileSystem = fileSystem
            self.clock = clock
            store = try Store.open(fileSystem, options: options, clock: clock)
            var schema = ModelTable.schema
            schema.options.partitionWidth = .day
            table = try store.createTable(schema, ifNotExists: true)
        }

        /// Hours since 2023-11-15, so within three days and a bit.
        func rows(_ hours: Range<Int>) -> [StoreRow] {
            hours.flatMap { hour in
                (0..<2).map { sensor in
                    StoreRow(
                        sensor: sensor, time: (1_700_006_400 + Int64(hour) * 3600) * 1_000_000_000,
                        level: Double((hour * 7 + sensor) % 40), note: "n\(hour % 3)")
                }
            }
        }

        func write(_ hours: Range<Int>, isFlushed: Bool = true) throws {
            let rows = rows(hours)
            _ = model.apply(rows, rule: .merge)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            if isFlushed { try store.flush() }
        }

        /// What upkeep does when it looks and has nothing else to do; bytes that it wrote.
        @discardableResult
        func settle() throws -> UInt64 {
            let before = store.statistics.compactionByteCount
            store.tend()
            while try store.compactOnce(isFinal: false) {}
            #expect(try ModelTable.model(store.snapshot()) == model)
            return store.statistics.compactionByteCount - before
        }

        func pass(_ seconds: Int64) { clock.advance(seconds: seconds) }

        func reopen() throws {
            try store.close()
            store = try Store.open(fileSystem, options: options, clock: clock)
        }

        var segments: [SegmentSummary] { store.snapshot().segments.map(\.summary) }

        var partitions: [TimeRange] {
            Set(segments.compactMap(\.partition)).sorted { $0.start < $1.start }
        }

        func segments(_ partition: Int) -> [SegmentSummary] {
            segments.filter { $0.partition == partitions[partition] }
        }

        func isCold(_ partition: Int) -> Bool { segments(partition).allSatisfy(\.isCold) }
    }

    /// Four days in four flushes: each day has segments of its own.
    private static func world(
        _ options: StoreOptions = options, _ fileSystem: SimulatedFileSystem? = nil
    ) throws -> World {
        let world = try World(options, fileSystem ?? SimulatedFileSystem(), ManualClock())
        for start in stride(from: 0, to: 80, by: 20) { try world.write(start..<(start + 20)) }
        while try world.store.compactOnce(isFinal: false) {}
        return world
    }

    @Test func quietPartitionsBecomeColdAfterADayAndNotBefore() throws {
        let world = try Self.world()
        #expect(world.partitions.count == 4)
        #expect(try world.settle() == 0)
        world.pass(Self.day - 1)
        #expect(try world.settle() == 0)
        #expect(world.segments.allSatisfy { !$0.isCold })
        world.pass(1)
        #expect(try world.settle() > 0)
        for partition in 0..<3 {
            #expect(world.isCold(partition))
            #expect(world.segments(partition).count == 1)
        }
        // The newest row has not left its own partition behind.
        #expect(!world.isCold(3))
        #expect(world.store.check().isSound)
        // Never again, whatever the time, and a new start.
        for _ in 0..<4 {
            world.pass(3 * Self.day)
            #expect(try world.settle() == 0)
            try world.reopen()
        }
        #expect((0..<3).allSatisfy(world.isCold))
    }

    @Test func withoutTendingNothingIsCooled() throws {
        // What opens for a moment does not begin.
        let world = try Self.world()
        world.pass(2 * Self.day)
        try world.reopen()
        while try world.store.compactOnce(isFinal: false) {}
        #expect(world.segments.allSatisfy { !$0.isCold })
        #expect(try world.settle() > 0)
        #expect(world.isCold(0))
    }

    @Test func aWriteBeginsTheQuietTimeAnew() throws {
        let world = try Self.world()
        world.pass(Self.day / 2)
        try world.write(2..<3)
        // A row of the second day that is in memory alone.
        try world.write(30..<31, isFlushed: false)
        world.pass(Self.day / 2)
        try world.settle()
        #expect(!world.isCold(0))
        #expect(!world.isCold(1))
        #expect(world.isCold(2))
        try world.store.flush()
        world.pass(Self.day / 2)
        try world.settle()
        // Wide segments that are quiet are split on the way; the flush was half a day ago.
        #expect(!world.isCold(1))
        world.pass(Self.day)
        try world.settle()
        for partition in 0..<3 {
            #expect(world.isCold(partition), "partition \(partition)")
            #expect(world.segments(partition).count == 1)
        }
        #expect(world.segments.allSatisfy { !$0.isWide })
        #expect(world.store.check().isSound)
    }

    @Test func lateRowsAreLightUntilQuietAgain() throws {
        let world = try Self.world()
        world.pass(Self.day)
        try world.settle()
        #expect(world.isCold(0))
        let cold = world.segments(0)[0]
        for hour in 0..<4 { try world.write(hour..<(hour + 1)) }
        try world.settle()
        #expect(world.segments(0).count >= 2)
        #expect(
            world.segments(0).contains(cold), "the COLD segment is not rewritten for a few rows")
        #expect(world.segments(0).contains { !$0.isCold })
        world.pass(Self.day)
        try world.settle()
        #expect(world.segments(0).count == 1 && world.isCold(0))
        #expect(try world.settle() == 0)
    }

    @Test func aRestartKeepsTheTime() throws {
        let world = try Self.world()
        world.pass(Self.day - 3600)
        try world.reopen()
        #expect(try world.settle() == 0)
        world.pass(3600)
        #expect(try world.settle() > 0)
        #expect((0..<3).allSatisfy(world.isCold))
    }

    @Test func segmentsOfUnknownTimeCountAsWrittenAtTheOpening() throws {
        let world = try Self.world()
        world.store.state.withLock { state in
            for index in state.manifest.segments.indices {
                state.manifest.segments[index].writtenAt = nil
            }
        }
        // Nothing is known, so nothing is quiet.
        world.pass(2 * Self.day)
        world.store.state.withLock { state in
            let now = world.clock.wall()
            #expect(world.store.quietJob(state, now: now) == nil)
        }
        // The first manifest of an opening gives them a time.
        try world.store.state.withLock { (state) throws(StorageError) in
            try world.store.replaceManifest(&state) { _ in }
        }
        try world.reopen()
        #expect(try world.settle() == 0)
        world.pass(Self.day)
        #expect(try world.settle() > 0)
    }

    @Test func itCanBeSwitchedOffAndWaitsForAClockThatIsBelieved() throws {
        var options = Self.options
        options.coldAfterSeconds = nil
        let off = try Self.world(options)
        off.pass(30 * Self.day)
        #expect(try off.settle() == 0)
        #expect(StoreOptions().coldAfterSeconds == 86_400)
        #expect(StoreOptions.gateway.coldAfterSeconds == 86_400)

        let doubted = try Self.world()
        doubted.clock.setWall(Timestamp(nanoseconds: 2_000_000_000_000_000_000))
        #expect(try doubted.settle() == 0)
        #expect(doubted.segments.allSatisfy { !$0.isCold })
    }

    @Test func siblingsAreCooledOneByOne() throws {
        var options = Self.options
        options.segmentByteCountLimit = 200
        let world = try Self.world(options)
        #expect(world.segments(0).count > 1)
        let count = world.segments.count
        world.pass(Self.day)
        #expect(try world.settle() > 0)
        #expect((0..<3).allSatisfy(world.isCold))
        #expect(world.segments.count <= count)
        #expect(try world.settle() == 0)
        #expect(world.store.check().isSound)
    }

    @Test func withoutRoomItWaitsWithoutAWord() throws {
        var options = Self.options
        options.hardFreeByteCountLimit = 0
        options.softFreeByteCountLimit = 0
        options.reserveByteCount = 0
        let world = try Self.world(options)
        world.pass(Self.day)
        world.fileSystem.capacity = world.fileSystem.usedByteCount + 100
        #expect(try world.settle() == 0)
        #expect(world.store.healthMonitor.pressure(.room) == nil)
        world.fileSystem.capacity = nil
        #expect(try world.settle() > 0)
    }

    @Test("Case 40: a damaged segment is left where it is; others are cooled")
    func damagedInput() throws {
        let world = try Self.world()
        let damaged = world.segments(0)[0]
        let path = FileNames.segment(damaged.fileID)
        world.fileSystem.flip(bit: Int(damaged.byteCount) / 3 * 8, at: path)
        world.pass(Self.day)
        world.store.tend()
        #expect(throws: StorageError.self) {
            while try world.store.compactOnce(isFinal: false) {}
        }
        world.fileSystem.flip(bit: Int(damaged.byteCount) / 3 * 8, at: path)
        try world.settle()
        #expect(!world.isCold(0))
        #expect(world.isCold(1) && world.isCold(2))
    }

    @Test("Case 43: killed at every call: the inputs are visible, or what they became")
    func killedAtEveryCall() throws {
        func prepared() throws -> World {
            let world = try Self.world()
            world.pass(Self.day)
            world.store.tend()
            return world
        }
        let whole = try prepared()
        let before = whole.fileSystem.callCount
        #expect(try whole.store.compactOnce(isFinal: false))
        #expect(whole.isCold(0) && !whole.isCold(1))
        var generator = SeededGenerator(seed: 43)
        var (seenInputs, seenOutputs) = (0, 0)
        for call in before..<whole.fileSystem.callCount {
            let world = try prepared()
            let inputs = Set(world.segments.map(\.fileID))
            world.fileSystem.fail(call: call, .powerLoss)
            _ = try? world.store.compactOnce(isFinal: false)
            let ends = [world.fileSystem.killed(), world.fileSystem.crashed(&generator)]
            for after in ends {
                let again = try World(Self.options, after, world.clock)
                again.model = world.model
                let live = Set(again.segments.map(\.fileID))
                if live == inputs { seenInputs += 1 } else { seenOutputs += 1 }
                #expect(live == inputs || again.isCold(0), "call \(call)")
                #expect(again.store.check().isSound, "call \(call)")
                // It goes on where it was, the clock's time is kept.
                try again.settle()
                #expect((0..<3).allSatisfy(again.isCold), "call \(call)")
            }
        }
        #expect(seenInputs > 0 && seenOutputs > 0)
    }

    @Test("Case 42: a disk that fills at any call leaves the inputs as they were")
    func diskFillsAtEveryCall() throws {
        let whole = try Self.world()
        whole.pass(Self.day)
        whole.store.tend()
        let before = whole.fileSystem.callCount
        #expect(try whole.store.compactOnce(isFinal: false))
        for call in before..<whole.fileSystem.callCount {
            let world = try Self.world()
            world.pass(Self.day)
            world.store.tend()
            world.fileSystem.fail(call: call, .refusal(.diskFull))
            _ = try? world.store.compactOnce(isFinal: false)
            world.fileSystem.clearFaults()
            guard world.store.state.withLock({ $0.refusal }) == nil else {
                let again = try World(Self.options, world.fileSystem.killed(), world.clock)
                #expect(try ModelTable.model(again.store.snapshot()) == world.model)
                continue
            }
            try world.settle()
            #expect((0..<3).allSatisfy(world.isCold), "call \(call)")
            #expect(world.store.check().isSound, "call \(call)")
        }
    }

    @Test func theManifestKeepsTimesAndOlderOnesHaveNone() throws {
        let world = try Self.world()
        let manifest = world.store.state.withLock { $0.manifest }
        #expect(manifest.segments.allSatisfy { $0.writtenAt == 1_767_225_600 })
        var writer = ByteWriter(capacity: 256)
        manifest.write(to: &writer)
        var reader = unsafe ByteReader(writer.bytes.span.bytes)
        #expect(try Manifest.read(&reader, version: 1) == manifest)
        var without = manifest
        for index in without.segments.indices { without.segments[index].writtenAt = nil }
        var other = ByteWriter(capacity: 256)
        without.write(to: &other)
        #expect(other.count < writer.count)
        var otherReader = unsafe ByteReader(other.bytes.span.bytes)
        #expect(try Manifest.read(&otherReader, version: 1) == without)
    }

    @Test func whatIsMostlyColdStaysCold() {
        func segment(_ fileID: UInt64, _ byteCount: UInt64, isCold: Bool) -> SegmentSummary {
            var segment = SegmentSummary(
                fileID: fileID, salt: 0, byteCount: byteCount, table: 1, partition: .everything,
                sequences: fileID...fileID, times: .everything, rowCount: 1)
            segment.isCold = isCold
            segment.writtenAt = Int64(fileID)
            return segment
        }
        let kind = CompactionJob.Kind.merge(table: 1, partition: .everything)
        let light = segment(1, 100, isCold: false)
        let cold = segment(2, 101, isCold: true)
        let later = segment(3, 100, isCold: false)
        #expect(CompactionJob(kind: kind, inputs: [light, cold]).isMostlyCold)
        #expect(!CompactionJob(kind: kind, inputs: [light, light, cold]).isMostlyCold)
        #expect(CompactionJob(kind: kind, inputs: [light, cold]).writtenAt == 1)
        #expect(CompactionJob(kind: kind, inputs: [light, later]).writtenAt == 3)
        var unknown = later
        unknown.writtenAt = nil
        #expect(CompactionJob(kind: kind, inputs: [light, unknown]).writtenAt == nil)
    }
}
