import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Years of flushes through the picker and the partitioning, without a file: what segments are
/// there after each, how much was written, and whether an order was broken.
struct CompactionFlowTests {
    /// A store as the picker sees it, and what its segments hold: bytes by table and day.
    private struct World {
        struct Content {
            var days: [UInt32: [Int64: Double]] = [:]

            var byteCount: Double { days.values.reduce(0) { $0 + $1.values.reduce(0, +) } }
        }

        var options = StoreOptions()
        var catalog = Catalog()
        var segments: [SegmentSummary] = []
        var contents: [UInt64: Content] = [:]
        var nextFileID: UInt64 = 1
        var nextSequence: UInt64 = 1
        /// A row takes so many bytes.
        let bytesPerRow = 8.0
        var flushedBytes = 0.0
        var writtenBytes = 0.0
        var jobCount = 0

        mutating func add(
            _ content: Content, table: UInt32?, partition: TimeRange?,
            sequences: ClosedRange<UInt64>
        ) {
            let days = content.days.values.flatMap(\.keys)
            guard let first = days.min(), let last = days.max() else { return }
            // Siblings: each has some of the series, with all days.
            let limit = Double(options.segmentByteCountLimit)
            let count = table == nil ? 1 : max(1, (content.byteCount / limit).rounded(.up))
            let part = Content(
                days: content.days.mapValues { days in days.mapValues { $0 / count } })
            for _ in 0..<Int(count) {
                segments.append(
                    SegmentSummary(
                        fileID: nextFileID, salt: 0, byteCount: UInt64(part.byteCount) + 1,
                        table: table, partition: partition, sequences: sequences,
                        times: TimeRange(
                            start: Partitioning.range(ofDay: first).start,
                            end: Partitioning.range(ofDay: last).end),
                        rowCount: UInt64(part.byteCount / bytesPerRow) + 1))
                contents[nextFileID] = part
                nextFileID += 1
            }
        }

        /// Rows by table and day become a wide segment.
        mutating func flush(_ rows: [UInt32: [Int64: Int]]) {
            var content = Content()
            for (table, days) in rows {
                content.days[table] = days.mapValues { Double($0) * bytesPerRow }
            }
            flushedBytes += content.byteCount
            writtenBytes += content.byteCount
            add(content, table: nil, partition: nil, sequences: nextSequence...nextSequence)
            nextSequence += 1
        }

        /// Runs every job there is.
        mutating func compact(isFinal: Bool = false, flagged: Set<UInt64> = []) {
            var count = 0
            while let job = CompactionPicker.next(
                segments, catalog: catalog, options: options, isFinal: isFinal, flagged: flagged)
            {
                count += 1
                guard count < 1_000 else {
                    Issue.record("jobs without end")
                    return
                }
                run(job, flagged)
            }
            jobCount += count
        }

        private mutating func run(_ job: CompactionJob, _ flagged: Set<UInt64>) {
            let fileIDs = Set(job.inputs.map(\.fileID))
            #expect(fileIDs.isDisjoint(with: flagged), "a flagged input")
            let low = job.inputs.map(\.sequences.lowerBound).min() ?? 0
            let high = job.inputs.map(\.sequences.upperBound).max() ?? 0
            checkNeighbours(job, low...high)
            // Siblings are merged together, and never only to be made again.
            let areSiblings = job.inputs.allSatisfy { $0.isSibling(of: job.inputs[0]) }
            #expect(
                !areSiblings || job.inputs.count == 1
                    || job.byteCount < options.segmentByteCountLimit)
            var sum = Content()
            for input in job.inputs {
                for (table, days) in contents[input.fileID]?.days ?? [:] {
                    sum.days[table, default: [:]].merge(days, uniquingKeysWith: +)
                }
            }
            segments.removeAll { fileIDs.contains($0.fileID) }
            for fileID in fileIDs { contents[fileID] = nil }
            writtenBytes += sum.byteCount
            switch job.kind {
            case .merge(let table, let partition):
                add(sum, table: table, partition: partition, sequences: low...high)
            case .split(let isFinal): split(sum, low...high, isFinal)
            }
        }

