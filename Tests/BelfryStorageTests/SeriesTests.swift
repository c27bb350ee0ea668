import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryStorage

/// The series table: keys and numbers against a dictionary, what a checkpoint spares and what it
/// cannot spoil, and limits.
struct SeriesTests {
    private static var quiet: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.checkpointSeriesCount = 1
        return options
    }

    private static let schema = TableSchema(
        name: "things",
        columns: [
            ColumnSchema(name: "time", type: .timestamptz, role: .time),
            ColumnSchema(name: "a", type: .text, role: .tag),
            ColumnSchema(name: "b", type: .text, role: .tag),
            ColumnSchema(name: "v", type: .bigint, role: .field),
        ])

    private static func key(_ table: TableSchema, _ index: Int) -> SeriesKey {
        SeriesKey(
            table: table.number,
            parts: [
                (table.columns[1].number, Array("area \(index % 7)".utf8)),
                (table.columns[2].number, Array("thing \(index)".utf8)),
            ])
    }

    private func write(
        _ series: some Sequence<Int>, at time: Int64, to store: Store
    ) throws {
        let table = try store.createTable(Self.schema, ifNotExists: true)
        let keys = series.map { Self.key(table, $0) }
        _ = try store.write(
            [
                PointBatch(
                    table: table, keys: keys, keyIndexes: keys.indices.map { UInt32($0) },
                    times: keys.map { _ in time },
                    columns: [
                        PointBatch.Column(
                            number: table.columns[3].number,
                            values: Vector(integers: keys.indices.map { Int64($0) }))
                    ])
            ], rule: nil, isCounted: false)
    }

    /// Every row by its tags: what queries see.
    private func rows(_ store: Store) throws -> [String] {
        let table = try #require(store.snapshot().catalog.table(named: "things"))
        let scan = try store.snapshot().scan(ScanRequest(table: table, columns: [0, 1, 2, 3]))
        var rows: [String] = []
        while let batch = try scan.next() {
            for row in 0..<batch.rowCount {
                rows.append(
                    batch.vectors.map { "\($0.value(row))" }.joined(separator: ", "))
            }
        }
        return rows.sorted()
    }

    // MARK: The table

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func keysAndNumbersAreADictionary(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let table = SeriesTable()
        var model: [UInt32: SeriesKey] = [:]
        var known: Set<SeriesKey> = []
        var next: UInt32 = 1
        func random() -> SeriesKey {
            var columns = (16..<UInt32(17 + generator.below(12))).map { $0 }
            // Primary keys may name their columns in any order.
            if generator.below(5) == 0 { columns.reverse() }
            let parts = columns.compactMap { column -> (column: UInt32, value: [UInt8])? in
                if generator.below(3) == 0 { return nil }
                return (column, Array("\(generator.below(6))".utf8.prefix(generator.below(3))))
            }
            return SeriesKey(table: UInt32(1 + generator.below(3)), parts: parts)
        }
        for _ in 0..<60 {
            var entries: [(number: UInt32, key: SeriesKey)] = []
            for _ in 0..<generator.below(40) {
                let key = random()
                guard known.insert(key).inserted else { continue }
                next += UInt32(generator.below(9) == 0 ? 5000 : 1)
                entries.append((next, key))
                model[next] = key
                next += 1
            }
            try table.register(entries)
            let asked = model.values + (0..<20).map { _ in random() }
            let numbers = table.numbers(of: asked)
            for (key, number) in zip(asked, numbers) {
                #expect(known.contains(key) ? model[number] == key : number == 0)
            }
        }
        for (number, key) in model { #expect(table.key(number) == key) }
        #expect(table.key(0) == nil && table.key(next + 1) == nil)
        #expect(table.count == model.count)
        try compareLoaded(table, model, &generator)
    }

    /// The same series entered in any order, and through a checkpoint.
    private func compareLoaded(
        _ table: SeriesTable, _ model: [UInt32: SeriesKey], _ generator: inout SeededGenerator
    ) throws {
        let shuffled = model.keys.sorted().shuffled(using: &generator)
        let other = SeriesTable()
        other.load { state in
            for number in shuffled {
                let isNew = state.load(number, model[number] ?? SeriesKey(bytes: []))
                #expect(isNew)
            }
            state.finishLoading()
        }
        let databaseID = [UInt8](repeating: 7, count: 16)
        let limit = table.nextNumber
        let bytes = SeriesCheckpoint(
            sequence: 5, covered: [.init(fileID: 3, salt: 4)], tables: table.contents.tables
        ).encoded(below: limit, databaseID: databaseID, salt: 99)
        let decoded = try SeriesCheckpoint.decode(bytes, databaseID: databaseID, below: limit)
        #expect(decoded.sequence == 5 && decoded.covered == [.init(fileID: 3, salt: 4)])
        let third = SeriesTable()
        third.load { state in for series in decoded.tables { state.load(series) } }
        for copy in [other, third] {
            #expect(copy.count == table.count)
            for (number, key) in model { #expect(copy.key(number) == key) }
            #expect(copy.numbers(of: Array(model.values)) == Array(model.keys))
            for number in 1...(3 as UInt32) {
                for column in 16..<(20 as UInt32) {
                    for predicate in [
                        TagPredicate.isIn(column: column, values: [Array("1".utf8)]),
                        .isNull(column: column), .all,
                    ] {
                        #expect(
                            copy.resolve(predicate, table: number, limit: limit).numbers
                                == table.resolve(predicate, table: number, limit: limit).numbers)
                    }
                }
            }
        }
    }

    /// One bit anywhere, or an end too early: an error, and never other series.
    @Test func damagedCheckpointsAreRefused() throws {
        let table = SeriesTable()
        let schema = Self.schema
        try table.register((1...20).map { (UInt32($0), Self.key(schema, $0)) })
        let databaseID = [UInt8](repeating: 7, count: 16)
        let bytes = SeriesCheckpoint(
            sequence: 5, covered: [.init(fileID: 3, salt: 4)], tables: table.contents.tables
        ).encoded(below: 21, databaseID: databaseID, salt: 99)
        for length in 0..<bytes.count {
            #expect(throws: FormatError.self) {
                try SeriesCheckpoint.decode(
                    Array(bytes[..<length]), databaseID: databaseID, below: 21)
            }
        }
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FormatError.self) {
                try SeriesCheckpoint.decode(damaged, databaseID: databaseID, below: 21)
            }
        }
        // Numbers that were never handed out, and another store's file.
        #expect(throws: FormatError.self) {
            try SeriesCheckpoint.decode(bytes, databaseID: databaseID, below: 20)
        }
        #expect(throws: FormatError.self) {
            try SeriesCheckpoint.decode(
                bytes, databaseID: [UInt8](repeating: 8, count: 16), below: 21)
        }
    }

    // MARK: The checkpoint

    @Test("Case 27: the series checkpoint deleted or corrupted is made again, and told of")
    func checkpointIsDisposable() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("belfry-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var store = try Store.open(path: folder, options: Self.quiet)
        try write(0..<50, at: 1, to: store)
        try store.flush()
        try store.checkpointSeries(isClosing: true)
        // Series that the checkpoint does not have: in a segment of their own, and in the log.
        try write(30..<70, at: 2, to: store)
        try store.flush()
        try write(60..<90, at: 3, to: store)
        let expected = try rows(store)
        try store.close()
        func checkpoints() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder + "/series").sorted()
        }
        let name = try #require(try checkpoints().first)
        let path = folder + "/series/" + name
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))

        store = try Store.open(path: folder, options: Self.quiet)
        #expect(try rows(store) == expected)
        #expect(store.recoveryNotes.isEmpty)
        #expect(store.check().isSound)
        try store.close()

        var damaged = whole
        damaged[damaged.count / 2] ^= 4
        for bytes in [damaged, Data(), whole.prefix(whole.count - 1), Data(count: 4096)] {
            try bytes.write(to: URL(fileURLWithPath: path))
            store = try Store.open(path: folder, options: Self.quiet)
            #expect(try rows(store) == expected)
            #expect(store.recoveryNotes.contains { $0.contains("series/" + name) })
            #expect(store.check().isSound)
            #expect(try checkpoints().isEmpty)
            try store.close()
        }

        store = try Store.open(path: folder, options: Self.quiet)
        #expect(store.recoveryNotes.contains { $0.contains("no checkpoint") })
        try write(0..<1, at: 3, to: store)
        #expect(try rows(store).count == expected.count + 1)
        try store.checkpointSeries(isClosing: true)
        #expect(try checkpoints().count == 1)
        try store.close()
        store = try Store.open(path: folder, options: Self.quiet)
        #expect(store.recoveryNotes.isEmpty)
        #expect(try rows(store).count == expected.count + 1)
        try store.close()
    }

    @Test(
        "Case 27: check compares the series checkpoint with the segments; what is wrong is a note")
    func checkReadsTheCheckpoint() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write(0..<9000, at: 1, to: store)
        try store.flush()
        try store.checkpointSeries(isClosing: true)
        let path = try #require(fileSystem.paths.first { $0.hasSuffix(".idx") })
        let whole = try #require(fileSystem.bytes(path))
        func notes() -> [String] {
            let report = store.check()
            #expect(report.isSound)
            return report.notes.filter { $0.contains(path) }
        }
        #expect(notes().isEmpty)
        let good = try SeriesCheckpoint.decode(
            whole, databaseID: store.identity.databaseID, below: .max)
        func put(_ checkpoint: SeriesCheckpoint) {
            fileSystem.put(
                checkpoint.encoded(
                    below: .max, databaseID: store.identity.databaseID, salt: 5), at: path)
        }
        put(good)
        #expect(notes().isEmpty)
        // Without the last series, without all, and with another key of one.
        var wrong = good
        let numbers = good.tables[0].numbers.array(8999)
        wrong.tables = [
            TableSeries(
                good.tables[0].table, numbers: numbers, columns: good.tables[0].columns,
                irregular: [:])
        ]
        put(wrong)
        #expect(notes().contains { $0.contains("series 9000 is not what segments/") })
        wrong.tables = []
        put(wrong)
        #expect(notes().contains { $0.contains("series 1 is not what segments/") })
        wrong.tables = [
            TableSeries(
                good.tables[0].table, numbers: good.tables[0].numbers.array(9000),
                columns: good.tables[0].columns,
                irregular: [4999: SeriesKey(table: 1, parts: [(16, [65])])])
        ]
        put(wrong)
        #expect(notes().contains { $0.contains("series 5000 is not what segments/") })
        // It does not say that it knows the segment: nothing is missing.
        wrong.tables = []
        wrong.covered = []
        put(wrong)
        #expect(notes().isEmpty)
        wrong.sequence += 1
        put(wrong)
        #expect(notes().contains { $0.contains("by its name") })
        for bytes in [[], Array(whole.dropLast()), whole.map { $0 ^ 1 }] {
            fileSystem.put(bytes, at: path)
            #expect(notes().contains { $0.contains("of no use") })
        }
        fileSystem.put(whole, at: path)
        try store.close()
    }

    /// A number that no manifest made safe may be another series' after a crash.
    @Test func checkpointLeavesOutWhatACrashMayTakeBack() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.quiet)
        try write(0..<10, at: 1, to: store)
        try store.flush()
        try write(10..<20, at: 1, to: store)
        try store.checkpointSeries(isClosing: true)
        let path = try #require(fileSystem.paths.first { $0.hasSuffix(".idx") })
        let checkpoint = try SeriesCheckpoint.decode(
            try #require(fileSystem.bytes(path)), databaseID: store.identity.databaseID,
            below: 11)
        #expect(checkpoint.tables.map(\.count) == [10])
        let again = try Store.open(fileSystem.killed(), options: Self.quiet)
        #expect(try rows(again).count == 20)
    }

    // MARK: Limits

    @Test("Case 58: new series beyond the limit are refused, and leave no entry behind")
    func limits() throws {
        var options = Self.quiet
        options.seriesCountLimit = 1000
        options.databaseSeriesCountLimit = 1500
        options.memtableByteCountLimit = 64 << 10
        let store = try Store.open(SimulatedFileSystem(), options: options)
        try write(0..<1000, at: 1, to: store)
        let table = try #require(store.snapshot().catalog.table(named: "things"))
        func expectUnchanged() {
            #expect(store.series.count == 1000)
            #expect(store.snapshot().seriesCount(table) == 1000)
            #expect(store.snapshot().tagDictionary(table, columnIndex: 2).count == 1000)
            #expect(store.series.nextNumber == 1001)
        }
        for attempt in 0..<20 {
            let base = 1000 + attempt * 5000
            let failure = #expect(throws: StorageError.self) {
                // Some that are there, and then far too many.
                try write((base - 10)..<(base + 5000), at: 2, to: store)
            }
            #expect(failure?.code == .seriesLimit)
            expectUnchanged()
        }
        try write(0..<1000, at: 2, to: store)
        expectUnchanged()
        #expect(try rows(store).count == 2000)

        // Another table has its own limit, and both have the database's.
        var other = Self.schema
        other.name = "others"
        let second = try store.createTable(other, ifNotExists: false)
        func add(_ range: Range<Int>) throws {
            let keys = range.map { Self.key(second, $0) }
            _ = try store.write(
                [
                    PointBatch(
                        table: second, keys: keys, keyIndexes: keys.indices.map { UInt32($0) },
                        times: keys.map { _ in 1 }, columns: [])
                ], rule: nil, isCounted: false)
        }
        try add(0..<500)
        #expect(throws: StorageError.self) { try add(500..<501) }
        #expect(store.series.count == 1500)
        try store.flush()
        #expect(store.check().isSound)
    }

    @Test("Case 48: a batch that touches more days than are allowed is refused")
    func daysOfABatch() throws {
        var options = Self.quiet
        options.batchDayCountLimit = 400
        let store = try Store.inMemory(options: options)
        let table = try store.createTable(Self.schema, ifNotExists: false)
        func write(_ days: [Int64]) throws {
            _ = try store.write(
                [
                    PointBatch(
                        table: table, keys: [Self.key(table, 1)],
                        keyIndexes: days.map { _ in 0 },
                        times: days.map { $0 * 86_400_000_000_000 + $0 }, columns: [])
                ], rule: nil, isCounted: false)
        }
        // Far apart is not many.
        try write([-100_000, 0, 15_000])
        try write((0..<400).map { $0 })
        let failure = #expect(throws: StorageError.self) { try write((0...400).map { $0 }) }
        #expect(failure?.code == .limit)
        #expect(throws: StorageError.self) { try write((0...400).map { $0 * 50 - 7000 }) }
        #expect(try rows(store).count == 402)
    }
}
