import BelfryCore

/// Lines of commented hex in the form of the examples in `formats/`: offset, bytes, what they say.
///
/// Lines go out as they are made, so that a file of any size is listed in bounded memory.
final class HexListing {
    private let output: (String) -> Void
    /// Bytes of one field that are shown.
    let byteLimit: Int
    /// Values of one column that are shown.
    let valueLimit: Int
    /// Fields are left out, and only headings, notes and problems are written.
    var isBrief: Bool
    /// Even those are left out: for parts that nobody asked for. Problems still count.
    var isHidden = false
    private(set) var problemCount = 0
    private var isFirst = true

    init(
        byteLimit: Int, valueLimit: Int, isBrief: Bool, output: @escaping (String) -> Void
    ) {
        self.byteLimit = byteLimit
        self.valueLimit = valueLimit
        self.isBrief = isBrief
        self.output = output
    }

    /// The title of the fields that follow.
    func heading(_ text: String) {
        if isHidden || isBrief { return }
        if !isFirst { output("") }
        isFirst = false
        output(text)
    }

    /// A line about the whole of a part; only in brief listings.
    func brief(_ text: @autoclosure () -> String) {
        if isHidden || !isBrief { return }
        isFirst = false
        output(text())
    }

    /// A line without bytes; in every listing.
    func note(_ text: String) {
        if isHidden { return }
        isFirst = false
        output(text)
    }

    /// What is not as it should be, and where.
    func problem(_ message: String, at offset: UInt64) {
        problemCount += 1
        isFirst = false
        output("!!!! byte \(offset): \(message)")
    }

    /// One field.
    func field(_ bytes: ArraySlice<UInt8>, at offset: UInt64, _ comment: String, indent: Int) {
        if isHidden || isBrief || bytes.isEmpty { return }
        isFirst = false
        let margin = String(repeating: "  ", count: indent)
        if bytes.count > 16 && bytes.allSatisfy({ $0 == 0 }) {
            line("00 …", at: offset, margin + comment)
            return
        }
        var place = bytes.startIndex
        let shown = min(bytes.count, max(16, byteLimit))
        let end = bytes.startIndex + shown
        while place < end {
            let next = min(end, place + 16)
            let hex = bytes[place..<next].map(Self.hex).joined(separator: " ")
            line(
                hex, at: offset + UInt64(place - bytes.startIndex),
                place == bytes.startIndex ? margin + comment : "")
            place = next
        }
        if shown < bytes.count { output("      … \(bytes.count - shown) bytes more") }
    }

    private func line(_ hex: String, at offset: UInt64, _ comment: String) {
        let digits = String(offset, radix: 16)
        var text = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        text += ": " + hex
        if !comment.isEmpty {
            // The dots of a run of zeros are one character.
            text += String(repeating: " ", count: max(0, 47 - hex.count)) + "   " + comment
        }
        output(text)
    }

    static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// Reads the fields of a part of a file, and lists each group of them with what it says.
///
/// Offsets of errors count from the start of the part, as everywhere.
struct FieldReader {
    let bytes: [UInt8]
    /// Where the bytes stand in the file.
    let base: UInt64
    /// Fields are read up to here.
    let end: Int
    let listing: HexListing
    private(set) var offset = 0
    /// Up to here the bytes were listed.
    private var listed = 0
    var indent = 0

    init(_ bytes: [UInt8], at base: UInt64, end: Int? = nil, _ listing: HexListing) {
        self.bytes = bytes
        self.base = base
        self.end = end ?? bytes.count
        self.listing = listing
    }

    var remaining: Int { end - offset }
    var isAtEnd: Bool { offset >= end }

    /// Lists what was read since the last time.
    mutating func say(_ comment: @autoclosure () -> String) {
        if listed < offset && !listing.isBrief && !listing.isHidden {
            listing.field(
                bytes[listed..<offset], at: base + UInt64(listed), comment(), indent: indent)
        }
        listed = offset
    }

    /// Lists all that is left, read or not.
    mutating func sayRest(_ comment: String) {
        offset = end
        say(comment)
    }

    /// Lists what was not read and why, as a problem.
    mutating func fail(_ error: FormatError) {
        offset = end
        say("not read")
        listing.problem(error.message, at: base + UInt64(max(0, error.offset)))
    }

    // MARK: Reading

    mutating func uint(_ width: Int) throws(FormatError) -> UInt64 {
        guard remaining >= width else {
            throw .truncated(at: offset, needed: width, available: remaining)
        }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += width
        return value
    }

    mutating func uint8() throws(FormatError) -> UInt8 { UInt8(try uint(1)) }

    mutating func int64() throws(FormatError) -> Int64 { Int64(bitPattern: try uint(8)) }

    mutating func varint() throws(FormatError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8()
            if shift == 63 && byte > 1 {
                throw FormatError("a varint longer than 64 bits", at: start)
            }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw FormatError("a varint longer than ten bytes", at: start) }
        }
    }

    mutating func signedVarint() throws(FormatError) -> Int64 { Varint.unzigzag(try varint()) }

    /// A count of things that take so many bytes each at least.
    mutating func count(
        _ what: String, each width: Int = 1, limit: Int = .max
    ) throws(FormatError) -> Int {
        let start = offset
        let value = try varint()
        guard value <= UInt64(min(limit, remaining / max(1, width))) else {
            throw FormatError("\(what) \(value), \(remaining) bytes are left", at: start)
        }
        return Int(value)
    }

    mutating func data(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining >= count else {
            throw .truncated(at: offset, needed: count, available: remaining)
        }
        offset += count
        return bytes[(offset - count)..<offset]
    }

    mutating func countedData(_ what: String) throws(FormatError) -> ArraySlice<UInt8> {
        try data(count(what))
    }

    mutating func text(_ what: String) throws(FormatError) -> String {
        InspectionText.text(try countedData(what))
    }

    /// Zeros up to a multiple of `alignment`.
    mutating func padding(to alignment: Int) throws(FormatError) {
        while offset % alignment != 0 {
            let place = offset
            guard try uint8() == 0 else {
                throw FormatError("padding that is not zero", at: place)
            }
        }
    }
}

/// How numbers and texts of a file are told to people.
enum InspectionText {
    static func time(_ nanoseconds: Int64) -> String {
        Timestamp(nanoseconds: nanoseconds).description
    }

    /// Text with what is not printable written as an escape.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7f {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func count(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) " + (count == 1 ? one : many ?? one + "s")
    }

    /// The parts of a series key: table and values of columns.
    static func key(_ bytes: [UInt8]) -> String {
        guard let parts = try? SeriesKey(bytes: bytes).parts() else { return "a malformed key" }
        let values = parts.parts.map { "column \($0.column): \(text($0.value))" }
        return "table \(parts.table)" + (values.isEmpty ? "" : ", ")
            + values.joined(separator: ", ")
    }

    static func kind(_ kind: UInt8) -> String {
        RowKind(rawValue: kind).map { "\($0)" } ?? "unknown kind \(kind)"
    }
}
