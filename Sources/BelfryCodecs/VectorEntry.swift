import BelfryCore

/// One vector, or a row of vectors, in a strip's directory: tag, parameters, statistics.
///
/// A constant goes on over as many vectors as `repeatCount` says; so does a ramp, which does not
/// start again.
struct VectorEntry: Sendable {
    var tag: VectorTag
    var integers: IntegerVector
    /// How many vectors behind this one the entry covers too.
    var repeatCount = 0
    /// The base as it is written, before a scale is applied.
    var writtenBase: Int64 = 0
    /// Decimals: rows that hold a pattern of their own.
    var exceptionCount = 0
    /// Corrected decimals: how many doubles each value is off, as integers of their own. Cut
    /// patterns: the right parts.
    var corrections: IntegerVector?
    /// Whether the integers measure the values, so that the statistics of a ramp follow from them.
    var isDerivable = true
    /// Whether the integers are codes into a dictionary of doubles.
    var isCode = false
    /// Of a mapped strip: the integers are what differs from the map, and no measure of values.
    var isMapped = false
    var statistics = VectorStatistics.empty
    /// Plain texts: their bytes.
    var texts: StoredBytes?
    /// Bytes that were read: of the whole entry, and of its statistics.
    private(set) var entryByteCount = 0
    private(set) var statisticsByteCount = 0

    init(_ integers: IntegerVector) {
        tag = integers.tag
        self.integers = integers
    }

    /// Of a vector without slots in a strip of this form.
    init(ofNothing base: Int64, _ doubles: DoubleForm?) {
        var vector = IntegerVector(shape: .constant)
        vector.base = base
        self.init(vector)
        isDerivable = doubles?.isDerivable ?? true
        isCode = doubles?.stage == .dictionary
        switch doubles?.stage {
        case .corrected, .singles, .cut, .patterns: tag.set(VectorTag.ordered)
        case .decimals, .dictionary, nil: break
        }
    }

    /// Bytes of an exception: two of place, eight of pattern.
    static let exceptionByteCount = 10

    /// The bytes of the values in the payload, validity apart.
    func byteCount(rowCount: Int) -> Int {
        integers.byteCount(rowCount: rowCount)
            + (corrections?.byteCount(rowCount: rowCount) ?? 0)
            + exceptionCount * Self.exceptionByteCount + (texts?.storedByteCount ?? 0)
    }

    /// What goes on needs no statistics, or only its value.
    private var mayRepeat: Bool {
        if tag.has(VectorTag.exceptions) || texts != nil { return false }
        switch integers.shape {
        case .constant: return isDerivable || isCode || tag.has(VectorTag.ordered)
        case .ramp: return isDerivable && !tag.has(VectorTag.ordered)
        case .frame, .delta, .secondDelta, .runs, .raw, .gorilla: return false
        }
    }

    /// Takes in the entry of the next vector where that says nothing new.
    mutating func absorb(_ next: VectorEntry) -> Bool {
        guard mayRepeat, next.mayRepeat else { return false }
        // The value of a code stands with the first vector that has one.
        if isCode && statistics.count == 0 && next.statistics.count > 0 { return false }
        var expected = integers
        expected.base = baseOfRepeat(repeatCount + 1)
        guard next.integers == expected else { return false }
        var ours = tag
        ours.byte &= ~VectorTag.patchedOrRepeated
        guard ours == next.tag else { return false }
        tag.set(VectorTag.patchedOrRepeated)
        repeatCount += 1
        return true
    }

    /// Where the vector this many behind the first one starts.
    func baseOfRepeat(_ index: Int) -> Int64 {
        integers.base &+ integers.step &* Int64(index * Strip.vectorRowCount)
    }

    // MARK: The directory

    /// What the statistics of a vector are, and whether they are written.
    enum StatisticsForm {
        /// They follow from the parameters, or there are none.
        case derived
        case integers
        case doubles
        /// A constant code: the value it stands for.
        case value
    }

    /// - Parameter doubles: the strip's form where its kind is doubles.
    func statisticsForm(
        kind: StripKind, doubles: DoubleForm?, validCount: Int
    ) -> StatisticsForm {
        if kind == .booleans || kind == .texts || validCount == 0 { return .derived }
        if let doubles {
            if integers.shape == .constant {
                if tag.has(VectorTag.ordered) { return .derived }
                if isCode { return .value }
            }
            let isOther = tag.has(VectorTag.ordered) || tag.has(VectorTag.exceptions)
            if isOther || doubles.summaryScale == nil { return .doubles }
            if !doubles.isDerivable { return .integers }
        }
        if isMapped { return .integers }
        return integers.shape == .constant || integers.shape == .ramp ? .derived : .integers
    }

