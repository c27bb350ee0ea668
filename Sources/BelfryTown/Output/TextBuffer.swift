/// A growing run of text bytes with the few forms that the town's files need.
struct TextBuffer: Sendable {
    private(set) var bytes: [UInt8] = []
    /// The day whose date stands in `date`, so that it is written out once a day.
    private var dateDay = Int.min
    private var date: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    @inline(__always)
    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    mutating func append(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func comma() { bytes.append(UInt8(ascii: ",")) }

    mutating func line() { bytes.append(UInt8(ascii: "\n")) }

    /// An instant as `2025-10-06T00:00:00Z`.
    mutating func time(_ time: Int) {
        let day = Fixed.floor(time, by: 86_400)
        if day != dateDay {
            dateDay = day
            date = Array((CivilDate(dayNumber: day).text + "T").utf8)
        }
        bytes.append(contentsOf: date)
        let second = time - day * 86_400
        twoDigits(second / 3_600)
        bytes.append(UInt8(ascii: ":"))
        twoDigits(second / 60 % 60)
        bytes.append(UInt8(ascii: ":"))
        twoDigits(second % 60)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// A whole number of units of which 10^decimals make one: 123 with one decimal is `12.3`.
    mutating func decimal(_ value: Int, decimals: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var digits: UInt64 = 0
        var length = 0
        // Packed from the right, in a nibble each: values here have sixteen digits at most.
        repeat {
            digits = digits << 4 | UInt64(rest % 10)
            rest /= 10
            length += 1
        } while rest > 0 || length <= decimals
        while length > 0 {
            if length == decimals { bytes.append(UInt8(ascii: ".")) }
            bytes.append(48 + UInt8(digits & 15))
            digits >>= 4
            length -= 1
        }
    }

    private mutating func twoDigits(_ number: Int) {
        bytes.append(48 + UInt8(number / 10))
        bytes.append(48 + UInt8(number % 10))
    }
}
