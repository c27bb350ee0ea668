import BelfryCore

/// The series of one table: for each its number and a code a tag column; found by an open hash
/// from codes to ordinals.
///
/// The ordinal of a series is its place here. No key is kept: it is made again from the codes. A
/// key that is not canonical (a primary key whose columns do not ascend) is kept beside them.
struct TableSeries: Sendable {
    let table: UInt32
    private(set) var count = 0
    /// By ordinal; ascending but while a store is opened.
    private(set) var numbers = NumberPages(none: 0)
    /// By ascending column number.
    private(set) var columns: [TagColumn] = []
    private var hash = ByteHash()
    /// Keys that their codes do not give again, by ordinal and back.
    private(set) var irregular: [UInt32: SeriesKey] = [:]
    private var irregularOrdinals: [SeriesKey: UInt32] = [:]

    init(_ table: UInt32) { self.table = table }

    // MARK: Finding

    func column(_ number: UInt32) -> TagColumn? { columns.first { $0.number == number } }

    /// The ordinal of a key whose parts begin at `start`.
    func ordinal(_ key: SeriesKey, partsFrom start: Int) -> Int? {
        if !irregularOrdinals.isEmpty, let ordinal = irregularOrdinals[key] { return Int(ordinal) }
        var walk = KeyWalk(key.bytes, at: start)
        var hash = CodeHash()
        var columnIndex = 0
        // Codes of the first columns as they come; the later ones are compared again by bytes.
        while let part = walk.next() {
            while columnIndex < columns.count, columns[columnIndex].number < part.column {
                columnIndex += 1
            }
            guard columnIndex < columns.count, columns[columnIndex].number == part.column,
                let code = columns[columnIndex].code(of: key.bytes, part.value)
            else { return nil }
            hash.add(code, at: columnIndex, of: columns[columnIndex].number)
            columnIndex += 1
        }
        guard walk.isRegular else { return nil }
        return ordinal(hash)
    }

    private func ordinal(_ wanted: CodeHash) -> Int? {
        var found: UInt32?
        _ = hash.find(wanted.hash) { ordinal in
            if has(ordinal, wanted), found.map({ numbers[Int($0)] < numbers[Int(ordinal)] }) ?? true
            {
                found = ordinal
            }
            // A key may stand here twice; the younger number is the living one.
            return false
        }
        return found.map { Int($0) }
    }

    private func has(_ ordinal: UInt32, _ wanted: CodeHash) -> Bool {
        guard irregular.isEmpty || irregular[ordinal] == nil else { return false }
        var place = 0
        for index in columns.indices {
            let code = columns[index].codes[Int(ordinal)]
            if place < wanted.count, wanted.place(place) == index {
                guard code == wanted.code(place) + 1 else { return false }
                place += 1
            } else if code != 0 {
                return false
            }
        }
        return place == wanted.count
    }

    /// The key of an ordinal.
    func key(_ ordinal: Int) -> SeriesKey {
        if !irregular.isEmpty, let key = irregular[UInt32(ordinal)] { return key }
        var writer = ByteWriter(capacity: 48)
        writer.writeVarint(UInt64(table))
        for column in columns {
            let code = column.codes[ordinal]
            if code == 0 { continue }
            let place = column.texts.range(Int(code) - 1)
            writer.writeVarint(UInt64(column.number))
            writer.writeCount(place.count)
            writer.writeBytes(column.texts.bytes[place])
        }
        return SeriesKey(bytes: writer.bytes)
    }