        private mutating func split(
            _ content: Content, _ sequences: ClosedRange<UInt64>, _ isFinal: Bool
        ) {
            for number in content.days.keys.sorted() {
                guard let table = catalog.table(numbered: number), let days = content.days[number]
                else { continue }
                let mine = segments.filter { $0.table == number }
                var newest = days.keys.max().map {
                    Partitioning.range(ofDay: $0).end.nanoseconds - 1
                }
                for other in mine { newest = max(newest ?? .min, other.times.end.nanoseconds - 1) }
                let targets = Partitioning.targets(
                    days.mapValues { Int($0 / bytesPerRow) }, table: table,
                    existing: mine.compactMap(\.partition), newest: isFinal ? nil : newest,
                    bytesPerRow: bytesPerRow, byteCountLimit: options.partitionByteCountLimit)
                var rest = days
                for target in targets {
                    let inside = rest.filter {
                        target.contains(Partitioning.range(ofDay: $0.key).start)
                    }
                    for day in inside.keys { rest[day] = nil }
                    add(
                        Content(days: [number: inside]), table: number, partition: target,
                        sequences: sequences)
                }
                #expect(rest.isEmpty, "days without a partition")
            }
        }

        /// Whatever lies between the inputs by sequence holds nothing of their table and times.
        private func checkNeighbours(_ job: CompactionJob, _ hull: ClosedRange<UInt64>) {
            let inputs = Set(job.inputs.map(\.fileID))
            for other in segments
            where !inputs.contains(other.fileID) && other.sequences.overlaps(hull) {
                let theirs = contents[other.fileID]?.days ?? [:]
                for input in job.inputs {
                    for (table, days) in contents[input.fileID]?.days ?? [:] {
                        let shared = days.keys.contains { theirs[table]?[$0] != nil }
                        #expect(!shared, "\(job.kind) leaves out \(other)")
                    }
                }
            }
        }

        /// What holds once no job is left.
        func check(wideLimit: Int = 4) {
            #expect(segments.filter(\.isWide).count < wideLimit)
            for table in catalog.tables {
                let mine = segments.filter { $0.table == table.number }
                let groups = Dictionary(grouping: mine) { $0.partition ?? .everything }
                let ranges = groups.keys.sorted { $0.start < $1.start }
                for (one, next) in zip(ranges, ranges.dropFirst()) {
                    #expect(!one.overlaps(next), "partitions \(one) and \(next) overlap")
                }
                for (range, group) in groups {
                    let units = Set(group.map(\.sequences)).count
                    #expect(units <= 12, "\(units) segments in \(range)")
                    for segment in group { #expect(range.contains(segment.times)) }
                    // Of two in one partition one is the older, whole.
                    let ordered = group.sorted {
                        $0.sequences.lowerBound < $1.sequences.lowerBound
                    }
                    for (older, newer) in zip(ordered, ordered.dropFirst()) {
                        #expect(
                            older.sequences.upperBound < newer.sequences.lowerBound
                                || older.isSibling(of: newer))
                    }
                }
            }
        }

