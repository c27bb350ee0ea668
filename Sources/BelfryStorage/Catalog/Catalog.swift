package import BelfryCore

/// The tables of a store and their columns, as of one instant; changed only through the manifest.
///
/// Invariants: numbers are unique and ascend; no two names are equal but for ASCII case.
package struct Catalog: Sendable, Hashable {
    /// By ascending number.
    package private(set) var tables: [TableSchema]

    package init(_ tables: [TableSchema] = []) {
        self.tables = tables.sorted { $0.number < $1.number }
    }

    /// The table of this name, in any ASCII case.
    package func table(named name: String) -> TableSchema? {
        tables.first { Self.isSame($0.name, name) }
    }

    package func table(numbered number: UInt32) -> TableSchema? {
        index(of: number).map { tables[$0] }
    }

    /// Puts a table in, in place of the one with its number.
    package mutating func set(_ table: TableSchema) {
        if let index = index(of: table.number) {
            tables[index] = table
        } else {
            tables.insert(table, at: tables.firstIndex { $0.number > table.number } ?? tables.count)
        }
    }

    package mutating func remove(_ number: UInt32) {
        tables.removeAll { $0.number == number }
    }

    private func index(of number: UInt32) -> Int? {
        tables.firstIndex { $0.number == number }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) { fold($0) == fold($1) }
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
