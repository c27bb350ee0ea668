import BelfryCore
import BelfryTestSupport
import Testing

@testable import BelfryStorage

/// Damage in the middle of the log: what salvage applies, what it tells, and what it keeps.
struct SalvageTests {
    private static func options(_ mode: RecoveryMode) -> StoreOptions {
        var options = StoreOptions()
        options.runsUpkeep = false
        options.reserveByteCount = 0
        options.recovery = mode
        return options
    }

    private static let log = "log/000000000001.log"

    private func write(_ time: Int64, to store: Store, sensor: Int = 1) throws {
        let table = try store.createTable(ModelTable.schema, ifNotExists: true)
        _ = try store.write(
            [ModelTable.batch([StoreRow(sensor: sensor, time: time)], table: table)],
            rule: nil, isCounted: false)
    }

    private func times(_ store: Store) throws -> [Int64] {
        try ModelTable.scan(store.snapshot()).map(\.time).sorted()
    }

    /// Writes of one row each, and where their records begin.
    private func written(_ sensors: [Int]) throws -> (SimulatedFileSystem, [Int]) {
        let fileSystem = SimulatedFileSystem()
        let store = try Store.open(fileSystem, options: Self.options(.strict))
        for (index, sensor) in sensors.enumerated() {
            try write(Int64(index + 1), to: store, sensor: sensor)
        }
        let bytes = try #require(fileSystem.bytes(Self.log))
        var starts = [96]
        for _ in sensors {
            let start = starts[starts.count - 1]
            let payload = (0..<4).reduce(0) { $0 | Int(bytes[start + 8 + $1]) << (8 * $1) }
            starts.append(start + LogFormat.recordByteCount(payload: payload))
        }
        return (fileSystem.killed(), starts)
    }

    /// What a store does after salvage: it is sound, strict opens it, and it goes on.
    private func goesOn(_ disk: SimulatedFileSystem, _ expected: [Int64]) throws {
        let strict = try Store.open(disk.killed(), options: Self.options(.strict))
        #expect(strict.recoveryFindings.isEmpty)
        #expect(try times(strict) == expected)
        #expect(strict.check().isSound)
        try write(100, to: strict)
        #expect(try times(strict) == expected + [100])
    }

    @Test("Case 4: a changed bit in a middle record: salvage applies the later ones and tells")
    func aMiddleRecord() throws {
        let (fileSystem, starts) = try written([1, 1, 1, 1])
        for byte in stride(from: starts[1], to: starts[2], by: 3) {
            let disk = fileSystem.killed()
            disk.flip(bit: byte * 8 + 3, at: Self.log)
            let damaged = try #require(disk.bytes(Self.log))
            // A reader changes nothing.
            var reading = Self.options(.salvage)
            reading.isReadOnly = true
            let reader = try Store.open(disk, options: reading)
            #expect(try times(reader) == [1, 3, 4])
            #expect(disk.callCount == 0)

            let store = try Store.open(disk, options: Self.options(.salvage))
            #expect(try times(store) == [1, 3, 4], "byte \(byte)")
            let finding = try #require(store.recoveryFindings.first)
            #expect(store.recoveryFindings.count == 1)
            #expect(finding.kind == .damage && finding.file == Self.log)
            #expect(finding.bytes == UInt64(starts[1])..<UInt64(starts[2]))
            #expect(finding.sequences == 2...2)
            #expect(store.recoveryNotes.contains { $0.contains("write 2 is lost") })
            let aside = disk.paths.filter { $0.hasPrefix("quarantine/000000000001.log-damaged") }
            #expect(aside.count == 2 && aside[1] == aside[0] + ".why")
            #expect(disk.bytes(aside[0]) == damaged)
            try goesOn(disk, [1, 3, 4])
        }
    }