        func rowCount(_ segments: [SegmentSummary]) -> [Double] {
            segments.map { (contents[$0.fileID]?.byteCount ?? 0) / bytesPerRow }
        }
    }

    private static func table(
        _ number: UInt32, _ width: PartitionWidth = .automatic
    ) -> TableSchema {
        var options = TableOptions()
        options.partitionWidth = width
        return TableSchema(
            number: number, name: "t\(number)",
            columns: [ColumnSchema(name: "time", type: .timestamptz, role: .time)],
            options: options)
    }

    /// 2014-01-01.
    private static let start: Int64 = 16_071

    @Test("Fifty sensors with a row an hour for ten years: partitions hold thousands of rows")
    func slowSensors() {
        var world = World()
        world.catalog.set(Self.table(1))
        for day in 0..<3_640 {
            world.flush([1: [Self.start + Int64(day): 50 * 24]])
            world.compact()
        }
        world.check()
        let parts = world.segments.filter { !$0.isWide }
        // Nine years, eleven months and the days of the last, each with few segments.
        #expect(parts.count <= 9 + 11 + 31 + 4, "\(parts.count) segments")
        let year = parts.filter { $0.partition.map(Self.dayCount) ?? 0 > 360 }
        #expect(year.count == 9)
        #expect(world.rowCount(year).allSatisfy { $0 > 400_000 })
        let months = parts.filter { (28...31).contains($0.partition.map(Self.dayCount) ?? 0) }
        #expect(world.rowCount(months).allSatisfy { $0 > 30_000 })
        // Flushed, split, joined to a month, joined to a year; merges of days in between.
        let amplification = world.writtenBytes / world.flushedBytes
        #expect(amplification <= 5, "each byte was written \(amplification) times")
        world.compact(isFinal: true)
        #expect(world.segments.count == 10)
    }

    @Test("Late rows that come a day at a time stay few segments in the partitions that are there")
    func lateDays() {
        var world = World()
        world.catalog.set(Self.table(1))
        var generator = SeededGenerator(seed: 4)
        for day in 0..<1_461 {
            var days = [Self.start + Int64(day): 50 * 24]
            if day > 40 {
                // One sensor sends a day of the past, any of them, that it had kept.
                days[Self.start + Int64(generator.below(day - 31)), default: 0] += 24
            }
            world.flush([1: days])
            world.compact()
            if day % 100 == 0 { world.check() }
        }
        world.check()
        #expect(world.segments.count < 200, "\(world.segments.count) segments")
        let amplification = world.writtenBytes / world.flushedBytes
        #expect(amplification <= 8, "each byte was written \(amplification) times")
    }

    @Test("Any flushes of any tables: no overlap, few segments, bounded rewriting, an end")
    func anyFlushes() {
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            var world = World()
            world.options.partitionByteCountLimit = 1 << UInt64(12 + generator.below(12))
            if seed % 2 == 0 {
                world.options.segmentByteCountLimit = 1 << UInt64(11 + generator.below(6))
            }
            let widths: [PartitionWidth] = [.automatic, .automatic, .day, .month, .year]
            let tables = 1 + generator.below(3)
            for number in 1...tables {
                world.catalog.set(Self.table(UInt32(number), widths[generator.below(5)]))
            }
            var day = Self.start
            for round in 0..<(40 + generator.below(60)) {
                var rows: [UInt32: [Int64: Int]] = [:]
                for number in 1...tables where generator.below(4) > 0 {
                    var days: [Int64: Int] = [:]
                    for _ in 0...generator.below(6) {
                        let back = generator.below(3) == 0 ? Int64(generator.below(500)) : 0
                        days[day - back, default: 0] += 1 + generator.below(5_000)
                    }
                    rows[UInt32(number)] = days
                }
                if rows.isEmpty { continue }
                world.flush(rows)
                if generator.below(3) > 0 { world.compact() }
                if generator.below(20) == 0 { world.compact(isFinal: true) }
                day += Int64([0, 0, 1, 1, 9, 40][generator.below(6)])
                if round % 10 == 0 {
                    world.compact()
                    world.check()
                }
            }
            world.compact()
            world.check()
            world.compact(isFinal: true)
            world.check()
            // Each partition is one segment, or as many siblings as it takes.
            let units = Set(
                world.segments.map { "\($0.table ?? 0) \($0.partition as Any) \($0.sequences)" })
            let partitions = Set(
                world.segments.map { "\($0.table ?? 0) \($0.partition as Any)" })
            #expect(units.count == partitions.count)
            let jobs = world.jobCount
            world.compact(isFinal: true)
            #expect(world.jobCount == jobs)
        }
    }

    @Test("Segments that cannot be read are gone around, and nothing is put in their place")
    func flagged() {
        for seed in UInt64(1)...30 {
            var generator = SeededGenerator(seed: seed &* 31)
            var world = World()
            world.catalog.set(Self.table(1))
            if seed % 2 == 0 { world.options.segmentByteCountLimit = 500 }
            var flagged: Set<UInt64> = []
            var day = Self.start
            for _ in 0..<60 {
                world.flush([1: [day: 100, day - 1 - Int64(generator.below(40)): 10]])
                if generator.below(10) == 0,
                    let any = world.segments.randomElement(using: &generator)
                {
                    flagged.insert(any.fileID)
                }
                // Now and then they are forgotten, as by a new opening.
                if generator.below(15) == 0 { flagged = [] }
                world.compact(flagged: flagged)
                let wide = world.segments.filter { $0.isWide && !flagged.contains($0.fileID) }
                #expect(wide.count < 4)
                day += Int64(generator.below(5))
            }
            world.compact(isFinal: true)
            world.check()
        }
    }

    @Test func admissionByFreeSpace() throws {
        let input = SegmentSummary(
            fileID: 1, salt: 0, byteCount: 1_000, table: nil, partition: nil, sequences: 1...1,
            times: .everything, rowCount: 1)
        let job = CompactionJob(kind: .split(isFinal: false), inputs: [input])
        #expect(!job.isAdmitted(freeByteCount: 0))
        #expect(!job.isAdmitted(freeByteCount: 1_199))
        #expect(job.isAdmitted(freeByteCount: 1_200))
        #expect(job.isAdmitted(freeByteCount: .max))
    }

    private static func dayCount(_ range: TimeRange) -> Int64 {
        Partitioning.day(range.end.nanoseconds) - Partitioning.day(range.start.nanoseconds)
    }
}
