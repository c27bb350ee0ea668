import BelfryCore
import BelfryTestSupport

@testable import BelfryStorage

/// A row as the model and the tests write it: three columns of different types.
struct ModelRow: Hashable {
    var series: UInt32
    var time: Int64
    var kind: RowKind = .merge
    var double: Double?
    var integer: Int64?
    var text: String?
}

/// What a table holds by the rules of STORAGE 1.5, worked out one row at a time.
struct RowModel {
    /// In the order they were written.
    var written: [ModelRow] = []
    var isAppend = false

    /// What was deleted by tags and times is as if it had never been written.
    mutating func delete(_ series: SeriesSet?, _ times: TimeRange) {
        written.removeAll { row in
            times.contains(Timestamp(nanoseconds: row.time))
                && (series?.contains(row.series) ?? true)
        }
    }

    func rows() -> [ModelRow] {
        var groups: [Place: [ModelRow]] = [:]
        for row in written {
            groups[Place(series: row.series, time: row.time), default: []].append(row)
        }
        var result: [ModelRow] = []
        for place in groups.keys.sorted() {
            guard let group = groups[place] else { continue }
            result += isAppend ? appended(group) : folded(group)
        }
        return result
    }

    private struct Place: Hashable, Comparable {
        let series: UInt32
        let time: Int64
        static func < (left: Place, right: Place) -> Bool {
            (left.series, left.time) < (right.series, right.time)
        }
    }

    private func appended(_ group: [ModelRow]) -> [ModelRow] {
        var rows: [ModelRow] = []
        for var row in group {
            if row.kind != .merge { rows = [] }
            if row.kind == .delete { continue }
            row.kind = .merge
            rows.append(row)
        }
        return rows
    }

    private func folded(_ group: [ModelRow]) -> [ModelRow] {
        var current: ModelRow?
        for var row in group {
            switch row.kind {
            case .delete: current = nil
            case .replace:
                row.kind = .merge
                current = row
            case .merge:
                var base = current ?? ModelRow(series: row.series, time: row.time)
                base.double = row.double ?? base.double
                base.integer = row.integer ?? base.integer
                base.text = row.text ?? base.text
                current = base
            }
        }
        return current.map { [$0] } ?? []
    }
}

/// A table with a store's files in memory, for tests of segments and scans without a store.
struct SegmentFixture {
    static let times = TimeRange(
        start: Timestamp(nanoseconds: Int64.min + 1), end: .infinity)

    var table: TableSchema
    var options: StoreOptions
    let fileSystem = MemoryFileSystem()
    let cache: BlockCache
    var segments: [SegmentHandle] = []
    var runs: [Run] = []
    /// As a manifest has them, and those since the last flush.
    var tombstones: [Tombstone] = []
    var recentTombstones: [Tombstone] = []
    var flushedThrough: UInt64 = 0
    var nextSequence: UInt64 = 1
    var nextFileID: UInt64 = 1

    init(rule: DuplicateRule = .merge, options: StoreOptions = .tiny) throws {
        var tableOptions = TableOptions()
        tableOptions.duplicateRule = rule
        table = TableSchema(
            number: 7, version: 1, name: "readings",
            columns: [
                ColumnSchema(number: 0, name: "time", type: .timestamptz, role: .time),
                ColumnSchema(number: 16, name: "sensor", type: .text, role: .tag),
                ColumnSchema(number: 17, name: "level", type: .double, role: .field),
                ColumnSchema(number: 18, name: "count", type: .bigint, role: .field),
                ColumnSchema(number: 19, name: "note", type: .text, role: .field),
            ], options: tableOptions)
        self.options = options
        cache = BlockCache(byteCountLimit: options.blockCacheByteCountLimit)
        try fileSystem.createFolder(FileNames.segmentFolder)
    }

    var catalog: Catalog { Catalog([table]) }

    var place: SegmentPlace {
        SegmentPlace(
            fileSystem: fileSystem, databaseID: [UInt8](repeating: 0xdb, count: 16),
            options: options)
    }

    static func key(_ series: UInt32) throws(StorageError) -> SeriesKey {
        SeriesKey(table: 7, parts: [(16, Array("sensor-\(series)".utf8))])
    }

