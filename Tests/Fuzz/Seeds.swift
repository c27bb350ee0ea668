import BelfryCore
import Glibc

@testable import BelfryCodecs
@testable import BelfryStorage

/// With BELFRY_FUZZ_SEEDS set to a folder, writes inputs to begin with into its folders and ends.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzInitialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> CInt {
    guard let folder = unsafe getenv("BELFRY_FUZZ_SEEDS").map({ unsafe String(cString: $0) })
    else { return 0 }
    do { try Seeds.write(DiskFileSystem(path: folder)) } catch { fatalError("\(error)") }
    exit(0)
}

enum Seeds {
    static func write(_ disk: DiskFileSystem) throws {
        for folder in ["strip", "log", "segment", "manifest", "identity", "series"] {
            try disk.createFolder(folder)
        }
        var number = 0
        func put(_ bytes: [UInt8], _ folder: String, _ name: String) throws {
            let path = "\(folder)/\(name)"
            if try disk.exists(path) { try disk.remove(path) }
            try disk.open(path, .create).write(bytes, at: 0)
        }
        for (values, forms) in strips() {
            for hasGaps in [false, true] {
                let words = (0..<((values.count + 63) / 64)).map { _ in
                    0xffff_0f0f_7fff_fff1 as UInt64
                }
                var validity = hasGaps ? words : nil
                if let last = validity?.count, values.count % 64 != 0 {
                    validity?[last - 1] &= (1 << UInt64(values.count % 64)) - 1
                }
                let strip = StripEncoder.encode(
                    values, validity: validity, options: StripOptions(), forms: forms)
                let head = [
                    values.kind.rawValue, UInt8(truncatingIfNeeded: values.count),
                    UInt8(truncatingIfNeeded: values.count >> 8),
                ]
                try put(head + strip.bytes, "strip", "seed-\(number)")
                number += 1
            }
        }
        for (index, bytes) in StripSeeds.all().enumerated() {
            try put(bytes, "strip", "rare-\(index)")
        }
        try stores(put)
    }

    private static func strips() -> [(StripValues, IntegerEncoder.Forms)] {
        var random = SystemRandomNumberGenerator()
        var walk: [Int64] = []
        var value: Int64 = 1_700_000_000
        for index in 0..<150 {
            value += Int64.random(in: -20...60, using: &random) + (index == 70 ? 1 << 40 : 0)
            walk.append(value)
        }
        let ticks = walk.map { $0 / 20_000 * 1_000_000_000 }
        var all: [(StripValues, IntegerEncoder.Forms)] = []
        for forms in [IntegerEncoder.Forms.frame, .delta, .secondDelta, .runs, .raw, .all] {
            all.append((.integers(walk), forms))
            all.append((.integers(ticks), forms))
            all.append((.doubles(walk.map { Double($0) / 10 }), forms))
        }
        all.append((.integers([Int64](repeating: 5, count: 2_100)), .all))
        all.append((.integers((0..<2_100).map { Int64($0) * 60 }), .all))
        all.append((.doubles([.nan, -0.0, .infinity, 1.5, .leastNonzeroMagnitude, 2.25]), .all))
        all.append((.doubles(walk.map { Double($0).squareRoot() }), .all))
        all.append((.booleans((0..<90).map { $0 % 3 == 0 }), .all))
        all.append((.booleans((0..<1_100).map { $0 / 300 % 2 == 0 }), .all))
        for (unique, length) in [(90, 12), (3, 5), (4, 90), (90, 0)] {
            var offsets: [UInt32] = [0]
            var bytes: [UInt8] = []
            for index in 0..<90 {
                let text = "text \(index % unique) "
                bytes += Array(text.utf8) + [UInt8](repeating: 97, count: length)
                offsets.append(UInt32(bytes.count))
            }
            all.append((.texts(offsets: offsets, bytes: bytes), .all))
        }
        return all
    }

