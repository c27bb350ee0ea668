import Glibc

/// Lines from standard input: plain ones from a pipe; with editing, history and completion at a
/// terminal.
///
/// Keys: arrows, Home, End, Backspace, Delete, Tab; Ctrl-A, -E, -K, -U, -W, -L; Ctrl-C gives the
/// statement up, Ctrl-D on an empty line ends.
struct LineReader {
    enum Event {
        case line(String)
        case interrupted
        case end
    }

    /// What Tab completes, besides keywords.
    var words: [String] = []
    private let isInteractive: Bool
    private var history: [String] = []
    private static let historyLimit = 1_000
    private static let keywords = [
        "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "SAMPLE BY", "FILL",
        "LATEST BY",
        "ASOF JOIN", "ALIGN JOIN", "USING", "TOLERANCE", "TIME ZONE", "CREATE TABLE", "INSERT INTO",
        "VALUES", "EXPLAIN", "DESCRIBE", "SHOW TABLES", "HAVING", "DISTINCT", "UPDATE",
        "DELETE FROM", "TRUNCATE", "ALTER TABLE", "RETURNING", "ON CONFLICT", "ON DUPLICATE",
        "SHOW PARTITIONS", "SHOW SEGMENTS", "SHOW SIZES", "SHOW TOMBSTONES", "SHOW HEALTH",
        "SHOW RECOVERY",
        "SHOW EVENTS", "CHECKPOINT", "CONFIRM CLOCK",
    ]

    init(isInteractive: Bool) { self.isInteractive = isInteractive }

    mutating func readLine(prompt: String) -> Event {
        guard isInteractive, let mode = RawMode() else {
            guard let line = Swift.readLine(strippingNewline: true) else { return .end }
            return .line(line)
        }
        defer { mode.restore() }
        let event = edit(prompt: prompt)
        if case .line(let line) = event, !line.isEmpty, history.last != line {
            history.append(line)
            if history.count > Self.historyLimit { history.removeFirst() }
        }
        return event
    }

    // MARK: - Editing

    private struct Line {
        var characters: [Character] = []
        var cursor = 0

        mutating func insert(_ character: Character) {
            characters.insert(character, at: cursor)
            cursor += 1
        }

        mutating func replace(_ text: String) {
            characters = Array(text)
            cursor = characters.count
        }
    }

    private func edit(prompt: String) -> Event {
        var line = Line()
        var place = history.count
        var draft = ""
        draw(prompt, line)
        while true {
            guard let key = Key.read() else { return .end }
            switch key {
            case .enter:
                line.cursor = line.characters.count
                draw(prompt, line)
                put("\r\n")
                return .line(String(line.characters))
            case .interrupt:
                put("^C\r\n")
                return .interrupted
            case .endOfInput:
                if line.characters.isEmpty { return .end }
                if line.cursor < line.characters.count { line.characters.remove(at: line.cursor) }
            case .character(let character): line.insert(character)
            case .backspace:
                if line.cursor > 0 {
                    line.cursor -= 1
                    line.characters.remove(at: line.cursor)
                }
            case .delete:
                if line.cursor < line.characters.count { line.characters.remove(at: line.cursor) }
            case .left: line.cursor = max(0, line.cursor - 1)
            case .right: line.cursor = min(line.characters.count, line.cursor + 1)
            case .home: line.cursor = 0
            case .end: line.cursor = line.characters.count
            case .killToEnd: line.characters.removeSubrange(line.cursor...)
            case .killToStart:
                line.characters.removeSubrange(..<line.cursor)
                line.cursor = 0
            case .killWord:
                while line.cursor > 0 && line.characters[line.cursor - 1] == " " {
                    line.cursor -= 1
                    line.characters.remove(at: line.cursor)
                }
                while line.cursor > 0 && line.characters[line.cursor - 1] != " " {
                    line.cursor -= 1
                    line.characters.remove(at: line.cursor)
                }
            case .clear: put("\u{1B}[2J\u{1B}[H")
            case .up:
                if place == history.count { draft = String(line.characters) }
                if place > 0 {
                    place -= 1
                    line.replace(history[place])
                }
            case .down:
                if place < history.count {
                    place += 1
                    line.replace(place == history.count ? draft : history[place])
                }
            case .tab: complete(&line)
            case .other: break
            }
            draw(prompt, line)
        }
    }

