import BelfryCore

/// The map of a mapped strip in its directory: keys and values as vectors without statistics.
extension StripDirectory {
    package var isMapped: Bool { !mapColumns.isEmpty }

    /// Keys and values, in this order.
    static func readMap(_ reader: inout ByteReader) throws(FormatError) -> [StripDirectory] {
        let start = reader.offset
        let count = try reader.readCount(limit: StripMap.keyCountLimit, "keys of a map")
        guard count > 0 else { throw FormatError("a map without keys", at: start) }
        let keys = try StripDirectory(numbers: &reader, count: count)
        return [keys, try StripDirectory(numbers: &reader, count: count)]
    }

    /// The map of a verified payload; nil where the strip has none.
    func decodeMap(_ bytes: RawSpan) throws(FormatError) -> StripMap? {
        guard mapColumns.count == 2 else { return nil }
        let keys = try mapColumns[0].decodeNumbers(bytes)
        return try StripMap(keys: keys, values: mapColumns[1].decodeNumbers(bytes))
    }

    private func decodeNumbers(_ bytes: RawSpan) throws(FormatError) -> [Int64] {
        var numbers: [Int64] = []
        numbers.reserveCapacity(rowCount)
        var vector = [Int64](repeating: 0, count: Strip.vectorRowCount)
        for place in vectors {
            var span = vector.mutableSpan
            try place.integers.decode(
                bytes, at: place.valueOffset, rowCount: place.rowCount, tokens: nil, into: &span)
            numbers.append(contentsOf: vector[..<place.rowCount])
        }
        return numbers
    }

    /// Whether another strip may be mapped from this one: it has integers, a slot a row, and is
    /// not mapped itself.
    func mayBeMapped(_ kind: StripKind) -> Bool {
        switch kind {
        case .booleans: return false
        case .texts: if dictionaryEntryCount == nil { return false }
        case .integers, .doubles: break
        }
        return !isMapped && vectors.allSatisfy { $0.rowCount == $0.validityRowCount }
    }

    /// Whether this strip's integers can be told from another's: as above, and no vector is in
    /// ordered bits or has corrections.
    func mayMap(_ kind: StripKind) -> Bool {
        switch doubles?.stage {
        case .corrected, .singles, .cut, .patterns: return false
        case .decimals, .dictionary, nil: break
        }
        return mayBeMapped(kind) && scale == nil
            && vectors.allSatisfy { !$0.tag.has(VectorTag.ordered) && $0.corrections == nil }
    }
}

extension MutableSpan where Element == Int64 {
    /// Adds what is expected to what differs from it.
    mutating func add(_ expected: [Int64]) {
        let source = expected.span
        precondition(count >= source.count, "a vector of the same rows")
        for row in 0..<source.count {
            unsafe self[unchecked: row] &+= source[unchecked: row]
        }
    }
}