    /// The files of small stores with columns of every type and rows of every kind.
    private static func stores(
        _ put: ([UInt8], String, String) throws -> Void
    ) throws {
        for (index, rowCount) in [3, 40, 1_300].enumerated() {
            let fileSystem = MemoryFileSystem()
            var options = StoreOptions()
            options.runsUpkeep = false
            options.checkpointSeriesCount = 1
            let store = try Store.open(fileSystem, options: options)
            for number in 1...2 {
                let table = try store.createTable(schema("t\(number)"), ifNotExists: false)
                try write(rowCount, table, store, .merge)
            }
            try store.flush()
            if let table = store.snapshot().catalog.table(named: "t1") {
                try write(min(rowCount, 40), table, store, .replace)
            }
            for name in try fileSystem.list("log") {
                let bytes = try fileSystem.readAll("log/\(name)")
                let end = (bytes.lastIndex { $0 != 0 } ?? 0) / 8 * 8 + 16
                try put(Array(bytes.prefix(end)), "log", "seed-\(index)-\(name)")
            }
            if index == 1 {
                try store.flush()
                try store.compact()
            }
            try store.flush()
            try store.checkpointSeries(isClosing: true)
            for name in try fileSystem.list("series") {
                try put(fileSystem.readAll("series/\(name)"), "series", "seed-\(index)-\(name)")
            }
            for name in try fileSystem.list("segments") {
                try put(fileSystem.readAll("segments/\(name)"), "segment", "seed-\(index)-\(name)")
            }
            for name in try fileSystem.list("") where FileNames.manifestNumber(name) != nil {
                try put(fileSystem.readAll(name), "manifest", "seed-\(index)-\(name)")
            }
            try put(fileSystem.readAll("IDENTITY"), "identity", "seed-\(index)")
        }
    }

    private static func schema(_ name: String) -> TableSchema {
        TableSchema(
            name: name,
            columns: [
                ColumnSchema(name: "time", type: .timestamptz, role: .time),
                ColumnSchema(name: "place", type: .text, role: .tag),
                ColumnSchema(name: "level", type: .double, role: .field, unit: "m"),
                ColumnSchema(name: "count", type: .bigint, role: .field, defaultText: "0"),
                ColumnSchema(name: "note", type: .text, role: .field),
                ColumnSchema(name: "flag", type: .boolean, role: .field),
            ])
    }

    private static func write(
        _ rowCount: Int, _ table: TableSchema, _ store: Store, _ rule: DuplicateRule
    ) throws {
        let rows = 0..<rowCount
        let places = 3
        let gaps = Validity(rows.map { $0 % 5 != 2 })
        var note = VectorBuilder(.text)
        var flag = VectorBuilder(.boolean)
        for row in rows {
            note.append(row % 7 == 0 ? .null : .text("note \(row % 4)"))
            flag.append(.boolean(row % 3 == 0))
        }
        var parts: [PointBatch.Column] = []
        parts.append(
            PointBatch.Column(
                number: table.columns[2].number,
                values: Vector(doubles: rows.map { Double($0) / 8 }, validity: gaps)))
        parts.append(
            PointBatch.Column(
                number: table.columns[3].number,
                values: Vector(.bigint, .integers(rows.map { Int64($0 * $0) }))))
        parts.append(PointBatch.Column(number: table.columns[4].number, values: note.finish()))
        parts.append(PointBatch.Column(number: table.columns[5].number, values: flag.finish()))
        let batch = PointBatch(
            table: table,
            keys: (0..<places).map {
                SeriesKey(
                    table: table.number,
                    parts: [(table.columns[1].number, Array("place \($0)".utf8))])
            },
            keyIndexes: rows.map { UInt32($0 % places) },
            times: rows.map { 1_700_000_000_000_000_000 + Int64($0) * 3_600_000_000_000 },
            columns: parts)
        _ = try store.write([batch], rule: rule, isCounted: false)
    }
}
