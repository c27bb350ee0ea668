/// Readings as lines of a table's CSV file, and the digests of what was written.
struct ReadingWriter: Sendable {
    private(set) var text = TextBuffer(capacity: 1 << 17)
    private(set) var digest: TableDigest
    private(set) var offered = 0
    private(set) var repeated = 0
    private(set) var late = 0
    private let table: TownTable
    private let names: [[UInt8]]
    private let words: [[[UInt8]]]

    init(table: TownTable, sites: [Site], calendar: TownCalendar) {
        self.table = table
        names = sites.map { [UInt8(ascii: ",")] + $0.name }
        words = table.fields.map { $0.words.map { Array($0.utf8) } }
        digest = TableDigest(calendar: calendar)
        text.append("time,\(table.tag)")
        for field in table.fields { text.append(",\(field.name)") }
        text.line()
    }

    mutating func write(_ chunk: ReadingChunk) {
        let fields = chunk.fieldCount
        for row in 0..<chunk.count {
            let begin = text.count
            text.time(chunk.times[row])
            text.append(names[Int(chunk.sensors[row])])
            for field in 0..<fields {
                text.comma()
                let value = chunk.values[row * fields + field]
                if value == ReadingChunk.empty { continue }
                if words[field].isEmpty {
                    text.decimal(value, decimals: table.fields[field].decimals)
                } else {
                    text.append(words[field][value])
                }
            }
            let isAgain = chunk.arrivals[row] == .again
            digest.add(
                text.bytes, from: begin, time: chunk.times[row], isNew: !isAgain)
            text.line()
            if isAgain { repeated += 1 }
            if chunk.arrivals[row] == .late { late += 1 }
        }
        offered += chunk.count
    }

    mutating func removeText() { text.removeAll() }
}
