/// The first line of a CSV file: the delimiter and the names of the columns.
struct CSVHeader {
    let delimiter: UInt8
    let names: [String]
    /// Where the first record begins.
    let end: Int

    /// Reads the header from the beginning of a file, a byte order mark ahead of it skipped.
    /// - Parameter delimiter: nil to find it: that of comma, semicolon and tab which the header
    ///   has most of outside quotes.
    init(_ buffer: InputBuffer, delimiter: UInt8?, file: String) throws(ImportError) {
        var start = buffer.start
        let text = buffer.text
        if buffer.end - start >= 3, text[start] == 0xef, text[start + 1] == 0xbb,
            text[start + 2] == 0xbf
        {
            start += 3
        }
        while start < buffer.end, text[start] == 10 || text[start] == 13 { start += 1 }
        guard let lineEnd = Self.lineEnd(text, start, buffer.end) else {
            throw ImportError(
                buffer.end - start == 0
                    ? "is empty; a header line expected" : "has no end of the header line",
                file: file, line: 1)
        }
        let found = delimiter ?? Self.delimiter(text, start, lineEnd)
        self.delimiter = found
        end = lineEnd + 1
        var names: [String] = []
        var bytes: [UInt8] = []
        var isQuoted = false
        for index in start...lineEnd {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if index == lineEnd || (byte == found && !isQuoted) {
                while let last = bytes.last, last == 13 || last == 32 { bytes.removeLast() }
                let name = String(decoding: bytes.drop { $0 == 32 }, as: UTF8.self)
                names.append(name.isEmpty ? "column\(names.count + 1)" : name)
                bytes = []
            } else {
                bytes.append(byte)
            }
        }
        self.names = names
        var seen: Set<[UInt8]> = []
        for name in names where !seen.insert(Array(name.utf8)).inserted {
            throw ImportError("two columns are named \"\(name)\"", file: file, line: 1)
        }
    }

    private static func lineEnd(_ text: TextBytes, _ start: Int, _ end: Int) -> Int? {
        var isQuoted = false
        for index in start..<max(start, end) {
            if text[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if text[index] == 10 && !isQuoted { return index }
        }
        return nil
    }

    private static func delimiter(_ text: TextBytes, _ start: Int, _ end: Int) -> UInt8 {
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        for index in start..<end {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted { counts[byte, default: 0] += 1 }
        }
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
        let best = candidates.max { counts[$0, default: 0] < counts[$1, default: 0] }
        guard let best, counts[best, default: 0] > 0 else { return UInt8(ascii: ",") }
        return best
    }
}
