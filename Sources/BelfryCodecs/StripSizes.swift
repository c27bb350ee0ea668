import BelfryCore

/// What the bytes of a strip are for: told from the directory alone, every byte counted once.
///
/// `byteCount` is exactly the strip's; what is no part of any other is parameters of its form.
package struct StripSizes: Hashable, Sendable {
    /// What a byte of a strip may be for.
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// Lengths ahead of the directory, both checksums.
        case frame
        /// Count, minimum, maximum, sum of vectors.
        case statistics
        /// Kind, rows, transforms, the steps of scaled integers: what is said once.
        case form
        /// Tags and parameters of vectors.
        case parameters
        /// The table of the COLD tier.
        case tokens
        /// Distinct values, with all that describes them; left parts of cut patterns.
        case dictionary
        /// Keys and values of a map.
        case map
        /// Which rows have a value.
        case validity
        /// What the vectors' integers are packed into: lanes, runs, bit streams, raw words.
        case values
        /// Integers of vectors that do not fit the lanes.
        case patches
        /// Ulps of corrected decimals, right parts of cut patterns.
        case corrections
        /// Doubles that are no decimals of their strip.
        case exceptions
        /// Texts end to end.
        case texts
    }

    /// Vectors that were encoded alike, and the bytes of theirs: parameters, and all of the payload
    /// but validity. What a strip has once is not among them.
    package struct Share: Hashable, Sendable {
        package var vectorCount = 0
        package var byteCount = 0

        package mutating func add(_ other: Share) {
            vectorCount += other.vectorCount
            byteCount += other.byteCount
        }
    }

    package private(set) var parts: [Part: Int] = [:]
    /// By what the integers stand for: `decimals 2`, `dictionary`, `ordered bits`, …
    package private(set) var stages: [String: Share] = [:]
    /// By how the integers are stored: `constant`, `frame`, `delta coded`, …
    package private(set) var shapes: [String: Share] = [:]

    package init() {}

    package func byteCount(of part: Part) -> Int { parts[part] ?? 0 }

    /// All bytes.
    package var byteCount: Int { parts.values.reduce(0, +) }

    /// What the values take with every header of the strip, without frame and statistics: the
    /// figure that goals for codecs are about.
    package var codedByteCount: Int {
        byteCount - byteCount(of: .frame) - byteCount(of: .statistics)
    }

    package mutating func add(_ other: StripSizes) {
        parts.merge(other.parts, uniquingKeysWith: +)
        stages.merge(other.stages) { one, other in Self.sum(one, other) }
        shapes.merge(other.shapes) { one, other in Self.sum(one, other) }
    }

    private static func sum(_ one: Share, _ other: Share) -> Share {
        var sum = one
        sum.add(other)
        return sum
    }

    fileprivate mutating func add(_ byteCount: Int, to part: Part) {
        if byteCount != 0 { parts[part, default: 0] += byteCount }
    }

    fileprivate mutating func note(_ stage: String, _ shape: String, _ byteCount: Int) {
        let share = Share(vectorCount: 1, byteCount: byteCount)
        stages[stage, default: Share()].add(share)
        shapes[shape, default: Share()].add(share)
    }
}

extension StripDirectory {
    /// Whether the strip is of the COLD tier.
    package var isCold: Bool { tokens != nil }

    package func sizes(kind: StripKind) -> StripSizes {
        var sizes = StripSizes()
        sizes.add(Strip.headerByteCount + 2 * Strip.checksumByteCount, to: .frame)
        for column in distinctDoubles { sizes.add(column.ownByteCount, to: .dictionary) }
        for column in distinctDoubles { sizes.add(column.statisticsByteCount, to: .statistics) }
        sizes.add(leftPartByteCount, to: .dictionary)
        sizes.add(dictionaryBytes?.storedByteCount ?? 0, to: .dictionary)
        if tokens != nil { sizes.add(tokenRange.count, to: .tokens) }
        for place in vectors {
            let validity = place.valueOffset - place.offset
            if hasValidities { sizes.add(place.validity.directoryByteCount, to: .validity) }
            sizes.add(validity, to: .validity)
            sizes.add(place.statisticsByteCount, to: .statistics)
            let parameters = place.entryByteCount - place.statisticsByteCount
            sizes.add(parameters, to: .parameters)
            add(place, to: &sizes)
            sizes.note(
                stageName(place, kind), place.shapeName(kind),
                parameters + place.byteCount - validity)
        }
        let directoryEnd = payloadOffset - Strip.checksumByteCount
        if isMapped {
            let entries = vectors.reduce(0) { $0 + $1.entryByteCount }
            sizes.add(directoryEnd - transformRange.upperBound - entries, to: .map)
            for column in mapColumns { sizes.add(column.payloadOfVectors, to: .map) }
        }
        let total = payloadOffset + payloadByteCount + Strip.checksumByteCount
        sizes.add(total - sizes.byteCount, to: .form)
        return sizes
    }

