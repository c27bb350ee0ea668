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
        var cursor = CSVCursor(start: start)
        var row = table.rowCount
        // Why spans: the checks of an array element are measurable here, once a field. All places
        // are below `rowLimit` rows of `columnCount` fields, as the guards below see to.
        precondition(
            table.columnCount == columnCount && row < FieldTable.rowLimit,
            "a table for this header with room")
        var (rowStartArray, startArray, endArray) = table.takeArrays()
        var starts = startArray.mutableSpan
        var ends = endArray.mutableSpan
        var rowStarts = rowStartArray.mutableSpan
        var place = row * columnCount
        let delimiters = UInt64(delimiter) &* Self.ones
        blocks: while cursor.position < end, row < FieldTable.rowLimit {
            var masks = Self.masks(text, cursor.position, delimiters)
            if end - cursor.position < 64 {
                masks.hits &= (1 << UInt64(end - cursor.position)) - 1
            }
            while masks.hits != 0 {
                let at = cursor.position + masks.hits.trailingZeroBitCount
                let bit = masks.hits & (0 &- masks.hits)
                masks.hits ^= bit
                if bit & (masks.newlines | masks.quotes) == 0 {
                    if cursor.field < columnCount {
                        unsafe starts[unchecked: place] = UInt32(
                            truncatingIfNeeded: cursor.fieldStart)
                        unsafe ends[unchecked: place] = UInt32(truncatingIfNeeded: at)
                        place += 1
                    }
                    cursor.field += 1
                    cursor.fieldStart = at + 1
                    continue
                }
                let isQuote = bit & masks.quotes != 0
                if isQuote {
                    guard at == cursor.fieldStart else { continue }
                    guard let quoted = quotedField(text, from: at, to: end, &room) else {
                        break blocks
                    }
                    if quoted.hasText {
                        // The record is a fault; it ends at the next line end.
                        cursor.field = Int.max / 2
                    } else if cursor.field < columnCount {
                        unsafe starts[unchecked: place] =
                            UInt32(truncatingIfNeeded: quoted.start) | FieldTable.quotedFlag
                        unsafe ends[unchecked: place] = UInt32(truncatingIfNeeded: quoted.end)
                        place += 1
                    }
                    cursor.field += 1
                    cursor.position = quoted.next + 1
                    cursor.fieldStart = cursor.position
                    if !quoted.endsRecord { continue blocks }
                } else {
                    var fieldEnd = at
                    if at > cursor.fieldStart, text[at - 1] == UInt8(ascii: "\r") { fieldEnd -= 1 }
                    let isBlank = cursor.field == 0 && fieldEnd == cursor.fieldStart
                    if !isBlank {
                        if cursor.field < columnCount {
                            unsafe starts[unchecked: place] =
                                UInt32(truncatingIfNeeded: cursor.fieldStart)
                            unsafe ends[unchecked: place] = UInt32(truncatingIfNeeded: fieldEnd)
                            place += 1
                        }
                        cursor.field += 1
                    }
                    cursor.fieldStart = at + 1
                }
                if cursor.field == columnCount {
                    unsafe rowStarts[unchecked: row] = cursor.rowStart
                    row += 1
                } else if cursor.field > 0 {
                    faults.append(
                        RecordFault(
                            offset: cursor.rowStart, message: message(fieldCount: cursor.field)))
                }
                place = row * columnCount
                cursor.field = 0
                cursor.rowStart = cursor.fieldStart
                if row == FieldTable.rowLimit { break blocks }
                if isQuote { continue blocks }
            }
            cursor.position += 64
        }
        table.putBack(rowStartArray, startArray, endArray, rowCount: row)
        return TokenizerProgress(
            consumed: cursor.rowStart, needsInput: row < FieldTable.rowLimit)
    }

    private func message(fieldCount: Int) -> String {
        if fieldCount > Int.max / 2 { return "text after a closing quote" }
        return "\(fieldCount) field\(fieldCount == 1 ? "" : "s"), \(columnCount) expected"
    }

    private struct Masks {
        var newlines: UInt64 = 0
        var quotes: UInt64 = 0
        /// These two and the delimiters.
        var hits: UInt64 = 0
    }

    /// Where the 64 bytes from a place hold a delimiter, line end or quote: a bit each.
    @inline(__always)
    private static func masks(_ text: TextBytes, _ position: Int, _ delimiters: UInt64) -> Masks {
        var masks = Masks()
        for step in 0..<8 {
            let word = text.word(position + step &* 8)
            let newline = matches(word ^ newlinePattern)
            let quote = matches(word ^ quotePattern)
            let hit = matches(word ^ delimiters) | newline | quote
            let shift = UInt64(truncatingIfNeeded: step) &* 8
            masks.hits |= packed(hit) &<< shift
            // Most words hold neither.
            if newline | quote != 0 {
                masks.newlines |= packed(newline) &<< shift
                masks.quotes |= packed(quote) &<< shift
            }
        }
        return masks
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

/// Where a tokenizer is: in which field of which record.
private struct CSVCursor {
    /// The block of 64 bytes that is looked at.
    var position: Int
    var rowStart: Int
    var fieldStart: Int
    var field = 0

    init(start: Int) {
        position = start
        rowStart = start
        fieldStart = start
    }
}