    /// How many ordinals, from the first, have numbers below `limit`.
    func count(below limit: UInt32) -> Int {
        if count == 0 || numbers[count - 1] < limit { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if numbers[middle] < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The ordinal of the series with this number.
    /// - Precondition: the numbers ascend.
    func ordinal(ofNumber number: UInt32) -> Int? {
        let ordinal = count(below: number)
        return ordinal < count && numbers[ordinal] == number ? ordinal : nil
    }

    mutating func dictionary(_ column: UInt32) -> TextDictionary? {
        guard let index = columns.firstIndex(where: { $0.number == column }) else { return nil }
        return columns[index].dictionary()
    }

    // MARK: Growing

    /// Enters a series that is not there and gives its ordinal.
    /// - Precondition: the key is well formed and of this table.
    mutating func append(_ number: UInt32, _ key: SeriesKey, partsFrom start: Int) -> UInt32 {
        let ordinal = UInt32(count)
        numbers[count] = number
        count += 1
        var walk = KeyWalk(key.bytes, at: start)
        var hash = CodeHash()
        while let part = walk.next() {
            let index = columnIndex(part.column)
            let code = columns[index].enter(key.bytes, part.value)
            columns[index].set(code, ordinal: Int(ordinal))
            hash.add(code, at: index, of: part.column)
        }
        if walk.isRegular {
            self.hash.insert(ordinal, hash: hash.hash)
        } else {
            irregular[ordinal] = key
            if let other = irregularOrdinals[key], numbers[Int(other)] > number { return ordinal }
            irregularOrdinals[key] = ordinal
        }
        return ordinal
    }

    private mutating func columnIndex(_ number: UInt32) -> Int {
        if let index = columns.firstIndex(where: { $0.number >= number }) {
            if columns[index].number != number {
                columns.insert(TagColumn(number), at: index)
            }
            return index
        }
        columns.append(TagColumn(number))
        return columns.count - 1
    }

    // MARK: Shrinking

    /// Without the series for which `isLiving` is false, and without values that only they had.
    func keeping(_ isLiving: (UInt32) -> Bool) -> TableSeries {
        var kept: [UInt32] = []
        var ordinals: [Int] = []
        numbers.forEach(below: count) { ordinal, number in
            if isLiving(number) {
                kept.append(number)
                ordinals.append(ordinal)
            }
        }
        var keys: [UInt32: SeriesKey] = [:]
        if !irregular.isEmpty {
            for (place, ordinal) in ordinals.enumerated() {
                if let key = irregular[UInt32(ordinal)] { keys[UInt32(place)] = key }
            }
        }
        return TableSeries(
            table, numbers: kept, columns: columns.compactMap { $0.keeping(ordinals) },
            irregular: keys)
    }

    // MARK: Opening

    /// A table as a checkpoint has it: columns and numbers by ordinal, the numbers ascending.
    init(
        _ table: UInt32, numbers: [UInt32], columns: [TagColumn], irregular: [UInt32: SeriesKey]
    ) {
        self.table = table
        self.columns = columns
        self.irregular = irregular
        count = numbers.count
        hash = ByteHash(capacity: count)
        for (ordinal, number) in numbers.enumerated() {
            self.numbers[ordinal] = number
            if !irregular.isEmpty, let key = irregular[UInt32(ordinal)] {
                irregularOrdinals[key] = UInt32(ordinal)
                continue
            }
            var hash = CodeHash()
            for index in columns.indices {
                let code = columns[index].codes[ordinal]
                if code > 0 { hash.add(code - 1, at: index, of: columns[index].number) }
            }
            self.hash.insert(UInt32(ordinal), hash: hash.hash)
        }
    }

    /// Puts the series in order of their numbers; gives the old ordinals in their new order, or nil
    /// where nothing was to do.
    mutating func sortByNumber() -> Bool {
        let all = numbers.array(count)
        var isAscending = true
        for index in all.indices.dropFirst() where all[index] <= all[index - 1] {
            isAscending = false
            break
        }
        if isAscending { return false }
        let order = all.indices.map { UInt32($0) }.sorted { all[Int($0)] < all[Int($1)] }
        var places = [UInt32](repeating: 0, count: count)
        for (place, ordinal) in order.enumerated() {
            places[Int(ordinal)] = UInt32(place)
            numbers[place] = all[Int(ordinal)]
        }
        for index in columns.indices { columns[index].reorder(order) }
        hash.renumber { places[Int($0)] }
        if !irregular.isEmpty {
            var moved: [UInt32: SeriesKey] = [:]
            for (ordinal, key) in irregular {
                moved[places[Int(ordinal)]] = key
            }
            irregularOrdinals = irregularOrdinals.mapValues { places[Int($0)] }
            irregular = moved
        }
        return true
    }
}

/// The parts of a key one after the other, in place. `isRegular` tells at the end whether the key
/// is what its parts would be written as: columns ascend and no varint is longer than it need be.
struct KeyWalk {
    private let bytes: [UInt8]
    private var position: Int
    private var lastColumn: Int64 = -1
    private(set) var isRegular = true
    private(set) var isWellFormed = true

    init(_ bytes: [UInt8], at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// The table of a key and where its parts begin; nil where it is malformed.
    static func table(_ bytes: [UInt8]) -> (table: UInt32, start: Int)? {
        var walk = KeyWalk(bytes, at: 0)
        guard let table = walk.number(), let number = UInt32(exactly: table) else { return nil }
        return (number, walk.position)
    }

    mutating func next() -> (column: UInt32, value: Range<Int>)? {
        if position == bytes.count { return nil }
        guard let column = number(), let length = number(), column <= UInt64(UInt32.max),
            length <= UInt64(SeriesKey.byteCountLimit), Int(length) <= bytes.count - position
        else {
            isWellFormed = false
            isRegular = false
            return nil
        }
        if Int64(column) <= lastColumn { isRegular = false }
        lastColumn = Int64(column)
        let start = position
        position += Int(length)
        return (UInt32(column), start..<position)
    }

    private mutating func number() -> UInt64? {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 35 {
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                if byte == 0 && shift > 0 { isRegular = false }
                return result
            }
            shift += 7
        }
        return nil
    }
}

/// The codes of a key's tags and their hash. A column that came later changes no older hash.
///
/// The first eight codes lie in the value itself, more in an array: tables of more tags are rare.
private struct CodeHash {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    private(set) var count = 0
    private var near = SIMD16<UInt32>(repeating: 0)
    private var far: [UInt32] = []

    var hash: UInt32 {
        let mixed = (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    mutating func add(_ code: UInt32, at place: Int, of column: UInt32) {
        state = (state ^ (UInt64(column) << 32 | UInt64(code))) &* 0x94D0_49BB_1331_11EB
        state ^= state >> 31
        if count < 8 {
            near[count * 2] = UInt32(place)
            near[count * 2 + 1] = code
        } else {
            far.append(UInt32(place))
            far.append(code)
        }
        count += 1
    }

    func place(_ index: Int) -> Int {
        Int(index < 8 ? near[index * 2] : far[(index - 8) * 2])
    }

    func code(_ index: Int) -> UInt32 {
        index < 8 ? near[index * 2 + 1] : far[(index - 8) * 2 + 1]
    }
}
