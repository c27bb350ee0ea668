import BelfryCore

/// A column of values on their way in, from fields of text to a typed array.
///
/// The type is looked at once per table of fields; each loop knows it. A field that is not of the
/// type has no value and is told to `refuse`; the rest of its record stands.
struct FieldColumn {
    let source: Int
    let number: UInt32
    let name: String
    let type: DataType

    private var integers: [Int64] = []
    private var doubles: [Double] = []
    private var booleans: [Bool] = []
    private var texts = TextStorage()
    private var nullRows: [Int] = []
    private var count = 0
    private var timeReader = TimeTextReader()
    /// Rows that a batch has, about.
    private let capacity: Int

    init(source: Int, number: UInt32, name: String, type: DataType, capacity: Int) {
        self.source = source
        self.number = number
        self.name = name
        self.type = type
        self.capacity = capacity
    }

    /// Appends the rows of a table.
    mutating func append(
        _ fields: FieldTable, _ text: TextBytes, zone: TimeZoneRules,
        refuse: (_ row: Int, _ message: String) -> Void
    ) {
        if count == 0 { reserve() }
        switch type {
        case .double: appendDoubles(fields, text, refuse: refuse)
        case .bigint: appendIntegers(fields, text, .min ... .max, refuse: refuse)
        case .integer:
            appendIntegers(
                fields, text, Int64(Int32.min)...Int64(Int32.max), refuse: refuse)
        case .smallint:
            appendIntegers(
                fields, text, Int64(Int16.min)...Int64(Int16.max), refuse: refuse)
        case .boolean: appendBooleans(fields, text, refuse: refuse)
        case .text, .unknown, .interval: appendTexts(fields, text, refuse: refuse)
        case .timestamptz, .timestamp, .date:
            appendTimes(fields, text, zone: zone, refuse: refuse)
        }
        count += fields.rowCount
    }

    /// Makes room for a batch at once: an array that grows table by table is copied each time.
    private mutating func reserve() {
        switch type.layout {
        case .booleans: booleans.reserveCapacity(capacity)
        case .integers: integers.reserveCapacity(capacity)
        case .doubles: doubles.reserveCapacity(capacity)
        case .texts, .intervals: texts.offsets.reserveCapacity(capacity + 1)
        }
    }

    /// Where the field of a row stands, spaces around it included.
    @inline(__always)
    private func place(
        _ row: Int, _ fields: FieldTable, _ text: TextBytes
    ) -> (start: Int, end: Int) {
        let index = row &* fields.columnCount &+ source
        return (
            Int(fields.starts[index] & ~FieldTable.quotedFlag), Int(fields.ends[index])
        )
    }

