import BelfryCore

/// Up to 64 vectors of one column to a strip.
///
/// The transforms of the whole strip are chosen on a sample; each vector then takes the form whose
/// bytes come out fewest.
package enum StripEncoder {
    /// The strip of these values; bit `i` of `validity` says whether row `i` has a value, nil that
    /// all rows have one.
    /// - Precondition: at most 65,536 rows and 64 MiB of text, and a validity word for every 64
    ///   rows.
    package static func encode(
        _ values: StripValues, validity: [UInt64]?, options: StripOptions = StripOptions()
    ) -> EncodedStrip {
        encode(
            values, validity: validity, options: options, forms: options.isRaw ? .raw : .all)
    }

    /// The sealed bytes of these values for a place known beforehand.
    package static func encode(
        _ values: StripValues, validity: [UInt64]?, salt: UInt64, offset: UInt64,
        options: StripOptions = StripOptions()
    ) -> [UInt8] {
        var strip = encode(values, validity: validity, options: options)
        strip.seal(salt: salt, offset: offset)
        return strip.bytes
    }

    /// With the forms of stage B that may be used, for tests that force one.
    static func encode(
        _ values: StripValues, validity: [UInt64]?, options: StripOptions,
        forms: IntegerEncoder.Forms
    ) -> EncodedStrip {
        let rowCount = values.count
        precondition(rowCount <= Strip.rowCountLimit, "a strip holds at most 65,536 rows")
        precondition(
            validity.map { $0.count >= EncodedBits.wordCount(rows: rowCount) } ?? true,
            "there is a validity word for every 64 rows")
        var building = StripBuilding(kind: values.kind, rowCount: rowCount, validity: validity)
        let mayBeCold = options.isCold && !options.useGorilla && forms == .all
        if mayBeCold && rowCount >= coldRowCount { building.model = TokenModel() }
        building.encode(values, options: options, forms: forms)
        let share = building.tokens == nil ? 0 : building.tokenShare
        let strip = building.finish()
        if share <= clearShare { return strip }
        building = StripBuilding(kind: values.kind, rowCount: rowCount, validity: validity)
        building.encode(values, options: options, forms: forms)
        let light = building.finish()
        // Decoding takes several times as long: it has to be worth it.
        return strip.bytes.count * 100 <= light.bytes.count * 92 ? strip : light
    }

    /// Parts of a hundred of the LIGHT tier's bits; where tokens take no more, both need not be
    /// tried.
    private static let clearShare = 85

    /// Below, the table of tokens outweighs what it saves.
    private static let coldRowCount = 512
}

/// A strip while it is made: directory and payload grow side by side.
private struct StripBuilding {
    let kind: StripKind
    let rowCount: Int
    /// Nil where all rows have a value.
    private let validity: [UInt64]?
    /// Whether only rows with a value have a slot.
    private let isDense: Bool
    /// Dense: slots taken by the vectors so far.
    private var slotCount = 0
    private var validities: [EncodedBits] = []
    /// What stands in the directory between the row count and the validities.
    private var transforms = ByteWriter()
    private var entries: [VectorEntry] = []
    private var doubleForm: DoubleForm?
    private var booleans: [EncodedBits] = []
    private var payload: [UInt8] = []
    private var statistics = VectorStatistics.empty
    /// Of the residuals, where it is asked for.
    var model: TokenModel?
    /// In the COLD tier.
    var tokens: TokenEncoder?
    private var scale: IntegerScale?
    /// Their bits in parts of a hundred of what the LIGHT tier takes, as estimated.
    private(set) var tokenShare = 100
    /// Vectors that tell which residuals make the cheapest tokens.
    private static let sampledVectorCount = 8

    init(kind: StripKind, rowCount: Int, validity: [UInt64]?) {
        self.kind = kind
        self.rowCount = rowCount
        self.validity = Self.normalized(validity, rowCount: rowCount)
        let validCount = self.validity?.reduce(0) { $0 + $1.nonzeroBitCount } ?? rowCount
        // Slots of rows without a value cost as much as any other in a frame.
        isDense = kind != .booleans && validCount > 0 && validCount * 2 < rowCount
    }

    /// No bits beyond the rows, and none at all where all rows have a value.
    private static func normalized(_ validity: [UInt64]?, rowCount: Int) -> [UInt64]? {
        guard let validity else { return nil }
        var words = Array(validity.prefix(EncodedBits.wordCount(rows: rowCount)))
        if rowCount % 64 != 0, let last = words.indices.last {
            words[last] &= (1 << UInt64(rowCount % 64)) - 1
        }
        let validCount = words.reduce(0) { $0 + $1.nonzeroBitCount }
        return validCount == rowCount ? nil : words
    }

