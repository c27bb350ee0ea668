/// Digests of a table's lines: one a local day over the rows of that day, each once and in any
/// order, and one over the file with everything in it, in its order.
///
/// A line's hash is FNV-1a of 64 bits over its bytes without the line end; a day's digest is the
/// wrapping sum of its lines' hashes; the file's takes each line's hash in turn: times the prime,
/// then XOR.
struct TableDigest: Sendable {
    static let prime: UInt64 = 0x100_0000_01B3
    static let basis: UInt64 = 0xCBF2_9CE4_8422_2325

    private(set) var days: [UInt64]
    private(set) var file = TableDigest.basis
    private let calendar: TownCalendar

    init(calendar: TownCalendar) {
        self.calendar = calendar
        days = [UInt64](repeating: 0, count: calendar.dayCount)
    }

    @inline(__always)
    mutating func add(_ bytes: [UInt8], from begin: Int, time: Int, isNew: Bool) {
        var hash = TableDigest.basis
        for place in begin..<bytes.count {
            hash = (hash ^ UInt64(bytes[place])) &* TableDigest.prime
        }
        if isNew { days[calendar.day(of: time)] &+= hash }
        file = (file &* TableDigest.prime) ^ hash
    }

    /// `traffic 2025-10-06 0123456789abcdef`, a line a day, and `traffic file …`.
    func text(_ table: String) -> String {
        var text = ""
        for (number, digest) in days.enumerated() {
            text += "\(table) \(calendar.date(number)) \(TableDigest.hexadecimal(digest))\n"
        }
        return text + "\(table) file \(TableDigest.hexadecimal(file))\n"
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
