import BelfryCore
import BelfrySQL
import BelfryStorage

/// SHOW of what the store tells of itself: its parts, its health, and what happened to it.
struct StoreReport {
    private let binder: Binder
    private let store: Store
    /// Nil for all tables.
    private let table: TableSchema?

    init(_ name: QualifiedName?, binder: Binder, store: Store) throws(QueryError) {
        self.binder = binder
        self.store = store
        table = try name.map { (name) throws(QueryError) in try binder.table(name) }
    }

    func run(_ report: Show.Report) throws(QueryError) -> RunningQuery {
        switch report {
        case .partitions: partitions
        case .segments: segments
        case .sizes: try sizes()
        case .tombstones: tombstones
        case .health: health
        case .recovery: events { $0 == .recovery || $0 == .damage }
        case .events: events { _ in true }
        }
    }

    private var snapshot: Snapshot { binder.context.snapshot }

    private var tables: [TableSchema] {
        table.map { [$0] } ?? binder.catalog.tables.sorted { $0.name < $1.name }
    }

    private func name(_ number: UInt32?) -> Value {
        number.flatMap { binder.catalog.table(numbered: $0) }.map { .text($0.name) } ?? .null
    }

    private func count(_ number: some BinaryInteger) -> Value {
        .integer(Int64(clamping: number))
    }

    private func answer(_ columns: [(String, DataType)], _ rows: [[Value]]) -> RunningQuery {
        Description.result(columns, rows, binder.context)
    }

    /// Rows of memtables and wide segments are in no partition yet.
    private var partitions: RunningQuery {
        var rows: [[Value]] = []
        for table in tables where !table.isReference {
            for partition in snapshot.partitions(table) {
                rows.append([
                    .text(table.name), .timestamptz(partition.times.start),
                    .timestamptz(partition.times.end), count(partition.segmentCount),
                    count(partition.rowCount), count(partition.byteCount),
                ])
            }
        }
        return answer(
            [
                ("table", .text), ("starts", .timestamptz), ("ends", .timestamptz),
                ("segments", .bigint), ("rows", .bigint), ("bytes", .bigint),
            ], rows)
    }

    /// A wide segment may hold rows of any table, so it is shown whichever one is asked for.
    private var segments: RunningQuery {
        let rows = snapshot.segmentSummaries.filter { segment in
            table == nil || segment.table == nil || segment.table == table?.number
        }.map { segment -> [Value] in
            [
                count(segment.fileID), name(segment.table),
                segment.partition.map { .timestamptz($0.start) } ?? .null,
                segment.partition.map { .timestamptz($0.end) } ?? .null,
                count(segment.sequences.lowerBound), count(segment.sequences.upperBound),
                count(segment.rowCount), count(segment.byteCount),
            ]
        }
        return answer(
            [
                ("file", .bigint), ("table", .text), ("starts", .timestamptz),
                ("ends", .timestamptz), ("first_write", .bigint), ("last_write", .bigint),
                ("rows", .bigint), ("bytes", .bigint),
            ], rows)
    }

    /// What `belfry sizes` tells of each column; a segment that cannot be read is an error here.
    private func sizes() throws(QueryError) -> RunningQuery {
        let found: StoreSizes
        do { found = try snapshot.sizes(of: table?.name) } catch { throw QueryError(error) }
        if let problem = found.problems.first { throw QueryError(problem) }
        var rows: [[Value]] = []
        for table in found.tables {
            for column in table.columns {
                rows.append([
                    .text(table.table.name), .text(column.name), count(column.valueCount),
                    count(column.coldValueCount), count(column.byteCount),
                    count(column.codedByteCount),
                    column.bitsPerValue.map(Value.double) ?? .null,
                    column.bitsPerValueOfStrips.map(Value.double) ?? .null,
                    .text(Self.names(column.stages)), .text(Self.names(column.shapes)),
                ])
            }
        }
        return answer(
            [
                ("table", .text), ("column", .text), ("values", .bigint),
                ("cold_values", .bigint), ("bytes", .bigint), ("coded_bytes", .bigint),
                ("bits_per_value", .double), ("bits_per_value_with_everything", .double),
                ("stages", .text), ("shapes", .text),
            ], rows)
    }

    /// The most bytes first.
    private static func names(_ codecs: [ColumnSizes.Named]) -> String {
        codecs.sorted { ($0.byteCount, $1.name) > ($1.byteCount, $0.name) }.map(\.name)
            .joined(separator: ", ")
    }

    private var tombstones: RunningQuery {
        let rows = snapshot.liveTombstones.filter { tombstone in
            table.map { $0.number == tombstone.table } ?? true
        }.map { tombstone -> [Value] in
            [
                name(tombstone.table), tombstone.series.map { count($0.count) } ?? .null,
                .timestamptz(tombstone.times.start), .timestamptz(tombstone.times.end),
                count(tombstone.sequence),
            ]
        }
        return answer(
            [
                ("table", .text), ("series", .bigint), ("starts", .timestamptz),
                ("ends", .timestamptz), ("write", .bigint),
            ], rows)
    }

    private var health: RunningQuery {
        let health = store.health
        var rows: [[Value]] = []
        switch health {
        case .healthy, .closed:
            rows = [[.text(health.name), .null, .null]]
        case .pressured(let pressures):
            rows = pressures.map {
                [.text(health.name), .text($0.reason.name), .text($0.message)]
            }
        case .readOnly(let error):
            rows = [[.text(health.name), .null, .text(error.description)]]
        }
        return answer([("state", .text), ("reason", .text), ("message", .text)], rows)
    }

    private func events(_ isWanted: (StoreEvent.Kind) -> Bool) -> RunningQuery {
        let rows = store.events.filter { isWanted($0.kind) }.map { event -> [Value] in
            [
                .timestamptz(event.time), .text(event.kind.rawValue), .text(event.message),
            ]
        }
        return answer([("time", .timestamptz), ("kind", .text), ("message", .text)], rows)
    }
}
