import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

/// Flush, compaction, deletion, backup and readers, all at once.
struct PinnedSnapshotTests {
    private static let sensorCount = 4

    /// Every write brings one time to all sensors, and every deletion takes times from all of them:
    /// a snapshot in which two sensors differ is not of one instant.
    @Test("Case 44: snapshots stay what they are under flush, compaction, deletion and backup")
    func snapshotsStay() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        var options = StoreOptions.tiny
        options.durability = .none
        options.retirementSeconds = 0
        options.wideSegmentCountLimit = 2
        let store = try Store.open(path: folder + "/db", options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        let failures = Mutex<[String]>([])
        let runningCount = Atomic<Int>(0)
        func start(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
            runningCount.wrappingAdd(1, ordering: .relaxed)
            Thread {
                for round in 1...count {
                    do { try body(round) } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
                runningCount.wrappingSubtract(1, ordering: .releasing)
            }.start()
        }
        start(400) { round in
            let rows = (0..<Self.sensorCount).map {
                StoreRow(sensor: $0, time: Int64(round) * 3_600_000_000_000, count: Int64(round))
            }
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        }
        start(20) { round in
            let end = Timestamp(nanoseconds: Int64(round) * 10 * 3_600_000_000_000)
            try store.delete(
                RangeDeletion(
                    table: table,
                    times: TimeRange(start: Timestamp(nanoseconds: 0), end: end)))
        }
        start(20) { _ in try store.flush() }
        start(8) { _ in try store.compact() }
        start(6) { _ in _ = try store.backup(toPath: folder + "/backups") }
        var held: [(snapshot: Snapshot, rows: [StoreRow])] = []
        for round in 0..<60 {
            let snapshot = store.snapshot()
            let rows = try ModelTable.scan(snapshot)
            let times = (0..<Self.sensorCount).map { sensor in
                rows.filter { $0.sensor == sensor }.map(\.time)
            }
            #expect(times.allSatisfy { $0 == times[0] }, "round \(round)")
            if round % 6 == 0 { held.append((snapshot, rows)) }
        }
        while runningCount.load(ordering: .acquiring) > 0 { sched_yield() }
        #expect(failures.withLock { $0 }.isEmpty, "\(failures.withLock { $0.prefix(3) })")
        try store.compact()
        // The files that they need are still there.
        for (snapshot, rows) in held { #expect(try ModelTable.scan(snapshot) == rows) }
        held = []
        #expect(store.check().isSound, "\(store.check().problems)")
        for number in 1...6 {
            let name = "BACKUP-00000000000\(number)"
            var reading = options
            reading.isReadOnly = true
            let copy = try Store.open(path: folder + "/backups/" + name, options: reading)
            let rows = try ModelTable.scan(copy.snapshot())
            for sensor in 1..<Self.sensorCount {
                #expect(
                    rows.filter { $0.sensor == sensor }.map(\.time)
                        == rows.filter { $0.sensor == 0 }.map(\.time), "\(name)")
            }
        }
        try store.close()
    }
}
