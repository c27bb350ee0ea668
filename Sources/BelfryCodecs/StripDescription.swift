import BelfryCore

/// What a part of a strip's bytes says, for people.
package struct StripField: Sendable {
    /// From the start of the strip.
    package let range: Range<Int>
    package let comment: String
}

/// A strip told to people: its codecs in words, and its bytes field by field.
extension StripDirectory {
    /// The codecs of the strip and how many of its vectors take each:
    /// `decimals of scale 1: 3 second delta, 1 runs`.
    package func codecs(_ kind: StripKind) -> String {
        isMapped
            ? "a map of \(mapColumns[0].rowCount) keys, what differs: \(ownCodecs(kind))"
            : ownCodecs(kind)
    }

    private func ownCodecs(_ kind: StripKind) -> String {
        switch kind {
        case .booleans:
            return counted(vectors.map { Self.name($0.booleans) })
        case .texts:
            let names = vectors.map { Self.name($0.tag) }
            guard let dictionaryEntryCount, let dictionaryBytes else {
                let isPacked = vectors.contains { place in
                    place.texts.map { $0.storedByteCount < $0.byteCount } ?? false
                }
                return "plain texts\(isPacked ? " by zstd" : ""), lengths: \(counted(names))"
            }
            let isPacked = dictionaryBytes.storedByteCount < dictionaryBytes.byteCount
            return "dictionary of \(dictionaryEntryCount) texts\(isPacked ? " by zstd" : ""), "
                + "codes: \(counted(names))"
        case .doubles:
            let names = counted(vectors.map { Self.name($0.tag) })
            switch doubles?.stage {
            case .decimals(let scale): return "decimals of scale \(scale): \(names)"
            case .corrected(let scale): return "corrected decimals of scale \(scale): \(names)"
            case .singles(let scale): return "decimals as floats of scale \(scale): \(names)"
            case .cut(let width):
                return "patterns cut at bit \(width), \(leftParts.count) left parts: \(names)"
            case .dictionary:
                return "dictionary of \(distinctDoubles.first?.rowCount ?? 0) doubles, "
                    + "codes: \(names)"
            case .patterns, nil: return names
            }
        case .integers: return counted(vectors.map { Self.name($0.tag) })
        }
    }