    /// The slots of a vector, how many have a value, and which if not all.
    private struct Part {
        var rows: Range<Int>
        var validCount: Int
        var validity: [UInt64]?
    }

    /// Opens the next vector: its validity goes first.
    private mutating func part(_ vector: Int) -> Part {
        let start = vector * Strip.vectorRowCount
        let count = Strip.rowCount(of: vector, rows: rowCount)
        let rows = start..<(start + count)
        guard let validity else { return Part(rows: rows, validCount: count, validity: nil) }
        let firstWord = start / 64
        let words = Array(validity[firstWord..<(firstWord + EncodedBits.wordCount(rows: count))])
        let bits = EncodedBits.encode(words, rowCount: count, into: &payload)
        validities.append(bits)
        if isDense {
            let slots = slotCount..<(slotCount + bits.setCount)
            slotCount = slots.upperBound
            return Part(rows: slots, validCount: bits.setCount, validity: nil)
        }
        return Part(
            rows: rows, validCount: bits.setCount, validity: bits.form == .all ? nil : words)
    }

    /// Of the slots; nil where all have a value.
    private var slotValidity: [UInt64]? { isDense ? nil : validity }

    private var vectors: Range<Int> { 0..<Strip.vectorCount(rows: rowCount) }

    private mutating func append(_ entry: VectorEntry) {
        statistics.add(entry.statistics)
        if let last = entries.indices.last, entries[last].absorb(entry) { return }
        entries.append(entry)
    }

    /// The entry of a vector without slots, where it is one: as like the one before as may be.
    private mutating func appendEmpty(_ part: Part) -> Bool {
        guard part.rows.isEmpty else { return false }
        let base = entries.last { $0.integers.hasBase }?.integers.base ?? 0
        append(VectorEntry(ofNothing: base, doubleForm))
        return true
    }

    /// Rows without a value take the one before; those at the start take the first there is.
    private static func fill<Value>(_ values: inout [Value], _ part: Part, empty: Value) {
        guard let validity = part.validity else { return }
        let start = part.rows.lowerBound
        func isValid(_ row: Int) -> Bool {
            validity[(row - start) / 64] >> UInt64((row - start) % 64) & 1 == 1
        }
        var previous = empty
        if let first = part.rows.first(where: isValid) { previous = values[first] }
        for row in part.rows {
            if isValid(row) { previous = values[row] } else { values[row] = previous }
        }
    }

    // MARK: Kinds

    mutating func encode(
        _ values: StripValues, options: StripOptions, forms: IntegerEncoder.Forms
    ) {
        switch isDense ? values.dense(validity ?? []) : values {
        case .integers(let integers): encode(integers, forms: forms)
        case .doubles(let doubles): encode(doubles, options: options, forms: forms)
        case .booleans(let booleans): encode(booleans)
        case .texts(let offsets, let bytes):
            precondition(bytes.count <= Strip.textByteCountLimit, "a strip holds 64 MiB of text")
            encode(offsets: offsets, bytes: bytes, forms: forms)
        }
    }

    private func integerEncoder(_ forms: IntegerEncoder.Forms) -> IntegerEncoder {
        var encoder = IntegerEncoder()
        encoder.forms = forms
        encoder.model = model
        encoder.tokens = tokens
        return encoder
    }

    /// Chooses the COLD tier's form on a sample of vectors, has all counted in it, and takes its
    /// table where that pays. `encode` is given the rows of a vector.
    private mutating func chooseTokens<Value, Encoder>(
        _ values: inout [Value], empty: Value, _ encoder: inout Encoder,
        _ integers: WritableKeyPath<Encoder, IntegerEncoder>,
        encode: (Span<Value>, Range<Int>, inout Encoder) -> Void
    ) {
        guard model != nil else { return }
        var vectors: [Range<Int>] = []
        for start in stride(from: 0, to: values.count, by: Strip.vectorRowCount) {
            let rows = start..<min(values.count, start + Strip.vectorRowCount)
            vectors.append(rows)
            guard let slotValidity else { continue }
            let words = slotValidity[(start / 64)..<EncodedBits.wordCount(rows: rows.upperBound)]
            Self.fill(
                &values, Part(rows: rows, validCount: 0, validity: Array(words)), empty: empty)
        }
        let sampleCount = min(vectors.count, Self.sampledVectorCount)
        for index in 0..<sampleCount {
            encode(values.span, vectors[index * vectors.count / sampleCount], &encoder)
        }
        encoder[keyPath: integers].settleModel()
        for rows in vectors { encode(values.span, rows, &encoder) }
        tokenShare = encoder[keyPath: integers].useModel()
        model = nil
        tokens = encoder[keyPath: integers].tokens
    }

