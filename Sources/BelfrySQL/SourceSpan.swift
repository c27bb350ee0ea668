/// Where something stood in the text of a statement: a half-open range of UTF-8 byte offsets.
///
/// Every node of the tree that can be the subject of an error has one, always relative to the
/// whole text that was given to the parser, also when that text held several statements.
package struct SourceSpan: Sendable, Hashable {
    package let startOffset: Int
    package let endOffset: Int

    package init(_ startOffset: Int, _ endOffset: Int) {
        precondition(startOffset <= endOffset, "a span does not end before it starts")
        self.startOffset = startOffset
        self.endOffset = endOffset
    }

    /// The smallest span that covers both.
    package func through(_ other: SourceSpan) -> SourceSpan {
        SourceSpan(min(startOffset, other.startOffset), max(endOffset, other.endOffset))
    }
}

/// A name as the statement wrote it.
package struct Name: Sendable {
    /// What was written, without its quotes.
    package let text: String
    package let isQuoted: Bool
    package let span: SourceSpan

    package init(text: String, isQuoted: Bool = false, span: SourceSpan) {
        self.text = text
        self.isQuoted = isQuoted
        self.span = span
    }

    /// The name to look up: a quoted one as it is, any other with its ASCII letters in lower case.
    package var folded: String { isQuoted ? text : foldedToLowerCase(text) }
}

/// A table's or function's name, with the schema where one was given.
package struct QualifiedName: Sendable {
    package let schema: Name?
    package let name: Name

    package init(schema: Name? = nil, name: Name) {
        self.schema = schema
        self.name = name
    }

    package var span: SourceSpan { schema.map { $0.span.through(name.span) } ?? name.span }
}

/// The text with its ASCII letters in lower case and everything else untouched.
package func foldedToLowerCase(_ text: String) -> String {
    var bytes = Array(text.utf8)
    for index in bytes.indices where bytes[index] >= 65 && bytes[index] <= 90 {
        bytes[index] += 32
    }
    return String(decoding: bytes, as: UTF8.self)
}
