package import BelfryCore

/// The directory of a strip, read and checked: where each vector's bytes are, how they decode, and
/// the statistics, without the payload.
package struct StripDirectory: Sendable {
    package let rowCount: Int
    /// Of all vectors together.
    package private(set) var statistics = VectorStatistics.empty

    /// The form of a strip of doubles.
    let doubles: DoubleForm?
    /// The steps that integers are counted in, where they are.
    let scale: IntegerScale?
    /// The table of the COLD tier; nil in the LIGHT one.
    let tokens: TokenTable?
    /// The distinct doubles of a strip of codes: one directory or none, an array because a struct
    /// cannot hold its own kind.
    private(set) var distinctDoubles: [StripDirectory] = []
    /// The left parts of cut patterns, moved to their place.
    private(set) var leftParts: [Int64] = []
    private(set) var leftPartByteCount = 0
    /// Keys and values of a map, or nothing.
    private(set) var mapColumns: [StripDirectory] = []
    /// From behind the tokens to the map or the entries: transforms and validities.
    private(set) var transformRange = 0..<0
    /// Of the table of tokens.
    private(set) var tokenRange = 0..<0
    /// Whether the validity of each vector is written.
    private(set) var hasValidities = false
    private(set) var vectors: [Place] = []
    let dictionaryEntryCount: Int?
    let dictionaryBytes: StoredBytes?
    let payloadOffset: Int
    let payloadByteCount: Int

    /// One vector: its entry with the repetition resolved, and where its bytes are.
    struct Place: Sendable {
        /// Rows that have a slot: of a dense strip those with a value, else all.
        var rowCount: Int
        /// Rows of the vector, with or without a slot.
        var validityRowCount: Int
        /// Of the validity's bytes, behind which the values' are.
        var offset = 0
        var validity: EncodedBits
        var tag = VectorTag(.constant)
        var integers = IntegerVector(shape: .constant)
        var exceptionCount = 0
        var corrections: IntegerVector?
        var texts: StoredBytes?
        var booleans = EncodedBits(form: .none, setCount: 0)
        var statistics = VectorStatistics.empty
        /// Of the entry in the directory, and of its statistics there; 0 behind the first vector of
        /// a repeated one.
        var entryByteCount = 0
        var statisticsByteCount = 0

        /// Vectors of so many rows that all have a value.
        static func whole(count: Int) -> [Place] {
            (0..<Strip.vectorCount(rows: count)).map { vector in
                let rows = Strip.rowCount(of: vector, rows: count)
                return Place(
                    rowCount: rows, validityRowCount: rows,
                    validity: EncodedBits(form: .all, setCount: rows))
            }
        }

        var valueOffset: Int { offset + validity.byteCount(rowCount: validityRowCount) }

        /// From `offset` to where the next vector is.
        var byteCount: Int {
            valueOffset - offset + integers.byteCount(rowCount: rowCount)
                + (corrections?.byteCount(rowCount: rowCount) ?? 0)
                + exceptionCount * VectorEntry.exceptionByteCount
                + (texts?.storedByteCount ?? 0) + booleans.byteCount(rowCount: rowCount)
        }
    }

    /// Reads the directory from the first bytes of a strip, the payload may be missing.
    package init(
        bytes: [UInt8], kind: StripKind, rowCount: Int, salt: UInt64, offset: UInt64
    ) throws(FormatError) {
        guard rowCount >= 0 && rowCount <= Strip.rowCountLimit else {
            throw FormatError("a strip of \(rowCount) rows", at: 0)
        }
        let whole = unsafe bytes.span.bytes
        var header = ByteReader(whole)
        let directoryByteCount = Int(try header.readUInt32())
        payloadByteCount = Int(try header.readUInt32())
        let end = Strip.headerByteCount + directoryByteCount
        try header.skip(directoryByteCount)
        let expected = try header.readUInt64()
        payloadOffset = header.offset
        let covered = whole.extracting(0..<end)
        guard Checksum.of(covered, salt: salt, offset: offset) == expected else {
            throw FormatError("the checksum of a strip's directory does not match", at: 0)
        }

        var reader = ByteReader(covered)
        try reader.skip(Strip.headerByteCount)
        let kindByte = try reader.readUInt8()
        let isCold = kindByte & Strip.coldFlag != 0
        let isMapped = kindByte & Strip.mappedFlag != 0
        let isScaled = kindByte & Strip.scaledFlag != 0
        let flags = Strip.coldFlag | Strip.mappedFlag | Strip.scaledFlag
        guard kindByte & ~flags == kind.rawValue,
            !(isCold || isMapped) || kind != .booleans,
            !isScaled || (kind == .integers && !isMapped)
        else {
            throw FormatError("a strip of kind \(kindByte), \(kind) expected", at: 8)
        }
        let written = try reader.readCount(limit: Strip.rowCountLimit, "rows")
        guard written == rowCount else {
            throw FormatError("a strip of \(written) rows, \(rowCount) expected", at: 9)
        }
        self.rowCount = rowCount
        let tokenStart = reader.offset
        tokens = isCold ? try TokenTable.read(&reader) : nil
        tokenRange = tokenStart..<reader.offset
        scale = isScaled ? try IntegerScale.read(&reader) : nil
        let transformStart = reader.offset
        var doubles: DoubleForm?
        var entryCount: Int?
        var stored: StoredBytes?
        switch kind {
        case .integers, .booleans: break
        case .doubles:
            let byte = try reader.readUInt8()
            guard let stage = DoubleStage(byte: byte) else {
                throw FormatError("form of doubles \(byte)", at: reader.offset - 1)
            }
            var dictionaryScale: Int?
            if stage == .dictionary {
                let distinct = try StripDirectory(
                    distinctDoubles: &reader, limit: min(rowCount, Strip.distinctCountLimit))
                dictionaryScale = distinct.onlyScale
                distinctDoubles = [distinct]
            }
            if case .cut(let rightWidth) = stage {
                let start = reader.offset
                leftParts = try CutPatterns.readLeftParts(&reader, rightWidth: rightWidth)
                leftPartByteCount = reader.offset - start
            }
            doubles = DoubleForm(stage, dictionaryScale: dictionaryScale)
        case .texts:
            let byte = try reader.readUInt8()
            guard let stage = TextStage(rawValue: byte) else {
                throw FormatError("form of texts \(byte)", at: reader.offset - 1)
            }
            switch stage {
            case .plain: break
            case .dictionary:
                entryCount = try reader.readCount(limit: rowCount + 1, "distinct texts")
                stored = try StoredBytes.read(&reader, limit: Strip.textBlobByteCountLimit)
            }
        }
        self.doubles = doubles
        dictionaryEntryCount = entryCount
        dictionaryBytes = stored

        try readValidities(&reader, kind)
        transformRange = transformStart..<reader.offset
        if isMapped {
            guard mayMap(kind) else {
                throw FormatError("a mapped strip of a form that maps have not", at: 8)
            }
            mapColumns = try Self.readMap(&reader)
        }
        if kind == .booleans {
            for index in vectors.indices {
                let rows = vectors[index].rowCount
                vectors[index].booleans = try EncodedBits.read(&reader, rowCount: rows)
                vectors[index].statistics.count = vectors[index].validity.setCount
            }
        } else {
            try readEntries(&reader, kind: kind)
        }
        guard reader.isAtEnd else {
            throw FormatError("\(reader.remaining) bytes behind the directory", at: reader.offset)
        }
        try placeVectors()
    }

    /// The dictionary of a strip of doubles: a count, form and entries of a strip of its own, whose
    /// payload stands first in that of the strip.
    private init(
        distinctDoubles reader: inout ByteReader, limit: Int
    ) throws(FormatError) {
        let count = try reader.readCount(limit: limit, "distinct doubles")
        let byte = try reader.readUInt8()
        guard let stage = DoubleStage(byte: byte), stage.mayBeOfDictionary else {
            throw FormatError("form of distinct doubles \(byte)", at: reader.offset - 1)
        }
        rowCount = count
        doubles = DoubleForm(stage)
        scale = nil
        tokens = nil
        dictionaryEntryCount = nil
        dictionaryBytes = nil
        payloadOffset = 0
        payloadByteCount = 0
        vectors = Place.whole(count: count)
        try readEntries(&reader, kind: .doubles)
    }

    /// The numbers of a map: entries without statistics, as those of codes of texts.
    init(numbers reader: inout ByteReader, count: Int) throws(FormatError) {
        rowCount = count
        doubles = nil
        scale = nil
        tokens = nil
        dictionaryEntryCount = count
        dictionaryBytes = nil
        payloadOffset = 0
        payloadByteCount = 0
        vectors = Place.whole(count: count)
        try readEntries(&reader, kind: .texts)
    }

    /// The power of ten where all values are decimals of it without exception.
    private var onlyScale: Int? {
        guard case .decimals(let scale) = doubles?.stage else { return nil }
        let isOnly = vectors.allSatisfy {
            !$0.tag.has(VectorTag.ordered) && !$0.tag.has(VectorTag.exceptions)
        }
        return isOnly ? scale : nil
    }

    private mutating func readValidities(
        _ reader: inout ByteReader, _ kind: StripKind
    ) throws(FormatError) {
        let form = try reader.readUInt8()
        guard form <= (kind == .booleans ? 1 : 2) else {
            throw FormatError("form of validity \(form)", at: reader.offset - 1)
        }
        hasValidities = form != 0
        vectors.reserveCapacity(Strip.vectorCount(rows: rowCount))
        for vector in 0..<Strip.vectorCount(rows: rowCount) {
            let rows = Strip.rowCount(of: vector, rows: rowCount)
            let validity =
                form == 0
                ? EncodedBits(form: .all, setCount: rows)
                : try EncodedBits.read(&reader, rowCount: rows)
            vectors.append(
                Place(
                    rowCount: form == 2 ? validity.setCount : rows, validityRowCount: rows,
                    validity: validity))
        }
    }

    private mutating func readEntries(
        _ reader: inout ByteReader, kind: StripKind
    ) throws(FormatError) {
        var reference: Int64 = 0
        var index = 0
        while index < vectors.count {
            var around = VectorEntry.Surroundings(
                kind: kind, doubles: doubles, rowCount: vectors[index].rowCount,
                validCount: vectors[index].validity.setCount, reference: reference,
                restCount: vectors.count - index - 1,
                isPlainText: kind == .texts && dictionaryEntryCount == nil,
                mayBeCoded: tokens != nil, isMapped: isMapped, scale: scale)
            let entry = try VectorEntry.read(&reader, around)
            if entry.integers.hasBase { reference = entry.writtenBase }
            for repetition in 0...entry.repeatCount {
                var current = entry
                around.rowCount = vectors[index].rowCount
                around.validCount = vectors[index].validity.setCount
                if repetition > 0 {
                    guard entry.integers.shape == .constant || around.validCount == around.rowCount
                    else {
                        throw FormatError("a ramp with rows without a value", at: reader.offset)
                    }
                    current.integers.base = entry.baseOfRepeat(repetition)
                    guard let statistics = current.statisticsOfRepeat(around) else {
                        throw FormatError("a repeated code without value", at: reader.offset)
                    }
                    current.statistics = statistics
                }
                vectors[index].tag = current.tag
                vectors[index].integers = current.integers
                vectors[index].exceptionCount = current.exceptionCount
                vectors[index].corrections = current.corrections
                vectors[index].texts = current.texts
                vectors[index].statistics = current.statistics
                if repetition == 0 {
                    vectors[index].entryByteCount = entry.entryByteCount
                    vectors[index].statisticsByteCount = entry.statisticsByteCount
                }
                index += 1
            }
        }
    }

    /// Adds up the byte counts: they must come to the payload's, no more and no less.
    private mutating func placeVectors() throws(FormatError) {
        var end = payloadOffset + (dictionaryBytes?.storedByteCount ?? 0)
        if !distinctDoubles.isEmpty { end = distinctDoubles[0].placeVectors(from: end) }
        for index in mapColumns.indices { end = mapColumns[index].placeVectors(from: end) }
        end = placeVectors(from: end)
        let textByteCount = vectors.reduce(0) { $0 + ($1.texts?.byteCount ?? 0) }
        for place in vectors { statistics.add(place.statistics) }
        guard end - payloadOffset == payloadByteCount else {
            throw FormatError(
                "vectors of \(end - payloadOffset) bytes in a payload of \(payloadByteCount)",
                at: payloadOffset)
        }
        guard textByteCount <= Strip.textByteCountLimit else {
            throw FormatError("\(textByteCount) bytes of text in a strip", at: 0)
        }
    }

    /// Gives the vectors their places one behind the other and returns where the last one ends.
    private mutating func placeVectors(from start: Int) -> Int {
        var end = start
        for index in vectors.indices {
            vectors[index].offset = end
            end += vectors[index].byteCount
        }
        return end
    }

    /// Checks that the payload is all there, nothing behind it, and its checksum.
    func verifyPayload(
        _ bytes: [UInt8], salt: UInt64, offset: UInt64
    ) throws(FormatError) {
        let whole = unsafe bytes.span.bytes
        var reader = ByteReader(whole)
        try reader.skip(payloadOffset)
        let payload = try reader.readSpan(payloadByteCount)
        let expected = try reader.readUInt64()
        guard reader.isAtEnd else {
            throw FormatError("\(reader.remaining) bytes behind the strip", at: reader.offset)
        }
        let found = Checksum.of(payload, salt: salt, offset: offset &+ UInt64(payloadOffset))
        guard found == expected else {
            throw FormatError(
                "the checksum of a strip's payload does not match", at: payloadOffset)
        }
    }

    /// The dictionary of a verified payload, nil where the strip has none.
    func decodeDictionary(_ bytes: [UInt8]) throws(FormatError) -> TextDictionary? {
        guard let dictionaryEntryCount, let dictionaryBytes else { return nil }
        let blob = try unsafe dictionaryBytes.decode(bytes.span.bytes, at: payloadOffset)
        var reader = unsafe ByteReader(blob.span.bytes)
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(dictionaryEntryCount + 1)
        var end = 0
        for _ in 0..<dictionaryEntryCount {
            end += try reader.readCount(limit: blob.count - end, "bytes of a text")
            offsets.append(UInt32(end))
        }
        guard reader.remaining == end else {
            throw FormatError(
                "\(reader.remaining) bytes of distinct texts, \(end) expected", at: payloadOffset)
        }
        return TextValues(offsets: offsets, bytes: try reader.readBytes(end))
    }
}
