import BelfryCore

/// One write as the log holds it: the series it defines, and its rows table by table.
///
/// A definition stands in the record of the series' first use in a file, so that a file can be
/// read alone. Format: `formats/log.md`.
struct LogRecord: Sendable {
    var series: [(number: UInt32, key: SeriesKey)] = []
    var points: [SortedRows] = []
    var tombstones: [Tombstone] = []

    /// Reads the payload of a record; its checksum was right, its content is checked all the same.
    static func decode(_ payload: [UInt8]) throws(FormatError) -> LogRecord {
        var reader = unsafe ByteReader(payload.span.bytes)
        var record = LogRecord()
        while !reader.isAtEnd {
            let start = reader.offset
            switch try reader.readUInt8() {
            case LogFormat.Section.points:
                record.points.append(try readPoints(&reader))
            case LogFormat.Section.series:
                let count = try reader.readCount(limit: reader.remaining, "series count")
                for _ in 0..<count {
                    let number = try reader.readCount(limit: Int(UInt32.max) - 1, "series number")
                    let key = try reader.readCountedBytes(
                        limit: SeriesKey.byteCountLimit, "series key byte count")
                    record.series.append((UInt32(number), SeriesKey(bytes: key)))
                }
            case LogFormat.Section.tombstones:
                record.tombstones += try Tombstone.readAll(&reader)
            case let kind: throw FormatError("unknown section \(kind)", at: start)
            }
            try skipPadding(&reader)
        }
        return record
    }

    private static func skipPadding(_ reader: inout ByteReader) throws(FormatError) {
        while reader.offset % LogFormat.alignment != 0 {
            let place = reader.offset
            guard try reader.readUInt8() == 0 else {
                throw FormatError("padding that is not zero", at: place)
            }
        }
    }

    private static func readPoints(_ reader: inout ByteReader) throws(FormatError) -> SortedRows {
        let table = try reader.readCount(limit: Int(UInt32.max), "table number")
        let version = try reader.readCount(limit: Int(UInt32.max), "table version")
        let rowCount = try reader.readCount(limit: reader.remaining / 8, "row count")
        let kindByte = try reader.readUInt8()
        let extentCount = try reader.readCount(limit: rowCount, "extent count")
        var extents: [Extent] = []
        extents.reserveCapacity(extentCount)
        var series: UInt64 = 0
        var sum = 0
        for index in 0..<extentCount {
            let place = reader.offset
            let delta = try reader.readCount(limit: Int(UInt32.max), "series delta")
            let count = try reader.readCount(limit: rowCount - sum, "rows of an extent")
            series += UInt64(delta)
            sum += count
            guard series < UInt64(UInt32.max), count > 0, index == 0 || delta > 0 else {
                throw FormatError("extents that do not ascend", at: place)
            }
            extents.append(Extent(series: UInt32(series), rowCount: count))
        }
        guard sum == rowCount else {
            throw FormatError("extents of \(sum) rows, \(rowCount) expected", at: reader.offset)
        }
        try skipPadding(&reader)
        let times = try readTimes(&reader, extents)
        let kinds: RowKinds
        if kindByte == LogFormat.kindsOfEach {
            let bytes = try reader.readBytes(rowCount)
            guard bytes.allSatisfy({ RowKind(rawValue: $0) != nil }) else {
                throw FormatError("unknown row kind", at: reader.offset)
            }
            kinds = .each(bytes)
        } else {
            guard let kind = RowKind(rawValue: kindByte) else {
                throw FormatError("unknown row kind \(kindByte)", at: reader.offset)
            }
            kinds = .all(kind)
        }
        let columnCount = try reader.readCount(limit: reader.remaining, "column count")
        var columns: [PointBatch.Column] = []
        for _ in 0..<columnCount {
            let column = try readColumn(&reader, rowCount)
            if let last = columns.last, last.number >= column.number {
                throw FormatError("columns that do not ascend", at: reader.offset)
            }
            columns.append(column)
        }
        return SortedRows(
            table: UInt32(table), schemaVersion: UInt32(version), extents: extents, times: times,
            kinds: kinds, columns: columns)
    }

