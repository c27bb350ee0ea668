/// A cursor over the text of a time: the small readers that the text forms are made of.
struct TimeScanner: ~Copyable, ~Escapable {
    private let text: Span<UInt8>
    private(set) var offset = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    var isAtEnd: Bool { offset == text.count }

    /// The next byte; 0 at the end.
    var next: UInt8 { offset < text.count ? text[offset] : 0 }

    mutating func skip() { offset += 1 }

    mutating func skipSpaces() {
        while next == UInt8(ascii: " ") { offset += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte, offset < text.count else { return false }
        offset += 1
        return true
    }

    /// Takes a word if it stands next, in any ASCII case.
    mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - offset >= count else { return false }
        let isThere = word.withUTF8Buffer { word in
            for index in 0..<count {
                let byte = text[offset + index]
                let lower = byte >= 65 && byte <= 90 ? byte | 0x20 : byte
                if unsafe lower != word[index] { return false }
            }
            return true
        }
        if isThere { offset += count }
        return isThere
    }

    /// A number of as many digits as the range allows, at most eighteen.
    mutating func readDigits(_ counts: ClosedRange<Int>) -> Int? {
        var value = 0
        var count = 0
        while count < counts.upperBound, next &- 48 < 10 {
            value = value * 10 + Int(next &- 48)
            count += 1
            offset += 1
        }
        return count < counts.lowerBound ? nil : value
    }

    /// The digits behind a decimal point as nanoseconds; those behind the ninth are dropped.
    mutating func readFraction() -> Int? {
        var value = 0
        var count = 0
        while next &- 48 < 10 {
            if count < 9 { value = value * 10 + Int(next &- 48) }
            count += 1
            offset += 1
        }
        guard count > 0 else { return nil }
        while count < 9 {
            value *= 10
            count += 1
        }
        return value
    }

    /// `+02`, `+02:00`, `+0200`, `-03:30:15`: seconds east of UTC, under 16 hours.
    mutating func readNumericOffset() -> Int32? {
        let isWest = next == UInt8(ascii: "-")
        guard isWest || next == UInt8(ascii: "+") else { return nil }
        offset += 1
        guard let hours = readDigits(1...2) else { return nil }
        var minutes = 0
        var seconds = 0
        if take(UInt8(ascii: ":")) {
            guard let value = readDigits(2...2) else { return nil }
            minutes = value
            if take(UInt8(ascii: ":")) {
                guard let value = readDigits(2...2) else { return nil }
                seconds = value
            }
        } else if next &- 48 < 10 {
            guard let value = readDigits(2...2) else { return nil }
            minutes = value
        }
        guard hours < 16, minutes < 60, seconds < 60 else { return nil }
        let total = Int32(hours * 3600 + minutes * 60 + seconds)
        return isWest ? -total : total
    }
}
