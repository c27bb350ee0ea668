/// Reads one time text after another, as they stand in a column of a file.
///
/// Answers what `TimeText` answers, for `2014-08-01T07:50:00` and its likes in a few nanoseconds:
/// the digits are taken from two words, and the day of the text before is kept, since most rows
/// share it.
package struct TimeTextReader: Sendable {
    /// The ten bytes of the date read last, and where that day begins on the wall clock.
    private var dateHead: UInt64 = 0
    private var dateTail: UInt64 = 0
    private var dayStart: Int64 = 0

    package init() {}

    package mutating func read(_ text: Span<UInt8>) -> TimeText? {
        let count = text.count
        guard count >= 19 else { return TimeText(text) }
        let bytes = unsafe text.bytes
        let head = unsafe UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let tail = unsafe UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let last = unsafe UInt64(
            bytes.unsafeLoadUnaligned(fromByteOffset: 15, as: UInt32.self).littleEndian)
        // The tail is "01T07:50", the last word "0:00".
        let separator = UInt8(truncatingIfNeeded: tail >> 16)
        guard separator == UInt8(ascii: "T") || separator == UInt8(ascii: " "),
            UInt8(truncatingIfNeeded: tail >> 40) == UInt8(ascii: ":"),
            UInt8(truncatingIfNeeded: last >> 8) == UInt8(ascii: ":"),
            let hour = Self.twoDigits(tail >> 24), hour < 24,
            let minute = Self.twoDigits(tail >> 48), minute < 60,
            let second = Self.twoDigits(last >> 16), second < 60
        else { return TimeText(text) }
        if head != dateHead || tail & 0xffff != dateTail {
            guard let start = Self.dayStart(head, tail) else { return TimeText(text) }
            dateHead = head
            dateTail = tail & 0xffff
            dayStart = start
        }
        let time = (hour * 60 + minute) * 60 + second
        let wall = dayStart + time * 1_000_000_000
        if count == 19 { return TimeText(wall: wall) }
        return Self.rest(text, wall: wall)
    }

    /// The fraction and offset behind the seconds; whatever is unusual is read from the start.
    private static func rest(_ text: Span<UInt8>, wall: Int64) -> TimeText? {
        var scanner = TimeScanner(text.extracting(droppingFirst: 19))
        var fraction: Int64 = 0
        if scanner.take(UInt8(ascii: ".")) {
            guard let value = scanner.readFraction() else { return nil }
            fraction = Int64(value)
        }
        if scanner.isAtEnd { return TimeText(wall: wall + fraction) }
        if scanner.take(UInt8(ascii: "Z")), scanner.isAtEnd {
            return TimeText(wall: wall + fraction, offsetSeconds: 0)
        }
        return TimeText(text)
    }

    /// The number that the two lowest bytes spell.
    @inline(__always)
    private static func twoDigits(_ word: UInt64) -> Int64? {
        let tens = (word & 0xff) &- 48
        let ones = ((word >> 8) & 0xff) &- 48
        return tens < 10 && ones < 10 ? Int64(tens * 10 + ones) : nil
    }

    /// The beginning of the day `2014-08-` `01`; nil when it is no date or close to the ends of
    /// the range.
    private static func dayStart(_ head: UInt64, _ tail: UInt64) -> Int64? {
        guard UInt8(truncatingIfNeeded: head >> 32) == UInt8(ascii: "-"),
            UInt8(truncatingIfNeeded: head >> 56) == UInt8(ascii: "-"),
            let century = twoDigits(head), let year = twoDigits(head >> 16),
            let month = twoDigits(head >> 40), let day = twoDigits(tail)
        else { return nil }
        let fullYear = Int(century * 100 + year)
        guard fullYear > 1677, fullYear < 2262, month >= 1, month <= 12, day >= 1,
            day <= Int64(Calendar.dayCount(ofMonth: Int(month), year: fullYear))
        else { return nil }
        return Calendar.days(year: fullYear, month: Int(month), day: Int(day))
            * Calendar.nanosecondsPerDay
    }
}
