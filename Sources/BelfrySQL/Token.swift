/// One word, literal or sign of a statement, and where it stood.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        /// An unquoted word; `keyword` says whether the grammar knows it.
        case word
        case quotedName
        /// Digits alone.
        case integer
        /// A number with a point or an exponent.
        case decimal
        /// A string of any of the three forms, its quotes and escapes resolved.
        case string
        /// `$1`; the text is the digits.
        case positionalParameter
        /// `:name`; the text is the name.
        case namedParameter
        case symbol(Symbol)
        /// Behind the last token.
        case end
    }

    enum Symbol: String, Sendable, Hashable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBracket = "["
        case rightBracket = "]"
        case comma = ","
        case semicolon = ";"
        case dot = "."
        case castSign = "::"
        case plus = "+"
        case minus = "-"
        case star = "*"
        case slash = "/"
        case percent = "%"
        case caret = "^"
        case bars = "||"
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case tilde = "~"
        case tildeStar = "~*"
        case notTilde = "!~"
        case notTildeStar = "!~*"
    }

    let kind: Kind
    let keyword: Keyword?
    let text: String
    let span: SourceSpan

    init(_ kind: Kind, keyword: Keyword? = nil, text: String = "", span: SourceSpan) {
        self.kind = kind
        self.keyword = keyword
        self.text = text
        self.span = span
    }

    /// What an error says stood there.
    var description: String {
        switch kind {
        case .word: keyword.map(\.text) ?? "\"\(shortened)\""
        case .quotedName: "the name \"\(shortened)\""
        case .integer, .decimal: "the number \(shortened)"
        case .string: "the string '\(shortened)'"
        case .positionalParameter: "$\(text)"
        case .namedParameter: ":\(shortened)"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end of the text"
        }
    }

    private var shortened: String {
        text.count <= 40 ? text : "\(text.prefix(37))..."
    }
}
