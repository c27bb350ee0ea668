import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Damage within segments: queries that touch it fail and say where, the others answer, and where
/// it is asked for the rest is given with a count of what is missing.
struct CorruptBlockTests {
    /// Four series of 16 rows each in blocks of 8 rows, as one partition segment. Each has times of
    /// its own, so that no block needs another.
    private static func fixture() throws -> (fixture: SegmentFixture, rows: [ModelRow]) {
        var options = StoreOptions.tiny
        options.vectorsPerBlock = 2
        options.rowsPerVector = 4
        var fixture = try SegmentFixture(options: options)
        var rows: [ModelRow] = []
        for series in UInt32(1)...4 {
            for row in 0..<16 {
                rows.append(
                    ModelRow(
                        series: series,
                        time: Int64(row) * 60_000_000_000 + Int64(series) * 1_000_000_000,
                        double: Double(row) + Double(series) / 10, integer: Int64(row * row),
                        text: "\(series) \(row)"))
            }
        }
        fixture.write(rows)
        try fixture.flush()
        while try fixture.compact(isFinal: true) {}
        return (fixture, rows)
    }

    private static func flip(
        _ fixture: SegmentFixture, at offset: UInt64
    ) throws -> SegmentFixture {
        let path = fixture.segments[0].path
        let bytes = try fixture.fileSystem.readAll(path)
        let file = try fixture.fileSystem.open(path, .update)
        try file.write([bytes[Int(offset)] ^ 0x10], at: offset)
        var fresh = fixture
        fresh.segments = [SegmentHandle(fixture.segments[0].summary, in: fixture.fileSystem)]
        return fresh
    }

    /// A byte within the payload of a column's strip.
    private static func place(
        _ fixture: SegmentFixture, block: Int, column: UInt32
    ) throws -> UInt64 {
        let reader = try fixture.segments[0].reader()
        let strip = try #require(try reader.header(block, nil).strip(of: column))
        let entry = reader.index.entries[block]
        return entry.offset
            + UInt64(entry.headerByteCount + strip.offset + strip.byteCount - 9)
    }

