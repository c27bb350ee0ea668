import BelfryCore

/// The types of a source's columns, settled over all of its records: whole numbers are BIGINT
/// until the first decimal makes them DOUBLE; true and false of JSON are BOOLEAN; all else, and
/// any mixture, is TEXT. A column without any value is DOUBLE, as most silent sensors are.
struct ColumnInference {
    private enum Kind: UInt8 {
        case empty, integer, decimal, boolean, text
    }

    private(set) var names: [String]
    private var kinds: [Kind]
    private let readsBooleans: Bool

    init(names: [String], format: ImportFormat) {
        self.names = names
        kinds = names.map { _ in .empty }
        readsBooleans = format == .ndjson
    }

    /// The type of a column by its name.
    func type(named name: String) -> DataType {
        guard let index = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
            return .double
        }
        switch kinds[index] {
        case .integer: return .bigint
        case .empty, .decimal: return .double
        case .boolean: return .boolean
        case .text: return .text
        }
    }

    /// Looks at the records of a table whose columns have `names`; the order may differ from that
    /// of an earlier file.
    mutating func look(at fields: FieldTable, _ text: TextBytes, columns: [Int]) {
        for (source, column) in columns.enumerated() {
            var kind = kinds[column]
            for row in 0..<fields.rowCount {
                if kind == .text { break }
                let place = row * fields.columnCount + source
                let start = fields.starts[place]
                kind = look(
                    text, Int(start & ~FieldTable.quotedFlag), Int(fields.ends[place]),
                    isQuoted: start & FieldTable.quotedFlag != 0, kind)
            }
            kinds[column] = kind
        }
    }

    /// The column numbers of names, new ones added.
    mutating func columns(named names: [String]) -> [Int] {
        names.map { name in
            if let index = self.names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
                return index
            }
            self.names.append(name)
            kinds.append(.empty)
            return self.names.count - 1
        }
    }

    private func look(
        _ text: TextBytes, _ start: Int, _ end: Int, isQuoted: Bool, _ kind: Kind
    ) -> Kind {
        var start = start
        var end = end
        if start == end { return isQuoted && readsBooleans ? .text : kind }
        // A quoted number of CSV is a number, a string of JSON is a text.
        if isQuoted && readsBooleans { return .text }
        while start < end, text[start] == UInt8(ascii: " ") { start += 1 }
        while start < end, text[end - 1] == UInt8(ascii: " ") { end -= 1 }
        if start == end { return kind }
        let found: Kind
        if kind != .decimal, NumberText.integer(text, start, end) != nil {
            found = .integer
        } else if NumberText.double(text, start, end) != nil {
            found = .decimal
        } else if readsBooleans, isBoolean(text, start, end) {
            found = .boolean
        } else {
            return .text
        }
        if kind == .empty || kind == found { return found }
        if kind == .boolean || found == .boolean { return .text }
        return .decimal
    }

    private func isBoolean(_ text: TextBytes, _ start: Int, _ end: Int) -> Bool {
        let word = text.string(start, end)
        return word == "true" || word == "false"
    }
}
