import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Deletions by tags and times among writes of every kind, against a dictionary: the rows, and
/// every way of asking that does not read all of them.
struct DeletePropertyTests {
    static let hour: Int64 = 3_600_000_000_000

    static func time(_ hours: Int) -> Timestamp { Timestamp(nanoseconds: Int64(hours) * hour) }

    /// The series of some sensors.
    static func series(_ sensors: Set<Int>, _ snapshot: Snapshot, _ table: TableSchema) -> SeriesSet
    {
        let keys = Set(sensors.map { ModelTable.key($0, of: table) })
        let numbers = snapshot.seriesNumbers(table, .all).numbers.filter { number in
            snapshot.seriesKey(number).map(keys.contains) ?? false
        }
        return SeriesSet(ascending: numbers)
    }

    /// A random deletion, and which rows it is about.
    static func deletion(
        _ generator: inout SeededGenerator, _ snapshot: Snapshot, _ table: TableSchema
    ) -> (RangeDeletion, (ModelKey) -> Bool) {
        let first = generator.below(60)
        let times =
            switch generator.below(6) {
            case 0: TimeRange.everything
            case 1: TimeRange(start: .negativeInfinity, end: time(first))
            case 2: TimeRange(start: time(first), end: time(first + 24))
            case 3: TimeRange(start: time(first), end: .infinity)
            default: TimeRange(start: time(first), end: time(first + 1 + generator.below(12)))
            }
        var sensors: Set<Int>?
        if generator.below(3) > 0 {
            sensors = Set((0..<6).filter { _ in generator.below(3) == 0 })
        }
        let set = sensors.map { series($0, snapshot, table) }
        return (
            RangeDeletion(table: table, series: set, times: times),
            { key in
                times.contains(Timestamp(nanoseconds: key.time))
                    && (sensors?.contains(key.sensor) ?? true)
            }
        )
    }