    @Test("Case 31: a bit flip fails the queries that touch it, with its place, and no others")
    func aFlippedBit() throws {
        let (whole, rows) = try Self.fixture()
        let fixture = try Self.flip(whole, at: Self.place(whole, block: 2, column: 17))
        let failure = #expect(throws: StorageError.self) {
            try fixture.scan().modelRows(limit: 1024)
        }
        let text = try #require(failure).description
        for word in [
            "segments/", "byte", "table readings", "partition from", "block 2", "column level",
        ] {
            #expect(text.contains(word), "\(text)")
        }
        // Other columns, series, times and the count are answered.
        let notes = try fixture.scan([0, 4])
        var count = 0
        while let batch = try notes.next() { count += batch.rowCount }
        #expect(count == rows.count)
        let entry = try fixture.segments[0].reader().index.entries[2]
        let others = SeriesSet(ascending: [1, 2, 3, 4].filter { $0 != entry.firstSeries })
        #expect(
            try fixture.scan(series: others).modelRows(limit: 1024)
                == rows.filter { $0.series != entry.firstSeries })
    }

    @Test("Case 31: with skip, the rest comes with a count of what is missing")
    func skipping() throws {
        let (whole, rows) = try Self.fixture()
        for column in [UInt32(0), 17, 18, 19] {
            let fixture = try Self.flip(whole, at: Self.place(whole, block: 2, column: column))
            let entry = try fixture.segments[0].reader().index.entries[2]
            let scan = try fixture.scan { $0.skipsDamage = true }
            let kept = rows.filter {
                $0.series != entry.firstSeries || $0.time < entry.minTime
                    || $0.time > entry.maxTime
            }
            #expect(try scan.modelRows(limit: 1024) == kept)
            #expect(kept.count == rows.count - entry.rowCount)
            let skipped = scan.statistics.skipped
            #expect(skipped.map(\.block) == [2])
            #expect(skipped.map(\.rowCount) == [UInt64(entry.rowCount)])
            #expect(skipped[0].message.contains("block 2"))
            // Latest rows, too.
            let latest = try fixture.scan {
                $0.skipsDamage = true
                $0.latest = 1
            }
            #expect(try latest.modelRows(limit: 1024).count == 4)
            _ = try Self.flip(fixture, at: Self.place(whole, block: 2, column: column))
        }
    }

    @Test("Case 31: skip passes over a segment that cannot be opened")
    func skippingASegment() throws {
        let (whole, rows) = try Self.fixture()
        let byteCount = whole.segments[0].summary.byteCount
        var fixture = try Self.flip(whole, at: byteCount - 40)
        let newer = [ModelRow(series: 9, time: 5, double: 1)]
        fixture.write(newer)
        #expect(throws: StorageError.self) { try fixture.scan() }
        let scan = try fixture.scan { $0.skipsDamage = true }
        #expect(try scan.modelRows(limit: 1024) == newer)
        #expect(scan.statistics.skipped.map(\.block) == [nil])
        #expect(scan.statistics.skipped.map(\.rowCount) == [UInt64(rows.count)])
    }

    /// Every byte of the blocks flipped in turn: never another row, never a row twice.
    @Test func everyFlippedByteIsSkipped() throws {
        let (whole, rows) = try Self.fixture()
        let reader = try whole.segments[0].reader()
        let end = try #require(reader.footer.pages.first).offset
        let all = Set(rows)
        for offset in UInt64(SegmentFormat.headerByteCount)..<end {
            let fixture = try Self.flip(whole, at: offset)
            let scan = try fixture.scan { $0.skipsDamage = true }
            let found = try scan.modelRows(limit: 1024)
            #expect(all.isSuperset(of: found))
            let missing = scan.statistics.skipped.reduce(0) { $0 + Int($1.rowCount) }
            #expect(scan.statistics.skipped.count == 1)
            #expect(Set(found).count + missing == rows.count)
            _ = try Self.flip(fixture, at: offset)
        }
    }

    @Test("Case 39: after an error every further call throws it again")
    func anErrorIsFinal() throws {
        let (whole, _) = try Self.fixture()
        let fixture = try Self.flip(whole, at: Self.place(whole, block: 3, column: 18))
        let scan = try fixture.scan()
        var failures: [String] = []
        for _ in 0..<20 {
            do throws(StorageError) { while try scan.next() != nil {} } catch {
                failures.append(error.description)
            }
        }
        #expect(failures.count == 20)
        #expect(Set(failures).count == 1)
    }

    @Test("Case 32: two valid blocks that were swapped are found out by their place")
    func swappedBlocks() throws {
        let (whole, _) = try Self.fixture()
        let entries = try whole.segments[0].reader().index.entries
        let path = whole.segments[0].path
        let bytes = try whole.fileSystem.readAll(path)
        var swaps = 0
        for one in entries.indices {
            for other in entries.indices where other > one {
                let (a, b) = (entries[one], entries[other])
                guard a.byteCount == b.byteCount else { continue }
                swaps += 1
                var swapped = bytes
                let first = Int(a.offset)..<(Int(a.offset) + a.byteCount)
                let second = Int(b.offset)..<(Int(b.offset) + b.byteCount)
                swapped.replaceSubrange(first, with: bytes[second])
                swapped.replaceSubrange(second, with: bytes[first])
                let file = try whole.fileSystem.open(path, .update)
                try file.write(swapped, at: 0)
                var fresh = whole
                fresh.segments = [
                    SegmentHandle(whole.segments[0].summary, in: whole.fileSystem)
                ]
                let failure = #expect(throws: StorageError.self) {
                    try fresh.scan().modelRows(limit: 1024)
                }
                #expect(failure?.code == .damaged)
                try file.write(bytes, at: 0)
            }
        }
        #expect(swaps > 0)
    }

    @Test("Case 33: two segments' files swapped are found out by number and salt")
    func swappedFiles() throws {
        var fixture = try SegmentFixture()
        for value in [1.0, 2] {
            fixture.write([ModelRow(series: 1, time: 5, double: value)])
            try fixture.flush()
        }
        let paths = fixture.segments.map(\.path)
        let bytes = try paths.map { try fixture.fileSystem.readAll($0) }
        #expect(bytes[0].count == bytes[1].count)
        for (path, other) in zip(paths, bytes.reversed()) {
            try fixture.fileSystem.open(path, .update).write(other, at: 0)
        }
        fixture.segments = fixture.segments.map {
            SegmentHandle($0.summary, in: fixture.fileSystem)
        }
        let failure = #expect(throws: StorageError.self) { try fixture.scan() }
        #expect(failure?.code == .damaged)
        #expect(failure?.message.contains("the manifest expects") == true)
    }
}