    private mutating func chooseTokens(_ values: inout [Int64], _ encoder: inout IntegerEncoder) {
        var scratch: [UInt8] = []
        chooseTokens(&values, empty: 0, &encoder, \.self) { values, rows, encoder in
            scratch.removeAll(keepingCapacity: true)
            _ = encoder.encode(values.extracting(rows), mayRamp: true, into: &scratch)
        }
    }

    private mutating func encode(_ integers: [Int64], forms: IntegerEncoder.Forms) {
        if forms == .all { scale = IntegerScale.find(integers, validity: slotValidity) }
        var values = scale?.counts(integers) ?? integers
        var encoder = integerEncoder(scale == nil ? forms : forms.subtracting(.raw))
        chooseTokens(&values, &encoder)
        for vector in vectors {
            let part = part(vector)
            if appendEmpty(part) { continue }
            Self.fill(&values, part, empty: 0)
            let span = values.span.extracting(part.rows)
            let parameters = encoder.encode(
                span, mayRamp: part.validity == nil, into: &payload)
            var entry = VectorEntry(parameters)
            if part.validCount > 0 {
                let (low, high) = encoder.extremes
                let form = entry.statisticsForm(
                    kind: .integers, doubles: nil, validCount: part.validCount)
                let summary =
                    form == .derived
                    ? entry.derivedSummary(rowCount: span.count, validCount: part.validCount)
                    : IntegerSummary(
                        span, validity: part.validity, count: part.validCount, min: low,
                        max: high)
                entry.statistics = VectorStatistics(
                    count: part.validCount, numbers: .integers(summary))
            }
            append(entry)
        }
    }

    private mutating func encode(
        _ doubles: [Double], options: StripOptions, forms: IntegerEncoder.Forms
    ) {
        var values = doubles
        let choice = DoubleChooser(values.span, validity: slotValidity, options: options)
        transforms.writeUInt8(choice.stage.byte)
        var dictionaryScale: Int?
        if let dictionary = choice.dictionary {
            dictionaryScale = encodeDistinct(dictionary.values, forms: forms)
        }
        choice.cut?.writeLeftParts(&transforms)
        var encoder = DoubleEncoder(
            stage: choice.stage, dictionary: choice.dictionary, dictionaryScale: dictionaryScale,
            cut: choice.cut,
            useGorilla: options.useGorilla, isOfDictionary: !options.mayUseDictionary)
        encoder.integers = integerEncoder(forms)
        doubleForm = encoder.form
        var scratch: [UInt8] = []
        chooseTokens(&values, empty: 0, &encoder, \.integers) { values, rows, encoder in
            scratch.removeAll(keepingCapacity: true)
            _ = encoder.encode(
                values, rows: rows, validity: nil, validCount: rows.count, into: &scratch)
        }
        for vector in vectors {
            let part = part(vector)
            if appendEmpty(part) { continue }
            Self.fill(&values, part, empty: 0)
            append(
                encoder.encode(
                    values.span, rows: part.rows, validity: part.validity,
                    validCount: part.validCount, into: &payload))
        }
    }

    /// The dictionary as a strip of its own within this one: count, stage and entries among the
    /// transforms, its payload ahead of the vectors'. Returns the power of ten where its values
    /// are decimals of one without exception.
    private mutating func encodeDistinct(
        _ distinct: [Double], forms: IntegerEncoder.Forms
    ) -> Int? {
        var inner = StripBuilding(kind: .doubles, rowCount: distinct.count, validity: nil)
        inner.encode(distinct, options: .ofDictionaries, forms: forms)
        transforms.writeCount(distinct.count)
        transforms.writeBytes(inner.transforms.bytes)
        inner.writeEntries(&transforms)
        payload.append(contentsOf: inner.payload)
        guard case .decimals(let scale) = inner.doubleForm?.stage else { return nil }
        let isOnly = inner.entries.allSatisfy {
            !$0.tag.has(VectorTag.ordered) && !$0.tag.has(VectorTag.exceptions)
        }
        return isOnly ? scale : nil
    }

    private mutating func encode(_ booleans: [Bool]) {
        var values = booleans
        for vector in vectors {
            let part = part(vector)
            Self.fill(&values, part, empty: false)
            var words = [UInt64](repeating: 0, count: EncodedBits.wordCount(rows: part.rows.count))
            for (index, row) in part.rows.enumerated() where values[row] {
                words[index / 64] |= 1 << UInt64(index % 64)
            }
            self.booleans.append(
                EncodedBits.encode(words, rowCount: part.rows.count, into: &payload))
            statistics.add(VectorStatistics(count: part.validCount, numbers: .none))
        }
    }