    private func complete(_ line: inout Line) {
        var start = line.cursor
        while start > 0,
            line.characters[start - 1].isLetter || line.characters[start - 1].isNumber
                || line.characters[start - 1] == "_" || line.characters[start - 1] == "."
        {
            start -= 1
        }
        let prefix = String(line.characters[start..<line.cursor])
        guard !prefix.isEmpty else { return }
        let candidates =
            prefix.hasPrefix(".") && start == 0
            ? DotCommand.all.map(\.name) : words + Self.keywords
        let found = Set(candidates.filter { $0.lowercased().hasPrefix(prefix.lowercased()) })
        guard var common = found.first else { return }
        for word in found { common = Self.commonPrefix(common, word) }
        if found.count == 1 { common += " " }
        if common.count > prefix.count {
            line.characters.replaceSubrange(start..<line.cursor, with: Array(common))
            line.cursor = start + common.count
        } else if found.count > 1 {
            put("\r\n" + found.sorted().prefix(40).joined(separator: "  ") + "\r\n")
        }
    }

    private static func commonPrefix(_ first: String, _ second: String) -> String {
        var result = ""
        for (a, b) in zip(first, second) {
            guard a.lowercased() == b.lowercased() else { break }
            result.append(a)
        }
        return result
    }

    private func draw(_ prompt: String, _ line: Line) {
        // A line longer than the terminal shows the part around the cursor.
        let room = max(10, Terminal.width - prompt.count - 1)
        let first = max(0, line.cursor - room)
        let shown = String(line.characters[first..<min(line.characters.count, first + room)])
        let column = prompt.count + TextWidth.of(String(line.characters[first..<line.cursor]))
        put("\r\(prompt)\(shown)\u{1B}[K\r" + (column > 0 ? "\u{1B}[\(column)C" : ""))
    }

    private func put(_ text: String) { _ = Terminal.write(Array(text.utf8), to: STDOUT_FILENO) }
}

/// A key press.
private enum Key {
    case character(Character)
    case enter, interrupt, endOfInput, backspace, delete, left, right, up, down, home, end, tab
    case killToEnd, killToStart, killWord, clear, other

    static func read() -> Key? {
        guard let byte = readByte() else { return nil }
        switch byte {
        case 1: return .home
        case 2: return .left
        case 3: return .interrupt
        case 4: return .endOfInput
        case 5: return .end
        case 6: return .right
        case 8, 127: return .backspace
        case 9: return .tab
        case 10, 13: return .enter
        case 11: return .killToEnd
        case 12: return .clear
        case 14: return .down
        case 16: return .up
        case 21: return .killToStart
        case 23: return .killWord
        case 27: return readEscape()
        case 0..<32: return .other
        case 32..<127: return .character(Character(Unicode.Scalar(byte)))
        default: return readCharacter(first: byte)
        }
    }

    private static func readEscape() -> Key? {
        guard let bracket = readByte() else { return nil }
        guard bracket == 91 || bracket == 79, let code = readByte() else { return .other }
        switch code {
        case 65: return .up
        case 66: return .down
        case 67: return .right
        case 68: return .left
        case 70: return .end
        case 72: return .home
        case 48...57:
            var last: UInt8? = code
            while let byte = last, byte != 126 && byte < 64 { last = readByte() }
            return code == 51 ? .delete : code == 49 || code == 55 ? .home : .end
        default: return .other
        }
    }

    private static func readCharacter(first: UInt8) -> Key? {
        let count = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1
        var bytes = [first]
        for _ in 0..<count {
            guard let byte = readByte() else { return nil }
            bytes.append(byte)
        }
        guard let character = String(decoding: bytes, as: UTF8.self).first else { return .other }
        return .character(character)
    }

    private static func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &byte, 1)
            if count == 1 { return byte }
            if count < 0 && errno == EINTR { continue }
            return nil
        }
    }
}

/// The terminal without echo and line buffering, until it is restored.
private struct RawMode {
    private var saved = termios()

    init?() {
        guard unsafe tcgetattr(STDIN_FILENO, &saved) == 0 else { return nil }
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        guard unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0 else { return nil }
    }

    func restore() {
        var mode = saved
        unsafe _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }
}
