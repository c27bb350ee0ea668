/// Text that is not a statement: what was expected, what stood there, and where.
package struct SyntaxError: Error, Sendable {
    /// What was expected and what stood there, in one line without the place.
    package let message: String
    package let span: SourceSpan
    /// PostgreSQL's code: 42601 for grammar, 0A000 for what Belfry does not do yet, 54001 for too
    /// deep a nesting, 54000 for too long a text.
    package let sqlState: String
    package let hint: String?
    /// Whether more text could mend it: an open quote or comment.
    package let isUnfinished: Bool

    package init(
        _ message: String, at span: SourceSpan, sqlState: String = "42601", hint: String? = nil,
        isUnfinished: Bool = false
    ) {
        self.message = message
        self.span = span
        self.sqlState = sqlState
        self.hint = hint
        self.isUnfinished = isUnfinished
    }

    /// The message, the line it speaks of with carets below the place, and the hint.
    package func rendered(in sql: String) -> String {
        var text = "\(message)\n\(span.excerpt(in: sql))"
        if let hint { text += "\nhint: \(hint)" }
        return text
    }
}

extension SourceSpan {
    /// The number of the line in which the span starts, from 1.
    package func lineNumber(in sql: String) -> Int {
        var number = 1
        for byte in sql.utf8.prefix(startOffset) where byte == 10 { number += 1 }
        return number
    }

    /// Two lines of text: the line in which the span starts, with its number before it, and
    /// carets below the span as far as it is in that line. A long line is cut to what is near.
    package func excerpt(in sql: String) -> String {
        let bytes = Array(sql.utf8)
        let start = min(startOffset, bytes.count)
        let end = min(max(endOffset, start), bytes.count)
        let lineStart = bytes[..<start].lastIndex(of: 10).map { $0 + 1 } ?? 0
        let lineEnd = bytes[start...].firstIndex(of: 10) ?? bytes.count
        let before = SourceSpan.printable(bytes[lineStart..<start])
        let marked = SourceSpan.printable(bytes[start..<max(start, min(end, lineEnd))])
        let after = SourceSpan.printable(bytes[max(start, min(end, lineEnd))..<lineEnd])

        let contextCount = 60
        var left = before
        if before.count > contextCount { left = ["…"] + before.suffix(contextCount) }
        let middle = marked.count > contextCount ? Array(marked.prefix(contextCount)) : marked
        var right = marked.count > contextCount ? ["…"] : after
        if right.count > contextCount { right = right.prefix(contextCount) + ["…"] }

        let label = "line \(lineNumber(in: sql)): "
        let carets = String(repeating: "^", count: max(1, middle.count))
        let indent = String(repeating: " ", count: label.count + left.count)
        return "\(label)\(String(left + middle + right))\n\(indent)\(carets)"
    }

    /// Characters that take one column each in a terminal: tabs and controls become spaces.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> [Character] {
        String(decoding: bytes, as: UTF8.self).map { character in
            character.asciiValue.map { $0 < 32 || $0 == 127 } == true ? " " : character
        }
    }
}
