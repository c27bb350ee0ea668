import Belfry
import BelfryCore
import Foundation
import Testing

@testable import BelfryStorage

/// Closing while everything is going on, and what an application sees of a database's health.
struct ClosingTests {
    private static func columns(_ start: Int64, _ count: Int64) -> [(name: String, values: Vector)]
    {
        let times = (start..<(start + count)).map { $0 * 1_000_000_000 }
        return [
            ("time", Vector(integers: times, type: .timestamptz)),
            ("v", Vector(doubles: times.map { Double($0 % 977) })),
        ]
    }

    private static var options: DatabaseOptions {
        var options = DatabaseOptions()
        options.store.memtableByteCountLimit = 64 << 10
        options.store.wideSegmentCountLimit = 2
        options.store.reserveByteCount = 1 << 20
        return options
    }

    @Test("Case 60: close() during flush, compaction, writes and queries ends all in order")
    func closeDuringEverything() throws {
        let path = NSTemporaryDirectory() + "belfry-closing-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        var acknowledged: Int64 = 0
        for round in 0..<6 {
            let database = try Database.open(path, options: Self.options)
            try database.run("CREATE TABLE IF NOT EXISTS t (time TIMESTAMPTZ TIME KEY, v DOUBLE)")
            #expect(
                try database.run("SELECT count(*) FROM t").rows() == [[.integer(acknowledged)]])
            let first = acknowledged
            let written = Monitor(first)
            let writer = EngineThread {
                var next = first
                while true {
                    guard let appender = try? database.appender(for: "t"),
                        (try? appender.append(Self.columns(next, 500))) != nil
                    else { return }
                    next += 500
                    written.withLock { $0 = next }
                    written.signalAll()
                }
            }
            let codes = Monitor<[String?]>([])
            let reader = EngineThread {
                let session = database.session()
                while true {
                    do throws(BelfryError) {
                        _ = try session.run("SELECT sum(v), count(*) FROM t").rows()
                    } catch {
                        codes.withLock { $0.append(error.code) }
                        return
                    }
                }
            }
            // A result that is being read while the database closes.
            let endless = try database.run("SELECT n FROM generate_series(1, 1000000000) g(n)")
            _ = try endless.nextBatch()
            written.waitUntil({ $0 >= first + Int64(2_000 * (round + 1)) }) { _ in }
            let closers = (0..<2).map { _ in EngineThread { try? database.close() } }
            for closer in closers { closer?.join() }
            #expect(database.health.state == .closed)
            let cancelled = #expect(throws: BelfryError.self) { try endless.nextBatch() }
            #expect(cancelled?.code == "57014")
            writer?.join()
            reader?.join()
            let seen = codes.withLock { $0 }
            #expect(seen == ["57014"] || seen == ["08003"], "\(seen)")
            let refused = #expect(throws: BelfryError.self) { try database.run("SELECT 1") }
            #expect(refused?.code == "08003")
            acknowledged = written.withLock { $0 }
        }
        let last = try Database.open(path, options: Self.options)
        #expect(try last.run("SELECT count(*) FROM t").rows() == [[.integer(acknowledged)]])
        #expect(last.check().problems.isEmpty)
        try last.close()
    }

    @Test("Case 60: a database let go on another thread frees its folder and keeps its rows")
    func letGoOnAnotherThread() throws {
        let path = NSTemporaryDirectory() + "belfry-letting-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        for round in 0..<8 {
            var database: Database? = try Self.reopened(path)
            try database?.run("CREATE TABLE IF NOT EXISTS t (time TIMESTAMPTZ TIME KEY, v DOUBLE)")
            try database?.appender(for: "t").append(Self.columns(Int64(round) * 5_000, 5_000))
            let held = database
            database = nil
            // The last reference may go here, there, or on the thread for upkeep.
            let thread = EngineThread { [held] in _ = held?.health }
            thread?.join()
        }
        let last = try Self.reopened(path)
        #expect(try last.run("SELECT count(*) FROM t").rows() == [[.integer(40_000)]])
        try last.close()
    }

    /// The folder is free once the thread for upkeep has let its step go.
    private static func reopened(_ path: String) throws -> Database {
        while true {
            do { return try Database.open(path, options: options) } catch {
                guard error.code == "55006" else { throw error }
                sched_yield()
            }
        }
    }

    @Test func healthIsAValueAStreamAndAWait() async throws {
        // Upkeep would look at the space itself and find it well.
        var options = DatabaseOptions()
        options.store.runsUpkeep = false
        let database = try Database.inMemory(options: options)
        #expect(database.health.state == .healthy)
        #expect(database.health.reasons.isEmpty)
        let changes = database.healthChanges
        let waiting = Monitor<Health.State?>(nil)
        let thread = EngineThread {
            let health = database.waitForHealth(milliseconds: 60_000) { $0.state == .closed }
            waiting.withLock { $0 = health.state }
        }
        database.store.healthMonitor.press(.space, "11 bytes are free")
        #expect(database.health.description == "pressured; space: 11 bytes are free")
        database.store.healthMonitor.press(.space, nil)
        try database.close()
        thread?.join()
        #expect(waiting.withLock { $0 } == .closed)
        var seen: [Health.State] = []
        for await health in changes { seen.append(health.state) }
        #expect(seen == [.healthy, .pressured, .healthy, .closed])
        let timedOut = database.waitForHealth(milliseconds: 0) { $0.state == .healthy }
        #expect(timedOut.state == .closed)
    }
}
