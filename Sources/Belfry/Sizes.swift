import BelfryStorage

/// What the bytes of a database are for: `Database.sizes` and `belfry sizes`.
///
/// Every byte of the segments stands in one place: in a column's parts, in what a table has beside
/// its columns, or, for segments of several tables, in `shared`.
public struct SizesReport: Sendable {
    /// Bytes under a name.
    public struct Part: Sendable, Hashable {
        public let name: String
        public let byteCount: Int
    }

    /// Vectors of 1,024 rows that are stored alike, and their bytes: parameters and payload,
    /// without validity, statistics and what a strip has once.
    public struct Codec: Sendable, Hashable {
        public let name: String
        public let vectorCount: Int
        public let byteCount: Int
    }

    public struct Column: Sendable {
        public let name: String
        /// Nil for what is no column of the schema.
        public let type: String?
        /// Rows with a value.
        public let valueCount: UInt64
        /// Those in the COLD tier.
        public let coldValueCount: UInt64
        /// Those whose bytes are another strip's.
        public let referenceValueCount: UInt64
        public var lightValueCount: UInt64 { valueCount - coldValueCount - referenceValueCount }
        public let stripCount: Int
        public let referenceCount: Int
        public let mappedCount: Int
        /// All of the strips.
        public let byteCount: Int
        /// Of them all but statistics, checksums and lengths: values with every header, table and
        /// dictionary that they need.
        public let codedByteCount: Int
        /// `codedByteCount` and `byteCount` in bits for each value; nil where there is none.
        public let bitsPerValue: Double?
        public let bitsPerValueOfEverything: Double?
        /// What the bytes are for, together `byteCount`.
        public let parts: [Part]
        /// What the integers stand for, and how they are stored; the most bytes first.
        public let stages: [Codec]
        public let shapes: [Codec]
        /// Why the largest strip has the form it has, where that was asked for.
        public let explanation: String?
    }

    public struct Table: Sendable {
        public let name: String
        /// In segments; a row that is hidden counts until compaction.
        public let rowCount: UInt64
        public let coldRowCount: UInt64
        /// In memory and in the log alone: they have no share in the bytes.
        public let logRowCount: UInt64
        public let segmentCount: Int
        public let blockCount: Int
        public let columns: [Column]
        /// Beside the columns: block headers, pages of series, index, footers, fixed parts.
        public let parts: [Part]
        public let byteCount: Int
        /// The columns' `codedByteCount`, and all bytes, in bits for each row.
        public let bitsPerRow: Double?
        public let bitsPerRowOfEverything: Double?
    }

    public let tables: [Table]
    /// Of segments that hold several tables: what they have once.
    public let shared: [Part]
    public let segmentCount: Int
    public let segmentByteCount: UInt64
    /// All files of the folder by what they are.
    public let files: [Part]
    /// Rows of all tables, those in the log included, and bytes of the folder.
    public let rowCount: UInt64
    public let byteCount: UInt64
    /// Bytes of the folder for each row; nil where there is none.
    public var bytesPerRow: Double? {
        rowCount == 0 ? nil : Double(byteCount) / Double(rowCount)
    }
    /// Without the bytes that are kept back for a full disk.
    public var bytesPerRowWithoutReserve: Double? {
        let reserve = files.first { $0.name == "reserve" }?.byteCount ?? 0
        return rowCount == 0
            ? nil : Double(byteCount - UInt64(clamping: reserve)) / Double(rowCount)
    }
    /// Segments that could not be read; they count in none of the tables.
    public let problems: [String]

    init(_ sizes: StoreSizes) {
        tables = sizes.tables.map(Table.init)
        shared = Self.parts(of: sizes.shared)
        segmentCount = sizes.segmentCount
        segmentByteCount = sizes.segmentByteCount
        let files = sizes.files
        self.files = [
            ("segments", min(files.segments, segmentByteCount)),
            ("retired_segments", files.segments - min(files.segments, segmentByteCount)),
            ("log", files.log), ("manifests", files.manifests),
            ("series", files.series), ("reserve", files.reserve), ("other", files.other),
        ].map { Part(name: $0.0, byteCount: Int(clamping: $0.1)) }
        rowCount = sizes.rowCount
        byteCount = files.all
        problems = sizes.problems.map(\.description)
    }

    fileprivate static func parts(of overhead: SegmentOverhead) -> [Part] {
        [
            Part(name: "index", byteCount: overhead.indexByteCount),
            Part(name: "footers", byteCount: overhead.footerByteCount),
            Part(name: "headers", byteCount: overhead.fixedByteCount),
        ]
    }
}

extension SizesReport.Table {
    init(_ sizes: TableSizes) {
        name = sizes.table.name
        rowCount = sizes.rowCount
        coldRowCount = sizes.coldRowCount
        logRowCount = sizes.logRowCount
        segmentCount = sizes.segmentCount
        blockCount = sizes.blockCount
        columns = sizes.columns.map(SizesReport.Column.init)
        parts =
            [
                SizesReport.Part(name: "block_headers", byteCount: sizes.blockHeaderByteCount),
                SizesReport.Part(name: "series_pages", byteCount: sizes.pageByteCount),
            ] + SizesReport.parts(of: sizes.overhead)
        byteCount = sizes.byteCount
        bitsPerRow = sizes.bitsPerRow
        bitsPerRowOfEverything = sizes.bitsPerRowOfEverything
    }
}

extension SizesReport.Column {
    init(_ column: ColumnSizes) {
        name = column.name
        type = column.type?.name
        valueCount = column.valueCount
        coldValueCount = column.coldValueCount
        referenceValueCount = column.referenceValueCount
        stripCount = column.stripCount
        referenceCount = column.referenceCount
        mappedCount = column.mappedCount
        byteCount = column.byteCount
        codedByteCount = column.codedByteCount
        bitsPerValue = column.bitsPerValue
        bitsPerValueOfEverything = column.bitsPerValueOfStrips
        parts = column.parts.map { SizesReport.Part(name: $0.name, byteCount: $0.byteCount) }
        stages = Self.codecs(column.stages)
        shapes = Self.codecs(column.shapes)
        explanation = column.explanation
    }

    private static func codecs(
        _ shares: [ColumnSizes.Named]
    ) -> [SizesReport.Codec] {
        shares.map {
            SizesReport.Codec(
                name: $0.name, vectorCount: $0.vectorCount, byteCount: $0.byteCount)
        }.sorted {
            ($0.byteCount, $0.vectorCount, $1.name) > ($1.byteCount, $1.vectorCount, $0.name)
        }
    }
}

extension Database {
    /// What the bytes of the tables and of the folder are for. Reads headers and directories, no
    /// values; may run beside a process that writes.
    ///
    /// - Parameters:
    ///   - table: nil for all tables.
    ///   - explains: decode the largest strip of each column and tell why it has its form.
    /// - Throws: `BelfryError`: 42P01 there is no such table.
    public func sizes(
        of table: String? = nil, explains: Bool = false
    ) throws(BelfryError) -> SizesReport {
        var name = table
        if let table {
            guard let schema = self.table(named: table) else {
                throw BelfryError(code: "42P01", message: "there is no table \"\(table)\"")
            }
            name = schema.name
        }
        do { return SizesReport(try store.sizes(of: name, explains: explains)) } catch {
            throw BelfryError(error)
        }
    }
}