    /// Of a constant or a ramp.
    func derivedSummary(rowCount: Int, validCount: Int) -> IntegerSummary {
        let first = integers.base
        if integers.shape == .constant {
            return IntegerSummary(
                min: first, max: first, sum: Int128(first) * Int128(validCount))
        }
        let last = first &+ integers.step &* Int64(rowCount - 1)
        let steps = Int128(rowCount * (rowCount - 1) / 2)
        return IntegerSummary(
            min: min(first, last), max: max(first, last),
            sum: Int128(first) * Int128(rowCount) + Int128(integers.step) * steps)
    }

    /// Writes the entry and returns the base that the next one is written from.
    func write(
        _ writer: inout ByteWriter, kind: StripKind, doubles: DoubleForm?, reference: Int64
    ) -> Int64 {
        writer.writeUInt8(tag.byte)
        integers.write(&writer, reference: reference)
        if let corrections {
            writer.writeUInt8(corrections.tag.byte)
            corrections.write(&writer, reference: 0)
        }
        if mayRepeat && tag.has(VectorTag.patchedOrRepeated) { writer.writeCount(repeatCount) }
        if tag.has(VectorTag.exceptions) { writer.writeCount(exceptionCount) }
        texts?.write(&writer)
        switch statisticsForm(kind: kind, doubles: doubles, validCount: statistics.count) {
        case .derived: break
        case .integers:
            switch statistics.numbers {
            case .integers(let summary), .decimals(let summary, _):
                // Codes of a dictionary are no measure of its values.
                let isOwn = (doubles?.isDerivable ?? true) && !isMapped
                summary.write(
                    &writer, count: statistics.count, base: isOwn ? integers.base : 0,
                    unit: isOwn ? integers.unit : 1)
            case .none, .doubles: preconditionFailure("an integer vector has an integer summary")
            }
        case .doubles:
            (statistics.doubleSummary ?? DoubleSummary()).write(&writer)
        case .value:
            switch statistics.numbers {
            case .decimals(let summary, _): writer.writeSignedVarint(summary.min)
            case .doubles(let summary): writer.writeDouble(summary.min)
            case .none, .integers: preconditionFailure("a code stands for a double")
            }
        }
        return integers.hasBase ? integers.base : reference
    }

    /// What a reader knows before the entry.
    struct Surroundings {
        var kind: StripKind
        /// The strip's form where its kind is doubles.
        var doubles: DoubleForm?
        var rowCount: Int
        var validCount: Int
        var reference: Int64
        /// How many vectors follow.
        var restCount: Int
        var isPlainText: Bool
        /// Whether the strip has a table of tokens.
        var mayBeCoded = false
        var isMapped = false
        /// The steps that integers are counted in.
        var scale: IntegerScale?
    }

    static func read(
        _ reader: inout ByteReader, _ around: Surroundings
    ) throws(FormatError) -> VectorEntry {
        let start = reader.offset
        let tag = VectorTag(byte: try reader.readUInt8())
        guard isAllowed(tag, around),
            tag.shape != .ramp || around.validCount == around.rowCount
        else { throw FormatError("tag \(tag.byte) in a strip of \(around.kind)", at: start) }
        var entry = VectorEntry(
            try IntegerVector.read(
                &reader, tag: tag, reference: around.reference, rowCount: around.rowCount,
                mayBeCoded: around.mayBeCoded))
        entry.tag = tag
        entry.isMapped = around.isMapped
        entry.isDerivable =
            (around.doubles?.isDerivable ?? true) && (!around.isMapped || around.kind == .texts)
        switch around.doubles?.stage {
        case .corrected, .cut:
            if !tag.has(VectorTag.ordered) {
                entry.corrections = try readCorrections(&reader, around)
            }
        case .dictionary: entry.isCode = !around.isMapped
        case .decimals, .singles, .patterns, nil: break
        }
        if tag.has(VectorTag.patchedOrRepeated) {
            switch tag.shape {
            case .constant, .ramp:
                guard !around.isPlainText, entry.mayRepeat else {
                    throw FormatError("tag \(tag.byte) with repetition", at: start)
                }
                entry.repeatCount = try reader.readCount(
                    limit: around.restCount, "repeated vectors")
            case .frame, .delta, .secondDelta: break
            case .runs, .raw, .gorilla:
                throw FormatError("tag \(tag.byte) with patches or repetition", at: start)
            }
        }
        if tag.has(VectorTag.exceptions) {
            entry.exceptionCount = try reader.readCount(limit: around.rowCount, "exceptions")
        }
        if around.isPlainText {
            entry.texts = try StoredBytes.read(&reader, limit: Strip.textByteCountLimit)
        }
        let statisticsStart = reader.offset
        try entry.readStatistics(&reader, around)
        entry.statisticsByteCount = reader.offset - statisticsStart
        entry.entryByteCount = reader.offset - start
        entry.writtenBase = entry.integers.base
        if let scale = around.scale {
            try scale.apply(to: &entry.integers, at: start)
            scale.apply(to: &entry.statistics)
        }
        return entry
    }

