package import BelfryCore
import Synchronization

/// Series keys to numbers and back, and for each tag column a dictionary of values and one code a
/// series.
///
/// It only grows: a snapshot notes the number that comes next and sees the series below it, so the
/// one table serves every snapshot until it is replaced by one without the series that no segment
/// and no run holds any more. No object stands for a series, and no key: 8 bytes by number, 4 and
/// a code a tag by ordinal, and 11 to 22 in the hash.
///
/// Invariants:
/// 1. Numbers ascend in order of registration; 0 is never given. Numbers between may be missing.
/// 2. The ordinal of a series counts the series of its table before it; codes stand by ordinal.
///
/// Threads: any; the leader of the write queue alone registers.
package final class SeriesTable: Sendable {
    struct State: Sendable {
        var nextNumber: UInt32 = 1
        /// By number: the place of its table in `tables` and one more; 0 for a missing number.
        private var tablePlaces = NumberPages(none: 0)
        /// By number: the ordinal in its table.
        private(set) var ordinals = NumberPages(none: .max)
        private(set) var tables: [TableSeries] = []
        private var places: [UInt32: Int] = [:]
        /// Whether loading met a key with two numbers.
        private(set) var repeatsKeys = false

        func place(ofTable number: UInt32) -> Int? { places[number] }

        func number(of key: SeriesKey) -> UInt32? {
            guard let (table, start) = KeyWalk.table(key.bytes), let place = places[table],
                let ordinal = tables[place].ordinal(key, partsFrom: start)
            else { return nil }
            return tables[place].numbers[ordinal]
        }

        func has(_ number: UInt32) -> Bool {
            number < nextNumber && tablePlaces[Int(number)] > 0
        }

        func key(_ number: UInt32) -> SeriesKey? {
            guard number < nextNumber else { return nil }
            let place = tablePlaces[Int(number)]
            if place == 0 { return nil }
            return tables[Int(place) - 1].key(Int(ordinals[Int(number)]))
        }

        mutating func dictionary(table: UInt32, column: UInt32) -> TextDictionary? {
            places[table].flatMap { tables[$0].dictionary(column) }
        }

        /// - Precondition: the key is well formed.
        mutating func append(_ number: UInt32, _ key: SeriesKey) {
            guard let (table, start) = KeyWalk.table(key.bytes) else { return }
            let place = makePlace(table)
            let ordinal = tables[place].append(number, key, partsFrom: start)
            set(number, place, ordinal)
        }

        private mutating func makePlace(_ table: UInt32) -> Int {
            if let place = places[table] { return place }
            tables.append(TableSeries(table))
            places[table] = tables.count - 1
            return tables.count - 1
        }

        private mutating func set(_ number: UInt32, _ place: Int, _ ordinal: UInt32) {
            tablePlaces[Int(number)] = UInt32(place + 1)
            ordinals[Int(number)] = ordinal
            nextNumber = max(nextNumber, number + 1)
        }

        /// The same numbers without those for which `isLiving` is false: they stay missing.
        func keeping(_ isLiving: (UInt32) -> Bool) -> State {
            var next = State()
            for series in tables {
                let kept = series.keeping(isLiving)
                if kept.count > 0 { next.load(kept) }
            }
            next.nextNumber = nextNumber
            return next
        }

        /// Enters what another has from its own next number on.
        mutating func appendNew(of newer: State) {
            for number in nextNumber..<max(nextNumber, newer.nextNumber) {
                if let key = newer.key(number) { append(number, key) }
            }
            nextNumber = max(nextNumber, newer.nextNumber)
        }

        // MARK: Opening

        mutating func load(_ series: TableSeries) {
            let place = makePlace(series.table)
            tables[place] = series
            for (ordinal, number) in series.numbers.array(series.count).enumerated() {
                set(number, place, UInt32(ordinal))
            }
        }

        /// Enters a series in any order of numbers; false where its number has another key.
        mutating func load(_ number: UInt32, _ key: SeriesKey) -> Bool {
            guard let (table, start) = KeyWalk.table(key.bytes) else { return false }
            if let place = places[table],
                let ordinal = tables[place].ordinal(key, partsFrom: start)
            {
                if tables[place].numbers[ordinal] == number { return true }
                if has(number) { return self.key(number) == key }
                // A series that was dropped and came again: what still speaks of its old number
                // stays readable, and writes find the younger one.
                repeatsKeys = true
            } else if has(number) {
                return false
            }
            append(number, key)
            return true
        }

        /// Puts the ordinals of all tables in order again.
        mutating func finishLoading() {
            for place in tables.indices where tables[place].sortByNumber() {
                for (ordinal, number) in tables[place].numbers.array(tables[place].count)
                    .enumerated()
                {
                    ordinals[Int(number)] = UInt32(ordinal)
                }
            }
        }
    }

    private let state: Mutex<State>

    package init() { state = Mutex(State()) }

    init(_ state: State) { self.state = Mutex(state) }

    /// All of it at this moment; shares its pages.
    var contents: State { state.withLock { $0 } }

    /// One more than the greatest number: what a snapshot notes.
    package var nextNumber: UInt32 { state.withLock { $0.nextNumber } }

    /// The numbers of keys; 0 for those that have none yet.
    func numbers(of keys: [SeriesKey]) -> [UInt32] {
        state.withLock { state in keys.map { state.number(of: $0) ?? 0 } }
    }

    /// Whether a number has a key.
    func has(_ number: UInt32) -> Bool { state.withLock { $0.has(number) } }

    /// The key of a number.
    package func key(_ number: UInt32) -> SeriesKey? { state.withLock { $0.key(number) } }

    /// The keys of many numbers at once; a missing number gives an empty key.
    package func keys(_ numbers: [UInt32]) -> [SeriesKey] {
        state.withLock { state in
            numbers.map { state.key($0) ?? SeriesKey(bytes: []) }
        }
    }

    /// How many series a table has.
    package func count(table: UInt32) -> Int {
        state.withLock { state in
            state.place(ofTable: table).map { state.tables[$0].count } ?? 0
        }
    }

    /// How many series all tables have.
    package var count: Int {
        state.withLock { state in state.tables.reduce(0) { $0 + $1.count } }
    }

    /// Enters series whose numbers lie above all before, ascending.
    func register(_ entries: [(number: UInt32, key: SeriesKey)]) throws(FormatError) {
        // All keys are looked at before the first is entered: either all go in or none.
        for entry in entries { try Self.check(entry.key) }
        state.withLock { state in
            for entry in entries {
                precondition(entry.number >= state.nextNumber, "series numbers ascend")
                state.append(entry.number, entry.key)
            }
        }
    }

    /// Changes everything at once; for opening a store.
    func load<Failure: Error>(_ body: (inout State) throws(Failure) -> Void) throws(Failure) {
        try state.withLock { (state) throws(Failure) in try body(&state) }
    }

    /// Whether a key can be taken apart.
    static func check(_ key: SeriesKey) throws(FormatError) {
        guard let (_, start) = KeyWalk.table(key.bytes) else {
            throw FormatError("a series key without a table", at: 0)
        }
        var walk = KeyWalk(key.bytes, at: start)
        while walk.next() != nil {}
        guard walk.isWellFormed else { throw FormatError("a malformed series key", at: start) }
    }

    /// The series of a table below `limit`, and their codes in one tag column.
    func tagCodes(table: UInt32, column: UInt32) -> TagCodes {
        state.withLock { state in
            let found = state.place(ofTable: table).flatMap { state.tables[$0].column(column) }
            return TagCodes(
                ordinals: state.ordinals, codes: found?.codes ?? NumberPages(none: 0))
        }
    }

    /// The values of a tag column so far. The object stays the same until a value is added.
    func dictionary(table: UInt32, column: UInt32) -> TextDictionary {
        state.withLock { state in
            state.dictionary(table: table, column: column) ?? TextDictionary(TextStorage())
        }
    }

    /// The series of a table below `limit` for which the predicate is true.
    func resolve(_ predicate: TagPredicate, table: UInt32, limit: UInt32) -> SeriesSet {
        state.withLock { state in
            state.place(ofTable: table).map {
                state.tables[$0].resolve(predicate, limit: limit)
            } ?? .empty
        }
    }
}

/// The codes of one tag column that a scan keeps.
package struct TagCodes: Sendable {
    /// By series number: its place among the series of its table.
    let ordinals: NumberPages
    /// By ordinal: the code and one more; 0 for NULL.
    let codes: NumberPages

    /// The code of a series of this table; nil where it has no value.
    package func code(_ series: UInt32) -> UInt32? {
        let code = codes[Int(ordinals[Int(series)])]
        return code == 0 ? nil : code - 1
    }
}
