import BelfryCore

/// Key values as 64-bit words, so that keys of any types are hashed and compared as numbers.
///
/// Equal in SQL's sense means equal words: -0.0 is 0.0, all NaNs are one, an interval counts by
/// its sort key, a text by its number in an intern table. Codes of a tag dictionary are translated
/// once per code and dictionary, never per row.
///
/// A row's key is `stride` words: first a mask with a bit for each key that has a value (a word
/// for every 64 keys), then a word a key, 0 where there is none.
struct KeyEncoder: Sendable {
    private var columns: [KeyColumn]
    let maskWordCount: Int
    let stride: Int

    init(types: [DataType]) {
        columns = types.map(KeyColumn.init)
        maskWordCount = (types.count + 63) / 64
        stride = maskWordCount + types.count
    }

    var byteCount: Int { columns.reduce(0) { $0 + $1.byteCount } }

    /// The keys of chosen rows, one after the other. Without `isInserting` a text that was never
    /// seen gets a word that equals no other.
    mutating func encode(_ vectors: [Vector], rows: [Int32], isInserting: Bool) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: rows.count * stride)
        for index in columns.indices {
            columns[index].encode(
                vectors[index], rows: rows, isInserting: isInserting, into: &words,
                offset: maskWordCount + index, stride: stride, maskOffset: index >> 6,
                maskBit: 1 << UInt64(index & 63))
        }
        return words
    }

    /// No more keys will come: from here on texts are decoded as codes of one dictionary.
    mutating func seal() {
        for index in columns.indices where columns[index].type.layout == .texts {
            columns[index].sealed = TextDictionary(columns[index].intern.texts)
        }
    }

    /// The values of keys again, from `count` keys at `start` of `words`.
    func decode(_ index: Int, words: [UInt64], keys: Range<Int>) -> Vector {
        columns[index].decode(
            words: words, keys: keys, offset: maskWordCount + index, stride: stride,
            maskOffset: index >> 6, maskBit: 1 << UInt64(index & 63))
    }

    /// A row that begins a run: its key may differ from that of the row before.
    static func runStarts(of vectors: [Vector], rowCount: Int) -> [Int32] {
        guard rowCount > 0 else { return [] }
        var flags = [UInt8](repeating: 0, count: rowCount)
        flags[0] = 1
        for vector in vectors {
            switch vector.storage {
            case .integers(let values): markChanges(values, in: &flags)
            case .doubles(let values): markChanges(values, in: &flags)
            case .booleans(let values): markChanges(values, in: &flags)
            case .dictionary(let values): markChanges(values.codes, in: &flags)
            case .texts(let values):
                for row in 1..<max(1, rowCount) where values[row] != values[row - 1] {
                    flags[row] = 1
                }
            case .intervals(let values): markChanges(values, in: &flags)
            }
            if !vector.validity.isAll {
                for row in 1..<max(1, rowCount)
                where vector.isValid(row) != vector.isValid(row - 1) {
                    flags[row] = 1
                }
            }
        }
        var starts: [Int32] = []
        starts.reserveCapacity(64)
        for row in 0..<rowCount where flags[row] != 0 {
            starts.append(Int32(truncatingIfNeeded: row))
        }
        return starts
    }

    @inline(__always)
    private static func markChanges<Element: Equatable>(
        _ values: [Element], in flags: inout [UInt8]
    ) {
        let count = min(values.count, flags.count)
        if count < 2 { return }
        let span = values.span
        var marks = flags.mutableSpan
        for row in 1..<count {
            marks[row] = marks[row] | (span[row] != span[row - 1] ? 1 : 0)
        }
    }
}

/// One key of an encoder: its type, and the tables that turn values without a word into one.
private struct KeyColumn: Sendable {
    let type: DataType
    var intern = TextIntern()
    /// For each dictionary met, the number of each code, or `.max` where it was not asked yet.
    var translations: [(dictionary: TextDictionary, numbers: [UInt32])] = []
    var intervalNumbers: [Int128: UInt64] = [:]
    var intervals: [Interval] = []
    /// All texts met, once no more will come.
    var sealed: TextDictionary?

    init(_ type: DataType) { self.type = type }

