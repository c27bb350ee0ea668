/// Intervals as text: read in PostgreSQL's and ISO 8601's forms, written in PostgreSQL's.
extension Interval: CustomStringConvertible {
    /// `15 minutes`, `1 day 02:03:04`, `2 hours 30 min`, `-1 month`, `5m`, `1.5 hours`,
    /// `1 hour ago`, `P1DT2H`; a number without a unit counts seconds. Nil for other text.
    public init?(_ text: String) {
        self.init(text.utf8.span)
    }

    public init?(_ text: Span<UInt8>) {
        var scanner = TimeScanner(text)
        var sum = IntervalSum()
        scanner.skipSpaces()
        if scanner.take(UInt8(ascii: "P")) || scanner.take(UInt8(ascii: "p")) {
            guard sum.readISO(&scanner) else { return nil }
        } else {
            guard sum.readWords(&scanner) else { return nil }
        }
        guard let result = sum.interval else { return nil }
        self = result
    }

    /// `1 year 2 mons 3 days 04:05:06.5`, `00:00:00` for none.
    public var description: String {
        var text = ""
        var isBehindNegative = false
        func append(_ value: Int32, _ unit: String) {
            guard value != 0 else { return }
            if !text.isEmpty { text += " " }
            if isBehindNegative && value > 0 { text += "+" }
            text += "\(value) \(unit)\(value == 1 ? "" : "s")"
            isBehindNegative = value < 0
        }
        append(months / 12, "year")
        append(months % 12, "mon")
        append(days, "day")
        guard nanoseconds != 0 || text.isEmpty else { return text }
        if !text.isEmpty { text += " " }
        text += nanoseconds < 0 ? "-" : (isBehindNegative ? "+" : "")
        // The hours of the least Int64 do not fit as a positive number, so they are split first.
        let hours = (nanoseconds / 3_600_000_000_000).magnitude
        let rest = Int64((nanoseconds % 3_600_000_000_000).magnitude)
        var bytes: [UInt8] = []
        Calendar.appendText(ofTimeOfDay: rest, to: &bytes)
        text += (hours < 10 ? "0" : "") + "\(hours)"
        return text + String(decoding: bytes.dropFirst(2), as: UTF8.self)
    }
}

/// The parts of an interval as they are read, in billionths, wide enough not to overflow.
private struct IntervalSum {
    private var months: Int128 = 0
    private var days: Int128 = 0
    private var nanoseconds: Int128 = 0

    /// A number in billionths, with its sign.
    private struct Amount {
        var billionths: Int128
        var isNegative: Bool
    }

    private enum Unit {
        case months(Int128)
        case days(Int128)
        case nanoseconds(Int128)
    }

    /// The interval: fractions of a month become days, fractions of a day time.
    var interval: Interval? {
        let billion: Int128 = 1_000_000_000
        let allDays = days + months % billion * 30
        let allNanoseconds = nanoseconds / billion + allDays % billion * 86_400
        guard let months = Int32(exactly: months / billion),
            let days = Int32(exactly: allDays / billion),
            let nanoseconds = Int64(exactly: allNanoseconds)
        else { return nil }
        return Interval(months: months, days: days, nanoseconds: nanoseconds)
    }

    private mutating func add(_ amount: Int128, _ unit: Unit) {
        switch unit {
        case .months(let count): months += amount * count
        case .days(let count): days += amount * count
        case .nanoseconds(let count): nanoseconds += amount * count
        }
    }

    private static func readSign(_ scanner: inout TimeScanner) -> Bool {
        if scanner.take(UInt8(ascii: "-")) { return true }
        _ = scanner.take(UInt8(ascii: "+"))
        return false
    }

    private static func readAmount(_ scanner: inout TimeScanner) -> Int128? {
        var whole: Int = 0
        let hasWhole = scanner.next &- 48 < 10
        if hasWhole {
            guard let value = scanner.readDigits(1...15) else { return nil }
            whole = value
        }
        var fraction = 0
        if scanner.take(UInt8(ascii: ".")) || scanner.take(UInt8(ascii: ",")) {
            guard let value = scanner.readFraction() else { return nil }
            fraction = value
        } else if !hasWhole {
            return nil
        }
        return Int128(whole) * 1_000_000_000 + Int128(fraction)
    }

