import BelfryCodecs
import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Every byte of the segments is counted once, whatever the columns, tiers and kinds of segments.
struct SizesTests {
    private static func store(_ options: StoreOptions) throws -> Store {
        let store = try Store.open(SimulatedFileSystem(), options: options, clock: ManualClock())
        _ = try store.createTable(ModelTable.schema, ifNotExists: false)
        return store
    }

    private static func expectSums(_ store: Store) throws {
        let sizes = try store.sizes()
        let tables = sizes.tables.reduce(0) { $0 + $1.byteCount }
        #expect(UInt64(tables + sizes.shared.byteCount) == sizes.segmentByteCount)
        let live = store.snapshot().segments.map(\.summary)
        #expect(sizes.segmentByteCount == live.reduce(0) { $0 + $1.byteCount })
        #expect(sizes.segmentCount == live.count)
        #expect(sizes.problems.isEmpty)
        for table in sizes.tables {
            for column in table.columns {
                #expect(column.parts.reduce(0) { $0 + $1.byteCount } == column.byteCount)
                #expect(column.valueCount <= table.rowCount)
                #expect(column.codedByteCount <= column.byteCount)
            }
            #expect(table.columns.first.map { $0.valueCount == table.rowCount } ?? true)
        }
        let rows = live.reduce(UInt64(0)) { $0 + $1.rowCount }
        #expect(sizes.tables.reduce(0) { $0 + $1.rowCount } == rows)
    }

    @Test(arguments: [4, 1024]) func everyByteOfTheSegmentsIsCountedOnce(vector: Int) throws {
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        options.rowsPerVector = vector
        options.memtableByteCountLimit = 1 << 20
        let store = try Self.store(options)
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        var other = ModelTable.schema
        other.name = "others"
        let second = try store.createTable(other, ifNotExists: false)
        var generator = SeededGenerator(seed: 90)
        for round in 0..<4 {
            for table in [table, second] {
                let rows = generator.storeRows(40)
                _ = try store.write(
                    [ModelTable.batch(rows, table: table)], rule: .merge, isCounted: false)
            }
            if round == 3 { #expect(try store.sizes().tables.allSatisfy { $0.logRowCount > 0 }) }
            try store.flush()
            try Self.expectSums(store)
        }
        #expect(try store.sizes().shared.byteCount > 0)
        while try store.compactOnce(isFinal: false) {}
        try Self.expectSums(store)
        try store.compact()
        try Self.expectSums(store)
        #expect(try store.sizes().shared.byteCount == 0)
        try store.compact(isCold: true)
        try Self.expectSums(store)
        #expect(try store.sizes().tables.allSatisfy { $0.coldRowCount == $0.rowCount })
        let one = try store.sizes(of: "others")
        #expect(one.tables.map(\.table.name) == ["others"])
        #expect(throws: StorageError.self) { try store.sizes(of: "nothing") }
        #expect(one.files.segments >= one.segmentByteCount)
        #expect(one.files.manifests > 0)
    }

    @Test func segmentsThatCannotBeReadAreToldAndNotCounted() throws {
        let fileSystem = SimulatedFileSystem()
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        options.openSegmentCountLimit = 4
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 91)
        for _ in 0..<2 {
            _ = try store.write(
                [ModelTable.batch(generator.storeRows(20), table: table)], rule: .merge,
                isCounted: false)
            try store.flush()
        }
        let damaged = try #require(store.snapshot().segments.first).summary
        fileSystem.flip(bit: 90 * 8, at: FileNames.segment(damaged.fileID))
        let sizes = try store.sizes()
        #expect(sizes.problems.count == 1)
        #expect(sizes.problems.first?.file == FileNames.segment(damaged.fileID))
        let whole = store.snapshot().segments.map(\.summary).filter { $0 != damaged }
        #expect(sizes.tables.first?.rowCount == whole.reduce(0) { $0 + $1.rowCount })
    }
}
