import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Stores whose manifest or segments are damaged, made to open again: every row that a file still
/// holds is there, what is lost is told, and nothing is deleted.
struct RepairTests {
    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 20
        options.runsUpkeep = false
        options.segmentByteCountLimit = 600
        return options
    }

    /// Writes, flushes and compactions at random; the model of what is there.
    private static func written(
        _ seed: UInt64, closes: Bool = true
    ) throws -> (SimulatedFileSystem, StoreModel) {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: seed)
        var model = StoreModel()
        for _ in 0..<(6 + generator.below(8)) {
            let rows = generator.storeRows(4 + generator.below(20))
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            _ = model.apply(rows, rule: .merge)
            if generator.below(2) == 0 { try store.flush() }
            if generator.below(5) == 0 { try store.compact() }
        }
        try store.close()
        return (fileSystem.killed(), model)
    }

    private static func damage(_ path: String, at offset: Int, _ fileSystem: SimulatedFileSystem) {
        guard var bytes = fileSystem.bytes(path) else { return }
        bytes[offset] ^= 0x20
        fileSystem.put(bytes, at: path)
    }

    private static func newestManifest(_ fileSystem: SimulatedFileSystem) throws -> String {
        try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
    }

    private static func rows(_ fileSystem: SimulatedFileSystem) throws -> StoreModel? {
        let store = try Store.open(fileSystem, options: options)
        defer { try? store.close() }
        let report = store.check()
        #expect(report.problems.isEmpty, "\(report.problems)")
        return try ModelTable.model(store.snapshot())
    }

    @Test(
        "Case 19: with both copies of the newest manifest damaged the store does not open, and no older one takes its place"
    )
    func bothCopiesDamaged() throws {
        let (fileSystem, _) = try Self.written(1)
        let path = try Self.newestManifest(fileSystem)
        let half = try #require(fileSystem.bytes(path)).count / 2
        for offset in [45, half + 45] { Self.damage(path, at: offset, fileSystem) }
        let before = fileSystem.paths
        for isReadOnly in [true, false] {
            var options = Self.options
            options.isReadOnly = isReadOnly
            let failure = #expect(throws: StorageError.self) {
                try Store.open(fileSystem, options: options)
            }
            #expect(failure?.code == .damaged)
            #expect(failure?.file == path)
        }
        #expect(fileSystem.paths.filter { $0 != "LOCK" } == before.filter { $0 != "LOCK" })
    }

    @Test(
        "Case 19: recover rebuilds the manifest from segment footers and the log", arguments: 0..<12
    )
    func manifestRebuilt(seed: UInt64) throws {
        let (fileSystem, model) = try Self.written(seed + 100)
        let path = try Self.newestManifest(fileSystem)
        let half = try #require(fileSystem.bytes(path)).count / 2
        // Without any older one, too.
        if seed % 2 == 0 {
            for path in fileSystem.paths where path.hasPrefix("MANIFEST-") {
                try fileSystem.remove(path)
            }
        } else {
            for offset in [45, half + 45] { Self.damage(path, at: offset, fileSystem) }
        }
        let before = fileSystem.paths
        let plan = try Repair.plan(fileSystem)
        #expect(fileSystem.paths == before, "a plan writes nothing")
        #expect(plan.isNeeded)
        if before.contains(where: { $0.hasPrefix("segments/") }) {
            #expect(plan.losses.isEmpty)
        }
        _ = try Repair.run(fileSystem)
        let hasTable = try Store.open(fileSystem, options: Self.options).snapshot().catalog.tables
        if hasTable.isEmpty {
            // Nothing was flushed, and the definition went with the manifest.
            #expect(!before.contains { $0.hasPrefix("segments/") })
            return
        }
        #expect(try Self.rows(fileSystem) == model)
    }

    @Test(
        "Case 19: log rows of a table that only a lost manifest defined are told of and kept, and no new table gets them",
        arguments: [false, true])
    func rowsOfAnUndefinedTable(keepsOlder: Bool) throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 41)
        let rows = generator.storeRows(12)
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        try store.flush()
        var schema = ModelTable.schema
        schema.name = "other"
        let other = try store.createTable(schema, ifNotExists: false)
        let lost = generator.storeRows(9)
        _ = try store.write([ModelTable.batch(lost, table: other)], rule: .merge, isCounted: false)
        let after = fileSystem.killed()
        let newest = try Self.newestManifest(after)
        if keepsOlder {
            let half = try #require(after.bytes(newest)).count / 2
            for offset in [45, half + 45] { Self.damage(newest, at: offset, after) }
        } else {
            for path in after.paths where path.hasPrefix("MANIFEST-") { try after.remove(path) }
        }
        let plan = try Repair.run(after)
        #expect(plan.losses.count == 1)
        let loss = try #require(plan.losses.first)
        #expect(loss.table == "\(other.number) (no file defines it)")
        #expect(loss.rowCount.map { $0 > 0 && $0 <= UInt64(lost.count) } == true)
        #expect(after.paths.contains { $0.hasPrefix("quarantine/") && $0.hasSuffix(".why") })

        var model = StoreModel()
        _ = model.apply(rows, rule: .merge)
        for _ in 0..<3 {
            let again = try Store.open(after, options: Self.options)
            schema.name = "new\(again.snapshot().catalog.tables.count)"
            #expect(try again.createTable(schema, ifNotExists: false).number > other.number)
            try again.close()
        }
        let last = try Store.open(after, options: Self.options)
        for table in last.snapshot().catalog.tables where table.name.hasPrefix("new") {
            #expect(last.snapshot().rowCountEstimate(table) == 0)
        }
        #expect(try ModelTable.model(last.snapshot()) == model)
        try last.close()
    }

    /// The files of a finished compaction that were not removed yet do not come back beside its
    /// outputs, in whatever subset they are there.
    @Test(
        "Case 19: sources of a finished compaction are left out, of an unfinished one kept",
        arguments: 0..<10)
    func sourcesOfACompaction(seed: UInt64) throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: seed + 7)
        var model = StoreModel()
        for _ in 0..<5 {
            let rows = generator.storeRows(12)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            _ = model.apply(rows, rule: .merge)
            try store.flush()
        }
        let sources = fileSystem.paths.filter { $0.hasPrefix("segments/") }
        let bytes = sources.map { fileSystem.bytes($0) ?? [] }
        try store.compact()
        try store.close()
        let after = fileSystem.killed()
        let outputs = after.paths.filter { $0.hasPrefix("segments/") && !sources.contains($0) }
        // Either some sources are still there, or all of them and not all of the outputs.
        if seed % 2 == 0 {
            for (path, bytes) in zip(sources, bytes).dropFirst() where generator.below(2) == 0 {
                after.put(bytes, at: path)
            }
            try? after.remove(sources[0])
        } else {
            for (path, bytes) in zip(sources, bytes) { after.put(bytes, at: path) }
            for path in outputs where generator.below(2) == 0 { try after.remove(path) }
        }
        for path in after.paths where path.hasPrefix("MANIFEST-") { try after.remove(path) }
        let plan = try Repair.run(after)
        #expect(plan.isNeeded)
        #expect(try Self.rows(after) == model)
    }

    @Test(
        "Recover keeps the rest where a segment is damaged, and tells what is lost",
        arguments: 0..<10)
    func aDamagedSegment(seed: UInt64) throws {
        let (fileSystem, model) = try Self.written(seed + 300)
        guard let path = fileSystem.paths.last(where: { $0.hasPrefix("segments/") }) else { return }
        let reader = try SegmentReader(
            try fileSystem.open(path, .read), path: path, databaseID: nil)
        let entry = try #require(reader.index.entries.last)
        Self.damage(path, at: Int(entry.offset) + entry.headerByteCount + 3, fileSystem)
        let plan = try Repair.run(fileSystem)
        #expect(plan.losses.count == 1)
        #expect(plan.losses.first?.table == "readings")
        #expect(plan.losses.first?.rowCount == UInt64(entry.rowCount))
        let found = try #require(try Self.rows(fileSystem))
        let lost = TimeRange(
            start: Timestamp(nanoseconds: entry.minTime),
            end: Timestamp(nanoseconds: entry.maxTime).advanced(byNanoseconds: 1))
        for (key, row) in model.rows where !lost.contains(Timestamp(nanoseconds: key.time)) {
            #expect(found.rows[key] == row)
        }
        #expect(Set(found.rows.keys).isSubset(of: Set(model.rows.keys)))
        let name = path.split(separator: "/").last.map(String.init) ?? path
        #expect(
            fileSystem.paths.contains { $0.hasPrefix("quarantine/\(name)") && $0.hasSuffix(".why") }
        )
        #expect(try Repair.plan(fileSystem).isNeeded == false)
    }

    @Test("Case 20: recover goes on without a missing segment, and tells what is lost")
    func aMissingSegment() throws {
        for seed in UInt64(0)..<20 {
            let (fileSystem, _) = try Self.written(seed + 500)
            guard let path = fileSystem.paths.first(where: { $0.hasPrefix("segments/") }) else {
                continue
            }
            try fileSystem.remove(path)
            #expect(throws: StorageError.self) {
                try Store.open(fileSystem, options: Self.options)
            }
            let plan = try Repair.run(fileSystem)
            #expect(plan.losses.map(\.file) == [path])
            _ = try Self.rows(fileSystem)
        }
    }

    @Test func aLostIdentityIsFoundInOtherFiles() throws {
        let (fileSystem, model) = try Self.written(900)
        let bytes = try #require(fileSystem.bytes("IDENTITY"))
        Self.damage("IDENTITY", at: 30, fileSystem)
        _ = try Repair.run(fileSystem)
        let mended = try #require(fileSystem.bytes("IDENTITY"))
        #expect(mended[..<40] == bytes[..<40])
        #expect(try Self.rows(fileSystem) == model)
    }

    @Test func aWholeStoreIsLeftAlone() throws {
        let (fileSystem, _) = try Self.written(901)
        let before = fileSystem.paths.map { fileSystem.bytes($0) }
        #expect(try Repair.run(fileSystem).isNeeded == false)
        #expect(fileSystem.paths.map { fileSystem.bytes($0) } == before)
    }

    /// The power fails at every step of a repair; another one ends with the same rows.
    @Test func crashesAtEveryStep() throws {
        let (fileSystem, model) = try Self.written(101)
        for path in fileSystem.paths where path.hasPrefix("MANIFEST-") {
            try fileSystem.remove(path)
        }
        var step = 0
        while true {
            let copy = fileSystem.killed()
            copy.fail(call: copy.callCount + step, .powerLoss)
            var isDone = false
            do {
                _ = try Repair.run(copy)
                isDone = true
            } catch { #expect(copy.callCount > step) }
            var generator = SeededGenerator(seed: UInt64(step))
            let after = copy.crashed(&generator)
            _ = try Repair.run(after)
            #expect(try Self.rows(after) == model, "step \(step)")
            if isDone { break }
            step += 1
        }
        #expect(step > 5)
    }
}