    /// The parts behind the `P`.
    mutating func readISO(_ scanner: inout TimeScanner) -> Bool {
        var isTime = false
        var count = 0
        while !scanner.isAtEnd {
            if !isTime, scanner.take(UInt8(ascii: "T")) || scanner.take(UInt8(ascii: "t")) {
                isTime = true
            }
            let isNegative = Self.readSign(&scanner)
            guard let amount = Self.readAmount(&scanner) else { return false }
            let unit: Unit
            switch (scanner.next & 0xdf, isTime) {
            case (UInt8(ascii: "Y"), false): unit = .months(12)
            case (UInt8(ascii: "M"), false): unit = .months(1)
            case (UInt8(ascii: "W"), false): unit = .days(7)
            case (UInt8(ascii: "D"), false): unit = .days(1)
            case (UInt8(ascii: "H"), true): unit = .nanoseconds(3_600_000_000_000)
            case (UInt8(ascii: "M"), true): unit = .nanoseconds(60_000_000_000)
            case (UInt8(ascii: "S"), true): unit = .nanoseconds(1_000_000_000)
            default: return false
            }
            scanner.skip()
            add(isNegative ? -amount : amount, unit)
            count += 1
        }
        return count > 0
    }

    mutating func readWords(_ scanner: inout TimeScanner) -> Bool {
        _ = scanner.take(UInt8(ascii: "@"))
        var count = 0
        while true {
            scanner.skipSpaces()
            if scanner.isAtEnd { return count > 0 }
            if count > 0, scanner.take(word: "ago") {
                months = -months
                days = -days
                nanoseconds = -nanoseconds
                scanner.skipSpaces()
                return scanner.isAtEnd
            }
            let isNegative = Self.readSign(&scanner)
            guard var amount = Self.readAmount(&scanner) else { return false }
            var unit = Unit.nanoseconds(1_000_000_000)
            if scanner.take(UInt8(ascii: ":")) {
                guard let rest = Self.readClock(&scanner, hours: amount) else { return false }
                amount = rest
            } else {
                scanner.skipSpaces()
                var word: [UInt8] = []
                while (scanner.next | 0x20) &- 97 < 26 || scanner.next >= 0x80 {
                    word.append(scanner.next < 0x80 ? scanner.next | 0x20 : scanner.next)
                    scanner.skip()
                }
                guard let named = Self.unit(String(decoding: word, as: UTF8.self)) else {
                    return false
                }
                unit = named
            }
            add(isNegative ? -amount : amount, unit)
            count += 1
        }
    }

    /// The minutes and seconds behind `hours:`; the sum in billionths of a second.
    private static func readClock(
        _ scanner: inout TimeScanner, hours: Int128
    ) -> Int128? {
        guard let minutes = scanner.readDigits(1...2), minutes < 60,
            hours % 1_000_000_000 == 0
        else { return nil }
        var seconds: Int128 = 0
        if scanner.take(UInt8(ascii: ":")) {
            guard let value = readAmount(&scanner), value < 61_000_000_000 else { return nil }
            seconds = value
        }
        return hours * 3600 + Int128(minutes) * 60_000_000_000 + seconds
    }

    private static func unit(_ word: String) -> Unit? {
        switch word {
        case "": .nanoseconds(1_000_000_000)
        case "ns", "nsec", "nsecs", "nanosecond", "nanoseconds": .nanoseconds(1)
        case "us", "µs", "μs", "usec", "usecs", "microsecond", "microseconds":
            .nanoseconds(1_000)
        case "ms", "msec", "msecs", "millisecond", "milliseconds": .nanoseconds(1_000_000)
        case "s", "sec", "secs", "second", "seconds": .nanoseconds(1_000_000_000)
        case "m", "min", "mins", "minute", "minutes": .nanoseconds(60_000_000_000)
        case "h", "hr", "hrs", "hour", "hours": .nanoseconds(3_600_000_000_000)
        case "d", "day", "days": .days(1)
        case "w", "week", "weeks": .days(7)
        case "mon", "mons", "month", "months": .months(1)
        case "qtr", "quarter", "quarters": .months(3)
        case "y", "yr", "yrs", "year", "years": .months(12)
        case "decade", "decades": .months(120)
        case "century", "centuries": .months(1_200)
        case "millennium", "millennia", "millenniums": .months(12_000)
        default: nil
        }
    }
}