    /// A run of rows that were written one after the other.
    func run(_ rows: [ModelRow], sequence: UInt64) -> Run {
        let order = rows.indices.sorted {
            (rows[$0].series, rows[$0].time, $0) < (rows[$1].series, rows[$1].time, $1)
        }
        let sorted = order.map { rows[$0] }
        var extents: [Extent] = []
        for row in sorted {
            if extents.last?.series == row.series {
                extents[extents.count - 1].rowCount += 1
            } else {
                extents.append(Extent(series: row.series, rowCount: 1))
            }
        }
        func column(_ number: UInt32, _ type: DataType, _ value: (ModelRow) -> Value)
            -> PointBatch.Column
        {
            var builder = VectorBuilder(type)
            for row in sorted { builder.append(value(row)) }
            return PointBatch.Column(number: number, values: builder.finish())
        }
        let columns = [
            column(17, .double) { $0.double.map { .double($0) } ?? .null },
            column(18, .bigint) { $0.integer.map { .integer($0) } ?? .null },
            column(19, .text) { $0.text.map { .text($0) } ?? .null },
        ]
        let kinds = sorted.map(\.kind.rawValue)
        return Run(
            table: table.number, sequences: sequence...sequence, extents: extents,
            times: sorted.map(\.time),
            kinds: kinds.allSatisfy { $0 == 0 } ? .all(.merge) : .each(kinds), columns: columns,
            byteCount: sorted.count * 32)
    }

    mutating func write(_ rows: [ModelRow]) {
        if rows.isEmpty { return }
        runs.append(run(rows, sequence: nextSequence))
        nextSequence += 1
    }

    mutating func delete(_ series: SeriesSet?, _ times: TimeRange) {
        recentTombstones.append(
            Tombstone(
                table: table.number, series: series, times: times, sequence: nextSequence))
        nextSequence += 1
    }

    mutating func identity() -> SegmentIdentity {
        defer { nextFileID += 1 }
        return SegmentIdentity(fileID: nextFileID, salt: nextFileID &* 0x9E37_79B9_7F4A_7C15)
    }

    /// All runs become a wide segment.
    mutating func flush() throws {
        tombstones += recentTombstones
        recentTombstones = []
        flushedThrough = nextSequence - 1
        let summary = try Flush.write(
            runs, tombstones: tombstones, through: flushedThrough, catalog: catalog, to: place,
            as: identity(), key: Self.key)
        runs = []
        if let summary { add(summary) }
    }

    mutating func add(_ summary: SegmentSummary) {
        segments.append(
            SegmentHandle(summary, in: fileSystem, databaseID: place.databaseID))
    }

    /// The next job, if there is one; true if there was.
    mutating func compact(isFinal: Bool) throws -> Bool {
        guard
            let job = CompactionPicker.next(
                segments.map(\.summary), tombstones: tombstones, catalog: catalog,
                options: options, isFinal: isFinal)
        else { return false }
        var next = nextFileID
        let outputs = try Compaction.run(
            job, live: segments, tombstones: tombstones, through: flushedThrough,
            catalog: catalog, to: place,
            identity: { () throws(StorageError) in
                next += 1
                return SegmentIdentity(fileID: next, salt: next &* 0x9E37_79B9_7F4A_7C15)
            }, key: Self.key, between: { () throws(StorageError) in })
        nextFileID = next + 1
        let gone = Set(job.inputs.map(\.fileID))
        segments.removeAll { gone.contains($0.summary.fileID) }
        for output in outputs { add(output) }
        return true
    }

    func sources(_ series: SeriesSet? = nil) -> ScanSources {
        ScanSources(
            runs: runs, segments: segments,
            series: series ?? SeriesSet(ascending: [0], isEverything: true), tags: [],
            cache: cache, rowsPerVector: options.rowsPerVector,
            tombstones: tombstones + recentTombstones)
    }

    func scan(
        _ columns: [Int] = [0, 2, 3, 4], series: SeriesSet? = nil,
        _ change: (inout ScanRequest) -> Void = { _ in }
    ) throws -> Scan {
        var request = ScanRequest(table: table, columns: columns)
        change(&request)
        return try Scan(request, sources(series))
    }
}

extension Scan {
    /// All rows of a scan of columns 0, 2, 3 and 4.
    func modelRows(limit: Int) throws -> [ModelRow] {
        var rows: [ModelRow] = []
        while let batch = try next() {
            precondition(batch.rowCount > 0 && batch.rowCount <= limit)
            precondition(batch.extents.reduce(0) { $0 + $1.rowCount } == batch.rowCount)
            var row = 0
            for extent in batch.extents {
                for _ in 0..<extent.rowCount {
                    var made = ModelRow(series: extent.series, time: 0)
                    if case .timestamptz(let time) = batch.vectors[0].value(row) {
                        made.time = time.nanoseconds
                    }
                    if case .double(let it) = batch.vectors[1].value(row) { made.double = it }
                    if case .integer(let it) = batch.vectors[2].value(row) { made.integer = it }
                    if case .text(let it) = batch.vectors[3].value(row) { made.text = it }
                    rows.append(made)
                    row += 1
                }
            }
        }
        return rows
    }
}
