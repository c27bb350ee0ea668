/// The reader of TZif files (RFC 8536, versions 1 to 4): bytes to the rules of a zone.
///
/// Reads the 64-bit block where there is one, and writes the rule of the footer out as changes up
/// to the end of the range. Whatever does not hold together is a `FormatError`.
extension TimeZoneRules {
    package init(name: String, tzif: [UInt8]) throws(FormatError) {
        var reader = unsafe ByteReader(tzif.span.bytes)
        var counts = try TimeZoneFileCounts(&reader)
        var wide = false
        if counts.version >= 2 {
            try reader.skip(counts.byteCount(timeByteCount: 4))
            counts = try TimeZoneFileCounts(&reader)
            wide = true
        }
        var (changes, clocks) = try Self.readBlock(&reader, counts, wide: wide)
        if wide { try Self.readFooter(&reader, &changes, &clocks) }
        self.init(name: name, changes: changes, clocks: clocks)
    }

    private static func readBlock(
        _ reader: inout ByteReader, _ counts: TimeZoneFileCounts, wide: Bool
    ) throws(FormatError) -> ([Int64], [Clock]) {
        var seconds: [Int64] = []
        for _ in 0..<counts.changeCount {
            seconds.append(
                wide
                    ? try reader.readInt64().byteSwapped
                    : Int64(Int32(bitPattern: try reader.readUInt32().byteSwapped)))
        }
        let kindsOffset = reader.offset
        let kinds = try reader.readBytes(counts.changeCount)
        var shapes: [(offset: Int32, isDaylight: Bool, nameOffset: Int)] = []
        for _ in 0..<counts.clockCount {
            let offsetPlace = reader.offset
            let offset = Int32(bitPattern: try reader.readUInt32().byteSwapped)
            let isDaylight = try reader.readUInt8() != 0
            let nameOffset = Int(try reader.readUInt8())
            guard offset.magnitude <= 26 * 3600, nameOffset < counts.nameByteCount else {
                throw FormatError("a local time of offset \(offset)", at: offsetPlace)
            }
            shapes.append((offset, isDaylight, nameOffset))
        }
        let names = try reader.readBytes(counts.nameByteCount)
        try reader.skip(
            counts.leapCount * (wide ? 12 : 8) + counts.standardCount + counts.utcCount)
        let known = shapes.map { shape in
            Clock(
                offsetSeconds: shape.offset, isDaylight: shape.isDaylight,
                abbreviation: String(
                    decoding: names[shape.nameOffset...].prefix { $0 != 0 }, as: UTF8.self))
        }
        var changes: [Int64] = []
        var clocks = [known[0]]
        for (index, second) in seconds.enumerated() {
            guard kinds[index] < known.count else {
                throw FormatError(
                    "local time \(kinds[index]) of \(known.count)", at: kindsOffset + index)
            }
            append(
                Timestamp(seconds: second), known[Int(kinds[index])], to: &changes, &clocks)
        }
        return (changes, clocks)
    }

    /// Adds a change; one before the range only sets the first clock, one that is not later than
    /// the change before replaces it.
    private static func append(
        _ time: Timestamp, _ clock: Clock, to changes: inout [Int64], _ clocks: inout [Clock]
    ) {
        if time == .infinity { return }
        if time == .negativeInfinity && changes.isEmpty {
            clocks[0] = clock
        } else if let last = changes.last, time.nanoseconds <= last {
            clocks[clocks.count - 1] = clock
        } else {
            changes.append(time.nanoseconds)
            clocks.append(clock)
        }
    }

    private static func readFooter(
        _ reader: inout ByteReader, _ changes: inout [Int64], _ clocks: inout [Clock]
    ) throws(FormatError) {
        let start = reader.offset
        let bytes = try reader.readBytes(reader.remaining)
        guard bytes.first == 10, let end = bytes.dropFirst().firstIndex(of: 10) else {
            throw FormatError("no footer between line ends", at: start)
        }
        let text = Array(bytes[1..<end])
        if text.isEmpty { return }
        guard let rule = TimeZoneYearRule(text) else {
            throw FormatError("a footer that is no zone rule", at: start)
        }
        guard rule.hasDaylight else {
            let standard = rule.standard
            if changes.isEmpty { clocks = [standard] }
            return
        }
        let last = changes.last ?? .min
        let firstYear =
            changes.isEmpty ? 1900 : Calendar.date(ofDay: Calendar.day(ofWall: last)).year
        for year in firstYear...2262 {
            for change in rule.changes(inYear: year) where change.time.nanoseconds > last {
                append(change.time, change.clock, to: &changes, &clocks)
            }
        }
    }
}

/// The six counts at the head of a TZif block.
private struct TimeZoneFileCounts {
    var version: Int
    var utcCount: Int
    var standardCount: Int
    var leapCount: Int
    var changeCount: Int
    var clockCount: Int
    var nameByteCount: Int

    init(_ reader: inout ByteReader) throws(FormatError) {
        let start = reader.offset
        let magic = try reader.readBytes(4)
        guard magic == Array("TZif".utf8) else {
            throw FormatError("no time zone file: 'TZif' expected", at: start)
        }
        let versionByte = try reader.readUInt8()
        version = versionByte == 0 ? 1 : Int(versionByte) - 48
        guard version >= 1, version <= 9 else {
            throw FormatError("time zone file version byte \(versionByte)", at: start + 4)
        }
        try reader.skip(15)
        utcCount = try Self.readCount(&reader, limit: 256)
        standardCount = try Self.readCount(&reader, limit: 256)
        leapCount = try Self.readCount(&reader, limit: 0)
        changeCount = try Self.readCount(&reader, limit: 100_000)
        clockCount = try Self.readCount(&reader, limit: 256)
        nameByteCount = try Self.readCount(&reader, limit: 4_096)
        guard clockCount > 0 else { throw FormatError("no local time", at: start) }
    }

    private static func readCount(
        _ reader: inout ByteReader, limit: Int
    ) throws(FormatError) -> Int {
        let count = Int(try reader.readUInt32().byteSwapped)
        guard count <= limit else {
            throw FormatError("count \(count), at most \(limit) expected", at: reader.offset - 4)
        }
        return count
    }

    func byteCount(timeByteCount: Int) -> Int {
        changeCount * (timeByteCount + 1) + clockCount * 6 + nameByteCount
            + leapCount * (timeByteCount + 4) + standardCount + utcCount
    }
}