    private static func trimmed(
        _ text: TextBytes, _ start: Int, _ end: Int
    ) -> (start: Int, end: Int) {
        var start = start
        var end = end
        while start < end, text[start] == UInt8(ascii: " ") { start += 1 }
        while start < end, text[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return (start, end)
    }

    private mutating func appendDoubles(
        _ fields: FieldTable, _ text: TextBytes, refuse: (Int, String) -> Void
    ) {
        for row in 0..<fields.rowCount {
            var (start, end) = place(row, fields, text)
            if start < end, let value = NumberText.double(text, start, end) {
                doubles.append(value)
                continue
            }
            (start, end) = Self.trimmed(text, start, end)
            if start < end, let value = NumberText.double(text, start, end) {
                doubles.append(value)
                continue
            }
            doubles.append(0)
            nullRows.append(count + row)
            if start < end {
                refuse(row, "\(TimeColumn.shown(text, start, end)) is no number; DOUBLE expected")
            }
        }
    }

    private mutating func appendIntegers(
        _ fields: FieldTable, _ text: TextBytes, _ range: ClosedRange<Int64>,
        refuse: (Int, String) -> Void
    ) {
        for row in 0..<fields.rowCount {
            var (start, end) = place(row, fields, text)
            if start < end, let value = NumberText.integer(text, start, end),
                value >= range.lowerBound, value <= range.upperBound
            {
                integers.append(value)
                continue
            }
            (start, end) = Self.trimmed(text, start, end)
            if start < end, let value = NumberText.integer(text, start, end),
                range.contains(value)
            {
                integers.append(value)
                continue
            }
            integers.append(0)
            nullRows.append(count + row)
            if start < end {
                refuse(
                    row,
                    "\(TimeColumn.shown(text, start, end)) is no whole number within "
                        + "\(range.lowerBound) to \(range.upperBound); \(type.name) expected")
            }
        }
    }

    private mutating func appendBooleans(
        _ fields: FieldTable, _ text: TextBytes, refuse: (Int, String) -> Void
    ) {
        for row in 0..<fields.rowCount {
            var (start, end) = place(row, fields, text)
            (start, end) = Self.trimmed(text, start, end)
            let word = start < end ? text.string(start, min(end, start + 6)).lowercased() : ""
            switch word {
            case "true", "t", "1", "yes", "y", "on": booleans.append(true)
            case "false", "f", "0", "no", "n", "off": booleans.append(false)
            default:
                booleans.append(false)
                nullRows.append(count + row)
                if start < end {
                    refuse(
                        row,
                        "\(TimeColumn.shown(text, start, end)) is no BOOLEAN; true or false "
                            + "expected")
                }
            }
        }
    }

    private mutating func appendTexts(
        _ fields: FieldTable, _ text: TextBytes, refuse: (Int, String) -> Void
    ) {
        for row in 0..<fields.rowCount {
            let (start, end) = place(row, fields, text)
            let flag = fields.starts[row &* fields.columnCount &+ source] & FieldTable.quotedFlag
            if start == end {
                if flag == 0 { nullRows.append(count + row) }
            } else if text.isUTF8(start, end) {
                unsafe texts.bytes.append(contentsOf: text.slice(start, end))
            } else {
                nullRows.append(count + row)
                refuse(row, "the text is not UTF-8")
            }
            texts.offsets.append(UInt32(truncatingIfNeeded: texts.bytes.count))
        }
    }

    private mutating func appendTimes(
        _ fields: FieldTable, _ text: TextBytes, zone: TimeZoneRules,
        refuse: (Int, String) -> Void
    ) {
        for row in 0..<fields.rowCount {
            var (start, end) = place(row, fields, text)
            (start, end) = Self.trimmed(text, start, end)
            integers.append(0)
            if start < end, let reading = unsafe timeReader.read(text.span(start, end).span),
                reading.wall != .min, reading.wall != .max
            {
                let value: Int64
                switch type {
                case .timestamptz: value = reading.instant(in: zone).nanoseconds
                case .date: value = Calendar.day(ofWall: reading.wall)
                default: value = reading.wall
                }
                integers[count + row] = value
            } else {
                nullRows.append(count + row)
                if start < end {
                    refuse(
                        row,
                        "\(TimeColumn.shown(text, start, end)) is no time; \(type.name) "
                            + "expected")
                }
            }
        }
    }

    /// The column of the batch; begins the next one.
    mutating func finish() -> PointBatch.Column {
        let storage: VectorStorage =
            switch type.layout {
            case .booleans: .booleans(booleans)
            case .integers: .integers(integers)
            case .doubles: .doubles(doubles)
            case .texts, .intervals: .texts(texts)
            }
        var validity = Validity.all
        if !nullRows.isEmpty {
            var words = [UInt64](repeating: .max, count: (count + 63) / 64)
            if count & 63 != 0, let last = words.indices.last {
                words[last] = (1 << UInt64(count & 63)) - 1
            }
            for row in nullRows { words[row >> 6] &= ~(1 << UInt64(row & 63)) }
            validity = Validity(words: words)
        }
        let column = PointBatch.Column(
            number: number, values: Vector(type, storage, validity: validity))
        integers = []
        doubles = []
        booleans = []
        texts = TextStorage()
        nullRows = []
        count = 0
        return column
    }
}
