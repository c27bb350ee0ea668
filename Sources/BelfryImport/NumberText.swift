/// Numbers as text: whole ones and decimals, read from bytes without a String.
///
/// A decimal of up to nineteen digits and a modest exponent is rounded correctly by one exact
/// division or multiplication; whatever is longer goes to the standard library, which is slow and
/// right.
enum NumberText {
    /// What a text is as a number.
    enum Kind: UInt8 {
        case integer, decimal, none
    }

    /// A whole number with an optional sign; nil for other text or beyond Int64.
    @inline(__always)
    static func integer(_ text: TextBytes, _ start: Int, _ end: Int) -> Int64? {
        var index = start
        var isNegative = false
        if index < end {
            let sign = text[index]
            if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                isNegative = sign == UInt8(ascii: "-")
                index += 1
            }
        }
        let count = end - index
        guard count > 0 else { return nil }
        if count > 18 { return longInteger(text, start, end) }
        var value: UInt64 = 0
        while index < end {
            let digit = UInt64(text[index] &- 48)
            if digit > 9 { return nil }
            value = value &* 10 &+ digit
            index += 1
        }
        return isNegative ? 0 &- Int64(bitPattern: value) : Int64(bitPattern: value)
    }

    private static func longInteger(_ text: TextBytes, _ start: Int, _ end: Int) -> Int64? {
        end - start > 40 ? nil : Int64(text.string(start, end))
    }

    /// A decimal, `nan` or `infinity`; nil for other text.
    @inline(__always)
    static func double(_ text: TextBytes, _ start: Int, _ end: Int) -> Double? {
        var index = start
        guard index < end else { return nil }
        let isNegative = text[index] == UInt8(ascii: "-")
        if isNegative || text[index] == UInt8(ascii: "+") { index += 1 }
        var mantissa: UInt64 = 0
        let digitsStart = index
        var digit = text[index] &- 48
        while digit < 10, index < end {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index += 1
            digit = text[index] &- 48
        }
        var digitCount = index - digitsStart
        var fractionCount = 0
        if index < end, text[index] == UInt8(ascii: ".") {
            index += 1
            let fractionStart = index
            digit = text[index] &- 48
            while digit < 10, index < end {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                index += 1
                digit = text[index] &- 48
            }
            fractionCount = index - fractionStart
            digitCount += fractionCount
        }
        guard index == end, digitCount > 0, digitCount <= 19 else {
            return unusualDouble(text, start, end)
        }
        let magnitude: Double
        if mantissa <= 1 << 53 {
            magnitude = Double(mantissa) / powersOfTen(fractionCount)
        } else {
            magnitude = quotient(mantissa, fractionCount)
        }
        return isNegative ? -magnitude : magnitude
    }

    /// Powers that a Double holds exactly; up to ten to the nineteenth are asked for.
    @inline(__always)
    private static func powersOfTen(_ exponent: Int) -> Double {
        Double(wholePowersOfTen(exponent))
    }

    @inline(__always)
    private static func wholePowersOfTen(_ exponent: Int) -> UInt64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        case 8: 100_000_000
        case 9: 1_000_000_000
        case 10: 10_000_000_000
        case 11: 100_000_000_000
        case 12: 1_000_000_000_000
        case 13: 10_000_000_000_000
        case 14: 100_000_000_000_000
        case 15: 1_000_000_000_000_000
        case 16: 10_000_000_000_000_000
        case 17: 100_000_000_000_000_000
        case 18: 1_000_000_000_000_000_000
        default: 10_000_000_000_000_000_000
        }
    }

    /// `mantissa / 10^exponent`, rounded to the nearest, ties to even.
    ///
    /// Both are shifted until their highest bit stands in place 63; the quotient of the first,
    /// halved and with 64 zero bits behind, by the second has 63 or 64 bits. Its upper 53 are
    /// rounded by those below and by whether a remainder is left.
    private static func quotient(_ mantissa: UInt64, _ exponent: Int) -> Double {
        let divisor = wholePowersOfTen(exponent)
        let mantissaShift = mantissa.leadingZeroBitCount
        let divisorShift = divisor.leadingZeroBitCount
        let shifted = mantissa << UInt64(mantissaShift)
        let (quotient, remainder) = (divisor << UInt64(divisorShift))
            .dividingFullWidth((shifted >> 1, shifted << 63))
        let surplus = UInt64(11 - quotient.leadingZeroBitCount)
        var kept = quotient >> surplus
        let cut = quotient & ((1 << surplus) - 1)
        let half: UInt64 = 1 << (surplus - 1)
        let isAbove = cut > half || (cut == half && (remainder != 0 || kept & 1 == 1))
        if isAbove { kept += 1 }
        // quotient = value * 2^(63 + mantissaShift - divisorShift)
        let scale = Int(surplus) - 63 - mantissaShift + divisorShift
        return Double(sign: .plus, exponent: scale, significand: Double(kept))
    }

    /// Exponents, many digits, `nan`, `inf`, `infinity`; hexadecimal is no number here.
    private static func unusualDouble(_ text: TextBytes, _ start: Int, _ end: Int) -> Double? {
        guard end - start <= 1_024 else { return nil }
        var isNumeric = true
        for index in start..<end {
            let byte = text[index]
            let isPart =
                byte &- 48 < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "+") || byte | 0x20 == UInt8(ascii: "e")
            if !isPart { isNumeric = false }
        }
        let string = text.string(start, end)
        if isNumeric {
            guard let value = Double(string), value.isFinite else { return nil }
            return value
        }
        switch string.lowercased() {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: return nil
        }
    }

    /// What a text is, for settling the type of a column.
    @inline(__always)
    static func kind(_ text: TextBytes, _ start: Int, _ end: Int) -> Kind {
        if integer(text, start, end) != nil { return .integer }
        return double(text, start, end) != nil ? .decimal : .none
    }
}