    @Test("Case 4: several damaged places, and one that takes the definition of a series")
    func severalPlaces() throws {
        let (fileSystem, starts) = try written([1, 2, 1, 3, 2, 1, 1])
        let disk = fileSystem.killed()
        disk.flip(bit: (starts[1] + 40) * 8, at: Self.log)
        disk.flip(bit: (starts[3] + 5) * 8, at: Self.log)
        let failure = #expect(throws: StorageError.self) {
            try Store.open(disk, options: Self.options(.strict))
        }
        #expect(failure?.code == .damaged && failure?.file == Self.log)
        let store = try Store.open(disk, options: Self.options(.salvage))
        // The row of write 5 belongs to the series that write 2 defined.
        #expect(try times(store) == [1, 3, 6, 7])
        #expect(store.recoveryFindings.compactMap(\.sequences) == [2...2, 4...4])
        #expect(store.recoveryFindings.contains { $0.message.contains("no definition") })
        try write(8, to: store, sensor: 2)
        try goesOn(disk, [1, 3, 6, 7, 8])
    }

    @Test("Case 4: damage at the end of a file that another follows, and a damaged header")
    func endsAndHeaders() throws {
        let (fileSystem, starts) = try written([1, 1, 1])
        let next = try Store.open(fileSystem, options: Self.options(.strict))
        try write(4, to: next)
        let whole = try #require(next.fileSystem as? SimulatedFileSystem).killed()
        for (byte, expected, lost) in [
            (starts[2] + 9, [Int64(1), 2, 4], UInt64(3)...3), (40, [4], 1...3),
        ] {
            let disk = whole.killed()
            disk.flip(bit: byte * 8, at: Self.log)
            #expect(throws: StorageError.self) {
                try Store.open(disk, options: Self.options(.strict))
            }
            let store = try Store.open(disk, options: Self.options(.salvage))
            #expect(try times(store) == expected)
            #expect(store.recoveryFindings.compactMap(\.sequences) == [lost])
            #expect(
                disk.paths.contains { $0.hasPrefix("quarantine/000000000001.log-damaged-") })
            #expect(!disk.paths.contains(Self.log))
            try goesOn(disk, expected)
        }
        // Of the last file nothing tells how many writes it held.
        let disk = fileSystem.killed()
        disk.flip(bit: 40 * 8, at: "log/000000000004.log")
        let store = try Store.open(disk, options: Self.options(.salvage))
        #expect(try times(store) == [1, 2, 3])
        #expect(store.recoveryFindings.count == 1)
        try goesOn(disk, [1, 2, 3])
    }

    @Test("Case 5: a middle log file is gone: strict names the gap, salvage goes on behind it")
    func aMissingFile() throws {
        var disk = SimulatedFileSystem()
        for time in 1...3 {
            let store = try Store.open(disk, options: Self.options(.strict))
            try write(Int64(time), to: store)
            disk = disk.killed()
        }
        disk.lose("log/000000000002.log")
        let failure = #expect(throws: StorageError.self) {
            try Store.open(disk.killed(), options: Self.options(.strict))
        }
        #expect(failure?.code == .damaged)
        #expect(failure?.message.contains("begins with 3") == true)
        var reading = Self.options(.strict)
        reading.isReadOnly = true
        #expect(try times(Store.open(disk, options: reading)) == [1])
        let store = try Store.open(disk, options: Self.options(.salvage))
        #expect(try times(store) == [1, 3])
        #expect(store.recoveryFindings.compactMap(\.sequences) == [2...2])
        try goesOn(disk, [1, 3])
    }

    @Test("Case 4: no room for the copy in quarantine: nothing is removed, writes are refused")
    func noRoomForTheCopy() throws {
        let (fileSystem, starts) = try written([1, 1, 1])
        let disk = fileSystem.killed()
        disk.flip(bit: (starts[1] + 8) * 8, at: Self.log)
        let damaged = try #require(disk.bytes(Self.log))
        for call in 0..<60 { disk.fail(call: call, .refusal(.diskFull)) }
        let store = try? Store.open(disk, options: Self.options(.salvage))
        #expect(disk.bytes(Self.log) == damaged)
        if let store {
            #expect(try times(store) == [1, 3])
            #expect(throws: StorageError.self) { try write(9, to: store) }
        }
        disk.clearFaults()
    }

    @Test("Case 34: a search for records among bytes that claim to be some has an end")
    func claimsWithoutEnd() throws {
        let (fileSystem, starts) = try written([1, 1, 1])
        let bytes = try #require(fileSystem.bytes(Self.log))
        // Every 32 bytes the header of a long record of a sequence that could be.
        var claims: [UInt8] = []
        for index in 0..<(1 << 15) {
            var header = ByteWriter(capacity: 32)
            header.writeUInt64(0)
            header.writeUInt32(UInt32(max(64, (1 << 20) - 64 - index * 32)))
            header.writeUInt32(1)
            header.writeUInt64(UInt64(4 + index / 2))
            header.writeUInt64(3)
            claims += header.bytes
        }
        let disk = fileSystem.killed()
        disk.put(
            Array(bytes[..<starts[3]]) + [UInt8](repeating: 7, count: 64) + claims, at: Self.log)
        let failure = #expect(throws: StorageError.self) {
            try Store.open(disk, options: Self.options(.strict))
        }
        #expect(failure?.message.contains("more records than could be tried") == true)
        let store = try Store.open(disk, options: Self.options(.salvage))
        #expect(try times(store) == [1, 2, 3])
        try goesOn(disk, [1, 2, 3])
    }
}