    private static func readTimes(
        _ reader: inout ByteReader, _ extents: [Extent]
    ) throws(FormatError) -> [Int64] {
        var times: [Int64] = []
        times.reserveCapacity(extents.reduce(0) { $0 + $1.rowCount })
        for extent in extents {
            var last = Int64.min
            for _ in 0..<extent.rowCount {
                let time = try reader.readInt64()
                guard time >= last else {
                    throw FormatError("times that do not ascend", at: reader.offset - 8)
                }
                last = time
                times.append(time)
            }
        }
        return times
    }

    private static func readColumn(
        _ reader: inout ByteReader, _ rowCount: Int
    ) throws(FormatError) -> PointBatch.Column {
        let number = try reader.readCount(limit: Int(UInt32.max), "column number")
        let place = reader.offset
        let typeByte = try reader.readUInt8()
        let hasValidity = try reader.readUInt8()
        guard let type = DataType(rawValue: typeByte), hasValidity <= 1 else {
            throw FormatError("unknown column type \(typeByte)", at: place)
        }
        try skipPadding(&reader)
        var validity = Validity.all
        if hasValidity == 1 {
            var words: [UInt64] = []
            for _ in 0..<((rowCount + 63) / 64) { words.append(try reader.readUInt64()) }
            if let last = words.last, rowCount % 64 != 0, last >> UInt64(rowCount % 64) != 0 {
                throw FormatError("validity past the last row", at: reader.offset)
            }
            validity = Validity(words: words)
        }
        let storage = try readValues(&reader, type, rowCount)
        return PointBatch.Column(
            number: UInt32(number), values: Vector(type, storage, validity: validity))
    }

    private static func readValues(
        _ reader: inout ByteReader, _ type: DataType, _ rowCount: Int
    ) throws(FormatError) -> VectorStorage {
        switch type.layout {
        case .integers:
            try need(reader.remaining, rowCount, 8, at: reader.offset)
            var values: [Int64] = []
            values.reserveCapacity(rowCount)
            for _ in 0..<rowCount { values.append(try reader.readInt64()) }
            return .integers(values)
        case .doubles:
            try need(reader.remaining, rowCount, 8, at: reader.offset)
            var values: [Double] = []
            values.reserveCapacity(rowCount)
            for _ in 0..<rowCount { values.append(try reader.readDouble()) }
            return .doubles(values)
        case .booleans:
            return .booleans(try reader.readBytes(rowCount).map { $0 != 0 })
        case .texts:
            try need(reader.remaining, rowCount + 1, 4, at: reader.offset)
            var offsets: [UInt32] = []
            offsets.reserveCapacity(rowCount + 1)
            for _ in 0...rowCount { offsets.append(try reader.readUInt32()) }
            var last: UInt32 = 0
            for offset in offsets {
                guard offset >= last else {
                    throw FormatError("text offsets that do not ascend", at: reader.offset)
                }
                last = offset
            }
            guard offsets[0] == 0 else {
                throw FormatError("text offsets that do not begin at 0", at: reader.offset)
            }
            return .texts(TextStorage(offsets: offsets, bytes: try reader.readBytes(Int(last))))
        case .intervals: throw FormatError("a column of intervals", at: reader.offset)
        }
    }

    private static func need(
        _ remaining: Int, _ count: Int, _ width: Int, at offset: Int
    ) throws(FormatError) {
        guard count <= remaining / width else {
            throw .truncated(at: offset, needed: count, available: remaining)
        }
    }
}

/// A record on its way out: sections first, then the header, whose place was kept.
///
/// The sections of points are written on the caller's thread; the leader adds definitions of
/// series, and seals the record once its sequence and place are known.
struct RecordWriter: Sendable {
    private var writer: ByteWriter

