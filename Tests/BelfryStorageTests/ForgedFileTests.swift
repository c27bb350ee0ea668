import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Files whose checksums are right and whose content is not: every form is an error or a store
/// that answers, never a trap.
struct ForgedFileTests {
    private static var options: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.reserveByteCount = 0
        return options
    }

    private static let log = "log/000000000002.log"

    /// A store with a segment and a log.
    private static func written() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        var generator = SeededGenerator(seed: 3)
        for index in 0..<3 {
            let rows = generator.storeRows(6)
            _ = try store.write(
                [ModelTable.batch(rows, table: table)], rule: nil, isCounted: false)
            if index == 0 { try store.flush() }
        }
        return fileSystem.killed()
    }

    /// Everything that reads what was opened, and a write and a flush on top.
    private static func use(_ fileSystem: SimulatedFileSystem) {
        for isReadOnly in [true, false] {
            var options = options
            options.isReadOnly = isReadOnly
            do {
                let store = try Store.open(fileSystem, options: options)
                _ = store.check()
                _ = try ModelTable.model(store.snapshot())
                if isReadOnly { continue }
                if let table = store.snapshot().catalog.table(named: "readings"),
                    table.columns.count == ModelTable.schema.columns.count
                {
                    _ = try store.write(
                        [ModelTable.batch([StoreRow(sensor: 2, time: 9)], table: table)],
                        rule: nil, isCounted: true)
                }
                try store.flush()
                try store.compact()
                try store.close()
            } catch { #expect(error is StorageError) }
        }
    }

    /// Bytes changed at random: one, several, or a run of the greatest varint.
    private static func change(
        _ bytes: inout [UInt8], _ range: Range<Int>, _ random: inout SeededGenerator
    ) {
        let place = Int.random(in: range, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2:
            for index in place..<min(range.upperBound, place + 4) {
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
        default:
            let end = min(range.upperBound, place + 10)
            for index in place..<end { bytes[index] = index == end - 1 ? 1 : 0xFF }
        }
    }

    private static func uint(_ bytes: [UInt8], at offset: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    private static func set(_ value: UInt64, in bytes: inout [UInt8], at offset: Int) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }

    @Test("Case 36: records of any content with right checksums")
    func recordsOfAnyContent() throws {
        let fileSystem = try Self.written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        let salt = Self.uint(bytes, at: 32, 8)
        let payload = Int(Self.uint(bytes, at: 104, 4))
        let end = 96 + LogFormat.recordByteCount(payload: payload)
        var random = SeededGenerator(seed: 11)
        // Three bits of each byte, then more at a time.
        for index in 0..<((end - 104) * 3 + 300) {
            var forged = bytes
            if index / 3 < end - 104 {
                forged[104 + index / 3] ^= [1, 2, 0x80][index % 3]
            } else {
                Self.change(&forged, 104..<end, &random)
            }
            let checksum = Checksum.xxh64(Array(forged[104..<end]), seed: salt &+ 104)
            Self.set(checksum, in: &forged, at: 96)
            let copy = fileSystem.killed()
            copy.put(forged, at: Self.log)
            Self.use(copy)
        }
    }

    @Test("Case 26: log headers of any content with right checksums")
    func logHeadersOfAnyContent() throws {
        let fileSystem = try Self.written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        var random = SeededGenerator(seed: 12)
        for _ in 0..<300 {
            var forged = bytes
            Self.change(&forged, 0..<88, &random)
            let checksum = Checksum.xxh64(
                Array(forged[..<88]), seed: Self.uint(forged, at: 32, 8))
            Self.set(checksum, in: &forged, at: 88)
            let copy = fileSystem.killed()
            copy.put(forged, at: Self.log)
            Self.use(copy)
        }
    }

    @Test("Case 26: identities of any content with right checksums")
    func identitiesOfAnyContent() throws {
        let fileSystem = try Self.written()
        let bytes = try #require(fileSystem.bytes("IDENTITY"))
        var random = SeededGenerator(seed: 13)
        for _ in 0..<300 {
            var forged = bytes
            Self.change(&forged, 0..<64, &random)
            Self.set(
                Checksum.xxh64(Array(forged[..<64]), seed: Self.uint(forged, at: 40, 8)),
                in: &forged, at: 64)
            let copy = fileSystem.killed()
            copy.put(forged, at: "IDENTITY")
            Self.use(copy)
        }
    }

    @Test("Case 26: manifests of any content with right checksums")
    func manifestsOfAnyContent() throws {
        let fileSystem = try Self.written()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        let half = bytes.count / 2
        let used = 40 + Int(Self.uint(bytes, at: 12, 4))
        var random = SeededGenerator(seed: 14)
        for _ in 0..<2_000 {
            var copy = Array(bytes[..<half])
            Self.change(&copy, 8..<used, &random)
            let salt = Self.uint(copy, at: 32, 8)
            var forged: [UInt8] = []
            for offset in [0, half] {
                Self.set(
                    Checksum.xxh64(Array(copy[..<(half - 8)]), seed: salt &+ UInt64(offset)),
                    in: &copy, at: half - 8)
                forged += copy
            }
            let other = fileSystem.killed()
            other.put(forged, at: path)
            Self.use(other)
        }
    }

    /// Numbers that cannot be counted on from, or would be handed out twice, are damage.
    @Test("Case 26: a manifest whose numbers cannot be counted on from")
    func numbersAtTheirEnd() throws {
        let fileSystem = try Self.written()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        let id = Array(bytes[16..<32])
        let manifest = try ManifestFile.decode(
            Array(bytes[..<(bytes.count / 2)]), databaseID: id, offset: 0)
        var table = try #require(manifest.catalog.tables.first)
        table.version = .max
        let versioned = table
        table.version = 1
        table.columns[1].number = .max
        let numbered = table
        let ends: [(inout Manifest) -> Void] = [
            { $0.epoch = .max }, { $0.flushedThrough = .max }, { $0.nextFileID = .max },
            { $0.number = .max }, { $0.nextTable = 0 }, { $0.nextTable = 1 },
            { $0.nextSeries = 0 }, { $0.nextFileID = 0 }, { $0.nextFileID = 1 },
            { $0.catalog.set(versioned) }, { $0.catalog.set(numbered) },
        ]
        for (index, change) in ends.enumerated() {
            var forged = manifest
            change(&forged)
            let copy = fileSystem.killed()
            let name = FileNames.manifest(forged.number)
            copy.put(ManifestFile.encode(forged, databaseID: id, salt: 7), at: name)
            let failure = #expect(throws: StorageError.self, "change \(index)") {
                try Store.open(copy, options: Self.options)
            }
            #expect(failure?.code == .damaged)
            #expect(failure?.file == name)
        }
    }

    /// The last numbers of all are refused in words.
    @Test func noNumbersLeft() throws {
        let fileSystem = try Self.written()
        let path = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(path))
        let id = Array(bytes[16..<32])
        var manifest = try ManifestFile.decode(
            Array(bytes[..<(bytes.count / 2)]), databaseID: id, offset: 0)
        manifest.nextTable = .max
        manifest.nextSeries = .max
        fileSystem.put(ManifestFile.encode(manifest, databaseID: id, salt: 7), at: path)
        let store = try Store.open(fileSystem, options: Self.options)
        var schema = ModelTable.schema
        schema.name = "another"
        let another = schema
        #expect(throws: StorageError.self) {
            try store.createTable(another, ifNotExists: false)
        }
        let table = try #require(store.snapshot().catalog.table(named: "readings"))
        #expect(throws: StorageError.self) {
            try store.write(
                [ModelTable.batch([StoreRow(sensor: 77, time: 1)], table: table)], rule: nil,
                isCounted: false)
        }
    }
}