    /// Every way of asking for less than all rows gives what all rows say.
    static func checkShortcuts(
        _ snapshot: Snapshot, _ rows: [StoreRow], _ generator: inout SeededGenerator,
        _ place: String
    ) throws {
        guard let table = snapshot.catalog.table(named: "readings") else { return }
        let start = generator.below(60)
        let times = TimeRange(start: time(start), end: time(start + generator.below(30)))
        for range in [TimeRange.everything, times] {
            let inside = rows.filter { range.contains(Timestamp(nanoseconds: $0.time)) }
            // Counted without a column, by block headers where they suffice.
            var request = ScanRequest(table: table, columns: [])
            request.times = range
            var count = 0
            let counting = try snapshot.scan(request)
            while let batch = try counting.next() { count += batch.rowCount }
            #expect(count == inside.count, "\(place): count of \(range)")
            // The latest rows.
            let latestCount = 1 + generator.below(3)
            request = ScanRequest(table: table, columns: [0, 2])
            request.times = range
            request.latest = latestCount
            var found: [Int: Int] = [:]
            let latest = try snapshot.scan(request)
            var newest: [Int: Int64] = [:]
            while let batch = try latest.next() {
                for row in 0..<batch.rowCount {
                    guard case .text(let name) = batch.vectors[1].value(row),
                        case .timestamptz(let time) = batch.vectors[0].value(row)
                    else { continue }
                    let sensor = Int(name.dropFirst("sensor ".count)) ?? -1
                    found[sensor, default: 0] += 1
                    newest[sensor] = max(newest[sensor] ?? .min, time.nanoseconds)
                }
            }
            let groups = Dictionary(grouping: inside, by: \.sensor)
            #expect(
                found == groups.mapValues { min(latestCount, $0.count) },
                "\(place): latest of \(range)")
            #expect(
                newest == groups.compactMapValues { $0.map(\.time).max() },
                "\(place): last times of \(range)")
        }
        // Shares of a scan, with a condition that statistics could answer.
        var request = ScanRequest(table: table, columns: [0])
        request.conditions = [
            .init(columnIndex: 3, comparison: .greater, value: .double(2))
        ]
        var count = 0
        for part in try snapshot.scanParts(request, count: 3) {
            let scan = try part.open()
            while let batch = try scan.next() { count += batch.rowCount }
        }
        #expect(count == rows.filter { ($0.level ?? 0) > 2 }.count, "\(place): parts")
        #expect(snapshot.rowCountEstimate(table) >= rows.count, "\(place): estimate")
        let bounds = snapshot.timeBounds(table) ?? .nothing
        let outside = rows.count { !bounds.contains(Timestamp(nanoseconds: $0.time)) }
        #expect(outside == 0, "\(place): bounds")
    }

    private static func options(_ seed: UInt64) -> StoreOptions {
        var options = seed % 2 == 0 ? StoreOptions.tiny : StoreOptions()
        options.runsUpkeep = false
        if seed % 3 == 0 { options.frameByteCountLimit = 1 << 10 }
        if seed % 4 == 0 { options.tombstoneCountLimit = 3 }
        if seed % 5 < 3 { options.segmentByteCountLimit = 300 * (seed % 5 + 1) }
        return options
    }

    @Test(arguments: UInt64(1)...20)
    func agreesWithDictionary(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &* 7919)
        var fileSystem = SimulatedFileSystem()
        let options = Self.options(seed)
        var store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var model = StoreModel()
        var pinned: [(Snapshot, StoreModel)] = []
        for step in 0..<60 {
            let place = "seed \(seed), step \(step)"
            switch generator.below(14) {
            case 0: try store.flush()
            case 1 where generator.below(3) == 0: try store.compact()
            case 2: _ = try store.compactOnce(isFinal: false)
            case 3:
                if generator.below(2) == 0 { try store.close() }
                pinned = []
                fileSystem = fileSystem.killed()
                store = try Store.open(fileSystem, options: options)
            case 4, 5, 6, 7:
                let (deletion, isMeant) = Self.deletion(&generator, store.snapshot(), table)
                try store.delete(deletion)
                model.rows = model.rows.filter { !isMeant($0.key) }
            case 8:
                try Self.change(&generator, store, table, &model)
            default:
                let rows = generator.storeRows(1 + generator.below(40))
                let rule: DuplicateRule =
                    [.merge, .merge, .replace, .keep, .error][generator.below(5)]
                let before = model
                let isTaken = model.apply(rows, rule: rule)
                let isCounted = generator.below(2) == 0
                do throws(StorageError) {
                    let outcome = try store.write(
                        [ModelTable.batch(rows, table: table)], rule: rule, isCounted: isCounted)
                    #expect(isTaken, "\(place): rows that are there were taken")
                    if isCounted || rule == .keep {
                        let new = Set(rows.map(\.key)).filter { before.rows[$0] == nil }.count
                        #expect(outcome.stored == new, "\(place)")
                    }
                } catch {
                    #expect(error.code == .duplicate && !isTaken, "\(place): \(error)")
                }
            }
            let snapshot = store.snapshot()
            #expect(try ModelTable.model(snapshot) == model, "\(place)")
            try Self.checkShortcuts(snapshot, Array(model.rows.values), &generator, place)
            #expect(snapshot.tombstones.count <= options.tombstoneCountLimit, "\(place)")
            if generator.below(8) == 0 { pinned.append((snapshot, model)) }
        }
        for (snapshot, model) in pinned { #expect(try ModelTable.model(snapshot) == model) }
        try store.compact()
        #expect(try ModelTable.model(store.snapshot()) == model, "seed \(seed)")
        #expect(store.snapshot().tombstones.isEmpty, "seed \(seed): nothing is left to hide")
        let kept = store.snapshot().segments.reduce(0) { $0 + Int($1.summary.rowCount) }
        #expect(kept == model.rows.count, "seed \(seed): what was deleted is gone")
        let report = store.check()
        #expect(report.isSound, "seed \(seed): \(report.problems)")
        try store.close()
    }

    /// Some rows deleted by key, some changed, and a range deleted, all in one change.
    private static func change(
        _ generator: inout SeededGenerator, _ store: Store, _ table: TableSchema,
        _ model: inout StoreModel
    ) throws {
        let there = model.rows.keys.sorted { ($0.sensor, $0.time) < ($1.sensor, $1.time) }
        let doomed = there.filter { _ in generator.below(4) == 0 }
        let batch = ModelTable.batch(
            doomed.map { StoreRow(sensor: $0.sensor, time: $0.time) }, table: table)
        var (deletion, isMeant): (RangeDeletion?, (ModelKey) -> Bool) = (nil, { _ in false })
        if generator.below(2) == 0 {
            let made = Self.deletion(&generator, store.snapshot(), table)
            (deletion, isMeant) = (made.0, made.1)
        }
        let written = generator.storeRows(5)
        try store.change(
            [
                RowChange(
                    PointBatch(
                        table: table, keys: batch.keys, keyIndexes: batch.keyIndexes,
                        times: batch.times, columns: []), kind: .delete),
                RowChange(ModelTable.batch(written, table: table), kind: .replace),
            ], deleting: deletion.map { [$0] } ?? [])
        model.rows = model.rows.filter { !isMeant($0.key) }
        for key in doomed { model.rows[key] = nil }
        _ = model.apply(written, rule: .replace)
    }

    @Test(arguments: UInt64(1)...8)
    func appendTablesLoseWhatIsDeletedAndKeepTheOrder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &* 104_729)
        var schema = ModelTable.schema
        schema.options.duplicateRule = .append
        var options = StoreOptions.tiny
        options.runsUpkeep = false
        var fileSystem = SimulatedFileSystem()
        var store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(schema, ifNotExists: false)
        var written: [StoreRow] = []
        for step in 0..<40 {
            switch generator.below(8) {
            case 0: try store.flush()
            case 1: if generator.below(3) == 0 { try store.compact() }
            case 2:
                fileSystem = fileSystem.killed()
                store = try Store.open(fileSystem, options: options)
            case 3, 4:
                let (deletion, isMeant) = Self.deletion(&generator, store.snapshot(), table)
                try store.delete(deletion)
                written.removeAll { isMeant($0.key) }
            default:
                let rows = generator.storeRows(1 + generator.below(20), sensors: 3, times: 8)
                _ = try store.write(
                    [ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
                written += rows
            }
            let place = "seed \(seed), step \(step)"
            let found = try ModelTable.scan(store.snapshot())
            for sensor in 0..<3 {
                let ours = written.filter { $0.sensor == sensor }.enumerated().sorted {
                    ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
                }.map(\.element)
                #expect(found.filter { $0.sensor == sensor } == ours, "\(place)")
            }
            try Self.checkShortcuts(store.snapshot(), written, &generator, place)
        }
        try store.close()
    }
}