    init(capacity: Int) {
        writer = ByteWriter(capacity: LogFormat.recordHeaderByteCount + capacity + 64)
        writer.writeBytes([UInt8](repeating: 0, count: LogFormat.recordHeaderByteCount))
    }

    /// What the payload takes so far.
    var payloadByteCount: Int { writer.count - LogFormat.recordHeaderByteCount }

    mutating func write(_ series: [(number: UInt32, key: SeriesKey)]) {
        if series.isEmpty { return }
        writer.writeUInt8(LogFormat.Section.series)
        writer.writeCount(series.count)
        for entry in series {
            writer.writeVarint(UInt64(entry.number))
            writer.writeCountedBytes(entry.key.bytes)
        }
        writer.pad(to: LogFormat.alignment)
    }

    mutating func write(_ tombstones: [Tombstone]) {
        if tombstones.isEmpty { return }
        writer.writeUInt8(LogFormat.Section.tombstones)
        writer.writeCount(tombstones.count)
        for tombstone in tombstones { tombstone.write(to: &writer) }
        writer.pad(to: LogFormat.alignment)
    }

    mutating func write(_ rows: SortedRows) {
        writer.writeUInt8(LogFormat.Section.points)
        writer.writeVarint(UInt64(rows.table))
        writer.writeVarint(UInt64(rows.schemaVersion))
        writer.writeCount(rows.rowCount)
        switch rows.kinds {
        case .all(let kind): writer.writeUInt8(kind.rawValue)
        case .each: writer.writeUInt8(LogFormat.kindsOfEach)
        }
        writer.writeCount(rows.extents.count)
        var last: UInt32 = 0
        for extent in rows.extents {
            writer.writeVarint(UInt64(extent.series - last))
            writer.writeCount(extent.rowCount)
            last = extent.series
        }
        writer.pad(to: LogFormat.alignment)
        writer.writeValues(rows.times.span)
        if case .each(let kinds) = rows.kinds { writer.writeBytes(kinds) }
        writer.writeCount(rows.columns.count)
        for column in rows.columns { write(column) }
        writer.pad(to: LogFormat.alignment)
    }

    private mutating func write(_ column: PointBatch.Column) {
        writer.writeVarint(UInt64(column.number))
        writer.writeUInt8(column.values.type.rawValue)
        writer.writeUInt8(column.values.validity.isAll ? 0 : 1)
        writer.pad(to: LogFormat.alignment)
        if let words = column.values.validity.words { writer.writeValues(words.span) }
        switch column.values.storage {
        case .integers(let values): writer.writeValues(values.span)
        case .doubles(let values): writer.writeValues(values.span)
        case .booleans(let values): writer.writeBytes(values.map { $0 ? 1 : 0 })
        case .texts(let values):
            writer.writeValues(values.offsets.span)
            writer.writeBytes(values.bytes)
        case .dictionary, .intervals:
            preconditionFailure("sorted rows hold texts written out and no intervals")
        }
    }

    /// The bytes of the record for this place of a file.
    consuming func seal(
        sequence: UInt64, syncedThrough: UInt64, salt: UInt64, offset: UInt64
    ) -> [UInt8] {
        let payloadByteCount = UInt32(payloadByteCount)
        writer.pad(to: LogFormat.alignment)
        writer.overwrite(payloadByteCount, at: 8)
        writer.overwrite(UInt32(LogFormat.writeKind), at: 12)
        writer.overwrite(sequence, at: 16)
        writer.overwrite(syncedThrough, at: 24)
        writer.overwrite(Self.checksum(writer.bytes, salt: salt, offset: offset), at: 0)
        return writer.bytes
    }

    /// Over everything behind the checksum itself.
    private static func checksum(_ bytes: [UInt8], salt: UInt64, offset: UInt64) -> UInt64 {
        let covered = unsafe bytes.span.bytes.extracting(8..<bytes.count)
        return Checksum.of(covered, salt: salt, offset: offset &+ 8)
    }
}
