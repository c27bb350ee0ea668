/// Cuts CSV into fields: delimiters, line ends and quotes are looked for 64 bytes at a time.
///
/// A quote counts only where a field begins; inside, two stand for one, and delimiters and line
/// ends are text. Lines end in LF or CRLF; blank lines are no records. A record with another
/// number of fields than the header is a fault and leaves no row.
struct CSVTokenizer {
    let delimiter: UInt8
    let columnCount: Int

    /// Tokenizes complete records from `start` until the table is full or the input ends.
    /// - Parameter end: where the input ends; at the last piece it ends in a line end.
    /// - Parameter room: where texts with doubled quotes are written with single ones; moves on.
    func tokenize(
        _ text: TextBytes, from start: Int, to end: Int, into table: inout FieldTable,
        room: inout Int, faults: inout [RecordFault]
    ) -> TokenizerProgress {
        var row = table.rowCount
        var place = row * columnCount
        var field = 0
        var rowStart = start
        var fieldStart = start
        var position = start
        let delimiters = UInt64(delimiter) &* Self.ones
        blocks: while position < end {
            var newlines: UInt64 = 0
            var quotes: UInt64 = 0
            var hits: UInt64 = 0
            for step in 0..<UInt64(8) {
                let word = text.word(position + Int(step) * 8)
                let newline = Self.matches(word ^ Self.newlinePattern)
                let quote = Self.matches(word ^ Self.quotePattern)
                let hit = Self.matches(word ^ delimiters) | newline | quote
                newlines |= Self.packed(newline) << (step &* 8)
                quotes |= Self.packed(quote) << (step &* 8)
                hits |= Self.packed(hit) << (step &* 8)
            }
            if end - position < 64 { hits &= (1 << UInt64(end - position)) - 1 }
            while hits != 0 {
                let at = position + hits.trailingZeroBitCount
                let bit = hits & (0 &- hits)
                hits ^= bit
                if bit & quotes != 0 {
                    guard at == fieldStart else { continue }
                    guard
                        let quoted = quotedField(text, from: at, to: end, &room)
                    else { return finish(row, rowStart, needsInput: true, &table) }
                    if quoted.hasText {
                        // Text behind the closing quote: the record ends at the next line end.
                        field = Int.max / 2
                    } else if field < columnCount {
                        table.starts[place] = UInt32(quoted.start) | FieldTable.quotedFlag
                        table.ends[place] = UInt32(quoted.end)
                        place += 1
                    }
                    field += 1
                    position = quoted.next + 1
                    fieldStart = position
                    if !quoted.endsRecord { continue blocks }
                } else if bit & newlines == 0 {
                    if field < columnCount {
                        table.starts[place] = UInt32(fieldStart)
                        table.ends[place] = UInt32(at)
                        place += 1
                    }
                    field += 1
                    fieldStart = at + 1
                    continue
                } else {
                    var fieldEnd = at
                    if at > fieldStart, text[at - 1] == UInt8(ascii: "\r") { fieldEnd -= 1 }
                    let isBlank = field == 0 && fieldEnd == fieldStart
                    if !isBlank {
                        if field < columnCount {
                            table.starts[place] = UInt32(fieldStart)
                            table.ends[place] = UInt32(fieldEnd)
                            place += 1
                        }
                        field += 1
                    }
                    fieldStart = at + 1
                }
                if field == columnCount {
                    table.rowStarts[row] = rowStart
                    row += 1
                } else if field > 0 {
                    faults.append(
                        RecordFault(offset: rowStart, message: message(fieldCount: field)))
                }
                place = row * columnCount
                field = 0
                rowStart = fieldStart
                if row == FieldTable.rowLimit {
                    return finish(row, rowStart, needsInput: false, &table)
                }
                if position == fieldStart { continue blocks }
            }
            position += 64
        }
        return finish(row, rowStart, needsInput: true, &table)
    }

    private func finish(
        _ row: Int, _ rowStart: Int, needsInput: Bool, _ table: inout FieldTable
    ) -> TokenizerProgress {
        table.setRowCount(row)
        return TokenizerProgress(consumed: rowStart, needsInput: needsInput)
    }

    private func message(fieldCount: Int) -> String {
        if fieldCount > Int.max / 2 { return "text after a closing quote" }
        return "\(fieldCount) field\(fieldCount == 1 ? "" : "s"), \(columnCount) expected"
    }

    private struct QuotedField {
        var start: Int
        var end: Int
        /// The delimiter or line end behind it.
        var next: Int
        var endsRecord: Bool
        /// Whether something else stood between the closing quote and that place.
        var hasText: Bool
    }

    /// The field whose opening quote is at `open`; nil when its end is not in the input yet.
    private func quotedField(
        _ text: TextBytes, from open: Int, to end: Int, _ room: inout Int
    ) -> QuotedField? {
        let quote = UInt8(ascii: "\"")
        var index = open + 1
        var hasDoubled = false
        while true {
            while index < end, text[index] != quote { index += 1 }
            if index + 1 >= end { return nil }
            if text[index + 1] != quote { break }
            hasDoubled = true
            index += 2
        }
        var field = QuotedField(
            start: open + 1, end: index, next: index + 1, endsRecord: false, hasText: false)
        while field.next < end {
            let byte = text[field.next]
            if byte == delimiter || byte == UInt8(ascii: "\n") { break }
            if byte != UInt8(ascii: "\r") && byte != UInt8(ascii: " ") { field.hasText = true }
            field.next += 1
        }
        guard field.next < end else { return nil }
        field.endsRecord = text[field.next] == UInt8(ascii: "\n")
        if hasDoubled {
            let start = room
            var place = field.start
            while place < field.end {
                text.store(text[place], at: room)
                room += 1
                place += text[place] == quote ? 2 : 1
            }
            field.start = start
            field.end = room
        }
        return field
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let newlinePattern = UInt64(UInt8(ascii: "\n")) &* ones
    private static let quotePattern = UInt64(UInt8(ascii: "\"")) &* ones

    /// The highest bit of each byte that is zero; exact for all bytes.
    @inline(__always)
    private static func matches(_ word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        return ~(((word & low) &+ low) | word | low)
    }

    /// The highest bits of the eight bytes as one byte, the first lowest.
    @inline(__always)
    private static func packed(_ highBits: UInt64) -> UInt64 {
        ((highBits >> 7) &* 0x0102_0408_1020_4080) >> 56
    }
}