    var byteCount: Int {
        (type.layout == .texts ? intern.byteCount : 0)
            + translations.reduce(0) { $0 + $1.numbers.count * 4 } + intervals.count * 48
    }

    /// The word that equals no other: numbers of texts and intervals stay below.
    private static let stranger = UInt64.max

    mutating func encode(
        _ vector: Vector, rows: [Int32], isInserting: Bool, into words: inout [UInt64],
        offset: Int, stride: Int, maskOffset: Int, maskBit: UInt64
    ) {
        let validity = vector.validity
        if isInserting { sealed = nil }
        var place = 0
        func isValid(_ row: Int) -> Bool { validity.isAll || validity.isValid(row) }
        switch vector.storage {
        case .integers(let values):
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = UInt64(bitPattern: values[Int(row)])
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        case .doubles(let values):
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = Self.word(of: values[Int(row)])
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        case .booleans(let values):
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = values[Int(row)] ? 1 : 0
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        case .dictionary(let values):
            let translation = translation(of: values.dictionary)
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = number(
                        ofCode: Int(values.codes[Int(row)]), translation: translation,
                        isInserting: isInserting)
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        case .texts(let values):
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = number(
                        of: values[Int(row)], isInserting: isInserting)
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        case .intervals(let values):
            for row in rows {
                if isValid(Int(row)) {
                    words[place + offset] = number(
                        of: values[Int(row)], isInserting: isInserting)
                    words[place + maskOffset] |= maskBit
                }
                place += stride
            }
        }
    }

    @inline(__always)
    private static func word(of value: Double) -> UInt64 {
        if value == 0 { return 0 }
        return value.isNaN ? Double.nan.bitPattern : value.bitPattern
    }

    private mutating func translation(of dictionary: TextDictionary) -> Int {
        if let known = translations.firstIndex(where: { $0.dictionary === dictionary }) {
            return known
        }
        translations.append(
            (dictionary, [UInt32](repeating: .max, count: dictionary.count)))
        return translations.count - 1
    }

    private mutating func number(ofCode code: Int, translation: Int, isInserting: Bool) -> UInt64 {
        let known = translations[translation].numbers[code]
        if known != .max { return UInt64(known) }
        let word = number(
            of: translations[translation].dictionary.texts[code], isInserting: isInserting)
        if word != Self.stranger {
            translations[translation].numbers[code] = UInt32(truncatingIfNeeded: word)
        }
        return word
    }

    private mutating func number(of text: ArraySlice<UInt8>, isInserting: Bool) -> UInt64 {
        if isInserting { return UInt64(intern.number(of: text)) }
        return intern.existingNumber(of: text).map { UInt64($0) } ?? Self.stranger
    }

    private mutating func number(of interval: Interval, isInserting: Bool) -> UInt64 {
        if let known = intervalNumbers[interval.sortKey] { return known }
        guard isInserting else { return Self.stranger }
        let number = UInt64(intervals.count)
        intervalNumbers[interval.sortKey] = number
        intervals.append(interval)
        return number
    }

    func decode(
        words: [UInt64], keys: Range<Int>, offset: Int, stride: Int, maskOffset: Int,
        maskBit: UInt64
    ) -> Vector {
        var validity = ValidityBuilder(capacity: keys.count)
        for key in keys { validity.append(words[key * stride + maskOffset] & maskBit != 0) }
        let mask = validity.finish()
        func word(_ key: Int) -> UInt64 { words[key * stride + offset] }
        let storage: VectorStorage
        switch type.layout {
        case .integers: storage = .integers(keys.map { Int64(bitPattern: word($0)) })
        case .doubles: storage = .doubles(keys.map { Double(bitPattern: word($0)) })
        case .booleans: storage = .booleans(keys.map { word($0) != 0 })
        case .intervals:
            storage = .intervals(
                keys.map { intervals.isEmpty ? .zero : intervals[Int(word($0))] })
        case .texts:
            storage = .dictionary(
                DictionaryStorage(
                    codes: keys.map { UInt32(truncatingIfNeeded: word($0)) },
                    dictionary: sealed ?? TextDictionary(intern.texts)))
        }
        return Vector(type, storage, validity: mask)
    }
}
