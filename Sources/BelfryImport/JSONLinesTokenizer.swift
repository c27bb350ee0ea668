/// Cuts lines of JSON objects into fields; what is nested has a dotted path.
///
/// The paths asked for are columns; other members are skipped, or, while columns are being found,
/// become columns themselves. A string is a quoted field, an array (and an object asked for as a
/// whole) the text it is written as, null no value. Blank lines are no records.
struct JSONLinesTokenizer {
    private(set) var paths: [[UInt8]]
    private var columns: [[UInt8]: Int] = [:]
    /// Whether paths that are not known are added.
    private let findsPaths: Bool
    /// Members that were skipped, at most as many as a report shows.
    private(set) var skippedPaths: Set<[UInt8]> = []
    private static let depthLimit = 64

    /// The path that is being read, and the column expected next: records have their members in
    /// the same order nearly always.
    private var path: [UInt8] = []
    private var expected = 0

    init(paths: [String], findsPaths: Bool) {
        self.paths = paths.map { Array($0.utf8) }
        self.findsPaths = findsPaths
        for (index, path) in self.paths.enumerated() { columns[path] = index }
    }

    /// A fault within a record: where and what was expected.
    private struct Fault: Error {
        var offset: Int
        var message: String
    }

    /// Tokenizes complete lines from `start` until the table is full, the input ends or, while
    /// paths are being found, a path is new.
    mutating func tokenize(
        _ text: TextBytes, from start: Int, to end: Int, into table: inout FieldTable,
        room: inout Int, faults: inout [RecordFault]
    ) -> TokenizerProgress {
        var position = start
        while table.rowCount < FieldTable.rowLimit {
            var lineEnd = position
            while lineEnd < end, text[lineEnd] != 10 { lineEnd += 1 }
            guard lineEnd < end else {
                return TokenizerProgress(consumed: position, needsInput: true)
            }
            var cursor = Self.skipSpaces(text, position, lineEnd)
            if cursor < lineEnd {
                let row = table.rowCount
                let base = row * table.columnCount
                for place in base..<(base + table.columnCount) {
                    table.starts[place] = 0
                    table.ends[place] = 0
                }
                table.rowStarts[row] = position
                path.removeAll(keepingCapacity: true)
                expected = 0
                let pathCount = paths.count
                do throws(Fault) {
                    guard text[cursor] == UInt8(ascii: "{") else {
                        throw Fault(offset: cursor, message: "a JSON object expected")
                    }
                    try readObject(
                        text, &cursor, lineEnd, into: &table, base, room: &room, depth: 0)
                    cursor = Self.skipSpaces(text, cursor, lineEnd)
                    guard cursor == lineEnd else {
                        throw Fault(offset: cursor, message: "text after the JSON object")
                    }
                    // The table has no room for new columns: the record comes again.
                    if paths.count > pathCount {
                        return TokenizerProgress(consumed: position, needsInput: false)
                    }
                    table.setRowCount(row + 1)
                } catch {
                    if paths.count > pathCount {
                        return TokenizerProgress(consumed: position, needsInput: false)
                    }
                    faults.append(
                        RecordFault(
                            offset: position,
                            message: "character \(error.offset - position + 1): \(error.message)"))
                }
            }
            position = lineEnd + 1
        }
        return TokenizerProgress(consumed: position, needsInput: false)
    }

    private static func skipSpaces(_ text: TextBytes, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, text[index] == 32 || text[index] == 9 || text[index] == 13 {
            index += 1
        }
        return index
    }

