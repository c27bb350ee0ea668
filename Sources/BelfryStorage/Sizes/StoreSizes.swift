import BelfryCodecs
package import BelfryCore

/// What the bytes of a column are for, in all segments together.
package struct ColumnSizes: Sendable {
    package let number: UInt32
    package let name: String
    /// Nil for what is no column of the schema.
    package let type: DataType?
    /// Rows with a value: whether their bytes are this column's or another's.
    package var valueCount: UInt64 = 0
    /// Those of strips in the COLD tier, and of strips that are references to others.
    package var coldValueCount: UInt64 = 0
    package var referenceValueCount: UInt64 = 0
    package var stripCount = 0
    package var referenceCount = 0
    package var mappedCount = 0
    var sizes = StripSizes()
    /// Why its largest strip has the form it has, where that was asked for.
    package var explanation: String?

    /// A part, or vectors that are stored alike.
    package struct Named: Sendable {
        package let name: String
        package var vectorCount = 0
        package let byteCount: Int
    }

    package var byteCount: Int { sizes.byteCount }
    /// Without statistics and frames.
    package var codedByteCount: Int { sizes.codedByteCount }

    /// Together all bytes.
    package var parts: [Named] {
        StripSizes.Part.allCases.map {
            Named(name: $0.rawValue, byteCount: sizes.byteCount(of: $0))
        }
    }

    package var stages: [Named] { Self.named(sizes.stages) }
    package var shapes: [Named] { Self.named(sizes.shapes) }

    private static func named(_ shares: [String: StripSizes.Share]) -> [Named] {
        shares.map {
            Named(
                name: $0.key, vectorCount: $0.value.vectorCount, byteCount: $0.value.byteCount)
        }
    }

    /// Strips without statistics and frames: what goals for codecs are about.
    package var bitsPerValue: Double? { bits(sizes.codedByteCount) }
    /// All bytes of the strips.
    package var bitsPerValueOfStrips: Double? { bits(sizes.byteCount) }

    private func bits(_ byteCount: Int) -> Double? {
        valueCount == 0 ? nil : Double(byteCount) * 8 / Double(valueCount)
    }
}

/// What the bytes of a table are for, in all live segments.
///
/// Strips, block headers, dictionary pages, index, footers and fixed parts are all bytes of the
/// segments that are the table's alone; of wide segments index, footers and fixed parts are in
/// `StoreSizes.shared`.
package struct TableSizes: Sendable {
    package let table: TableSchema
    /// In segments; a row that is hidden counts until compaction.
    package var rowCount: UInt64 = 0
    /// Of segments of the COLD tier.
    package var coldRowCount: UInt64 = 0
    /// In memory and in the log alone.
    package var logRowCount: UInt64 = 0
    package var segmentCount = 0
    package var blockCount = 0
    /// By column number.
    package var columns: [ColumnSizes] = []
    package var blockHeaderByteCount = 0
    package var pageByteCount = 0
    package var overhead = SegmentOverhead()

    package init(table: TableSchema) { self.table = table }

    package var stripByteCount: Int { columns.reduce(0) { $0 + $1.sizes.byteCount } }

    package var byteCount: Int {
        stripByteCount + blockHeaderByteCount + pageByteCount + overhead.byteCount
    }

    /// Of everything but frames and statistics in strips; nothing beside them.
    package var bitsPerRow: Double? {
        bits(columns.reduce(0) { $0 + $1.sizes.codedByteCount })
    }

    package var bitsPerRowOfEverything: Double? { bits(byteCount) }

    private func bits(_ byteCount: Int) -> Double? {
        rowCount == 0 ? nil : Double(byteCount) * 8 / Double(rowCount)
    }
}

/// What a segment has once.
package struct SegmentOverhead: Sendable, Hashable {
    package var indexByteCount = 0
    package var footerByteCount = 0
    /// Header and trailer.
    package var fixedByteCount = 0

    package var byteCount: Int { indexByteCount + footerByteCount + fixedByteCount }

    mutating func add(_ reader: SegmentReader, fileByteCount: UInt64) {
        let fixed = SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount
        let index = reader.footer.indexByteCount
        indexByteCount += index
        fixedByteCount += fixed
        // The footer stands between index and trailer.
        let indexEnd = reader.footer.indexOffset + UInt64(index)
        footerByteCount += Int(fileByteCount - indexEnd) - SegmentFormat.trailerByteCount
    }
}

/// What the bytes of a store's folder are for.
package struct StoreSizes: Sendable {
    /// By name.
    package var tables: [TableSizes] = []
    /// Of wide segments: index, footer, fixed parts.
    package var shared = SegmentOverhead()
    /// The live segments.
    package var segmentCount = 0
    package var segmentByteCount: UInt64 = 0
    /// Bytes of the files in the folder. A file that a writer adds or removes meanwhile may be
    /// missing or counted.
    package var files = FolderSizes()
    /// Live segments that could not be read, and why; they are in none of the counts.
    package var problems: [StorageError] = []

    package var rowCount: UInt64 { tables.reduce(0) { $0 + $1.rowCount + $1.logRowCount } }
}

/// Bytes of the files of a store's folder by what they are.
package struct FolderSizes: Sendable, Hashable {
    /// Those that are about to be removed among them.
    package var segments: UInt64 = 0
    package var log: UInt64 = 0
    package var manifests: UInt64 = 0
    package var series: UInt64 = 0
    package var reserve: UInt64 = 0
    /// Identity, lock, quarantine, and what is no file of a store.
    package var other: UInt64 = 0

    package var all: UInt64 { segments + log + manifests + series + reserve + other }
}
