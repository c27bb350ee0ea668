package import BelfryCore
import Synchronization

/// Series keys to numbers and back, and for each tag column a dictionary of values and one code a
/// series.
///
/// It only grows: a snapshot notes the number that comes next and sees the series below it, so the
/// one table serves every snapshot. Keys lie one behind the other in one array of bytes, found by
/// an open hash from XXH64 of the key to its number; no object stands for a series.
///
/// Invariants:
/// 1. Numbers ascend in order of registration; 0 is never given. Numbers between may be missing
///    (their table was dropped before the store was opened).
/// 2. The ordinal of a series counts the series of its table before it; codes stand by ordinal.
///
/// Threads: any; the leader of the write queue alone registers.
package final class SeriesTable: Sendable {
    struct State: Sendable {
        /// Where the key of each number begins; one more at the end. Missing numbers are empty.
        var keyOffsets: [Int] = [0, 0]
        var keyBytes: [UInt8] = []
        /// Each number's place among the series of its table.
        var ordinals: [UInt32] = [0]
        var hash = ByteHash()
        var tables: [UInt32: TableSeries] = [:]

        var nextNumber: UInt32 { UInt32(ordinals.count) }

        func key(_ number: UInt32) -> Range<Int> {
            keyOffsets[Int(number)]..<keyOffsets[Int(number) + 1]
        }

        func number(of key: [UInt8]) -> UInt32? {
            hash.find(key) { Self.isEqual(keyBytes, self.key($0), key) }
        }

        static func isEqual(_ bytes: [UInt8], _ range: Range<Int>, _ key: [UInt8]) -> Bool {
            guard range.count == key.count else { return false }
            let start = range.lowerBound
            for index in key.indices where bytes[start + index] != key[index] { return false }
            return true
        }
    }

    private let state: Mutex<State>

    package init() { state = Mutex(State()) }

    /// One more than the greatest number: what a snapshot notes.
    package var nextNumber: UInt32 { state.withLock { $0.nextNumber } }

    /// The numbers of keys; 0 for those that have none yet.
    func numbers(of keys: [SeriesKey]) -> [UInt32] {
        state.withLock { state in keys.map { state.number(of: $0.bytes) ?? 0 } }
    }

    /// The key of a number.
    package func key(_ number: UInt32) -> SeriesKey? {
        state.withLock { state in
            guard number < state.nextNumber else { return nil }
            let range = state.key(number)
            return range.isEmpty ? nil : SeriesKey(bytes: Array(state.keyBytes[range]))
        }
    }

    /// The keys of many numbers at once; a missing number gives an empty key.
    package func keys(_ numbers: [UInt32]) -> [SeriesKey] {
        state.withLock { state in
            numbers.map { number in
                guard number < state.nextNumber else { return SeriesKey(bytes: []) }
                return SeriesKey(bytes: Array(state.keyBytes[state.key(number)]))
            }
        }
    }

    /// How many series a table has.
    package func count(table: UInt32) -> Int {
        state.withLock { $0.tables[table]?.numbers.count ?? 0 }
    }

    /// Enters series whose numbers lie above all before, ascending.
    func register(_ entries: [(number: UInt32, key: SeriesKey)]) throws(FormatError) {
        // Keys are taken apart before the first is entered: either all go in or none.
        var parsed: [(table: UInt32, parts: [(column: UInt32, value: [UInt8])])] = []
        parsed.reserveCapacity(entries.count)
        for entry in entries { parsed.append(try entry.key.parts()) }
        state.withLock { state in
            for (entry, parts) in zip(entries, parsed) {
                precondition(entry.number >= state.nextNumber, "series numbers ascend")
                while state.nextNumber < entry.number {
                    state.keyOffsets.append(state.keyBytes.count)
                    state.ordinals.append(0)
                }
                state.keyBytes.append(contentsOf: entry.key.bytes)
                state.keyOffsets.append(state.keyBytes.count)
                state.hash.insert(entry.number, hash: ByteHash.hash(entry.key.bytes))
                let ordinal = state.tables[parts.table, default: TableSeries()]
                    .append(entry.number, parts.parts)
                state.ordinals.append(ordinal)
            }
        }
    }

    /// The series of a table below `limit`, and their codes in one tag column.
    func tagCodes(table: UInt32, column: UInt32) -> TagCodes {
        state.withLock { state in
            TagCodes(
                ordinals: state.ordinals,
                codes: state.tables[table]?.columns[column]?.codes ?? [])
        }
    }

    /// The values of a tag column so far. The object stays the same until a value is added.
    func dictionary(table: UInt32, column: UInt32) -> TextDictionary {
        state.withLock { state in
            state.tables[table]?.dictionary(column) ?? TextDictionary(TextStorage())
        }
    }

    /// The series of a table below `limit` for which the predicate is true.
    func resolve(_ predicate: TagPredicate, table: UInt32, limit: UInt32) -> SeriesSet {
        state.withLock { state in
            state.tables[table]?.resolve(predicate, limit: limit) ?? .empty
        }
    }
}

/// The codes of one tag column as an array that a scan keeps.
package struct TagCodes: Sendable {
    /// By series number: its place among the series of its table.
    let ordinals: [UInt32]
    /// By ordinal; `none` for NULL. Shorter than the table where the column came later.
    let codes: [UInt32]

    /// The code of a series without the tag.
    package static let none = UInt32.max

    /// The code of a series of this table; nil where it has no value.
    package func code(_ series: UInt32) -> UInt32? {
        guard Int(series) < ordinals.count else { return nil }
        let ordinal = Int(ordinals[Int(series)])
        guard ordinal < codes.count, codes[ordinal] != Self.none else { return nil }
        return codes[ordinal]
    }
}
