import BelfryCore
import BelfryStorage
import BelfryTestSupport
import Testing

/// Ends of the log that a crash cut off, and bytes that rotted: the one is mended, the other told.
struct LogDamageTests {
    private static var options: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        return options
    }

    private static let log = "log/000000000001.log"

    /// Three writes of one row each, acknowledged, and the bytes that they left.
    private func written() throws -> (fileSystem: SimulatedFileSystem, ends: [Int]) {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options)
        let table = try store.createTable(ModelTable.schema, ifNotExists: false)
        for time in 1...3 {
            _ = try store.write(
                [ModelTable.batch([StoreRow(sensor: 1, time: Int64(time))], table: table)],
                rule: nil, isCounted: false)
        }
        // Where the records end, by the lengths in their headers.
        let bytes = try #require(fileSystem.bytes(Self.log))
        var ends: [Int] = []
        var place = 96
        for _ in 1...3 {
            let payload = (0..<4).reduce(0) { $0 | Int(bytes[place + 8 + $1]) << (8 * $1) }
            place += (32 + payload + 7) / 8 * 8
            ends.append(place)
        }
        return (fileSystem.killed(), ends)
    }

    private func rowCount(_ store: Store) throws -> Int {
        try ModelTable.model(store.snapshot())?.rows.count ?? 0
    }

    /// A copy with other bytes in one file.
    private func with(
        _ bytes: [UInt8], at path: String, of fileSystem: SimulatedFileSystem
    ) -> SimulatedFileSystem {
        let copy = fileSystem.killed()
        copy.put(bytes, at: path)
        return copy
    }

    @Test func theLastRecordCutAtEveryByte() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        for cut in ends[1]...ends[2] {
            // Cut off, and cut off with the reserved zeros behind.
            for padding in [0, 512] {
                let torn = Array(bytes[..<cut]) + [UInt8](repeating: 0, count: padding)
                let damaged = with(torn, at: Self.log, of: fileSystem)
                let store = try Store.open(damaged, options: Self.options)
                let isWhole =
                    bytes[cut..<ends[2]].allSatisfy { $0 == 0 } && (padding > 0 || cut == ends[2])
                #expect(try rowCount(store) == (isWhole ? 3 : 2), "cut at byte \(cut)")
                let hasTail = bytes[ends[1]..<cut].contains { $0 != 0 }
                if !isWhole && hasTail {
                    #expect(store.recoveryNotes.contains { $0.contains("quarantine") })
                    #expect(damaged.paths.contains { $0.hasPrefix("quarantine/") })
                }
                // What was cut off does not come back, and writing goes on.
                if let table = store.snapshot().catalog.table(named: ModelTable.schema.name) {
                    _ = try store.write(
                        [ModelTable.batch([StoreRow(sensor: 2, time: 9)], table: table)],
                        rule: nil, isCounted: false)
                }
                try store.close()
                let again = try Store.open(damaged.killed(), options: Self.options)
                #expect(try rowCount(again) == (isWhole ? 4 : 3))
            }
        }
    }

    @Test func zerosBehindTheLastRecordAreACleanEnd() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        let padded = Array(bytes[..<ends[2]]) + [UInt8](repeating: 0, count: 10_000)
        let store = try Store.open(
            with(padded, at: Self.log, of: fileSystem), options: Self.options)
        #expect(try rowCount(store) == 3)
        #expect(store.recoveryNotes.isEmpty)
    }

    /// An acknowledged record with later ones behind it cannot have been torn.
    @Test func aFlippedBitBeforeDurableRecordsIsDamage() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        for index in stride(from: ends[0], to: ends[1], by: 3) {
            var rotten = bytes
            rotten[index] ^= 0x10
            let damaged = with(rotten, at: Self.log, of: fileSystem)
            let failure = #expect(throws: StorageError.self, "byte \(index)") {
                try Store.open(damaged, options: Self.options)
            }
            #expect(failure?.code == .damaged)
            #expect(failure?.file == Self.log)
            // A reader is let in to what comes before.
            var readOnly = Self.options
            readOnly.isReadOnly = true
            let store = try Store.open(damaged.killed(), options: readOnly)
            #expect(try rowCount(store) == 1)
        }
    }

    @Test func lengthsThatCannotBeAreNoRecords() throws {
        let (fileSystem, ends) = try written()
        var bytes = try #require(fileSystem.bytes(Self.log))
        for index in 8..<12 { bytes[ends[1] + index] = 0xFF }
        let store = try Store.open(
            with(bytes, at: Self.log, of: fileSystem), options: Self.options)
        #expect(try rowCount(store) == 2)
    }

    @Test func nonsenseInAnyFileIsAnError() throws {
        let (whole, _) = try written()
        let store = try Store.open(whole, options: Self.options)
        try store.flush()
        try store.close()
        let fileSystem = whole.killed()
        var random = SeededGenerator(seed: 5)
        for path in fileSystem.paths where path != "LOCK" {
            let bytes = try #require(fileSystem.bytes(path))
            var forms: [[UInt8]] = [[], [0], Array(bytes.prefix(40)), Array(bytes.dropLast(1))]
            for length in [1, 64, 1_000, 5_000] {
                forms.append((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            for _ in 0..<40 {
                var changed = bytes
                if changed.isEmpty { continue }
                changed[Int.random(in: changed.indices, using: &random)] ^= 1
                forms.append(changed)
            }
            for form in forms {
                // An error or a store that answers or tells; never a trap.
                do throws(StorageError) {
                    let opened = try Store.open(
                        with(form, at: path, of: fileSystem), options: Self.options)
                    _ = opened.check()
                } catch { #expect(!error.message.isEmpty) }
            }
        }
    }
}
