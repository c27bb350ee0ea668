import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

/// Rows changed and deleted by key: what UPDATE and most DELETEs are made of.
struct ChangeTests {
    private static func store(_ rule: DuplicateRule) throws -> (Store, TableSchema) {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        var schema = ModelTable.schema
        schema.options.duplicateRule = rule
        let store = try Store.open(SimulatedFileSystem(), options: options)
        return (store, try store.createTable(schema, ifNotExists: false))
    }

    private static func deletion(_ rows: [StoreRow], _ table: TableSchema) -> RowChange {
        let batch = ModelTable.batch(rows, table: table)
        return RowChange(
            PointBatch(
                table: table, keys: batch.keys, keyIndexes: batch.keyIndexes, times: batch.times,
                columns: []), kind: .delete)
    }

    @Test func updatesAndDeletesAreOneChange() throws {
        let (store, table) = try Self.store(.merge)
        let rows = (0..<6).map { StoreRow(sensor: $0, time: 5, level: 1, count: 2, note: "a") }
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
        for isFlushed in [false, true] {
            if isFlushed { try store.flush() }
            let before = store.snapshot()
            try store.change([
                RowChange(
                    ModelTable.batch([StoreRow(sensor: 1, time: 5, level: 7)], table: table),
                    kind: .merge),
                RowChange(
                    ModelTable.batch([StoreRow(sensor: 2, time: 5, note: "b")], table: table),
                    kind: .replace),
                Self.deletion(
                    [StoreRow(sensor: 3, time: 5), StoreRow(sensor: 3, time: 6)], table),
                // A series nobody wrote does not come to be by a delete.
                Self.deletion([StoreRow(sensor: 77, time: 5)], table),
            ])
            var model = StoreModel()
            for row in rows where row.sensor != 3 { model.rows[row.key] = row }
            model.rows[ModelKey(sensor: 1, time: 5)]?.level = 7
            model.rows[ModelKey(sensor: 2, time: 5)] = StoreRow(sensor: 2, time: 5, note: "b")
            #expect(try ModelTable.model(store.snapshot()) == model)
            #expect(store.snapshot().seriesCount(table) == 6)
            if !isFlushed { #expect(try ModelTable.scan(before).count == 6) }
        }
        try store.compact()
        #expect(try ModelTable.scan(store.snapshot()).count == 5)
        try store.close()
    }

    @Test func survivorsOfAnAppendTablesKeyAreWrittenAgain() throws {
        let (store, table) = try Self.store(.append)
        let rows = (0..<5).map { StoreRow(sensor: 1, time: 5, count: Int64($0)) }
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
        try store.flush()
        let rest = rows.filter { $0.count != 2 }
        try store.change([
            Self.deletion([rows[0]], table),
            RowChange(ModelTable.batch(rest, table: table), kind: .merge),
        ])
        #expect(try ModelTable.scan(store.snapshot()) == rest)
        try store.compact()
        #expect(try ModelTable.scan(store.snapshot()) == rest)
        try store.close()
    }

    @Test func aChangePastAFrameIsAsAtomic() throws {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        options.frameByteCountLimit = 1 << 10
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        let rows = (0..<200).map { StoreRow(sensor: $0 % 5, time: Int64($0), count: 1) }
        _ = try store.write([ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
        try store.change([Self.deletion(rows.filter { $0.time < 190 }, table)])
        #expect(try ModelTable.scan(store.snapshot()).count == 10)
        let again = try Store.open(fileSystem.killed(), options: options)
        #expect(try ModelTable.scan(again.snapshot()).count == 10)
        #expect(again.check().isSound)
        try again.close()
    }
}
