import BelfryCore

/// Everything live, and all that must change together with it; replaced whole.
///
/// Format: `formats/manifest.md`.
struct Manifest: Sendable, Hashable {
    /// Counts the manifests of a store; the file is named after it.
    var number: UInt64 = 0
    /// How often the store was opened for writing.
    var epoch: UInt64 = 0
    /// Writes up to this sequence are in segments; the log is read past it.
    var flushedThrough: UInt64 = 0
    /// Numbers from these on were never handed out, as far as the log does not say otherwise.
    var nextTable: UInt32 = 1
    var nextSeries: UInt32 = 1
    var nextFileID: UInt64 = 1
    var catalog = Catalog()
    var segments: [SegmentSummary] = []
    /// Segments that left, whose files may still be there for a reader's sake.
    var retired: [UInt64] = []
    /// What was deleted and still lies in sources older than the deletion.
    var tombstones: [Tombstone] = []
    /// The last time of the wall clock that was believed, in nanoseconds since 1970; 0 before the
    /// first. Retention trusts no clock that is far from it.
    var lastPlausibleClock: Int64 = 0

    /// No count of a store comes near it.
    static let numberLimit = 1 << 62

    func write(to writer: inout ByteWriter) {
        writer.writeVarint(number)
        writer.writeVarint(epoch)
        writer.writeVarint(flushedThrough)
        writer.writeVarint(UInt64(nextTable))
        writer.writeVarint(UInt64(nextSeries))
        writer.writeVarint(nextFileID)
        writer.writeCount(catalog.tables.count)
        for table in catalog.tables { TableDefinition.write(table, to: &writer) }
        writer.writeCount(segments.count)
        for segment in segments { Self.write(segment, to: &writer) }
        writer.writeCount(retired.count)
        for fileID in retired { writer.writeVarint(fileID) }
        writeSections(to: &writer)
    }

    /// - Parameter version: of the file's format.
    static func read(
        _ reader: inout ByteReader, version: UInt16
    ) throws(FormatError) -> Manifest {
        var manifest = Manifest()
        manifest.number = try readNumber(&reader, "number")
        manifest.epoch = try readNumber(&reader, "epoch")
        manifest.flushedThrough = try readNumber(&reader, "flushed through")
        let place = reader.offset
        manifest.nextTable = UInt32(
            try reader.readCount(limit: Int(UInt32.max), "next table number"))
        manifest.nextSeries = UInt32(
            try reader.readCount(limit: Int(UInt32.max), "next series number"))
        manifest.nextFileID = try readNumber(&reader, "next file id")
        let tableCount = try reader.readCount(limit: reader.remaining, "table count")
        var tables: [TableSchema] = []
        for _ in 0..<tableCount {
            tables.append(try TableDefinition.read(&reader, version: version))
        }
        manifest.catalog = Catalog(tables)
        let segmentCount = try reader.readCount(limit: reader.remaining, "segment count")
        for _ in 0..<segmentCount { manifest.segments.append(try readSegment(&reader)) }
        let retiredCount = try reader.readCount(limit: reader.remaining, "retired count")
        for _ in 0..<retiredCount { manifest.retired.append(try reader.readVarint()) }
        if version > 0 { try manifest.readSections(&reader) }
        // A number handed out twice would give old bytes a new meaning; 0 is none.
        guard manifest.nextTable > manifest.catalog.tables.last?.number ?? 0,
            manifest.nextSeries > 0,
            manifest.nextFileID > manifest.segments.map(\.fileID).max() ?? 0
        else { throw FormatError("next numbers that were handed out before", at: place) }
        return manifest
    }

    /// A number that is counted on from: one that a store could reach, so that counting on never
    /// overflows.
    private static func readNumber(
        _ reader: inout ByteReader, _ what: String
    ) throws(FormatError) -> UInt64 {
        UInt64(try reader.readCount(limit: numberLimit, what))
    }

    private static func write(_ segment: SegmentSummary, to writer: inout ByteWriter) {
        writer.writeVarint(segment.fileID)
        writer.writeUInt64(segment.salt)
        writer.writeVarint(segment.byteCount)
        // Table numbers begin at 1; 0 says wide.
        writer.writeVarint(UInt64(segment.table ?? 0))
        if segment.table != nil { write(segment.partition ?? .everything, to: &writer) }
        writer.writeVarint(segment.sequences.lowerBound)
        writer.writeVarint(segment.sequences.upperBound)
        write(segment.times, to: &writer)
        writer.writeVarint(segment.rowCount)
    }

    private static func readSegment(
        _ reader: inout ByteReader
    ) throws(FormatError) -> SegmentSummary {
        let fileID = try reader.readVarint()
        let salt = try reader.readUInt64()
        let byteCount = try reader.readVarint()
        let table = UInt32(try reader.readCount(limit: Int(UInt32.max), "table number"))
        let partition = table == 0 ? nil : try readRange(&reader)
        let place = reader.offset
        let first = try readNumber(&reader, "first sequence")
        let last = try readNumber(&reader, "last sequence")
        guard first <= last else { throw FormatError("sequences \(first) to \(last)", at: place) }
        let times = try readRange(&reader)
        return SegmentSummary(
            fileID: fileID, salt: salt, byteCount: byteCount, table: table == 0 ? nil : table,
            partition: partition, sequences: first...last, times: times,
            rowCount: try reader.readVarint())
    }

    private static func write(_ range: TimeRange, to writer: inout ByteWriter) {
        writer.writeInt64(range.start.nanoseconds)
        writer.writeInt64(range.end.nanoseconds)
    }

    private static func readRange(_ reader: inout ByteReader) throws(FormatError) -> TimeRange {
        let start = Timestamp(nanoseconds: try reader.readInt64())
        let end = Timestamp(nanoseconds: try reader.readInt64())
        return TimeRange(start: start, end: end)
    }
}
