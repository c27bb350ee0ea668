import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

/// The store against a dictionary: random writes of every rule, flushes, compactions, reopenings.
struct StoreModelTests {
    private static func options(_ seed: UInt64) -> StoreOptions {
        var options = seed % 2 == 0 ? StoreOptions.tiny : StoreOptions()
        options.runsUpkeep = false
        if seed % 3 == 0 { options.frameByteCountLimit = 1 << 10 }
        return options
    }

    @Test(arguments: UInt64(1)...24)
    func agreesWithDictionary(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var fileSystem = SimulatedFileSystem()
        let options = Self.options(seed)
        var store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var model = StoreModel()
        for step in 0..<60 {
            switch generator.below(12) {
            case 0: try store.flush()
            case 1 where generator.below(3) == 0: try store.compact()
            case 2:
                if generator.below(2) == 0 { try store.close() }
                fileSystem = fileSystem.killed()
                store = try Store.open(fileSystem, options: options)
            default:
                let rows = generator.storeRows(1 + generator.below(40))
                let rule: DuplicateRule =
                    [.merge, .merge, .replace, .keep, .error][generator.below(5)]
                try write(
                    rows, rule: rule, isCounted: generator.below(2) == 0, store: store,
                    table: table, model: &model, "seed \(seed), step \(step)")
            }
            #expect(
                try ModelTable.model(store.snapshot()) == model, "seed \(seed), step \(step)")
        }
        try store.compact()
        #expect(try ModelTable.model(store.snapshot()) == model, "seed \(seed)")
        let report = store.check()
        #expect(report.isSound, "seed \(seed): \(report.problems)")
        try store.close()
    }

    private func write(
        _ rows: [StoreRow], rule: DuplicateRule, isCounted: Bool, store: Store,
        table: TableSchema, model: inout StoreModel, _ place: String
    ) throws {
        let before = model
        let isTaken = model.apply(rows, rule: rule)
        let batch = ModelTable.batch(rows, table: table)
        do throws(StorageError) {
            let outcome = try store.write([batch], rule: rule, isCounted: isCounted)
            #expect(isTaken, "\(place): rows that are there were taken")
            #expect(
                outcome.stored + outcome.updated + outcome.duplicate == rows.count, "\(place)")
            let keys = Set(rows.map(\.key))
            if isCounted || rule == .keep {
                let new = keys.filter { before.rows[$0] == nil }.count
                #expect(outcome.stored == new, "\(place)")
            }
            // With each key once the other two are plain as well.
            if isCounted && keys.count == rows.count && rule != .keep {
                let updated = keys.filter { key in
                    before.rows[key].map { $0 != model.rows[key] } ?? false
                }.count
                #expect(outcome.updated == updated, "\(place)")
            }
        } catch {
            #expect(error.code == .duplicate && !isTaken, "\(place): \(error)")
        }
    }

    @Test func appendTablesKeepEveryRowInWrittenOrder() throws {
        var schema = ModelTable.schema
        schema.options.duplicateRule = .append
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        let store = try Store.open(SimulatedFileSystem(), options: options)
        let table = try store.createTable(schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 7)
        var written: [StoreRow] = []
        for step in 0..<30 {
            let rows = generator.storeRows(1 + generator.below(20), sensors: 3, times: 5)
            let outcome = try store.write(
                [ModelTable.batch(rows, table: table)], rule: nil, isCounted: step % 2 == 0)
            #expect(outcome.stored == rows.count)
            written += rows
            if step % 7 == 6 { try store.flush() }
            if step % 11 == 10 { try store.compact() }
            let found = try ModelTable.scan(store.snapshot())
            #expect(found.count == written.count)
            for sensor in 0..<3 {
                let ours = written.filter { $0.sensor == sensor }.enumerated().sorted {
                    ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
                }.map(\.element)
                #expect(found.filter { $0.sensor == sensor } == ours, "step \(step)")
            }
        }
        try store.close()
    }

    @Test func snapshotsStayWhatTheyWere() throws {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        let store = try Store.inMemory(options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 3)
        var model = StoreModel()
        var kept: [(Snapshot, StoreModel)] = []
        for step in 0..<20 {
            let rows = generator.storeRows(20)
            _ = model.apply(rows, rule: .merge)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            kept.append((store.snapshot(), model))
            if step % 5 == 4 { try store.compact() }
        }
        for (snapshot, model) in kept { #expect(try ModelTable.model(snapshot) == model) }
    }
}
