import BelfryCore

/// The distinct values of one tag column and the code of each series.
struct TagColumn: Sendable {
    let number: UInt32
    /// By ordinal: the code of the value and one more; 0 where the series has none.
    private(set) var codes = NumberPages(none: 0)
    private(set) var texts = TextStorage()
    private var hash = ByteHash()
    private var shared: TextDictionary?

    init(_ number: UInt32) { self.number = number }

    /// Values and codes as a checkpoint has them.
    init(_ number: UInt32, texts: TextStorage) {
        self.number = number
        self.texts = texts
        hash = ByteHash(capacity: texts.count)
        for code in 0..<texts.count {
            hash.insert(UInt32(code), hash: ByteHash.hash(texts.bytes, texts.range(code)))
        }
    }

    func code(of value: [UInt8]) -> UInt32? { code(of: value, 0..<value.count) }

    /// The code of the value that stands at `range`.
    func code(of bytes: [UInt8], _ range: Range<Int>) -> UInt32? {
        code(of: bytes, range, hash: ByteHash.hash(bytes, range))
    }

    private func code(of bytes: [UInt8], _ range: Range<Int>, hash: UInt32) -> UInt32? {
        self.hash.find(hash) { number in
            let place = texts.range(Int(number))
            guard place.count == range.count else { return false }
            for index in 0..<range.count
            where texts.bytes[place.lowerBound + index] != bytes[range.lowerBound + index] {
                return false
            }
            return true
        }
    }

    /// The value's code, given now where it has none.
    mutating func enter(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let hash = ByteHash.hash(bytes, range)
        if let code = code(of: bytes, range, hash: hash) { return code }
        let code = UInt32(texts.count)
        texts.append(bytes[range])
        self.hash.insert(code, hash: hash)
        return code
    }

    mutating func set(_ code: UInt32, ordinal: Int) { codes[ordinal] = code + 1 }

    /// Puts the codes into another order.
    mutating func reorder(_ order: [UInt32]) {
        var reordered = NumberPages(none: 0)
        for (place, ordinal) in order.enumerated() {
            let code = codes[Int(ordinal)]
            if code > 0 { reordered[place] = code }
        }
        codes = reordered
    }

    /// The codes of some ordinals, in this order, and the values that they have; nil without any.
    func keeping(_ ordinals: [Int]) -> TagColumn? {
        var places = [UInt32](repeating: 0, count: texts.count)
        for ordinal in ordinals {
            let code = codes[ordinal]
            if code > 0 { places[Int(code) - 1] = 1 }
        }
        var kept = TextStorage()
        for code in places.indices where places[code] > 0 {
            kept.append(texts[code])
            places[code] = UInt32(kept.count)
        }
        if kept.count == 0 { return nil }
        var column = TagColumn(number, texts: kept)
        for (place, ordinal) in ordinals.enumerated() {
            let code = codes[ordinal]
            if code > 0 { column.set(places[Int(code) - 1] - 1, ordinal: place) }
        }
        return column
    }

    /// The values as an object that batches share; made anew only after a value was added.
    mutating func dictionary() -> TextDictionary {
        if let shared, shared.count == texts.count { return shared }
        let made = TextDictionary(texts)
        shared = made
        return made
    }
}
