/// Cuts text into statements at semicolons that stand outside quotes and comments, without judging
/// what the statements say: how the shell knows whether to go on reading, and how a script is fed
/// statement by statement.
package struct StatementSplitter {
    private var bytes: [UInt8] = []
    /// How far `bytes` has been looked at; always outside quotes and comments.
    private var offset = 0

    package init() {}

    package mutating func append(_ text: String) { bytes += Array(text.utf8) }

    /// The next whole statement with its semicolon; nil where more text is needed.
    package mutating func next() -> String? {
        while let end = StatementSplitter.endOfPiece(in: bytes, from: offset) {
            let isSemicolon = bytes[offset] == UInt8(ascii: ";")
            offset = end
            if isSemicolon {
                let statement = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeFirst(end)
                offset = 0
                return statement
            }
        }
        return nil
    }

    /// What no semicolon has ended yet.
    package var rest: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the text ends with a whole statement: nothing but blanks and comments follow its
    /// last semicolon. Text without any statement is not complete.
    package static func isComplete(_ text: String) -> Bool {
        var splitter = StatementSplitter()
        splitter.append(text)
        var hasStatement = false
        while splitter.next() != nil { hasStatement = true }
        return hasStatement && isBlank(splitter.rest)
    }

    /// Whether there is nothing but blanks and closed comments.
    package static func isBlank(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            guard let end = endOfPiece(in: bytes, from: offset, atEnd: true) else { return false }
            let isComment = end - offset >= 2
            if !isComment, !Lexer.isBlank(bytes[offset]) { return false }
            if isComment, bytes[offset] != UInt8(ascii: "-"), bytes[offset] != UInt8(ascii: "/") {
                return false
            }
            offset = end
        }
        return true
    }

    /// Where the quote, comment, word or single byte that starts at the offset ends; nil at the
    /// end, and for what is still open there.
    private static func endOfPiece(
        in bytes: [UInt8], from start: Int, atEnd: Bool = false
    ) -> Int? {
        guard start < bytes.count else { return nil }
        let byte = bytes[start]
        let following = start + 1 < bytes.count ? bytes[start + 1] : 0
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            return endOfQuote(in: bytes, from: start, escapes: false)
        case UInt8(ascii: "e") where following == UInt8(ascii: "'"),
            UInt8(ascii: "E") where following == UInt8(ascii: "'"):
            return endOfQuote(in: bytes, from: start + 1, escapes: true)
        case UInt8(ascii: "-") where following == UInt8(ascii: "-"):
            let lineBreak = bytes[start...].firstIndex(of: 10)
            return lineBreak.map { $0 + 1 } ?? (atEnd ? bytes.count : nil)
        case UInt8(ascii: "/") where following == UInt8(ascii: "*"):
            return endOfComment(in: bytes, from: start)
        case UInt8(ascii: "$"):
            return endOfDollarQuote(in: bytes, from: start)
        default:
            guard Lexer.continuesWord(byte) else { return start + 1 }
            var end = start + 1
            while end < bytes.count, Lexer.continuesWord(bytes[end]) { end += 1 }
            return end
        }
    }

    private static func endOfQuote(in bytes: [UInt8], from start: Int, escapes: Bool) -> Int? {
        var offset = start + 1
        while offset < bytes.count {
            if escapes, bytes[offset] == UInt8(ascii: "\\") {
                offset += 2
            } else if bytes[offset] == bytes[start] {
                // Without escapes a doubled quote may be read as two quoted pieces.
                if !escapes { return offset + 1 }
                guard offset + 1 < bytes.count else { return nil }
                if bytes[offset + 1] != bytes[start] { return offset + 1 }
                offset += 2
            } else {
                offset += 1
            }
        }
        return nil
    }

    private static func endOfComment(in bytes: [UInt8], from start: Int) -> Int? {
        var openCount = 0
        var offset = start
        while offset + 1 < bytes.count {
            if bytes[offset] == UInt8(ascii: "/"), bytes[offset + 1] == UInt8(ascii: "*") {
                openCount += 1
                offset += 2
            } else if bytes[offset] == UInt8(ascii: "*"), bytes[offset + 1] == UInt8(ascii: "/") {
                openCount -= 1
                offset += 2
                if openCount == 0 { return offset }
            } else {
                offset += 1
            }
        }
        return nil
    }

    private static func endOfDollarQuote(in bytes: [UInt8], from start: Int) -> Int? {
        var tagEnd = start + 1
        if tagEnd < bytes.count, Lexer.isDigit(bytes[tagEnd]) { return tagEnd }
        while tagEnd < bytes.count, Lexer.continuesWord(bytes[tagEnd]),
            bytes[tagEnd] != UInt8(ascii: "$")
        {
            tagEnd += 1
        }
        guard tagEnd < bytes.count, bytes[tagEnd] == UInt8(ascii: "$") else { return start + 1 }
        let tag = bytes[start...tagEnd]
        var offset = tagEnd + 1
        while offset + tag.count <= bytes.count {
            if bytes[offset] == UInt8(ascii: "$"), bytes[offset...].starts(with: tag) {
                return offset + tag.count
            }
            offset += 1
        }
        return nil
    }
}