    private mutating func encode(offsets: [UInt32], bytes: [UInt8], forms: IntegerEncoder.Forms) {
        let zstd = Zstd()
        var encoder = integerEncoder(forms)
        guard
            rowCount > 0,
            let found = TextCodes.find(offsets: offsets, bytes: bytes, validity: slotValidity)
        else {
            transforms.writeUInt8(TextStage.plain.rawValue)
            encoder.model = nil
            for vector in vectors {
                encodePlain(offsets: offsets, bytes: bytes, vector: vector, zstd, &encoder)
            }
            return
        }
        transforms.writeUInt8(TextStage.dictionary.rawValue)
        encodeDictionary(found.dictionary, zstd)
        var codes = found.codes
        chooseTokens(&codes, &encoder)
        for vector in vectors {
            let part = part(vector)
            if appendEmpty(part) { continue }
            Self.fill(&codes, part, empty: 0)
            let parameters = encoder.encode(
                codes.span.extracting(part.rows), mayRamp: part.validity == nil, into: &payload)
            var entry = VectorEntry(parameters)
            entry.statistics = VectorStatistics(count: part.validCount, numbers: .none)
            append(entry)
        }
    }

    /// The lengths as varints, then the texts, in one run of bytes.
    private mutating func encodeDictionary(_ dictionary: TextValues, _ zstd: borrowing Zstd) {
        var blob = ByteWriter(capacity: dictionary.bytes.count + 2 * dictionary.count)
        for entry in 0..<dictionary.count {
            blob.writeCount(Int(dictionary.offsets[entry + 1] - dictionary.offsets[entry]))
        }
        blob.writeBytes(dictionary.bytes)
        let stored = unsafe StoredBytes.encode(blob.bytes.span.bytes, zstd, into: &payload)
        transforms.writeCount(dictionary.count)
        stored.write(&transforms)
    }

    private mutating func encodePlain(
        offsets: [UInt32], bytes: [UInt8], vector: Int, _ zstd: borrowing Zstd,
        _ encoder: inout IntegerEncoder
    ) {
        let part = part(vector)
        if part.rows.isEmpty {
            var entry = VectorEntry(ofNothing: 0, nil)
            entry.texts = StoredBytes(byteCount: 0, storedByteCount: 0)
            append(entry)
            return
        }
        var lengths: [Int64] = []
        lengths.reserveCapacity(part.rows.count)
        var texts: [UInt8] = []
        for (index, row) in part.rows.enumerated() {
            let isValid =
                part.validity.map { $0[index / 64] >> UInt64(index % 64) & 1 == 1 } ?? true
            let range = Int(offsets[row])..<Int(offsets[row + 1])
            lengths.append(isValid ? Int64(range.count) : 0)
            if isValid && part.validity != nil { texts.append(contentsOf: bytes[range]) }
        }
        if part.validity == nil {
            let start = Int(offsets[part.rows.lowerBound])
            texts = Array(bytes[start..<Int(offsets[part.rows.upperBound])])
        }
        let parameters = encoder.encode(lengths.span, mayRamp: false, into: &payload)
        var entry = VectorEntry(parameters)
        entry.texts = unsafe StoredBytes.encode(texts.span.bytes, zstd, into: &payload)
        entry.statistics = VectorStatistics(count: part.validCount, numbers: .none)
        append(entry)
    }

    private func writeEntries(_ writer: inout ByteWriter) {
        var reference: Int64 = 0
        for entry in entries {
            reference = entry.write(
                &writer, kind: kind, doubles: doubleForm, reference: reference)
        }
    }

    consuming func finish() -> EncodedStrip {
        var directory = ByteWriter(capacity: 64 + 24 * entries.count)
        directory.writeUInt8(
            kind.rawValue | (tokens == nil ? 0 : Strip.coldFlag)
                | (scale == nil ? 0 : Strip.scaledFlag))
        directory.writeCount(rowCount)
        tokens?.table.write(&directory)
        scale?.write(&directory)
        directory.writeBytes(transforms.bytes)
        directory.writeUInt8(validity == nil ? 0 : isDense ? 2 : 1)
        for bits in validities { bits.write(&directory) }
        for bits in booleans { bits.write(&directory) }
        writeEntries(&directory)
        scale?.apply(to: &statistics)
        return EncodedStrip(directory: directory.bytes, payload: payload, statistics: statistics)
    }
}
