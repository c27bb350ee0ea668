/// Doubles as text: the shortest digits that read back as the same number, laid out as PostgreSQL
/// does.
///
/// `0.1`, `100000`, `1e+20`, `1.5e-07`, `-0`, `NaN`, `Infinity`: plain from 1e-4 up to below 1e15,
/// else with an exponent of at least two digits.
public enum NumberText {
    public static func text(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    public static func append(_ value: Double, to bytes: inout [UInt8]) {
        guard value.isFinite else {
            let text = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
            bytes.append(contentsOf: text.utf8)
            return
        }
        if value.magnitude < 1e15, value == value.rounded(.towardZero) {
            if value.sign == .minus && value == 0 { bytes.append(UInt8(ascii: "-")) }
            append(Int64(value), to: &bytes)
            return
        }
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendFraction(value.magnitude, to: &bytes)
    }

    public static func append(_ value: Int64, to bytes: inout [UInt8]) {
        var rest = value.magnitude
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Takes Swift's shortest form apart into digits and exponent, and lays them out anew.
    private static func appendFraction(_ value: Double, to bytes: inout [UInt8]) {
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        var pointPlace: Int?
        var exponent = 0
        var text = value.description.utf8.makeIterator()
        while let byte = text.next() {
            if byte == UInt8(ascii: ".") {
                pointPlace = digits.count
            } else if byte == UInt8(ascii: "e") {
                var isNegative = false
                while let digit = text.next() {
                    if digit == UInt8(ascii: "-") { isNegative = true }
                    if digit &- 48 < 10 { exponent = exponent * 10 + Int(digit &- 48) }
                }
                if isNegative { exponent = -exponent }
            } else {
                digits.append(byte)
            }
        }
        exponent += (pointPlace ?? digits.count) - 1
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leading)
        exponent -= leading
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }

        if exponent < -4 || exponent >= 15 {
            bytes.append(digits[0])
            if digits.count > 1 {
                bytes.append(UInt8(ascii: "."))
                bytes.append(contentsOf: digits.dropFirst())
            }
            bytes.append(UInt8(ascii: "e"))
            bytes.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
            if exponent.magnitude < 10 { bytes.append(UInt8(ascii: "0")) }
            append(Int64(exponent.magnitude), to: &bytes)
        } else if exponent < 0 {
            bytes.append(contentsOf: "0.".utf8)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -exponent - 1))
            bytes.append(contentsOf: digits)
        } else if digits.count <= exponent + 1 {
            bytes.append(contentsOf: digits)
            bytes.append(
                contentsOf: repeatElement(UInt8(ascii: "0"), count: exponent + 1 - digits.count))
        } else {
            bytes.append(contentsOf: digits[...exponent])
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[(exponent + 1)...])
        }
    }
}
