import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Foundation
import Synchronization
import Testing

/// A reader without the lock beside a writer: at every moment it sees what the store held at one
/// instant, and never less than it saw before.
struct FollowTests {
    private static var options: StoreOptions {
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 2 << 10
        options.wideSegmentCountLimit = 2
        options.runsUpkeep = false
        // Files go as soon as the writer itself does not need them any more.
        options.retirementSeconds = 0
        return options
    }

    private static var readOnly: StoreOptions {
        var options = options
        options.isReadOnly = true
        return options
    }

    private enum Step {
        case write([StoreRow])
        case flush
        case compact
        case addColumn(String)
        case replaceTable
    }

    private static func workload(_ seed: UInt64, count: Int) -> [Step] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            switch generator.below(14) {
            case 0: .flush
            case 1: .compact
            case 2: .addColumn("extra \(index)")
            case 3 where index > count / 2: .replaceTable
            default: .write(generator.storeRows(1 + generator.below(10), sensors: 3 + index))
            }
        }
    }

    private static func run(_ step: Step, on store: Store) throws {
        switch step {
        case .write(let rows):
            let table = try store.createTable(ModelTable.schema, ifNotExists: true)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
        case .flush: try store.flush()
        case .compact: try store.compact()
        case .addColumn(let name):
            if store.snapshot().catalog.table(named: "readings") == nil { return }
            _ = try store.addColumns(
                [ColumnSchema(name: name, type: .double, role: .field)], toTable: "readings")
        case .replaceTable:
            _ = try store.dropTable("readings", ifExists: true)
            _ = try store.createTable(ModelTable.schema, ifNotExists: true)
        }
    }

    /// What a snapshot shows, to be compared.
    private struct Picture: Equatable, Sendable {
        var model: StoreModel
        var catalog: Catalog

        init(_ snapshot: Snapshot) throws {
            model = try #require(try ModelTable.model(snapshot))
            catalog = snapshot.catalog
        }
    }

    @Test(
        "Case 49: a reader beside the writer sees each write, flush, compaction and change of the catalog",
        arguments: UInt64(1)...4)
    func followsStepByStep(seed: UInt64) throws {
        let fileSystem = SimulatedFileSystem()
        let writer = try Store.open(fileSystem, options: Self.options)
        let reader = try Store.open(fileSystem, options: Self.readOnly)
        for (index, step) in Self.workload(seed, count: 60).enumerated() {
            try Self.run(step, on: writer)
            let found = try reader.currentSnapshot()
            #expect(found.sequence == writer.snapshot().sequence, "step \(index)")
            #expect(try Picture(found) == Picture(writer.snapshot()), "step \(index): \(step)")
            #expect(reader.recoveryNotes.isEmpty)
        }
        // One that opens now sees the same; one that looks rarely did not miss anything.
        let late = try Store.open(fileSystem, options: Self.readOnly)
        #expect(try Picture(late.snapshot()) == Picture(writer.snapshot()))
    }

    @Test(
        "Case 49: a reader that looks now and then catches up over flushes and compactions",
        arguments: UInt64(1)...6)
    func followsNowAndThen(seed: UInt64) throws {
        let fileSystem = SimulatedFileSystem()
        let writer = try Store.open(fileSystem, options: Self.options)
        let reader = try Store.open(fileSystem, options: Self.readOnly)
        var generator = SeededGenerator(seed: seed &* 31)
        for (index, step) in Self.workload(seed, count: 80).enumerated() {
            try Self.run(step, on: writer)
            if generator.below(7) > 0 { continue }
            #expect(
                try Picture(reader.currentSnapshot()) == Picture(writer.snapshot()),
                "step \(index): \(step)")
        }
    }

    /// What the reader may see while a step goes on, and what it saw.
    private final class Watch: Sendable {
        struct State {
            var before: Picture
            var sequence: UInt64 = 0
            var seen: [(sequence: UInt64, picture: Picture)] = []
            var failures: [String] = []
            var lookCount = 0
        }

        let state: Mutex<State>
        let reader: Store

        init(_ reader: Store) throws {
            self.reader = reader
            state = Mutex(State(before: try Picture(reader.snapshot())))
        }

        func look() {
            do {
                let snapshot = try reader.currentSnapshot()
                let picture = try Picture(snapshot)
                state.withLock { state in
                    state.lookCount += 1
                    if snapshot.sequence < state.sequence {
                        state.failures.append("back to \(snapshot.sequence)")
                    }
                    state.sequence = snapshot.sequence
                    if picture != state.before { state.seen.append((snapshot.sequence, picture)) }
                }
            } catch {
                state.withLock { $0.failures.append("\(error)") }
            }
        }
    }

    @Test(
        "Case 49: a look at every call of the writer sees the store before or after the step",
        arguments: UInt64(1)...2)
    func looksAtEveryCall(seed: UInt64) throws {
        let fileSystem = InterleavedFileSystem(SimulatedFileSystem())
        let writer = try Store.open(fileSystem, options: Self.options)
        let watch = try Watch(Store.open(fileSystem, options: Self.readOnly))
        fileSystem.interleave { watch.look() }
        for (index, step) in Self.workload(seed, count: 30).enumerated() {
            var before = try Picture(writer.snapshot())
            watch.state.withLock {
                $0.before = before
                $0.seen = []
            }
            try Self.run(step, on: writer)
            let after = try Picture(writer.snapshot())
            let (seen, failures) = watch.state.withLock { ($0.seen, $0.failures) }
            #expect(failures.isEmpty, "step \(index), \(step): \(failures.prefix(3))")
            // A step that makes a table or drops it first has one state between.
            for (_, picture) in seen where picture != after && picture != before {
                #expect(picture.model.rows.isEmpty, "step \(index), \(step)")
                #expect(picture.catalog != before.catalog, "step \(index), \(step)")
                before = picture
            }
            watch.state.withLock { $0.failures = [] }
        }
        fileSystem.interleave(nil)
        #expect(watch.state.withLock { $0.lookCount } > 300)
    }

    /// The writer dies at a call, whatever it was at; another begins where it ended.
    @Test("Case 49: a reader outlives its writer and follows the next one")
    func followsTheNextWriter() throws {
        let steps = Self.workload(3, count: 14)
        let whole = SimulatedFileSystem()
        let counted = try Store.open(whole, options: Self.options)
        for step in steps { try Self.run(step, on: counted) }
        for call in stride(from: 0, to: whole.callCount, by: 2) {
            let fileSystem = SimulatedFileSystem()
            if let first = try? Store.open(fileSystem, options: Self.options) {
                try first.close()
            }
            let reader = try Store.open(fileSystem, options: Self.readOnly)
            var acknowledged = try Picture(reader.snapshot())
            do {
                let writer = try Store.open(fileSystem, options: Self.options)
                fileSystem.fail(call: fileSystem.callCount + call, .powerLoss)
                for (index, step) in steps.enumerated() {
                    guard (try? Self.run(step, on: writer)) != nil else { break }
                    guard let picture = try? Picture(writer.snapshot()) else { break }
                    acknowledged = picture
                    if index % 3 == 0, (try? reader.currentSnapshot()) == nil { break }
                }
            }
            fileSystem.clearFaults()
            let between = try reader.currentSnapshot()
            #expect(
                try Picture(between).model.rows.count >= acknowledged.model.rows.count
                    || between.catalog != acknowledged.catalog, "call \(call)")
            let next = try Store.open(fileSystem, options: Self.options)
            #expect(
                try Picture(reader.currentSnapshot()) == Picture(next.snapshot()), "call \(call)")
            for step in steps.prefix(4) {
                if case .addColumn = step { continue }
                try Self.run(step, on: next)
            }
            #expect(
                try Picture(reader.currentSnapshot()) == Picture(next.snapshot()), "call \(call)")
            try next.close()
        }
    }

    /// A write that failed after the reader saw it is taken back under the reader's eyes.
    @Test("Case 12: a reader forgets a write that the full disk cut off")
    func aFailedWriteIsForgotten() throws {
        for fault in [SimulatedFileSystem.Fault.shortWrite, .refusal(.diskFull)] {
            let fileSystem = SimulatedFileSystem()
            let writer = try Store.open(fileSystem, options: Self.options)
            let reader = try Store.open(fileSystem, options: Self.readOnly)
            var generator = SeededGenerator(seed: 9)
            for round in 0..<12 {
                try Self.run(.write(generator.storeRows(5)), on: writer)
                _ = try reader.currentSnapshot()
                fileSystem.fail(call: fileSystem.callCount, fault)
                #expect(throws: StorageError.self) {
                    try Self.run(
                        .write(generator.storeRows(4, sensors: 9 + round)), on: writer)
                }
                fileSystem.clearFaults()
                #expect(
                    try Picture(reader.currentSnapshot()) == Picture(writer.snapshot()),
                    "\(fault), round \(round)")
            }
        }
    }

    @Test("Case 44: a reader's old snapshot reads on, or says that its files were replaced")
    func oldSnapshotsEndWithAnError() throws {
        let fileSystem = SimulatedFileSystem()
        let writer = try Store.open(fileSystem, options: Self.options)
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<6 {
            try Self.run(.write(generator.storeRows(9)), on: writer)
            try writer.flush()
        }
        var keeping = Self.readOnly
        keeping.openSegmentCountLimit = 100
        let reader = try Store.open(fileSystem, options: keeping)
        let opened = reader.snapshot()
        let expected = try Picture(opened)
        let unopened = try Store.open(fileSystem, options: Self.readOnly).snapshot()
        // All that the manifest lists is replaced, and then gone.
        try writer.compact()
        for path in fileSystem.paths where path.hasPrefix("segments/") {
            let fileID = Int(path.dropFirst("segments/".count).dropLast(".seg".count)) ?? 0
            if !writer.snapshot().segmentFileIDs.contains(UInt64(fileID)) {
                try? fileSystem.remove(path)
            }
        }
        #expect(try Picture(opened) == expected)
        let failure = #expect(throws: StorageError.self) { try ModelTable.scan(unopened) }
        #expect(failure?.code == .superseded)
        #expect(failure?.file?.hasPrefix("segments/") == true)
        #expect(try Picture(reader.currentSnapshot()) == expected)
    }

    @Test("Case 49: a reader changes no byte of the folder, and needs no right to")
    func changesNothing() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-\(UUID().uuidString)").path
        defer {
            for path in Self.folders(folder) {
                try? FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: path)
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
        let writer = try Store.open(path: folder, options: Self.options)
        var generator = SeededGenerator(seed: 2)
        for step in 0..<8 {
            try Self.run(.write(generator.storeRows(9)), on: writer)
            if step % 3 == 2 { try writer.flush() }
        }
        let expected = try Picture(writer.snapshot())
        for path in Self.folders(folder) {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o555], ofItemAtPath: path)
        }
        let before = try Self.contents(folder)
        let reader = try Store.open(path: folder, options: Self.readOnly)
        #expect(try Picture(reader.currentSnapshot()) == expected)
        let table = try #require(reader.snapshot().catalog.table(named: "readings"))
        let failure = #expect(throws: StorageError.self) {
            try reader.write(
                [ModelTable.batch([StoreRow(sensor: 1, time: 1)], table: table)], rule: nil,
                isCounted: false)
        }
        #expect(failure?.code == .readOnly)
        #expect(throws: StorageError.self) { try reader.flush() }
        #expect(throws: StorageError.self) { try reader.compact() }
        #expect(throws: StorageError.self) { try reader.dropTable("readings", ifExists: false) }
        _ = reader.check()
        try reader.close()
        #expect(try Self.contents(folder) == before)
    }

    private static func folders(_ root: String) -> [String] {
        [root, root + "/log", root + "/segments"]
    }

    /// Every file with its bytes and the time of its last change; folders with the time alone.
    private static func contents(_ root: String) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for folder in folders(root) {
            for name in [""] + (try FileManager.default.contentsOfDirectory(atPath: folder)) {
                let path = folder + "/" + name
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                let changed = attributes[.modificationDate] as? Date ?? .distantPast
                let bytes = FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
                contents[path + " \(changed.timeIntervalSince1970)"] = bytes
            }
        }
        return contents
    }

    /// A look where nothing has changed costs a listing or two and small reads.
    @Test func looksAreCheap() throws {
        let fileSystem = SimulatedFileSystem()
        let writer = try Store.open(fileSystem, options: Self.options)
        try Self.run(.write([StoreRow(sensor: 1, time: 1)]), on: writer)
        let reader = try Store.open(fileSystem, options: Self.readOnly)
        let first = try reader.currentSnapshot()
        #expect(try reader.currentSnapshot() === first)
        try Self.run(.write([StoreRow(sensor: 1, time: 2)]), on: writer)
        #expect(try reader.currentSnapshot() !== first)
    }
}