    /// Vectors of each codec, the most frequent first.
    private func counted(_ names: [String]) -> String {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        if counts.isEmpty { return "no vectors" }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func name(_ tag: VectorTag) -> String {
        var name =
            switch tag.shape {
            case .constant: "constant"
            case .ramp: "ramp"
            case .frame: "frame"
            case .delta: "delta"
            case .secondDelta: "second delta"
            case .runs: "runs"
            case .raw: "raw"
            case .gorilla: "XOR"
            }
        if tag.has(VectorTag.divided) { name += " divided" }
        let isRepeatable = tag.shape == .constant || tag.shape == .ramp
        if tag.has(VectorTag.patchedOrRepeated) && !isRepeatable { name += " patched" }
        if tag.has(VectorTag.exceptions) { name += " with exceptions" }
        if tag.has(VectorTag.ordered) && tag.shape != .gorilla { name += " of ordered bits" }
        return name
    }

    private static func name(_ bits: EncodedBits) -> String {
        switch bits.form {
        case .none: "none set"
        case .all: "all set"
        case .bitmap: "bitmap with \(bits.setCount) set"
        case .runs: "\(bits.runCount) runs with \(bits.setCount) set"
        }
    }

    // MARK: Field by field

    /// The fields of a strip whose directory was read, from its first byte to its last; the
    /// payload may be cut or damaged.
    package func fields(_ bytes: [UInt8], _ kind: StripKind) -> [StripField] {
        var fields: [StripField] = []
        var listed = 0
        func add(_ end: Int, _ comment: String) {
            let end = min(end, bytes.count)
            if end > listed {
                fields.append(StripField(range: listed..<end, comment: comment))
                listed = end
            }
        }
        var reader = unsafe ByteReader(bytes.span.bytes)
        do throws(FormatError) {
            try describeDirectory(&reader, kind, add)
        } catch {
            // It was read before, so this is not met; the rest stays one field.
        }
        add(payloadOffset - Strip.checksumByteCount, "directory")
        add(payloadOffset, "checksum")
        if let last = distinctDoubles.first?.vectors.last {
            add(
                last.offset + last.byteCount, "distinct doubles")
        }
        if let dictionaryBytes {
            add(payloadOffset + dictionaryBytes.storedByteCount, "dictionary")
        }
        for (index, name) in ["keys", "values"].enumerated() where isMapped {
            if let last = mapColumns[index].vectors.last {
                add(last.offset + last.byteCount, "\(name) of the map")
            }
        }
        for (index, place) in vectors.enumerated() {
            add(place.valueOffset, "vector \(index): validity")
            let hasValues = place.booleans.setCount > 0 || kind != .booleans
            add(
                index + 1 < vectors.count
                    ? vectors[index + 1].offset : payloadOffset + payloadByteCount,
                "vector \(index): \(hasValues ? "values" : "")")
        }
        add(payloadOffset + payloadByteCount, "payload")
        add(payloadOffset + payloadByteCount + Strip.checksumByteCount, "checksum")
        return fields
    }

    private func describeDirectory(
        _ reader: inout ByteReader, _ kind: StripKind, _ add: (Int, String) -> Void
    ) throws(FormatError) {
        let directoryByteCount = try reader.readUInt32()
        _ = try reader.readUInt32()
        add(
            reader.offset,
            "directory of \(directoryByteCount) bytes, payload of \(payloadByteCount)")
        _ = try reader.readUInt8()
        _ = try reader.readVarint()
        var text = "\(kind), \(rowCount) rows"
        if let tokens {
            _ = try TokenTable.read(&reader)
            let count = tokens.counts.count { $0 > 0 }
            text += ", COLD, \(count) \(tokens.isSigned ? "signed " : "")tokens"
        }
        if let scale {
            _ = try IntegerScale.read(&reader)
            text += ", in steps of \(scale.unit) from \(scale.origin)"
        }
        switch kind {
        case .integers, .booleans: break
        case .doubles:
            _ = try reader.readUInt8()
            switch doubles?.stage {
            case .decimals(let scale): text += ", scale \(scale)"
            case .corrected(let scale): text += ", corrected, scale \(scale)"
            case .singles(let scale): text += ", floats, scale \(scale)"
            case .cut(let width):
                _ = try CutPatterns.readLeftParts(&reader, rightWidth: width)
                text += ", \(leftParts.count) left parts above bit \(width)"
            case .patterns, nil: text += ", no decimals"
            case .dictionary:
                add(reader.offset, text + ", dictionary")
                text = ""
                if let distinct = distinctDoubles.first {
                    try distinct.describeDistinct(&reader, add)
                }
            }
        case .texts:
            if try reader.readUInt8() == TextStage.dictionary.rawValue {
                _ = try reader.readVarint()
                let stored = try StoredBytes.read(&reader, limit: Int(UInt32.max))
                text +=
                    ", dictionary of \(dictionaryEntryCount ?? 0) texts: \(stored.byteCount) bytes "
                    + "stored as \(stored.storedByteCount)"
            } else {
                text += ", plain"
            }
        }
        let validityForm = try reader.readUInt8()
        let isAll = validityForm == 0
        let validities =
            isAll
            ? "all have a value"
            : "validity by vector" + (validityForm == 2 ? ", slots for values alone" : "")
        add(reader.offset, text.isEmpty ? validities : text + ", " + validities)
        if !isAll {
            for (index, place) in vectors.enumerated() {
                _ = try EncodedBits.read(&reader, rowCount: place.validityRowCount)
                add(reader.offset, "vector \(index): validity \(Self.name(place.validity))")
            }
        }
        try describeMap(&reader, add)
        if kind == .booleans {
            for (index, place) in vectors.enumerated() {
                _ = try EncodedBits.read(&reader, rowCount: place.rowCount)
                add(reader.offset, "vector \(index): \(Self.name(place.booleans))")
            }
        } else {
            try describeEntries(&reader, kind, add)
        }
    }

    private func describeMap(
        _ reader: inout ByteReader, _ add: (Int, String) -> Void
    ) throws(FormatError) {
        guard mapColumns.count == 2 else { return }
        _ = try reader.readVarint()
        add(reader.offset, "a map of \(mapColumns[0].rowCount) keys")
        for (index, name) in ["keys", "values"].enumerated() {
            try mapColumns[index].describeEntries(&reader, .texts) { end, text in
                add(end, "\(name), \(text)")
            }
        }
    }

    /// The directory of a dictionary of doubles within that of its strip.
    private func describeDistinct(
        _ reader: inout ByteReader, _ add: (Int, String) -> Void
    ) throws(FormatError) {
        _ = try reader.readVarint()
        _ = try reader.readUInt8()
        let scale = doubles?.stage.scale.map { ", scale \($0)" } ?? ""
        add(reader.offset, "\(rowCount) distinct doubles\(scale)")
        try describeEntries(&reader, .doubles) { end, text in add(end, "distinct, " + text) }
    }

    private func describeEntries(
        _ reader: inout ByteReader, _ kind: StripKind, _ add: (Int, String) -> Void
    ) throws(FormatError) {
        var reference: Int64 = 0
        var index = 0
        while index < vectors.count {
            let around = VectorEntry.Surroundings(
                kind: kind, doubles: doubles, rowCount: vectors[index].rowCount,
                validCount: vectors[index].validity.setCount, reference: reference,
                restCount: vectors.count - index - 1,
                isPlainText: kind == .texts && dictionaryEntryCount == nil,
                mayBeCoded: tokens != nil, isMapped: isMapped, scale: scale)
            let entry = try VectorEntry.read(&reader, around)
            if entry.integers.hasBase { reference = entry.writtenBase }
            var text = "vector \(index)"
            if entry.repeatCount > 0 { text += " to \(index + entry.repeatCount)" }
            text += ": \(Self.name(entry.tag))" + Self.parameters(entry.integers)
            if let corrections = entry.corrections {
                text +=
                    "; \(leftParts.isEmpty ? "corrections" : "right parts"): "
                    + Self.name(corrections.tag)
                    + Self.parameters(corrections)
            }
            if entry.exceptionCount > 0 { text += ", exceptions: \(entry.exceptionCount)" }
            if let texts = entry.texts {
                text += ", \(texts.byteCount) bytes of text stored as \(texts.storedByteCount)"
            }
            add(reader.offset, text + Self.summary(entry.statistics, kind))
            index += 1 + entry.repeatCount
        }
    }

    private static func parameters(_ vector: IntegerVector) -> String {
        var text = ""
        if vector.hasBase { text += ", base \(vector.base)" }
        switch vector.shape {
        case .constant, .raw: break
        case .ramp: text += ", step \(vector.step)"
        case .frame, .delta, .secondDelta:
            if vector.shape != .frame { text += ", step \(vector.step)" }
            if vector.shape == .secondDelta { text += ", first \(vector.firstDelta)" }
            if vector.divisor > 1 { text += ", divisor \(vector.divisor)" }
            if let coded = vector.coded {
                text +=
                    ", \(coded.tokenByteCount) bytes of tokens, \(coded.lowByteCount) of low bits"
            } else {
                text += ", width \(vector.width)"
            }
            if let patches = vector.patches { text += ", patches: \(patches.count)" }
        case .runs: text += ", width \(vector.width), \(vector.runCount) runs"
        case .gorilla: text += ", \(vector.streamByteCount) bytes"
        }
        return text
    }

    private static func summary(_ statistics: VectorStatistics, _ kind: StripKind) -> String {
        if kind == .texts { return "" }
        switch statistics.numbers {
        case .none: return ""
        case .integers(let summary), .decimals(let summary, _):
            return "; min \(summary.min), max \(summary.max), sum \(summary.sum)"
        case .doubles(let summary): return "; min \(summary.min), max \(summary.max)"
        }
    }
}