    /// The members of an object; the cursor stands on its brace.
    private mutating func readObject(
        _ text: TextBytes, _ cursor: inout Int, _ end: Int, into table: inout FieldTable,
        _ base: Int, room: inout Int, depth: Int
    ) throws(Fault) {
        guard depth < Self.depthLimit else {
            throw Fault(offset: cursor, message: "nested deeper than \(Self.depthLimit)")
        }
        cursor = Self.skipSpaces(text, cursor + 1, end)
        if cursor < end, text[cursor] == UInt8(ascii: "}") {
            cursor += 1
            return
        }
        let prefixCount = path.count
        while true {
            guard cursor < end, text[cursor] == UInt8(ascii: "\"") else {
                throw Fault(offset: cursor, message: "a member's name in quotes expected")
            }
            let name = try Self.readString(text, &cursor, end, &room)
            if prefixCount > 0 { path.append(UInt8(ascii: ".")) }
            for index in name.start..<name.end { path.append(text[index]) }
            cursor = Self.skipSpaces(text, cursor, end)
            guard cursor < end, text[cursor] == UInt8(ascii: ":") else {
                throw Fault(offset: cursor, message: "a colon expected")
            }
            cursor = Self.skipSpaces(text, cursor + 1, end)
            try readMember(text, &cursor, end, into: &table, base, room: &room, depth: depth)
            path.removeLast(path.count - prefixCount)
            cursor = Self.skipSpaces(text, cursor, end)
            guard cursor < end else {
                throw Fault(offset: cursor, message: "a comma or } expected, the line ends")
            }
            if text[cursor] == UInt8(ascii: "}") {
                cursor += 1
                return
            }
            guard text[cursor] == UInt8(ascii: ",") else {
                throw Fault(offset: cursor, message: "a comma or } expected")
            }
            cursor = Self.skipSpaces(text, cursor + 1, end)
        }
    }

    private mutating func readMember(
        _ text: TextBytes, _ cursor: inout Int, _ end: Int, into table: inout FieldTable,
        _ base: Int, room: inout Int, depth: Int
    ) throws(Fault) {
        guard cursor < end else {
            throw Fault(offset: cursor, message: "a value expected, the line ends")
        }
        let column = self.column()
        let byte = text[cursor]
        if byte == UInt8(ascii: "{") && column == nil {
            return try readObject(
                text, &cursor, end, into: &table, base, room: &room, depth: depth + 1)
        }
        var isQuoted = true
        var place: (start: Int, end: Int)
        switch byte {
        case UInt8(ascii: "\""):
            place = try Self.readString(text, &cursor, end, &room)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            place = (cursor, cursor)
            try Self.skipNested(text, &cursor, end, &room)
            place.end = cursor
        default:
            isQuoted = false
            place = try Self.readWord(text, &cursor, end)
        }
        var target = column
        if target == nil && findsPaths && place.start != place.end {
            target = paths.count
            columns[path] = paths.count
            paths.append(path)
        }
        guard let target else {
            if skippedPaths.count < 20, !skippedPaths.contains(path) { skippedPaths.insert(path) }
            return
        }
        guard target < table.columnCount else { return }
        table.starts[base + target] =
            UInt32(place.start) | (isQuoted ? FieldTable.quotedFlag : 0)
        table.ends[base + target] = UInt32(place.end)
    }

    /// The column of the path that is being read.
    private mutating func column() -> Int? {
        if expected < paths.count, paths[expected] == path {
            expected += 1
            return expected - 1
        }
        guard let found = columns[path] else { return nil }
        expected = found + 1
        return found
    }

