import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Compaction for the COLD tier: smaller segments, the same rows, done once.
struct ColdTierTests {
    @Test func compactionForTheColdTierKeepsEveryRow() throws {
        let fileSystem = SimulatedFileSystem()
        var options = StoreOptions()
        options.runsUpkeep = false
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(
            TableSchema(
                name: "air",
                columns: [
                    ColumnSchema(name: "time", type: .timestamptz, role: .time),
                    ColumnSchema(name: "station", type: .text, role: .tag),
                    ColumnSchema(name: "no2", type: .double, role: .field),
                ]), ifNotExists: false)
        var random = SeededGenerator(seed: 3)
        let values = (0..<20_000).map { _ in
            var value = 0.0
            while value < 200, Int.random(in: 0..<3, using: &random) > 0 { value += 1 }
            return value
        }
        let key = SeriesKey(
            table: table.number, parts: [(table.columns[1].number, Array("kerb".utf8))])
        let start: Int64 = 1_700_000_000_000_000_000
        _ = try store.write(
            [
                PointBatch(
                    table: table, keys: [key],
                    keyIndexes: [UInt32](repeating: 0, count: values.count),
                    times: values.indices.map { start + Int64($0) * 1_000_000_000 },
                    columns: [
                        PointBatch.Column(
                            number: table.columns[2].number, values: Vector(doubles: values))
                    ])
            ], rule: nil, isCounted: false)
        func byteCount() -> UInt64 {
            store.snapshot().segments.reduce(0) { $0 + $1.summary.byteCount }
        }
        func stored() throws -> [Value] {
            let scan = try store.snapshot().scan(ScanRequest(table: table, columns: [2]))
            var found: [Value] = []
            while let batch = try scan.next() {
                for row in 0..<batch.rowCount { found.append(batch.vectors[0].value(row)) }
            }
            return found
        }
        try store.compact()
        let light = byteCount()
        #expect(store.snapshot().segments.allSatisfy { !$0.summary.isCold })
        try store.compact(isCold: true)
        #expect(byteCount() * 100 < light * 92)
        #expect(store.snapshot().segments.allSatisfy { $0.summary.isCold })
        let found = try stored()
        #expect(found == values.map(Value.double))
        let isMore = try store.compactOnce(isFinal: true, isCold: true)
        #expect(!isMore)
        try store.close()
        let again = try Store.open(fileSystem, options: options)
        #expect(again.snapshot().segments.allSatisfy { $0.summary.isCold })
        let isMoreAgain = try again.compactOnce(isFinal: true, isCold: true)
        #expect(!isMoreAgain)
        #expect(again.check().problems.isEmpty)
        // An ordinary compaction leaves it as it is.
        try again.compact()
        #expect(again.snapshot().segments.allSatisfy { $0.summary.isCold })
    }
}
