import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Scans against the model, over random overlapping runs and segments with every row kind.
struct ScanPropertyTests {
    private static func randomRow(_ random: inout SeededGenerator, _ kinds: Bool) -> ModelRow {
        var row = ModelRow(
            series: UInt32.random(in: 0..<6, using: &random),
            time: Int64.random(in: -12...12, using: &random) * 20_000_000_000_000)
        if kinds {
            let choice = Int.random(in: 0..<10, using: &random)
            row.kind = choice == 0 ? .delete : choice < 3 ? .replace : .merge
        }
        if row.kind == .delete { return row }
        if Bool.random(using: &random) {
            row.double = Double(Int.random(in: -50...50, using: &random)) / 4
        }
        if Bool.random(using: &random) { row.integer = Int64.random(in: -9...9, using: &random) }
        if Bool.random(using: &random) { row.text = "n\(Int.random(in: 0..<9, using: &random))" }
        return row
    }

    private static func randomDeletion(
        _ random: inout SeededGenerator
    ) -> (SeriesSet?, TimeRange) {
        var series: SeriesSet?
        if Bool.random(using: &random) {
            let chosen = (UInt32(1)..<6).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            series = SeriesSet(ascending: chosen)
        }
        if Int.random(in: 0..<4, using: &random) == 0 { return (series, .everything) }
        let start = Int64.random(in: -13...13, using: &random) * 20_000_000_000_000
        let end = start + Int64.random(in: 0...9, using: &random) * 20_000_000_000_000 + 1
        return (
            series,
            TimeRange(start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end))
        )
    }

    /// Writes, deletes, flushes and compacts at random; the model hears of the writes alone.
    private static func build(
        seed: UInt64, rule: DuplicateRule
    ) throws -> (fixture: SegmentFixture, model: RowModel, random: SeededGenerator) {
        var random = SeededGenerator(seed: seed)
        var options = StoreOptions.tiny
        options.rowsPerVector = Int.random(in: 1...5, using: &random)
        options.wideSegmentCountLimit = Int.random(in: 1...4, using: &random)
        if Bool.random(using: &random) { options.partitionByteCountLimit = 0 }
        options.tombstoneCountLimit = Bool.random(using: &random) ? 1_000 : 1
        // Segments of a few blocks: siblings.
        if Bool.random(using: &random) {
            options.segmentByteCountLimit = .random(in: 1...1_000, using: &random)
        }
        var fixture = try SegmentFixture(rule: rule, options: options)
        var model = RowModel()
        model.isAppend = rule == .append
        let hasKinds = Bool.random(using: &random)
        let hasDeletions = Bool.random(using: &random)
        for _ in 0..<Int.random(in: 1...14, using: &random) {
            let count = Int.random(in: 0...14, using: &random)
            let rows = (0..<count).map { _ in randomRow(&random, hasKinds) }
            model.written += rows
            fixture.write(rows)
            if hasDeletions && Int.random(in: 0..<3, using: &random) == 0 {
                let (series, times) = randomDeletion(&random)
                model.delete(series, times)
                fixture.delete(series, times)
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: try fixture.flush()
            case 2: _ = try fixture.compact(isFinal: false)
            case 3 where Bool.random(using: &random):
                while try fixture.compact(isFinal: true) {}
            default: break
            }
        }
        return (fixture, model, random)
    }

    @Test(
        "Case 45, 46: one row written many times, with every row kind, under deletions",
        arguments: [DuplicateRule.merge, .append])
    func everyScanIsWhatTheModelSays(rule: DuplicateRule) throws {
        for seed in UInt64(0)..<400 {
            var (fixture, model, random) = try Self.build(seed: seed, rule: rule)
            let expected = model.rows()
            let limit = fixture.options.rowsPerVector
            let all = try fixture.scan().modelRows(limit: limit)
            #expect(all == expected, "seed \(seed)")

            let start = Int64.random(in: -13...13, using: &random) * 20_000_000_000_000
            let end = start + Int64.random(in: 0...9, using: &random) * 20_000_000_000_000 + 1
            let times = TimeRange(
                start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end))
            let inside = expected.filter { $0.time >= start && $0.time < end }
            let ranged = try fixture.scan { $0.times = times }.modelRows(limit: limit)
            #expect(ranged == inside, "seed \(seed), times")

            let chosen = (0..<6).filter { _ in Bool.random(using: &random) }.map { UInt32($0) }
            let picked = try fixture.scan(series: SeriesSet(ascending: chosen)) {
                $0.times = times
            }.modelRows(limit: limit)
            #expect(picked == inside.filter { chosen.contains($0.series) }, "seed \(seed), set")

            let threshold = Double(Int.random(in: -50...50, using: &random)) / 4
            let met = try fixture.scan {
                $0.conditions = [
                    .init(columnIndex: 2, comparison: .greater, value: .double(threshold)),
                    .init(columnIndex: 3, comparison: .lessOrEqual, value: .integer(4)),
                ]
            }.modelRows(limit: limit)
            func meets(_ row: ModelRow) -> Bool {
                (row.double ?? -.infinity) > threshold && (row.integer ?? 9) <= 4
            }
            #expect(met == expected.filter(meets), "seed \(seed), conditions")

            let count = Int.random(in: 1...4, using: &random)
            let latest = try fixture.scan {
                $0.latest = count
                $0.times = times
            }.modelRows(limit: limit)
            #expect(latest == Self.latest(inside, count), "seed \(seed), latest")
            let latestMet = try fixture.scan {
                $0.latest = count
                $0.conditions = [
                    .init(columnIndex: 2, comparison: .greater, value: .double(threshold)),
                    .init(columnIndex: 3, comparison: .lessOrEqual, value: .integer(4)),
                ]
            }.modelRows(limit: limit)
            #expect(
                latestMet == Self.latest(expected.filter(meets), count),
                "seed \(seed), latest with conditions")

            try Self.checkCounts(fixture, times, inside, seed)
            try Self.checkParts(fixture, expected, seed)
        }
    }

    private static func latest(_ rows: [ModelRow], _ count: Int) -> [ModelRow] {
        var result: [ModelRow] = []
        for index in rows.indices {
            let later = rows[(index + 1)...].prefix { $0.series == rows[index].series }
            if later.count < count { result.append(rows[index]) }
        }
        return result
    }

    /// Without columns, batches tell row counts.
    private static func checkCounts(
        _ fixture: SegmentFixture, _ times: TimeRange, _ expected: [ModelRow], _ seed: UInt64
    ) throws {
        let scan = try fixture.scan([]) { $0.times = times }
        var counts: [UInt32: Int] = [:]
        while let batch = try scan.next() {
            for extent in batch.extents { counts[extent.series, default: 0] += extent.rowCount }
        }
        #expect(
            counts == Dictionary(grouping: expected, by: \.series).mapValues(\.count),
            "seed \(seed), counts")
    }

    /// Parts in order give the whole.
    private static func checkParts(
        _ fixture: SegmentFixture, _ expected: [ModelRow], _ seed: UInt64
    ) throws {
        let request = ScanRequest(table: fixture.table, columns: [0, 2, 3, 4])
        let parts = try ScanPart.cut(request, fixture.sources(), count: 3)
        #expect(parts.count <= 3)
        var rows: [ModelRow] = []
        for part in parts {
            rows += try part.open().modelRows(limit: fixture.options.rowsPerVector)
        }
        #expect(rows == expected, "seed \(seed), parts")
    }

    @Test func compactionEndsWithOneSegmentAPartition() throws {
        for seed in UInt64(1000)..<1040 {
            var (fixture, model, _) = try Self.build(seed: seed, rule: .merge)
            if !fixture.runs.isEmpty || !fixture.recentTombstones.isEmpty { try fixture.flush() }
            while try fixture.compact(isFinal: true) {}
            #expect(fixture.segments.allSatisfy { !$0.summary.isWide })
            // One segment, or siblings.
            let segments = fixture.segments.map(\.summary)
            let whole = segments.filter { one in
                !segments.contains { $0.fileID < one.fileID && $0.isSibling(of: one) }
            }
            let partitions = whole.compactMap(\.partition)
            #expect(Set(partitions).count == partitions.count)
            for (index, one) in partitions.enumerated() {
                for other in partitions[(index + 1)...] { #expect(!one.overlaps(other)) }
            }
            let kept = fixture.segments.reduce(0) { $0 + Int($1.summary.rowCount) }
            #expect(kept == model.rows().count, "seed \(seed): deletes and folds are gone")
        }
    }

    @Test func longSeriesPassThroughWhole() throws {
        var options = StoreOptions()
        options.vectorsPerBlock = 4
        var fixture = try SegmentFixture(options: options)
        var model = RowModel()
        for part in 0..<3 {
            var rows: [ModelRow] = []
            for series in [UInt32(3), 4, 9, 10] {
                // Series 4 and 10 are long, the others share blocks.
                let count = series % 2 == 0 && series != 9 ? 5000 : 300
                for row in 0..<count {
                    rows.append(
                        ModelRow(
                            series: series, time: Int64(part * 10_000 + row) * 1_000_000_000,
                            double: Double(row) / 8, integer: row % 7 == 0 ? nil : Int64(row)))
                }
            }
            model.written += rows
            fixture.write(rows)
            try fixture.flush()
        }
        let expected = model.rows()
        #expect(try fixture.scan().modelRows(limit: 1024) == expected)
        let window = TimeRange(
            start: Timestamp(nanoseconds: 4_321_000_000_000),
            end: Timestamp(nanoseconds: 12_345_000_000_000))
        #expect(
            try fixture.scan { $0.times = window }.modelRows(limit: 1024)
                == expected.filter { window.contains(Timestamp(nanoseconds: $0.time)) })
        while try fixture.compact(isFinal: true) {}
        #expect(try fixture.scan().modelRows(limit: 1024) == expected)
        // Counting opens no strip.
        let counting = try fixture.scan([])
        var counted = 0
        while let batch = try counting.next() { counted += batch.rowCount }
        #expect(counted == expected.count)
        #expect(counting.statistics.vectorsDecoded == 0)
    }

    /// Two sources with the same times in long stretches, a third that cuts into them.
    @Test func longOverlapsFold() throws {
        var options = StoreOptions()
        options.vectorsPerBlock = 2
        var fixture = try SegmentFixture(options: options)
        var model = RowModel()
        func write(_ range: Range<Int>, _ make: (Int) -> ModelRow) {
            let rows = range.map(make)
            model.written += rows
            fixture.write(rows)
        }
        func time(_ row: Int) -> Int64 { Int64(row) * 1_000_000_000 }
        write(0..<5000) {
            ModelRow(series: 1, time: time($0), double: Double($0), text: $0 % 5 == 0 ? "a" : nil)
        }
        try fixture.flush()
        write(1500..<4200) {
            ModelRow(series: 1, time: time($0), double: $0 % 3 == 0 ? nil : -1, integer: 7)
        }
        write(2000..<2003) { ModelRow(series: 1, time: time($0), kind: .delete) }
        write(3000..<3100) { ModelRow(series: 1, time: time($0 * 2 - 3001), text: "b") }
        let expected = model.rows()
        #expect(try fixture.scan().modelRows(limit: 1024) == expected)
        try fixture.flush()
        #expect(try fixture.scan().modelRows(limit: 1024) == expected)
        let latest = try fixture.scan {
            $0.latest = 3
            $0.times = TimeRange(
                start: .negativeInfinity, end: Timestamp(nanoseconds: time(2004)))
        }.modelRows(limit: 1024)
        #expect(latest == Array(expected.filter { $0.time < time(2004) }.suffix(3)))
        while try fixture.compact(isFinal: true) {}
        #expect(try fixture.scan().modelRows(limit: 1024) == expected)
    }
}