    /// A string, the cursor on its opening quote: the place of its text, without escapes.
    private static func readString(
        _ text: TextBytes, _ cursor: inout Int, _ end: Int, _ room: inout Int
    ) throws(Fault) -> (start: Int, end: Int) {
        let start = cursor + 1
        var index = start
        while index < end, text[index] != UInt8(ascii: "\""), text[index] != UInt8(ascii: "\\") {
            index += 1
        }
        guard index < end else {
            throw Fault(offset: cursor, message: "a string that does not end")
        }
        if text[index] == UInt8(ascii: "\"") {
            cursor = index + 1
            return (start, index)
        }
        let roomStart = room
        for place in start..<index { append(text[place], text, &room) }
        while index < end {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                cursor = index + 1
                return (roomStart, room)
            }
            if byte == UInt8(ascii: "\\") {
                try readEscape(text, &index, end, &room)
            } else {
                append(byte, text, &room)
                index += 1
            }
        }
        throw Fault(offset: cursor, message: "a string that does not end")
    }

    private static func append(_ byte: UInt8, _ text: TextBytes, _ room: inout Int) {
        text.store(byte, at: room)
        room += 1
    }

    private static func readEscape(
        _ text: TextBytes, _ index: inout Int, _ end: Int, _ room: inout Int
    ) throws(Fault) {
        guard index + 1 < end else {
            throw Fault(offset: index, message: "an escape that does not end")
        }
        let byte = text[index + 1]
        index += 2
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): append(byte, text, &room)
        case UInt8(ascii: "n"): append(10, text, &room)
        case UInt8(ascii: "r"): append(13, text, &room)
        case UInt8(ascii: "t"): append(9, text, &room)
        case UInt8(ascii: "b"): append(8, text, &room)
        case UInt8(ascii: "f"): append(12, text, &room)
        case UInt8(ascii: "u"):
            var unit = try readHex(text, &index, end)
            if unit & 0xfc00 == 0xd800, index + 6 <= end, text[index] == UInt8(ascii: "\\"),
                text[index + 1] == UInt8(ascii: "u")
            {
                var next = index + 2
                let low = try readHex(text, &next, end)
                if low & 0xfc00 == 0xdc00 {
                    unit = 0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff)
                    index = next
                }
            }
            // Half of a pair is no character; it is kept as the replacement character.
            let scalar = Unicode.Scalar(unit) ?? "\u{fffd}"
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                append(byte, text, &room)
            }
        default: throw Fault(offset: index - 2, message: "an unknown escape")
        }
    }

    private static func readHex(
        _ text: TextBytes, _ index: inout Int, _ end: Int
    ) throws(Fault) -> UInt32 {
        guard index + 4 <= end else {
            throw Fault(offset: index, message: "four hexadecimal digits expected")
        }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = text[index]
            let digit: UInt8
            if byte &- 48 < 10 {
                digit = byte - 48
            } else if (byte | 0x20) &- 97 < 6 {
                digit = (byte | 0x20) - 87
            } else {
                throw Fault(offset: index, message: "four hexadecimal digits expected")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    /// A number, true, false or null (no text at all).
    private static func readWord(
        _ text: TextBytes, _ cursor: inout Int, _ end: Int
    ) throws(Fault) -> (start: Int, end: Int) {
        let start = cursor
        while cursor < end {
            let byte = text[cursor]
            let isPart =
                byte &- 48 < 10 || (byte | 0x20) &- 97 < 26 || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
            if !isPart { break }
            cursor += 1
        }
        switch text.string(start, min(cursor, start + 6)) {
        case "null": return (start, start)
        case "true", "false": return (start, cursor)
        default:
            guard NumberText.kind(text, start, cursor) != .none else {
                throw Fault(offset: start, message: "a JSON value expected")
            }
            return (start, cursor)
        }
    }

    /// Moves past an array or object; strings in it are read, so that their brackets do not count.
    private static func skipNested(
        _ text: TextBytes, _ cursor: inout Int, _ end: Int, _ room: inout Int
    ) throws(Fault) {
        let start = cursor
        let roomBefore = room
        var closing: [UInt8] = []
        while cursor < end {
            switch text[cursor] {
            case UInt8(ascii: "\""):
                _ = try readString(text, &cursor, end, &room)
                room = roomBefore
                continue
            case UInt8(ascii: "{"): closing.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): closing.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard closing.popLast() == text[cursor] else {
                    throw Fault(offset: cursor, message: "a bracket that does not match")
                }
                if closing.isEmpty {
                    cursor += 1
                    return
                }
            default: break
            }
            cursor += 1
        }
        throw Fault(offset: start, message: "a bracket that is not closed")
    }
}
