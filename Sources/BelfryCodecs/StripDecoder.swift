package import BelfryCore

/// A strip opened once: both checksums verified, every length checked, any of its vectors decoded
/// alone.
///
/// Bytes from anywhere give values or a `FormatError`; what is allocated is bounded by the row
/// count and by `Strip.textByteCountLimit`.
package struct StripDecoder: Sendable {
    package let kind: StripKind
    package let rowCount: Int
    /// The distinct texts of the strip in byte order where they are stored as a dictionary.
    package let dictionary: TextDictionary?

    /// The bit patterns that codes of doubles stand for; empty where the strip has no such codes.
    let distinctPatterns: [Int64]
    let bytes: [UInt8]
    let directory: StripDirectory
    /// Of a mapped strip.
    let mapping: StripMapping?

    /// Opens the bytes of a strip that stand at `offset` of a file with this salt.
    /// - Parameter source: the strip that a mapped one is mapped from.
    package init(
        bytes: [UInt8], kind: StripKind, rowCount: Int, salt: UInt64, offset: UInt64,
        source: StripDecoder? = nil
    ) throws(FormatError) {
        let directory = try StripDirectory(
            bytes: bytes, kind: kind, rowCount: rowCount, salt: salt, offset: offset)
        try directory.verifyPayload(bytes, salt: salt, offset: offset)
        self.kind = kind
        self.rowCount = rowCount
        self.bytes = bytes
        self.directory = directory
        dictionary = try directory.decodeDictionary(bytes)
        distinctPatterns = try unsafe directory.decodeDistinctDoubles(bytes.span.bytes)
        let map = try unsafe directory.decodeMap(bytes.span.bytes)
        guard map != nil || source == nil else {
            throw FormatError("a strip that is not mapped, from another column", at: 8)
        }
        mapping =
            try map.map { (map) throws(FormatError) in
                try StripMapping(map, source, rowCount: rowCount)
            }
    }

    /// What it holds beside the strip's bytes and dictionary, about.
    package var mapByteCount: Int { (mapping?.map.steps.count ?? 0) * 8 }

    /// Whether another strip may be mapped from this one.
    var mayBeMapped: Bool { directory.mayBeMapped(kind) }

    package var vectorCount: Int { Strip.vectorCount(rows: rowCount) }

    package func rowCount(of vector: Int) -> Int { Strip.rowCount(of: vector, rows: rowCount) }

    package func statistics(of vector: Int) -> VectorStatistics {
        directory.vectors[vector].statistics
    }

    /// Of all vectors together.
    package var statistics: VectorStatistics { directory.statistics }

    /// The words for the rows of one vector, bit `i` = its row `i`; nil where all have a value.
    package func validity(of vector: Int) throws(FormatError) -> [UInt64]? {
        let place = directory.vectors[vector]
        return try unsafe place.validity.decode(
            bytes.span.bytes, at: place.offset, rowCount: place.validityRowCount)
    }

    /// The slots of a vector spread over its rows; those without a value repeat the one before,
    /// at the start the first there is, as where they have slots of their own.
    private func spread<Value>(
        _ slots: [Value], _ vector: Int, empty: Value
    ) throws(FormatError) -> [Value] {
        let place = directory.vectors[vector]
        guard place.rowCount < place.validityRowCount, let words = try validity(of: vector)
        else { return slots }
        var rows: [Value] = []
        rows.reserveCapacity(place.validityRowCount)
        var previous = slots.first ?? empty
        var next = 0
        for row in 0..<place.validityRowCount {
            if words[row / 64] >> UInt64(row % 64) & 1 == 1 {
                previous = slots[next]
                next += 1
            }
            rows.append(previous)
        }
        return rows
    }

    // MARK: Values

    /// - Precondition: a strip of integers.
    package func decodeIntegers(_ vector: Int) throws(FormatError) -> [Int64] {
        precondition(kind == .integers, "the strip holds integers")
        return try spread(decodeStageB(vector), vector, empty: 0)
    }

    /// - Precondition: a strip of doubles.
    package func decodeDoubles(_ vector: Int) throws(FormatError) -> [Double] {
        precondition(kind == .doubles, "the strip holds doubles")
        return try spread(slotDoubles(vector), vector, empty: 0)
    }

    /// The doubles of a vector's slots.
    func slotDoubles(_ vector: Int) throws(FormatError) -> [Double] {
        let place = directory.vectors[vector]
        let expected = try mapping?.expected(vector) ?? []
        var problem: FormatError?
        let capacity = LaneLayout.paddedCount(place.rowCount)
        // Doubles are decoded as bit patterns in the memory they stay in.
        let values = unsafe [Double](unsafeUninitializedCapacity: capacity) { buffer, count in
            unsafe buffer.withMemoryRebound(to: Int64.self) { patterns in
                let room = unsafe UnsafeMutableBufferPointer(rebasing: patterns[..<capacity])
                var span = unsafe room.mutableSpan
                do throws(FormatError) {
                    try unsafe directory.decodePatterns(
                        bytes.span.bytes, place, distinct: distinctPatterns, expected: expected,
                        into: &span)
                } catch {
                    problem = error
                }
            }
            count = problem == nil ? place.rowCount : 0
        }
        if let problem { throw problem }
        return values
    }

    /// - Precondition: a strip of booleans.
    package func decodeBooleans(_ vector: Int) throws(FormatError) -> [Bool] {
        precondition(kind == .booleans, "the strip holds booleans")
        let place = directory.vectors[vector]
        let words = try unsafe place.booleans.decode(
            bytes.span.bytes, at: place.valueOffset, rowCount: place.rowCount)
        guard let words else { return [Bool](repeating: true, count: place.rowCount) }
        return unsafe [Bool](unsafeUninitializedCapacity: place.rowCount) { buffer, count in
            for row in 0..<place.rowCount {
                unsafe buffer[row] = words[row / 64] >> UInt64(row % 64) & 1 == 1
            }
            count = place.rowCount
        }
    }

    /// Codes into `dictionary`, all within it; nil where the strip has none.
    /// - Precondition: a strip of texts.
    package func decodeCodes(_ vector: Int) throws(FormatError) -> [UInt32]? {
        precondition(kind == .texts, "the strip holds texts")
        guard let dictionary else { return nil }
        let codes = try decodeStageB(vector)
        let limit = UInt64(dictionary.count)
        let source = codes.span
        var isWithin = true
        let result = unsafe [UInt32](unsafeUninitializedCapacity: codes.count) { buffer, count in
            var span = unsafe buffer.mutableSpan
            var misfits: UInt64 = 0
            for row in 0..<source.count {
                let code = unsafe UInt64(bitPattern: source[unchecked: row])
                misfits |= code >= limit ? 1 : 0
                unsafe span[unchecked: row] = UInt32(truncatingIfNeeded: code)
            }
            isWithin = misfits == 0
            count = source.count
        }
        guard isWithin else {
            throw FormatError(
                "a code beyond the \(limit) texts", at: directory.vectors[vector].valueOffset)
        }
        return try spread(result, vector, empty: 0)
    }

    /// Always as texts of their own, whatever the strip holds.
    /// - Precondition: a strip of texts.
    package func decodeTexts(_ vector: Int) throws(FormatError) -> TextValues {
        if let dictionary, let codes = try decodeCodes(vector) {
            var offsets: [UInt32] = [0]
            offsets.reserveCapacity(codes.count + 1)
            var texts: [UInt8] = []
            for code in codes {
                let entry = Int(code)
                texts.append(
                    contentsOf: dictionary.bytes[
                        Int(dictionary.offsets[entry])..<Int(dictionary.offsets[entry + 1])])
                // A dictionary of one long text and a small vector could name terabytes.
                guard texts.count <= Strip.textByteCountLimit else {
                    throw FormatError("more than 64 MiB of text in a vector", at: 0)
                }
                offsets.append(UInt32(texts.count))
            }
            return TextValues(offsets: offsets, bytes: texts)
        }
        precondition(kind == .texts, "the strip holds texts")
        let place = directory.vectors[vector]
        var lengths = try decodeStageB(vector)
        guard let stored = place.texts else {
            throw FormatError("a vector of texts without bytes", at: place.valueOffset)
        }
        let offset = place.valueOffset + place.integers.byteCount(rowCount: place.rowCount)
        let texts = try unsafe stored.decode(bytes.span.bytes, at: offset)
        lengths = try spreadLengths(lengths, vector)
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(lengths.count + 1)
        var end = 0
        for length in lengths {
            guard length >= 0, length <= Int64(texts.count - end) else {
                throw FormatError("a text of \(length) bytes where none is left", at: offset)
            }
            end += Int(length)
            offsets.append(UInt32(end))
        }
        guard end == texts.count else {
            throw FormatError("texts of \(end) bytes, \(texts.count) there", at: offset)
        }
        return TextValues(offsets: offsets, bytes: texts)
    }

    /// Rows without a slot have no text.
    private func spreadLengths(_ slots: [Int64], _ vector: Int) throws(FormatError) -> [Int64] {
        let place = directory.vectors[vector]
        guard place.rowCount < place.validityRowCount, let words = try validity(of: vector)
        else { return slots }
        var next = 0
        return (0..<place.validityRowCount).map { row in
            guard words[row / 64] >> UInt64(row % 64) & 1 == 1 else { return 0 }
            next += 1
            return slots[next - 1]
        }
    }

    /// The integers of a vector, whatever they stand for.
    func stageBIntegers(_ vector: Int) throws(FormatError) -> [Int64] {
        try decodeStageB(vector)
    }

    private func decodeStageB(_ vector: Int) throws(FormatError) -> [Int64] {
        let expected = try mapping?.expected(vector) ?? []
        let place = directory.vectors[vector]
        var problem: FormatError?
        let capacity = LaneLayout.paddedCount(place.rowCount)
        let values = unsafe [Int64](unsafeUninitializedCapacity: capacity) { buffer, count in
            let room = unsafe UnsafeMutableBufferPointer(rebasing: buffer[..<capacity])
            var span = unsafe room.mutableSpan
            do throws(FormatError) {
                try unsafe place.integers.decode(
                    bytes.span.bytes, at: place.valueOffset, rowCount: place.rowCount,
                    tokens: directory.tokens, into: &span)
                span.add(expected)
            } catch {
                problem = error
            }
            count = problem == nil ? place.rowCount : 0
        }
        if let problem { throw problem }
        return values
    }
}
