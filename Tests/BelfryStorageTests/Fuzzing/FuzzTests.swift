import BelfryCodecs
import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryStorage

/// A few thousand changed files of every kind, each read as it is and once more with its checksums
/// put right: every one is an error or an answer. The same targets run for longer, guided by
/// coverage, under `tools/fuzz`. BELFRY_FUZZ_FACTOR multiplies the counts.
struct FuzzTests {
    private static var factor: Int {
        ProcessInfo.processInfo.environment["BELFRY_FUZZ_FACTOR"].flatMap { Int($0) } ?? 1
    }

    /// Files of a kind: of a store made here, and of the golden stores.
    private static func seeds(_ prefix: String) throws -> [[UInt8]] {
        let fileSystem = SimulatedFileSystem()
        var options = StoreOptions.tiny
        options.memtableByteCountLimit = 1 << 20
        options.runsUpkeep = false
        options.checkpointSeriesCount = 1
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 41)
        for index in 0..<4 {
            _ = try store.write(
                [ModelTable.batch(generator.storeRows(10), table: table)],
                rule: index == 2 ? .replace : .merge, isCounted: false)
            if index == 1 { try store.flush() }
        }
        try store.checkpointSeries(isClosing: true)
        try store.close()
        var seeds = fileSystem.paths.filter { $0.hasPrefix(prefix) }.compactMap {
            fileSystem.bytes($0)
        }
        let golden = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../formats/golden").standardized
        let files = FileManager.default.enumerator(atPath: golden.path)
        let paths = (files?.compactMap { $0 as? String } ?? []).sorted()
        for path in paths where path.contains("/" + prefix) {
            // Folders have no bytes.
            if let data = try? Data(contentsOf: golden.appending(path: path)) {
                seeds.append([UInt8](data))
            }
        }
        return seeds
    }

    private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<(1 + random.below(4)) {
            if bytes.isEmpty { return }
            let place = random.below(bytes.count)
            switch random.below(8) {
            case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
            case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 3: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
            case 4:
                let end = min(bytes.count, place + 10)
                for index in place..<end { bytes[index] = index == end - 1 ? 1 : 0xFF }
            case 5: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 6: bytes.remove(at: place)
            default:
                let from = random.below(bytes.count)
                for index in 0..<min(8, bytes.count - max(place, from)) {
                    bytes[place + index] = bytes[from + index]
                }
            }
        }
    }

    private static func run(
        _ seeds: [[UInt8]], _ count: Int, seed: UInt64, _ target: ([UInt8]) -> Void
    ) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<(count * factor) {
            var bytes = seeds[random.below(seeds.count)]
            change(&bytes, &random)
            target(bytes)
        }
    }

    @Test("Case 26: changed identities with right checksums")
    func identities() throws {
        Self.run(try Self.seeds("IDENTITY"), 2_000, seed: 42, FuzzTargets.identity)
    }

    @Test("Case 26: changed manifests with right checksums")
    func manifests() throws {
        Self.run(try Self.seeds("MANIFEST-"), 2_000, seed: 43, FuzzTargets.manifest)
    }

    @Test("Case 26: changed logs with right checksums")
    func logs() throws {
        Self.run(try Self.seeds("log/"), 2_000, seed: 44, FuzzTargets.log)
    }

    @Test("Case 26: changed segments with right checksums")
    func segments() throws {
        Self.run(try Self.seeds("segments/"), 1_500, seed: 45, FuzzTargets.segment)
    }

    @Test("Case 26: changed segments with references and maps")
    func references() throws {
        Self.run([try ReferenceTests.seed()], 250, seed: 50, FuzzTargets.segment)
    }

    @Test("Case 36: changed strips with right checksums")
    func strips() throws {
        var strips: [[UInt8]] = []
        for bytes in try Self.seeds("segments/") {
            let fileSystem = MemoryFileSystem()
            let file = try fileSystem.open("x.seg", .create)
            try file.write(bytes, at: 0)
            let reader = try SegmentReader(file, path: "x.seg", databaseID: nil)
            for (block, entry) in reader.index.entries.enumerated() {
                let header = try reader.header(block, nil)
                for strip in header.strips where strip.byteCount > 0 {
                    let start =
                        Int(entry.offset) + entry.headerByteCount + strip.offset
                    strips.append(
                        [strip.kind.rawValue, UInt8(header.rowCount & 255), 0]
                            + bytes[start..<(start + strip.byteCount)])
                }
            }
        }
        Self.run(strips, 6_000, seed: 46, FuzzTargets.strip)
    }

    @Test("Case 36: changed strips of the COLD tier, of dictionaries and of corrections")
    func stripsOfRareForms() {
        Self.run(StripSeeds.all(), 3_000, seed: 48, FuzzTargets.strip)
    }

    @Test("Case 27: changed checkpoints of the series table with right checksums")
    func checkpoints() throws {
        Self.run(try Self.seeds("series/"), 3_000, seed: 49, FuzzTargets.series)
    }

    /// Files of every kind cut at each 512 bytes, empty, and of random bytes.
    @Test("Case 26: empty, cut at each 512 bytes, or garbage: an error in words")
    func cutFiles() throws {
        var random = SeededGenerator(seed: 47)
        let targets: [(String, ([UInt8]) -> Void)] = [
            ("IDENTITY", FuzzTargets.identity), ("MANIFEST-", FuzzTargets.manifest),
            ("log/", FuzzTargets.log), ("segments/", FuzzTargets.segment),
            ("series/", FuzzTargets.series),
        ]
        for (prefix, target) in targets {
            target([])
            for bytes in try Self.seeds(prefix) {
                for count in stride(from: 0, to: bytes.count, by: 512) {
                    target(Array(bytes[..<count]))
                }
                target((0..<bytes.count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            }
        }
    }
}