    private func add(_ place: Place, to sizes: inout StripSizes) {
        let whole = place.integers.byteCount(rowCount: place.rowCount)
        let patches = place.integers.patches?.byteCount ?? 0
        sizes.add(whole - patches, to: .values)
        sizes.add(patches, to: .patches)
        sizes.add(place.corrections?.byteCount(rowCount: place.rowCount) ?? 0, to: .corrections)
        sizes.add(place.exceptionCount * VectorEntry.exceptionByteCount, to: .exceptions)
        sizes.add(place.texts?.storedByteCount ?? 0, to: .texts)
        sizes.add(place.booleans.byteCount(rowCount: place.rowCount), to: .values)
    }

    private var statisticsByteCount: Int { vectors.reduce(0) { $0 + $1.statisticsByteCount } }
    private var payloadOfVectors: Int { vectors.reduce(0) { $0 + $1.byteCount } }
    /// Of a dictionary: entries without statistics, and payload.
    private var ownByteCount: Int {
        vectors.reduce(0) { $0 + $1.byteCount + $1.entryByteCount - $1.statisticsByteCount }
    }

    private func stageName(_ place: Place, _ kind: StripKind) -> String {
        if place.integers.shape == .gorilla { return "xor" }
        if isMapped { return "map" }
        switch kind {
        case .integers: return scale == nil ? "integers" : "integers scaled"
        case .booleans: return "booleans"
        case .texts: return dictionaryEntryCount == nil ? "texts plain" : "texts dictionary"
        case .doubles:
            if place.tag.has(VectorTag.ordered) { return "ordered bits" }
            return doubles?.stage.name ?? "doubles"
        }
    }
}

extension DoubleStage {
    /// For people, and for what reads their tables.
    var name: String {
        switch self {
        case .decimals(let scale): "decimals \(scale)"
        case .corrected(let scale): "corrected \(scale)"
        case .dictionary: "dictionary"
        case .singles(let scale): "singles \(scale)"
        case .cut(let rightWidth): "cut \(rightWidth)"
        case .patterns: "patterns"
        }
    }
}

extension StripDirectory.Place {
    func shapeName(_ kind: StripKind) -> String {
        if kind == .booleans {
            switch booleans.form {
            case .none, .all: return "constant"
            case .bitmap: return "bitmap"
            case .runs: return "runs"
            }
        }
        let suffix = integers.coded == nil ? "" : " coded"
        switch integers.shape {
        case .constant: return "constant"
        case .ramp: return "ramp"
        case .frame: return "frame" + suffix
        case .delta: return "delta" + suffix
        case .secondDelta: return "second delta" + suffix
        case .runs: return "runs"
        case .raw: return "raw"
        case .gorilla: return "xor"
        }
    }
}

extension EncodedBits {
    /// Form and counts.
    fileprivate var directoryByteCount: Int {
        var writer = ByteWriter(capacity: 8)
        write(&writer)
        return writer.count
    }
}

extension Strip {
    /// Up to and including the directory's checksum, as the first bytes of a strip have it; 0 where
    /// they are too few.
    package static func directoryByteCount(_ bytes: [UInt8]) -> Int {
        var reader = unsafe ByteReader(bytes.span.bytes)
        guard let directory = try? reader.readUInt32() else { return 0 }
        return headerByteCount + Int(directory) + checksumByteCount
    }
}
