internal import BelfryQuery
internal import BelfrySQL
internal import BelfryStorage

/// The one error that the library throws.
///
/// A struct, so that it can grow: a SQLSTATE (PostgreSQL's where it has one), a sentence, and,
/// where a statement is to blame, the place in its text and advice.
public struct BelfryError: Error, Sendable, CustomStringConvertible {
    /// Five characters, PostgreSQL's SQLSTATE: `42703` an unknown column, `XX001` damage, …
    public let code: String
    /// What is wrong and what was expected.
    public let message: String
    /// UTF-8 byte offsets into the statement's text.
    public let range: Range<Int>?
    public let hint: String?
    /// The statement's text, where it is known, so that `description` can point into it.
    public let statement: String?

    public init(
        code: String, message: String, range: Range<Int>? = nil, hint: String? = nil,
        statement: String? = nil
    ) {
        self.code = code
        self.message = message
        self.range = range
        self.hint = hint
        self.statement = statement
    }

    init(_ error: QueryError, in sql: String?) {
        self.init(
            code: error.code, message: error.message,
            range: error.span.map { $0.startOffset..<$0.endOffset }, hint: error.hint,
            statement: sql)
    }

    init(_ error: StorageError) {
        self.init(QueryError(error), in: nil)
    }

    init(_ error: SyntaxError, in sql: String) {
        self.init(QueryError(error), in: sql)
    }

    /// Message, place with a caret, and hint, on lines of their own.
    public var description: String {
        var lines = ["error \(code): \(message)"]
        if let statement, let range { lines += CaretText.lines(of: statement, at: range) }
        if let hint { lines.append("hint: \(hint)") }
        return lines.joined(separator: "\n")
    }
}

/// The line of a text in which a range begins, and a caret below it.
enum CaretText {
    private static let byteCountBefore = 80
    private static let byteCountShown = 140

    /// The start of the character that a byte belongs to.
    private static func characterStart(_ bytes: [UInt8], _ offset: Int) -> Int {
        var start = offset
        while start > 0 && start < bytes.count && bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    static func lines(of text: String, at range: Range<Int>) -> [String] {
        let bytes = Array(text.utf8)
        let start = min(max(range.lowerBound, 0), bytes.count)
        let lineStart = bytes[..<start].lastIndex(of: 10).map { $0 + 1 } ?? 0
        let lineEnd = bytes[start...].firstIndex(of: 10) ?? bytes.count
        let number = bytes[..<start].count { $0 == 10 } + 1
        // Of a long line, what stands around the place.
        let shownStart = characterStart(bytes, max(lineStart, start - byteCountBefore))
        let shownEnd = characterStart(bytes, min(lineEnd, shownStart + byteCountShown))
        let line =
            (shownStart > lineStart ? "…" : "")
            + String(decoding: bytes[shownStart..<max(shownStart, shownEnd)], as: UTF8.self)
            + (shownEnd < lineEnd ? "…" : "")
        let before =
            (shownStart > lineStart ? "…" : "")
            + String(decoding: bytes[shownStart..<max(shownStart, start)], as: UTF8.self)
        let markedEnd = max(start, min(range.upperBound, shownEnd))
        let marked = String(decoding: bytes[start..<markedEnd], as: UTF8.self)
        let prefix = "line \(number): "
        // Tabs stay tabs, so that the caret stands below its word in any terminal.
        let indent = String(before.map { $0 == "\t" ? "\t" : " " })
        return [
            prefix + line,
            String(repeating: " ", count: prefix.count) + indent
                + String(repeating: "^", count: max(1, marked.count)),
        ]
    }
}
