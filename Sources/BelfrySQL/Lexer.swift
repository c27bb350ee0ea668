/// UTF-8 to tokens.
///
/// Comments (`--` to the end of the line, `/* */` nested) and blanks vanish. Strings come in three
/// forms: `'it''s'`, `E'a\n'` and `$tag$ … $tag$`; two of the first form with a line break between
/// them are one. The last token is always `end`.
struct Lexer {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ sql: String) {
        bytes = Array(sql.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    static func tokens(of sql: String) throws(SyntaxError) -> [Token] {
        var lexer = Lexer(sql)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    /// Which byte comes `ahead` bytes from here; zero past the end, which is in no token.
    private func peek(_ ahead: Int = 0) -> UInt8 {
        offset + ahead < bytes.count ? bytes[offset + ahead] : 0
    }

    private func span(from start: Int) -> SourceSpan { SourceSpan(start, offset) }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private mutating func next() throws(SyntaxError) -> Token {
        try skipBlanksAndComments()
        let start = offset
        guard offset < bytes.count else { return Token(.end, span: span(from: start)) }
        let byte = bytes[offset]
        switch byte {
        case UInt8(ascii: "'"):
            return Token(.string, text: try quotedString(), span: span(from: start))
        case UInt8(ascii: "\""):
            return Token(.quotedName, text: try quotedName(), span: span(from: start))
        case UInt8(ascii: "e") where peek(1) == UInt8(ascii: "'"),
            UInt8(ascii: "E") where peek(1) == UInt8(ascii: "'"):
            offset += 1
            let text = try escapedString(from: start)
            return Token(.string, text: text, span: span(from: start))
        case UInt8(ascii: "$"):
            return try dollar()
        case UInt8(ascii: ":") where Lexer.startsWord(peek(1)):
            offset += 1
            let name = word()
            return Token(.namedParameter, text: name, span: span(from: start))
        case UInt8(ascii: ".") where Lexer.isDigit(peek(1)):
            return try number()
        default:
            if Lexer.isDigit(byte) { return try number() }
            if Lexer.startsWord(byte) {
                let text = word()
                let keyword = Keyword(folded: foldedToLowerCase(text))
                return Token(.word, keyword: keyword, text: text, span: span(from: start))
            }
            return try symbol()
        }
    }

    // MARK: - Blanks and comments

    private mutating func skipBlanksAndComments() throws(SyntaxError) {
        while offset < bytes.count {
            let byte = bytes[offset]
            if Lexer.isBlank(byte) {
                offset += 1
            } else if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
                while offset < bytes.count, bytes[offset] != 10 { offset += 1 }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(SyntaxError) {
        let start = offset
        var openCount = 0
        repeat {
            if offset >= bytes.count {
                throw SyntaxError(
                    "this comment is never closed", at: SourceSpan(start, start + 2),
                    isUnfinished: true)
            }
            if peek() == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                openCount += 1
                offset += 2
            } else if peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                openCount -= 1
                offset += 2
            } else {
                offset += 1
            }
        } while openCount > 0
    }

    // MARK: - Words and numbers

    private mutating func word() -> String {
        let start = offset
        while offset < bytes.count, Lexer.continuesWord(bytes[offset]) { offset += 1 }
        return text(start..<offset)
    }

    private mutating func number() throws(SyntaxError) -> Token {
        let start = offset
        var kind = Token.Kind.integer
        skipDigits()
        if peek() == UInt8(ascii: ".") {
            kind = .decimal
            offset += 1
            skipDigits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            let hasSign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if Lexer.isDigit(peek(hasSign ? 2 : 1)) {
                kind = .decimal
                offset += hasSign ? 2 : 1
                skipDigits()
            }
        }
        if Lexer.startsWord(peek()) {
            while Lexer.continuesWord(peek()) { offset += 1 }
            throw SyntaxError(
                "\"\(text(start..<offset))\" is neither a number nor a name",
                at: span(from: start),
                hint: "a name that starts with a digit needs double quotes")
        }
        return Token(kind, text: text(start..<offset), span: span(from: start))
    }

    private mutating func skipDigits() {
        while Lexer.isDigit(peek()) { offset += 1 }
    }

    private mutating func symbol() throws(SyntaxError) -> Token {
        let start = offset
        for length in [3, 2, 1] where offset + length <= bytes.count {
            var sign = text(offset..<offset + length)
            if sign == "!=" { sign = "<>" }
            if let symbol = Token.Symbol(rawValue: sign) {
                offset += length
                return Token(.symbol(symbol), text: sign, span: span(from: start))
            }
        }
        offset += 1
        let character = text(start..<offset)
        throw SyntaxError(
            "the character \(character.debugDescription) has no meaning here",
            at: span(from: start))
    }

    // MARK: - Quotes

    private func unterminated(_ what: String, at start: Int) -> SyntaxError {
        SyntaxError(
            "\(what) is never closed", at: SourceSpan(start, min(start + 1, bytes.count)),
            isUnfinished: true)
    }

    private mutating func quotedName() throws(SyntaxError) -> String {
        let start = offset
        let content = try quoted(by: UInt8(ascii: "\""), "this quoted name")
        if content.isEmpty {
            throw SyntaxError("a quoted name cannot be empty", at: span(from: start))
        }
        return try checkedText(content, from: start)
    }

    private mutating func quotedString() throws(SyntaxError) -> String {
        let start = offset
        var content: [UInt8] = []
        repeat {
            content += try quoted(by: UInt8(ascii: "'"), "this string")
        } while skipToContinuation()
        return try checkedText(content, from: start)
    }

    /// What stands between two quotes, doubled ones made single.
    private mutating func quoted(by quote: UInt8, _ what: String) throws(SyntaxError) -> [UInt8] {
        let start = offset
        var content: [UInt8] = []
        offset += 1
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == quote {
                if peek() != quote { return content }
                offset += 1
            }
            content.append(byte)
        }
        throw unterminated(what, at: start)
    }

    /// Steps to the quote of a string that continues the last one: blanks with a line break lie
    /// between them.
    private mutating func skipToContinuation() -> Bool {
        var ahead = 0
        var hasLineBreak = false
        while Lexer.isBlank(peek(ahead)) {
            if peek(ahead) == 10 { hasLineBreak = true }
            ahead += 1
        }
        guard hasLineBreak, peek(ahead) == UInt8(ascii: "'") else { return false }
        offset += ahead
        return true
    }

    private mutating func escapedString(from start: Int) throws(SyntaxError) -> String {
        var content: [UInt8] = []
        offset += 1
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "'") {
                if peek() != UInt8(ascii: "'") { return try checkedText(content, from: start) }
                offset += 1
                content.append(byte)
            } else if byte == UInt8(ascii: "\\") {
                guard offset < bytes.count else { break }
                try appendEscape(to: &content)
            } else {
                content.append(byte)
            }
        }
        throw unterminated("this string", at: start)
    }

    private mutating func appendEscape(to content: inout [UInt8]) throws(SyntaxError) {
        let start = offset - 1
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "b"): content.append(8)
        case UInt8(ascii: "f"): content.append(12)
        case UInt8(ascii: "n"): content.append(10)
        case UInt8(ascii: "r"): content.append(13)
        case UInt8(ascii: "t"): content.append(9)
        case UInt8(ascii: "x"):
            guard let value = digits(radix: 16, atMost: 2) else { content.append(byte); return }
            content.append(UInt8(truncatingIfNeeded: value))
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            offset -= 1
            content.append(UInt8(truncatingIfNeeded: digits(radix: 8, atMost: 3) ?? 0))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "u") ? 4 : 8
            let digitStart = offset
            guard let value = digits(radix: 16, atMost: count), offset == digitStart + count,
                let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init)
            else {
                throw SyntaxError(
                    "expected \(count) hexadecimal digits of a Unicode character",
                    at: span(from: start), sqlState: "22025")
            }
            content += Array(String(Character(scalar)).utf8)
        default: content.append(byte)
        }
    }

    private mutating func digits(radix: Int, atMost count: Int) -> Int? {
        var value: Int?
        for _ in 0..<count {
            guard let digit = Character(Unicode.Scalar(peek())).hexDigitValue, digit < radix else {
                break
            }
            value = (value ?? 0) * radix + digit
            offset += 1
        }
        return value
    }

    /// `$1`, `$$text$$` or `$tag$text$tag$`.
    private mutating func dollar() throws(SyntaxError) -> Token {
        let start = offset
        offset += 1
        if Lexer.isDigit(peek()) {
            let digitStart = offset
            skipDigits()
            let digits = text(digitStart..<offset)
            guard let number = Int(digits), number >= 1, number <= 65_535 else {
                throw SyntaxError(
                    "a parameter's number is 1 to 65535", at: span(from: start), sqlState: "42P02")
            }
            return Token(.positionalParameter, text: String(number), span: span(from: start))
        }
        while Lexer.continuesWord(peek()), peek() != UInt8(ascii: "$") { offset += 1 }
        guard peek() == UInt8(ascii: "$") else {
            throw SyntaxError(
                "expected a parameter such as $1 or a string such as $$text$$",
                at: SourceSpan(start, start + 1))
        }
        offset += 1
        let tag = bytes[start..<offset]
        let contentStart = offset
        while offset + tag.count <= bytes.count {
            if bytes[offset] == UInt8(ascii: "$"), bytes[offset...].starts(with: tag) {
                let content = Array(bytes[contentStart..<offset])
                offset += tag.count
                return Token(
                    .string, text: try checkedText(content, from: start), span: span(from: start))
            }
            offset += 1
        }
        throw unterminated("this string", at: start)
    }

    private func checkedText(_ content: [UInt8], from start: Int) throws(SyntaxError) -> String {
        guard !content.contains(0), let text = String(validating: content, as: UTF8.self) else {
            throw SyntaxError(
                "this text is not valid UTF-8, or holds a zero byte", at: span(from: start),
                sqlState: "22021")
        }
        return text
    }

    // MARK: - Characters

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    static func startsWord(_ byte: UInt8) -> Bool {
        (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte == UInt8(ascii: "_")
            || byte >= 128
    }

    static func continuesWord(_ byte: UInt8) -> Bool {
        startsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }
}
