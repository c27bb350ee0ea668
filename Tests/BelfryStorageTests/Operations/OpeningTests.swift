import BelfryCore
import BelfryTestSupport
import Foundation
import Testing

@testable import BelfryStorage

/// What opening finds in a folder, and what becomes of it: STORAGE 3.2.
struct OpeningTests {
    /// A store with two flushed segments and a row in the log, as a killed process leaves it.
    private func written() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<4), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(4..<8), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(8..<9), to: store)
        return fileSystem.killed()
    }

    private static var reading: StoreOptions {
        var options = Fixture.options
        options.isReadOnly = true
        return options
    }

    @Test("Case 17: a crash before and after each step of a flush leaves every row once")
    func crashAtEachStepOfAFlush() throws {
        let whole = SimulatedFileSystem()
        let first = try Store.open(whole, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<8), to: first)
        let before = whole.callCount
        try first.flush()
        let steps = whole.callCount - before
        #expect(steps > 8)
        var random = SeededGenerator(seed: 17)
        var orphans = 0
        for step in 0...steps {
            for isKill in [true, false] {
                let fileSystem = SimulatedFileSystem()
                let store = try Store.open(fileSystem, options: Fixture.options)
                try Fixture.write(Fixture.rows(0..<8), to: store)
                #expect(fileSystem.callCount == before)
                fileSystem.fail(call: before + step, .powerLoss)
                let isFlushed = (try? store.flush()) != nil
                #expect(isFlushed || step < steps)
                let after = isKill ? fileSystem.killed() : fileSystem.crashed(&random)
                let again = try Store.open(after, options: Fixture.options)
                #expect(try Fixture.rowCount(again) == 16, "step \(step)")
                #expect(again.check().isSound, "step \(step): \(again.check().problems)")
                // A segment that no manifest lists is kept aside, and counted nowhere.
                orphans += after.paths.count { $0.hasPrefix("quarantine/") && $0.contains(".seg") }
                let listed = again.snapshot().segments.map(\.path)
                #expect(Set(Fixture.segments(after.paths)) == Set(listed), "step \(step)")
            }
        }
        #expect(orphans > 0)
    }

    @Test(
        "Case 18: the newest manifest with one damaged copy is read from the other, with a report")
    func oneDamagedCopy() throws {
        let whole = try written()
        let path = try #require(whole.paths.last { $0.hasPrefix("MANIFEST-") })
        let bytes = try #require(whole.bytes(path))
        for copy in 0...1 {
            let damaged = whole.killed()
            var rotten = bytes
            rotten[copy * bytes.count / 2 + 60] ^= 0x10
            damaged.put(rotten, at: path)
            let reader = try Store.open(damaged.killed(), options: Self.reading)
            #expect(try Fixture.rowCount(reader) == 18)
            #expect(reader.recoveryNotes.contains { $0.contains(path) })
            let store = try Store.open(damaged, options: Fixture.options)
            #expect(try Fixture.rowCount(store) == 18)
            #expect(store.recoveryNotes.contains { $0.contains(path) }, "\(store.recoveryNotes)")
            #expect(store.events.contains { $0.kind == .recovery && $0.message.contains(path) })
            // Written again, under the next number, in two whole copies.
            let newest = try #require(damaged.paths.last { $0.hasPrefix("MANIFEST-") })
            #expect(newest > path)
            #expect(store.check().isSound)
            let clean = try Store.open(damaged.killed(), options: Fixture.options)
            #expect(clean.recoveryNotes.isEmpty, "\(clean.recoveryNotes)")
        }
    }

    @Test("Case 19: with both copies damaged the store is refused, and no older manifest steps in")
    func bothCopiesDamaged() throws {
        let fileSystem = try written()
        let manifests = fileSystem.paths.filter { $0.hasPrefix("MANIFEST-") }
        #expect(manifests.count > 1)
        let path = try #require(manifests.last)
        var bytes = try #require(fileSystem.bytes(path))
        bytes[60] ^= 1
        bytes[bytes.count / 2 + 60] ^= 1
        fileSystem.put(bytes, at: path)
        for options in [Fixture.options, Self.reading] {
            let failure = #expect(throws: StorageError.self) {
                try Store.open(fileSystem, options: options)
            }
            #expect(failure?.code == .damaged)
            #expect(failure?.file == path)
        }
        #expect(fileSystem.paths.filter { $0.hasPrefix("MANIFEST-") } == manifests)
    }

    @Test(
        "Case 20: a missing segment bars writing; a reader's queries that touch it fail by its name"
    )
    func missingSegment() throws {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<4), to: store)
        try store.flush()
        // A sensor that only the segment to be lost knows, later than all others.
        let late = StoreRow(sensor: 7, time: 400 * 86_400_000_000_000, level: 1)
        try Fixture.write([late], to: store)
        try store.flush()
        let lost = try #require(store.snapshot().segments.last?.path)
        try store.close()
        let damaged = fileSystem.killed()
        try damaged.remove(lost)
        let before = damaged.callCount
        let refused = #expect(throws: StorageError.self) {
            try Store.open(damaged, options: Fixture.options)
        }
        #expect(refused?.code == .missing)
        #expect(refused?.file == lost)
        #expect(damaged.callCount == before)

        let reader = try Store.open(damaged, options: Self.reading)
        #expect(reader.health.name == "read-only")
        #expect(reader.health.reasons.contains { $0.contains(lost) })
        let snapshot = reader.snapshot()
        let table = try #require(snapshot.catalog.table(named: "readings"))
        func scan(_ times: TimeRange, sensor: String? = nil) throws -> Int {
            var request = ScanRequest(table: table, columns: [0, 2])
            request.times = times
            if let sensor {
                request.tags = .isIn(
                    column: table.columns[2].number, values: [Array(sensor.utf8)])
            }
            var count = 0
            let scan = try snapshot.scan(request)
            while let batch = try scan.next() { count += batch.rowCount }
            return count
        }
        let early = TimeRange(
            start: Timestamp(nanoseconds: 0), end: Timestamp(nanoseconds: 86_400_000_000_000))
        #expect(try scan(early) == 8)
        // The sensor is not even known here: no short answer for all that.
        for sensor in [nil, "sensor 7", "sensor 1"] {
            let failure = #expect(throws: StorageError.self) {
                try scan(.everything, sensor: sensor)
            }
            #expect(failure?.file == lost)
        }
        #expect(throws: StorageError.self) {
            try snapshot.scanParts(ScanRequest(table: table, columns: [0]), count: 2)
        }
    }

    @Test("Case 21: a well-formed segment that no manifest lists is set aside, never deleted")
    func unlistedSegment() throws {
        let fileSystem = try written()
        let known = try #require(Fixture.segments(fileSystem.paths).first)
        let bytes = try #require(fileSystem.bytes(known))
        let stranger = "segments/000000000777.seg"
        fileSystem.put(bytes, at: stranger)
        let store = try Store.open(fileSystem, options: Fixture.options)
        #expect(try Fixture.rowCount(store) == 18)
        #expect(!fileSystem.paths.contains(stranger))
        #expect(store.recoveryNotes.contains { $0.contains(stranger) })
        let kept = try #require(
            fileSystem.paths.first {
                $0.hasPrefix("quarantine/000000000777.seg") && !$0.hasSuffix(".why")
            })
        #expect(fileSystem.bytes(kept) == bytes)
        #expect(fileSystem.paths.contains(kept + ".why"))
        try store.close()
        // It stays there.
        _ = try Store.open(fileSystem, options: Fixture.options)
        #expect(fileSystem.bytes(kept) == bytes)
    }

    @Test("Case 22: leftover temporary files are removed, by a writer alone")
    func temporaryFiles() throws {
        let fileSystem = try written()
        let leftovers = [
            "MANIFEST-000000000099.tmp", "segments/000000000098.seg.tmp",
            "log/000000000097.log.tmp", "IDENTITY.tmp",
        ]
        for path in leftovers { fileSystem.put([1, 2, 3], at: path) }
        _ = try Store.open(fileSystem.killed(), options: Self.reading)
        #expect(leftovers.allSatisfy(fileSystem.paths.contains))
        let store = try Store.open(fileSystem, options: Fixture.options)
        #expect(try Fixture.rowCount(store) == 18)
        #expect(!fileSystem.paths.contains { $0.hasSuffix(".tmp") })
        #expect(store.recoveryNotes.isEmpty)
    }

    /// The same store with other flags in its IDENTITY.
    private func flagged(_ flags: FeatureFlags, version: UInt16? = nil) throws
        -> SimulatedFileSystem
    {
        let fileSystem = try written()
        var identity = try StoreIdentity.decode(
            try #require(fileSystem.bytes("IDENTITY")), file: "IDENTITY")
        identity.features = flags
        if let version { identity.version = version }
        fileSystem.put(identity.encode(), at: "IDENTITY")
        return fileSystem.killed()
    }

    @Test(
        "Case 23: a future version or incompatible feature is refused with numbers, no byte written"
    )
    func incompatibleFeature() throws {
        let futures = [
            try flagged(FeatureFlags(incompatible: 1 << 9)),
            try flagged(FeatureFlags(), version: StoreIdentity.version + 1),
        ]
        for fileSystem in futures {
            let before = fileSystem.paths.map { ($0, fileSystem.bytes($0)) }
            for options in [Fixture.options, Self.reading] {
                let failure = #expect(throws: StorageError.self) {
                    try Store.open(fileSystem, options: options)
                }
                #expect(failure?.code == .unsupportedFormat)
                #expect(
                    failure?.message.contains("versions up to \(StoreIdentity.version)") == true)
            }
            #expect(fileSystem.callCount == 0)
            #expect(fileSystem.paths == before.map(\.0))
            for (path, bytes) in before { #expect(fileSystem.bytes(path) == bytes, "\(path)") }
        }
    }

    @Test(
        "Case 24: an unknown read-only-compatible feature opens for reading, a compatible one fully"
    )
    func readOnlyCompatibleFeature() throws {
        let fileSystem = try flagged(FeatureFlags(readOnlyCompatible: 1 << 3))
        let store = try Store.open(fileSystem, options: Fixture.options)
        #expect(try Fixture.rowCount(store) == 18)
        #expect(store.health.name == "read-only")
        let failure = #expect(throws: StorageError.self) {
            _ = try store.createTable(
                TableSchema(name: "other", columns: ModelTable.schema.columns), ifNotExists: false)
        }
        #expect(failure?.code == .readOnly)
        try store.close()
        #expect(fileSystem.callCount == 0)

        let known = try flagged(FeatureFlags(compatible: 1 << 5))
        let writer = try Store.open(known, options: Fixture.options)
        try Fixture.write(Fixture.rows(20..<21), to: writer)
        #expect(try Fixture.rowCount(writer) == 20)
        #expect(writer.health.name == "healthy")
    }

    @Test("Case 28: a folder on a network file system is refused unless allowed")
    func networkFileSystem() throws {
        let inner = SimulatedFileSystem()
        let fileSystem = StagedFileSystem(inner)
        for name in ["nfs4", "cifs", "fuse.sshfs", "9p"] {
            fileSystem.setKind(FileSystemKind(name: name))
            let failure = #expect(throws: StorageError.self) {
                try Store.open(fileSystem, options: Fixture.options)
            }
            #expect(failure?.code == .unsafeFileSystem)
            #expect(failure?.message.contains(name) == true)
        }
        #expect(inner.paths.isEmpty)
        var allowing = Fixture.options
        allowing.allowsUnsafeFileSystem = true
        try Fixture.write(Fixture.rows(0..<1), to: Store.open(fileSystem, options: allowing))
        fileSystem.setKind(FileSystemKind(name: "ext4"))
        #expect(try Fixture.rowCount(Store.open(fileSystem, options: Fixture.options)) == 2)
    }

    @Test func kindsOfFileSystemsAreReadFromTheListOfMounts() throws {
        let mounts = """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            31 27 0:52 / /mnt/share rw,relatime shared:9 master:2 - nfs4 host:/share rw,vers=4.2
            32 27 0:53 / /mnt/a\\040b rw - fuse.sshfs me@host:/ rw
            broken line
            """
        func kind(_ device: String) -> FileSystemKind {
            FileSystemKind(device: device, mounts: mounts)
        }
        #expect(kind("254:0").name == "ext4")
        #expect(kind("254:0").isSafe)
        #expect(kind("0:52").name == "nfs4")
        #expect(!kind("0:52").isSafe)
        #expect(!kind("0:53").isSafe)
        #expect(kind("9:9") == .local)
        // This machine's own disks are no network, there or not there yet.
        let folder = DiskFolder()
        #expect(try DiskFileSystem(path: folder.path).kind().isSafe)
        #expect(try DiskFileSystem(path: folder.path).kind().name != "local")
        #expect(try DiskFileSystem(path: "/proc").kind().name == "proc")
        #expect(try DiskFileSystem(path: "not/there/yet").kind().isSafe)
    }

    @Test("Case 30: a folder that was moved or restored with its LOCK file opens")
    func movedFolder() throws {
        let folder = DiskFolder()
        let moved = DiskFolder()
        let store = try Store.open(path: folder.path, options: Fixture.options)
        try Fixture.write(Fixture.rows(0..<3), to: store)
        try store.flush()
        try Fixture.write(Fixture.rows(3..<4), to: store)
        // A copy of all files while the lock is held, as a restored backup would have it.
        let files = try folder.contents()
        #expect(files.keys.contains("LOCK"))
        try FileManager.default.copyItem(atPath: folder.path, toPath: moved.path)
        let copy = try Store.open(path: moved.path, options: Fixture.options)
        #expect(try Fixture.rowCount(copy) == 8)
        try copy.close()
        try store.close()
        let elsewhere = DiskFolder()
        try FileManager.default.moveItem(atPath: folder.path, toPath: elsewhere.path)
        let again = try Store.open(path: elsewhere.path, options: Fixture.options)
        #expect(try Fixture.rowCount(again) == 8)
        #expect(again.check().isSound)
        try again.close()
    }
}
