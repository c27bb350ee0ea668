/// A LIKE pattern made ready: the pieces between its `%`, each found from left to right.
///
/// The first piece must stand at the start, the last at the end, and each one between at its
/// first place behind the one before; taking the first place is never wrong. A piece of plain
/// bytes is searched without going back (Knuth, Morris, Pratt), so a text costs its length; only a
/// piece with `_`, which is one character of UTF-8, is tried at each place.
struct LikePattern: Sendable {
    private struct Piece: Sendable {
        /// A byte, or nil for any one character.
        var units: [UInt8?] = []
        /// For plain pieces: how much of the piece still matches after a mismatch behind `i` bytes.
        var failures: [Int] = []
        var isPlain = true
    }

    private let pieces: [Piece]
    private let ignoresCase: Bool

    /// - Parameter escape: the byte that makes the next one ordinary; nil for none.
    init(_ pattern: ArraySlice<UInt8>, escape: UInt8? = UInt8(ascii: "\\"), ignoresCase: Bool)
        throws(QueryError)
    {
        self.ignoresCase = ignoresCase
        let bytes = ignoresCase ? Self.folded(pattern) : Array(pattern)
        var pieces: [Piece] = []
        var piece = Piece()
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == escape {
                guard index < bytes.count else {
                    throw QueryError("22025", "LIKE pattern must not end with escape character")
                }
                piece.units.append(bytes[index])
                index += 1
            } else if byte == UInt8(ascii: "%") {
                pieces.append(piece)
                piece = Piece()
            } else if byte == UInt8(ascii: "_") {
                piece.units.append(nil)
                piece.isPlain = false
            } else {
                piece.units.append(byte)
            }
        }
        pieces.append(piece)
        for index in pieces.indices where pieces[index].isPlain {
            pieces[index].failures = Self.failures(pieces[index].units)
        }
        self.pieces = pieces
    }

    func matches(_ text: ArraySlice<UInt8>) -> Bool {
        if ignoresCase {
            let folded = Self.folded(text)
            return matchesBytes(folded[...])
        }
        return matchesBytes(text)
    }

    private func matchesBytes(_ text: ArraySlice<UInt8>) -> Bool {
        guard let behindFirst = Self.end(of: pieces[0], in: text, at: text.startIndex) else {
            return false
        }
        if pieces.count == 1 { return behindFirst == text.endIndex }
        guard let lastStart = Self.start(of: pieces[pieces.count - 1], endingIn: text),
            lastStart >= behindFirst
        else { return false }
        var place = behindFirst
        let inner = text[..<lastStart]
        for piece in pieces.dropFirst().dropLast() {
            guard let behind = Self.find(piece, in: inner, from: place) else { return false }
            place = behind
        }
        return true
    }

    /// The index behind the piece if it stands at `start`.
    private static func end(of piece: Piece, in text: ArraySlice<UInt8>, at start: Int) -> Int? {
        var index = start
        for unit in piece.units {
            guard index < text.endIndex else { return nil }
            if let unit {
                if text[index] != unit { return nil }
                index += 1
            } else {
                index += 1
                while index < text.endIndex && text[index] & 0xC0 == 0x80 { index += 1 }
            }
        }
        return index
    }

    /// Where the piece begins if it stands at the end.
    private static func start(of piece: Piece, endingIn text: ArraySlice<UInt8>) -> Int? {
        var index = text.endIndex
        for unit in piece.units.reversed() {
            guard index > text.startIndex else { return nil }
            index -= 1
            if let unit {
                if text[index] != unit { return nil }
            } else {
                while index > text.startIndex && text[index] & 0xC0 == 0x80 { index -= 1 }
            }
        }
        return index
    }

    /// The index behind the first place of the piece.
    private static func find(_ piece: Piece, in text: ArraySlice<UInt8>, from start: Int) -> Int? {
        if piece.units.isEmpty { return start }
        guard piece.isPlain else {
            var index = start
            while index < text.endIndex {
                if let behind = end(of: piece, in: text, at: index) { return behind }
                index += 1
                while index < text.endIndex && text[index] & 0xC0 == 0x80 { index += 1 }
            }
            return nil
        }
        var matched = 0
        var index = start
        while index < text.endIndex {
            while matched > 0 && piece.units[matched] != text[index] {
                matched = piece.failures[matched - 1]
            }
            if piece.units[matched] == text[index] { matched += 1 }
            index += 1
            if matched == piece.units.count { return index }
        }
        return nil
    }

    private static func failures(_ units: [UInt8?]) -> [Int] {
        var failures = [Int](repeating: 0, count: units.count)
        var matched = 0
        for index in units.indices.dropFirst() {
            while matched > 0 && units[matched] != units[index] { matched = failures[matched - 1] }
            if units[matched] == units[index] { matched += 1 }
            failures[index] = matched
        }
        return failures
    }

    /// Lower case; letters beyond ASCII as Unicode folds them.
    private static func folded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) {
            return text.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
        }
        return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
    }
}
