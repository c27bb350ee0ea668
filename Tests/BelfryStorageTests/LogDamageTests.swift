import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Ends of the log that a crash cut off, and bytes that rotted: the one is mended, the other told.
struct LogDamageTests {
    private static var options: StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.reserveByteCount = 0
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

    @Test(
        "Case 2: the last record cut at every byte: those before are there, the rest is kept and told"
    )
    func theLastRecordCutAtEveryByte() throws {
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
                    let finding = try #require(store.recoveryFindings.first)
                    #expect(finding.kind == .tornEnd && finding.file == Self.log)
                    let range = try #require(finding.bytes)
                    #expect(range.lowerBound == UInt64(ends[1]))
                    #expect(
                        bytes[ends[1]..<cut].starts(with: bytes[ends[1]..<Int(range.upperBound)]))
                    let prefix = "quarantine/000000000001.log-\(ends[1])-"
                    let name = try #require(
                        damaged.paths.first { $0.hasPrefix(prefix) && !$0.hasSuffix(".why") })
                    #expect(damaged.bytes(name) == Array(bytes[ends[1]..<Int(range.upperBound)]))
                    #expect(bytes[Int(range.upperBound)..<cut].allSatisfy { $0 == 0 })
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

    @Test("Case 3: zeros of reserved room are a clean end, without a word")
    func zerosBehindTheLastRecordAreACleanEnd() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        let padded = Array(bytes[..<ends[2]]) + [UInt8](repeating: 0, count: 10_000)
        let store = try Store.open(
            with(padded, at: Self.log, of: fileSystem), options: Self.options)
        #expect(try rowCount(store) == 3)
        #expect(store.recoveryNotes.isEmpty)
    }

    /// An acknowledged record with later ones behind it cannot have been torn.
    @Test("Case 4: a changed bit in a middle record: strict refuses writers and lets readers in")
    func aFlippedBitBeforeDurableRecordsIsDamage() throws {
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

    @Test("Case 6: lengths that cannot be are no records, and allocate nothing")
    func lengthsThatCannotBeAreNoRecords() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        let limit = UInt32(LogFormat.payloadByteCountLimit)
        let lengths: [UInt32] = [
            .max, .max - 1, 1 << 31, limit, limit + 1, limit - 1, UInt32(bytes.count),
            UInt32(bytes.count - ends[1]), UInt32(bytes.count - ends[1] - 32),
        ]
        for length in lengths {
            for (start, isLast) in [(ends[1], true), (ends[0], false)] {
                var forged = bytes
                for index in 0..<4 {
                    forged[start + 8 + index] = UInt8(
                        truncatingIfNeeded: length >> UInt32(8 * index))
                }
                // A read past the end of the file is an error of the simulation.
                let disk = with(forged, at: Self.log, of: fileSystem)
                if isLast {
                    #expect(try rowCount(Store.open(disk, options: Self.options)) == 2)
                } else {
                    let failure = #expect(throws: StorageError.self) {
                        try Store.open(disk, options: Self.options)
                    }
                    #expect(failure?.code == .damaged)
                }
            }
        }
    }

    /// Nothing behind the last record tells rot from a torn write: it is set aside and told, with
    /// every byte kept, and never goes silently.
    @Test func aFlippedBitInTheLastRecordIsTold() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        for index in ends[1]..<ends[2] {
            var rotten = bytes
            rotten[index] ^= 0x04
            let damaged = with(rotten, at: Self.log, of: fileSystem)
            let store = try Store.open(damaged, options: Self.options)
            #expect(try rowCount(store) == 2, "byte \(index)")
            #expect(store.recoveryNotes.contains { $0.contains("quarantine") })
            let name = try #require(
                damaged.paths.first { $0.hasPrefix("quarantine/") && !$0.hasSuffix(".why") })
            let kept = try #require(damaged.bytes(name))
            #expect(rotten[ends[1]...].starts(with: kept))
            #expect(rotten[(ends[1] + kept.count)...].allSatisfy { $0 == 0 })
            #expect(damaged.paths.contains(name + ".why"))
        }
    }

    @Test func theOnlyRecordCutAtEveryByte() throws {
        let (fileSystem, ends) = try written()
        let bytes = try #require(fileSystem.bytes(Self.log))
        for cut in 96..<ends[0] {
            let damaged = with(Array(bytes[..<cut]), at: Self.log, of: fileSystem)
            let store = try Store.open(damaged, options: Self.options)
            #expect(try rowCount(store) == 0, "cut at byte \(cut)")
            // The next file takes the name of this one.
            let table = try #require(
                store.snapshot().catalog.table(named: ModelTable.schema.name))
            for time in [7, 8] {
                _ = try store.write(
                    [ModelTable.batch([StoreRow(sensor: 2, time: Int64(time))], table: table)],
                    rule: nil, isCounted: false)
            }
            let again = try Store.open(damaged.killed(), options: Self.options)
            #expect(try rowCount(again) == 2)
        }
    }

    /// A file that holds no header was never given its name by this program: damage, in words.
    @Test func truncatedAndEmptyFilesAreDamage() throws {
        let (fileSystem, _) = try written()
        let manifest = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let manifestByteCount = try #require(fileSystem.bytes(manifest)).count
        let cases = [
            ("IDENTITY", Array(0..<72)), (Self.log, Array(0..<96)),
            // The first copy outlives no cut: the second begins where half of the file ends.
            (manifest, Array(stride(from: 0, to: manifestByteCount, by: 5))),
        ]
        for (path, lengths) in cases {
            let bytes = try #require(fileSystem.bytes(path))
            for length in lengths {
                let damaged = with(Array(bytes[..<length]), at: path, of: fileSystem)
                let failure = #expect(throws: StorageError.self, "\(path) of \(length) bytes") {
                    try Store.open(damaged, options: Self.options)
                }
                #expect(failure?.code == .damaged)
                #expect(failure?.file == path)
            }
        }
    }

    /// Either copy of the manifest is enough, and none is too few.
    @Test func oneSpoiledCopyOfTheManifestIsRead() throws {
        let (fileSystem, _) = try written()
        let manifest = try #require(fileSystem.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(fileSystem.bytes(manifest))
        let half = bytes.count / 2
        for index in 0..<half {
            var rotten = bytes
            rotten[index] ^= 0x20
            let first = try Store.open(
                with(rotten, at: manifest, of: fileSystem), options: Self.options)
            #expect(try rowCount(first) == 3)
            rotten = bytes
            rotten[half + index] ^= 0x20
            let second = try Store.open(
                with(rotten, at: manifest, of: fileSystem), options: Self.options)
            #expect(try rowCount(second) == 3)
            rotten[index] ^= 0x20
            let neither = with(rotten, at: manifest, of: fileSystem)
            let failure = #expect(throws: StorageError.self) {
                try Store.open(neither, options: Self.options)
            }
            #expect(failure?.code == .damaged)
        }
    }

    /// The process dies with records that were written and not synced; they are read again, and
    /// the power goes after the next write was acknowledged. The first sequence of its file says
    /// that all before is durable, so it must be.
    @Test(
        "Case 1: killed between write and sync, what is read again is durable before more is written"
    )
    func whatRecoveryReplaysIsDurableBeforeTheNextFile() throws {
        for seed in 1...40 {
            let fileSystem = SimulatedFileSystem()
            var unsynced = Self.options
            unsynced.durability = .none
            do {
                let store = try Store.open(fileSystem, options: unsynced)
                let table = try store.createTable(ModelTable.schema, ifNotExists: false)
                for time in 1...3 {
                    _ = try store.write(
                        [ModelTable.batch([StoreRow(sensor: 1, time: Int64(time))], table: table)],
                        rule: nil, isCounted: false)
                }
            }
            let store = try Store.open(fileSystem, options: Self.options)
            #expect(try rowCount(store) == 3)
            let table = try #require(
                store.snapshot().catalog.table(named: ModelTable.schema.name))
            _ = try store.write(
                [ModelTable.batch([StoreRow(sensor: 1, time: 4)], table: table)],
                rule: nil, isCounted: false)
            var generator = SeededGenerator(seed: UInt64(seed))
            let after = fileSystem.crashed(&generator)
            let again = try Store.open(after, options: Self.options)
            #expect(try rowCount(again) == 4, "seed \(seed)")
        }
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