    /// Whether a strip of this form may hold a vector of this tag.
    private static func isAllowed(_ tag: VectorTag, _ around: Surroundings) -> Bool {
        let ofDoubles = VectorTag.ordered | VectorTag.exceptions | VectorTag.division
        if around.isMapped && (tag.has(VectorTag.ordered) || tag.shape == .gorilla) { return false }
        guard let doubles = around.doubles else {
            return tag.byte & ofDoubles == 0 && tag.shape != .gorilla
        }
        if tag.has(VectorTag.ordered) {
            return doubles.stage != .dictionary
                && !tag.has(VectorTag.exceptions | VectorTag.division)
        }
        if tag.shape == .gorilla { return false }
        switch doubles.stage {
        case .decimals: return true
        case .corrected: return !tag.has(VectorTag.exceptions)
        case .singles: return !tag.has(VectorTag.division)
        case .dictionary, .cut: return tag.byte & ofDoubles == 0
        case .patterns: return false
        }
    }

    private static func readCorrections(
        _ reader: inout ByteReader, _ around: Surroundings
    ) throws(FormatError) -> IntegerVector {
        let start = reader.offset
        let tag = VectorTag(byte: try reader.readUInt8())
        let isPlain =
            tag.shape == .constant || tag.shape == .ramp || tag.shape == .runs
            || tag.shape == .raw
        guard tag.byte & ~(7 | VectorTag.divided | VectorTag.patchedOrRepeated) == 0,
            tag.shape != .gorilla, !isPlain || !tag.has(VectorTag.patchedOrRepeated)
        else { throw FormatError("tag \(tag.byte) of corrections", at: start) }
        return try IntegerVector.read(
            &reader, tag: tag, reference: 0, rowCount: around.rowCount, mayBeCoded: false)
    }

    private mutating func readStatistics(
        _ reader: inout ByteReader, _ around: Surroundings
    ) throws(FormatError) {
        statistics.count = around.validCount
        let form = statisticsForm(
            kind: around.kind, doubles: around.doubles, validCount: around.validCount)
        switch form {
        case .derived:
            statistics = derivedStatistics(around)
        case .integers:
            let summary = try IntegerSummary.read(
                &reader, count: around.validCount, base: isDerivable ? integers.base : 0,
                unit: isDerivable ? integers.unit : 1)
            statistics.numbers =
                around.doubles?.summaryScale.map { .decimals(summary, scale: $0) }
                ?? .integers(summary)
        case .doubles:
            statistics.numbers = .doubles(
                try DoubleSummary.read(&reader, count: around.validCount))
        case .value:
            if let scale = around.doubles?.summaryScale {
                let value = try reader.readSignedVarint()
                statistics = .decimals(value, scale: scale, repeated: around.validCount)
            } else {
                statistics = .double(try reader.readDouble(), repeated: around.validCount)
            }
        }
    }

    /// Of a vector behind the first one that a constant or ramp covers; nil where a code has
    /// no value.
    func statisticsOfRepeat(_ around: Surroundings) -> VectorStatistics? {
        guard isCode, around.validCount > 0 else { return derivedStatistics(around) }
        switch statistics.numbers {
        case .decimals(let summary, let scale):
            return .decimals(summary.min, scale: scale, repeated: around.validCount)
        case .doubles(let summary):
            return .double(summary.min, repeated: around.validCount)
        case .none, .integers: return nil
        }
    }

    func derivedStatistics(_ around: Surroundings) -> VectorStatistics {
        var statistics = VectorStatistics(count: around.validCount, numbers: .none)
        guard around.validCount > 0 else { return statistics }
        let summary = derivedSummary(rowCount: around.rowCount, validCount: around.validCount)
        switch around.kind {
        case .integers: statistics.numbers = .integers(summary)
        case .doubles:
            if tag.has(VectorTag.ordered) {
                let pattern = UInt64(bitPattern: OrderedBits.map(integers.base))
                return .double(Double(bitPattern: pattern), repeated: around.validCount)
            }
            if let scale = around.doubles?.summaryScale {
                statistics.numbers = .decimals(summary, scale: scale)
            }
        case .booleans, .texts: break
        }
        return statistics
    }
}
